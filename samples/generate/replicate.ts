/**
 * Writes a recorded capture many times over, with clients, ports and times varied, and prints its counts as JSON.
 *
 *   node dist/samples/generate/replicate.js IN.pcap[.gz|.zst] OUT BYTES
 */

import { readFileSync } from 'node:fs';
import { byteCount, toFile } from './bench/arguments.ts';
import { replicate } from './bench/replicate.ts';
import { unpacked } from './unpack.ts';

const [source, out, bytes] = process.argv.slice(2);
if (source === undefined || out === undefined || bytes === undefined) {
  process.stderr.write('usage: replicate.js IN.pcap[.gz|.zst] OUT BYTES\n');
  process.exitCode = 2;
} else {
  const recording = unpacked(readFileSync(source));
  const counts = toFile(out, (write) => replicate(recording, byteCount(bytes), write));
  process.stdout.write(`${JSON.stringify(counts)}\n`);
}
