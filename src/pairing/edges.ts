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
 * An edge is looked for with several rulers: lines through the packets on either side, which see through a queue that fills
 * or drains, and minima of longer and longer windows, which see through packets that scatter.
 */

import { quantileType7 } from '../statistics/quantile.ts';
import { kept, type Cut, type Points } from './points.ts';

/** A jump of the smallest delays. */
export interface Shift extends Cut {
  /** How far before `atNs` it could lie. */
  readonly withinNs: number;
  readonly forwardNs: number;
  readonly reverseNs: number;
}

/** Smaller jumps are not looked for. */
export const MIN_SHIFT_NS = 700_000;

export interface Edges {
  readonly steps: readonly Shift[];
  /**
   * The size from which a step would have been found at 99 % of the instants that are so far from the captures' ends that it
   * could be seen to last; null where there are none.
   */
  readonly detectableNs: number | null;
}

/** Packets of the sparser direction on either side of an edge; and how long that is at least. */
const MIN_PACKETS = 6;
const NEAR_NS = 0.5e9;
/** Packets on either side for a line; and windows for minima, in times how long an edge is. */
const LINES = [8, 24];
const WINDOWS = [1, 4];
const MIN_WINDOWS = 40;
/** Denser packets are thinned to about so many a direction, the fastest of each stretch. */
const MAX_POINTS = 1 << 16;
/** What both directions share in a jump, against what they do not. */
const COMMON_SHARE = 0.4;
const BLOCK_NS = 10e9;
const MIN_BLOCKS = 32;
/** Decoys so many blocks away speak of the queues as they are now. */
const LOCAL_BLOCKS = 30;
const LOCAL_FACTOR = 2.5;
const GLOBAL_QUANTILE = 0.99;
const GLOBAL_FACTOR = 1.75;
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
const USUAL_QUANTILE = 0.95;
const TOLD_FACTOR = 1.25;
const SIZES_A_BLOCK = 4;
/** What is so far below the size that would surely be found is not claimed. */
const LEAST_SHARE = 0.5;

/** One direction in the order of one capture. */
interface Lane {
  /** That capture's clock. */
  readonly time: Float64Array;
  readonly level: Float64Array;
  readonly frame: Uint32Array;
  readonly clientTime: Float64Array;
}

/** Both directions' packets in one order: how many of each came before each boundary. */
interface Merged {
  readonly end: 'client' | 'server';
  readonly nearNs: number;
  readonly lanes: readonly [Lane, Lane];
  readonly before: readonly [Uint32Array, Uint32Array];
  readonly time: Float64Array;
}

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

/** How long an edge is: the time of a few packets of the sparser direction. Null where there are too few at all. */
function nearOf(forward: Points, reverse: Points): number | null {
  const counts = [forward.timeNs.length, reverse.timeNs.length] as const;
  if (Math.min(...counts) < 4 * MIN_PACKETS) return null;
  const from = Math.max(forward.timeNs[0]!, reverse.timeNs[0]!);
  const to = Math.min(forward.timeNs.at(-1)!, reverse.timeNs.at(-1)!);
  return to > from ? Math.max(NEAR_NS, (1.2 * MIN_PACKETS * (to - from)) / Math.min(...counts)) : null;
}

/** Those that have so many windows in these captures that it can be counted what chance makes of them; at least the shortest. */
function rulersOf(nearNs: number, spanNs: number): Ruler[] {
  const [shortest, ...longer] = [
    ...LINES.map((packets) => lineRuler(packets, (packets / LINES[0]!) * nearNs)),
    ...WINDOWS.map((times) => minimumRuler(Math.max(nearNs, times * NEAR_NS))),
  ];
  return [shortest!, ...longer.filter(({ reachNs }) => spanNs >= MIN_WINDOWS * reachNs)];
}

function thinned(points: Points): Points {
  const { timeNs, delayNs } = points;
  const count = timeNs.length;
  if (count <= MAX_POINTS) return points;
  const width = (timeNs[count - 1]! - timeNs[0]!) / MAX_POINTS;
  const fastest = new Set<number>();
  for (let at = 0; at < count;) {
    const limit = timeNs[at]! + width;
    let best = at;
    for (; at < count && timeNs[at]! <= limit; at++) if (delayNs[at]! < delayNs[best]!) best = at;
    fastest.add(best);
  }
  return kept(points, (at) => fastest.has(at));
}

function mergedBy(
  end: 'client' | 'server',
  nearNs: number,
  forward: Points,
  reverse: Points,
  slope: number,
): Merged {
  const lane = (points: Points, sign: 1 | -1): Lane => {
    const frames = end === 'client' ? points.clientFrame : points.serverFrame;
    const count = frames.length;
    const order = new Uint32Array(count);
    let isAscending = true;
    for (let at = 0; at < count; at++) {
      order[at] = at;
      if (at > 0 && frames[at]! < frames[at - 1]!) isAscending = false;
    }
    if (!isAscending) order.sort((a, b) => frames[a]! - frames[b]!);
    const own = {
      time: new Float64Array(count),
      level: new Float64Array(count),
      frame: new Uint32Array(count),
      clientTime: new Float64Array(count),
    };
    for (let place = 0; place < count; place++) {
      const at = order[place]!;
      const [time, delay] = [points.timeNs[at]!, points.delayNs[at]!];
      own.time[place] = end === 'client' ? time : time + sign * delay;
      own.level[place] = delay - sign * slope * time;
      own.frame[place] = frames[at]!;
      own.clientTime[place] = time;
    }
    return own;
  };
  const lanes = [lane(forward, 1), lane(reverse, -1)] as const;
  const count = lanes[0].frame.length + lanes[1].frame.length;
  const before = [new Uint32Array(count), new Uint32Array(count)] as const;
  const time = new Float64Array(count);
  const next: [number, number] = [0, 0];
  for (let boundary = 0; boundary < count; boundary++) {
    const [a, b] = [lanes[0].frame[next[0]] ?? Infinity, lanes[1].frame[next[1]] ?? Infinity];
    const way = a <= b ? 0 : 1;
    before[0][boundary] = next[0];
    before[1][boundary] = next[1];
    time[boundary] = lanes[way].time[next[way]]!;
    next[way] += 1;
  }
  return { end, nearNs, lanes, before, time };
}

interface Ruler {
  readonly reachNs: number;
  readonly isFloor: boolean;
  /** What the level does at each packet, against the one before; NaN where there are too few around it. */
  jumps(lane: Lane): Float64Array;
}

/** Lines of least squares through the packets before and after, where they meet in the middle of the gap. */
function lineRuler(packets: number, reachNs: number): Ruler {
  const endOfLine = ({ time, level }: Lane, from: number, to: number, at: number): number => {
    const origin = time[from]!;
    const count = to - from;
    let [sumX, sumY, sumXx, sumXy] = [0, 0, 0, 0];
    for (let index = from; index < to; index++) {
      const [x, y] = [time[index]! - origin, level[index]! - level[from]!];
      sumX += x;
      sumY += y;
      sumXx += x * x;
      sumXy += x * y;
    }
    const spread = count * sumXx - sumX * sumX;
    const slope = spread > 0 ? (count * sumXy - sumX * sumY) / spread : 0;
    return level[from]! + (sumY - slope * sumX) / count + slope * (at - origin);
  };
  return {
    reachNs,
    isFloor: false,
    jumps(lane) {
      const { time } = lane;
      const out = new Float64Array(time.length).fill(NaN);
      for (let at = MIN_PACKETS; at + MIN_PACKETS <= time.length; at++) {
        let [from, to] = [Math.max(0, at - packets), Math.min(time.length, at + packets)];
        while (from < at && time[at - 1]! - time[from]! > reachNs) from += 1;
        while (to > at && time[to - 1]! - time[at]! > reachNs) to -= 1;
        if (at - from < MIN_PACKETS || to - at < MIN_PACKETS) continue;
        const half = (time[at]! - time[at - 1]!) / 2;
        out[at] = endOfLine(lane, at, to, time[at]! - half) - endOfLine(lane, from, at, time[at - 1]! + half);
      }
      return out;
    },
  };
}

/** Minimum of a window after, minus that of one before. */
function minimumRuler(windowNs: number): Ruler {
  return {
    reachNs: windowNs,
    isFloor: true,
    jumps({ time, level }) {
      const count = time.length;
      const out = new Float64Array(count).fill(NaN);
      const before = trailingMinima(time, level, windowNs);
      const after = trailingMinima(
        time.map((_, at) => -time[count - 1 - at]!),
        level.map((_, at) => level[count - 1 - at]!),
        windowNs,
      );
      for (let at = 1; at < count; at++) out[at] = after[count - 1 - at]! - before[at - 1]!;
      return out;
    },
  };
}

/** Minimum over the window that ends with each packet; NaN where the window begins before the first, or holds too few. */
function trailingMinima(time: Float64Array, level: Float64Array, windowNs: number): Float64Array {
  const count = time.length;
  const out = new Float64Array(count).fill(NaN);
  const queue = new Uint32Array(count);
  let [first, last, from] = [0, 0, 0];
  for (let at = 0; at < count; at++) {
    while (last > first && level[queue[last - 1]!]! >= level[at]!) last -= 1;
    queue[last++] = at;
    while (from < at && time[from]! < time[at]! - windowNs) from += 1;
    while (queue[first]! < from) first += 1;
    if (at + 1 - from >= MIN_PACKETS && time[at]! - time[0]! >= windowNs) out[at] = level[queue[first]!]!;
  }
  return out;
}

/** At each boundary the smaller of both jumps where they are opposite and alike (targets), or the same and alike (decoys). */
function coincidences(
  { before }: Merged,
  [there, back]: readonly [Float64Array, Float64Array],
): { readonly targets: Float64Array; readonly decoys: Float64Array } {
  const count = before[0].length;
  const [targets, decoys] = [new Float64Array(count), new Float64Array(count)];
  for (let boundary = 0; boundary < count; boundary++) {
    const a = there[before[0][boundary]!] ?? NaN;
    const b = back[before[1][boundary]!] ?? NaN;
    if (Number.isNaN(a) || Number.isNaN(b)) continue;
    const [size, least] = [(Math.abs(a) + Math.abs(b)) / 2, Math.min(Math.abs(a), Math.abs(b))];
    if (size - least > COMMON_SHARE * size) continue;
    (a * b < 0 ? targets : decoys)[boundary] = least;
  }
  return { targets, decoys };
}

interface Blocks {
  readonly count: number;
  /** Block of each boundary. */
  readonly of: Uint32Array;
}

function blocksOf({ time }: Merged): Blocks {
  let [from, to] = [Infinity, -Infinity];
  for (const at of time) [from, to] = [Math.min(from, at), Math.max(to, at)];
  const width = Math.max((to - from) / 1e5, Math.min(BLOCK_NS, (to - from) / MIN_BLOCKS), 1);
  const of = Uint32Array.from(time, (at) => Math.floor((at - from) / width));
  return { count: Math.floor((to - from) / width) + 1, of };
}

interface Limits {
  /** By block: what a coincidence must reach to stand out; and the size of a step that surely reaches it. */
  readonly needed: Float64Array;
  readonly seen: Float64Array;
}

function limitsOf(
  decoys: Float64Array,
  { count, of }: Blocks,
  jumps: readonly [Float64Array, Float64Array],
): Limits {
  const largest = new Float64Array(count);
  decoys.forEach((size, boundary) => {
    largest[of[boundary]!] = Math.max(largest[of[boundary]!]!, size);
  });
  const overall = GLOBAL_FACTOR * (quantileType7(Float64Array.from(largest).sort(), GLOBAL_QUANTILE) ?? 0);
  // What the queues of either direction do at an edge they may take away from a step, or do to one direction alone.
  const usual = jumps.map((values) => {
    const sizes = values.filter((value) => !Number.isNaN(value)).map(Math.abs);
    return quantileType7(sizes.sort(), USUAL_QUANTILE) ?? 0;
  });
  const [needed, seen] = [new Float64Array(count), new Float64Array(count)];
  for (let block = 0; block < count; block++) {
    // Its own edge may ring in the blocks next to it.
    let near = 0;
    for (let at = Math.max(0, block - LOCAL_BLOCKS); at <= Math.min(count - 1, block + LOCAL_BLOCKS); at++)
      if (Math.abs(at - block) > 1) near = Math.max(near, largest[at]!);
    needed[block] = Math.max(MIN_SHIFT_NS, overall, LOCAL_FACTOR * near);
    seen[block] = Math.max(needed[block]! + Math.max(...usual), (usual[0]! + usual[1]!) / 2 / COMMON_SHARE);
  }
  return { needed, seen };
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

function roomOf({ time }: Merged, boundary: number): number {
  return Math.min(time[boundary]! - time[0]!, time.at(-1)! - time[boundary]!);
}

/** What the two floors did across a boundary, over so long on either side: half the difference, and half the sum. */
function floorsMoved(
  { lanes, before }: Merged,
  boundary: number,
  reachNs: number,
): { readonly apart: number; readonly together: number } {
  const moved = lanes.map(({ time, level }, way) => {
    const edge = before[way]![boundary]!;
    let [low, high] = [Infinity, Infinity];
    for (let at = edge - 1; at >= 0 && time[edge - 1]! - time[at]! <= reachNs; at--)
      low = Math.min(low, level[at]!);
    for (let at = edge; at < time.length && time[at]! - time[edge]! <= reachNs; at++)
      high = Math.min(high, level[at]!);
    return high - low;
  });
  return { apart: (moved[0]! - moved[1]!) / 2, together: (moved[0]! + moved[1]!) / 2 };
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
