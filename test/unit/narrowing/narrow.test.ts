/** Planted places: one ISP for one stretch of the evening. The search must find who and when, and nothing where nothing is. */
import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import type { PlayerMinutes } from '../../../src/comparison/player-minutes.ts';
import { narrow, type Narrowing } from '../../../src/narrowing/narrow.ts';
import { steepestStretch } from '../../../src/narrowing/stretch.ts';
import { narrowingText } from '../../../src/narrowing/text.ts';
import { createRandom } from '../../../src/statistics/random.ts';

const CLIENTS = 48;
const MINUTES = 120;
const address = (client: number): string => `203.0.113.${client + 1}`;
const ispOf = (text: string): string => ['isp-a', 'isp-b', 'isp-c'][(Number(text.split('.')[3]) - 1) % 3]!;
const serverOf = (text: string): string =>
  `192.0.2.${1 + (Math.floor((Number(text.split('.')[3]) - 1) / 3) % 2)}`;

interface Plant {
  readonly shiftMs: number;
  readonly from: number;
  readonly to: number;
  readonly isp: string | null;
}

function period(seed: number, plant: Plant | null): PlayerMinutes {
  const random = createRandom(seed, 'narrow');
  const bell = (): number => (random.unit() + random.unit() + random.unit() - 1.5) * 2;
  const queue = (swing: number): number[] => {
    let x = bell();
    return Array.from({ length: MINUTES }, () => swing * (x = 0.7 * x + 0.7 * bell()));
  };
  const shared = queue(1);
  const cells = Array.from({ length: CLIENTS }, (_, client) => {
    const own = queue(2);
    return own.map((value, minute) => {
      const hit =
        plant !== null &&
        minute >= plant.from &&
        minute < plant.to &&
        (plant.isp === null || ispOf(address(client)) === plant.isp);
      const ms = Math.max(2, 14 + (client % 19) + value + shared[minute]! + (hit ? plant.shiftMs : 0));
      return { client, minute, rttP50Ns: Math.round(1e6 * ms), pdvP95Ns: 0 };
    });
  }).flat();
  return {
    cells,
    clients: Array.from({ length: CLIENTS }, (_, client) => ({
      id: address(client),
      address: address(client),
    })),
    firstMinute: 29_919_480,
    minutes: MINUTES,
  } as unknown as PlayerMinutes;
}

function search(seed: number, plant: Plant | null): Narrowing {
  return narrow({
    baseline: period(seed + 500, null),
    evening: period(seed, plant),
    profile: 'fps_competitive',
    seed: 1,
    replicates: 200,
    groupings: [
      { dimension: 'cohort', of: ispOf },
      { dimension: 'server', of: serverOf },
    ],
  });
}

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

describe('one ISP for forty minutes', () => {
  const plant: Plant = { shiftMs: 25, from: 50, to: 90, isp: 'isp-b' };

  test('is found, who and when, and confirmed on clients that the search did not see', () => {
    for (const seed of SEEDS) {
      const found = search(seed, plant);
      expect(found.groups).toEqual({ cohort: 'isp-b' });
      const minutes = found.steps.find(({ dimension }) => dimension === 'minutes')!.value;
      const [from, to] = minutes.split(' … ').map(Number) as [number, number];
      expect(Math.abs(from - 50)).toBeLessThanOrEqual(2);
      expect(Math.abs(to - 90)).toBeLessThanOrEqual(2);
      expect(found.verdict).toBe('CONFIRMED');
      expect(found.confirmation.ci95![0]).toBeLessThan(25e6);
      expect(found.confirmation.ci95![1]).toBeGreaterThan(25e6);
    }
  });

  test('is the same again, and says of itself that it is exploratory', () => {
    expect(search(3, plant)).toEqual(search(3, plant));
    const text = narrowingText(search(3, plant));
    expect(text).toMatch(/^CONFIRMED: cohort isp-b/);
    expect(text).toMatch(/Exploratory/);
    expect(text).toMatch(/\* 203\.0\.113\./);
  });
});

test('a stretch too short for an interval is found and said not to be tested', () => {
  const found = search(2, { shiftMs: 40, from: 60, to: 80, isp: null });
  expect(found.groups).toEqual({});
  expect(found.window!.minutes).toBeLessThan(30);
  expect(found.verdict).toBe('INSUFFICIENT');
  expect(found.sentence).toMatch(/cannot confirm/);
});

test('where nothing was planted nothing is found', () => {
  for (const seed of SEEDS) expect(search(seed, null).verdict).toBe('NOTHING_FOUND');
});

test('law: no other stretch has a larger sum above the threshold', () => {
  const value = fc.option(fc.integer({ min: -20, max: 20 }), { nil: null });
  fc.assert(
    fc.property(fc.array(value, { maxLength: 40 }), fc.integer({ min: -5, max: 10 }), (series, threshold) => {
      const score = (from: number, to: number): number =>
        series.slice(from, to).reduce<number>((sum, v) => sum + (v === null ? 0 : v - threshold), 0);
      const found = steepestStretch(series, threshold, 1);
      let best = 0;
      for (let from = 0; from < series.length; from++)
        for (let to = from + 1; to <= series.length; to++) best = Math.max(best, score(from, to));
      expect(found === null ? 0 : score(found.from, found.to)).toBe(best);
    }),
  );
});
