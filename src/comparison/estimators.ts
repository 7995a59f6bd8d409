/**
 * Estimators that can be asked again under other weights. A cell belongs to a group = client × block; a replicate
 * is one weight per group, so its cost depends on cells, never on packets.
 */
import { harrellDavis, HarrellDavisTable } from '../statistics/quantile.ts';

/** One period of one cohort: `values[k]` of a cell in group `groups[k]` = client × blocks + block. */
export interface QuantileArm {
  readonly groups: Int32Array;
  readonly values: Float64Array;
}

export interface RatioArm {
  readonly numerators: Float64Array;
  readonly denominators: Float64Array;
}

/** Evening minus baseline under weights per group; fills `into` from `at`; NaN where a period has no weight. */
export interface Estimator {
  readonly size: number;
  estimate(baselineWeights: Float64Array, eveningWeights: Float64Array, into: Float64Array, at: number): void;
}

export interface ArmEstimates {
  readonly baseline: number;
  readonly evening: number;
}

/** Sorts cells by value, ties by group, so that input order cannot matter. */
export function quantileArm(
  cells: readonly { readonly group: number; readonly value: number }[],
): QuantileArm {
  const sorted = [...cells].sort((a, b) => a.value - b.value || a.group - b.group);
  return {
    groups: Int32Array.from(sorted, (c) => c.group),
    values: Float64Array.from(sorted, (c) => c.value),
  };
}

export function ratioArm(
  groups: number,
  cells: readonly { readonly group: number; readonly numerator: number; readonly denominator: number }[],
): RatioArm {
  const numerators = new Float64Array(groups);
  const denominators = new Float64Array(groups);
  for (const { group, numerator, denominator } of cells) {
    numerators[group] = numerators[group]! + numerator;
    denominators[group] = denominators[group]! + denominator;
  }
  return { numerators, denominators };
}

const tables = new Map<string, HarrellDavisTable>();

function tableFor(size: number, q: number): HarrellDavisTable {
  const key = `${size}:${q}`;
  let table = tables.get(key);
  if (table === undefined) {
    // Bounded: a run meets few sizes, a long-lived process may meet many.
    if (tables.size >= 512) tables.clear();
    table = new HarrellDavisTable(size, q);
    tables.set(key, table);
  }
  return table;
}

/** Room for one arm's cells that have weight in a replicate: about two in five. */
interface Scratch {
  readonly cumulative: Float64Array;
  readonly values: Float64Array;
}

function evaluateArm(
  arm: QuantileArm,
  armTables: readonly HarrellDavisTable[],
  weights: Float64Array,
  scratch: Scratch,
  into: Float64Array,
): void {
  let total = 0;
  let count = 0;
  const { groups, values } = arm;
  const { cumulative, values: kept } = scratch;
  for (let k = 0; k < groups.length; k++) {
    const weight = weights[groups[k]!]!;
    total += weight;
    cumulative[count] = total;
    kept[count] = values[k]!;
    // No branch on the weight: it would be guessed wrong every other time.
    count += Number(weight > 0);
  }
  for (let i = 0; i < armTables.length; i++) {
    into[i] = total > 0 ? armTables[i]!.evaluate(kept, cumulative, count) : NaN;
  }
}

/** Differences of Harrell–Davis quantiles. Both arms hold at least one cell. */
export function quantileEstimator(
  baseline: QuantileArm,
  evening: QuantileArm,
  quantiles: readonly number[],
): Estimator {
  const baselineTables = quantiles.map((q) => tableFor(baseline.values.length, q));
  const eveningTables = quantiles.map((q) => tableFor(evening.values.length, q));
  const most = Math.max(baseline.values.length, evening.values.length);
  const scratch: Scratch = { cumulative: new Float64Array(most), values: new Float64Array(most) };
  const before = new Float64Array(quantiles.length);
  const after = new Float64Array(quantiles.length);
  return {
    size: quantiles.length,
    estimate(baselineWeights, eveningWeights, into, at) {
      evaluateArm(baseline, baselineTables, baselineWeights, scratch, before);
      evaluateArm(evening, eveningTables, eveningWeights, scratch, after);
      for (let i = 0; i < quantiles.length; i++) into[at + i] = after[i]! - before[i]!;
    },
  };
}

/** The exact quantiles of both arms, for publication. */
export function exactQuantiles(baseline: QuantileArm, evening: QuantileArm, q: number): ArmEstimates {
  return {
    baseline: harrellDavis(baseline.values, q) ?? NaN,
    evening: harrellDavis(evening.values, q) ?? NaN,
  };
}

function weightedRatio(arm: RatioArm, weights: Float64Array): number {
  let numerator = 0;
  let denominator = 0;
  for (let g = 0; g < weights.length; g++) {
    numerator += weights[g]! * arm.numerators[g]!;
    denominator += weights[g]! * arm.denominators[g]!;
  }
  return denominator > 0 ? numerator / denominator : NaN;
}

/** Difference of ratios of sums. */
export function ratioEstimator(baseline: RatioArm, evening: RatioArm): Estimator {
  return {
    size: 1,
    estimate(baselineWeights, eveningWeights, into, at) {
      into[at] = weightedRatio(evening, eveningWeights) - weightedRatio(baseline, baselineWeights);
    },
  };
}
