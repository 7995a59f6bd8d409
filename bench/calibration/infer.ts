/** A generated pair through the product's own inference: blocks, arms, resampling, judgement. Only the parsing is left out. */
import { planBlocks } from '../../src/comparison/blocks.ts';
import { estimateFamily, type Estimand } from '../../src/comparison/estimate.ts';
import { excessSeries, rttCells, type RttCell } from '../../src/comparison/metric-cells.ts';
import { roundNs } from '../../src/comparison/rounding.ts';
import type { ErrorMixture } from '../../src/statistics/error-mixture.ts';
import { clientsNeeded } from '../../src/comparison/row.ts';
import { arrangeArms } from '../../src/comparison/sample.ts';
import { judge, type Judgement } from '../../src/comparison/verdict.ts';
import type { Pair } from './generate.ts';

export const QUANTILES = [0.5, 0.95] as const;
const ESTIMANDS: readonly Estimand<RttCell>[] = [
  { kind: 'quantiles', quantiles: QUANTILES, value: (cell) => cell.rtt },
];

export interface Inferred {
  /** Null where the product answers INSUFFICIENT. */
  readonly refused: string | null;
  /** Per quantile; null where the product gives no interval for this one. */
  readonly estimates: readonly ({ readonly difference: number; readonly error: ErrorMixture } | null)[];
  readonly tau: number | null;
}

export function infer(pair: Pair, replicates: number, seed: number): Inferred {
  const { baseline, evening } = pair;
  const blocks = planBlocks(excessSeries(baseline), excessSeries(evening), baseline.minutes, evening.minutes);
  const refuse = (reason: string): Inferred => ({
    refused: reason,
    estimates: [],
    tau: blocks.tauMinutes,
  });
  if (blocks.refusal !== null) return refuse(blocks.refusal);
  const { primary } = arrangeArms(baseline, evening, (period) => rttCells(period, Infinity), blocks);
  const family = estimateFamily(primary, ESTIMANDS, { blocks, replicates, seed, stream: 'calibration' });
  if (family.gates.length > 0) return refuse(family.gates.join('; '));
  const estimates = family.estimates.map(({ difference, error }, at) =>
    difference === null || error === null || family.clients < clientsNeeded(QUANTILES[at]!, primary.paired)
      ? null
      : { difference, error },
  );
  return { refused: null, estimates, tau: blocks.tauMinutes };
}

/**
 * The judgement had the evening been worse by `truthNs`: a constant moves a quantile by itself and its error not at all. Null where
 * there is no interval.
 */
export function judgeAt(inferred: Inferred, at: number, truthNs: number, marginNs: number): Judgement | null {
  const estimate = inferred.estimates[at] ?? null;
  if (estimate === null) return null;
  const { difference, error } = estimate;
  return judge({
    difference: difference + truthNs,
    error,
    margin: marginNs,
    round: roundNs,
  });
}
