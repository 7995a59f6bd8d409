/**
 * Floors of both directions by bins of time: the clocks' rough slope, and changes of the path's level. A route change or a
 * standing queue moves one direction, or both the same way; a clock's step (`edges`) moves them apart (Paxson 1998).
 */

import { medianOf } from '../statistics/quantile.ts';
import { firstAtOrAfter, type Points } from './points.ts';

/** A change of floors that is no clock's doing. */
export interface RouteShift {
  readonly atNs: number;
  /** How far before `atNs` it could lie. */
  readonly withinNs: number;
  readonly forwardNs: number;
  readonly reverseNs: number;
}

const MIN_BIN_NS = 0.25e9;
const SAMPLES_PER_BIN = 8;
const MIN_BINS = 9;
/** A step's two halves agree within this share. */
const AGREEMENT = 0.3;
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

function noiseOf(values: Float64Array): number {
  const sizes = Array.from(values)
    .filter((value) => Number.isFinite(value))
    .map(Math.abs);
  return 1.4826 * (medianOf(sizes) ?? 0);
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

/** Of delays from which the clocks' course is taken off: changes of one direction's floor, or of both the same way, that hold for half a minute on both sides: no clock's doing. */
export function routeShifts(forward: Points, reverse: Points): RouteShift[] {
  const bins = binned(forward, reverse);
  if (bins === null) return [];
  const { count, binNs, startNs } = bins;
  const width = Math.round(LASTING_NS / binNs);
  if (count < 2 * width + 1) return [];
  const y = jumps(bins.forward, width, count);
  const z = jumps(bins.reverse, width, count);
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
      const [points, by] = isForward ? [forward, jump.forward] : [reverse, jump.reverse];
      const middle = startNs + (jump.bin + 0.5) * binNs;
      return {
        ...whereOf(points, by, middle, width * binNs),
        forwardNs: jump.forward,
        reverseNs: jump.reverse,
      };
    });
}

/**
 * Where the floor of one direction moved by `by`, at most `reach` from `middle`: up, behind the last packet that only the old
 * floor allows; down, at the first that only the new one does. The windows themselves see the jump as long as they reach.
 */
function whereOf(
  points: Points,
  by: number,
  middle: number,
  reach: number,
): { readonly atNs: number; readonly withinNs: number } {
  const { timeNs, delayNs } = points;
  const [first, last] = [firstAtOrAfter(timeNs, middle - reach), firstAtOrAfter(timeNs, middle + reach)];
  let low = Infinity;
  for (let at = first; at < last; at++) low = Math.min(low, delayNs[at]!);
  const limit = low + Math.abs(by) / 2;
  let found = -1;
  if (by > 0) {
    for (let at = first; at < last; at++) if (delayNs[at]! < limit) found = at + 1;
  } else {
    for (let at = last - 1; at >= first; at--) if (delayNs[at]! < limit) found = at;
  }
  if (found <= 0 || found >= timeNs.length) return { atNs: middle, withinNs: reach };
  return { atNs: timeNs[found]!, withinNs: timeNs[found]! - timeNs[found - 1]! };
}
