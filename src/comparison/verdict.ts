/**
 * Estimate, error and margin → interval and verdict (S6). DEGRADED is a minimum-effect test (the whole interval
 * beyond the margin), EQUIVALENT an inclusion of the 90 % interval: "no difference found" is neither.
 */
import { upperQuantile, upperTail, type ErrorMixture } from '../statistics/error-mixture.ts';
import type { Verdict } from './types.ts';

export interface Judgement {
  readonly ci95: readonly [number, number];
  readonly ci90: readonly [number, number];
  readonly verdict: Verdict;
  /** One-sided, of "worse by more than the margin". */
  readonly pValue: number;
}

export interface Evidence {
  readonly difference: number;
  readonly error: ErrorMixture;
  readonly margin: number;
  /** What a period without a single event may still hide; widens the interval on its side. */
  readonly hiddenBaseline?: number;
  readonly hiddenEvening?: number;
  /** Rounds to the precision that is published, so that a reader can redo the verdict. */
  readonly round: (value: number) => number;
}

export function judge(evidence: Evidence): Judgement {
  const { difference, error, margin, round } = evidence;
  const interval = (level: number): readonly [number, number] => {
    const reach = upperQuantile(error, (1 - level) / 2);
    return [
      round(Math.min(difference - reach, difference - (evidence.hiddenBaseline ?? 0))),
      round(Math.max(difference + reach, difference + (evidence.hiddenEvening ?? 0))),
    ];
  };
  const ci95 = interval(0.95);
  const ci90 = interval(0.9);
  const pValue = upperTail(error, difference - margin);
  return { ci95, ci90, verdict: verdictOf(ci95, ci90, margin), pValue };
}

export function verdictOf(
  ci95: readonly [number, number],
  ci90: readonly [number, number],
  margin: number,
): Verdict {
  if (ci95[0] > margin) return 'DEGRADED';
  if (ci95[1] < -margin) return 'IMPROVED';
  if (-margin < ci90[0] && ci90[1] < margin) return 'EQUIVALENT';
  if (ci95[0] > 0 || ci95[1] < 0) return 'MINOR';
  return 'INCONCLUSIVE';
}

/**
 * How much more data would settle it: n′ ≈ n·(half-width/gap)², the gap being the distance from the estimate to
 * the margin (δ itself when nothing moved), not less than δ/4: an effect on the margin can never be settled.
 */
export function growthNeeded(difference: number, ci90: readonly [number, number], margin: number): number {
  const halfWidth = (ci90[1] - ci90[0]) / 2;
  const gap = Math.max(Math.abs(margin - Math.abs(difference)), margin / 4);
  return Math.max(1, (halfWidth / gap) ** 2);
}
