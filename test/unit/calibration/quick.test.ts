/**
 * The quick part of bench/calibration: few pairs, so bounds are exact binomial ones at what was run. Coverage is the check that
 * tells; the last test shows that it would tell: a bootstrap over clients only must fail it.
 */
import { expect, test } from 'vitest';
import { generatePair } from '../../../bench/calibration/generate.ts';
import { infer, judgeAt } from '../../../bench/calibration/infer.ts';
import {
  emptyLossTally,
  gilbertLoss,
  LOSS_SCENARIOS,
  simulateLoss,
} from '../../../bench/calibration/loss.ts';
import { falseDiscovery, packetAlarms, signFlipAlarms } from '../../../bench/calibration/others.ts';
import { SCENARIOS } from '../../../bench/calibration/scenarios.ts';
import { emptyTally, simulatePair, type WindowTally } from '../../../bench/calibration/windows.ts';
import { estimateFamily } from '../../../src/comparison/estimate.ts';
import { clientsOnly, planBlocks } from '../../../src/comparison/blocks.ts';
import { excessSeries, rttCells } from '../../../src/comparison/metric-cells.ts';
import { arrangeArms } from '../../../src/comparison/sample.ts';
import { clopperPearson } from '../../../src/statistics/binomial.ts';
import { createRandom } from '../../../src/statistics/random.ts';
import { upperQuantile } from '../../../src/statistics/error-mixture.ts';

const scenario = (id: string) => SCENARIOS.find((s) => s.id === id)!;

function simulate(id: string, pairs: number): WindowTally {
  const tally = emptyTally(scenario(id));
  for (let run = 0; run < pairs; run++) simulatePair(scenario(id), run, 120, tally);
  return tally;
}

test.each([
  ['C=12 T=60 shared=2 tau=5', 60],
  ['C=12 T=60 shared=2 tau=20', 40],
  ['C=12 T=60 shared=2 tau=5 lognormal skewed', 60],
  ['C=12 T=30 shared=2 tau=1', 60],
])('%s keeps its coverage and its words', (id, pairs) => {
  const { quantiles } = simulate(id, pairs);
  for (const tally of quantiles) {
    expect(clopperPearson(tally.covered, pairs - tally.refused)[1]).toBeGreaterThanOrEqual(0.95);
    expect(clopperPearson(tally.degradedAtMargin, pairs)[0]).toBeLessThanOrEqual(0.05);
    expect(clopperPearson(tally.equivalentAtMargin, pairs)[0]).toBeLessThanOrEqual(0.05);
    expect(tally.degradedAtZero).toBe(0);
  }
});

test.each(['C=40 T=60 shared=8 tau=20', 'C=40 T=30 shared=8 tau=20'])(
  '%s: a swing as long as the window keeps its coverage',
  (id) => {
    const pairs = 60;
    const { quantiles } = simulate(id, pairs);
    for (const tally of quantiles)
      expect(clopperPearson(tally.covered, pairs - tally.refused)[1]).toBeGreaterThanOrEqual(0.95);
  },
);

test('loss in bursts, shared and not: coverage and words', () => {
  for (const scenario of LOSS_SCENARIOS.filter(({ clients }) => clients === 12)) {
    const tally = emptyLossTally(scenario);
    for (let run = 0; run < 40; run++) simulateLoss(scenario, run, 120, tally);
    expect(clopperPearson(tally.covered, tally.pairs - tally.refused)[1]).toBeGreaterThanOrEqual(0.95);
    expect(clopperPearson(tally.degradedAtMargin, tally.pairs)[0]).toBeLessThanOrEqual(0.05);
    expect(clopperPearson(tally.equivalentAtMargin, tally.pairs)[0]).toBeLessThanOrEqual(0.05);
    expect(tally.degradedAtZero).toBe(0);
  }
});

test('Gilbert chains lose what they are told to, in bursts as long as they are told to', () => {
  const random = createRandom(1, 'gilbert');
  let lost = 0;
  const minutes = 4000;
  for (let i = 0; i < minutes; i++) lost += gilbertLoss(random, 1200, 0.01, 8);
  expect(lost / (1200 * minutes)).toBeCloseTo(0.01, 3);
  const counts = Array.from({ length: 3000 }, () => gilbertLoss(random, 1200, 0.01, 8));
  const mean = counts.reduce((a, b) => a + b, 0) / counts.length;
  const variance = counts.reduce((a, b) => a + (b - mean) ** 2, 0) / counts.length;
  // A two-state chain of mean burst b has about 2b − 1 times the binomial variance.
  expect(variance / (1200 * 0.01 * 0.99)).toBeGreaterThan(11);
  expect(variance / (1200 * 0.01 * 0.99)).toBeLessThan(19);
});

test('twelve clients, unpaired: a median has an interval, a 95th percentile has none', () => {
  const { quantiles } = simulate('C=12 T=60 shared=2 tau=5 unpaired', 10);
  expect(quantiles.map(({ refused }) => refused)).toEqual([0, 10]);
});

test('cohorts under BH: the true ones are named, hardly another', () => {
  const { rate, found } = falseDiscovery(6);
  expect(found).toBeGreaterThan(0.8);
  expect(rate).toBeLessThan(0.05);
});

test('sign-flips of paired days keep their five per cent', () => {
  const { events, trials } = signFlipAlarms(6, 1500);
  expect(clopperPearson(events, trials)[0]).toBeLessThanOrEqual(0.05);
});

test('packets as units cry wolf: the harness sees a method that is wrong', () => {
  expect(packetAlarms(12).share).toBeGreaterThan(0.5);
});

test('so does coverage of a bootstrap over clients alone', () => {
  const { world, id } = scenario('C=40 T=60 shared=2 tau=5');
  let covered = 0;
  const runs = 30;
  for (let run = 0; run < runs; run++) {
    const { baseline, evening } = generatePair(world, createRandom(run, id));
    const blocks = clientsOnly(planBlocks(excessSeries(baseline), excessSeries(evening), 60, 60));
    const { primary } = arrangeArms(baseline, evening, (period) => rttCells(period, Infinity), blocks);
    const { estimates } = estimateFamily(
      primary,
      [{ kind: 'quantiles', quantiles: [0.5], value: (cell) => cell.rtt }],
      { blocks, replicates: 120, seed: run, stream: 'clients only' },
    );
    const { difference, error } = estimates[0]!;
    if (Math.abs(difference!) <= upperQuantile(error!, 0.025)) covered++;
  }
  expect(clopperPearson(covered, runs)[1]).toBeLessThan(0.95);
});

test('the same pair comes out of the same number, whoever asks', () => {
  const { world, id } = scenario('C=12 T=60 shared=2 tau=5');
  const once = infer(generatePair(world, createRandom(7, id)), 120, 7);
  expect(infer(generatePair(world, createRandom(7, id)), 120, 7)).toEqual(once);
  expect(judgeAt(once, 0, 4e7, 5e6)?.verdict).toBe('DEGRADED');
});
