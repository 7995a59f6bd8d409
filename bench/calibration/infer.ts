/** A generated pair through the product's own inference: blocks, arms, resampling, judgement. Only the parsing is left out. */
import { planBlocks } from '../../src/comparison/blocks.ts';
import { estimateFamily, type Estimand } from '../../src/comparison/estimate.ts';
import { excessSeries, rttCells, type RttCell } from '../../src/comparison/metric-cells.ts';
import { roundNs } from '../../src/comparison/rounding.ts';
import type { ErrorMixture } from '../../src/statistics/error-mixture.ts';
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
  /** Per quantile. */
  readonly estimates: readonly { readonly difference: number; readonly error: ErrorMixture }[];
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
  const estimates = family.estimates.flatMap(({ difference, error }) =>
    difference === null || error === null ? [] : [{ difference, error }],
  );
  if (estimates.length < QUANTILES.length) return refuse(family.gates.join('; '));
  return { refused: null, estimates, tau: blocks.tauMinutes };
}

/** The judgement had the evening been worse by `truthNs`: a constant moves a quantile by itself and its error not at all. */
export function judgeAt(inferred: Inferred, at: number, truthNs: number, marginNs: number): Judgement {
  const { difference, error } = inferred.estimates[at]!;
  return judge({
    difference: difference + truthNs,
    error,
    margin: marginNs,
    round: roundNs,
  });
}
