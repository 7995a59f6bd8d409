/**
 * Change points of the mean by PELT (Killick, Fearnhead & Eckley 2012): the exact minimum of Σ cost(segment) + penalty per
 * change, cost being the squared distance to the segment's mean. `onRanks` first replaces values by their ranks, so that one
 * spike cannot buy itself a segment.
 */

export interface PeltOptions {
  readonly penalty: number;
  /** Shortest segment, in steps. */
  readonly minimum: number;
}

/** Midranks, 1-based. */
export function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]! || a - b);
  const result = new Float64Array(values.length);
  for (let i = 0; i < order.length;) {
    let j = i;
    while (j + 1 < order.length && values[order[j + 1]!] === values[order[i]!]) j++;
    for (let k = i; k <= j; k++) result[order[k]!] = (i + j) / 2 + 1;
    i = j + 1;
  }
  return result;
}

/** Squared distance to the mean of values[from … to), from running sums. */
export function segmentCost(values: ArrayLike<number>): (from: number, to: number) => number {
  const n = values.length;
  const sums = new Float64Array(n + 1);
  const squares = new Float64Array(n + 1);
  for (let i = 0; i < n; i++) {
    sums[i + 1] = sums[i]! + values[i]!;
    squares[i + 1] = squares[i]! + values[i]! ** 2;
  }
  return (from, to) => {
    const sum = sums[to]! - sums[from]!;
    return squares[to]! - squares[from]! - (sum * sum) / (to - from);
  };
}

/** First indices of the segments after the first, ascending. */
export function pelt(values: ArrayLike<number>, { penalty, minimum }: PeltOptions): number[] {
  const n = values.length;
  const cost = segmentCost(values);
  const best = new Float64Array(n + 1).fill(Infinity);
  const previous = new Int32Array(n + 1);
  const beaten = new Int32Array(n + 1);
  best[0] = -penalty;
  let candidates = [0];
  for (let end = minimum; end <= n; end++) {
    for (const start of candidates) {
      if (end - start < minimum) continue;
      const total = best[start]! + cost(start, end) + penalty;
      if (total < best[end]!) {
        best[end] = total;
        previous[end] = start;
      }
    }
    // A start that is worse than a change at `end` stays worse for every later end that leaves room for a segment after this
    // one: until then it must be tried, or the shortest segment would cost the optimum.
    for (const start of candidates) {
      const isTried = end - start >= minimum;
      if (isTried && beaten[start] === 0 && best[start]! + cost(start, end) > best[end]!) beaten[start] = end;
    }
    candidates = candidates.filter((start) => beaten[start] === 0 || end + 1 < beaten[start]! + minimum);
    // The next end may begin a segment here only if this prefix is itself possible.
    if (best[end]! < Infinity) candidates.push(end);
  }
  const changes: number[] = [];
  for (let end = n; end > 0 && best[n]! < Infinity; end = previous[end]!) {
    if (previous[end]! > 0) changes.push(previous[end]!);
  }
  return changes.reverse();
}
