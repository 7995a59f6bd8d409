/** Delays of one direction between the same two hosts, in order of time. */

export interface Points {
  /** ns on the client's clock since its first packet, ascending. */
  readonly timeNs: Float64Array;
  /** Receiver time minus sender time, a constant taken off that is the same for all. */
  readonly delayNs: Float64Array;
  /** Which pair of hosts. */
  readonly path: Uint32Array;
  /** Where in the samples each came from. */
  readonly source: Uint32Array;
}

export interface PointSource {
  readonly length: number;
  readonly timeNs: ArrayLike<number>;
  readonly delayNs: ArrayLike<number>;
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
  const timeNs = new Float64Array(length);
  const delayNs = new Float64Array(length);
  const path = new Uint32Array(length);
  for (let at = 0; at < length; at++) {
    const from = source[at]!;
    timeNs[at] = samples.timeNs[from]!;
    delayNs[at] = samples.delayNs[from]!;
    path[at] = pathOf(samples.flow[from]!);
  }
  return { timeNs, delayNs, path, source };
}

/** Those of one path. */
export function ofPath(points: Points, path: number): Points {
  const kept: number[] = [];
  for (let at = 0; at < points.timeNs.length; at++) if (points.path[at] === path) kept.push(at);
  const pick = (column: Float64Array): Float64Array => Float64Array.from(kept, (at) => column[at]!);
  return {
    timeNs: pick(points.timeNs),
    delayNs: pick(points.delayNs),
    path: Uint32Array.from(kept, () => path),
    source: Uint32Array.from(kept, (at) => points.source[at]!),
  };
}
