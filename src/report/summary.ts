/**
 * summary.html: one A4 page in English and Japanese, printed as it is. Lists and names are cut to a fixed budget, and a
 * cut is always said ("+2 more in report.html"), so that the page count does not depend on the data.
 */
import type { ComparisonRow } from '../comparison/types.ts';
import { planSummaryFigures } from './figures/plan.ts';
import { formatDifference, formatInterval } from './format-value.ts';
import type { ReportInput } from './input.ts';
import { buildReport } from './model.ts';
import type { ReportModel } from './model.ts';
import { element, list, PALETTE, renderPage } from './page.ts';
import { cutText, escapeMarkup, plainText } from './text.ts';
import { cohortName, METRICS, VERDICTS } from './words.ts';
import type { Bilingual } from './words.ts';

type Language = keyof Bilingual;

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
} as const;

const STYLE = `${PALETTE}
@page { size: A4; margin: 9mm 10mm; }
body { font-size: 12.5px; line-height: 1.4; }
main { max-width: 190mm; margin: 0 auto; padding: 12px; }
h1 { font-size: 1.35em; margin: 0; line-height: 1.25; } h2 { font-size: 1em; margin: .55em 0 .1em; color: var(--soft); }
p { margin: .15em 0; } ul, ol { margin: .1em 0; padding-left: 1.25em; } li { margin: .1em 0; }
p, li, h1 { overflow-wrap: anywhere; } :lang(ja) { line-break: strict; }
.soft { color: var(--soft); } .verdict { border-left: .5em solid var(--tone); padding: .15em 0 .15em .7em; font-weight: 600; }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1.6em; } .figures { align-items: start; margin: .5em 0 0; } .figures svg { width: 100%; height: auto; display: block; }
.box { border: 1px solid var(--rule); padding: .1em .7em .35em; margin-top: .5em; } footer { border-top: 1px solid var(--rule); margin-top: .5em; padding-top: .3em; font-size: .88em; }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .92em; }
@media screen { main { background: var(--paper); } }
@media screen and (max-width: 44rem) { body { font-size: 15px; } .two { grid-template-columns: 1fr; } main { padding: 14px; } }
@media print { :root { --ink: #1b1f24; --soft: #4f5965; --paper: #fff; --page: #fff; --rule: #cfd5dc; } body { font-size: 9.2px; line-height: 1.33; background: #fff; } main { padding: 0; max-width: none; } .two { grid-template-columns: 1fr 1fr; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
`;

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

export function renderSummaryHtml(input: ReportInput): string {
  const model = buildReport(input);
  const { ecdf, forest } = planSummaryFigures(model);
  const two = (render: (language: Language) => string): string =>
    `<div class="two"><div lang="en">${render('en')}</div><div lang="ja">${render('ja')}</div></div>`;
  const body = [
    '<main>',
    element('h1', cutText(plainText(model.title), LIMITS.title)),
    `<p class="soft">${escapeMarkup(`Evening 夜間 ${model.windows.evening} · Baseline 基準 ${model.windows.baseline}`)}</p>`,
    two((language) => verdict(model, language)),
    `<div class="two figures">${[ecdf, forest].map((figure) => `<div>${figure?.svg.trimEnd() ?? ''}</div>`).join('')}</div>`,
    two((language) => extent(model, language) + asks(model, language) + success(model, language)),
    `<div class="box">${two((language) => limitations(model, language))}</div>`,
    footer(model),
    '</main>',
  ].join('\n');
  return renderPage({ lang: 'en', title: model.title, style: STYLE, body });
}

function verdict({ headline, comparison, rows }: ReportModel, language: Language): string {
  const scope =
    language === 'en'
      ? cutText(plainText(comparison.scope), LIMITS.scope)
      : rows.every((row) => row.claim === 'window')
        ? 'WINDOW：上記の2つの時間帯の比較に限る。他の夜については述べない。'
        : 'PATTERN：測定した夜に限る。';
  return `<div class="verdict ${comparison.verdict}">${element('p', cutText(plainText(headline[language]), LIMITS.headline))}</div>${element('p', scope, 'class="soft"')}`;
}

function extent({ extent: found }: ReportModel, language: Language): string {
  const group = (title: Bilingual, rows: readonly ComparisonRow[], none: Bilingual): string =>
    element('h2', title[language]) +
    (rows.length === 0
      ? element('p', none[language])
      : list([
          ...rows
            .slice(0, ROWS_PER_ANSWER)
            .map((row) => escapeMarkup(cutText(rowText(row, language), LIMITS.item))),
          ...more(rows.length - ROWS_PER_ANSWER, language),
        ]));
  return (
    group(LABELS.where, found.worse, LABELS.nowhere) +
    group(LABELS.whereNot, found.notWorse, LABELS.noneEqual) +
    group(LABELS.open, [...found.open, ...found.smaller], LABELS.allAnswered)
  );
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

function asks({ asks: wanted }: ReportModel, language: Language): string {
  const items = wanted
    .slice(0, 3)
    .map(
      (ask) =>
        `<li>${escapeMarkup(cutText(plainText(ask.text[language]), LIMITS.ask))} <span class="soft">${LABELS.owner[language]}: ${escapeMarkup(cutText(plainText(ask.owner[language]), LIMITS.owner))}; ${LABELS.due[language]}: ${escapeMarkup(ask.due[language])}</span></li>`,
    );
  return `${element('h2', LABELS.asks[language])}<ol>${items.join('')}</ol>`;
}

function success({ success: text }: ReportModel, language: Language): string {
  return (
    element('h2', LABELS.success[language]) + element('p', cutText(plainText(text[language]), LIMITS.success))
  );
}

function limitations({ limitations: { standing, stated } }: ReportModel, language: Language): string {
  const shown = standing.slice(0, LIMITATIONS).map((both) => both[language]);
  const left = standing.length - shown.length + stated.length;
  return (
    element('h2', LABELS.limits[language]) +
    list([...shown.map((text) => escapeMarkup(cutText(text, LIMITS.limitation))), ...more(left, language)])
  );
}

function footer({ input }: ReportModel): string {
  const { name, email, availability } = input.case?.contact ?? {};
  const contact = [name, email, availability]
    .filter((text) => text !== undefined)
    .map((text) => cutText(plainText(text), 50));
  return (
    `<footer><p>${escapeMarkup(`Contact 連絡先: ${contact.length > 0 ? contact.join(', ') : 'not stated in the case ケースに記載なし'}`)}</p>` +
    `<p><b>Pack hash パックのハッシュ:</b> the SHA-256 of <code>SHA256SUMS</code> beside this file. It cannot be printed inside a file that SHA256SUMS lists; run <code>sha256sum SHA256SUMS</code> and compare with the value in our message. ` +
    `<span lang="ja">同じフォルダーの <code>SHA256SUMS</code> の SHA-256 値。このページ自体が一覧に含まれるため、ここには記載できない。<code>sha256sum SHA256SUMS</code> の結果を連絡文の値と照合すること。</span></p>` +
    `<p class="soft">lagdiff ${escapeMarkup(input.version)} · report.html: method, every number, how to verify 手法・全数値・検証方法</p></footer>`
  );
}
