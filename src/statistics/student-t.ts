/** Student's t: upper tail and quantile, for intervals that rest on few clients or few time blocks. */
import { incompleteBeta } from './beta.ts';

/** P(T > t) with `df` degrees of freedom. */
export function studentTUpperTail(t: number, df: number): number {
  if (Number.isNaN(t)) return NaN;
  const square = t * t;
  // Near t = 0 the tail argument df/(df+t²) rounds to 1; the complement keeps its digits there.
  const half =
    square < df
      ? 0.5 * (1 - incompleteBeta(square / (df + square), 0.5, df / 2))
      : 0.5 * incompleteBeta(df / (df + square), df / 2, 0.5);
  return t > 0 ? half : 1 - half;
}

export function studentTCdf(t: number, df: number): number {
  return studentTUpperTail(-t, df);
}

/** The t with P(T ≤ t) = p; bisection, because it cannot fail and costs nothing here. */
export function studentTQuantile(p: number, df: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`studentTQuantile needs 0 < p < 1, got ${p}`);
  if (p === 0.5) return 0;
  if (p < 0.5) return -studentTQuantile(1 - p, df);
  const tail = 1 - p;
  let low = 0;
  let high = 1;
  while (studentTUpperTail(high, df) > tail) {
    low = high;
    high *= 2;
  }
  for (;;) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return middle;
    if (studentTUpperTail(middle, df) > tail) low = middle;
    else high = middle;
  }
}
