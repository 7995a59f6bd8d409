/**
 * Clock steps by their edge: within half a second both directions change by opposite amounts, which no queue does, and the
 * floors stay moved, which no coincidence of two queues does. The slope hardly matters in so short a time, so this works
 * before the skew is known; what an edge cannot show, because packets are few or queues restless, `level-shifts` may.
 */

import { medianOf } from '../statistics/quantile.ts';
import type { Points } from './points.ts';

/** A jump of the smallest delays. */
export interface Shift {
  /** First instant after it, and how far before it could lie; ns as in `Points`. */
  readonly atNs: number;
  readonly withinNs: number;
  readonly forwardNs: number;
  readonly reverseNs: number;
  readonly isStep: boolean;
}

/** Smaller jumps are not told from two queues that happened to move against each other. */
export const MIN_SHIFT_NS = 700_000;
const NEAR_NS = 0.5e9;
/** So many packets of the sparser direction on either side; it takes longer where packets are few. */
const PACKETS_NEAR = 6;
/** Beyond this, half a minute of floor says as much as an edge. */
const SPARSE_NS = 2e9;
const PARTS = 4;
const NOISE_FACTOR = 6;
/** An edge so clear needs to last only for a few seconds: queues that never empty hide a floor for longer. */
const CLEAR_FACTOR = 20;
const CLEAR_LASTING_NS = 5e9;
const LASTING_NS = 30e9;
/** What both directions share in a jump, against what they do not. */
const COMMON_SHARE = 0.4;
const LASTING_SHARE = 0.5;

/** How long "at once" is for these packets; null where they are too few for an edge to be seen. */
export function nearOf(forward: Points, reverse: Points): number | null {
  const least = Math.min(forward.timeNs.length, reverse.timeNs.length);
  if (least < 4 * PACKETS_NEAR) return null;
  const span = spanOf(forward, reverse);
  const near = Math.max(NEAR_NS, (PACKETS_NEAR * (span.to - span.from)) / least);
  return near > SPARSE_NS ? null : near;
}

function spanOf(forward: Points, reverse: Points): { readonly from: number; readonly to: number } {
  return {
    from: Math.max(forward.timeNs[0]!, reverse.timeNs[0]!),
    to: Math.min(forward.timeNs.at(-1)!, reverse.timeNs.at(-1)!),
  };
}

interface Edge {
  readonly atNs: number;
  readonly forward: number;
  readonly reverse: number;
}

const sizeOf = ({ forward, reverse }: Pick<Edge, 'forward' | 'reverse'>): number => (forward - reverse) / 2;
const commonOf = ({ forward, reverse }: Pick<Edge, 'forward' | 'reverse'>): number => (forward + reverse) / 2;

/** `slope` of θ, per ns, is taken off where floors are compared over half a minute. */
export function sharpSteps(forward: Points, reverse: Points, slope: number): Shift[] {
  const near = nearOf(forward, reverse);
  if (near === null) return [];
  const { from, to } = spanOf(forward, reverse);
  const partNs = near / PARTS;
  const count = Math.floor((to - from) / partNs);
  if (count < 4 * PARTS) return [];
  const there = minima(forward, 1, slope, { from, partNs, count });
  const back = minima(reverse, -1, slope, { from, partNs, count });
  const edges: Edge[] = [];
  for (let at = PARTS; at + PARTS <= count; at++) {
    const rise = (values: Float64Array): number =>
      least(values, at, at + PARTS) - least(values, at - PARTS, at);
    edges.push({ atNs: from + at * partNs, forward: rise(there), reverse: rise(back) });
  }
  const noise = noiseOf(edges);
  const limit = Math.max(MIN_SHIFT_NS, NOISE_FACTOR * noise);
  const candidates = strongestOf(
    edges.filter((edge) => {
      const size = Math.abs(sizeOf(edge));
      return size >= limit && size < Infinity && Math.abs(commonOf(edge)) <= COMMON_SHARE * size;
    }),
    2 * near,
  );
  const isClear = (edge: Edge): boolean => Math.abs(sizeOf(edge)) > CLEAR_FACTOR * noise;
  // Floors are compared as far as the next step; two doubtful edges, there and back, must not vouch for one another.
  const clearTimes = candidates.filter(isClear).map(({ atNs }) => atNs);
  return candidates
    .filter((edge) => {
      const partOf = (time: number): number => Math.round((time - from) / partNs);
      const lasts = (reach: number): boolean => {
        const low = partOf(
          Math.max(edge.atNs - reach, clearTimes.findLast((time) => time < edge.atNs) ?? from),
        );
        const high = partOf(Math.min(edge.atNs + reach, clearTimes.find((time) => time > edge.atNs) ?? to));
        const middle = partOf(edge.atNs);
        const split = (values: Float64Array): number =>
          least(values, middle + 1, high) - least(values, low, middle - 1);
        const share = (split(there) - split(back)) / 2 / sizeOf(edge);
        return share > LASTING_SHARE && share < 1 / LASTING_SHARE;
      };
      return lasts(LASTING_NS) || (isClear(edge) && lasts(CLEAR_LASTING_NS));
    })
    .map((edge) => {
      const place = edgeNear(forward, reverse, slope, {
        from: edge.atNs - near,
        to: edge.atNs + near,
        size: sizeOf(edge),
        near,
      });
      return {
        ...(place ?? { atNs: edge.atNs, withinNs: partNs }),
        forwardNs: edge.forward,
        reverseNs: edge.reverse,
        isStep: true,
      };
    });
}

/** Scatter of what is called an edge where there is none. */
function noiseOf(edges: readonly Edge[]): number {
  const sizes = edges.map((edge) => Math.abs(sizeOf(edge))).filter((size) => Number.isFinite(size));
  return 1.4826 * (medianOf(sizes) ?? 0);
}

function minima(
  points: Points,
  sign: 1 | -1,
  slope: number,
  { from, partNs, count }: { readonly from: number; readonly partNs: number; readonly count: number },
): Float64Array {
  const out = new Float64Array(count).fill(Infinity);
  for (let at = 0; at < points.timeNs.length; at++) {
    const time = points.timeNs[at]!;
    const part = Math.floor((time - from) / partNs);
    if (part < 0 || part >= count) continue;
    out[part] = Math.min(out[part]!, points.delayNs[at]! - sign * slope * time);
  }
  return out;
}

function least(values: Float64Array, from: number, to: number): number {
  let min = Infinity;
  for (let at = Math.max(0, from); at < Math.min(values.length, to); at++) min = Math.min(min, values[at]!);
  return min;
}

/** The strongest of each run of edges that lie within `distance` of one another. */
function strongestOf(edges: readonly Edge[], distance: number): Edge[] {
  const kept: Edge[] = [];
  for (const edge of edges) {
    const last = kept.at(-1);
    if (last === undefined || edge.atNs - last.atNs > distance) kept.push(edge);
    else if (Math.abs(sizeOf(edge)) > Math.abs(sizeOf(last))) kept[kept.length - 1] = edge;
  }
  return kept;
}

/**
 * The instant, to the packet, at which both directions change by opposite amounts; null when none between `from` and `to`
 * comes near `size`.
 */
export function edgeNear(
  forward: Points,
  reverse: Points,
  slope: number,
  {
    from,
    to,
    size,
    near,
  }: { readonly from: number; readonly to: number; readonly size: number; readonly near: number },
): { readonly atNs: number; readonly withinNs: number } | null {
  const floor = (points: Points, sign: number, low: number, high: number): number => {
    const end = firstAtOrAfter(points.timeNs, high);
    let min = Infinity;
    for (let at = firstAtOrAfter(points.timeNs, low); at < end; at++)
      min = Math.min(min, points.delayNs[at]! - sign * slope * points.timeNs[at]!);
    return min;
  };
  const times = [forward, reverse].flatMap(({ timeNs }) =>
    Array.from(timeNs.subarray(firstAtOrAfter(timeNs, from), firstAtOrAfter(timeNs, to))),
  );
  times.sort((a, b) => a - b);
  let best = -1;
  let least = 1 - SHARP_SHARE;
  for (let at = 1; at < times.length; at++) {
    const time = times[at]!;
    const rise = (points: Points, sign: number): number =>
      floor(points, sign, time, time + near) - floor(points, sign, time - near, time);
    const edge = { forward: rise(forward, 1), reverse: rise(reverse, -1) };
    const astray = Math.abs(sizeOf(edge) / size - 1);
    if (astray >= least || Math.abs(commonOf(edge)) > COMMON_SHARE * Math.abs(size)) continue;
    [best, least] = [at, astray];
  }
  return best < 0 ? null : { atNs: times[best]!, withinNs: times[best]! - times[best - 1]! };
}

/** So much of a step must show at its edge. */
const SHARP_SHARE = 0.6;

/** First index whose value is not below `limit`. */
export function firstAtOrAfter(sorted: Float64Array, limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
