/**
 * Silences of both captures together, as between two evenings given as one: nothing says that the clocks ran on through them.
 * What they gained there is the opposite change of both directions' floors, of packets shortly before and after.
 */

import { quantileType7 } from '../statistics/quantile.ts';
import { MIN_SHIFT_NS } from './coincidences.ts';
import { corrected, type Course, type FittedStep } from './course.ts';
import { firstAtOrAfter, kept, type Points } from './points.ts';
import { MIN_PACKETS } from './rulers.ts';
import type { Pair } from './steps.ts';

/** Shorter silences are those of the traffic. */
const MIN_GAP_NS = 60e9;
/** Where so many are, the traffic is like that. */
const MOST_GAPS = 20;
/** Packets of so long on either side speak of the level, by the fastest of them. */
const BESIDE_NS = 60e9;
const FLOOR_QUANTILE = 0.005;
/** What both directions share in a clock's change, against what they do not. */
const COMMON_SHARE = 0.4;
/** What the skew may have done in the meantime is no step. */
const DOUBTS = 3;

export interface Gap {
  /** First packet after it. */
  readonly atNs: number;
  readonly lengthNs: number;
  readonly frame: number;
  readonly lastFrame: number;
  /** It is known to the packet, so nothing beside it is in doubt. */
  readonly withinNs: 0;
}

export function gapsOf(forward: Points, reverse: Points): Gap[] {
  const gaps: Gap[] = [];
  const next = [0, 0];
  const ways = [forward, reverse];
  let [lastNs, lastFrame] = [Infinity, 0];
  for (;;) {
    const times = ways.map(({ timeNs }, way) => timeNs[next[way]!] ?? Infinity);
    const way = times[0]! <= times[1]! ? 0 : 1;
    const atNs = times[way]!;
    if (atNs === Infinity) break;
    const frame = ways[way]!.clientFrame[next[way]!]!;
    if (atNs - lastNs >= MIN_GAP_NS)
      gaps.push({ atNs, lengthNs: atNs - lastNs, frame, lastFrame, withinNs: 0 });
    [lastNs, lastFrame] = [atNs, Math.max(lastFrame, frame)];
    next[way]! += 1;
  }
  return gaps.length > MOST_GAPS ? [] : gaps;
}

/** A path before, between and after them. */
export function partsOf(gaps: readonly Gap[], { forward, reverse }: Pair): Pair[] {
  const borders = [-Infinity, ...gaps.map(({ atNs }) => atNs), Infinity];
  return borders.slice(1).map((to, at) => {
    const part = (points: Points): Points =>
      kept(points, (place) => points.timeNs[place]! >= borders[at]! && points.timeNs[place]! < to);
    return { forward: part(forward), reverse: part(reverse) };
  });
}

/** @param doubt of the course's skew. */
export function stepsAcross(
  gaps: readonly Gap[],
  pairs: readonly Pair[],
  course: Course,
  doubt: number,
): FittedStep[] {
  if (gaps.length === 0) return [];
  const levels = pairs.map(
    ({ forward, reverse }) => [corrected(forward, 1, course), corrected(reverse, -1, course)] as const,
  );
  return gaps.flatMap((gap) => {
    const changes = levels.flatMap((ways) => {
      const [there, back] = ways.map((points) => change(points, gap)) as [number | null, number | null];
      return there === null || back === null ? [] : [{ there, back }];
    });
    const opposite = changes.filter(({ there, back }) => {
      const size = (Math.abs(there) + Math.abs(back)) / 2;
      const least = Math.min(Math.abs(there), Math.abs(back));
      return there * back < 0 && size - least <= COMMON_SHARE * size;
    });
    if (opposite.length * 2 <= changes.length) return [];
    const sizes = Float64Array.from(opposite, ({ there, back }) => (there - back) / 2);
    const deltaNs = quantileType7(sizes.sort(), 0.5) ?? 0;
    if (Math.abs(deltaNs) < Math.max(MIN_SHIFT_NS, DOUBTS * doubt * gap.lengthNs)) return [];
    return [{ ...gap, end: 'client' as const, deltaNs, silentNs: gap.lengthNs }];
  });
}

/** What the clocks are apart after each more than before it: a step, and what they drifted in the meantime. */
export function jumpsAcross(
  gaps: readonly Gap[],
  steps: readonly FittedStep[],
  skew: number,
): readonly FittedStep[] {
  return gaps.flatMap((gap) => {
    const step = steps.find(({ atNs, silentNs }) => silentNs !== undefined && atNs === gap.atNs);
    const deltaNs = (step?.deltaNs ?? 0) + skew * gap.lengthNs;
    if (Math.abs(deltaNs) < MIN_SHIFT_NS) return [];
    return [{ ...gap, end: 'client' as const, deltaNs, silentNs: gap.lengthNs }];
  });
}

/** By how much the level of a direction is another one after the gap; null where too few packets tell. */
function change({ timeNs, delayNs }: Points, { atNs, lengthNs }: Gap): number | null {
  const level = (from: number, to: number): number | null => {
    const delays = delayNs.slice(firstAtOrAfter(timeNs, from), firstAtOrAfter(timeNs, to));
    return delays.length < MIN_PACKETS ? null : quantileType7(delays.sort(), FLOOR_QUANTILE);
  };
  const before = level(atNs - lengthNs - BESIDE_NS, atNs - lengthNs / 2);
  const after = level(atNs, atNs + BESIDE_NS);
  return before === null || after === null ? null : after - before;
}
