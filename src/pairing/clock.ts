/**
 * Two clocks told from two directions of delay.
 *
 *   forward  y = d_f + θ(t)      reverse  z = d_r − θ(t)      θ = server clock − client clock
 *
 * The sum is free of θ, so queueing and the smallest round trip are exact; θ itself is known as the interval [−min z, min y],
 * whose width is the smallest round trip. Steps are cut out first (`edges`), skew is what the lower hulls of both
 * directions agree on with opposite signs; what they agree on with the same sign is a drift of the queues.
 */

import { commonLowerSlope } from '../statistics/hull.ts';
import { MIN_SHIFT_NS } from './coincidences.ts';
import { corrected, driftOf, isAstride, type Course, type FittedStep } from './course.ts';
import { gapsOf, jumpsAcross, partsOf, stepsAcross } from './gaps.ts';
import { binned, medianSlope, routeShifts, type RouteShift } from './level-shifts.ts';
import { isAfter, kept, ofPath, type Points } from './points.ts';
import { agreed, guardOf, refined, search, type Pair } from './steps.ts';

export interface ClockFit {
  /** Of θ, per ns; 0 when not identified. */
  readonly skew: number;
  readonly skewDoubt: number;
  /** Why there is no skew; null when there is. */
  readonly unidentified: string | null;
  readonly steps: readonly FittedStep[];
  /** What packets are matched without: the steps, and across a silence what the clocks drifted in it, too. */
  readonly jumps: readonly FittedStep[];
  /** A step of this size or more would have been found, at nearly any time; null where nothing was looked for. */
  readonly detectableNs: number | null;
  readonly routes: readonly RouteShift[];
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
const ROUNDS = 3;
/** Of capture clocks. */
const GRAIN_NS = 1000;

export function fitClock(forward: Points, reverse: Points): ClockFit {
  const atNs = Math.max(forward.timeNs[0] ?? -Infinity, reverse.timeNs[0] ?? -Infinity);
  const instant = Number.isFinite(atNs) ? atNs : 0;
  const paths = largestPaths(forward, reverse);
  const pairs = paths.map((path) => ({ forward: ofPath(forward, path), reverse: ofPath(reverse, path) }));
  const gaps = gapsOf(forward, reverse);
  // Nothing is looked for across a silence.
  const parts = gaps.length === 0 ? pairs : pairs.flatMap((pair) => partsOf(gaps, pair));
  const ofFirst = parts.slice(0, gaps.length + 1);
  const first = longest(ofFirst);
  let [edges, steps]: [FittedStep[], FittedStep[]] = [[], []];
  let skew = first === undefined ? 0 : levelSlope(first, { skew: 0, steps, atNs: instant });
  let routes: RouteShift[] = [];
  let doubt = 0;
  let detectableNs: number | null = null;
  const reason = whyNoSkew(forward, reverse);
  if (reason !== null) skew = 0;
  const withThoseAcross = (known: readonly FittedStep[]): FittedStep[] => {
    const across = stepsAcross(gaps, pairs, { skew, steps: known, atNs: instant }, doubt);
    return [...known, ...across].sort((a, b) => a.atNs - b.atNs);
  };
  // A better slope shows smaller steps, and known steps give a better slope.
  for (let round = 0; round < ROUNDS; round++) {
    const course = { skew: 0, steps, atNs: instant };
    const searches = parts.map((pair) =>
      search(corrected(pair.forward, 1, course), corrected(pair.reverse, -1, course), skew),
    );
    const told = searches.flatMap((found) => found.detectableNs ?? []);
    detectableNs = told.length === 0 ? null : Math.min(...told);
    const found = agreed(searches).filter(({ atNs: at }) =>
      steps.every((step) => Math.abs(step.atNs - at) > 2e9),
    );
    edges = [
      ...edges,
      ...found.map(({ forwardNs, reverseNs, ...edge }) => ({
        ...edge,
        deltaNs: (forwardNs - reverseNs) / 2,
      })),
    ].sort((a, b) => a.atNs - b.atNs);
    if (reason !== null) {
      steps = edges;
      break;
    }
    if (round === 0 && first !== undefined)
      skew = levelSlope(first, { skew: 0, steps: edges, atNs: instant });
    edges = refined(edges, pairs, skew);
    steps = withThoseAcross(edges);
    const rest = { skew, steps, atNs: instant };
    routes = ofFirst.flatMap((part) =>
      routeShifts(corrected(part.forward, 1, rest), corrected(part.reverse, -1, rest)),
    );
    const jumps = [...steps, ...routes, ...gaps];
    const [cutForward, cutReverse] = [cutAt(forward, jumps), cutAt(reverse, jumps)];
    const there = slopeOf(cutForward, 1, rest);
    const back = slopeOf(cutReverse, -1, rest);
    const change = (there - back) / 2;
    skew += change;
    doubt = Math.abs(there + back) / 2 + wander(cutForward, cutReverse, rest, change);
    // What a rough slope made of a smooth drift shrinks to nothing under a better one.
    edges = refined(edges, pairs, skew).filter(({ deltaNs }) => Math.abs(deltaNs) >= MIN_SHIFT_NS);
    steps = withThoseAcross(edges);
  }
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
    jumps: [...edges, ...jumpsAcross(gaps, steps, skew)].sort((a, b) => a.atNs - b.atNs),
    skewDoubt: doubt,
    unidentified: reason,
    detectableNs,
    routes,
    rttMinNs: smallestRoundTrip(forward, reverse, fit),
    lowNs: leastBack === null ? null : -leastBack,
    highNs: least,
    floors,
  };
}

/** That with most packets in its weaker direction. */
function longest(parts: readonly Pair[]): Pair | undefined {
  const size = ({ forward, reverse }: Pair): number => Math.min(forward.timeNs.length, reverse.timeNs.length);
  return [...parts].sort((a, b) => size(b) - size(a))[0];
}

/** Rough skew between steps. */
function levelSlope({ forward, reverse }: Pair, course: Course): number {
  const bins = binned(corrected(forward, 1, course), corrected(reverse, -1, course));
  return bins === null ? 0 : medianSlope(bins);
}

function beforeFirst(points: Points, steps: readonly FittedStep[]): Points {
  return kept(points, (at) =>
    steps.every((step) => points.timeNs[at]! < step.atNs - step.withinNs && !isAfter(points, at, step)),
  );
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

/** Before and after a jump of the clock or of the path's level are two paths to the slope: only what lies between counts. */
function cutAt(
  points: Points,
  jumps: readonly { readonly atNs: number; readonly withinNs: number }[],
): Points {
  if (jumps.length === 0) return points;
  const sorted = [...jumps].sort((a, b) => a.atNs - b.atNs);
  const guards = sorted
    .map((jump) => ({ from: jump.atNs - guardOf(jump), to: jump.atNs + guardOf(jump) }))
    .sort((a, b) => a.from - b.from);
  let [next, until] = [0, -Infinity];
  const left = kept(points, (at) => {
    const time = points.timeNs[at]!;
    for (; next < guards.length && guards[next]!.from <= time; next++)
      until = Math.max(until, guards[next]!.to);
    return time > until;
  });
  const parts = jumps.length + 1;
  let part = 0;
  const path = left.path.map((own, at) => {
    while (part < sorted.length && sorted[part]!.atNs <= left.timeNs[at]!) part += 1;
    return own * parts + part;
  });
  return { ...left, path };
}

/**
 * What parts of the pairs by themselves make of the skew, against the whole: the even and the odd ones for what chance does
 * to a floor, the first and the last half of the time for a queue that never empties and wanders.
 */
function wander(forward: Points, reverse: Points, course: Course, whole: number): number {
  const middleNs = (Math.min(forward.timeNs[0]!, reverse.timeNs[0]!) + latest(forward, reverse)) / 2;
  const parts: ((points: Points, at: number) => boolean)[] = [
    (_, at) => at % 2 === 0,
    (_, at) => at % 2 === 1,
    ({ timeNs }, at) => timeNs[at]! < middleNs,
    ({ timeNs }, at) => timeNs[at]! >= middleNs,
  ];
  const [even, odd, early, late] = parts.map((isIn) => {
    const part = (points: Points): Points => kept(points, (at) => isIn(points, at));
    return (slopeOf(part(forward), 1, course) - slopeOf(part(reverse), -1, course)) / 2;
  }) as [number, number, number, number];
  return Math.max(Math.abs(even - whole), Math.abs(odd - whole), Math.abs(early - late) / 2);
}

function latest(...all: readonly Points[]): number {
  return Math.max(...all.map(({ timeNs }) => timeNs.at(-1) ?? -Infinity));
}

/** Smallest delay once θ's course is taken off, with the skew as far off as it may be in the way that raises it. */
function lowestOf(points: Points, sign: 1 | -1, course: Course, doubt: number): number | null {
  if (points.timeNs.length === 0) return null;
  let [fast, slow] = [Infinity, Infinity];
  for (let at = 0; at < points.timeNs.length; at++) {
    if (isAstride(course, points, at)) continue;
    const delay = points.delayNs[at]! - sign * driftOf(course, points, at);
    const shift = doubt * (points.timeNs[at]! - course.atNs);
    fast = Math.min(fast, delay + shift);
    slow = Math.min(slow, delay - shift);
  }
  return Math.max(fast, slow);
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
    if (isAstride(course, points, at)) continue;
    const delay = points.delayNs[at]! - sign * driftOf(course, points, at);
    const path = points.path[at]!;
    if (delay < (floors.get(path) ?? Infinity)) floors.set(path, delay);
  }
  return floors;
}
