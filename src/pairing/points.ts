/** Delays of one direction between the same two hosts, in order of time. */

export interface Points {
  /** ns on the client's clock since its first packet, ascending. */
  readonly timeNs: Float64Array;
  /** Receiver time minus sender time, a constant taken off that is the same for all. */
  readonly delayNs: Float64Array;
  /** Place in either capture: order that no clock disturbs. */
  readonly clientFrame: Uint32Array;
  readonly serverFrame: Uint32Array;
  /** Which pair of hosts. */
  readonly path: Uint32Array;
  /** Where in the samples each came from. */
  readonly source: Uint32Array;
}

export interface PointSource {
  readonly length: number;
  readonly timeNs: ArrayLike<number>;
  readonly delayNs: ArrayLike<number>;
  readonly clientFrame: ArrayLike<number>;
  readonly serverFrame: ArrayLike<number>;
  readonly flow: ArrayLike<number>;
}

export function pointsOf(samples: PointSource, pathOf: (flow: number) => number): Points {
  const { length } = samples;
  const source = new Uint32Array(length);
  let isAscending = true;
  for (let at = 0; at < length; at++) {
    source[at] = at;
    if (at > 0 && samples.timeNs[at]! < samples.timeNs[at - 1]!) isAscending = false;
  }
  if (!isAscending) source.sort((a, b) => samples.timeNs[a]! - samples.timeNs[b]! || a - b);
  const points = room(length);
  for (let at = 0; at < length; at++) {
    const from = source[at]!;
    points.timeNs[at] = samples.timeNs[from]!;
    points.delayNs[at] = samples.delayNs[from]!;
    points.clientFrame[at] = samples.clientFrame[from]!;
    points.serverFrame[at] = samples.serverFrame[from]!;
    points.path[at] = pathOf(samples.flow[from]!);
    points.source[at] = from;
  }
  return points;
}

function room(length: number): Points {
  return {
    timeNs: new Float64Array(length),
    delayNs: new Float64Array(length),
    clientFrame: new Uint32Array(length),
    serverFrame: new Uint32Array(length),
    path: new Uint32Array(length),
    source: new Uint32Array(length),
  };
}

/** Those that pass the test, in their order. */
export function kept(points: Points, test: (at: number) => boolean): Points {
  const chosen = new Uint32Array(points.timeNs.length);
  let count = 0;
  for (let at = 0; at < points.timeNs.length; at++) if (test(at)) chosen[count++] = at;
  const left = room(count);
  for (let place = 0; place < count; place++) {
    const at = chosen[place]!;
    left.timeNs[place] = points.timeNs[at]!;
    left.delayNs[place] = points.delayNs[at]!;
    left.clientFrame[place] = points.clientFrame[at]!;
    left.serverFrame[place] = points.serverFrame[at]!;
    left.path[place] = points.path[at]!;
    left.source[place] = points.source[at]!;
  }
  return left;
}

/** Those of one path. */
export function ofPath(points: Points, path: number): Points {
  return kept(points, (at) => points.path[at] === path);
}

/** Where a clock's step parts the packets: at a frame of the end in whose order it shows best. */
export interface Cut {
  /** First instant after it; ns as in `Points`. */
  readonly atNs: number;
  readonly end: 'client' | 'server';
  readonly frame: number;
  /** The last of the showing path before it. */
  readonly lastFrame: number;
}

/** Did this packet pass after the step? */
export function isAfter(points: Points, at: number, { end, frame }: Cut): boolean {
  return (end === 'client' ? points.clientFrame : points.serverFrame)[at]! >= frame;
}

/** Did it pass between the two packets that show the step? */
export function isBetween(points: Points, at: number, { end, frame, lastFrame }: Cut): boolean {
  const own = (end === 'client' ? points.clientFrame : points.serverFrame)[at]!;
  return own > lastFrame && own < frame;
}

/** First index whose value is not below `limit`. */
export function firstAtOrAfter(sorted: Float64Array, limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
