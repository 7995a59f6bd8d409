/**
 * Time blocks: how long a stretch of minutes must be before two of them may count as two observations.
 *
 * Rule (where S4 of the method is replaced, since an estimated τ made it cover 88 % instead of 95 %):
 *   τ  = integrated autocorrelation time of the cross-client median excess delay, pooled over both periods,
 *        Geyer pairs, corrected for centring (statistics/autocorrelation.ts)
 *   L  = clamp(⌈2τ⌉, 10 min, ⌊T/6⌋), T the shorter period: few long blocks with t on few degrees of freedom
 *        rather than many short ones, because τ is itself a guess from one hour
 *   blocks that still touch: the time share of the variance is multiplied by `blockVarianceInflation`, for a τ taken
 *        more darkly than estimated (`guardedTau`), because one window shows too little of a slow queue
 *   τ > 0.3 T or T < 30 min ⇒ INSUFFICIENT
 * A gate at T/6 was tried and made matters worse: it lets through the windows whose τ came out low by luck.
 *
 * What it holds and where it is short is measured: docs and numbers in bench/calibration. With the estimated τ itself
 * a queue of SD 8 ms and a memory of forty minutes was covered in 79 % of one-hour windows, guarded in 94 %. An hour
 * cannot show a swing about as long as itself, and the limitations say so.
 */
import { autocorrelationTime, type GappySeries } from '../statistics/autocorrelation.ts';

export const MIN_BLOCKS = 6;
const MIN_BLOCK_MINUTES = 5;
/** Share of the shorter period that τ may reach. */
const MAX_TAU_SHARE = 0.3;
const USUAL_BLOCK_MINUTES = 10;

export interface BlockPlan {
  /** Null when the series is too short or never moves. */
  readonly tauMinutes: number | null;
  readonly blockMinutes: number;
  readonly blocksBaseline: number;
  readonly blocksEvening: number;
  /** Fewest blocks with data that a period may have. */
  readonly minBlocks: number;
  readonly inflationBaseline: number;
  readonly inflationEvening: number;
  /** Why no block length can be honest here; null when one can. */
  readonly refusal: string | null;
  /** Minutes per period that would lift the refusal. */
  readonly minutesNeeded: number;
}

/** From this swing of the shared delay on, it can decide a verdict by itself: half the smallest RTT margin. */
const LARGE_SWING_NS = 2.5e6;
const SLOW_QUEUE_MINUTES = 40;
/** Assumed at least: what an hour cannot tell from none. */
const LEAST_MINUTES = 10;
const DARKER = 3;

/**
 * τ as the inflation takes it. A window of T minutes shows a τ near T/6 or beyond only in part (the estimate of a true 40 min in
 * an hour has a median of 14), so ten minutes are assumed at least (T/6 in a shorter window) and what lies beyond T/6 counts fourfold; and where the shared delay
 * swings by enough to decide the verdict alone, the memory of a slow queue is assumed, up to half the window.
 */
export function guardedTau(tau: number, minutes: number, swingNs: number): number {
  const shown = minutes / 6;
  const guarded = Math.max(tau, Math.min(shown, LEAST_MINUTES)) + DARKER * Math.max(0, tau - shown);
  return swingNs > LARGE_SWING_NS ? Math.max(guarded, Math.min(SLOW_QUEUE_MINUTES, minutes / 2)) : guarded;
}

/** Root mean variance of both series. */
function swingOf(series: readonly GappySeries[]): number {
  const variances = series.map((values) => {
    const present = values.filter((v) => v !== null);
    const mean = present.reduce((sum, v) => sum + v, 0) / Math.max(1, present.length);
    return present.reduce((sum, v) => sum + (v - mean) ** 2, 0) / Math.max(1, present.length);
  });
  return Math.sqrt(variances.reduce((sum, v) => sum + v, 0) / variances.length);
}

/** Variance of the mean of m steps of an AR(1) with integrated time τ, in units of its own variance. */
function meanVariance(tau: number, m: number): number {
  const phi = (tau - 1) / (tau + 1);
  if (phi <= 0) return 1 / m;
  return (tau - (2 * phi * (1 - phi ** m)) / (m * (1 - phi) ** 2)) / m;
}

/**
 * True variance of the period's mean over what the spread of its n block means suggests, for an AR(1) with this τ.
 * 1 when blocks are independent; grows as they correlate, since then they differ too little from each other.
 */
export function blockVarianceInflation(tau: number, minutes: number, blocks: number): number {
  if (blocks < 2) return 1;
  const whole = meanVariance(tau, minutes);
  const between = meanVariance(tau, minutes / blocks) - whole;
  return Math.max(1, ((blocks - 1) * whole) / between);
}

export function planBlocks(
  baselineSeries: GappySeries,
  eveningSeries: GappySeries,
  baselineMinutes: number,
  eveningMinutes: number,
): BlockPlan {
  const shorter = Math.min(baselineMinutes, eveningMinutes);
  const tauMinutes = autocorrelationTime([baselineSeries, eveningSeries])?.tau ?? null;
  const tau = tauMinutes ?? 1;
  const longest = Math.max(1, Math.floor(shorter / MIN_BLOCKS));
  const blockMinutes = Math.min(Math.max(Math.ceil(2 * tau), USUAL_BLOCK_MINUTES), longest);
  const blocksBaseline = Math.floor(baselineMinutes / blockMinutes);
  const blocksEvening = Math.floor(eveningMinutes / blockMinutes);
  let refusal: string | null = null;
  if (shorter < MIN_BLOCKS * MIN_BLOCK_MINUTES) {
    refusal = `the shorter period has ${shorter} whole minutes; six blocks of five minutes need ${MIN_BLOCKS * MIN_BLOCK_MINUTES}`;
  } else if (tau > MAX_TAU_SHARE * shorter) {
    refusal = `delay stays correlated for about ${Math.ceil(tau)} minutes, so ${shorter} minutes hold too few independent stretches`;
  }
  const guarded = guardedTau(tau, shorter, swingOf([baselineSeries, eveningSeries]));
  return {
    tauMinutes,
    blockMinutes,
    blocksBaseline,
    blocksEvening,
    minBlocks: MIN_BLOCKS,
    inflationBaseline: blockVarianceInflation(guarded, baselineMinutes, blocksBaseline),
    inflationEvening: blockVarianceInflation(guarded, eveningMinutes, blocksEvening),
    refusal,
    minutesNeeded: Math.max(MIN_BLOCKS * MIN_BLOCK_MINUTES, Math.ceil(MIN_BLOCKS * tau)) + 2,
  };
}

/**
 * For connection attempts, which most clients make once and together: no time axis, clusters are clients (S0).
 * A shared outage of a minute then counts as many independent failures; the row says so.
 */
export function clientsOnly(plan: BlockPlan): BlockPlan {
  return {
    ...plan,
    blocksBaseline: 1,
    blocksEvening: 1,
    minBlocks: 1,
    inflationBaseline: 1,
    inflationEvening: 1,
    refusal: null,
  };
}

/** Block of a minute: n nearly equal stretches that use every minute. */
export function blockOf(minute: number, minutes: number, blocks: number): number {
  return Math.min(blocks - 1, Math.floor((minute * blocks) / minutes));
}
