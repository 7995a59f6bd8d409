/**
 * summary.html: one A4 page in English and Japanese, printed as it is. What it says, and how much of it, is summary-content.ts.
 */
import { planSummaryFigures } from './figures/plan.ts';
import type { ReportInput } from './input.ts';
import { buildReport } from './model.ts';
import { element, list, PALETTE, renderPage } from './page.ts';
import { summaryContent, type Group, type Language, type SummaryContent } from './summary-content.ts';
import { escapeMarkup } from './text.ts';

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

export function renderSummaryHtml(input: ReportInput): string {
  const model = buildReport(input);
  const { ecdf, forest } = planSummaryFigures(model);
  const said = { en: summaryContent(model, 'en'), ja: summaryContent(model, 'ja') };
  const two = (render: (content: SummaryContent) => string): string => {
    const column = (language: Language): string => `<div lang="${language}">${render(said[language])}</div>`;
    return `<div class="two">${column('en')}${column('ja')}</div>`;
  };
  const body = [
    '<main>',
    element('h1', said.en.title),
    `<p class="soft">${escapeMarkup(said.en.windows)}</p>`,
    two(
      ({ headline, scope }) =>
        `<div class="verdict ${model.comparison.verdict}">${element('p', headline)}</div>${element('p', scope, 'class="soft"')}`,
    ),
    `<div class="two figures">${[ecdf, forest].map((figure) => `<div>${figure?.svg.trimEnd() ?? ''}</div>`).join('')}</div>`,
    two((content) => content.extent.map(group).join('') + asks(content) + group(content.success)),
    `<div class="box">${two(({ limitations }) => group(limitations))}</div>`,
    footer(said.en, input.version),
    '</main>',
  ].join('\n');
  return renderPage({ lang: 'en', title: model.title, style: STYLE, body });
}

function group({ title, items, none }: Group): string {
  return element('h2', title) + (items.length === 0 ? element('p', none) : list(items.map(escapeMarkup)));
}

function asks({ asksTitle, asks: wanted }: SummaryContent): string {
  const items = wanted.map(
    ({ text, who }) => `<li>${escapeMarkup(text)} <span class="soft">${escapeMarkup(who)}</span></li>`,
  );
  return `${element('h2', asksTitle)}<ol>${items.join('')}</ol>`;
}

function footer({ contact }: SummaryContent, version: string): string {
  return (
    `<footer><p>${escapeMarkup(contact)}</p>` +
    `<p><b>Pack hash パックのハッシュ:</b> the SHA-256 of <code>SHA256SUMS</code> beside this file. It cannot be printed inside a file that SHA256SUMS lists; run <code>sha256sum SHA256SUMS</code> and compare with the value in our message. ` +
    `<span lang="ja">同じフォルダーの <code>SHA256SUMS</code> の SHA-256 値。このページ自体が一覧に含まれるため、ここには記載できない。<code>sha256sum SHA256SUMS</code> の結果を連絡文の値と照合すること。</span></p>` +
    `<p class="soft">lagdiff ${escapeMarkup(version)} · report.html: method, every number, how to verify 手法・全数値・検証方法</p></footer>`
  );
}
