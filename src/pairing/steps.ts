/** Steps of the clock: looked for on each path, agreed between paths, then sized and placed by the floors of all. */

import type { FittedStep } from './course.ts';
import { findEdges, type Shift } from './edges.ts';
import { firstAtOrAfter, isAfter, type Cut, type Points } from './points.ts';

const STEP_WINDOW_NS = 60e9;
const MIN_GUARD_NS = 1e9;

/** Both directions of one path. */
export interface Pair {
  readonly forward: Points;
  readonly reverse: Points;
}

export interface Search {
  readonly steps: readonly Shift[];
  readonly detectableNs: number | null;
  readonly fromNs: number;
  readonly toNs: number;
}

export function search(forward: Points, reverse: Points, slope: number): Search {
  return {
    ...(findEdges(forward, reverse, slope) ?? { steps: [], detectableNs: null }),
    fromNs: Math.max(forward.timeNs[0] ?? Infinity, reverse.timeNs[0] ?? Infinity),
    toNs: Math.min(forward.timeNs.at(-1) ?? -Infinity, reverse.timeNs.at(-1) ?? -Infinity),
  };
}

/** Half of what a path would have shown without fail must be shown by it. */
const SURELY = 2;

/** A clock steps for all paths at once: a step counts where no more paths that must have seen it lack it than show it. */
export function agreed(searches: readonly Search[]): Shift[] {
  const found: Shift[] = [];
  const all = searches
    .flatMap(({ steps }, path) => steps.map((shift) => ({ shift, path })))
    .sort((a, b) => a.shift.atNs - b.shift.atNs);
  for (let from = 0; from < all.length;) {
    let to = from + 1;
    while (to < all.length && all[to]!.shift.atNs - all[from]!.shift.atNs < 2e9) to += 1;
    const group = all.slice(from, to);
    const best = group.reduce((a, b) => (b.shift.withinNs < a.shift.withinNs ? b : a)).shift;
    const size = Math.abs(best.forwardNs - best.reverseNs) / 2;
    const showing = new Set(group.map(({ path }) => path));
    const lacking = searches.filter(
      ({ detectableNs, fromNs, toNs }, path) =>
        !showing.has(path) &&
        detectableNs !== null &&
        size >= SURELY * detectableNs &&
        best.atNs > fromNs + STEP_WINDOW_NS &&
        best.atNs < toNs - STEP_WINDOW_NS,
    );
    if (showing.size >= lacking.length) found.push(best);
    from = to;
  }
  return found;
}

/** A jump is known to lie somewhere in here: pairs of that time belong to neither side. */
export function guardOf({ withinNs }: { readonly withinNs: number }): number {
  return Math.max(MIN_GUARD_NS, 2 * withinNs);
}

/** Sizes by the floors around each step, then places by the sizes. */
export function refined(steps: readonly FittedStep[], pairs: readonly Pair[], skew: number): FittedStep[] {
  const sized = steps.map((step, index) => ({
    ...step,
    deltaNs: stepSize(step, index, steps, pairs, skew) ?? step.deltaNs,
  }));
  return sized.map((step, index) => ({ ...step, ...placeOf(step, index, sized, pairs, skew) }));
}

/** Packets of the minute before and after a step, of those that no other step parts from it. */
function around(
  step: FittedStep,
  index: number,
  steps: readonly FittedStep[],
  points: Points,
  visit: (at: number) => void,
): void {
  const [before, after] = [steps[index - 1], steps[index + 1]];
  const from = Math.max(step.atNs - STEP_WINDOW_NS, before?.atNs ?? -Infinity);
  const to = Math.min(step.atNs + STEP_WINDOW_NS, after?.atNs ?? Infinity);
  for (let at = firstAtOrAfter(points.timeNs, from); at < points.timeNs.length; at++) {
    if (points.timeNs[at]! > to) return;
    if (before !== undefined && !isAfter(points, at, before)) continue;
    if (after !== undefined && isAfter(points, at, after)) continue;
    visit(at);
  }
}

/** Smallest level of the minute before and after a step, skew taken off, without the packets so near it. */
function levelsAround(
  step: FittedStep,
  index: number,
  steps: readonly FittedStep[],
  points: Points,
  sign: 1 | -1,
  skew: number,
  guardNs: number,
): readonly [low: number, high: number] {
  let [low, high] = [Infinity, Infinity];
  around(step, index, steps, points, (at) => {
    const time = points.timeNs[at]!;
    if (Math.abs(time - step.atNs) < guardNs) return;
    const level = points.delayNs[at]! - sign * skew * time;
    if (isAfter(points, at, step)) high = Math.min(high, level);
    else low = Math.min(low, level);
  });
  return [low, high];
}

/** By how much the floors of the minute before and after move apart. */
function stepSize(
  step: FittedStep,
  index: number,
  steps: readonly FittedStep[],
  pairs: readonly Pair[],
  skew: number,
): number | null {
  // One packet on the wrong side would halve the step: first without those of the time in doubt.
  for (const guardNs of [guardOf(step), 0])
    for (const { forward, reverse } of pairs) {
      const there = levelsAround(step, index, steps, forward, 1, skew, guardNs);
      const back = levelsAround(step, index, steps, reverse, -1, skew, guardNs);
      const size = (there[1] - there[0] - (back[1] - back[0])) / 2;
      if (Number.isFinite(size)) return size;
    }
  return null;
}

type Witness = readonly [frame: number, timeNs: number];

/**
 * Between which packets of all paths a step lies. No packet is faster than its path's floor: one that is faster than the floor
 * before the step passed after it, and the other way round. The edge alone may be off by packets that were slow just then.
 * Null where too little tells, or what tells does not agree in the order of either capture.
 */
function placeOf(
  step: FittedStep,
  index: number,
  steps: readonly FittedStep[],
  pairs: readonly Pair[],
  skew: number,
): (Cut & Pick<FittedStep, 'withinNs'>) | null {
  const guardNs = guardOf(step);
  const told: { readonly points: Points; readonly at: number; readonly isAfterStep: boolean }[] = [];
  for (const { forward, reverse } of pairs)
    for (const [points, sign] of [
      [forward, 1],
      [reverse, -1],
    ] as const) {
      const [low, high] = levelsAround(step, index, steps, points, sign, skew, guardNs);
      const isShown = Math.abs(high - low - sign * step.deltaNs) <= Math.abs(step.deltaNs) / 2;
      if (!Number.isFinite(high - low) || !isShown) continue;
      around(step, index, steps, points, (at) => {
        const time = points.timeNs[at]!;
        const level = points.delayNs[at]! - sign * skew * time;
        if (Math.abs(time - step.atNs) < guardNs && level < (low + high) / 2)
          told.push({ points, at, isAfterStep: high < low });
      });
    }
  for (const end of [step.end, step.end === 'client' ? 'server' : 'client'] as const) {
    let [last, first]: [Witness, Witness] = [
      [-Infinity, -Infinity],
      [Infinity, Infinity],
    ];
    for (const { points, at, isAfterStep } of told) {
      const frame = (end === 'client' ? points.clientFrame : points.serverFrame)[at]!;
      if (isAfterStep && frame < first[0]) first = [frame, points.timeNs[at]!];
      if (!isAfterStep && frame > last[0]) last = [frame, points.timeNs[at]!];
    }
    if (!Number.isFinite(first[0] - last[0]) || first[0] <= last[0]) continue;
    const [[lastFrame, lastNs], [frame, atNs]] = [last, first];
    return { end, frame, lastFrame, atNs, withinNs: Math.abs(atNs - lastNs) };
  }
  return null;
}
