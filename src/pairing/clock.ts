/**
 * Two clocks told from two directions of delay.
 *
 *   forward  y = d_f + θ(t)      reverse  z = d_r − θ(t)      θ = server clock − client clock
 *
 * The sum is free of θ, so queueing and the smallest round trip are exact; θ itself is known as the interval [−min z, min y],
 * whose width is the smallest round trip. Steps are cut out first (`level-shifts`), skew is what the lower hulls of both
 * directions agree on with opposite signs; what they agree on with the same sign is a drift of the queues.
 */

import { commonLowerSlope } from '../statistics/hull.ts';
import { binned, levelShifts, medianSlope, routeShifts } from './level-shifts.ts';
import { ofPath, type Points } from './points.ts';
import { firstAtOrAfter, MIN_SHIFT_NS, sharpSteps, type Shift } from './sharp-steps.ts';

export interface FittedStep {
  readonly atNs: number;
  readonly withinNs: number;
  readonly deltaNs: number;
}

export interface ClockFit {
  /** Of θ, per ns; 0 when not identified. */
  readonly skew: number;
  readonly skewDoubt: number;
  /** Why there is no skew; null when there is. */
  readonly unidentified: string | null;
  readonly steps: readonly FittedStep[];
  readonly routes: readonly Shift[];
  /** Instant that θ's interval speaks of. */
  readonly atNs: number;
  /** Interval of θ at that instant, without the probe's offset; null without one direction. */
  readonly lowNs: number | null;
  readonly highNs: number | null;
  /** Smallest sum of both directions' delays, of one path between two steps: free of θ. */
  readonly rttMinNs: number | null;
  /** Smallest delay of each path by direction, θ's course taken off. */
  readonly floors: readonly [ReadonlyMap<number, number>, ReadonlyMap<number, number>];
}

/** Fewer pairs, or a shorter time, say nothing about a rate. */
const MIN_SKEW_PAIRS = 20;
const MIN_SKEW_SPAN_NS = 10e9;
const PATHS_SEARCHED = 8;
const STEP_WINDOW_NS = 60e9;
const ROUNDS = 3;
/** Of capture clocks. */
const GRAIN_NS = 1000;
const MIN_GUARD_NS = 1e9;

/** θ(t) − θ(at), by a fit. */
export function drift(fit: Pick<ClockFit, 'skew' | 'steps' | 'atNs'>, timeNs: number): number {
  let value = fit.skew * (timeNs - fit.atNs);
  for (const { atNs, deltaNs } of fit.steps) if (timeNs >= atNs) value += deltaNs;
  return value;
}

/** Is this the time of a step that is known only to lie between two packets of some path? Then another path's packet may belong to either side. */
export function isAstride({ steps }: Pick<ClockFit, 'steps'>, timeNs: number): boolean {
  return steps.some(({ atNs, withinNs }) => timeNs > atNs - withinNs && timeNs < atNs);
}

export function fitClock(forward: Points, reverse: Points): ClockFit {
  const atNs = Math.max(forward.timeNs[0] ?? -Infinity, reverse.timeNs[0] ?? -Infinity);
  const instant = Number.isFinite(atNs) ? atNs : 0;
  const paths = largestPaths(forward, reverse);
  const pairs = paths.map((path) => ({ forward: ofPath(forward, path), reverse: ofPath(reverse, path) }));
  const first = pairs[0];
  let steps: FittedStep[] = [];
  let skew = first === undefined ? 0 : levelSlope(first, { skew: 0, steps, atNs: instant });
  let routes: Shift[] = [];
  let doubt = 0;
  const reason = whyNoSkew(forward, reverse);
  if (reason !== null) skew = 0;
  // A better slope shows smaller steps, and known steps give a better slope.
  for (let round = 0; round < ROUNDS; round++) {
    const course = { skew: 0, steps, atNs: instant };
    const found = agreed(
      pairs.map((pair) => {
        const [there, back] = [corrected(pair.forward, 1, course), corrected(pair.reverse, -1, course)];
        const sharp = sharpSteps(there, back, skew);
        // Edges need no slope; floors do, so they wait until the edges have given one.
        const slow = round === 0 ? [] : levelShifts(there, back, skew);
        const isNew = ({ atNs: at }: Shift): boolean =>
          sharp.every((edge) => Math.abs(edge.atNs - at) > 20e9);
        return [...sharp, ...slow.filter(isNew)];
      }),
    ).filter(({ atNs: at }) => steps.every((step) => Math.abs(step.atNs - at) > 2e9));
    steps = [
      ...steps,
      ...found.map(({ atNs: at, withinNs, forwardNs, reverseNs }) => ({
        atNs: at,
        withinNs,
        deltaNs: (forwardNs - reverseNs) / 2,
      })),
    ].sort((a, b) => a.atNs - b.atNs);
    if (reason !== null) break;
    if (round === 0 && first !== undefined) skew = levelSlope(first, { skew: 0, steps, atNs: instant });
    steps = steps.map((step, index) => ({
      ...step,
      deltaNs: stepSize(step, index, steps, pairs, skew) ?? step.deltaNs,
    }));
    const rest = { skew, steps, atNs: instant };
    routes =
      first === undefined
        ? []
        : routeShifts(corrected(first.forward, 1, rest), corrected(first.reverse, -1, rest), 0);
    const jumps = [...steps, ...routes];
    const [cutForward, cutReverse] = [cutAt(forward, jumps), cutAt(reverse, jumps)];
    const there = slopeOf(cutForward, 1, rest);
    const back = slopeOf(cutReverse, -1, rest);
    skew += (there - back) / 2;
    doubt = Math.max(Math.abs(there + back) / 2, ...halves(cutForward, cutReverse, rest, (there - back) / 2));
    // What a rough slope made of a smooth drift shrinks to nothing under a better one.
    steps = steps
      .map((step, index) => ({
        ...step,
        deltaNs: stepSize(step, index, steps, pairs, skew) ?? step.deltaNs,
      }))
      .filter(({ deltaNs }) => Math.abs(deltaNs) >= MIN_SHIFT_NS);
  }
  steps = steps.map((step) => ({ ...step, ...placeOf(step, pairs, skew) }));
  const fit = { skew, steps, atNs: instant };
  const floors = [floorsOf(forward, 1, fit), floorsOf(reverse, -1, fit)] as const;
  // As far as the skew is in doubt, so is the interval: it must hold the truth for every skew that may be. The size of a step is
  // known less well than a delay, so pairs before the first step speak alone where there are enough.
  const early = ([forward, reverse] as const).map((points) => beforeFirst(points, steps));
  const isEnough = early.every(({ timeNs }) => timeNs.length >= MIN_SKEW_PAIRS);
  const [there, back] = isEnough ? early : [forward, reverse];
  const least = lowestOf(there!, 1, fit, doubt);
  const leastBack = lowestOf(back!, -1, fit, doubt);
  return {
    ...fit,
    skewDoubt: doubt,
    unidentified: reason,
    routes,
    rttMinNs: smallestRoundTrip(forward, reverse, fit),
    lowNs: leastBack === null ? null : -leastBack,
    highNs: least,
    floors,
  };
}

/** Rough skew between steps. */
function levelSlope({ forward, reverse }: Pair, course: Course): number {
  const bins = binned(corrected(forward, 1, course), corrected(reverse, -1, course));
  return bins === null ? 0 : medianSlope(bins);
}

function beforeFirst(points: Points, steps: readonly FittedStep[]): Points {
  const first = steps[0];
  if (first === undefined) return points;
  const end = firstAtOrAfter(points.timeNs, first.atNs - first.withinNs);
  return {
    timeNs: points.timeNs.slice(0, end),
    delayNs: points.delayNs.slice(0, end),
    path: points.path.slice(0, end),
    source: points.source.slice(0, end),
  };
}

function smallestRoundTrip(forward: Points, reverse: Points, fit: Course): number | null {
  const floors = (
    [
      [forward, 1],
      [reverse, -1],
    ] as const
  ).map(([points, sign]) => floorsOf(cutAt(points, fit.steps), sign, { ...fit, steps: [] }));
  const sums = [...floors[0]!].flatMap(([key, floor]) => {
    const back = floors[1]!.get(key);
    return back === undefined ? [] : [floor + back];
  });
  return sums.length === 0 ? null : Math.min(...sums);
}

interface Pair {
  readonly forward: Points;
  readonly reverse: Points;
}

function whyNoSkew(forward: Points, reverse: Points): string | null {
  const counts = [forward.timeNs.length, reverse.timeNs.length] as const;
  if (counts[0] === 0 || counts[1] === 0)
    return 'only one direction has pairs: a drifting clock and a filling queue look the same';
  if (Math.min(...counts) < MIN_SKEW_PAIRS)
    return `a direction has fewer than ${MIN_SKEW_PAIRS} pairs (${counts.join(' and ')})`;
  const span =
    Math.min(forward.timeNs.at(-1)!, reverse.timeNs.at(-1)!) -
    Math.max(forward.timeNs[0]!, reverse.timeNs[0]!);
  if (span < MIN_SKEW_SPAN_NS) return 'both directions share less than 10 s';
  return null;
}

/** Those with most pairs in the weaker direction. */
function largestPaths(forward: Points, reverse: Points): number[] {
  const count = (points: Points): Map<number, number> => {
    const map = new Map<number, number>();
    for (const path of points.path) map.set(path, (map.get(path) ?? 0) + 1);
    return map;
  };
  const [there, back] = [count(forward), count(reverse)];
  return [...there]
    .map(([path, pairs]) => ({ path, pairs: Math.min(pairs, back.get(path) ?? 0) }))
    .filter(({ pairs }) => pairs > 0)
    .sort((a, b) => b.pairs - a.pairs || a.path - b.path)
    .slice(0, PATHS_SEARCHED)
    .map(({ path }) => path);
}

/** Steps that at least half of the paths with anything to say show within two seconds: a clock steps for all of them. */
function agreed(lists: readonly (readonly Shift[])[]): Shift[] {
  const found: Shift[] = [];
  const all = lists
    .flatMap((list, path) => list.map((shift) => ({ shift, path })))
    .sort((a, b) => a.shift.atNs - b.shift.atNs);
  for (let from = 0; from < all.length;) {
    let to = from + 1;
    while (to < all.length && all[to]!.shift.atNs - all[from]!.shift.atNs < 2e9) to += 1;
    const group = all.slice(from, to);
    const paths = new Set(group.map(({ path }) => path)).size;
    if (paths * 2 >= Math.min(lists.length, 2)) {
      const best = group.reduce((a, b) => (b.shift.withinNs < a.shift.withinNs ? b : a)).shift;
      found.push(best);
    }
    from = to;
  }
  return found;
}

/** A jump is known to lie somewhere in here: pairs of that time belong to neither side. */
function guardOf({ withinNs }: { readonly withinNs: number }): number {
  return Math.max(MIN_GUARD_NS, 2 * withinNs);
}

/** Before and after a jump of the clock or of the path's level are two paths to the slope: only what lies between counts. */
function cutAt(
  points: Points,
  jumps: readonly { readonly atNs: number; readonly withinNs: number }[],
): Points {
  if (jumps.length === 0) return points;
  const kept: number[] = [];
  points.timeNs.forEach((time, at) => {
    if (jumps.every((jump) => Math.abs(time - jump.atNs) > guardOf(jump))) kept.push(at);
  });
  const parts = jumps.length + 1;
  return {
    timeNs: Float64Array.from(kept, (at) => points.timeNs[at]!),
    delayNs: Float64Array.from(kept, (at) => points.delayNs[at]!),
    path: Uint32Array.from(
      kept,
      (at) => points.path[at]! * parts + jumps.filter(({ atNs }) => points.timeNs[at]! >= atNs).length,
    ),
    source: Uint32Array.from(kept, (at) => points.source[at]!),
  };
}

/** What the even and the odd pairs by themselves make of the skew, against the whole. */
function halves(forward: Points, reverse: Points, course: Course, whole: number): number[] {
  return [0, 1].map((odd) => {
    const half = (points: Points): Points => {
      const keep = (_: number, at: number): boolean => at % 2 === odd;
      return {
        timeNs: points.timeNs.filter(keep),
        delayNs: points.delayNs.filter(keep),
        path: points.path.filter(keep),
        source: points.source.filter(keep),
      };
    };
    return Math.abs((slopeOf(half(forward), 1, course) - slopeOf(half(reverse), -1, course)) / 2 - whole);
  });
}

/** Smallest delay once θ's course is taken off, with the skew as far off as it may be in the way that raises it. */
function lowestOf(points: Points, sign: 1 | -1, course: Course, doubt: number): number | null {
  if (points.timeNs.length === 0) return null;
  let [fast, slow] = [Infinity, Infinity];
  for (let at = 0; at < points.timeNs.length; at++) {
    if (isAstride(course, points.timeNs[at]!)) continue;
    const delay = points.delayNs[at]! - sign * drift(course, points.timeNs[at]!);
    const shift = doubt * (points.timeNs[at]! - course.atNs);
    fast = Math.min(fast, delay + shift);
    slow = Math.min(slow, delay - shift);
  }
  return Math.max(fast, slow);
}

type Course = Pick<ClockFit, 'skew' | 'steps' | 'atNs'>;

function corrected(points: Points, sign: 1 | -1, course: Course): Points {
  return {
    ...points,
    delayNs: points.delayNs.map((delay, at) => delay - sign * drift(course, points.timeNs[at]!)),
  };
}

/** A clock that gains more than this is no clock of a computer. */
const MAX_SKEW = 0.001;

/** What is left of the slope of a direction's floor; each path, and each stretch between jumps, has a level of its own. */
function slopeOf(points: Points, sign: 1 | -1, course: Course): number {
  const groups = new Map<number, { x: number[]; y: number[] }>();
  for (let at = 0; at < points.timeNs.length; at++) {
    const time = points.timeNs[at]!;
    let group = groups.get(points.path[at]!);
    if (group === undefined) groups.set(points.path[at]!, (group = { x: [], y: [] }));
    group.x.push(time);
    group.y.push(points.delayNs[at]! - sign * course.skew * (time - course.atNs));
  }
  return commonLowerSlope([...groups.values()], MAX_SKEW, GRAIN_NS) ?? 0;
}

function floorsOf(points: Points, sign: 1 | -1, course: Course): Map<number, number> {
  const floors = new Map<number, number>();
  for (let at = 0; at < points.timeNs.length; at++) {
    // On the wrong side of a step a packet would be faster than the path can be, and all others late.
    if (isAstride(course, points.timeNs[at]!)) continue;
    const delay = points.delayNs[at]! - sign * drift(course, points.timeNs[at]!);
    const path = points.path[at]!;
    if (delay < (floors.get(path) ?? Infinity)) floors.set(path, delay);
  }
  return floors;
}

/**
 * Between which packets of all paths a step lies. No packet is faster than its path's floor: one that is faster than the floor
 * before the step was sent after it, and the other way round. The edge alone may be off by packets that were slow just then.
 */
function placeOf(
  { atNs, withinNs, deltaNs }: FittedStep,
  pairs: readonly Pair[],
  skew: number,
): Pick<FittedStep, 'atNs' | 'withinNs'> | null {
  let [last, first] = [-Infinity, Infinity];
  for (const { forward, reverse } of pairs)
    for (const [points, sign] of [
      [forward, 1],
      [reverse, -1],
    ] as const) {
      const near = (from: number, to: number): [number, number][] =>
        Array.from(
          points.timeNs.subarray(firstAtOrAfter(points.timeNs, from), firstAtOrAfter(points.timeNs, to)),
          (time, index) => {
            const delay = points.delayNs[firstAtOrAfter(points.timeNs, from) + index]!;
            return [time, delay - sign * skew * time];
          },
        );
      const guard = guardOf({ withinNs });
      const floor = (samples: readonly [number, number][]): number =>
        Math.min(...samples.map(([, delay]) => delay));
      const before = floor(near(atNs - STEP_WINDOW_NS, atNs - guard));
      const after = floor(near(atNs + guard, atNs + STEP_WINDOW_NS));
      const half = (before + after) / 2;
      if (!Number.isFinite(half) || Math.abs(after - before - sign * deltaNs) > Math.abs(deltaNs) / 2)
        continue;
      for (const [time, delay] of near(atNs - guard, atNs + guard)) {
        if (delay >= half) continue;
        if (before < after) last = Math.max(last, time);
        else first = Math.min(first, time);
      }
    }
  return Number.isFinite(last) && Number.isFinite(first) && last < first
    ? { atNs: first, withinNs: first - last }
    : null;
}

/** Floors of the minute before and after, skew taken off, in both directions. */
function stepSize(
  step: FittedStep,
  index: number,
  steps: readonly FittedStep[],
  pairs: readonly { readonly forward: Points; readonly reverse: Points }[],
  skew: number,
): number | null {
  const from = Math.max(step.atNs - STEP_WINDOW_NS, steps[index - 1]?.atNs ?? -Infinity);
  const to = Math.min(step.atNs + STEP_WINDOW_NS, steps[index + 1]?.atNs ?? Infinity);
  const least = (points: Points, sign: number, low: number, high: number): number => {
    let min = Infinity;
    const end = firstAtOrAfter(points.timeNs, high);
    for (let at = firstAtOrAfter(points.timeNs, low); at < end; at++)
      min = Math.min(min, points.delayNs[at]! - sign * skew * points.timeNs[at]!);
    return min;
  };
  for (const { forward, reverse } of pairs) {
    // One packet of the far side among those of this would halve the step: first without the time in doubt.
    for (const guard of [guardOf(step), 0]) {
      const [before, after] = [step.atNs - Math.max(guard, step.withinNs), step.atNs + guard];
      const there = least(forward, 1, after, to) - least(forward, 1, from, before);
      const back = least(reverse, -1, after, to) - least(reverse, -1, from, before);
      const size = (there - back) / 2;
      if (Number.isFinite(size)) return size;
    }
  }
  return null;
}
