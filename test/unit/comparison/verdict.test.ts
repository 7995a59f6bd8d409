import { describe, expect, test } from 'vitest';
import { blockOf, likelyDecays, planBlocks, withMemoryOf } from '../../../src/comparison/blocks.ts';
import { hiddenByZero, lossDetail, overdispersion } from '../../../src/comparison/loss-detail.ts';
import { marginOf, PROFILE_NAMES, PROFILES } from '../../../src/comparison/profiles.ts';
import { scaledT } from '../../../src/statistics/error-mixture.ts';
import { blockFacts } from '../../../src/statistics/series-memory.ts';
import { growthNeeded, judge, verdictOf } from '../../../src/comparison/verdict.ts';
import { createRandom } from '../../../src/statistics/random.ts';

describe('the six words', () => {
  test.each([
    [[6, 9], [6.5, 8.5], 'DEGRADED'],
    [[-9, -6], [-8.5, -6.5], 'IMPROVED'],
    [[-6, 4], [-4.9, 3], 'EQUIVALENT'],
    [[1, 4], [1.5, 3.5], 'EQUIVALENT'],
    [[1, 9], [2, 8], 'MINOR'],
    [[-9, -1], [-8, -2], 'MINOR'],
    [[-4, 9], [-3, 8], 'INCONCLUSIVE'],
    [[5, 9], [5.5, 8], 'MINOR'],
  ] as const)('95 %% interval %j and 90 %% interval %j at margin 5 is %s', (ci95, ci90, verdict) => {
    expect(verdictOf(ci95, ci90, 5)).toBe(verdict);
  });

  test('a wider hidden bound keeps EQUIVALENT from a period without events', () => {
    const base = { difference: 0, error: scaledT(0, 5), margin: 0.01, round: (v: number) => v };
    expect(judge(base).verdict).toBe('EQUIVALENT');
    expect(judge({ ...base, hiddenEvening: 0.02 }).verdict).toBe('INCONCLUSIVE');
  });

  test('an error of known size gives the interval of t', () => {
    const { ci95, pValue } = judge({
      difference: 10,
      error: scaledT(1, 5),
      margin: 5,
      round: (v) => v,
    });
    expect(ci95[0]).toBeCloseTo(10 - 2.570581835636314, 9);
    expect(pValue).toBeCloseTo(0.002052, 5);
  });

  test('needed data grow with the square of the half-width over the gap', () => {
    expect(growthNeeded(0, [-10, 10], 5)).toBe(4);
    expect(growthNeeded(5, [0, 10], 5)).toBe(16);
  });
});

describe('blocks', () => {
  const flat = (n: number): number[] => {
    const random = createRandom(2, 'white');
    return Array.from({ length: n }, () => random.unit() + random.unit() + random.unit());
  };

  test.each([
    [65, 5, 13],
    [59, 5, 11],
    [180, 5, 36],
    [36, 5, 7],
    [31, 5, 6],
  ])('%i minutes without memory make blocks of %i min, %i of them', (minutes, length, count) => {
    const plan = planBlocks(flat(minutes), flat(minutes), minutes, minutes);
    expect(plan).toMatchObject({
      blockMinutes: length,
      blocksBaseline: count,
      blocksEvening: count,
      refusal: null,
    });
    expect(plan.memories.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12);
    expect(likelyDecays(plan)![0]).toBeLessThan(2);
  });

  test('a short window leaves more weight on long memories than a long one of the same queue', () => {
    const random = createRandom(5, 'queue');
    let state = 0;
    const queue = Array.from({ length: 180 }, () => (state = 0.8 * state + random.unit() - 0.5));
    const longest = (minutes: number): number => {
      const part = queue.slice(0, minutes);
      return likelyDecays(planBlocks(part, part.toReversed(), minutes, minutes))![1];
    };
    expect(longest(30)).toBeGreaterThan(longest(60));
    expect(longest(60)).toBeGreaterThanOrEqual(longest(180));
  });

  test('another metric keeps the blocks and brings its own memory', () => {
    const plan = planBlocks(flat(60), flat(60), 60, 60);
    const waves = Array.from({ length: 60 }, (_, t) => 1 + Math.sin(t / 9));
    const other = withMemoryOf(plan, waves, waves);
    expect(other.blocksBaseline).toBe(plan.blocksBaseline);
    expect(likelyDecays(other)![0]).toBeGreaterThan(10);
    expect(likelyDecays(plan)![0]).toBeLessThan(2);
  });

  test('under half an hour there is no honest block', () => {
    expect(planBlocks(flat(29), flat(29), 29, 29).refusal).toMatch(/six blocks/);
  });

  test('a ramp through the whole window is refused', () => {
    const ramp = Array.from({ length: 64 }, (_, t) => t);
    expect(planBlocks(ramp, ramp, 64, 64).refusal).toMatch(/drifts/);
  });

  test('correlated blocks are inflated and worth fewer degrees of freedom, independent ones are not', () => {
    expect(blockFacts(0.5, 0, 60, 6).inflation).toBeLessThan(1.05);
    expect(blockFacts(0.5, 0, 60, 6).degreesOfFreedom).toBeGreaterThan(4.9);
    expect(blockFacts(5, 0, 60, 6).inflation).toBeGreaterThan(1.5);
    expect(blockFacts(20, 0, 60, 6).inflation).toBeGreaterThan(blockFacts(5, 0, 60, 6).inflation);
    expect(blockFacts(20, 0, 60, 6).degreesOfFreedom).toBeLessThan(3);
  });

  test('every minute has a block and blocks are of nearly equal length', () => {
    const lengths = new Array<number>(6).fill(0);
    for (let minute = 0; minute < 64; minute++) lengths[blockOf(minute, 64, 6)]!++;
    expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
  });
});

describe('loss counts', () => {
  test('bursts raise the over-dispersion and lower the effective n', () => {
    const even = [10, 10, 10, 10].map((events) => ({ events, trials: 1000 }));
    const burst = [40, 0, 0, 0].map((events) => ({ events, trials: 1000 }));
    expect(overdispersion(even)).toBe(1);
    expect(overdispersion(burst)!).toBeGreaterThan(30);
    expect(lossDetail('all', 'evening', burst, null).effective_n!).toBeLessThan(4000 / 30);
  });

  test('nothing lost has an upper bound of 3 / n_eff, with the other period as witness of bursts', () => {
    const none = [{ events: 0, trials: 3000 }];
    expect(lossDetail('all', 'evening', none, null).upper_bound).toBe(0.001);
    expect(lossDetail('all', 'evening', none, 2).upper_bound).toBe(0.002);
    expect(hiddenByZero([{ events: 1, trials: 3000 }], null)).toBe(0);
    expect(lossDetail('all', 'evening', [], null)).toMatchObject({
      sent: 0,
      effective_n: null,
      upper_bound: null,
    });
  });
});

describe('profiles', () => {
  test('climb from good to bad and every figure has a source', () => {
    for (const name of PROFILE_NAMES) {
      const p = PROFILES[name];
      expect(p.rttGoodNs.value).toBeLessThan(p.rttDegradedNs.value);
      expect(p.rttDegradedNs.value).toBeLessThan(p.rttBadNs.value);
      expect(p.lossGoodRatio.value).toBeLessThan(p.lossBadRatio.value);
      expect(p.pdvBadNs.source).toMatch(/default, not a standard/);
    }
  });

  test('the RTT margin is the larger of 5 ms and a tenth', () => {
    const profile = PROFILES.moba;
    expect(marginOf('rtt_p50_ns', profile, 30e6).value).toBe(5e6);
    expect(marginOf('rtt_p50_ns', profile, 120e6).value).toBe(12e6);
    expect(marginOf('rtt_p95_ns', profile, null).value).toBe(10e6);
    expect(marginOf('loss_ratio', PROFILES.fps_competitive, 0).value).toBe(0.0025);
  });
});
