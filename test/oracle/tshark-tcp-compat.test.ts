/**
 * `--compat wireshark` against tshark itself: the same flags on the same frames, the same ACK round trips to the
 * nanosecond, over every real capture that has TCP in it. What differs is listed in DIFFERENCES.md, or fails.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { captureIndex } from '../helpers/captures-index.ts';
import { inParallel, runProcess } from '../helpers/cli.ts';
import type { AnalyzeOptions } from '../../src/analyze.ts';
import { TABLES } from '../../src/engine/abi.generated.ts';
import type { Batch } from '../../src/tables/batch.ts';
import { CAPTURES, haveCaptures, haveTool, REPORTS, ROOT } from '../helpers/repository.ts';
import { isKnown, knownDifferences } from './differences.ts';
import { nanoseconds } from './tshark.ts';

/** Our kinds by tshark's field, and the narrower kinds that tshark flags in addition. */
const KINDS = [
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

function codesOf(table: 'rtt' | 'events', name: string): readonly string[] {
  return TABLES[table].columns.find((column) => column.name === name)?.codes ?? [];
}

interface Reading {
  /** `frame kind`. */
  readonly flags: Set<string>;
  /** `timestamp rtt`, both in ns. */
  readonly rtts: Map<string, number>;
  readonly tcpFrames: number;
}

async function theirs(path: string): Promise<Reading> {
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
async function ours(library: Library, path: string): Promise<Reading | null> {
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
      compat: 'wireshark',
      tables: ['events', 'rtt'],
      onBatch,
    });
  } catch {
    return null;
  }
  return { flags, rtts, tcpFrames: 0 };
}

describe.skipIf(!haveCaptures || !haveTool('tshark'))('--compat wireshark', () => {
  it('has the flags and ack_rtt of tshark, frame by frame', { timeout: 900_000 }, async () => {
    expect(codesOf('events', 'kind').slice(0, KINDS.length)).toEqual(KINDS.map(([kind]) => kind));
    const library = (await import(join(ROOT, 'dist/src/index.js'))) as Library;
    const known = knownDifferences();
    const scores = new Map<string, number>(KINDS.map(([kind]) => [kind, 0]));
    const unlisted: string[] = [];
    const lines: string[] = [];
    let [files, frames, samples] = [0, 0, 0];
    const only = process.env['LAGDIFF_CAPTURE'];
    const names = captureIndex()
      .map(({ name }) => name)
      .filter((name) => only === undefined || name.includes(only));
    await inParallel(names, 2, async (file) => {
      const path = join(CAPTURES, file);
      const their = await theirs(path);
      if (their.tcpFrames === 0) return;
      const our = await ours(library, path);
      if (our === null) return;
      files += 1;
      frames += their.tcpFrames;
      const note = (frame: number, text: string): void => {
        lines.push(`${file} ${frame} ${text}`);
        if (!isKnown(known, file, frame, 'tcp_analysis')) unlisted.push(`${file} ${frame} ${text}`);
      };
      for (const flag of new Set([...their.flags, ...our.flags])) {
        const [frame = '', kind = ''] = flag.split(' ');
        if (their.flags.has(flag) && our.flags.has(flag)) scores.set(kind, (scores.get(kind) ?? 0) + 1);
        else note(Number(frame), `${kind}: ${our.flags.has(flag) ? 'lagdiff' : 'tshark'} only`);
      }
      for (const [sample, frame] of their.rtts)
        if (our.rtts.has(sample)) samples += 1;
        else note(frame, `ack_rtt ${sample}: tshark only`);
      for (const sample of our.rtts.keys())
        if (!their.rtts.has(sample)) note(0, `ack_rtt ${sample}: lagdiff only`);
    });
    const counts = [...scores].map(([kind, count]) => `${kind} ${count}`).join(', ');
    const summary = `${frames} TCP frames of ${files} captures; equal flags: ${counts}; ${samples} equal ack_rtt`;
    mkdirSync(REPORTS, { recursive: true });
    writeFileSync(join(REPORTS, 'tshark-tcp-compat.txt'), [summary, ...lines.sort(), ''].join('\n'));
    console.log(`${summary}; ${lines.length} differ, details in coverage/tshark-tcp-compat.txt`);
    expect(unlisted.slice(0, 80)).toEqual([]);
    if (only === undefined) expect(files).toBeGreaterThan(60);
  });
});
