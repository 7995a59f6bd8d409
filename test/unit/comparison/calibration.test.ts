/**
 * Do intervals keep their word? Simulated hours with known truth, straight into the inference. Few runs, so the
 * bounds are wide; they still fail a bootstrap over clients only, and blocks that ignore what the queue remembers.
 */
import { expect, test } from 'vitest';
import { planBlocks, blockOf } from '../../../src/comparison/blocks.ts';
import { exactQuantiles, quantileArm, quantileEstimator } from '../../../src/comparison/estimators.ts';
import { errorsOf } from '../../../src/comparison/resampling.ts';
import { verdictOf } from '../../../src/comparison/verdict.ts';
import { medianOf } from '../../../src/statistics/quantile.ts';
import { createRandom } from '../../../src/statistics/random.ts';
import { upperQuantile } from '../../../src/statistics/error-mixture.ts';

interface Scenario {
  readonly clients: number;
  readonly minutes: number;
  /** Decay time of the AR(1) queues, minutes. */
  readonly decay: number;
  readonly sharedMs: number;
  readonly ownMs: number;
  readonly runs: number;
}

interface Tally {
  readonly covered: number;
  readonly equivalentAtZero: number;
  readonly degradedAtMargin: number;
  readonly equivalentAtMargin: number;
  readonly degradedAt18: number;
}

const MARGIN = 5;

function simulate(s: Scenario): Tally {
  const random = createRandom(3, JSON.stringify(s));
  const gauss = (): number =>
    Math.sqrt(-2 * Math.log(random.unit() + 1e-12)) * Math.cos(2 * Math.PI * random.unit());
  const phi = Math.exp(-1 / s.decay);
  const queue = (sd: number): number[] => {
    let x = gauss() * sd;
    return Array.from({ length: s.minutes }, () => {
      const now = x;
      x = phi * x + Math.sqrt(1 - phi * phi) * sd * gauss();
      return now;
    });
  };
  const tally = {
    covered: 0,
    equivalentAtZero: 0,
    degradedAtMargin: 0,
    equivalentAtMargin: 0,
    degradedAt18: 0,
  };
  for (let run = 0; run < s.runs; run++) {
    const distance = Array.from({ length: s.clients }, () => 30 * Math.exp(0.4 * gauss()));
    const period = (): number[][] => {
      const shared = queue(s.sharedMs);
      return distance.map((base) => queue(s.ownMs).map((own, t) => base + own + shared[t]! + gauss()));
    };
    const periods = [period(), period()];
    const [before, after] = periods.map((matrix) =>
      Array.from({ length: s.minutes }, (_, t) => medianOf(matrix.map((row) => row[t]! - Math.min(...row)))),
    );
    const blocks = planBlocks(before!, after!, s.minutes, s.minutes);
    if (blocks.refusal !== null) continue;
    const n = blocks.blocksBaseline;
    const [a, b] = periods.map((matrix) =>
      quantileArm(
        matrix.flatMap((row, c) =>
          row.map((value, t) => ({ group: c * n + blockOf(t, s.minutes, n), value })),
        ),
      ),
    );
    const clusters = Math.min(s.clients, n);
    const [error] = errorsOf([quantileEstimator(a!, b!, [0.5])], {
      clientsBaseline: s.clients,
      clientsEvening: s.clients,
      paired: true,
      clusters,
      blocks,
      replicates: 200,
      seed: 1,
      stream: 'x',
    });
    const { baseline, evening } = exactQuantiles(a!, b!, 0.5);
    const verdictAt = (truth: number): string => {
      const estimate = evening - baseline + truth;
      const around = (p: number): [number, number] => {
        const reach = upperQuantile(error!, 1 - p);
        return [estimate - reach, estimate + reach];
      };
      return verdictOf(around(0.975), around(0.95), MARGIN);
    };
    if (Math.abs(evening - baseline) <= upperQuantile(error!, 0.025)) tally.covered++;
    if (verdictAt(0) === 'EQUIVALENT') tally.equivalentAtZero++;
    if (verdictAt(MARGIN) === 'DEGRADED') tally.degradedAtMargin++;
    if (verdictAt(MARGIN) === 'EQUIVALENT') tally.equivalentAtMargin++;
    if (verdictAt(18) === 'DEGRADED') tally.degradedAt18++;
  }
  return tally;
}

test('eight clients with queues of their own, 64 minutes: EQUIVALENT when nothing moves, DEGRADED at +18 ms', () => {
  const runs = 100;
  const tally = simulate({ clients: 8, minutes: 64, decay: 3, sharedMs: 0, ownMs: 3, runs });
  expect(tally.covered).toBeGreaterThanOrEqual(0.93 * runs);
  expect(tally.equivalentAtZero).toBeGreaterThanOrEqual(0.8 * runs);
  expect(tally.degradedAt18).toBeGreaterThanOrEqual(0.97 * runs);
  expect(tally.degradedAtMargin).toBeLessThanOrEqual(0.05 * runs);
  expect(tally.equivalentAtMargin).toBeLessThanOrEqual(0.05 * runs);
});

test('a shared queue with a memory of ten minutes keeps its coverage', () => {
  const runs = 120;
  const tally = simulate({ clients: 20, minutes: 64, decay: 5, sharedMs: 4, ownMs: 0.3, runs });
  expect(tally.covered).toBeGreaterThanOrEqual(0.91 * runs);
  expect(tally.degradedAtMargin).toBeLessThanOrEqual(0.07 * runs);
  expect(tally.equivalentAtMargin).toBeLessThanOrEqual(0.08 * runs);
  // Power, not honesty: an hour cannot tell this queue from one twice as slow, and the interval says so.
  expect(tally.degradedAt18).toBeGreaterThanOrEqual(0.9 * runs);
});
