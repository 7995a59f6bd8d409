import { describe, expect, test } from 'vitest';
import { pelt, ranks, segmentCost } from '../../../src/statistics/pelt.ts';
import { createRandom } from '../../../src/statistics/random.ts';
import { parseChangeLog } from '../../../src/timeline/change-log.ts';
import { changePoints } from '../../../src/timeline/change-points.ts';
import { timelineFrom } from '../../../src/timeline/timeline.ts';
import type { PlayerMinutes } from '../../../src/comparison/player-minutes.ts';

/** Least penalised cost over every way to cut: what PELT must reach. */
function bruteForce(values: readonly number[], penalty: number, minimum: number): number {
  const cost = segmentCost(values);
  const best = (from: number): number => {
    let least = cost(from, values.length);
    for (let cut = from + minimum; cut + minimum <= values.length; cut++)
      least = Math.min(least, cost(from, cut) + penalty + best(cut));
    return least;
  };
  return best(0);
}

describe('PELT', () => {
  test('reaches the optimum of brute force, whatever the series, penalty and shortest segment', () => {
    for (let seed = 0; seed < 150; seed++) {
      const random = createRandom(seed, 'pelt');
      const n = 6 + random.below(11);
      const minimum = 1 + random.below(3);
      const penalty = 0.05 + 8 * random.unit();
      const jump = random.below(n);
      const values = Array.from(
        { length: n },
        (_, i) => 3 * random.unit() + (i >= jump ? 4 * random.unit() : 0),
      );
      const edges = [0, ...pelt(values, { penalty, minimum }), n];
      const cost = segmentCost(values);
      const found =
        edges.slice(1).reduce((sum, end, i) => sum + cost(edges[i]!, end), 0) + penalty * (edges.length - 2);
      expect(edges.slice(1).every((end, i) => end - edges[i]! >= minimum)).toBe(true);
      expect(Math.abs(found - bruteForce(values, penalty, minimum))).toBeLessThan(1e-9);
    }
  });

  test('ranks share ties', () => expect([...ranks([3, 1, 3, 2])]).toEqual([3.5, 1, 3.5, 2]));
});

const START = Date.parse('2026-11-20T10:00:00Z') / 60_000;

function period(minutes: number, seed: number, step: (minute: number) => number): PlayerMinutes {
  const random = createRandom(seed, 'timeline');
  const cells = Array.from({ length: 12 }, (_, client) =>
    Array.from({ length: minutes }, (_unused, minute) => ({
      client,
      minute,
      rttP50Ns: Math.round((10 + 3 * client + 3 * random.unit() + step(minute)) * 1e6),
    })),
  ).flat();
  return {
    firstMinute: START,
    minutes,
    cells,
    clients: Array.from({ length: 12 }),
  } as unknown as PlayerMinutes;
}

const log = (...minutes: number[]) =>
  minutes.map((minute) => ({ at: (START + minute) * 60_000, what: `deploy ${minute}` }));

describe('timeline', () => {
  test('a planted step is found within two minutes and the change beside it coincides', () => {
    for (let seed = 0; seed < 20; seed++) {
      const timeline = timelineFrom(
        period(120, seed, (minute) => (minute >= 73 ? 12 : 0)),
        log(20, 72),
        1,
      );
      expect(timeline.changes).toHaveLength(1);
      const minute = Date.parse(timeline.changes[0]!.at) / 60_000 - START;
      expect(Math.abs(minute - 73)).toBeLessThanOrEqual(2);
      expect(timeline.changes[0]!.coincides.map(({ what }) => what)).toEqual(['deploy 72']);
      expect(timeline.log.share_by_chance).toBeLessThan(0.15);
    }
  });

  test('noise alone has no step, with a memory of its own or without', () => {
    let found = 0;
    for (let seed = 0; seed < 60; seed++) {
      const random = createRandom(seed, 'shared');
      let queue = 0;
      const shared = Array.from({ length: 120 }, () => (queue = 0.8 * queue + 2 * (random.unit() - 0.5)));
      if (
        timelineFrom(
          period(120, seed, (minute) => shared[minute]!),
          [],
          1,
        ).changes.length > 0
      )
        found++;
    }
    expect(found).toBeLessThanOrEqual(3);
  });

  test('the shuffled log: random entries coincide in at most five per cent', () => {
    const timeline = timelineFrom(
      period(240, 5, (minute) => (minute >= 100 ? 15 : 0)),
      log(10),
      1,
    );
    expect(timeline.log).toMatchObject({ entries: 1, coinciding: 0 });
    expect(timeline.log.by_chance).toBeLessThanOrEqual(0.05);
  });

  test('a spike of three minutes is no level, two levels closer than 5 ms are one', () => {
    expect(
      changePoints(
        Array.from({ length: 60 }, (_, i) => (i % 3) * 1e5 + (i > 30 && i < 34 ? 9e7 : 0)),
        5e6,
      ),
    ).toEqual([]);
    expect(
      changePoints(
        Array.from({ length: 60 }, (_, i) => (i % 3) * 1e5 + (i >= 30 ? 4e6 : 0)),
        5e6,
      ),
    ).toEqual([]);
  });
});

describe('change log', () => {
  test('CSV, JSON and git log say the same', () => {
    const expected = [{ at: Date.parse('2026-11-20T10:30:00Z'), what: 'route to JPIX, again' }];
    expect(parseChangeLog('time,what\n2026-11-20T19:30:00+09:00,"route to JPIX, again"\n', 'a.csv')).toEqual(
      expected,
    );
    expect(parseChangeLog('2026-11-20T19:30:00+09:00,route to JPIX, again\n', 'git')).toEqual(expected);
    expect(
      parseChangeLog('[{"time":"2026-11-20T10:30:00Z","what":"route to JPIX, again"}]', 'a.json'),
    ).toEqual(expected);
  });

  test('a time without a zone is refused with its line', () => {
    expect(() => parseChangeLog('time,what\n2026-11-20 19:30:00,x', 'log.csv')).toThrow(
      /no instant with its zone/,
    );
  });
});
