import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../../src/explain.ts';
import { renderReportHtml } from '../../../src/report/html.ts';
import type { ReportInput } from '../../../src/report/input.ts';
import { renderSummaryHtml } from '../../../src/report/summary.ts';
import { escapeMarkup } from '../../../src/report/text.ts';
import { comparisonFixture, reportFixture, stressFixture } from './fixture.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  existsSync,
);
const run = promisify(execFile);

describe.each([
  ['report.html', renderReportHtml],
  ['summary.html', renderSummaryHtml],
])('%s', (_, render) => {
  it('allows exactly its own style sheet and nothing else', () => {
    for (const html of [render(reportFixture()), render(stressFixture())]) {
      const styles = [...html.matchAll(/<style>([^]*?)<\/style>/g)];
      expect(styles).toHaveLength(1);
      const hash = createHash('sha256').update(styles[0]![1]!).digest('base64');
      expect(html).toContain(
        `content="default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'"`,
      );
      expect(html).not.toMatch(
        /<script|<link|<img|<iframe|<object|<form|\sstyle=|\son[a-z]+=|javascript:|@import|url\(/i,
      );
      expect(new Set(html.match(/https?:\/\/[^"<\s]*/g))).toEqual(new Set(['http://www.w3.org/2000/svg']));
    }
  });

  it('is the same text each time', () => {
    expect(render(reportFixture())).toBe(render(reportFixture()));
  });

  it('shows hostile names as text', () => {
    const html = render(stressFixture());
    expect(html).toContain('&lt;script&gt;alert');
    expect(html.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u);
  });

  it('renders a comparison without a case, without rows, and without figures', () => {
    const bare: ReportInput = {
      ...reportFixture(),
      case: null,
      captures: [],
      findings: [],
      threshold: null,
      headline: null,
      comparison: {
        ...comparisonFixture(),
        verdict: 'INSUFFICIENT',
        comparisons: [],
        shift_function: [],
        simpson: null,
        access: [],
        distances: [],
        ecdf: [],
        timeline: [],
        limitations: [],
        diagnostics: [],
        tau_minutes: null,
        block_minutes: null,
        periods: {
          ...comparisonFixture().periods,
          evening: { ...comparisonFixture().periods.evening, first: null, last: null },
        },
      },
    };
    const html = render(bare);
    expect(html).toContain('not stated in the case');
    expect(html).not.toMatch(/undefined|NaN|\[object/);
  });
});

it('report.html reads doubt first: captures, verdict, numbers, figures, tables, limitations, verification', () => {
  const html = renderReportHtml(reportFixture());
  const titles = [...html.matchAll(/<h2>([^<]*)<\/h2>/g)].map(([, title]) => title);
  expect(titles).toEqual([
    'What these captures can and cannot tell',
    'Verdict',
    'Where it is, where it is not',
    'Every number, its method and its doubt',
    'Findings of the packet analysis',
    'Figures',
    'Tables',
    'Limitations',
    'What is asked, and when it is solved',
    'How to verify this annex',
    'What each figure means',
  ]);
});

it('report.html names no client address', () => {
  const html = renderReportHtml(reportFixture());
  for (const { client } of comparisonFixture().access) expect(html).not.toContain(client);
});

it('summary.html says everything in both languages, and where the hash of the pack is', () => {
  const html = renderSummaryHtml(reportFixture());
  for (const [en, ja] of [
    ['Where it is', '悪化している箇所'],
    ['Asks', '依頼事項'],
    ['Solved when', '解決の基準'],
    ['Limitations', '留意事項'],
    ['Example Hosting', 'Example Hosting'],
    ['by: 2026-12-01', '期限: 2026-12-01'],
    ['sha256sum SHA256SUMS', 'パックのハッシュ'],
  ]) {
    expect(html).toContain(en);
    expect(html).toContain(ja);
  }
});

it.skipIf(!CHROMIUM)(
  'summary.html prints on exactly one A4 page, also when everything is long and many',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lagdiff-print-'));
    try {
      for (const input of [reportFixture(), stressFixture()]) {
        await writeFile(join(folder, 'summary.html'), renderSummaryHtml(input));
        await run(CHROMIUM!, [
          ...'--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking'.split(
            ' ',
          ),
          ...'--disable-component-update --disable-sync --no-pdf-header-footer'.split(' '),
          `--user-data-dir=${join(folder, 'profile')}`,
          `--print-to-pdf=${join(folder, 'summary.pdf')}`,
          `file://${join(folder, 'summary.html')}`,
        ]);
        const pdf = await readFile(join(folder, 'summary.pdf'), 'latin1');
        expect(pdf.match(/\/Type\s*\/Page\b/g)).toHaveLength(1);
        const [, width, height] = /\/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)/.exec(pdf) ?? [];
        expect([Math.round(Number(width)), Math.round(Number(height))]).toEqual([595, 842]);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);

it('says what each figure means in the words of explain', () => {
  const html = renderReportHtml(reportFixture());
  const told = catalogue().filter(({ table }) => table === 'diff');
  expect(told.length).toBeGreaterThanOrEqual(8);
  for (const { name, definition, note } of told) {
    expect(html).toContain(`diff.${name}`);
    for (const text of [definition, note!.formula, note!.source, note!.bias, note!.null_when])
      expect(html).toContain(escapeMarkup(text));
  }
});
