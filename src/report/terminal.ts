/** A comparison for a terminal: headline, rows, limitations, diagnostics. Width and colour are inputs; nothing is asked of the machine. */
import type { Comparison, ComparisonRow } from '../comparison/types.ts';
import {
  countOf,
  formatCount,
  formatDifference,
  formatInterval,
  formatMargin,
  formatProbability,
  formatValue,
} from './format-value.ts';
import type { QualityFacts } from './input.ts';
import { mixSentence } from './mix.ts';
import { buildReport } from './model.ts';
import { qualityLines, qualitySentence } from './quality.ts';
import { cutText, displayWidth, padText, plainText, wrapText } from './text.ts';
import { cohortName, METRICS, VERDICTS } from './words.ts';

export interface TerminalOptions {
  /** Cells per line. */
  readonly width: number;
  /** The caller has already honoured NO_COLOR and looked at the stream. */
  readonly color: boolean;
  /** What the captures cannot carry: said before any number. */
  readonly quality?: readonly QualityFacts[];
}

interface Column {
  readonly title: string;
  readonly side: 'left' | 'right';
  readonly cell: (row: ComparisonRow) => string;
}

const COHORT_CELLS = 24;

const COLUMNS = {
  cohort: {
    title: 'cohort',
    side: 'left',
    cell: (row) => cutText(plainText(cohortName(row.cohort).en), COHORT_CELLS),
  },
  metric: { title: 'metric', side: 'left', cell: (row) => METRICS[row.metric].short },
  baseline: { title: 'baseline', side: 'right', cell: (row) => formatValue(row.metric, row.baseline) },
  evening: { title: 'evening', side: 'right', cell: (row) => formatValue(row.metric, row.evening) },
  difference: {
    title: 'difference',
    side: 'right',
    cell: (row) => formatDifference(row.metric, row.difference),
  },
  interval: { title: '95% CI', side: 'right', cell: (row) => formatInterval(row.metric, row.ci95) },
  margin: { title: 'δ', side: 'right', cell: (row) => formatMargin(row.metric, row.margin) },
  verdict: { title: 'verdict', side: 'left', cell: (row) => row.verdict },
  q: { title: 'q', side: 'right', cell: (row) => formatProbability(row.q_value) },
  clients: { title: 'clients', side: 'right', cell: (row) => formatCount(row.clients) },
  blocks: { title: 'blocks', side: 'right', cell: (row) => formatCount(row.blocks) },
} satisfies Record<string, Column>;

/** Widest first; the first set that fits is used, and below the last one each row becomes three lines. */
const LAYOUTS: readonly (readonly Column[])[] = [
  [
    COLUMNS.cohort,
    COLUMNS.metric,
    COLUMNS.verdict,
    COLUMNS.difference,
    COLUMNS.interval,
    COLUMNS.margin,
    COLUMNS.baseline,
    COLUMNS.evening,
    COLUMNS.q,
    COLUMNS.clients,
    COLUMNS.blocks,
  ],
  [
    COLUMNS.cohort,
    COLUMNS.metric,
    COLUMNS.verdict,
    COLUMNS.difference,
    COLUMNS.interval,
    COLUMNS.clients,
    COLUMNS.blocks,
  ],
];

export function renderTerminal(comparison: Comparison, options: TerminalOptions): string {
  const width = Math.max(20, Math.floor(options.width));
  const paint = (code: string, text: string): string =>
    options.color ? `\u001b[${code}m${text}\u001b[0m` : text;
  const model = buildReport({
    comparison,
    version: '',
    case: null,
    captures: [],
    findings: [],
    threshold: null,
    headline: comparison.headline_row,
  });
  const lines: string[] = [];
  const say = (text: string, indent = '', code?: string): void => {
    for (const [i, line] of wrapText(plainText(text), width - indent.length).entries()) {
      const lead = i === 0 ? indent : ' '.repeat(indent.length);
      lines.push(lead + (code ? paint(code, line) : line));
    }
  };
  const section = (title: string): void => {
    lines.push('', ...wrapText(title, width).map((line) => paint('1', line)));
  };

  const doubts = qualityLines(options.quality ?? []);
  if (doubts.length > 0) {
    lines.push(paint('1', 'what these captures cannot tell'));
    for (const doubt of doubts)
      say(qualitySentence(doubt), '  ', doubt.effect === 'withheld' ? '33' : undefined);
    lines.push('');
  }
  say(comparison.headline, '', VERDICTS[comparison.verdict].ansi);
  say(comparison.scope);
  lines.push('');
  say(`baseline ${model.windows.baseline}: ${armText(comparison.periods.baseline)}`);
  say(`evening  ${model.windows.evening}: ${armText(comparison.periods.evening)}`);
  lines.push('', ...renderRows(model.rows, width, paint));

  const used = [...new Set(model.rows.map((row) => row.verdict))].sort(
    (a, b) => VERDICTS[a].rank - VERDICTS[b].rank,
  );
  section('what the words mean');
  for (const verdict of used) say(`${verdict}: ${VERDICTS[verdict].meaning.en}`, '  ');
  const open = model.rows.filter((row) => row.needed !== null);
  if (open.length > 0) {
    section('what an answer would take');
    for (const row of open)
      say(
        `${cohortName(row.cohort).en}, ${METRICS[row.metric].short}: ${countOf(row.needed!.clients, 'client')} and ${countOf(row.needed!.minutes, 'minute')} in each window (${row.needed!.reason})`,
        '  ',
      );
  }
  if (comparison.simpson?.flagged) {
    section('mix of clients');
    say(mixSentence(comparison.simpson), '  ');
  }
  section('limitations');
  for (const text of model.limitations.all) say(text, '  - ');
  if (comparison.diagnostics.length > 0) {
    section('diagnostics');
    for (const { severity, id, count, message, first } of comparison.diagnostics) {
      say(
        `${severity}[${id}] ${formatCount(count)} ×: ${message}`,
        '  ',
        severity === 'data-loss' || severity === 'error' ? '33' : undefined,
      );
      if (first)
        say(
          `first: ${first.capture}, byte ${first.byte_offset}${first.record === null ? '' : `, record ${first.record}`}`,
          '    ',
        );
    }
  }
  return `${lines.join('\n')}\n`;
}

function armText(period: Comparison['periods']['baseline']): string {
  return `${countOf(period.clients, 'client')}, ${countOf(period.cells, 'player-minute')}, ${countOf(period.rtt_samples, 'RTT sample')}`;
}

function renderRows(
  rows: readonly ComparisonRow[],
  width: number,
  paint: (code: string, text: string) => string,
): string[] {
  if (rows.length === 0) return ['no cohort and metric could be compared'];
  for (const columns of LAYOUTS) {
    const cells = rows.map((row) => columns.map((column) => column.cell(row)));
    const widths = columns.map(({ title }, i) =>
      Math.max(displayWidth(title), ...cells.map((line) => displayWidth(line[i]!))),
    );
    if (widths.reduce((sum, w) => sum + w + 2, -2) > width) continue;
    const line = (texts: readonly string[], color?: (i: number, text: string) => string): string =>
      texts
        .map((text, i) => {
          const padded = padText(text, widths[i]!, columns[i]!.side);
          return color ? color(i, padded) : padded;
        })
        .join('  ')
        .trimEnd();
    return [
      paint('1', line(columns.map(({ title }) => title))),
      ...rows.map((row, r) =>
        line(cells[r]!, (i, text) =>
          columns[i] === COLUMNS.verdict ? paint(VERDICTS[row.verdict].ansi, text) : text,
        ),
      ),
    ];
  }
  return rows.flatMap((row) => [
    ...wrapText(`${plainText(cohortName(row.cohort).en)}, ${METRICS[row.metric].short}`, width),
    ...wrapText(`${row.verdict} ${formatDifference(row.metric, row.difference)}`, width - 2).map(
      (text) => `  ${paint(VERDICTS[row.verdict].ansi, text)}`,
    ),
    ...wrapText(
      `95% CI ${formatInterval(row.metric, row.ci95)}; ${countOf(row.clients, 'client')}, ${countOf(row.blocks, 'block')}`,
      width - 2,
    ).map((text) => `  ${text}`),
  ]);
}
