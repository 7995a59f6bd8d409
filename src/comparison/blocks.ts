/**
 * Time blocks, and what they are worth when they still touch. S4 of the method is replaced here, because one estimated
 * correlation time made it cover 88 % instead of 95 %:
 *
 *   L    = clamp(⌈τ⌉, 5 min, ⌊T/6⌋), τ the integrated autocorrelation time of the cross-client median excess delay,
 *          T the shorter period
 *   time = the share that all clients swing together, by leaving out one block at a time, is multiplied by what a first-order
 *          autoregression says that correlated blocks hide, and has as many degrees of freedom as such blocks are worth
 *   memory = not estimated but weighed: the interval averages over every decay in proportion to how well it explains the
 *          series of both periods (statistics/series-memory.ts)
 *   prior = decay^−0.3 between half a minute and three quarters of an hour; a window under 45 min shows too little to prefer any decay, so
 *          there all are alike, up to two hours
 *   T < 30 min, or decays beyond T/3 with nine tenths of the weight (a trend through the whole window) ⇒ INSUFFICIENT
 *
 * A gate on an estimated τ was tried and made matters worse: it lets through the windows whose τ came out low by luck, and
 * those are the ones whose intervals are too short. What all this holds is measured in bench/calibration.
 */
import { autocorrelationTime, type GappySeries } from '../statistics/autocorrelation.ts';
import { blockFacts, memoryWeights, type MemoryWeight } from '../statistics/series-memory.ts';

export const MIN_BLOCKS = 6;
const MIN_BLOCK_MINUTES = 5;
const SHORT_WINDOW_MINUTES = 45;
const PRIOR = { longest: 46, tilt: 0.3 } as const;
const SHORT_WINDOW_PRIOR = { longest: 128, tilt: 0 } as const;
/** A decay beyond this share of the period is a trend, not a queue that comes and goes. */
const TREND_SHARE = 1 / 3;
const TREND_WEIGHT = 0.9;

/** One memory that the queue may have, and what the blocks of both periods are worth under it. */
export interface PossibleMemory {
  readonly decayMinutes: number;
  readonly weight: number;
  readonly inflationBaseline: number;
  readonly inflationEvening: number;
  readonly degreesBaseline: number;
  readonly degreesEvening: number;
}

export interface BlockPlan {
  /** Null when the series is too short or never moves. */
  readonly tauMinutes: number | null;
  readonly blockMinutes: number;
  readonly blocksBaseline: number;
  readonly blocksEvening: number;
  /** Fewest blocks with data that a period may have. */
  readonly minBlocks: number;
  /** Weights sum to 1; empty where blocks are no clusters. */
  readonly memories: readonly PossibleMemory[];
  /** Why no block length can be honest here; null when one can. */
  readonly refusal: string | null;
  /** Minutes per period that would lift the refusal. */
  readonly minutesNeeded: number;
}

export function planBlocks(
  baselineSeries: GappySeries,
  eveningSeries: GappySeries,
  baselineMinutes: number,
  eveningMinutes: number,
): BlockPlan {
  const shorter = Math.min(baselineMinutes, eveningMinutes);
  const tauMinutes = autocorrelationTime([baselineSeries, eveningSeries])?.tau ?? null;
  const longest = Math.max(1, Math.floor(shorter / MIN_BLOCKS));
  const blockMinutes = Math.min(Math.max(Math.ceil(tauMinutes ?? 1), MIN_BLOCK_MINUTES), longest);
  const blocksBaseline = Math.floor(baselineMinutes / blockMinutes);
  const blocksEvening = Math.floor(eveningMinutes / blockMinutes);
  const weights = memoryWeights(
    [baselineSeries, eveningSeries],
    shorter < SHORT_WINDOW_MINUTES ? SHORT_WINDOW_PRIOR : PRIOR,
  );
  const trend = weights.reduce(
    (sum, { decay, weight }) => sum + (decay > TREND_SHARE * shorter ? weight : 0),
    0,
  );
  const tooShort = shorter < MIN_BLOCKS * MIN_BLOCK_MINUTES;
  let refusal: string | null = null;
  if (tooShort) {
    refusal = `the shorter period has ${shorter} whole minutes; six blocks of five minutes need ${MIN_BLOCKS * MIN_BLOCK_MINUTES}`;
  } else if (trend > TREND_WEIGHT) {
    refusal = `delay drifts through the whole window: its correlation lasts longer than a third of the ${shorter} minutes, which so hold too few independent stretches`;
  }
  return {
    tauMinutes,
    blockMinutes,
    blocksBaseline,
    blocksEvening,
    minBlocks: MIN_BLOCKS,
    memories: possibleMemories(weights, baselineMinutes, blocksBaseline, eveningMinutes, blocksEvening),
    refusal,
    // What drifts through a whole window needs one in which it comes and goes: three times as long.
    minutesNeeded: Math.max(
      MIN_BLOCKS * MIN_BLOCK_MINUTES + 2,
      refusal !== null && !tooShort ? 3 * shorter : 0,
    ),
  };
}

function possibleMemories(
  weights: readonly MemoryWeight[],
  baselineMinutes: number,
  blocksBaseline: number,
  eveningMinutes: number,
  blocksEvening: number,
): PossibleMemory[] {
  return weights.map(({ decay, noise, weight }) => {
    const before = blockFacts(decay, noise, baselineMinutes, blocksBaseline);
    const after = blockFacts(decay, noise, eveningMinutes, blocksEvening);
    return {
      decayMinutes: decay,
      weight,
      inflationBaseline: before.inflation,
      inflationEvening: after.inflation,
      degreesBaseline: before.degreesOfFreedom,
      degreesEvening: after.degreesOfFreedom,
    };
  });
}

/** The same blocks for a metric with a memory of its own: loss may come in waves where delay does not. */
export function withMemoryOf(
  plan: BlockPlan,
  baselineSeries: GappySeries,
  eveningSeries: GappySeries,
): BlockPlan {
  const [before, after] = [baselineSeries.length, eveningSeries.length];
  const weights = memoryWeights(
    [baselineSeries, eveningSeries],
    Math.min(before, after) < SHORT_WINDOW_MINUTES ? SHORT_WINDOW_PRIOR : PRIOR,
  );
  return {
    ...plan,
    memories: possibleMemories(weights, before, plan.blocksBaseline, after, plan.blocksEvening),
  };
}

/** The decays between which nine tenths of the weight lie, in minutes; null without any. */
export function likelyDecays({ memories }: BlockPlan): readonly [number, number] | null {
  if (memories.length === 0) return null;
  const at = (share: number): number => {
    let seen = 0;
    for (const { decayMinutes, weight } of memories) {
      seen += weight;
      if (seen >= share) return decayMinutes;
    }
    return memories.at(-1)!.decayMinutes;
  };
  return [at(0.05), at(0.95)];
}

/**
 * For connection attempts, which most clients make once and together: no time axis, clusters are clients (S0).
 * A shared outage of a minute then counts as many independent failures; the row says so.
 */
export function clientsOnly(plan: BlockPlan): BlockPlan {
  return { ...plan, blocksBaseline: 1, blocksEvening: 1, minBlocks: 1, memories: [], refusal: null };
}

/** Block of a minute: n nearly equal stretches that use every minute. */
export function blockOf(minute: number, minutes: number, blocks: number): number {
  return Math.min(blocks - 1, Math.floor((minute * blocks) / minutes));
}
