/** Both directions' packets in the order of one capture: a clock's step parts them at one place, however long the path is. */

import { kept, type Points } from './points.ts';
import type { Lane } from './rulers.ts';

/** Denser packets are thinned to about so many a direction, the fastest of each stretch. */
const MAX_POINTS = 1 << 16;

/** Both directions' packets in one order: how many of each came before each boundary. */
export interface Merged {
  readonly end: 'client' | 'server';
  readonly nearNs: number;
  readonly lanes: readonly [Lane, Lane];
  readonly before: readonly [Uint32Array, Uint32Array];
  readonly time: Float64Array;
}

export function thinned(points: Points): Points {
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

export function mergedBy(
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

/** Time to the nearer end of the captures. */
export function roomOf({ time }: Merged, boundary: number): number {
  return Math.min(time[boundary]! - time[0]!, time.at(-1)! - time[boundary]!);
}

/** What the two floors did across a boundary, over so long on either side: half the difference, and half the sum. */
export function floorsMoved(
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
