/**
 * report.html: what the captures can and cannot tell, then the verdict, what each number rests on, figures, tables,
 * limitations, how to verify, and what each figure means. The order is deliberate: doubt is read before the answer.
 */
import type { ComparisonRow } from '../comparison/types.ts';
import { definitionsSection } from './definitions.ts';
import { planFigures } from './figures/plan.ts';
import { countOf, formatDifference, formatInterval } from './format-value.ts';
import {
  endsSection,
  figuresSection,
  extractsSection,
  findingsSection,
  qualitySection,
  rowsSection,
  tablesSection,
  tracesSection,
  verdictWord,
} from './html-sections.ts';
import type { ReportInput } from './input.ts';
import { buildReport } from './model.ts';
import type { ReportModel } from './model.ts';
import { element, list, PALETTE, renderPage } from './page.ts';
import { escapeMarkup } from './text.ts';
import { cohortName, METRICS, VERDICTS } from './words.ts';

const STYLE = `${PALETTE}
body { font-size: 1rem; line-height: 1.55; }
main { max-width: 80rem; margin: 0 auto; padding: 1.25rem 1rem 4rem; }
h1 { font-size: 1.55rem; line-height: 1.25; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; padding-top: .5rem; border-top: 1px solid var(--rule); } h3 { font-size: 1rem; margin: 1.3rem 0 .3rem; }
p { margin: .45rem 0; max-width: 46rem; overflow-wrap: anywhere; } ul, ol { margin: .4rem 0; padding-left: 1.3rem; max-width: 46rem; } li { margin: .25rem 0; overflow-wrap: anywhere; }
.soft { color: var(--soft); } .verdict { background: var(--paper); border: 1px solid var(--rule); border-left: .5rem solid var(--tone); padding: .8rem 1rem; border-radius: .3rem; font-size: 1.1rem; }
.verdict p { margin: .2rem 0; } .word::before { content: ""; display: inline-block; width: .65em; height: .65em; border-radius: 50%; background: var(--tone); margin-right: .4em; }
.word { font-weight: 700; white-space: nowrap; } .box { background: var(--paper); border: 1px solid var(--rule); padding: .5rem 1rem; border-radius: .3rem; }
.scroll { overflow-x: auto; margin: .6rem 0; border: 1px solid var(--rule); border-radius: .3rem; background: var(--paper); }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: .8rem; font-variant-numeric: tabular-nums; } caption { text-align: left; padding: .5rem .7rem; color: var(--soft); }
th, td { text-align: left; padding: .3rem .36rem; border-top: 1px solid var(--rule); vertical-align: top; white-space: nowrap; } thead th { color: var(--soft); font-weight: 600; white-space: normal; vertical-align: bottom; } tbody th { font-weight: 600; position: sticky; left: 0; background: var(--paper); }
tbody td:last-child { white-space: normal; } td .hash { display: inline-block; white-space: normal; min-width: 11rem; }
td.long, .wide td:last-child { white-space: normal; min-width: 16rem; } .prose td { white-space: normal; min-width: 9rem; } code, .hash { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .85em; overflow-wrap: anywhere; } pre { overflow-x: auto; background: var(--paper); border: 1px solid var(--rule); border-radius: .3rem; padding: .7rem; font-size: .84rem; }
figure { margin: 1rem 0; background: var(--paper); border: 1px solid var(--rule); border-radius: .3rem; overflow-x: auto; } figure svg { display: block; width: 100%; min-width: 30rem; max-width: 44rem; height: auto; margin: 0 auto; }
.figures { display: grid; gap: .8rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 34rem), 1fr)); align-items: start; } .figures figure { margin: 0; }
details { margin: .5rem 0; } summary { cursor: pointer; color: var(--link); padding: .3rem 0; }
.grid { display: grid; gap: .8rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); } .grid h3 { margin-top: .3rem; }
@media screen and (max-width: 44rem) { .scroll table, .scroll tbody, .scroll tr, .scroll th, .scroll td, .scroll caption { display: block; } .scroll thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); } .scroll table { font-size: .9rem; } .scroll tbody { display: grid; }
.scroll tr { display: grid; grid-template-columns: 1fr 1fr; gap: .1rem .8rem; padding: .5rem .7rem; border-top: 1px solid var(--rule); } .scroll tbody th { grid-column: 1 / -1; position: static; padding: 0; border: 0; white-space: normal; } .scroll td { padding: 0; border: 0; white-space: normal; overflow-wrap: anywhere; } .scroll td::before { content: attr(data-label); display: block; color: var(--soft); font-size: .78rem; }
.wide td:last-child, td.long { grid-column: 1 / -1; min-width: 0; } td .hash { min-width: 0; } figure svg { min-width: 26rem; } }
@media print { body { background: #fff; } figure, .scroll, pre { break-inside: avoid; } main { max-width: none; padding: 0; } }
`;

export function renderReportHtml(input: ReportInput): string {
  const model = buildReport(input);
  const body = [
    `<main>`,
    header(model),
    qualitySection(model),
    verdict(model),
    extent(model),
    rowsSection(model),
    endsSection(model),
    findingsSection(model),
    extractsSection(model),
    tracesSection(model),
    figuresSection(planFigures(model)),
    tablesSection(model),
    limitations(model),
    asks(model),
    verify(model),
    definitionsSection(model),
    `</main>`,
  ].join('\n');
  return renderPage({ lang: 'en', title: model.title, style: STYLE, body });
}

function header({ title, input, windows }: ReportModel): string {
  const servers = (input.case?.servers ?? []).map(({ name, address, provider, datacenter, kind }) =>
    [name, address, provider, datacenter, kind === 'unknown' ? undefined : kind.replace('_', ' ')]
      .filter(Boolean)
      .join(', '),
  );
  const facts: [string, string][] = [
    ...(input.case?.question ? [['Question', input.case.question] as [string, string]] : []),
    ['Baseline', windows.baseline],
    ['Evening', windows.evening],
    ...servers.map((text) => ['Server', text] as [string, string]),
    ...(input.case?.purpose ? [['Purpose', input.case.purpose] as [string, string]] : []),
    ...(input.case?.legal_basis
      ? [['Basis stated for capturing', input.case.legal_basis] as [string, string]]
      : []),
  ];
  return `<header>${element('h1', title)}${facts.map(([name, text]) => `<p><b>${escapeMarkup(name)}:</b> ${paragraph(text)}</p>`).join('')}</header>`;
}

/** A user's paragraph may have line breaks; nothing else of it is markup. */
function paragraph(text: string): string {
  return text.split(/\r?\n/).map(escapeMarkup).join('<br>');
}

function verdict({ comparison, headline }: ReportModel): string {
  const words = VERDICTS[comparison.verdict];
  return (
    element('h2', 'Verdict') +
    `<div class="verdict ${comparison.verdict}"><p>${verdictWord(comparison.verdict)}</p>${element('p', headline.en)}${element('p', headline.ja, 'lang="ja"')}</div>` +
    `<p>${escapeMarkup(comparison.verdict)} means: ${escapeMarkup(words.meaning.en)}.</p>${element('p', comparison.scope, 'class="soft"')}`
  );
}

function rowText(row: ComparisonRow): string {
  const interval = row.ci95 === null ? 'no interval' : `95% CI ${formatInterval(row.metric, row.ci95)}`;
  return `<b>${escapeMarkup(cohortName(row.cohort).en)}</b>, ${METRICS[row.metric].short}: ${formatDifference(row.metric, row.difference)}, ${interval}, ${row.verdict}, ${countOf(row.clients, 'client')}`;
}

/** The first rows, and the rest behind a fold: they are all in the table below. */
const SHOWN_ROWS = 4;

function folded(found: readonly ComparisonRow[]): string {
  const shown = list(found.slice(0, SHOWN_ROWS).map(rowText));
  const rest = found.slice(SHOWN_ROWS);
  if (rest.length === 0) return shown;
  return `${shown}<details><summary>${rest.length} more</summary>${list(rest.map(rowText))}</details>`;
}

function extent({ extent: { worse, notWorse, smaller, open } }: ReportModel): string {
  const group = (title: string, found: readonly ComparisonRow[], none: string): string =>
    `<div class="box">${element('h3', title)}${found.length === 0 ? element('p', none, 'class="soft"') : folded(found)}</div>`;
  return (
    element('h2', 'Where it is, where it is not') +
    `<div class="grid">${[
      group('It is', worse, 'nowhere shown by these data'),
      group('It is not', notWorse, 'no cohort is shown to be unchanged'),
      group('Changed, but too little to matter or not certain among so many rows', smaller, 'none'),
      group('No answer', open, 'none: every row got an answer'),
    ].join('')}</div>`
  );
}

function limitations({ limitations: { all } }: ReportModel): string {
  return element('h2', 'Limitations') + `<div class="box">${list(all.map(escapeMarkup))}</div>`;
}

function asks({ asks: wanted, success }: ReportModel): string {
  return (
    element('h2', 'What is asked, and when it is solved') +
    `<ol>${wanted.map((ask) => `<li>${escapeMarkup(ask.text.en)} <span class="soft">Because: ${escapeMarkup(ask.because.en)}. Owner: ${escapeMarkup(ask.owner.en)}. By: ${escapeMarkup(ask.due.en)}.</span></li>`).join('')}</ol>` +
    `<p><b>Solved when:</b> ${escapeMarkup(success.en)}</p>`
  );
}

const TIER_WORDS = {
  public:
    'Public tier: addresses are pseudonyms (Crypto-PAn, prefixes kept), the same in every file; payloads are zeroed; free text of the case is withheld unless it is published there.',
  restricted: 'Restricted tier: addresses are as captured. Mind who receives it.',
} as const;

function verify({ input }: ReportModel): string {
  return (
    element('h2', 'How to verify this annex') +
    '<p>In the folder of this file, with nothing but coreutils and OpenSSL 3:</p>' +
    `<pre>sha256sum -c SHA256SUMS\nopenssl pkeyutl -verify -pubin -inkey public-key.pem -rawin -in SHA256SUMS -sigfile signature\nopenssl pkey -pubin -in public-key.pem -outform DER | sha256sum</pre>` +
    '<p>The first line checks every file, the second that SHA256SUMS is the signed one, the third prints the fingerprint of the key: compare it with the one its owner gave you by another way. <code>lagdiff verify FOLDER</code> does all three, finds files that were added or removed, and follows the chain of <code>evidence-log.jsonl</code>. <code>reproduce.sh</code> computes the tables again from the captures.</p>' +
    `<p class="soft">Made by lagdiff ${escapeMarkup(input.version)}. ${TIER_WORDS[input.tier ?? 'restricted']}</p>`
  );
}
