/**
 * Rulers that an edge is looked for with: lines through the packets on either side, which see through a queue that fills or
 * drains, and minima of longer and longer windows, which see through packets that scatter.
 */

/** Packets of the sparser direction on either side of an edge. */
export const MIN_PACKETS = 6;
/** Packets on either side for a line; and windows for minima, in times how long an edge is. */
const LINES = [8, 24];
const WINDOWS = [1, 4];
const MIN_WINDOWS = 40;
const WINDOW_NS = 0.5e9;
/** Where packets are few for a while, a ruler reaches so many times as far, for the fewest that it needs. */
const STRETCH = 3;

/** One direction in the order of one capture. */
export interface Lane {
  /** That capture's clock. */
  readonly time: Float64Array;
  readonly level: Float64Array;
  readonly frame: Uint32Array;
  readonly clientTime: Float64Array;
}

export interface Ruler {
  readonly reachNs: number;
  readonly isFloor: boolean;
  /** What the level does at each packet, against the one before; NaN where there are too few around it. */
  jumps(lane: Lane): Float64Array;
}

/** Those that have so many windows in these captures that it can be counted what chance makes of them; at least the shortest. */
export function rulersOf(nearNs: number, spanNs: number): Ruler[] {
  const [shortest, ...longer] = [
    ...LINES.map((packets) => lineRuler(packets, (packets / LINES[0]!) * nearNs)),
    ...WINDOWS.map((times) => minimumRuler(Math.max(nearNs, times * WINDOW_NS))),
  ];
  return [shortest!, ...longer.filter(({ reachNs }) => spanNs >= MIN_WINDOWS * reachNs)];
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
        while (at - from > MIN_PACKETS && time[at - 1]! - time[from]! > reachNs) from += 1;
        while (to - at > MIN_PACKETS && time[to - 1]! - time[at]! > reachNs) to -= 1;
        const farthestNs = Math.max(time[at - 1]! - time[from]!, time[to - 1]! - time[at]!);
        if (farthestNs > STRETCH * reachNs) continue;
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

/** Minimum over the window that ends with each packet; NaN where it begins before the first, or would stretch too far. */
function trailingMinima(time: Float64Array, level: Float64Array, windowNs: number): Float64Array {
  const count = time.length;
  const out = new Float64Array(count).fill(NaN);
  const queue = new Uint32Array(count);
  let [first, last, from] = [0, 0, 0];
  for (let at = 0; at < count; at++) {
    while (last > first && level[queue[last - 1]!]! >= level[at]!) last -= 1;
    queue[last++] = at;
    while (at + 1 - from > MIN_PACKETS && time[from]! < time[at]! - windowNs) from += 1;
    while (queue[first]! < from) first += 1;
    const isNear = time[at]! - time[from]! <= STRETCH * windowNs;
    if (at + 1 - from >= MIN_PACKETS && isNear && time[at]! - time[0]! >= windowNs)
      out[at] = level[queue[first]!]!;
  }
  return out;
}
