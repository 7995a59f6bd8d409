/**
 * Writes one big benchmark capture and prints what a reader must count in it, as JSON.
 *
 *   node dist/samples/generate/bench.js OUT BYTES SEED [FLOWS] [mixed|tcp]
 *
 * BYTES is the most the file may have (`256MiB` and `5GiB` are understood); it ends with a whole record.
 */

import { closeSync, openSync, writeSync } from 'node:fs';
import { streamBench } from './bench/stream.ts';

const [out, bytes, seed, flows = '200', mix = 'mixed'] = process.argv.slice(2);
if (out === undefined || bytes === undefined || seed === undefined || (mix !== 'mixed' && mix !== 'tcp')) {
  process.stderr.write('usage: bench.js OUT BYTES SEED [FLOWS] [mixed|tcp]\n');
  process.exitCode = 2;
} else {
  const file = openSync(out, 'w');
  const write = (block: Uint8Array): void => {
    for (let at = 0; at < block.length;) at += writeSync(file, block, at, block.length - at);
  };
  const counts = streamBench(byteCount(bytes), wholeNumber(seed, 0), wholeNumber(flows, 1), write, mix);
  closeSync(file);
  process.stdout.write(`${JSON.stringify(counts)}\n`);
}

function byteCount(text: string): number {
  const match = /^(\d+)(MiB|GiB)?$/.exec(text);
  if (match === null) throw new Error(`expected a byte count such as 1000000, 256MiB or 5GiB, got ${text}`);
  return Number(match[1]) * (match[2] === 'GiB' ? 2 ** 30 : match[2] === 'MiB' ? 2 ** 20 : 1);
}

function wholeNumber(text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`expected a whole number from ${least}, got ${text}`);
  return value;
}
