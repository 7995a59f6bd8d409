/** A family of estimands over one set of cells: point estimates always, standard errors where the gates allow. */
import {
  exactQuantiles,
  quantileArm,
  quantileEstimator,
  ratioArm,
  ratioEstimator,
  type ArmEstimates,
  type Estimator,
} from './estimators.ts';
import type { BlockPlan } from './blocks.ts';
import type { ErrorMixture } from '../statistics/error-mixture.ts';
import { errorsOf } from './resampling.ts';
import { MIN_PAIRED_CLIENTS, type AnyCell, type GroupedCell, type TwoArms } from './sample.ts';

export const MIN_CLIENTS = MIN_PAIRED_CLIENTS;

export type Estimand<C> =
  | { readonly kind: 'quantiles'; readonly quantiles: readonly number[]; readonly value: (cell: C) => number }
  | {
      readonly kind: 'ratio';
      readonly numerator: (cell: C) => number;
      readonly denominator: (cell: C) => number;
    };

export interface Estimate {
  readonly baseline: number | null;
  readonly evening: number | null;
  readonly difference: number | null;
  /** Null where a gate failed. */
  readonly error: ErrorMixture | null;
}

export interface FamilyEstimates {
  /** Flat, in the order of estimands and, within one, of its quantiles. */
  readonly estimates: readonly Estimate[];
  /** Of the smaller arm. */
  readonly clients: number;
  /** Why no interval is given; empty when one is. */
  readonly gates: readonly string[];
}

export interface EstimationSettings {
  readonly blocks: BlockPlan;
  readonly replicates: number;
  readonly seed: number;
  readonly stream: string;
}

function gatesOf(arms: TwoArms<AnyCell>, blocks: BlockPlan): string[] {
  const gates: string[] = [];
  for (const name of ['baseline', 'evening'] as const) {
    const arm = arms[name];
    if (arm.cells.length === 0) gates.push(`the ${name} has nothing to measure this by`);
    else if (arm.clients < MIN_CLIENTS) {
      gates.push(
        `the ${name} has ${arm.clients} ${arm.clients === 1 ? 'client' : 'clients'}, fewer than ${MIN_CLIENTS}`,
      );
    }
  }
  if (blocks.refusal !== null) gates.push(blocks.refusal);
  for (const name of ['baseline', 'evening'] as const) {
    const { filledBlocks, cells } = arms[name];
    if (blocks.refusal === null && cells.length > 0 && filledBlocks < blocks.minBlocks) {
      gates.push(
        `the ${name} has data in ${filledBlocks} blocks of ${blocks.blockMinutes} min, fewer than ${blocks.minBlocks}`,
      );
    }
  }
  return gates;
}

export function estimateFamily<C extends AnyCell>(
  arms: TwoArms<C>,
  estimands: readonly Estimand<C>[],
  settings: EstimationSettings,
): FamilyEstimates {
  const { blocks } = settings;
  const gates = gatesOf(arms, blocks);
  const estimators: Estimator[] = [];
  const points: ArmEstimates[] = [];
  for (const estimand of estimands) {
    const { estimator, values } = build(estimand, arms, blocks);
    estimators.push(estimator);
    points.push(...values);
  }
  const { baseline, evening } = arms;
  const clients = Math.min(baseline.clients, evening.clients);
  // Without a time axis only clients are clusters.
  const clusters =
    blocks.minBlocks > 1 ? Math.min(clients, baseline.filledBlocks, evening.filledBlocks) : clients;
  const errors =
    gates.length > 0
      ? null
      : errorsOf(estimators, {
          clientsBaseline: baseline.clients,
          clientsEvening: evening.clients,
          paired: arms.paired,
          clusters,
          ...settings,
        });
  return {
    gates,
    clients,
    estimates: points.map(({ baseline: before, evening: after }, i) => {
      const error = errors?.[i];
      const known = !Number.isNaN(before) && !Number.isNaN(after);
      return {
        baseline: Number.isNaN(before) ? null : before,
        evening: Number.isNaN(after) ? null : after,
        difference: known ? after - before : null,
        error: error === undefined || error.length === 0 || !known ? null : error,
      };
    }),
  };
}

function build<C>(
  estimand: Estimand<C>,
  arms: TwoArms<C>,
  blocks: BlockPlan,
): { estimator: Estimator; values: ArmEstimates[] } {
  if (estimand.kind === 'quantiles') {
    const { value, quantiles } = estimand;
    const toArm = (cells: readonly GroupedCell<C>[]) =>
      quantileArm(cells.map(({ cell, group }) => ({ group, value: value(cell) })));
    const baseline = toArm(arms.baseline.cells);
    const evening = toArm(arms.evening.cells);
    return {
      estimator: quantileEstimator(baseline, evening, quantiles),
      values: quantiles.map((q) => exactQuantiles(baseline, evening, q)),
    };
  }
  const toArm = (arm: TwoArms<C>['baseline'], blockCount: number) =>
    ratioArm(
      arm.clients * blockCount,
      arm.cells.map(({ cell, group }) => ({
        group,
        numerator: estimand.numerator(cell),
        denominator: estimand.denominator(cell),
      })),
    );
  const baseline = toArm(arms.baseline, blocks.blocksBaseline);
  const evening = toArm(arms.evening, blocks.blocksEvening);
  const ratio = (arm: typeof baseline): number => {
    const sum = (values: Float64Array): number => values.reduce((total, v) => total + v, 0);
    const denominator = sum(arm.denominators);
    return denominator > 0 ? sum(arm.numerators) / denominator : NaN;
  };
  return {
    estimator: ratioEstimator(baseline, evening),
    values: [{ baseline: ratio(baseline), evening: ratio(evening) }],
  };
}
