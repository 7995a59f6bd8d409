/**
 * Writes one big benchmark capture and prints what a reader must count in it, as JSON.
 *
 *   node dist/samples/generate/bench.js OUT BYTES SEED [FLOWS] [mixed|tcp]
 *
 * BYTES is the most the file may have (`256MiB` and `5GiB` are understood); it ends with a whole record.
 */

import { byteCount, toFile, wholeNumber } from './bench/arguments.ts';
import { streamBench } from './bench/stream.ts';

const [out, bytes, seed, flows = '200', mix = 'mixed'] = process.argv.slice(2);
if (out === undefined || bytes === undefined || seed === undefined || (mix !== 'mixed' && mix !== 'tcp')) {
  process.stderr.write('usage: bench.js OUT BYTES SEED [FLOWS] [mixed|tcp]\n');
  process.exitCode = 2;
} else {
  const counts = toFile(out, (write) =>
    streamBench(byteCount(bytes), wholeNumber(seed, 0), wholeNumber(flows, 1), write, mix),
  );
  process.stdout.write(`${JSON.stringify(counts)}\n`);
}
