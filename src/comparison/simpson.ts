/**
 * May the pooled number speak for the cohorts (S5)? Standardised difference Σ π_c θ_c with the baseline's shares, beside
 * the raw difference of everyone pooled, clients unpaired: pairing would hide the very mix change.
 *
 * The two part for one of two reasons, which must not be confused: the shares of the cohorts changed (who played), or the
 * shares stayed and the cohorts moved apart, which a quantile of the mixture does not average. The evening weighed back
 * to the baseline's shares tells which.
 */
import { harrellDavis, harrellDavisWeighted } from '../statistics/quantile.ts';
import { roundNs, roundRatio } from './rounding.ts';
import type { CohortPeriod } from './sample.ts';
import type { SimpsonCheck } from './types.ts';

function medianRtt(period: CohortPeriod): { cells: number; median: number | null } {
  const values = Float64Array.from(
    period.cells.flatMap((c) => (c.rttP50Ns === null ? [] : [c.rttP50Ns])),
  ).sort();
  return { cells: values.length, median: harrellDavis(values, 0.5) };
}

/** The evening's pooled median if each cohort had the share of player-minutes that it had in the baseline. */
function reweightedMedian(
  cohorts: readonly { readonly cohort: string; readonly evening: CohortPeriod }[],
  strata: readonly { readonly cohort: string; readonly before: { readonly cells: number }; readonly after: { readonly cells: number } }[],
): number {
  const points = strata.flatMap(({ cohort, before, after }) => {
    const cells = cohorts.find((entry) => entry.cohort === cohort)?.evening.cells ?? [];
    const weight = before.cells / after.cells;
    return cells.flatMap((cell) => (cell.rttP50Ns === null ? [] : [{ value: cell.rttP50Ns, weight }]));
  });
  points.sort((a, b) => a.value - b.value);
  const values = points.map(({ value }) => value);
  const weights = points.map(({ weight }) => weight);
  return harrellDavisWeighted(values, weights, 0.5)!;
}

/** Null with fewer than two cohorts in both periods. */
export function simpsonCheck(
  all: { readonly baseline: CohortPeriod; readonly evening: CohortPeriod },
  cohorts: readonly {
    readonly cohort: string;
    readonly baseline: CohortPeriod;
    readonly evening: CohortPeriod;
  }[],
  marginNs: number,
): SimpsonCheck | null {
  const strata = cohorts
    .map(({ cohort, baseline, evening }) => ({
      cohort,
      before: medianRtt(baseline),
      after: medianRtt(evening),
    }))
    .filter(({ before, after }) => before.median !== null && after.median !== null);
  const before = medianRtt(all.baseline).median;
  const after = medianRtt(all.evening).median;
  if (strata.length < 2 || before === null || after === null) return null;
  const cells = strata.reduce((sum, s) => sum + s.before.cells, 0);
  const standardised = strata.reduce(
    (sum, s) => sum + (s.before.cells / cells) * (s.after.median! - s.before.median!),
    0,
  );
  const raw = after - before;
  const reweighted = reweightedMedian(cohorts, strata) - before;
  const mix = raw - standardised;
  return {
    metric: 'rtt_p50_ns',
    raw_difference: roundNs(raw),
    standardised_difference: roundNs(standardised),
    mix_effect: roundNs(mix),
    reweighted_difference: roundNs(reweighted),
    mix_changed: Math.abs(raw - reweighted) > marginNs / 2,
    // Opposite signs with a smaller mix effect than this are two noises around zero, not a paradox.
    flagged: Math.abs(mix) > marginNs / 2,
    weights: strata.map((s) => ({ cohort: s.cohort, share: roundRatio(s.before.cells / cells) })),
  };
}
