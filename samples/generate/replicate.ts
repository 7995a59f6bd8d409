/**
 * Writes a recorded capture many times over, with clients, ports and times varied, and prints its counts as JSON.
 *
 *   node dist/samples/generate/replicate.js IN.pcap[.gz] OUT BYTES
 */

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { byteCount, toFile } from './bench/arguments.ts';
import { replicate } from './bench/replicate.ts';

const [source, out, bytes] = process.argv.slice(2);
if (source === undefined || out === undefined || bytes === undefined) {
  process.stderr.write('usage: replicate.js IN.pcap[.gz] OUT BYTES\n');
  process.exitCode = 2;
} else {
  const file = readFileSync(source);
  const recording = file[0] === 0x1f && file[1] === 0x8b ? gunzipSync(file) : file;
  const counts = toFile(out, (write) => replicate(recording, byteCount(bytes), write));
  process.stdout.write(`${JSON.stringify(counts)}\n`);
}
