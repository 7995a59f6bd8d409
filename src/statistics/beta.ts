/**
 * Regularised incomplete beta function, the one special function our quantiles and t intervals stand on.
 *
 * The prefactor x^a (1−x)^b / B(a, b) is taken from saddle-point deviances (Loader 2000) rather than from
 * differences of log-gammas: with a and b in the thousands the latter lose four digits.
 */

const HALF_LOG_TWO_PI = 0.9189385332046728;
const SERIES_FROM = 16;
const MAX_FRACTION_STEPS = 20_000;
const TINY = 1e-300;

/** Error of Stirling's formula for log Γ(x + 1); x > 0. */
function stirlingError(x: number): number {
  let shift = 0;
  let y = x;
  while (y < SERIES_FROM) {
    shift += (y + 0.5) * Math.log1p(1 / y) - 1;
    y += 1;
  }
  const yy = y * y;
  const series =
    (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - (1 / 1188 - 691 / 360360 / yy) / yy) / yy) / yy) / yy) / y;
  return series + shift;
}

/** Deviance x·log(x/m) + m − x without cancellation near x = m. */
function deviance(x: number, m: number): number {
  if (Math.abs(x - m) < 0.1 * (x + m)) {
    const v = (x - m) / (x + m);
    let sum = (x - m) * v;
    let term = 2 * x * v;
    const vv = v * v;
    for (let k = 1; k < 1000; k++) {
      term *= vv;
      const next = sum + term / (2 * k + 1);
      if (next === sum) return next;
      sum = next;
    }
  }
  return x * Math.log(x / m) + m - x;
}

/** log of x^a (1−x)^b / B(a, b). */
function logPrefactor(x: number, a: number, b: number): number {
  const n = a + b;
  const exponent =
    stirlingError(n) - stirlingError(a) - stirlingError(b) - deviance(a, n * x) - deviance(b, n * (1 - x));
  return exponent + 0.5 * Math.log((a * b) / n) - HALF_LOG_TWO_PI;
}

/** Continued fraction of I_x(a, b), modified Lentz (DLMF 8.17.22); converges fast for x < (a+1)/(a+b+2). */
function betaFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 - ((a + b) * x) / (a + 1);
  d = 1 / (Math.abs(d) < TINY ? TINY : d);
  let h = d;
  for (let m = 1; m <= MAX_FRACTION_STEPS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 + even * d;
    c = 1 + even / c;
    d = 1 / (Math.abs(d) < TINY ? TINY : d);
    c = Math.abs(c) < TINY ? TINY : c;
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 + odd * d;
    c = 1 + odd / c;
    d = 1 / (Math.abs(d) < TINY ? TINY : d);
    c = Math.abs(c) < TINY ? TINY : c;
    const step = d * c;
    h *= step;
    if (Math.abs(step - 1) < 1e-16) break;
  }
  return h;
}

/** I_x(a, b) for a, b > 0; x is clamped to [0, 1]. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (!(a > 0) || !(b > 0)) throw new RangeError(`incompleteBeta needs a, b > 0, got ${a}, ${b}`);
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const prefactor = Math.exp(logPrefactor(x, a, b));
  return x < (a + 1) / (a + b + 2)
    ? (prefactor * betaFraction(x, a, b)) / a
    : 1 - (prefactor * betaFraction(1 - x, b, a)) / b;
}
