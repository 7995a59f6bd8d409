/**
 * The stretch of a series with the largest sum above a threshold (Bentley 1984, in one pass): the stretch that loses most by being
 * made longer or shorter on either side. Gaps count as the threshold itself.
 */

export interface Stretch {
  readonly from: number;
  /** Outside. */
  readonly to: number;
}

/** Null where nothing lies above the threshold or the best stretch is shorter than `fewest`. The first of equals. */
export function steepestStretch(
  series: readonly (number | null)[],
  threshold: number,
  fewest: number,
): Stretch | null {
  let best: Stretch | null = null;
  let bestSum = 0;
  let from = 0;
  let sum = 0;
  series.forEach((value, i) => {
    if (sum <= 0) {
      sum = 0;
      from = i;
    }
    sum += value === null ? 0 : value - threshold;
    if (sum > bestSum) {
      bestSum = sum;
      best = { from, to: i + 1 };
    }
  });
  const found = best as Stretch | null;
  return found === null || found.to - found.from < fewest ? null : found;
}
