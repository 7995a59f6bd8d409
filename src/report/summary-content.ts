/**
 * What the one-page summary says, in one language, as plain text cut to a fixed budget, so that the page count does not depend
 * on the data; a cut is always said. summary.ts shows it as HTML, summary-pdf.ts as PDF.
 */
import type { ComparisonRow } from '../comparison/types.ts';
import { formatDifference, formatInterval } from './format-value.ts';
import type { ReportModel } from './model.ts';
import { cutText, plainText } from './text.ts';
import { cohortName, METRICS, VERDICTS } from './words.ts';
import type { Bilingual } from './words.ts';

export type Language = keyof Bilingual;

const ROWS_PER_ANSWER = 3;
const LIMITATIONS = 5;
/** In terminal cells, where a Japanese character counts two. */
const LIMITS = {
  title: 90,
  headline: 300,
  scope: 120,
  item: 92,
  limitation: 170,
  ask: 260,
  owner: 36,
  success: 340,
  contact: 50,
} as const;

const LABELS = {
  where: { en: 'Where it is', ja: '悪化している箇所' },
  whereNot: { en: 'Where it is not', ja: '悪化していない箇所' },
  open: { en: 'What these data do not say', ja: 'このデータでは判断できない箇所' },
  asks: { en: 'Asks', ja: '依頼事項' },
  success: { en: 'Solved when', ja: '解決の基準' },
  limits: { en: 'Limitations', ja: '留意事項' },
  owner: { en: 'Owner', ja: '担当' },
  due: { en: 'by', ja: '期限' },
  nowhere: { en: 'nowhere shown by these data', ja: 'このデータで示せる箇所はない' },
  noneEqual: { en: 'no cohort is shown to be unchanged', ja: '変化がないと示せるコホートはない' },
  allAnswered: { en: 'every row got an answer', ja: '全項目で判定できた' },
} satisfies Record<string, Bilingual>;

/** Items are a list; without any, `none` says so. */
export interface Group {
  readonly title: string;
  readonly items: readonly string[];
  readonly none: string;
}

export interface SummaryContent {
  readonly title: string;
  readonly windows: string;
  readonly headline: string;
  readonly scope: string;
  readonly extent: readonly Group[];
  readonly asksTitle: string;
  readonly asks: readonly { readonly text: string; readonly who: string }[];
  readonly success: Group;
  readonly limitations: Group;
  readonly contact: string;
}

export function summaryContent(model: ReportModel, language: Language): SummaryContent {
  return {
    title: cutText(plainText(model.title), LIMITS.title),
    windows: `Evening 夜間 ${model.windows.evening} · Baseline 基準 ${model.windows.baseline}`,
    headline: cutText(plainText(model.headline[language]), LIMITS.headline),
    scope: scopeOf(model, language),
    extent: extentOf(model, language),
    asksTitle: LABELS.asks[language],
    asks: model.asks.slice(0, 3).map((ask) => ({
      text: cutText(plainText(ask.text[language]), LIMITS.ask),
      who: `${LABELS.owner[language]}: ${cutText(plainText(ask.owner[language]), LIMITS.owner)}; ${LABELS.due[language]}: ${ask.due[language]}`,
    })),
    success: {
      title: LABELS.success[language],
      items: [],
      none: cutText(plainText(model.success[language]), LIMITS.success),
    },
    limitations: limitationsOf(model, language),
    contact: contactOf(model),
  };
}

function scopeOf({ comparison, rows }: ReportModel, language: Language): string {
  if (language === 'en') return cutText(plainText(comparison.scope), LIMITS.scope);
  return rows.every((row) => row.claim === 'window')
    ? 'WINDOW：上記の2つの時間帯の比較に限る。他の夜については述べない。'
    : 'PATTERN：測定した夜に限る。';
}

function extentOf({ extent: found }: ReportModel, language: Language): Group[] {
  const group = (title: Bilingual, rows: readonly ComparisonRow[], none: Bilingual): Group => ({
    title: title[language],
    items:
      rows.length === 0
        ? []
        : [
            ...rows.slice(0, ROWS_PER_ANSWER).map((row) => cutText(rowText(row, language), LIMITS.item)),
            ...more(rows.length - ROWS_PER_ANSWER, language),
          ],
    none: none[language],
  });
  return [
    group(LABELS.where, found.worse, LABELS.nowhere),
    group(LABELS.whereNot, found.notWorse, LABELS.noneEqual),
    group(LABELS.open, [...found.open, ...found.smaller], LABELS.allAnswered),
  ];
}

function rowText(row: ComparisonRow, language: Language): string {
  const name = cutText(plainText(cohortName(row.cohort)[language]), 20);
  const metric = METRICS[row.metric].short;
  const verdictText = VERDICTS[row.verdict][language];
  const subject = language === 'en' ? `${name}, ${metric}:` : `${name} ${metric}：`;
  if (row.ci95 === null) return `${subject} ${verdictText} (n ${row.clients})`;
  return `${subject} ${formatDifference(row.metric, row.difference)} ${formatInterval(row.metric, row.ci95)} ${verdictText}`;
}

function more(left: number, language: Language): string[] {
  if (left <= 0) return [];
  return [language === 'en' ? `+${left} more in report.html` : `他 ${left} 件は report.html を参照`];
}

function limitationsOf({ limitations: { standing, stated } }: ReportModel, language: Language): Group {
  const shown = standing.slice(0, LIMITATIONS).map((both) => both[language]);
  const left = standing.length - shown.length + stated.length;
  return {
    title: LABELS.limits[language],
    items: [...shown.map((text) => cutText(text, LIMITS.limitation)), ...more(left, language)],
    none: '',
  };
}

function contactOf({ input }: ReportModel): string {
  const { name, email, availability } = input.case?.contact ?? {};
  const contact = [name, email, availability]
    .filter((text) => text !== undefined)
    .map((text) => cutText(plainText(text), LIMITS.contact));
  return `Contact 連絡先: ${contact.length > 0 ? contact.join(', ') : 'not stated in the case ケースに記載なし'}`;
}
