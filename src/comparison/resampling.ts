/**
 * Two-way (pigeonhole) bootstrap, Owen & Eckles 2012: W = u_client · v_block, both multinomial; u is shared by the
 * two periods when clients are paired, v never is. The spread of the replicates is the error; it is used with t of few degrees
 * of freedom, because percentiles of few clusters cover too little, and averaged over the memories a queue may have.
 */
import type { ErrorComponent, ErrorMixture } from '../statistics/error-mixture.ts';
import { createRandom, multinomialWeights } from '../statistics/random.ts';
import type { BlockPlan } from './blocks.ts';
import type { Estimator } from './estimators.ts';

export interface ResamplingPlan {
  readonly clientsBaseline: number;
  readonly clientsEvening: number;
  /** Client k of one period is client k of the other. */
  readonly paired: boolean;
  /** The smaller of clients and filled blocks, over both periods: what the bootstrap variance is corrected for. */
  readonly clusters: number;
  readonly blocks: BlockPlan;
  readonly replicates: number;
  readonly seed: number;
  /** Names the random stream: cohort and pairing. */
  readonly stream: string;
}

/** The error of each estimate; empty where the replicates do not vary enough to tell. */
export function errorsOf(estimators: readonly Estimator[], plan: ResamplingPlan): ErrorMixture[] {
  const size = estimators.reduce((sum, e) => sum + e.size, 0);
  const { blocksBaseline, blocksEvening } = plan.blocks;
  const weightsBaseline = new Float64Array(plan.clientsBaseline * blocksBaseline);
  const weightsEvening = new Float64Array(plan.clientsEvening * blocksEvening);
  const evaluate = (into: Float64Array): void => {
    let at = 0;
    for (const estimator of estimators) {
      estimator.estimate(weightsBaseline, weightsEvening, into, at);
      at += estimator.size;
    }
  };

  const total = bootstrapVariance(plan, weightsBaseline, weightsEvening, evaluate, size);
  const timeBaseline = blockJackknife(weightsBaseline, weightsEvening, blocksBaseline, evaluate, size);
  const timeEvening = blockJackknife(weightsEvening, weightsBaseline, blocksEvening, evaluate, size);
  const ownBaseline = interactionVariance(weightsBaseline, weightsEvening, blocksBaseline, evaluate, size);
  const ownEvening = interactionVariance(weightsEvening, weightsBaseline, blocksEvening, evaluate, size);
  const small = plan.clusters > 1 ? plan.clusters / (plan.clusters - 1) : 1;
  return Array.from(total, (variance, i) =>
    mixtureOf(plan, variance * small, [
      { time: timeBaseline[i]!, own: ownBaseline[i]! },
      { time: timeEvening[i]!, own: ownEvening[i]! },
    ]),
  );
}

interface TimeShare {
  /** Of one period's variance, by leaving out one block at a time. */
  readonly time: number;
  /** The part of it that each client brings alone. */
  readonly own: number;
}

/**
 * Under each possible memory: the variance of the replicates, and on top what correlated blocks hide of the swing that clients share.
 * What clients bring alone averages out over clients and is not raised; the product of weights counts it three times
 * (Owen & Eckles 2012), so one is taken off. Degrees of freedom are those of the scarcer axis: clients, or the blocks of
 * both periods joined (Satterthwaite).
 */
function mixtureOf(
  plan: ResamplingPlan,
  variance: number,
  [before, after]: [TimeShare, TimeShare],
): ErrorMixture {
  if (Number.isNaN(variance)) return [];
  const { memories } = plan.blocks;
  const ofClients = Math.max(1, Math.min(plan.clientsBaseline, plan.clientsEvening) - 1);
  if (memories.length === 0) {
    return [{ weight: 1, scale: Math.sqrt(variance), degreesOfFreedom: ofClients }];
  }
  const own = [Math.min(before.time, before.own), Math.min(after.time, after.own)] as const;
  const shared = [before.time - own[0], after.time - own[1]] as const;
  return memories.map((memory): ErrorComponent => {
    const hidden = (memory.inflationBaseline - 1) * shared[0] + (memory.inflationEvening - 1) * shared[1];
    const ofBaseline = memory.inflationBaseline * shared[0] + own[0];
    const ofEvening = memory.inflationEvening * shared[1] + own[1];
    const ofBlocks =
      ofBaseline + ofEvening > 0
        ? (ofBaseline + ofEvening) ** 2 /
          (ofBaseline ** 2 / memory.degreesBaseline + ofEvening ** 2 / memory.degreesEvening)
        : Infinity;
    return {
      weight: memory.weight,
      scale: Math.sqrt(Math.max(variance / 4, variance + hidden - own[0] - own[1])),
      degreesOfFreedom: Math.min(ofClients, ofBlocks),
    };
  });
}

function bootstrapVariance(
  plan: ResamplingPlan,
  weightsBaseline: Float64Array,
  weightsEvening: Float64Array,
  evaluate: (into: Float64Array) => void,
  size: number,
): Float64Array {
  const random = createRandom(plan.seed, plan.stream);
  const clientsBaseline = new Float64Array(plan.clientsBaseline);
  const clientsEvening = new Float64Array(plan.clientsEvening);
  const blocksBaseline = new Float64Array(plan.blocks.blocksBaseline);
  const blocksEvening = new Float64Array(plan.blocks.blocksEvening);
  const values = new Float64Array(size);
  const mean = new Float64Array(size);
  const squares = new Float64Array(size);
  const counts = new Float64Array(size);
  for (let replicate = 0; replicate < plan.replicates; replicate++) {
    multinomialWeights(random, clientsBaseline);
    if (plan.paired) clientsEvening.set(clientsBaseline);
    else multinomialWeights(random, clientsEvening);
    multinomialWeights(random, blocksBaseline);
    multinomialWeights(random, blocksEvening);
    outer(clientsBaseline, blocksBaseline, weightsBaseline);
    outer(clientsEvening, blocksEvening, weightsEvening);
    evaluate(values);
    for (let i = 0; i < size; i++) {
      const value = values[i]!;
      // A draw may leave a sparse metric without any weight; it says nothing about the spread.
      if (Number.isNaN(value)) continue;
      const count = counts[i]! + 1;
      const delta = value - mean[i]!;
      counts[i] = count;
      mean[i] = mean[i]! + delta / count;
      squares[i] = squares[i]! + delta * (value - mean[i]!);
    }
  }
  return squares.map((sum, i) => (counts[i]! > 1 ? sum / (counts[i]! - 1) : NaN));
}

function outer(clients: Float64Array, blocks: Float64Array, into: Float64Array): void {
  let at = 0;
  for (let c = 0; c < clients.length; c++) {
    for (let b = 0; b < blocks.length; b++) into[at++] = clients[c]! * blocks[b]!;
  }
}

/** Variance that one period's time axis alone brings: delete one block of `varied` at a time. */
function blockJackknife(
  varied: Float64Array,
  fixed: Float64Array,
  blocks: number,
  evaluate: (into: Float64Array) => void,
  size: number,
): Float64Array {
  fixed.fill(1);
  const rows: Float64Array[] = [];
  for (let left = 0; left < blocks; left++) {
    for (let g = 0; g < varied.length; g++) varied[g] = g % blocks === left ? 0 : 1;
    const row = new Float64Array(size);
    evaluate(row);
    rows.push(row);
  }
  return jackknifeVariance(rows, size);
}

/**
 * The part of that variance which is not shared: how differently the two halves of the clients answer to leaving out a block. Half the
 * clients have twice the part of all, and the difference of two halves twice that: a quarter of its variance.
 */
function interactionVariance(
  varied: Float64Array,
  fixed: Float64Array,
  blocks: number,
  evaluate: (into: Float64Array) => void,
  size: number,
): Float64Array {
  fixed.fill(1);
  const rows: Float64Array[] = [];
  for (let left = 0; left < blocks; left++) {
    const halves = [0, 1].map((half) => {
      for (let g = 0; g < varied.length; g++)
        varied[g] = g % blocks === left || Math.floor(g / blocks) % 2 !== half ? 0 : 1;
      const row = new Float64Array(size);
      evaluate(row);
      return row;
    });
    rows.push(halves[0]!.map((value, i) => value - halves[1]![i]!));
  }
  return jackknifeVariance(rows, size).map((variance) => variance / 4);
}

/** Values that are NaN say nothing. */
function jackknifeVariance(rows: readonly Float64Array[], size: number): Float64Array {
  return new Float64Array(size).map((_, i) => {
    const values = rows.map((row) => row[i]!).filter((v) => !Number.isNaN(v));
    const mean = values.reduce((sum, v) => sum + v, 0) / Math.max(1, values.length);
    const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
    return values.length > 1 ? (squares * (values.length - 1)) / values.length : 0;
  });
}
