/** The ten TCP flags that are events of ours, and ACK round trips: as tshark has them, and as we do in either reading. */
import { join } from 'node:path';
import { runProcess } from '../helpers/cli.ts';
import type { AnalyzeOptions } from '../../src/analyze.ts';
import { TABLES } from '../../src/engine/abi.generated.ts';
import type { Compat } from '../../src/engine/flow.ts';
import type { Batch } from '../../src/tables/batch.ts';
import { ROOT } from '../helpers/repository.ts';
import { nanoseconds } from './tshark.ts';

/** Our kinds by tshark's field, and the narrower kinds that tshark flags in addition. */
export const KINDS = [
  ['retransmission', 'retransmission', ['fast_retransmission', 'spurious_retransmission']],
  ['fast_retransmission', 'fast_retransmission', []],
  ['spurious_retransmission', 'spurious_retransmission', []],
  ['out_of_order', 'out_of_order', []],
  ['duplicate_ack', 'duplicate_ack', []],
  ['previous_segment_not_captured', 'lost_segment', []],
  ['acked_unseen_segment', 'ack_lost_segment', []],
  ['zero_window', 'zero_window', []],
  ['window_full', 'window_full', []],
  ['keep_alive', 'keep_alive', []],
] as const;
const FIELDS = KINDS.map(([, field]) => field);

const ACK_METHOD = codesOf('rtt', 'method').indexOf('ack');

export function codesOf(table: 'rtt' | 'events', name: string): readonly string[] {
  return TABLES[table].columns.find((column) => column.name === name)?.codes ?? [];
}

export interface Reading {
  /** `frame kind`. */
  readonly flags: Set<string>;
  /** `timestamp rtt`, both in ns. */
  readonly rtts: Map<string, number>;
  readonly tcpFrames: number;
}

export async function theirs(path: string): Promise<Reading> {
  const fields = ['frame.number', 'frame.time_epoch', 'tcp.stream', 'tcp.analysis.ack_rtt'];
  const wanted = [...fields, ...FIELDS.map((field) => `tcp.analysis.${field}`)];
  const output = ['-T', 'fields', '-E', 'separator=/t', '-E', 'occurrence=l'];
  const args = ['-n', '-r', path, '-Y', 'tcp', '-o', 'ip.defragment:FALSE', '-o', 'ipv6.defragment:FALSE'];
  const { stdout } = await runProcess(
    'tshark',
    [...args, ...output, ...wanted.flatMap((field) => ['-e', field])],
    { timeoutMs: 300_000 },
  );
  const flags = new Set<string>();
  const rtts = new Map<string, number>();
  const lines = stdout.split('\n').filter((line) => line !== '');
  for (const line of lines) {
    const [frame = '', epoch = '', , ackRtt = '', ...values] = line.split('\t');
    const has = (field: string): boolean => (values[FIELDS.indexOf(field as never)] ?? '') !== '';
    for (const [kind, field, not] of KINDS)
      if (has(field) && !not.some((other) => has(other))) flags.add(`${frame} ${kind}`);
    if (ackRtt !== '') rtts.set(`${nanoseconds(epoch)} ${nanoseconds(ackRtt)}`, Number(frame));
  }
  return { flags, rtts, tcpFrames: lines.length };
}

interface Library {
  analyze(inputs: readonly string[], options: AnalyzeOptions): Promise<unknown>;
}

/** Null where we refuse the file. */
export async function ours(path: string, compat: Compat): Promise<Reading | null> {
  const library = (await import(join(ROOT, 'dist/src/index.js'))) as Library;
  const flags = new Set<string>();
  const rtts = new Map<string, number>();
  const onBatch = (batch: Batch): void => {
    if (batch.table === 'events') {
      const [kinds, frames] = [batch.u8('kind'), batch.u32('frame_number')];
      // The ten kinds of KINDS are the first ten of the schema.
      for (let row = 0; row < batch.rows; row++) {
        const kind = KINDS[kinds[row] ?? 255]?.[0];
        if (kind !== undefined) flags.add(`${frames[row]} ${kind}`);
      }
    } else if (batch.table === 'rtt') {
      const [methods, times, values] = [batch.u8('method'), batch.i64('timestamp_ns'), batch.i64('rtt_ns')];
      for (let row = 0; row < batch.rows; row++)
        if (methods[row] === ACK_METHOD) rtts.set(`${times[row]} ${values[row]}`, 0);
    }
  };
  try {
    await library.analyze([path], {
      workers: 1,
      compat,
      tables: ['events', 'rtt'],
      onBatch,
    });
  } catch {
    return null;
  }
  return { flags, rtts, tcpFrames: 0 };
}
