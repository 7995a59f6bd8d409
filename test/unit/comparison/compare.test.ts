import { describe, expect, test } from 'vitest';
import { compare, type CompareOptions } from '../../../src/comparison/compare.ts';
import type { Comparison, ComparisonRow, Metric } from '../../../src/comparison/types.ts';
import {
  BASELINE_START_NS,
  clientsOf,
  cohortOf,
  collect,
  EVENING_START_NS,
  generate,
  type SyntheticClient,
} from './synthetic.ts';

const OPTIONS: CompareOptions = { profile: 'fps_competitive', seed: 20261120, cohortOf };

function run(
  before: readonly SyntheticClient[],
  after: readonly SyntheticClient[],
  minutes = 68,
  options: Partial<CompareOptions> = {},
): Comparison {
  return compare(
    collect(generate({ clients: before, startNs: BASELINE_START_NS, minutes, seed: 1 })),
    collect(generate({ clients: after, startNs: EVENING_START_NS, minutes, seed: 2 })),
    { ...OPTIONS, ...options },
  );
}

function row(comparison: Comparison, cohort: string, metric: Metric): ComparisonRow {
  return comparison.comparisons.find((r) => r.cohort === cohort && r.metric === metric)!;
}

const healthy = clientsOf(24, 1);
const shifted = [...clientsOf(8, 1, { shiftMs: 18 }), ...clientsOf(16, 9)];
const before = [...clientsOf(8, 1), ...clientsOf(16, 9)];

describe('one cohort of three moves by 18 ms', () => {
  const comparison = run(before, shifted);

  test('its median is DEGRADED with an interval that covers the truth', () => {
    const a = row(comparison, 'a', 'rtt_p50_ns');
    expect(a).toMatchObject({ verdict: 'DEGRADED', paired: true, clients: 8, blocks: 13 });
    expect(a.ci95![0]).toBeLessThan(18e6);
    expect(a.ci95![1]).toBeGreaterThan(18e6);
    expect(a.ci95![0]).toBeGreaterThan(a.margin);
    expect(a.q_value).toBeLessThan(0.05);
  });

  test('the others are EQUIVALENT', () => {
    for (const cohort of ['b', 'c']) expect(row(comparison, cohort, 'rtt_p50_ns').verdict).toBe('EQUIVALENT');
  });

  test('the headline names it, with number, interval and scope', () => {
    expect(comparison.verdict).toBe('DEGRADED');
    expect(comparison.headline).toMatch(
      /^DEGRADED for cohort a: RTT median .* difference \+1[78]\.\d ms \(95 % interval/,
    );
    expect(comparison.headline).toContain('this window only');
  });

  test('the rows, displays and limitations are all there', () => {
    expect(comparison.comparisons).toHaveLength(4 * 10);
    expect(comparison.shift_function.filter((p) => p.cohort === 'a')).toHaveLength(10);
    expect(comparison.simpson).toMatchObject({ flagged: false });
    expect(comparison.loss).toHaveLength(8);
    expect(comparison.access).toHaveLength(24);
    expect(comparison.access[0]).toMatchObject({ access: 'flets-pppoe', mss_option_bytes: 1414 });
    expect(comparison.vantage).toBe('server');
    expect(comparison.timeline.filter((p) => p.cohort === 'all' && p.period === 'evening')).toHaveLength(66);
    const w1 = comparison.distances.find((d) => d.cohort === 'a')!.wasserstein1_ns;
    expect(Math.abs(w1 - 18e6)).toBeLessThan(1.5e6);
    expect(comparison.limitations.join(' ')).toMatch(/WINDOW claim only/);
  });

  test('every ECDF ascends to 1 in at most 256 points', () => {
    for (const series of comparison.ecdf) {
      expect(series.rtt_ns.length).toBeLessThanOrEqual(256);
      expect(series.share.at(-1)).toBe(1);
      for (let i = 1; i < series.share.length; i++) {
        expect(series.rtt_ns[i]!).toBeGreaterThan(series.rtt_ns[i - 1]!);
        expect(series.share[i]!).toBeGreaterThan(series.share[i - 1]!);
      }
    }
  });
});

describe('nothing moves', () => {
  const comparison = run(healthy, healthy);

  test('no row is DEGRADED and the headline is EQUIVALENT', () => {
    for (const r of comparison.comparisons) expect(['DEGRADED', 'INSUFFICIENT']).not.toContain(r.verdict);
    expect(comparison.verdict).toBe('EQUIVALENT');
  });

  test('a row with an answer needs nothing, one without says what it needs', () => {
    for (const r of comparison.comparisons) expect(r.needed !== null).toBe(r.verdict === 'INCONCLUSIVE');
  });
});

test('everyone moves: all clients are named, not one cohort', () => {
  const comparison = run(healthy, clientsOf(24, 1, { shiftMs: 25 }));
  expect(comparison.headline).toMatch(/^DEGRADED for all clients/);
});

test('a shorter evening path is IMPROVED', () => {
  const far = clientsOf(24, 1, { shiftMs: 25 });
  expect(run(far, healthy).verdict).toBe('IMPROVED');
});

test('loss that rises is named before delay', () => {
  const comparison = run(before, [...clientsOf(8, 1, { lossRatio: 0.03, shiftMs: 18 }), ...clientsOf(16, 9)]);
  expect(comparison.headline).toMatch(/^DEGRADED for cohort a: packet loss/);
  expect(comparison.headline_row).toMatchObject({ cohort: 'a' });
  expect(comparison.headline_row!.metric).toMatch(/^loss_to_/);
  expect(row(comparison, 'a', 'loss_ratio').q_value).toBeNull();
  const loss = comparison.loss.find((d) => d.cohort === 'a' && d.period === 'evening')!;
  expect(Math.abs(loss.lost / loss.sent - 0.03)).toBeLessThan(0.002);
});

test('known capture drops take the loss verdict back', () => {
  const after = clientsOf(24, 1, { lossRatio: 0.03 });
  const comparison = run(healthy, after, 68, { captureDropRatio: { baseline: 0, evening: 0.02 } });
  expect(row(comparison, 'all', 'loss_ratio')).toMatchObject({ verdict: 'INCONCLUSIVE' });
  expect(row(comparison, 'all', 'loss_ratio').notes.join()).toMatch(/capture itself missed/);
  expect(comparison.verdict).not.toBe('DEGRADED');
});

describe('too little to answer', () => {
  test('five clients are INSUFFICIENT, and it says six are needed', () => {
    const comparison = run(clientsOf(5, 1), clientsOf(5, 1, { shiftMs: 40 }));
    expect(comparison.verdict).toBe('INSUFFICIENT');
    const r = row(comparison, 'all', 'rtt_p50_ns');
    expect(r).toMatchObject({ verdict: 'INSUFFICIENT', ci95: null, p_value: null, q_value: null });
    expect(r.difference).not.toBeNull();
    expect(r.needed).toMatchObject({ clients: 6 });
    expect(r.needed!.reason).toMatch(/5 clients, fewer than 6/);
  });

  test('twenty minutes are INSUFFICIENT', () => {
    const comparison = run(healthy, healthy, 20);
    expect(comparison.verdict).toBe('INSUFFICIENT');
    expect(row(comparison, 'all', 'rtt_p50_ns').needed!.minutes).toBeGreaterThanOrEqual(32);
  });

  test('other servers in the evening are INSUFFICIENT', () => {
    const comparison = compare(
      collect(generate({ clients: healthy, startNs: BASELINE_START_NS, minutes: 68, seed: 1 })),
      collect(
        generate({
          clients: healthy,
          startNs: EVENING_START_NS,
          minutes: 68,
          seed: 2,
          servers: ['192.0.2.99'],
        }),
      ),
      OPTIONS,
    );
    expect(comparison.verdict).toBe('INSUFFICIENT');
    expect(comparison.diagnostics.map((d) => d.id)).toContain('comparison/servers-disjoint');
    expect(comparison.shift_function).toHaveLength(0);
  });

  test('no data at all is an answer too', () => {
    const empty = { rtt: [], bins: [], flows: [] };
    const comparison = compare(collect(empty), collect(empty), OPTIONS);
    expect(comparison.verdict).toBe('INSUFFICIENT');
    expect(comparison.comparisons).toHaveLength(10);
    expect(comparison.limitations.length).toBeGreaterThan(0);
  });
});

test('without common clients the rows are unpaired and say so', () => {
  const comparison = run(clientsOf(24, 1), clientsOf(24, 101), 68, { cohortOf: () => 'x' });
  expect(row(comparison, 'all', 'rtt_p50_ns')).toMatchObject({ paired: false, unpaired: null });
  expect(comparison.limitations.join()).toMatch(/who played rather than/);
});

test('a changed mix of cohorts is flagged, not called a degradation of any cohort', () => {
  const near = clientsOf(16, 1, { baseMs: 15 });
  const far = clientsOf(16, 101, { baseMs: 45 });
  const names = (address: string): string => (Number(address.split('.')[3]) > 100 ? 'far' : 'near');
  const comparison = run([...near, ...far.slice(0, 6)], [...near.slice(0, 6), ...far], 68, {
    cohortOf: names,
  });
  expect(comparison.simpson).toMatchObject({ flagged: true });
  expect(Math.abs(comparison.simpson!.standardised_difference!)).toBeLessThan(2e6);
  expect(comparison.simpson!.raw_difference!).toBeGreaterThan(10e6);
});

test('a different seed moves intervals, never estimates', () => {
  const one = run(before, shifted);
  const two = run(before, shifted, 68, { seed: 7 });
  const estimates = (c: Comparison): unknown =>
    c.comparisons.map((r) => [r.baseline, r.evening, r.difference]);
  expect(estimates(two)).toEqual(estimates(one));
  expect(two.comparisons.map((r) => r.ci95)).not.toEqual(one.comparisons.map((r) => r.ci95));
});
