/** One cell of the grid, simulated pair by pair: what the interval covers and what the words say at 0, δ and 2δ. */
import { createRandom } from '../../src/statistics/random.ts';
import { generatePair } from './generate.ts';
import { infer, judgeAt, QUANTILES } from './infer.ts';
import type { Scenario } from './scenarios.ts';

/** δ of the RTT median and of its 95th percentile at these distances (profiles.ts). */
export const MARGINS_NS = [5e6, 10e6] as const;

export interface QuantileTally {
  refused: number;
  covered: number;
  degradedAtZero: number;
  equivalentAtZero: number;
  degradedAtMargin: number;
  equivalentAtMargin: number;
  degradedAtTwice: number;
  halfWidthNs: number;
}

export interface WindowTally {
  readonly id: string;
  readonly headline: boolean;
  pairs: number;
  readonly quantiles: readonly QuantileTally[];
}

export function emptyTally({ id, headline }: Scenario): WindowTally {
  const quantiles = QUANTILES.map(() => ({
    refused: 0,
    covered: 0,
    degradedAtZero: 0,
    equivalentAtZero: 0,
    degradedAtMargin: 0,
    equivalentAtMargin: 0,
    degradedAtTwice: 0,
    halfWidthNs: 0,
  }));
  return { id, headline, pairs: 0, quantiles };
}

/** Pair number `run` of a scenario is the same whoever asks for it, in whatever order. */
export function simulatePair(
  { id, world }: Scenario,
  run: number,
  replicates: number,
  into: WindowTally,
): void {
  const inferred = infer(generatePair(world, createRandom(run, id)), replicates, run);
  into.pairs++;
  into.quantiles.forEach((tally, at) => {
    const margin = MARGINS_NS[at]!;
    const none = judgeAt(inferred, at, 0, margin);
    const edge = judgeAt(inferred, at, margin, margin);
    const twice = judgeAt(inferred, at, 2 * margin, margin);
    if (none === null || edge === null || twice === null) {
      tally.refused++;
      return;
    }
    if (none.ci95[0] <= 0 && none.ci95[1] >= 0) tally.covered++;
    if (none.verdict === 'DEGRADED') tally.degradedAtZero++;
    if (none.verdict === 'EQUIVALENT') tally.equivalentAtZero++;
    if (edge.verdict === 'DEGRADED') tally.degradedAtMargin++;
    if (edge.verdict === 'EQUIVALENT') tally.equivalentAtMargin++;
    if (twice.verdict === 'DEGRADED') tally.degradedAtTwice++;
    tally.halfWidthNs += (none.ci95[1] - none.ci95[0]) / 2;
  });
}
