/**
 * Jumps of the smallest delay, seen in both directions at once. A clock's step moves them by opposite amounts at one
 * instant; a route change or a standing queue moves one, or both the same way (Paxson 1998).
 *
 * Method: minima of bins, the median slope taken off; at each bin the minimum of the 10 s before against that of the 10 s
 * after, the bin itself left out. A step shows in both directions at one bin only, because the minimum of a direction that
 * rises lags on one side and that of one that falls on the other.
 */

import { medianOf } from '../statistics/quantile.ts';
import type { Points } from './points.ts';
import { edgeNear, firstAtOrAfter, MIN_SHIFT_NS, nearOf, type Shift } from './sharp-steps.ts';

/** A short window places a step well; a long one sees a small step under queues that seldom empty. */
const WINDOWS_NS = [10e9, 30e9];
const WINDOW_NS = WINDOWS_NS[0]!;
const MIN_BIN_NS = 0.25e9;
const SAMPLES_PER_BIN = 8;
const MIN_BINS = 9;
const NOISE_FACTOR = 6;
/** A step's two halves agree within this share. */
const AGREEMENT = 0.3;
/** How far around its bin a step's edge is looked for. */
const SEARCH_NS = 4e9;
/** A route change must hold so long on both sides. */
const LASTING_NS = 30e9;

export interface Binned {
  readonly startNs: number;
  readonly binNs: number;
  readonly count: number;
  /** Minimum by bin; Infinity where empty. */
  readonly forward: Float64Array;
  readonly reverse: Float64Array;
}

export function binned(forward: Points, reverse: Points): Binned | null {
  const sizes = [forward.timeNs.length, reverse.timeNs.length];
  const least = Math.min(...sizes);
  if (least < 4 * SAMPLES_PER_BIN) return null;
  const startNs = Math.max(forward.timeNs[0]!, reverse.timeNs[0]!);
  const endNs = Math.min(forward.timeNs[sizes[0]! - 1]!, reverse.timeNs[sizes[1]! - 1]!);
  const span = endNs - startNs;
  if (!(span > 0)) return null;
  const binNs = Math.max(MIN_BIN_NS, (SAMPLES_PER_BIN * span) / least);
  const count = Math.floor(span / binNs);
  if (count < MIN_BINS) return null;
  const minima = (points: Points): Float64Array => {
    const out = new Float64Array(count).fill(Infinity);
    for (let at = 0; at < points.timeNs.length; at++) {
      const bin = Math.floor((points.timeNs[at]! - startNs) / binNs);
      if (bin >= 0 && bin < count && points.delayNs[at]! < out[bin]!) out[bin] = points.delayNs[at]!;
    }
    return out;
  };
  return { startNs, binNs, count, forward: minima(forward), reverse: minima(reverse) };
}

/**
 * Median slope of (forward − reverse) / 2 over a lag: the clocks' skew. Per ns. A step spoils as many slopes as the lag is
 * long, so an eighth of the window lets three steps leave the median alone; a third would give it to the first.
 */
export function medianSlope({ forward, reverse, count, binNs }: Binned): number {
  const lag = Math.max(4, Math.min(count >> 3, Math.round(300e9 / binNs)));
  const slopes: number[] = [];
  for (let at = 0; at + lag < count; at++) {
    const early = (forward[at]! - reverse[at]!) / 2;
    const late = (forward[at + lag]! - reverse[at + lag]!) / 2;
    const slope = (late - early) / (lag * binNs);
    if (Number.isFinite(slope)) slopes.push(slope);
  }
  return medianOf(slopes) ?? 0;
}

interface Jump {
  readonly bin: number;
  readonly forward: number;
  readonly reverse: number;
}

/** Minimum after minus minimum before each bin, in windows of `width` bins. */
function jumps(values: Float64Array, width: number, count: number): Float64Array {
  const out = new Float64Array(count).fill(NaN);
  const needed = Math.min(width, 3);
  for (let at = needed; at + needed < count; at++) {
    let before = Infinity;
    let after = Infinity;
    for (let step = 1; step <= width; step++) {
      if (at - step >= 0) before = Math.min(before, values[at - step]!);
      if (at + step < count) after = Math.min(after, values[at + step]!);
    }
    out[at] = after - before;
  }
  return out;
}

function centred(values: Float64Array): Float64Array {
  const middle = medianOf(Array.from(values).filter((value) => Number.isFinite(value))) ?? 0;
  return values.map((value) => value - middle);
}

function noiseOf(values: Float64Array): number {
  const sizes = Array.from(values)
    .filter((value) => Number.isFinite(value))
    .map(Math.abs);
  return 1.4826 * (medianOf(sizes) ?? 0);
}

/** Slope is taken off first; what is left moves by jumps. */
export function levelShifts(forward: Points, reverse: Points, slope: number): Shift[] {
  const bins = binned(forward, reverse);
  if (bins === null) return [];
  const { count, binNs, startNs } = bins;
  const level = (values: Float64Array, sign: number): Float64Array =>
    values.map((value, at) => value - sign * slope * (startNs + (at + 0.5) * binNs));
  const there = level(bins.forward, 1);
  const back = level(bins.reverse, -1);
  const found: Shift[] = [];
  for (const windowNs of WINDOWS_NS) {
    const width = Math.max(3, Math.min(Math.round(windowNs / binNs), Math.floor((count - 1) / 2)));
    const seen = stepsSeen(there, back, width, count).flatMap(
      (jump) => placed(jump, bins, forward, reverse, slope) ?? [],
    );
    // A longer window sees a step again that a shorter one saw, and blurs two into one: only what is new counts.
    const isNew = ({ atNs }: Shift): boolean =>
      !found.some((other) => Math.abs(other.atNs - atNs) <= 2 * windowNs);
    found.push(...seen.filter(isNew));
  }
  return found.sort((a, b) => a.atNs - b.atNs);
}

function stepsSeen(there: Float64Array, back: Float64Array, width: number, count: number): Jump[] {
  // What is wrong with the slope moves every jump alike: off with it, or it would pass for noise and hide small steps.
  const [y, z] = [centred(jumps(there, width, count)), centred(jumps(back, width, count))];
  const noise = Math.max(noiseOf(y), noiseOf(z));
  const limit = Math.max(MIN_SHIFT_NS, NOISE_FACTOR * noise);
  const candidates: Jump[] = [];
  for (let bin = 0; bin < count; bin++) {
    const [a, b] = [y[bin]!, z[bin]!];
    if (!Number.isFinite(a) || !Number.isFinite(b) || a * b >= 0) continue;
    const size = Math.min(Math.abs(a), Math.abs(b));
    if (size < limit || Math.abs(a + b) > AGREEMENT * size + 2 * noise) continue;
    candidates.push({ bin, forward: a, reverse: b });
  }
  const steps = strongest(candidates, Math.max(2, width >> 1), (jump) =>
    Math.min(Math.abs(jump.forward), Math.abs(jump.reverse)),
  );
  return steps.filter((jump) => lasts(jump, there, back, width, count));
}

/** The strongest of each run of neighbours. */
function strongest(jumps: readonly Jump[], distance: number, size: (jump: Jump) => number): Jump[] {
  const kept: Jump[] = [];
  for (const jump of jumps) {
    const last = kept.at(-1);
    if (last === undefined || jump.bin - last.bin > distance) kept.push(jump);
    else if (size(jump) > size(last)) kept[kept.length - 1] = jump;
  }
  return kept;
}

/** A queue that filled and drained is over after three windows; a step is not. */
function lasts(jump: Jump, there: Float64Array, back: Float64Array, width: number, count: number): boolean {
  const far = 3 * width;
  const least = (values: Float64Array, from: number, to: number): number => {
    let min = Infinity;
    for (let at = Math.max(0, from); at < Math.min(count, to); at++) min = Math.min(min, values[at]!);
    return min;
  };
  const size = (jump.forward - jump.reverse) / 2;
  const split = (values: Float64Array): number =>
    least(values, jump.bin + 1, jump.bin + 1 + far) - least(values, jump.bin - far, jump.bin);
  const later = (split(there) - split(back)) / 2;
  // Another step nearby spoils the far window: then the near one has to do.
  return !Number.isFinite(later) || later * size > 0.4 * size * size || Math.abs(later) > Math.abs(size);
}

function placed(jump: Jump, bins: Binned, forward: Points, reverse: Points, slope: number): Shift | null {
  const { binNs, startNs } = bins;
  const [rising, falling] = jump.forward > 0 ? [forward, reverse] : [reverse, forward];
  const size = Math.abs(jump.forward - jump.reverse) / 2;
  const from = startNs + (jump.bin - 1) * binNs;
  const to = startNs + (jump.bin + 2) * binNs;
  const level = (points: Points, sign: number) => (at: number) =>
    points.delayNs[at]! - sign * slope * points.timeNs[at]!;
  const near = nearOf(forward, reverse);
  if (near !== null) {
    // Where packets are many enough to show an edge, floors that moved without one are two queues that met.
    const edge = edgeNear(forward, reverse, slope, {
      from: from - SEARCH_NS,
      to: to + SEARCH_NS,
      size: (jump.forward - jump.reverse) / 2,
      near,
    });
    return edge && { ...edge, forwardNs: jump.forward, reverseNs: jump.reverse, isStep: true };
  }
  const signOf = (points: Points): number => (points === forward ? 1 : -1);
  const indices = (points: Points, low: number, high: number): [number, number] => [
    firstAtOrAfter(points.timeNs, low),
    firstAtOrAfter(points.timeNs, high),
  ];
  const least = (points: Points, low: number, high: number): number => {
    const value = level(points, signOf(points));
    const [first, last] = indices(points, low, high);
    let min = Infinity;
    for (let at = first; at < last; at++) min = Math.min(min, value(at));
    return min;
  };
  // Only an old packet can be this early on the way that gets longer, only a new one on the way that gets shorter.
  const risingFloor = least(rising, from - WINDOW_NS, startNs + jump.bin * binNs);
  const fallingFloor = least(falling, from - WINDOW_NS, startNs + jump.bin * binNs);
  let lastOld = from;
  let firstNew = to;
  const risingLevel = level(rising, signOf(rising));
  const [riseFirst, riseLast] = indices(rising, from, to);
  for (let at = riseFirst; at < riseLast; at++)
    if (risingLevel(at) < risingFloor + size / 2) lastOld = rising.timeNs[at]!;
  const fallingLevel = level(falling, signOf(falling));
  const [fallFirst, fallLast] = indices(falling, from, to);
  for (let at = fallLast - 1; at >= fallFirst; at--)
    if (fallingLevel(at) < fallingFloor - size / 2) firstNew = falling.timeNs[at]!;
  return {
    atNs: Math.max(firstNew, lastOld),
    withinNs: Math.abs(firstNew - lastOld),
    forwardNs: jump.forward,
    reverseNs: jump.reverse,
    isStep: true,
  };
}

/** Changes of one direction's floor, or of both the same way, that hold for half a minute on both sides: no clock's doing. */
export function routeShifts(forward: Points, reverse: Points, slope: number): Shift[] {
  const bins = binned(forward, reverse);
  if (bins === null) return [];
  const { count, binNs, startNs } = bins;
  const width = Math.round(LASTING_NS / binNs);
  if (count < 2 * width + 1) return [];
  const level = (values: Float64Array, sign: number): Float64Array =>
    values.map((value, at) => value - sign * slope * (startNs + (at + 0.5) * binNs));
  const y = jumps(level(bins.forward, 1), width, count);
  const z = jumps(level(bins.reverse, -1), width, count);
  const noise = [noiseOf(y), noiseOf(z)] as const;
  const limits = noise.map((value) => Math.max(1e6, 8 * value)) as [number, number];
  const candidates: Jump[] = [];
  for (let bin = width; bin + width < count; bin++) {
    const [a, b] = [y[bin]!, z[bin]!];
    if (Math.abs(a) > limits[0] || Math.abs(b) > limits[1]) candidates.push({ bin, forward: a, reverse: b });
  }
  const size = (jump: Jump): number =>
    Math.abs(jump.forward) / limits[0] + Math.abs(jump.reverse) / limits[1];
  return strongest(candidates, width, size)
    .filter(
      ({ forward: a, reverse: b }) =>
        a * b >= 0 || Math.abs(a + b) > AGREEMENT * Math.max(Math.abs(a), Math.abs(b)),
    )
    .map((jump) => {
      const isForward = Math.abs(jump.forward) / limits[0] >= Math.abs(jump.reverse) / limits[1];
      const [points, sign, by] = isForward ? [forward, 1, jump.forward] : [reverse, -1, jump.reverse];
      const middle = startNs + (jump.bin + 0.5) * binNs;
      return {
        ...whereOf(points, sign * slope, by, middle, width * binNs),
        forwardNs: jump.forward,
        reverseNs: jump.reverse,
        isStep: false,
      };
    });
}

/**
 * Where the floor of one direction moved by `by`, at most `reach` from `middle`: up, behind the last packet that only the old
 * floor allows; down, at the first that only the new one does. The windows themselves see the jump as long as they reach.
 */
function whereOf(
  points: Points,
  slope: number,
  by: number,
  middle: number,
  reach: number,
): { readonly atNs: number; readonly withinNs: number } {
  const { timeNs, delayNs } = points;
  const level = (at: number): number => delayNs[at]! - slope * timeNs[at]!;
  const [first, last] = [firstAtOrAfter(timeNs, middle - reach), firstAtOrAfter(timeNs, middle + reach)];
  let low = Infinity;
  for (let at = first; at < last; at++) low = Math.min(low, level(at));
  const limit = low + Math.abs(by) / 2;
  let found = -1;
  if (by > 0) {
    for (let at = first; at < last; at++) if (level(at) < limit) found = at + 1;
  } else {
    for (let at = last - 1; at >= first; at--) if (level(at) < limit) found = at;
  }
  if (found <= 0 || found >= timeNs.length) return { atNs: middle, withinNs: reach };
  return { atNs: timeNs[found]!, withinNs: timeNs[found]! - timeNs[found - 1]! };
}
