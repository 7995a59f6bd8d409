/**
 * Paired days: exact sign-flip test of their mean, and the Hodges–Lehmann estimate with the interval that the signed-rank test
 * inverts to. Both exact for symmetric differences, whatever their distribution; neither needs a variance.
 */

/** Beyond this many days 2^D sign patterns are no longer walked; nobody pairs that many evenings. */
const MAX_DAYS = 24;

/** P(|mean of flipped| ≥ |mean|), two-sided; all 2^D patterns. */
export function signFlipTwoSided(differences: readonly number[]): number {
  return shareOfFlips(differences, Math.abs);
}

/** P(mean of flipped ≥ mean): small when the differences are above 0. */
export function signFlipUpper(differences: readonly number[]): number {
  return shareOfFlips(differences, (sum) => sum);
}

function shareOfFlips(values: readonly number[], statistic: (sum: number) => number): number {
  if (values.length > MAX_DAYS) throw new RangeError(`sign-flip walks at most ${MAX_DAYS} days`);
  const observed = statistic(values.reduce((a, b) => a + b, 0));
  // Sums of the same numbers in another order may differ in the last bit; a tie must stay one.
  const slack = 1e-9 * values.reduce((a, b) => a + Math.abs(b), 0);
  const patterns = 2 ** values.length;
  let hits = 0;
  for (let pattern = 0; pattern < patterns; pattern++) {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += (pattern >> i) & 1 ? -values[i]! : values[i]!;
    if (statistic(sum) >= observed - slack) hits++;
  }
  return hits / patterns;
}

/** Walsh averages (x_i + x_j) / 2, i ≤ j, ascending. */
function walshAverages(values: readonly number[]): Float64Array {
  const averages: number[] = [];
  values.forEach((a, i) => values.slice(i).forEach((b) => averages.push((a + b) / 2)));
  return Float64Array.from(averages).sort();
}

export function hodgesLehmann(values: readonly number[]): number | null {
  const walsh = walshAverages(values);
  const n = walsh.length;
  if (n === 0) return null;
  return n % 2 === 1 ? walsh[(n - 1) / 2]! : (walsh[n / 2 - 1]! + walsh[n / 2]!) / 2;
}

/** P(W⁺ ≤ w) of the signed-rank statistic of n values, w = 0 … n(n+1)/2. */
function signedRankCdf(n: number): Float64Array {
  let counts = [1];
  for (let rank = 1; rank <= n; rank++) {
    const next = new Array<number>(counts.length + rank).fill(0);
    counts.forEach((count, sum) => {
      next[sum] = next[sum]! + count;
      next[sum + rank] = next[sum + rank]! + count;
    });
    counts = next;
  }
  let running = 0;
  return Float64Array.from(counts, (count) => (running += count) / 2 ** n);
}

/** At least `level`; null when so few days cannot reach it. */
export function walshInterval(values: readonly number[], level: number): readonly [number, number] | null {
  const walsh = walshAverages(values);
  const cdf = signedRankCdf(values.length);
  const tail = (1 - level) / 2;
  let k = -1;
  while (k + 1 < cdf.length && cdf[k + 1]! <= tail + 1e-12) k++;
  if (k < 0 || k >= walsh.length / 2) return null;
  return [walsh[k]!, walsh[walsh.length - 1 - k]!];
}
