/**
 * Both ends of one path. The diagram as code: resolve both sets, read them side by side four times (how packets were cut,
 * how far the clocks are apart, which flow is which, which packet is which), add up, fit the clocks, judge. Where a clock
 * jumped, the last reading is done again with the jump taken off.
 */

import { defaultWorkers, inTimeOrder, summaryOf } from './analyze.ts';
import { resolveCaptures, type CaptureFile } from './capture/open.ts';
import { Core } from './engine/core.ts';
import { checkFilter } from './engine/decode.ts';
import { compileEngine } from './engine/load.ts';
import { PairSession, type Reading } from './engine/pair.ts';
import { UsageError } from './errors.ts';
import { readBothEnds, type EndRead } from './parallel/both-ends.ts';
import { Pool } from './parallel/pool.ts';
import { RowBuffers } from './parallel/row-buffers.ts';
import { Totals } from './pairing/accumulate.ts';
import { judge } from './pairing/judge.ts';
import type { ClockBound, PairDocument, Pairing } from './pairing/types.ts';

/** Two captures are read ahead at a time, so their segments are smaller than elsewhere; never changes a result. */
const SEGMENT_BYTES = 1 << 20;

export interface PairOptions {
  readonly workers?: number;
  readonly segmentBytes?: number;
  readonly filter?: string;
  /** Hash the files (evidence); costs a read of each. */
  readonly hash?: boolean;
  /** How far each clock may be from UTC, from chrony, ntpd or ptp4l: narrows the offset. */
  readonly bounds?: readonly ClockBound[];
  readonly nameOf?: (path: string) => string;
  readonly onProgress?: (progress: {
    readonly bytes: number;
    readonly totalBytes: number;
    readonly packets: number;
  }) => void;
}

/**
 * @throws InputError when a capture cannot be read.
 * @throws UsageError when an end is a pipe or both ends name the same file.
 */
export async function pair(
  client: readonly string[],
  server: readonly string[],
  options: PairOptions = {},
): Promise<Pairing> {
  const files = filesOf(client, server);
  const core = new Core(compileEngine());
  if (options.filter !== undefined) checkFilter(core, options.filter);
  const pool = new Pool(options.workers ?? defaultWorkers());
  const session = new PairSession(core);
  const totalBytes = files.flat().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const spares = new RowBuffers();
  try {
    let totals: Totals | null = null;
    let pairing: Pairing | null = null;
    let jumpsTakenOff = 0;
    let ends: readonly [EndRead, EndRead] | null = null;
    let packets = 0;
    for (let reading: Reading | null = 'scan'; reading !== null;) {
      const done: [number, number] = [0, 0];
      // Only the last reading has events; the one before it has told where the captures begin and end.
      totals = reading === 'match' ? new Totals(session.report()) : null;
      const before = reading === 'match' ? totalBytes : 0;
      const read = await readBothEnds(files, pool, spares, session, {
        segmentBytes: options.segmentBytes ?? SEGMENT_BYTES,
        filter: options.filter ?? '',
        comparison: session.comparison(),
        hash: reading === 'votes' && options.hash !== false,
        nameOf: options.nameOf ?? ((path) => path),
        onTaken: () => totals?.add(session.events()),
        onBytes: (end, bytes) => {
          done[end] = bytes;
          options.onProgress?.({
            bytes: (before + done[0] + done[1]) / 2,
            totalBytes,
            packets,
          });
        },
      });
      // Hashes and counts are those of the first reading that saw all; later ones see the same.
      if (read !== null && (ends === null || reading === 'votes')) ends = read;
      packets =
        ends?.flatMap(({ captures }) => captures).reduce((sum, { facts }) => sum + facts.records, 0) ?? 0;
      reading = session.advance();
      totals?.add(session.events());
      if (reading !== null) continue;
      pairing = judge({
        report: session.report(),
        totals,
        captures: ends?.map(({ captures }) => captures.map(summaryOf)) ?? [[], []],
        diagnostics: ends?.map(({ diagnostics }) => diagnostics.records()) ?? [[], []],
        bounds: options.bounds ?? [],
        jumpsTakenOff,
      });
      const { jumps } = pairing.series;
      if (jumps.length === 0 || jumpsTakenOff > 0) continue;
      jumpsTakenOff = jumps.length;
      reading = session.again(jumps);
    }
    if (pairing === null) throw new Error('no reading was done');
    return pairing;
  } finally {
    session.close();
    await pool.close();
  }
}

/**
 * Places on one path from the client to the server: the ends against each other, and every stretch between by itself.
 *
 * @throws InputError, UsageError as `pair` does.
 */
export async function pairChain(
  points: readonly (readonly string[])[],
  options: PairOptions = {},
): Promise<Pairing> {
  const whole = await pair(points[0] ?? [], points.at(-1) ?? [], options);
  if (points.length <= 2) return whole;
  const legs: NonNullable<PairDocument['legs']>[number][] = [];
  for (let at = 0; at + 1 < points.length; at++) {
    const leg = await pair(points[at] ?? [], points[at + 1] ?? [], options);
    legs.push({
      from: placeName(at, points.length),
      to: placeName(at + 1, points.length),
      document: leg.document,
    });
  }
  return { ...whole, document: { ...whole.document, legs } };
}

function placeName(at: number, count: number): string {
  return at === 0 ? 'client' : at === count - 1 ? 'server' : `hop ${at}`;
}

function filesOf(
  client: readonly string[],
  server: readonly string[],
): readonly [readonly CaptureFile[], readonly CaptureFile[]] {
  for (const input of [...client, ...server]) {
    if (input === '-')
      throw new UsageError({
        code: 'usage/pair-stdin',
        message: 'pair reads each capture more than once, which standard input (-) cannot give',
        help: 'write the capture to a file first',
      });
  }
  const shared = client.find((path) => server.includes(path));
  if (shared !== undefined)
    throw new UsageError({
      code: 'usage/capture-twice',
      message: `${shared} is named as client and as server`,
      help: 'name the captures of the two ends: --client FILE --server FILE',
    });
  return [inTimeOrder(resolveCaptures(client).files), inTimeOrder(resolveCaptures(server).files)];
}
