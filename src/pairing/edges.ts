/**
 * Clock steps by their edge: at one instant both directions move by opposite amounts, which no queue does, and the floors
 * stay moved, which no coincidence of two queues does.
 *
 * A step parts the packets of the end whose clock it was, so packets are taken in the order of that end's capture: once in
 * the client's, once in the server's. No round trip blurs the edge then, however long it is.
 *
 * How large a coincidence these queues can make is not assumed but counted: where both directions move the *same* way at one
 * instant no clock was involved (a decoy), and chance moves them together as often as apart. A step must stand out from the
 * decoys around it and from those of the whole capture; the size that would is told with the answer.
 *
 * An edge is looked for with several rulers (`rulers.ts`).
 */

import { quantileType7 } from '../statistics/quantile.ts';
import { blocksOf, coincidences, limitsOf, USUAL_QUANTILE, type Blocks } from './coincidences.ts';
import { floorsMoved, mergedBy, roomOf, thinned, type Merged } from './merged.ts';
import { firstAtOrAfter, type Cut, type Points } from './points.ts';
import { MIN_PACKETS, rulersOf } from './rulers.ts';

/** A jump of the smallest delays. */
export interface Shift extends Cut {
  /** How far before `atNs` it could lie. */
  readonly withinNs: number;
  readonly forwardNs: number;
  readonly reverseNs: number;
}

export interface Edges {
  readonly steps: readonly Shift[];
  /**
   * The size from which a step would have been found at 99 % of the instants that are so far from the captures' ends that it
   * could be seen to last; null where there are none.
   */
  readonly detectableNs: number | null;
}

/** An edge is at least so long. */
const NEAR_NS = 0.5e9;
/** From so many of these instants on a few packets take no longer than an edge. */
const SPAN_QUANTILE = 0.9;
const SPANS = 1000;
/** A ruler that must see a step sees at least this share of it. */
const DENIED_SHARE = 0.25;
/** So long, or twice as long where a queue hides the floor, or so many times how long an edge is, the floors must stay moved. */
const LASTING = { ns: 30e9, edges: 4 };
/** Near an end of the captures less than that has to do. */
const LEAST_LASTING = { ns: 20e9, edges: 3 };
const LASTING_SHARE = 0.5;
/** An edge so many times above what chance makes needs to last only for a few seconds: queues that never empty hide a floor. */
const CLEAR_FACTOR = 3;
const CLEAR_LASTING = { ns: 5e9, edges: 1 };
const DETECTABLE_QUANTILE = 0.99;
const TOLD_FACTOR = 1.25;
const SIZES_A_BLOCK = 4;
/** What is so far below the size that would surely be found is not claimed. */
const LEAST_SHARE = 0.5;

/** What one ruler makes of one order. */
interface Reading {
  readonly merged: Merged;
  readonly jumps: readonly [Float64Array, Float64Array];
  /** By block: what a coincidence must reach to stand out. */
  readonly needed: Float64Array;
  readonly reachNs: number;
  readonly isFloor: boolean;
  readonly isSharpest: boolean;
}

interface Candidate {
  readonly reading: Reading;
  readonly merged: Merged;
  readonly boundary: number;
  readonly forward: number;
  readonly reverse: number;
  /** Times what it has to be. */
  readonly ratio: number;
  readonly reachNs: number;
}

const sizeOf = ({ forward, reverse }: Pick<Candidate, 'forward' | 'reverse'>): number =>
  (forward - reverse) / 2;

/** `slope` of θ, per ns, is taken off. Null where packets are too few for an edge to be seen. */
export function findEdges(forward: Points, reverse: Points, slope: number): Edges | null {
  const nearNs = nearOf(forward, reverse);
  if (nearNs === null) return null;
  const [there, back] = [thinned(forward), thinned(reverse)];
  const candidates: Candidate[] = [];
  const limits: Float64Array[] = [];
  let blocks: Blocks | null = null;
  let first: Merged | null = null;
  for (const end of ['client', 'server'] as const) {
    const merged = mergedBy(end, nearNs, there, back, slope);
    const own = blocksOf(merged);
    blocks ??= own;
    first ??= merged;
    const readings: Reading[] = [];
    const standing: Candidate[] = [];
    for (const ruler of rulersOf(nearNs, merged.time.at(-1)! - merged.time[0]!)) {
      const jumps = [ruler.jumps(merged.lanes[0]), ruler.jumps(merged.lanes[1])] as const;
      const { targets, decoys } = coincidences(merged, jumps);
      const { needed, seen } = limitsOf(decoys, own, jumps);
      if (end === 'client') limits.push(seen);
      const { reachNs, isFloor } = ruler;
      const reading = { merged, jumps, needed, reachNs, isFloor, isSharpest: readings.length === 0 };
      readings.push(reading);
      standing.push(...standingOut(reading, targets, own));
    }
    candidates.push(
      ...standing.filter((candidate) => readings.every((reading) => !denies(reading, candidate, own))),
    );
  }
  const sizes = sizesSeen(limits, blocks!, first!);
  const quantile = (given: readonly SizeSeen[], share: number): number | null =>
    quantileType7(Float64Array.from(given, ({ sizeNs }) => sizeNs).sort(), share);
  const roomy = sizes.filter(({ hasRoom }) => hasRoom);
  // Smaller ones may be true, and may be the luck of one quiet instant.
  const leastNs = LEAST_SHARE * (quantile(roomy.length > 0 ? roomy : sizes, USUAL_QUANTILE) ?? 0);
  const isLarge = (candidate: Candidate): boolean => Math.abs(sizeOf(candidate)) >= leastNs;
  return {
    steps: settled(candidates.filter(isLarge)),
    // An unfound step hides itself in the floors around it, so what is told has a margin.
    detectableNs: roomy.length === 0 ? null : TOLD_FACTOR * quantile(roomy, DETECTABLE_QUANTILE)!,
  };
}

/**
 * How long an edge is: the time that a few packets of the sparser direction take, on average and nearly always, because what
 * comes in bursts leaves less for the time between them. Null where there are too few at all.
 */
function nearOf(forward: Points, reverse: Points): number | null {
  const counts = [forward.timeNs.length, reverse.timeNs.length] as const;
  if (Math.min(...counts) < 4 * MIN_PACKETS) return null;
  const from = Math.max(forward.timeNs[0]!, reverse.timeNs[0]!);
  const to = Math.min(forward.timeNs.at(-1)!, reverse.timeNs.at(-1)!);
  if (to <= from) return null;
  const mean = (1.2 * MIN_PACKETS * (to - from)) / Math.min(...counts);
  return Math.max(NEAR_NS, mean, ...[forward, reverse].map((points) => usualSpan(points, from, to)));
}

/** From instants that are spread evenly over the time both share until `MIN_PACKETS` have come. */
function usualSpan({ timeNs }: Points, from: number, to: number): number {
  const spans = Float64Array.from({ length: SPANS }, (_, at) => {
    const instant = from + ((to - from) * at) / SPANS;
    const last = timeNs[firstAtOrAfter(timeNs, instant) + MIN_PACKETS - 1] ?? to;
    return last - instant;
  });
  return quantileType7(spans.sort(), SPAN_QUANTILE) ?? 0;
}

function standingOut(reading: Reading, targets: Float64Array, { of }: Blocks): Candidate[] {
  const { merged, jumps, needed, reachNs } = reading;
  const found: Candidate[] = [];
  for (let boundary = 0; boundary < targets.length; boundary++) {
    const ratio = targets[boundary]! / needed[of[boundary]!]!;
    if (ratio < 1) continue;
    const candidate = {
      reading,
      merged,
      boundary,
      forward: jumps[0][merged.before[0][boundary]!]!,
      reverse: jumps[1][merged.before[1][boundary]!]!,
      ratio,
      reachNs,
    };
    const last = found.at(-1);
    const isNear =
      last !== undefined && Math.abs(merged.time[boundary]! - merged.time[last.boundary]!) <= 2 * reachNs;
    if (!isNear) found.push(candidate);
    else if (ratio > last.ratio) found[found.length - 1] = candidate;
  }
  return found;
}

/** A ruler that would have seen a step of this size and does not. */
function denies(
  { merged, jumps, needed, isSharpest }: Reading,
  candidate: Candidate,
  { of }: Blocks,
): boolean {
  const isSure = Math.abs(sizeOf(candidate)) >= needed[of[candidate.boundary]!]!;
  // Floors of some length move against each other by and by; an edge is one in the next packets too.
  if (!isSure && !(isSharpest && candidate.reading.isFloor)) return false;
  const forward = jumps[0][merged.before[0][candidate.boundary]!]!;
  const reverse = jumps[1][merged.before[1][candidate.boundary]!]!;
  if (Number.isNaN(forward) || Number.isNaN(reverse)) return false;
  const share = sizeOf({ forward, reverse }) / sizeOf(candidate);
  return share < DENIED_SHARE || share > 1 / DENIED_SHARE;
}

/** The clearest first; of those that lie near one already taken, none: a second step there is seen once the first is off. */
function settled(candidates: readonly Candidate[]): Shift[] {
  const ranked = [...candidates].sort((a, b) => b.ratio - a.ratio || a.boundary - b.boundary);
  const taken: { readonly candidate: Candidate; readonly shift: Shift }[] = [];
  for (const candidate of ranked) {
    const shift = shiftOf(candidate);
    const isNear = taken.some(
      (other) =>
        Math.abs(other.shift.atNs - shift.atNs) <= 2 * Math.max(candidate.reachNs, other.candidate.reachNs),
    );
    if (isNear || !lasts(candidate)) continue;
    taken.push({ candidate, shift });
  }
  return taken.map(({ shift }) => shift).sort((a, b) => a.atNs - b.atNs);
}

type Span = typeof LASTING;

function lasts(candidate: Candidate): boolean {
  const { merged, boundary } = candidate;
  // Near an end of the captures there is nothing that it could last for.
  const room = roomOf(merged, boundary);
  const isKept = (reachNs: number): boolean => {
    const share = floorsMoved(merged, boundary, reachNs).apart / sizeOf(candidate);
    return share > LASTING_SHARE && share < 1 / LASTING_SHARE;
  };
  const least = long(LEAST_LASTING, merged);
  const clear = long(CLEAR_LASTING, merged);
  return (
    (room >= least && (isKept(long(LASTING, merged)) || isKept(2 * long(LASTING, merged)))) ||
    (room >= clear && candidate.ratio >= CLEAR_FACTOR && isKept(clear))
  );
}

function long({ ns, edges }: Span, { nearNs }: Merged): number {
  return Math.max(ns, edges * nearNs);
}

function shiftOf(candidate: Candidate): Shift {
  const { merged, boundary } = candidate;
  const edges = merged.lanes.map((lane, way) => ({ lane, at: merged.before[way]![boundary]! }));
  const after = edges.map(({ lane, at }) => lane.clientTime[at] ?? Infinity);
  const last = edges.map(({ lane, at }) => lane.clientTime[at - 1] ?? -Infinity);
  const frames = edges.map(({ lane, at }) => lane.frame[at] ?? Infinity);
  const lastFrames = edges.map(({ lane, at }) => lane.frame[at - 1] ?? 0);
  const atNs = Math.min(...after);
  return {
    atNs,
    withinNs: Math.abs(atNs - Math.max(...last)),
    end: merged.end,
    frame: Math.min(...frames),
    lastFrame: Math.max(...lastFrames),
    forwardNs: candidate.forward,
    reverseNs: candidate.reverse,
  };
}

interface SizeSeen {
  readonly sizeNs: number;
  readonly hasRoom: boolean;
}

/** By the ruler that sees most at each time, and by what the floors do there without any step. */
function sizesSeen(limits: readonly Float64Array[], { count, of }: Blocks, merged: Merged): SizeSeen[] {
  const sizes: SizeSeen[] = [];
  const stride = Math.max(1, Math.floor(of.length / (SIZES_A_BLOCK * count)));
  for (let boundary = stride; boundary < of.length; boundary += stride) {
    const block = of[boundary]!;
    const edge = Math.min(...limits.map((limit) => limit[block]!));
    // A step that was not found moves them apart; what they do together none does, and chance as often.
    const { apart, together } = floorsMoved(merged, boundary, long(LASTING, merged));
    const floors = Math.max(Math.abs(apart), Math.abs(together)) / LASTING_SHARE;
    sizes.push({
      sizeNs: Math.max(edge, Number.isFinite(floors) ? Math.min(floors, CLEAR_FACTOR * edge) : edge),
      hasRoom: roomOf(merged, boundary) >= long(LEAST_LASTING, merged),
    });
  }
  return sizes;
}
