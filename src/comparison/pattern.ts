/**
 * Several evenings → a claim about evenings (S9). The unit is one day's difference between its two windows, so that what one
 * day does to all its minutes counts once. Exact sign-flips, Hodges–Lehmann with the interval of the signed-rank test; below six
 * paired days no two-sided test can reach .05, and the rows say how many are missing.
 */
import { benjaminiHochberg } from '../statistics/multiplicity.ts';
import { hodgesLehmann, signFlipTwoSided, signFlipUpper, walshInterval } from '../statistics/sign-flip.ts';
import { HEADLINE_METRICS } from './headline.ts';
import { roundFor, roundRatio } from './rounding.ts';
import type { Comparison, ComparisonRow, DayComparison } from './types.ts';
import { verdictOf } from './verdict.ts';

export const MIN_PAIRED_DAYS = 6;

export interface Day {
  readonly date: string;
  readonly comparison: Comparison;
}

/** One row per cohort × metric that has a difference on at least one day. */
export function patternRows(days: readonly Day[]): ComparisonRow[] {
  const keys = new Map<string, ComparisonRow>();
  for (const { comparison } of days)
    for (const row of comparison.comparisons) keys.set(JSON.stringify([row.cohort, row.metric]), row);
  const drafts = [...keys.values()].flatMap((key) => patternRow(days, key));
  const q = benjaminiHochberg(
    drafts.map((row) => (HEADLINE_METRICS.includes(row.metric) ? row.p_value : null)),
  );
  return drafts.map((row, i) => ({ ...row, q_value: q[i] === null ? null : roundRatio(q[i]!) }));
}

function patternRow(days: readonly Day[], { cohort, metric }: ComparisonRow): ComparisonRow[] {
  const rows = days.flatMap(({ comparison }) =>
    comparison.comparisons.filter(
      (row) => row.cohort === cohort && row.metric === metric && row.difference !== null,
    ),
  );
  if (rows.length === 0) return [];
  const round = roundFor(metric);
  const differences = rows.map((row) => row.difference!);
  const middle = (values: readonly number[]): number => round(hodgesLehmann(values)!);
  // The largest of the days' margins: a tenth of the baseline moves with the baseline.
  const widest = rows.reduce((a, b) => (b.margin > a.margin ? b : a));
  const enough = rows.length >= MIN_PAIRED_DAYS;
  const interval = (level: number): readonly [number, number] | null => {
    const found = enough ? walshInterval(differences, level) : null;
    return found === null ? null : [round(found[0]), round(found[1])];
  };
  const ci95 = interval(0.95);
  const ci90 = interval(0.9);
  const degraded = rows.filter(({ verdict }) => verdict === 'DEGRADED').length;
  const sum = (read: (row: ComparisonRow) => number): number =>
    rows.reduce((total, row) => total + read(row), 0);
  const least = (read: (row: ComparisonRow) => number): number => Math.min(...rows.map(read));
  const p = signFlipTwoSided(differences);
  return [
    {
      cohort,
      metric,
      claim: 'pattern',
      baseline: middle(rows.map((row) => row.baseline!)),
      evening: middle(rows.map((row) => row.evening!)),
      difference: middle(differences),
      ci95,
      ci90,
      margin: widest.margin,
      margin_source: widest.margin_source,
      verdict: ci95 === null || ci90 === null ? 'INSUFFICIENT' : verdictOf(ci95, ci90, widest.margin),
      p_value: enough ? roundRatio(signFlipUpper(differences.map((d) => d - widest.margin))) : null,
      q_value: null,
      clients: least((row) => row.clients),
      clients_baseline: least((row) => row.clients_baseline),
      clients_evening: least((row) => row.clients_evening),
      blocks: rows.length,
      blocks_baseline: rows.length,
      blocks_evening: rows.length,
      cells: Math.min(
        sum((row) => row.cells_baseline),
        sum((row) => row.cells_evening),
      ),
      cells_baseline: sum((row) => row.cells_baseline),
      cells_evening: sum((row) => row.cells_evening),
      paired: true,
      unpaired: null,
      needed: enough
        ? null
        : {
            clients: least((row) => row.clients),
            minutes: 0,
            reason: `${rows.length} paired ${rows.length === 1 ? 'day' : 'days'}; a pattern needs at least ${MIN_PAIRED_DAYS} (2/2^${rows.length} is the smallest p that ${rows.length} can reach)`,
          },
      method:
        'Hodges-Lehmann of daily differences; interval by the signed-rank test; exact sign-flips; blocks are days',
      notes: [
        `${degraded} of ${rows.length} evenings DEGRADED on their own`,
        `two-sided sign-flip of no difference at all: p = ${p.toFixed(4)}`,
      ],
      days: { paired: rows.length, degraded, differences },
    },
  ];
}

export function dayComparisons(days: readonly Day[]): DayComparison[] {
  return days.map(({ date, comparison }) => ({
    date,
    verdict: comparison.verdict,
    headline: comparison.headline,
    baseline: { first: comparison.periods.baseline.first, last: comparison.periods.baseline.last },
    evening: { first: comparison.periods.evening.first, last: comparison.periods.evening.last },
    rows: comparison.comparisons.map(({ cohort, metric, difference, ci95, verdict }) => ({
      cohort,
      metric,
      difference,
      ci95,
      verdict,
    })),
  }));
}
