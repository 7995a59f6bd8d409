/**
 * Mann–Whitney U with the normal approximation, ties corrected, continuity not. The harness needs it to show what it does to
 * packets; the product never tests with it, since packets of one client are not independent observations.
 */

/** erfc by a continued fraction far out and a series near 0; relative error below 1e-13. */
export function complementaryErrorFunction(x: number): number {
  if (x < 0) return 2 - complementaryErrorFunction(-x);
  if (x < 2) {
    // erf(x) = 2/√π · e^(−x²) · Σ 2^k x^(2k+1) / (1·3·…·(2k+1)): all terms positive, nothing cancels.
    let term = x;
    let sum = x;
    for (let k = 1; term > 1e-17 * sum; k++) {
      term *= (2 * x * x) / (2 * k + 1);
      sum += term;
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  let fraction = 0;
  for (let k = 120; k > 0; k--) fraction = k / 2 / (x + fraction);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
}

export function normalUpperTail(z: number): number {
  return 0.5 * complementaryErrorFunction(z / Math.SQRT2);
}

export interface MannWhitney {
  /** Of the first sample: pairs in which it is larger, ties half. */
  readonly u: number;
  /** Two-sided. */
  readonly pValue: number;
}

/** Both ascending and not empty. */
export function mannWhitney(a: ArrayLike<number>, b: ArrayLike<number>): MannWhitney {
  const n = a.length + b.length;
  let rankSum = 0;
  let ties = 0;
  let i = 0;
  let j = 0;
  let rank = 0;
  while (i < a.length || j < b.length) {
    const value = Math.min(i < a.length ? a[i]! : Infinity, j < b.length ? b[j]! : Infinity);
    const i0 = i;
    const j0 = j;
    while (i < a.length && a[i] === value) i++;
    while (j < b.length && b[j] === value) j++;
    const t = i - i0 + (j - j0);
    rankSum += (i - i0) * (rank + (t + 1) / 2);
    rank += t;
    ties += t * (t * t - 1);
  }
  const u = rankSum - (a.length * (a.length + 1)) / 2;
  const variance = ((a.length * b.length) / 12) * (n + 1 - ties / (n * (n - 1)));
  const z = Math.abs(u - (a.length * b.length) / 2) / Math.sqrt(variance);
  return { u, pValue: variance > 0 ? Math.min(1, 2 * normalUpperTail(z)) : 1 };
}
