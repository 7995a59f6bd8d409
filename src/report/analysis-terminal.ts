/** What `analyze` prints for people: what was read and how far it can be trusted, findings, then the largest flows. */

import type { Analysis } from '../analyze.ts';
import type { Finding } from '../findings/types.ts';
import type { Batch } from '../tables/batch.ts';
import { cellReaders, type Cell } from '../tables/values.ts';
import { countOf, formatMilliseconds } from './format-value.ts';
import { cutText, displayWidth, padText, plainText, wrapText } from './text.ts';

export interface AnalysisTextOptions {
  readonly width: number;
  readonly color: boolean;
}

/** Flows shown; the rest is in the json and the tables. */
const SHOWN_FLOWS = 20;
const PROTOCOLS: Readonly<Record<number, string>> = {
  1: 'ICMP',
  6: 'TCP',
  17: 'UDP',
  50: 'ESP',
  58: 'ICMPv6',
  132: 'SCTP',
};

export function renderAnalysis(
  analysis: Analysis,
  flows: Batch,
  findings: readonly Finding[],
  { width, color }: AnalysisTextOptions,
): string {
  const paint = (code: number, text: string): string => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const lines: string[] = [paint(1, 'Captures')];
  for (const capture of analysis.captures) {
    lines.push(...block(`${plainText(capture.path)}  ${capture.quality}`, width, 2));
    const span = capture.first === null ? 'no packet with a time' : `${capture.first} to ${capture.last}`;
    const kinds = capture.link_types.length === 0 ? '' : `, ${capture.link_types.join(', ')}`;
    lines.push(
      ...block(
        `${capture.format}${kinds}; ${capture.records} records = ${capture.decoded} decoded + ${capture.diagnosed} diagnosed`,
        width,
        4,
      ),
    );
    lines.push(...block(span, width, 4));
  }
  lines.push('', paint(1, 'What this capture cannot tell'));
  if (analysis.diagnostics.length === 0)
    lines.push(
      '  nothing was found that weakens it; drops by the capturing host leave no trace in classic pcap',
    );
  for (const [title, effects] of [
    ['withheld', analysis.quality.withheld],
    ['weakened', analysis.quality.weakened],
  ] as const) {
    for (const reason of new Set(effects.map((effect) => effect.reason))) {
      const metrics = effects.filter((effect) => effect.reason === reason).map(({ metric }) => metric);
      lines.push(...block(`${title}: ${metrics.join(', ')} (${reason})`, width, 2));
    }
  }
  for (const { id, severity, count, message, first } of analysis.diagnostics) {
    const place =
      first === null
        ? ''
        : ` (first: ${plainText(first.capture)}, byte ${first.byte_offset}${first.record === null ? '' : `, record ${first.record}`})`;
    lines.push(...block(`${severity} ${id} ×${count}: ${message}${place}`, width, 2));
  }
  lines.push('', paint(1, 'Findings'));
  if (findings.length === 0) lines.push('  none by the rules of this version');
  for (const finding of findings) {
    lines.push(...block(`${finding.severity} ${finding.id}: ${finding.claim}`, width, 2));
    lines.push(...block(`threshold: ${finding.threshold}; limits: ${finding.limits}`, width, 4));
  }
  lines.push(
    '',
    paint(
      1,
      `Flows  ${flows.rows}${flows.rows > SHOWN_FLOWS ? `, the ${SHOWN_FLOWS} with most packets` : ''}`,
    ),
  );
  lines.push(...flowLines(flows, analysis.label, width));
  return `${lines.join('\n')}\n`;
}

function block(text: string, width: number, indent: number): string[] {
  return wrapText(text, Math.max(20, width - indent)).map(
    (line, index) => ' '.repeat(indent + (index === 0 ? 0 : 2)) + line,
  );
}

/** Columns from left to right by importance: a narrow terminal loses the right ones, and says which. */
function flowLines(flows: Batch, label: string, width: number): string[] {
  const readers = new Map(cellReaders(flows, label).map(({ column, read }) => [column.name, read]));
  const cell = (name: string, row: number): Cell => readers.get(name)?.(row) ?? null;
  const number = (name: string, row: number): number => Number(cell(name, row) ?? 0);
  const packets = (row: number): number => number('forward_packets', row) + number('reverse_packets', row);
  const rows = Array.from({ length: flows.rows }, (_, row) => row)
    .sort((a, b) => packets(b) - packets(a) || a - b)
    .slice(0, SHOWN_FLOWS);
  const protocol = (row: number): string =>
    PROTOCOLS[number('protocol', row)] ?? String(cell('protocol', row));
  const side = (name: 'initiator' | 'responder', row: number): string => {
    const port = cell(`${name}_port`, row);
    const address = String(cell(name, row));
    return port === null ? address : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  };
  const rtt = (end: string, row: number): string => {
    const value = cell(`rtt_to_${end}_p50_ns`, row);
    return value === null
      ? '–'
      : `${formatMilliseconds(Number(value))} (${cell(`rtt_to_${end}_method`, row)}, n ${cell(`rtt_to_${end}_samples`, row)})`;
  };
  const loss = (direction: string, row: number): string => {
    const value = cell(`${direction}_loss_ratio`, row);
    return value === null ? '–' : `${(Number(value) * 100).toFixed(2)} %`;
  };
  const columns: readonly { readonly title: string; readonly of: (row: number) => string }[] = [
    { title: 'flow', of: (row) => String(cell('flow_id', row)) },
    { title: 'protocol', of: (row) => `${protocol(row)} ${cell('application', row) ?? ''}`.trimEnd() },
    { title: 'initiator → responder', of: (row) => `${side('initiator', row)} → ${side('responder', row)}` },
    { title: 'packets → ←', of: (row) => `${cell('forward_packets', row)} ${cell('reverse_packets', row)}` },
    { title: 'RTT p50 to responder', of: (row) => rtt('responder', row) },
    { title: 'RTT p50 to initiator', of: (row) => rtt('initiator', row) },
    { title: 'loss → ←', of: (row) => `${loss('forward', row)} ${loss('reverse', row)}` },
    { title: 'state', of: (row) => String(cell('connection_state', row) ?? '–') },
  ];
  const table = columns.map(({ title, of }) => {
    const cells = rows.map(of);
    return { title, cells, width: Math.max(displayWidth(title), ...cells.map(displayWidth)) };
  });
  const fitting: typeof table = [];
  let used = 2;
  for (const column of table) {
    if (used + column.width > width && fitting.length > 2) break;
    fitting.push(column);
    used += column.width + 2;
  }
  const line = (pick: (column: (typeof table)[number]) => string): string =>
    cutText(
      `  ${fitting.map((column) => padText(pick(column), column.width)).join('  ')}`.trimEnd(),
      Math.max(40, width),
    );
  const lines = [
    line(({ title }) => title),
    ...rows.map((_, index) => line(({ cells }) => cells[index] ?? '')),
  ];
  const left = table.slice(fitting.length).map(({ title }) => title);
  if (left.length > 0 && rows.length > 0)
    lines.push(
      `  (${countOf(left.length, 'column')} did not fit: ${left.join(', ')}; --format json has all)`,
    );
  return lines;
}
