import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pdfText } from '../../../src/redaction/pdf-text.ts';
import type { ReportInput } from '../../../src/report/input.ts';
import { renderSummaryPdf } from '../../../src/report/summary-pdf.ts';
import { reportFixture } from './fixture.ts';

const font = readFileSync(new URL('../../../src/report/fonts/NotoSansJP-Regular.ttf', import.meta.url));
const hasPoppler = spawnSync('pdftotext', ['-v']).status === 0;
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lagdiff-pdf-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const pagesOf = (pdf: Uint8Array): number =>
  Buffer.from(pdf)
    .toString('latin1')
    .match(/\/Type \/Page\b(?!s)/g)?.length ?? 0;
const squeezed = (text: string): string => text.replace(/[\s\ufffd-]+/g, '');

function longest(): ReportInput {
  const input = reportFixture();
  const name = '長い名前のコホート・'.repeat(20);
  return {
    ...input,
    case: input.case && {
      ...input.case,
      title: 'タイトル '.repeat(60),
      contact: { name, email: `${'a'.repeat(60)}@example.com`, availability: name },
      asks: { owner: name, due: '2026-12-01', retest: '2026-12-01' },
    },
    comparison: {
      ...input.comparison,
      headline: `${name} ${input.comparison.headline}`.repeat(4),
      comparisons: input.comparison.comparisons.map((row) => ({ ...row, cohort: `${row.cohort} ${name}` })),
      headline_row: null,
    },
    headline: null,
  };
}

describe('summary.pdf', () => {
  it('has two pages, an English and a Japanese one, and the same bytes each time', async () => {
    const pdf = await renderSummaryPdf(reportFixture(), font);
    expect(pagesOf(pdf)).toBe(2);
    expect(Buffer.compare(pdf, await renderSummaryPdf(reportFixture(), font))).toBe(0);
    expect(pdf.length).toBeLessThan(400_000);
  });

  it.skipIf(!hasPoppler)(
    'poppler reads the headline in both languages, and what the leak scan reads',
    async () => {
      const input = reportFixture();
      const pdf = await renderSummaryPdf(input, font);
      const path = join(folder, 'summary.pdf');
      await writeFile(path, pdf);
      const page = (number: number): string =>
        execFileSync('pdftotext', ['-f', String(number), '-l', String(number), path, '-'], {
          encoding: 'utf8',
        });
      expect(squeezed(page(1))).toContain(squeezed(input.comparison.headline).slice(0, 60));
      expect(page(1)).toContain('Limitations');
      expect(page(2)).toContain('留意事項');
      const seen = squeezed(pdfText(pdf)!);
      const words = `${page(1)} ${page(2)}`.split(/\s+/).filter((word) => /^[A-Za-z]{4,}$/.test(word));
      expect(words.length).toBeGreaterThan(80);
      for (const word of words) expect(seen).toContain(word);
      expect(execFileSync('pdffonts', [path], { encoding: 'utf8' }).split('\n')[2]).toMatch(
        /NotoSansJP.* yes yes yes /,
      );
    },
  );

  it('stays two pages, whatever names there are', async () => {
    expect(pagesOf(await renderSummaryPdf(longest(), font))).toBe(2);
  });

  it('shows a character that the font lacks as such, and counts it', async () => {
    const input = reportFixture();
    const pdf = await renderSummaryPdf(
      { ...input, case: input.case && { ...input.case, title: 'ok 🎮 𠮷' } },
      font,
    );
    expect(pdfText(pdf)).toContain('ok 〓 〓');
    expect(squeezed(pdfText(pdf)!)).toContain(squeezed('2 characters are not in the embedded font'));
  });

  it('a compressed PDF is not one that the leak scan can read', async () => {
    const pdf = Buffer.from(await renderSummaryPdf(reportFixture(), font)).toString('latin1');
    expect(pdfText(Buffer.from(pdf.replace('/Length', '/Filter /FlateDecode /Length'), 'latin1'))).toBeNull();
    expect(pdfText(Buffer.from('no pdf'))).toBeNull();
  });
});
