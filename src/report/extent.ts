/** Where it is, where it is not, and where the data do not say: the rows of a comparison sorted into four answers. */
import type { ComparisonRow, Verdict } from '../comparison/types.ts';

/** False discovery rate at which a cohort may be named in a summary (Benjamini–Hochberg). */
const NAMED_BELOW_Q = 0.05;

/** Where it is and is not: the four answers a row can give about its cohort, never mixed. */
export interface Extent {
  /** DEGRADED, and still so after correction for the number of rows. */
  readonly worse: readonly ComparisonRow[];
  /** Shown to be unchanged within the margin, or better. */
  readonly notWorse: readonly ComparisonRow[];
  /** A change that is not shown to matter: MINOR, or DEGRADED that does not survive correction. */
  readonly smaller: readonly ComparisonRow[];
  /** No answer from these data. */
  readonly open: readonly ComparisonRow[];
}

export function isNamed(row: ComparisonRow): boolean {
  return row.verdict === 'DEGRADED' && row.q_value !== null && row.q_value < NAMED_BELOW_Q;
}

export function planExtent(rows: readonly ComparisonRow[], headlineRow: ComparisonRow | null): Extent {
  // The headline's metric first: "elsewhere the same thing is fine" says more than "here another thing is fine".
  const near = (row: ComparisonRow): number =>
    (row.metric === headlineRow?.metric ? 0 : 2) + (row.cohort === headlineRow?.cohort ? 0 : 1);
  const sorted = rows
    .map((row, i) => ({ row, i }))
    .sort((a, b) => near(a.row) - near(b.row) || a.i - b.i)
    .map(({ row }) => row);
  const having = (...verdicts: Verdict[]): ComparisonRow[] =>
    sorted.filter((row) => verdicts.includes(row.verdict));
  return {
    worse: sorted.filter(isNamed),
    notWorse: having('EQUIVALENT', 'IMPROVED'),
    smaller: [...sorted.filter((row) => row.verdict === 'DEGRADED' && !isNamed(row)), ...having('MINOR')],
    open: having('INCONCLUSIVE', 'INSUFFICIENT'),
  };
}
