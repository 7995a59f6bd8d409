/** A self-contained page: one inlined style sheet allowed by its hash, no script, nothing fetched, nothing refers outside. */
import { createHash } from 'node:crypto';
import { escapeMarkup } from './text.ts';

export interface PageInput {
  readonly lang: string;
  readonly title: string;
  readonly style: string;
  readonly body: string;
}

export function renderPage({ lang, title, style, body }: PageInput): string {
  const hash = createHash('sha256').update(style).digest('base64');
  return (
    `<!doctype html>\n<html lang="${lang}">\n<head>\n<meta charset="utf-8">\n` +
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'">\n` +
    `<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n` +
    `<meta name="color-scheme" content="light dark">\n` +
    `<title>${escapeMarkup(title)}</title>\n<style>${style}</style>\n</head>\n<body>\n${body}\n</body>\n</html>\n`
  );
}

/** `<tag class="…">text</tag>` with the text escaped. */
export function element(tag: string, text: string, attributes = ''): string {
  return `<${tag}${attributes === '' ? '' : ` ${attributes}`}>${escapeMarkup(text)}</${tag}>`;
}

export function list(items: readonly string[], attributes = ''): string {
  return `<ul${attributes === '' ? '' : ` ${attributes}`}>${items.map((item) => `<li>${item}</li>`).join('')}</ul>`;
}

/** Cells are markup; the header is text. The wrapper scrolls where a table is
 * wider than the page, the page does not; on a phone every row is a card, each value under the name of its column. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  caption: string,
): string {
  const head = header.map((title) => element('th', title, 'scope="col"')).join('');
  const body = rows
    .map(
      ([first, ...rest]) =>
        `<tr><th scope="row">${first}</th>${rest.map((cell, i) => `<td data-label="${escapeMarkup(header[i + 1] ?? '')}">${cell}</td>`).join('')}</tr>`,
    )
    .join('\n');
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeMarkup(caption)}"><table><caption>${escapeMarkup(caption)}</caption><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}

/** One palette for both pages; colours are checked for contrast in both schemes. */
export const PALETTE = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #4f5965; --paper: #ffffff; --page: #f4f5f7; --rule: #cfd5dc; --link: #0b5cad; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --soft: #aab3be; --paper: #171b21; --page: #0f1216; --rule: #363d47; --link: #7db7f5; } }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: var(--page); font-family: system-ui, "Noto Sans JP", "Hiragino Sans", "Yu Gothic", sans-serif; }
svg { color: var(--ink); } svg .paper { fill: var(--paper); }
.DEGRADED { --tone: #d55e00; } .IMPROVED { --tone: #0072b2; } .EQUIVALENT { --tone: #009e73; } .MINOR { --tone: #cc79a7; } .INCONCLUSIVE, .INSUFFICIENT { --tone: #767676; }
`;
