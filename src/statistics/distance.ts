/** Distances between two samples. For display: under dependence their textbook p-values are wrong, so none is given. */

/** Calls `step` once per distinct value with both empirical distribution functions at and after it. */
function walk(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  step: (value: number, next: number, shareA: number, shareB: number) => void,
): void {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const value = Math.min(i < a.length ? a[i]! : Infinity, j < b.length ? b[j]! : Infinity);
    while (i < a.length && a[i]! === value) i++;
    while (j < b.length && b[j]! === value) j++;
    const next = Math.min(i < a.length ? a[i]! : Infinity, j < b.length ? b[j]! : Infinity);
    step(value, next, i / a.length, j / b.length);
  }
}

/** Mean absolute shift: ∫ |F_a − F_b|. Both ascending and not empty. */
export function wasserstein1(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  walk(a, b, (value, next, shareA, shareB) => {
    if (next !== Infinity) sum += Math.abs(shareA - shareB) * (next - value);
  });
  return sum;
}

/** Kolmogorov–Smirnov distance: max |F_a − F_b|. Both ascending and not empty. */
export function kolmogorovSmirnov(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  walk(a, b, (_value, _next, shareA, shareB) => {
    largest = Math.max(largest, Math.abs(shareA - shareB));
  });
  return largest;
}

/** Cliff's delta: P(b > a) − P(b < a). Positive when b is larger. Both ascending and not empty. */
export function cliffsDelta(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let below = 0;
  let belowOrEqual = 0;
  let sum = 0;
  for (let j = 0; j < b.length; j++) {
    while (below < a.length && a[below]! < b[j]!) below++;
    while (belowOrEqual < a.length && a[belowOrEqual]! <= b[j]!) belowOrEqual++;
    sum += below - (a.length - belowOrEqual);
  }
  return sum / (a.length * b.length);
}
