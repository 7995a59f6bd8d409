/**
 * What every figure has around its data: a title, a sentence, a legend, how many clients and blocks, and the SHA-256
 * of the CSV that holds exactly the drawn numbers.
 */
import { createHash } from 'node:crypto';
import { escapeMarkup, wrapText } from '../text.ts';

export interface Figure {
  /** File stem: `<id>.svg` and `<id>.csv`. */
  readonly id: string;
  readonly title: string;
  /** What the picture shows, for those who do not see it. */
  readonly description: string;
  readonly svg: string;
  readonly csv: string;
  readonly csvSha256: string;
}

export interface LegendEntry {
  readonly label: string;
  readonly color: string;
  readonly kind: 'line' | 'dot' | 'band';
  readonly dash?: string;
}

export interface FrameInput {
  readonly id: string;
  readonly title: string;
  readonly subtitle: string;
  readonly description: string;
  readonly legend: readonly LegendEntry[];
  readonly width: number;
  readonly bodyHeight: number;
  /** Draws the body with its top edge at `y`. */
  readonly body: (y: number) => string;
  /** Counts first, then doubts: each becomes a line under the figure. */
  readonly notes: readonly string[];
  readonly csv: string;
}

/** Mean width of one character cell at font size 1, with a little to spare. */
const CELL = 0.56;
const MARGIN = 12;

export function frameFigure(input: FrameInput): Figure {
  const csvSha256 = createHash('sha256').update(input.csv).digest('hex');
  const parts: string[] = [];
  let y = MARGIN;
  const write = (text: string, size: number, attributes = ''): void => {
    const cells = Math.floor((input.width - 2 * MARGIN) / (size * CELL));
    for (const line of wrapText(text, cells)) {
      y += size * 1.3;
      parts.push(
        `<text x="${MARGIN}" y="${round(y - size * 0.25)}" font-size="${size}"${attributes}>${escapeMarkup(line)}</text>`,
      );
    }
  };
  write(input.title, 15, ' font-weight="700"');
  write(input.subtitle, 12, ' fill-opacity="0.8"');
  y += 6;
  if (input.legend.length > 0) {
    const legend = drawLegend(input.legend, input.width, y);
    parts.push(legend.svg);
    y = legend.bottom;
  }
  parts.push(input.body(round(y)));
  y += input.bodyHeight;
  for (const note of input.notes) write(note, 11, ' fill-opacity="0.8"');
  write(`data: ${input.id}.csv, sha256 ${csvSha256}`, 9, ' fill-opacity="0.8"');
  const height = Math.ceil(y + MARGIN);
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${input.width} ${height}" width="${input.width}" height="${height}" ` +
    `role="img" fill="currentColor" color="#1b1f24" font-family="system-ui, 'Noto Sans JP', 'Hiragino Sans', 'Yu Gothic', sans-serif">` +
    `<title>${escapeMarkup(input.title)}</title><desc>${escapeMarkup(input.description)}</desc>` +
    `<rect class="paper" width="100%" height="100%" fill="#ffffff"/>${parts.join('')}</svg>\n`;
  return { id: input.id, title: input.title, description: input.description, svg, csv: input.csv, csvSha256 };
}

function drawLegend(
  entries: readonly LegendEntry[],
  width: number,
  top: number,
): { svg: string; bottom: number } {
  const parts: string[] = [];
  let x = MARGIN;
  let y = top + 14;
  for (const { label, color, kind, dash } of entries) {
    const needed = 34 + wrapWidth(label) * 12 * CELL;
    if (x > MARGIN && x + needed > width - MARGIN) {
      x = MARGIN;
      y += 18;
    }
    const middle = round(y - 4);
    const left = round(x);
    if (kind === 'line')
      parts.push(
        `<line x1="${left}" x2="${round(x + 22)}" y1="${middle}" y2="${middle}" stroke="${color}" stroke-width="2.5"${dash ? ` stroke-dasharray="${dash}"` : ''}/>`,
      );
    if (kind === 'dot') parts.push(`<circle cx="${round(x + 11)}" cy="${middle}" r="5" fill="${color}"/>`);
    if (kind === 'band')
      parts.push(
        `<rect x="${left}" y="${round(y - 10)}" width="22" height="12" fill="${color}" fill-opacity="0.25"/>`,
      );
    parts.push(`<text x="${round(x + 28)}" y="${round(y)}" font-size="12">${escapeMarkup(label)}</text>`);
    x += needed + 8;
  }
  return { svg: parts.join(''), bottom: y + 8 };
}

function wrapWidth(label: string): number {
  return [...label].reduce((sum, char) => sum + (char.charCodeAt(0) > 0x2e7f ? 2 : 1), 0);
}

/** Coordinates to a tenth of a pixel: enough to draw, few enough digits to be the same everywhere. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** RFC 4180 with LF line ends; absent values are empty cells. */
export function toCsv(
  header: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): string {
  const cell = (value: string | number | null): string => {
    if (value === null) return '';
    // A spreadsheet runs text that begins so; a quote before it makes it text again. Numbers stay numbers.
    const isFormula = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) && Number.isNaN(Number(value));
    const text = `${isFormula ? "'" : ''}${value}`;
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [header, ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('');
}
