import { describe, expect, test } from 'vitest';
import { compare } from '../../../src/comparison/compare.ts';
import { patternRows, type Day } from '../../../src/comparison/pattern.ts';
import type { Comparison } from '../../../src/comparison/types.ts';
import { alternatingBlocks } from '../../../src/comparison/controls.ts';
import { cohortPeriod } from '../../../src/comparison/sample.ts';
import { BASELINE_START_NS, clientsOf, collect, EVENING_START_NS, generate, MINUTE_NS } from './synthetic.ts';

function window(shiftMs: number, seed: number): Comparison {
  const period = (startNs: bigint, shift: number, of: number) =>
    collect(generate({ clients: clientsOf(8, 1, { shiftMs: shift }), startNs, minutes: 64, seed: of }), {
      vantage: 'server',
    });
  return compare(period(BASELINE_START_NS, 0, seed), period(EVENING_START_NS, shiftMs, seed + 100), {
    profile: 'fps_competitive',
    seed: 1,
    replicates: 200,
  });
}

/** Days that differ only in their difference: the rows of one real comparison with the numbers of a day. */
function daysWith(differencesMs: readonly number[]): Day[] {
  const comparison = window(0, 1);
  return differencesMs.map((ms, i) => ({
    date: `2026-11-${10 + i}`,
    comparison: {
      ...comparison,
      comparisons: comparison.comparisons.map((row) =>
        row.metric === 'rtt_p50_ns'
          ? { ...row, difference: ms * 1e6, verdict: ms > 8 ? 'DEGRADED' : 'MINOR' }
          : row,
      ),
    },
  }));
}

const median = (days: readonly Day[]) => patternRows(days).find((row) => row.metric === 'rtt_p50_ns')!;

describe('a claim about evenings', () => {
  test('six clear evenings carry it: range as interval, k of D, exact p', () => {
    const row = median(daysWith([9, 12, 10, 15, 8, 11]));
    expect(row).toMatchObject({ claim: 'pattern', verdict: 'DEGRADED', ci95: [8e6, 15e6] });
    expect(row.days).toMatchObject({ paired: 6, degraded: 5 });
    expect(row.p_value).toBeCloseTo(1 / 64, 9);
  });

  test('five never do, and the row says what is missing', () => {
    const row = median(daysWith([9, 12, 10, 15, 8]));
    expect(row).toMatchObject({ verdict: 'INSUFFICIENT', ci95: null, p_value: null });
    expect(row.needed!.reason).toMatch(/5 paired days; a pattern needs at least 6/);
  });

  test('one dreadful evening among calm ones is no pattern', () => {
    expect(median(daysWith([0.1, -0.2, 0.3, 40, 0, -0.1, 0.2])).verdict).not.toBe('DEGRADED');
  });
});

test('one day cut out of a longer capture holds only its minutes', () => {
  const rows = generate({ clients: clientsOf(6, 1), startNs: EVENING_START_NS, minutes: 120, seed: 3 });
  const startMinute = Number(EVENING_START_NS / MINUTE_NS) + 60;
  const cut = collect(rows, { only: { startMinute, endMinute: startMinute + 30 } });
  expect(cut.firstMinute).toBe(startMinute);
  expect(cut.minutes).toBe(30);
  expect(cut.cells.every(({ minute }) => minute >= 0 && minute < 30)).toBe(true);
  expect(cut.connects).toEqual([]);
});

test('the control splits the baseline into halves of equal length that share no minute', () => {
  const period = collect(
    generate({ clients: clientsOf(6, 1), startNs: EVENING_START_NS, minutes: 64, seed: 3 }),
  );
  const [one, other] = alternatingBlocks(cohortPeriod(period, () => true));
  expect(one.minutes).toBe(other.minutes);
  expect(one.cells.length).toBe(other.cells.length);
  expect(window(0, 5).controls.map(({ verdict }) => verdict)).not.toContain('DEGRADED');
});
