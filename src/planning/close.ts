/**
 * May the case be closed? Comparisons of evenings after the fix with the good baseline, made with the configuration that found the
 * fault: EQUIVALENT (or better) in the row that the case was about, and the SLO met, on at least six evenings. "No difference was
 * found" is not among the words that close.
 */
import type { Comparison, ComparisonRow } from '../comparison/types.ts';
import { InputError } from '../errors.ts';

const CLOSING_EVENINGS = 6;

export interface CloseRequest {
  /** The comparison that found the fault: its configuration is frozen. */
  readonly found: Comparison;
  readonly after: readonly Comparison[];
  /** Share of player-minutes that must stay at or under the profile's threshold. */
  readonly sloShare: number;
}

export interface ClosingEvening {
  readonly evening: string | null;
  readonly verdict: ComparisonRow['verdict'];
  readonly equivalent: boolean;
  readonly slo_met: boolean;
  readonly reason: string;
}

export interface CloseResult {
  readonly schema: 'lagdiff/close@1';
  readonly closed: boolean;
  readonly row: { readonly cohort: string; readonly metric: string };
  readonly evenings: readonly ClosingEvening[];
  readonly reasons: readonly string[];
}

/** Everything that decides a comparison beside its captures. */
function configurationOf(comparison: Comparison): Readonly<Record<string, string>> {
  const margins = comparison.comparisons.map(({ metric, margin_source }) => `${metric}: ${margin_source}`);
  const { profile, seed, replicates, vantage, client_identity } = comparison;
  return {
    profile,
    seed: String(seed),
    replicates: String(replicates),
    vantage,
    client_identity,
    cohorts: [...new Set(comparison.comparisons.map(({ cohort }) => cohort))].sort().join(', '),
    margins: [...new Set(margins)].sort().join('; '),
  };
}

/** @throws InputError when the configurations differ or the first comparison found nothing. */
export function closeCase({ found, after, sloShare }: CloseRequest): CloseResult {
  const row = found.headline_row;
  if (row === null || found.verdict !== 'DEGRADED') {
    throw new InputError({
      code: 'close/nothing-found',
      message: `the comparison that opened the case says ${found.verdict}; there is no fault to close`,
      help: 'give --found the diff JSON that said DEGRADED',
    });
  }
  const frozen = configurationOf(found);
  after.forEach((comparison, i) => {
    const now = configurationOf(comparison);
    const changed = Object.keys(frozen).filter((key) => frozen[key] !== now[key]);
    if (changed.length > 0) {
      throw new InputError({
        code: 'close/configuration-changed',
        message: `comparison ${i + 1} was made with another ${changed[0]}: "${now[changed[0]!]}", the case has "${frozen[changed[0]!]}"`,
        help: 'run diff again with the options of the comparison that found the fault',
      });
    }
  });
  const dates = new Map<string, ClosingEvening>();
  for (const comparison of after) {
    const evening = judgeEvening(comparison, row, sloShare);
    const key = evening.evening?.slice(0, 10) ?? 'unknown';
    const earlier = dates.get(key);
    // Two comparisons of one date are one evening, and the worse of them counts.
    if (earlier === undefined || (earlier.equivalent && earlier.slo_met)) dates.set(key, evening);
  }
  const evenings = [...dates].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, evening]) => evening);
  const reasons: string[] = [];
  if (evenings.length < CLOSING_EVENINGS)
    reasons.push(`${evenings.length} evenings; closing needs at least ${CLOSING_EVENINGS}`);
  for (const { evening, equivalent, slo_met, reason } of evenings)
    if (!equivalent || !slo_met) reasons.push(`${evening ?? 'an evening without a time'}: ${reason}`);
  return { schema: 'lagdiff/close@1', closed: reasons.length === 0, row, evenings, reasons };
}

function judgeEvening(
  comparison: Comparison,
  { cohort, metric }: { readonly cohort: string; readonly metric: string },
  sloShare: number,
): ClosingEvening {
  const of = (name: string): ComparisonRow | undefined =>
    comparison.comparisons.find((row) => row.cohort === cohort && row.metric === name);
  const verdict = of(metric)?.verdict ?? 'INSUFFICIENT';
  const equivalent = verdict === 'EQUIVALENT' || verdict === 'IMPROVED';
  const breach = of('slo_breach_ratio')?.evening ?? null;
  const sloMet = breach !== null && breach <= 1 - sloShare + 1e-12;
  const why = [
    ...(equivalent ? [] : [`${metric} of ${cohort} is ${verdict}, not EQUIVALENT`]),
    ...(sloMet
      ? []
      : [
          breach === null
            ? 'the share above the threshold is not known'
            : `${(100 * breach).toFixed(2)} % of player-minutes are above the threshold, more than ${(100 * (1 - sloShare)).toFixed(2)} %`,
        ]),
  ];
  return {
    evening: comparison.periods.evening.first,
    verdict,
    equivalent,
    slo_met: sloMet,
    reason: why.join('; ') || 'equivalent, SLO met',
  };
}

export function closeText(result: CloseResult): string {
  return [
    result.closed
      ? `CLOSED: ${result.row.metric} of ${result.row.cohort} EQUIVALENT to the good baseline and SLO met on ${result.evenings.length} evenings`
      : `OPEN: ${result.row.metric} of ${result.row.cohort}`,
    ...result.evenings.map(({ evening, verdict, reason }) => `${evening ?? '–'}  ${verdict}  ${reason}`),
    ...result.reasons.map((reason) => `- ${reason}`),
    '',
  ].join('\n');
}
