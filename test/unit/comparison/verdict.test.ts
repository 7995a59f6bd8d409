import { describe, expect, test } from 'vitest';
import { blockOf, blockVarianceInflation, guardedTau, planBlocks } from '../../../src/comparison/blocks.ts';
import { hiddenByZero, lossDetail, overdispersion } from '../../../src/comparison/loss-detail.ts';
import { marginOf, PROFILE_NAMES, PROFILES } from '../../../src/comparison/profiles.ts';
import { growthNeeded, judge, verdictOf } from '../../../src/comparison/verdict.ts';

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
    const base = { difference: 0, standardError: 0, clusters: 6, margin: 0.01, round: (v: number) => v };
    expect(judge(base).verdict).toBe('EQUIVALENT');
    expect(judge({ ...base, hiddenEvening: 0.02 }).verdict).toBe('INCONCLUSIVE');
  });

  test('the interval is that of t with clusters − 1 degrees of freedom', () => {
    const { ci95, pValue } = judge({
      difference: 10,
      standardError: 1,
      clusters: 6,
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
  const flat = (n: number): number[] => Array.from({ length: n }, (_, t) => (t * 7) % 5);

  test.each([
    [65, 10, 6],
    [62, 10, 6],
    [59, 9, 6],
    [70, 10, 7],
    [180, 10, 18],
    [36, 6, 6],
  ])('%i minutes without memory make blocks of %i min, %i of them', (minutes, length, count) => {
    const plan = planBlocks(flat(minutes), flat(minutes), minutes, minutes);
    expect(plan).toMatchObject({
      blockMinutes: length,
      blocksBaseline: count,
      blocksEvening: count,
      refusal: null,
    });
    // A memory of ten minutes is assumed at least: an hour cannot show that there is none.
    expect(plan.inflationBaseline).toBeGreaterThan(1.3);
    expect(plan.inflationBaseline).toBeLessThan(2.1);
  });

  test('memory is taken more darkly than estimated where the window is short for it, or the swing large', () => {
    expect(guardedTau(1, 60, 0)).toBe(10);
    expect(guardedTau(9, 180, 0)).toBe(10);
    expect(guardedTau(15, 60, 0)).toBe(30);
    expect(guardedTau(5, 60, 8e6)).toBe(30);
    expect(guardedTau(5, 180, 8e6)).toBe(40);
  });

  test('under half an hour there is no honest block', () => {
    expect(planBlocks(flat(29), flat(29), 29, 29).refusal).toMatch(/six blocks/);
  });

  test('a ramp through the whole window is refused', () => {
    const ramp = Array.from({ length: 64 }, (_, t) => t);
    expect(planBlocks(ramp, ramp, 64, 64).refusal).toMatch(/correlated/);
  });

  test('correlated blocks are inflated, independent ones not', () => {
    expect(blockVarianceInflation(1, 60, 6)).toBeCloseTo(1, 9);
    expect(blockVarianceInflation(10, 60, 6)).toBeGreaterThan(1.5);
    expect(blockVarianceInflation(20, 60, 6)).toBeGreaterThan(blockVarianceInflation(10, 60, 6));
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
