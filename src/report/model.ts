/**
 * Comparison and facts → what a report says, and in which order: plain data that every format renders.
 * Nothing is measured or rounded here; a claim appears only if a row of the comparison carries it.
 */
import type { Comparison, ComparisonRow, Verdict } from '../comparison/types.ts';
import { planAsks } from './asks.ts';
import type { Ask } from './asks.ts';
import { formatDifference, formatInterval, formatMargin } from './format-value.ts';
import type { ReportInput } from './input.ts';
import { isNamed, planExtent } from './extent.ts';
import type { Extent } from './extent.ts';
import { collectLimitations } from './limitations.ts';
import type { Limitations } from './limitations.ts';
import { formatWindow } from './time-text.ts';
import { cohortInSentence, METRIC_ORDER, METRICS, VERDICTS } from './words.ts';
import type { Bilingual } from './words.ts';

export interface ReportModel {
  readonly input: ReportInput;
  readonly comparison: Comparison;
  readonly title: string;
  readonly timezone: string;
  readonly verdict: Verdict;
  readonly headline: Bilingual;
  readonly headlineRow: ComparisonRow | null;
  readonly windows: { readonly baseline: string; readonly evening: string };
  /** Cohort `all` first, then by worst verdict, then by name; metrics in their fixed order. */
  readonly rows: readonly ComparisonRow[];
  readonly extent: Extent;
  readonly asks: readonly Ask[];
  readonly success: Bilingual;
  readonly limitations: Limitations;
}

export function buildReport(input: ReportInput): ReportModel {
  const { comparison } = input;
  const timezone = input.case?.timezone ?? 'UTC';
  const rows = orderRows(comparison.comparisons);
  const headlineRow = pickHeadlineRow(input, rows);
  const window = ({ first, last }: Comparison['periods']['baseline']): string =>
    formatWindow(first, last, timezone);
  const windows = {
    baseline: window(comparison.periods.baseline),
    evening: window(comparison.periods.evening),
  };
  const extent = planExtent(rows, headlineRow);
  return {
    input,
    comparison,
    title: input.case?.title ?? 'Did the evening get worse?',
    timezone,
    verdict: comparison.verdict,
    headline: { en: comparison.headline, ja: headlineInJapanese(comparison, headlineRow) },
    headlineRow,
    windows,
    rows,
    extent,
    asks: planAsks({ input, headlineRow, extent, windows }),
    success: planSuccess(input, headlineRow),
    limitations: collectLimitations(input, rows),
  };
}

function orderRows(rows: readonly ComparisonRow[]): ComparisonRow[] {
  const worst = new Map<string, number>();
  for (const row of rows)
    worst.set(row.cohort, Math.min(worst.get(row.cohort) ?? Infinity, VERDICTS[row.verdict].rank));
  const place = (row: ComparisonRow): number => (row.cohort === 'all' ? -1 : worst.get(row.cohort)!);
  return [...rows].sort(
    (a, b) =>
      place(a) - place(b) ||
      compareText(a.cohort, b.cohort) ||
      METRIC_ORDER.indexOf(a.metric) - METRIC_ORDER.indexOf(b.metric) ||
      compareText(a.claim, b.claim),
  );
}

/** By code unit: the same order on every machine, whatever its locale. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The row named by the caller; else, among rows with the headline's verdict, the largest difference in margins. */
function pickHeadlineRow(input: ReportInput, rows: readonly ComparisonRow[]): ComparisonRow | null {
  const { comparison, headline } = input;
  if (headline)
    return rows.find((row) => row.cohort === headline.cohort && row.metric === headline.metric) ?? null;
  const candidates = rows.filter(
    (row) => row.verdict === comparison.verdict && (row.verdict !== 'DEGRADED' || isNamed(row)),
  );
  const weight = (row: ComparisonRow): number =>
    row.difference === null || row.margin === 0 ? -1 : Math.abs(row.difference) / row.margin;
  return candidates.reduce<ComparisonRow | null>(
    (best, row) => (best === null || weight(row) > weight(best) ? row : best),
    null,
  );
}

function headlineInJapanese(comparison: Comparison, row: ComparisonRow | null): string {
  const word = VERDICTS[comparison.verdict];
  if (row === null) return `判定：${word.ja}（${word.meaning.ja}）。`;
  const who = cohortInSentence(row.cohort).ja;
  const what = METRICS[row.metric].ja;
  const open =
    comparison.undecided_metrics.length === 0
      ? ''
      : `${comparison.undecided_metrics.map((metric) => METRICS[metric].ja).join('、')}は判定保留。`;
  if (row.difference === null || row.ci95 === null)
    return `判定：${word.ja}。${who}の${what}について、信頼区間を計算できるだけのデータがない（クライアント ${row.clients}、時間ブロック ${row.blocks}）。`;
  return (
    `判定：${word.ja}。${who}の${what}は、基準時間帯に対して ${formatDifference(row.metric, row.difference)} ${row.difference < 0 ? '減少した' : '増加した'}` +
    `（95%信頼区間 ${formatInterval(row.metric, row.ci95)}、許容差 δ ${formatMargin(row.metric, row.margin)}、` +
    `クライアント ${row.clients}、時間ブロック ${row.blocks}）。${word.meaning.ja}。${open}`
  );
}

/** When the case may be closed: never "no significant difference", always "shown equivalent, on enough evenings". */
function planSuccess(input: ReportInput, row: ComparisonRow | null): Bilingual {
  const { slo, asks } = input.case ?? {};
  const metric = row?.metric ?? 'rtt_p50_ns';
  const who = cohortInSentence(row?.cohort ?? 'all');
  const margin = row ? ` (${formatMargin(metric, row.margin)})` : '';
  const sloEn = slo
    ? ` and at least ${Number((slo.share * 100).toFixed(2))} % of player-minutes stay at or below ${slo.rtt_ms} ms`
    : '';
  const sloJa = slo
    ? `、かつプレイヤー・分の ${Number((slo.share * 100).toFixed(2))} % 以上で RTT が ${slo.rtt_ms} ms 以下であること`
    : '';
  return {
    en:
      `On at least 6 evenings, same hours and same configuration, ${METRICS[metric].en} of ${who.en} is EQUIVALENT to this baseline: ` +
      `90% interval inside ±δ${margin}${sloEn}. Re-test date: ${asks?.retest ?? 'not stated in the case'}.`,
    ja:
      `同じ時間帯・同じ設定で6晩以上測定し、${who.ja}の${METRICS[metric].ja}が今回の基準と「同等」と判定されること` +
      `（90%信頼区間が ±δ${margin} の内側）${sloJa}。再測定日：${asks?.retest ?? 'ケースに記載なし'}。`,
  };
}
