/**
 * Quantiles. Type 7 (Hyndman & Fan 1996) inside a cell; Harrell–Davis (1982) across cells, because it uses all
 * order statistics and therefore moves smoothly under resampling.
 *
 *   HD:  Q_p = Σ x_(k) · [I(F_k) − I(F_{k−1})],  I = I_·((n+1)p, (n+1)(1−p)),  F_k = Σ_{j≤k} w_j / Σ w
 *
 * Without weights F_k = k/n. With bootstrap weights n stays the nominal sample size: weights move mass, they do
 * not create observations.
 */
import { incompleteBeta } from './beta.ts';

/** Type 7 quantile of ascending values; null when empty. */
export function quantileType7(sorted: ArrayLike<number>, q: number): number | null {
  const n = sorted.length;
  if (n === 0) return null;
  const rank = (n - 1) * q;
  const lower = Math.floor(rank);
  const low = sorted[lower]!;
  const high = sorted[Math.min(lower + 1, n - 1)]!;
  return low + (rank - lower) * (high - low);
}

/** Median of values in any order; null when empty. */
export function medianOf(values: readonly number[]): number | null {
  return quantileType7(Float64Array.from(values).sort(), 0.5);
}

/** Exact Harrell–Davis quantile of ascending values; null when empty. */
export function harrellDavis(sorted: ArrayLike<number>, p: number): number | null {
  const n = sorted.length;
  if (n === 0) return null;
  const a = (n + 1) * p;
  const b = (n + 1) * (1 - p);
  let previous = 0;
  let sum = 0;
  // Ten standard deviations below its mean the beta distribution holds less than a double can add.
  const first = n < 100 ? 1 : Math.max(1, Math.floor(n * (p - 10 * Math.sqrt((p * (1 - p)) / (n + 2)))));
  for (let k = first; k <= n; k++) {
    const value = incompleteBeta(k / n, a, b);
    sum += sorted[k - 1]! * (value - previous);
    previous = value;
    if (value === 1) break;
  }
  return sum;
}

/** Exact weighted Harrell–Davis; weights ≥ 0, aligned with ascending values; null when they sum to 0. */
export function harrellDavisWeighted(
  sorted: ArrayLike<number>,
  weights: ArrayLike<number>,
  p: number,
  nominalSize = sorted.length,
): number | null {
  let total = 0;
  for (let k = 0; k < weights.length; k++) total += weights[k]!;
  if (sorted.length === 0 || total <= 0) return null;
  const a = (nominalSize + 1) * p;
  const b = (nominalSize + 1) * (1 - p);
  let cumulative = 0;
  let previous = 0;
  let sum = 0;
  for (let k = 0; k < sorted.length; k++) {
    if (weights[k] === 0) continue;
    cumulative += weights[k]!;
    const value = incompleteBeta(cumulative / total, a, b);
    sum += sorted[k]! * (value - previous);
    previous = value;
  }
  return sum;
}

/**
 * Harrell–Davis weights tabulated over ± 6 standard deviations of their beta distribution. Two thousand
 * replicates cannot afford the continued fraction; linear interpolation at 1/64 of a standard deviation errs by
 * < 2·10⁻⁵ of the local spread, far under the spread of the replicates themselves.
 */
export class HarrellDavisTable {
  readonly low: number;
  readonly high: number;
  private readonly values: Float64Array;
  private readonly scale: number;

  constructor(nominalSize: number, p: number) {
    const points = 768;
    const sd = Math.sqrt((p * (1 - p)) / (nominalSize + 2));
    this.low = Math.max(0, p - 6 * sd);
    this.high = Math.min(1, p + 6 * sd);
    const a = (nominalSize + 1) * p;
    const b = (nominalSize + 1) * (1 - p);
    this.scale = points / (this.high - this.low);
    this.values = new Float64Array(points + 2);
    for (let i = 0; i <= points; i++) {
      this.values[i] = incompleteBeta(this.low + i / this.scale, a, b);
    }
    this.values[0] = 0;
    this.values[points] = 1;
    this.values[points + 1] = 1;
  }

  /**
   * Quantile of ascending values whose running weights are `cumulative` (last = total > 0), over the first `count` entries.
   * Entries without weight change nothing and may be left out by the caller.
   */
  evaluate(sorted: Float64Array, cumulative: Float64Array, count = sorted.length): number {
    const total = cumulative[count - 1]!;
    let start = 0;
    let end = count - 1;
    const from = this.low * total;
    while (start < end) {
      const middle = (start + end) >> 1;
      if (cumulative[middle]! > from) end = middle;
      else start = middle + 1;
    }
    const { values } = this;
    const perWeight = this.scale / total;
    const offset = this.low * this.scale;
    const points = values.length - 2;
    let previous = 0;
    let sum = 0;
    for (let k = start; k < count; k++) {
      const position = cumulative[k]! * perWeight - offset;
      if (position >= points) return sum + sorted[k]! * (1 - previous);
      if (position <= 0) continue;
      const i = Math.floor(position);
      const left = values[i]!;
      const value = left + (position - i) * (values[i + 1]! - left);
      sum += sorted[k]! * (value - previous);
      previous = value;
    }
    return sum + sorted[count - 1]! * (1 - previous);
  }
}
