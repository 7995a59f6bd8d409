/**
 * summary.pdf: the summary as two A4 pages, English and Japanese, drawn without a browser. Streams are left uncompressed:
 * what a compressor gives differs between versions of Node, and a leak scan can look inside. The font is embedded as a subset.
 */
import PDFDocument from 'pdfkit';
import SVGtoPDF from 'svg-to-pdfkit';
import { planSummaryFigures } from './figures/plan.ts';
import type { Figure } from './figures/frame.ts';
import type { ReportInput } from './input.ts';
import { buildReport, type ReportModel } from './model.ts';
import { summaryContent, type Group, type Language } from './summary-content.ts';
import { instantMs } from './time-text.ts';
import { VERDICTS } from './words.ts';

type Doc = InstanceType<typeof PDFDocument>;

/** A4 in points. */
const PAGE_WIDTH = 595.28;
const PAGE_HEIGHT = 841.89;
/** Long names make text smaller, never pages more. */
const SCALES = [1, 0.95, 0.9, 0.85, 0.8, 0.74, 0.68] as const;
const FONT = 'body';
const MARGIN = 34;
const INK = '#1b1f24';
const SOFT = '#4f5965';
const RULE = '#cfd5dc';
/** Shown for a character that the font lacks; summary.html has every one. */
const GETA = '〓';

const WORDS = {
  en: {
    page: 'Page 1 of 2 · 日本語版は2ページ目',
    hash: 'Pack hash: the SHA-256 of SHA256SUMS beside this file; compare it with the value in our message. It cannot be printed inside a file that SHA256SUMS lists.',
    missing: (n: number) =>
      `${n} characters are not in the embedded font and stand here as ${GETA}; summary.html shows them.`,
  },
  ja: {
    page: '2ページ中2ページ目 · English: page 1',
    hash: 'パックのハッシュ：同じフォルダーの SHA256SUMS の SHA-256 値。このファイル自体が一覧に含まれるため、ここには記載できない。連絡文の値と照合すること。',
    missing: (n: number) =>
      `埋め込みフォントにない ${n} 文字を ${GETA} で示した。summary.html では表示される。`,
  },
} as const;

/** @param font a TrueType font with Latin and Japanese characters. */
export async function renderSummaryPdf(input: ReportInput, font: Uint8Array): Promise<Uint8Array> {
  const model = buildReport(input);
  const last = model.comparison.periods.evening.last ?? model.comparison.periods.baseline.last;
  const doc = new PDFDocument({
    size: 'A4',
    compress: false,
    autoFirstPage: false,
    margin: 0,
    pdfVersion: '1.7',
    lang: 'en',
    displayTitle: true,
    info: {
      Title: model.title,
      Producer: `lagdiff ${input.version}`,
      Creator: 'lagdiff',
      // Which time it speaks of, not when it was drawn: the same inputs give the same bytes.
      CreationDate: new Date(last === null ? 0 : instantMs(last)),
    },
  });
  const pieces: Uint8Array[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    doc.on('data', (piece: Uint8Array) => pieces.push(piece));
    doc.on('end', resolve);
    doc.on('error', reject);
  });
  doc.registerFont(FONT, Buffer.from(font));
  doc.font(FONT);
  const { height } = drawnHeights(model, font);
  for (const language of ['en', 'ja'] as const) {
    doc.addPage();
    drawPage(
      doc,
      model,
      language,
      SCALES.find((scale) => height(language, scale) <= PAGE_HEIGHT) ?? SCALES.at(-1)!,
    );
  }
  doc.end();
  await ended;
  return Buffer.concat(pieces);
}

/** How far down a page would reach: drawn once on a sheet without end. */
function drawnHeights(
  model: ReportModel,
  font: Uint8Array,
): { height: (language: Language, scale: number) => number } {
  const sheet = new PDFDocument({ size: [PAGE_WIDTH, 20 * PAGE_HEIGHT], compress: false, margin: 0 });
  sheet.registerFont(FONT, Buffer.from(font));
  sheet.font(FONT);
  return { height: (language, scale) => drawPage(sheet, model, language, scale, true) + MARGIN / 2 };
}

/** @returns the lower edge. */
function drawPage(
  doc: Doc,
  model: ReportModel,
  language: Language,
  scale: number,
  isMeasured = false,
): number {
  const content = summaryContent(model, language);
  const glyphs = knownCharacters(doc);
  let missing = 0;
  const known = (text: string): string =>
    [...text]
      .map((char) => {
        if (glyphs.has(char.codePointAt(0)!)) return char;
        missing += 1;
        return GETA;
      })
      .join('');
  const width = PAGE_WIDTH - 2 * MARGIN;
  let y = MARGIN;
  let column = { x: MARGIN, width };
  const write = (
    text: string,
    { size = 9.2, color = INK, left = 0, gap = 2, bold = false }: Partial<Style> = {},
  ): void => {
    doc.fontSize(size * scale).fillColor(color);
    const options = { width: column.width - left, lineGap: 1.2 };
    const shown = known(text);
    // One weight is embedded; a thin outline stands for bold.
    if (bold) doc.lineWidth(size * 0.03).strokeColor(color);
    doc.text(shown, column.x + left, y, { ...options, ...(bold ? { stroke: true, fill: true } : {}) });
    y = doc.y + gap;
  };
  const heading = (text: string): void => {
    y += 4;
    write(text, { size: 9.6, color: SOFT, gap: 1, bold: true });
  };
  const group = ({ title, items, none }: Group): void => {
    heading(title);
    if (items.length === 0) write(none, { size: 8.4 });
    else for (const item of items) write(`・${item}`, { left: 4, gap: 0.5, size: 8.4 });
  };

  write(content.title, { size: 15, bold: true });
  write(content.windows, { size: 8.2, color: SOFT, gap: 6 });
  const top = y;
  write(content.headline, { size: 10.4, left: 12, gap: 3 });
  doc.rect(MARGIN, top, 4, y - top - 2).fill(VERDICTS[model.comparison.verdict].color);
  write(content.scope, { size: 8.2, color: SOFT, gap: 8 });
  y = drawFigures(isMeasured ? null : doc, model, y, width);
  const [where, whereNot, open] = content.extent as [Group, Group, Group];
  /** Two groups beside each other; what follows stands below the longer one. */
  const beside = (left: Group, right: Group): void => {
    const start = y;
    const half = (width - 14) / 2;
    column = { x: MARGIN, width: half };
    group(left);
    const leftEnd = y;
    y = start;
    column = { x: MARGIN + half + 14, width: half };
    group(right);
    y = Math.max(y, leftEnd);
    column = { x: MARGIN, width };
  };
  beside(where, whereNot);
  beside(open, content.success);
  heading(content.asksTitle);
  content.asks.forEach(({ text, who }, index) => {
    write(`${index + 1}. ${text}`, { left: 4, gap: 0 });
    write(who, { left: 16, size: 8.2, color: SOFT });
  });
  y += 6;
  const box = y;
  const { title, items } = content.limitations;
  y += 4;
  write(title, { left: 8, size: 9.6, color: SOFT, gap: 1, bold: true });
  for (const item of items) write(`・${item}`, { left: 8, gap: 0.5, size: 8.6 });
  doc
    .lineWidth(0.8)
    .strokeColor(RULE)
    .rect(MARGIN, box, width, y - box + 3)
    .stroke();
  y += 10;
  const words = WORDS[language];
  write(content.contact, { size: 8.2, color: SOFT, gap: 1 });
  write(words.hash, { size: 8.2, color: SOFT, gap: 1 });
  write(`lagdiff ${model.input.version} · ${words.page}`, { size: 8.2, color: SOFT, gap: 1 });
  if (missing > 0) write(words.missing(missing), { size: 8.2, color: SOFT });
  return y;
}

interface Style {
  readonly size: number;
  readonly color: string;
  readonly left: number;
  readonly gap: number;
  readonly bold: boolean;
}

/** Side by side; nothing is drawn without a document. @returns the lower edge. */
function drawFigures(doc: Doc | null, model: ReportModel, y: number, width: number): number {
  const { ecdf, forest } = planSummaryFigures(model);
  const each = (width - 12) / 2;
  const heights = [ecdf, forest].map((figure, index) => {
    if (figure === null) return 0;
    const height = each * ratioOf(figure);
    const x = MARGIN + index * (each + 12);
    if (doc !== null)
      SVGtoPDF(doc, figure.svg, x, y, {
        width: each,
        height,
        preserveAspectRatio: 'xMinYMin meet',
        fontCallback: () => FONT,
      });
    return height;
  });
  doc?.font(FONT).fillOpacity(1).strokeOpacity(1).undash();
  return y + Math.max(...heights);
}

function ratioOf({ svg }: Figure): number {
  const [, width = '1', height = '1'] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
  return Number(height) / Number(width);
}

function knownCharacters(doc: Doc): ReadonlySet<number> {
  const { font } = (doc as unknown as { _font: { font: { characterSet: readonly number[] } } })._font;
  return new Set(font.characterSet);
}
