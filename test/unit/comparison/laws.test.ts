/** Same answer, any cut: batches may come in any order and any split, and the document is the same bytes. */
import { describe, expect, test } from 'vitest';
import { fc } from '@fast-check/vitest';
import { compare } from '../../../src/comparison/compare.ts';
import { PlayerMinutesCollector } from '../../../src/comparison/player-minutes-collector.ts';
import type { PlayerMinutes } from '../../../src/comparison/player-minutes.ts';
import {
  BASELINE_START_NS,
  binBatch,
  clientsOf,
  cohortOf,
  collect,
  EVENING_START_NS,
  generate,
  rttBatch,
  type Rows,
} from './synthetic.ts';

const rowsOf = (startNs: bigint, seed: number): Rows =>
  generate({ clients: clientsOf(9, 1), startNs, minutes: 34, seed, samplesPerMinute: 70 });
const baselineRows = rowsOf(BASELINE_START_NS, 3);
const eveningRows = rowsOf(EVENING_START_NS, 4);

function printed(baseline: PlayerMinutes, evening: PlayerMinutes, seed = 5): string {
  return JSON.stringify(compare(baseline, evening, { profile: 'moba', seed, replicates: 60, cohortOf }));
}

/** Deals rows into batches by a list of numbers: which batch each row goes to, then the batches' order. */
function collectDealt(rows: Rows, batches: number, salt: number): PlayerMinutes {
  const collector = new PlayerMinutesCollector();
  const deal = <T>(items: readonly T[]): T[][] => {
    const hands: T[][] = Array.from({ length: batches }, () => []);
    items.forEach((item, i) => hands[(Math.imul(i + salt, 2654435761) >>> 8) % batches]!.push(item));
    return salt % 2 === 0 ? hands : hands.reverse().map((hand) => hand.reverse());
  };
  const bins = deal(rows.bins);
  deal(rows.rtt).forEach((hand, i) => {
    collector.addRtt(rttBatch(hand));
    collector.addBins(binBatch(bins[i]!));
  });
  return collector.finish(salt % 2 === 0 ? rows.flows : [...rows.flows].reverse());
}

const whole = collect(baselineRows);
const reference = printed(whole, collect(eveningRows));

describe('the cut of the input', () => {
  test('never shows in player-minutes nor in the document', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.nat({ max: 1000 }), (batches, salt) => {
        const dealt = collectDealt(baselineRows, batches, salt);
        expect(dealt).toEqual(whole);
        expect(printed(dealt, collectDealt(eveningRows, batches, salt + 1))).toBe(reference);
      }),
      { seed: 11, numRuns: 8 },
    );
  });

  test('folded cells are folded whatever the order', () => {
    // 70 samples a minute: beyond what is kept exactly.
    expect(whole.cells.every((cell) => cell.samples === 70)).toBe(true);
  });
});

test('the same seed gives the same bytes, another seed other intervals', () => {
  const evening = collect(eveningRows);
  expect(printed(whole, evening)).toBe(reference);
  expect(printed(whole, evening, 6)).not.toBe(reference);
});

test('no number in the document is finer than it may be', () => {
  const walk = (value: unknown): void => {
    if (typeof value === 'number') {
      expect(Math.abs(value * 1e9 - Math.round(value * 1e9))).toBeLessThan(
        Math.max(1e-6, Math.abs(value) * 1e-6),
      );
      expect(Object.is(value, -0)).toBe(false);
    } else if (value !== null && typeof value === 'object') Object.values(value).forEach(walk);
  };
  walk(JSON.parse(reference));
});

test('no cohort file means only the cohort all, with the same rows', () => {
  const evening = collect(eveningRows);
  const alone = compare(whole, evening, { profile: 'moba', seed: 5, replicates: 60 });
  const among = compare(whole, evening, { profile: 'moba', seed: 5, replicates: 60, cohortOf });
  const strip = (rows: typeof alone.comparisons): unknown =>
    rows.filter((row) => row.cohort === 'all').map((row) => ({ ...row, q_value: null }));
  expect(new Set(alone.comparisons.map((row) => row.cohort))).toEqual(new Set(['all']));
  expect(strip(among.comparisons)).toEqual(strip(alone.comparisons));
});
