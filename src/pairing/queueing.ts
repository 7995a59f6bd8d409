/** Delays above the floor of their path, clocks aligned; by direction, by flow, over time. */

import type { Totals, Way } from './accumulate.ts';
import type { ClockFit } from './clock.ts';
import { driftOf, isAstride } from './course.ts';
import { count } from './counts.ts';
import type { Delays } from './direction.ts';
import type { Points } from './points.ts';
import { quantileType7 } from '../statistics/quantile.ts';
import type { PairSamples, QueueingBin } from './types.ts';

/** A floor of fewer packets is a guess: the queueing above it is not told. */
const MIN_FLOOR_PAIRS = 10;
const MAX_BINS = 600;

export interface WayQueueing {
  readonly samples: PairSamples;
  readonly all: Delays;
  readonly byFlow: ReadonlyMap<number, Delays>;
}

export function queueingOf(
  totals: Totals,
  way: Way,
  points: Points,
  fit: ClockFit,
  rowOf: (flow: number) => number,
): WayQueueing {
  const { samples } = totals.ways[way];
  const sign = way === 0 ? 1 : -1;
  const floors = fit.floors[way];
  const counts = new Map<number, number>();
  for (const path of points.path) counts.set(path, (counts.get(path) ?? 0) + 1);
  const anyFloor = [...counts.values()].some((pairs) => pairs >= MIN_FLOOR_PAIRS);
  const order = Array.from(points.source.keys()).filter(
    (at) =>
      (!anyFloor || (counts.get(points.path[at]!) ?? 0) >= MIN_FLOOR_PAIRS) && !isAstride(fit, points, at),
  );
  const queueingNs = Float64Array.from(order, (at) =>
    Math.max(0, points.delayNs[at]! - sign * driftOf(fit, points, at) - (floors.get(points.path[at]!) ?? 0)),
  );
  const from = (column: ArrayLike<number>) => (at: number) => column[points.source[at]!]!;
  const byFlow = new Map<number, { queueing: number[]; ipdv: number[] }>();
  const flowAt = from(samples.flow);
  const ipdvAt = from(samples.ipdvNs);
  const allIpdv: number[] = [];
  order.forEach((at, index) => {
    const flow = flowAt(at);
    let list = byFlow.get(flow);
    if (list === undefined) byFlow.set(flow, (list = { queueing: [], ipdv: [] }));
    list.queueing.push(queueingNs[index]!);
    const ipdv = ipdvAt(at);
    if (Number.isNaN(ipdv)) return;
    list.ipdv.push(Math.abs(ipdv));
    allIpdv.push(Math.abs(ipdv));
  });
  return {
    samples: {
      timeNs: Float64Array.from(order, from(samples.timeNs)),
      queueingNs,
      clientFrame: Uint32Array.from(order, from(samples.clientFrame)),
      serverFrame: Uint32Array.from(order, from(samples.serverFrame)),
      flow: Uint32Array.from(order, (at) => rowOf(flowAt(at))),
      ipLenBytes: Uint32Array.from(order, from(samples.ipLenBytes)),
    },
    all: { queueingNs, ipdvNs: Float64Array.from(allIpdv) },
    byFlow: new Map(
      [...byFlow].map(([flow, { queueing, ipdv }]) => [
        flow,
        { queueingNs: Float64Array.from(queueing), ipdvNs: Float64Array.from(ipdv) },
      ]),
    ),
  };
}

/** Bins of a whole number of seconds, at most 600 of them. */
export function binWidthNs(durationNs: number): number {
  return Math.max(1, Math.ceil(durationNs / 1e9 / MAX_BINS)) * 1e9;
}

/** Both directions in the same bins, from the first that holds a packet of either to the last: a silence is a bin too. */
export function queueingBins(
  totals: Totals,
  samples: readonly [PairSamples, PairSamples],
  binNs: number,
): readonly [QueueingBin[], QueueingBin[]] {
  const ways = ([0, 1] as const).map((way) => binsOfWay(totals, way, samples[way], binNs));
  let [first, last] = [Infinity, -Infinity];
  for (const { lists, sent } of ways)
    for (const bin of [...lists.keys(), ...sent.keys()])
      [first, last] = [Math.min(first, bin), Math.max(last, bin)];
  const [there, back] = ways.map(({ lists, sent, lost }) =>
    Array.from({ length: Math.max(0, last - first + 1) }, (_, at): QueueingBin => {
      const bin = first + at;
      const sorted = Float64Array.from(lists.get(bin) ?? []).sort();
      return {
        startNs: bin * binNs,
        samples: sorted.length,
        sent: sent.get(bin) ?? 0,
        lost: lost.get(bin) ?? 0,
        p50Ns: quantileType7(sorted, 0.5),
        p95Ns: quantileType7(sorted, 0.95),
        p99Ns: quantileType7(sorted, 0.99),
        minNs: sorted[0] ?? null,
      };
    }),
  );
  return [there!, back!];
}

interface WayBins {
  readonly lists: ReadonlyMap<number, readonly number[]>;
  readonly sent: ReadonlyMap<number, number>;
  readonly lost: ReadonlyMap<number, number>;
}

function binsOfWay(totals: Totals, way: Way, samples: PairSamples, binNs: number): WayBins {
  const { seconds } = totals.ways[way];
  const lists = new Map<number, number[]>();
  samples.timeNs.forEach((time, at) => {
    const bin = Math.floor(time / binNs);
    const list = lists.get(bin);
    if (list) list.push(samples.queueingNs[at]!);
    else lists.set(bin, [samples.queueingNs[at]!]);
  });
  const sums = (map: ReadonlyMap<number, number>): Map<number, number> => {
    const out = new Map<number, number>();
    for (const [second, packets] of map) count(out, Math.floor((second * 1e9) / binNs), packets);
    return out;
  };
  return { lists, sent: sums(seconds.sent.map), lost: sums(seconds.lost) };
}
