import { describe, expect, test } from 'vitest';
import type { Comparison, ComparisonRow } from '../../../src/comparison/types.ts';
import { closeCase } from '../../../src/planning/close.ts';
import { expectedHalfWidth, makePlan, type PlanRequest } from '../../../src/planning/plan.ts';

const REQUEST: PlanRequest = {
  deltaMs: 5,
  clients: 40,
  minutes: null,
  evenings: 7,
  packetsPerSecond: 60,
  snaplen: 128,
  interfaceName: 'eth0',
  server: '192.0.2.10',
  port: 7777,
  pilot: null,
};

describe('plan', () => {
  test('the model of the width agrees with the calibration it rests on', () => {
    expect(expectedHalfWidth(40, 60)).toBeCloseTo(3.9, 1);
    expect(expectedHalfWidth(12, 60)).toBeCloseTo(5.1, 1);
    expect(expectedHalfWidth(40, 180)).toBeGreaterThan(2);
    expect(expectedHalfWidth(40, 180)).toBeLessThan(2.5);
  });

  test('forty clients need an hour or so, and the commands name both ends', () => {
    const plan = makePlan(REQUEST);
    expect(plan.minutes).toBeGreaterThanOrEqual(50);
    expect(plan.minutes).toBeLessThanOrEqual(90);
    expect(plan.commands.map(({ where }) => where)).toEqual(['server', 'client']);
    expect(plan.commands[1]!.command).toContain('host 192.0.2.10 and port 7777');
    expect(plan.bytes_per_day).toBe(40 * 60 * 2 * (plan.minutes + 2) * 60 * 144);
  });

  test('a pilot that was wider asks for longer windows', () => {
    const pilot = { halfWidthMs: 5.5, clients: 40, minutes: 60 };
    expect(makePlan({ ...REQUEST, pilot }).minutes).toBeGreaterThan(makePlan(REQUEST).minutes);
  });

  test.each([
    [{ clients: 5 }, /5 clients/],
    [{ evenings: 5 }, /can never reach/],
    [{ minutes: 20 }, /20 minutes/],
    [{ clients: 8, minutes: 60 }, /too wide/],
    [{ pilot: { halfWidthMs: 40, clients: 40, minutes: 180 } }, /too wide/],
  ])('a hopeless plan is refused: %j', (change, message) =>
    expect(() => makePlan({ ...REQUEST, ...change })).toThrow(message),
  );
});

describe('close', () => {
  function comparison(
    date: string,
    verdict: ComparisonRow['verdict'],
    breach: number,
    more = {},
  ): Comparison {
    const row = (metric: string, of: ComparisonRow['verdict'], evening: number) => ({
      cohort: 'pppoe',
      metric,
      verdict: of,
      evening,
      margin_source: 'default',
    });
    return {
      verdict,
      headline_row: { cohort: 'pppoe', metric: 'rtt_p50_ns' },
      profile: 'fps_competitive',
      seed: 1,
      replicates: 2000,
      vantage: 'server',
      client_identity: 'address',
      periods: { evening: { first: `${date}T10:00:00Z` } },
      comparisons: [row('rtt_p50_ns', verdict, 2e7), row('slo_breach_ratio', 'EQUIVALENT', breach)],
      ...more,
    } as unknown as Comparison;
  }
  const found = comparison('2026-11-10', 'DEGRADED', 0.4);
  const evenings = (count: number) =>
    Array.from({ length: count }, (_, i) => comparison(`2026-11-${20 + i}`, 'EQUIVALENT', 0.01));
  const close = (after: readonly Comparison[]) => closeCase({ found, after, sloShare: 0.95 });

  test('six equivalent evenings within the SLO close', () => {
    expect(close(evenings(6))).toMatchObject({ closed: true, reasons: [] });
  });

  test('five do not, nor six of which two are one date', () => {
    expect(close(evenings(5)).closed).toBe(false);
    expect(close([...evenings(5), comparison('2026-11-20', 'EQUIVALENT', 0.01)]).closed).toBe(false);
  });

  test.each(['INCONCLUSIVE', 'MINOR', 'INSUFFICIENT', 'DEGRADED'] as const)(
    'an evening that is %s keeps it open',
    (verdict) => {
      expect(close([...evenings(6), comparison('2026-11-29', verdict, 0.01)]).reasons.join()).toContain(
        verdict,
      );
    },
  );

  test('equivalent to a baseline that breaks the SLO is not solved', () => {
    expect(close([...evenings(6), comparison('2026-11-29', 'EQUIVALENT', 0.2)]).closed).toBe(false);
  });

  test('another configuration is refused', () => {
    expect(() => close([comparison('2026-11-20', 'EQUIVALENT', 0.01, { profile: 'mmo' })])).toThrow(
      /another profile/,
    );
    expect(() =>
      closeCase({ found: comparison('2026-11-10', 'MINOR', 0), after: [], sloShare: 0.95 }),
    ).toThrow(/no fault/);
  });
});
