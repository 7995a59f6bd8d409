/** What `pair` prints for people: the verdict, the clock, both directions side by side, findings, and what weakens it. */

import type { DirectionSummary, PairDocument } from '../pairing/types.ts';
import { whyNoOffset } from '../pairing/words.ts';
import { padText, plainText, wrapText } from './text.ts';

const SHOWN_FLOWS = 10;
const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6' };

export interface PairTextOptions {
  readonly width: number;
  readonly color: boolean;
}

export function renderPair(document: PairDocument, { width, color }: PairTextOptions): string {
  const paint = (code: number, text: string): string => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const wrapped = (text: string, indent: number): string[] =>
    wrapText(plainText(text), Math.max(20, width - indent)).map(
      (line, index) => ' '.repeat(indent + (index === 0 ? 0 : 2)) + line,
    );
  const lines = [...wrapped(document.summary, 0), ''];
  if (document.status === 'unrelated') {
    lines.push(paint(1, 'What was tried'), ...document.tried.flatMap((line) => wrapped(line, 2)));
    lines.push(...diagnosticsOf(document, wrapped, paint));
    return `${lines.join('\n')}\n`;
  }
  lines.push(
    paint(1, 'Clocks (server minus client)'),
    ...clockLines(document).flatMap((line) => wrapped(line, 2)),
  );
  lines.push('', paint(1, 'Both directions'));
  const header = ['', 'client → server', 'server → client'] as const;
  for (const [name, there, back] of [header, ...directionRows(document)])
    lines.push(`  ${padText(name, 26)}${padText(there, 18, 'right')}${padText(back, 18, 'right')}`.trimEnd());
  const withheld = document.client_to_server.withheld;
  if (withheld.length > 0)
    lines.push(
      ...wrapped(`withheld: ${withheld.map(({ metric }) => metric).join(', ')} (${withheld[0]!.reason})`, 2),
    );
  if (document.legs !== undefined) {
    lines.push('', paint(1, 'Legs'));
    for (const leg of document.legs)
      lines.push(...wrapped(`${leg.from} → ${leg.to}: ${leg.document.summary}`, 2));
  }
  if (document.findings.length > 0) lines.push('', paint(1, 'Findings'));
  for (const finding of document.findings) {
    lines.push(...wrapped(`${finding.severity} ${finding.id}: ${finding.claim}`, 2));
    if (finding.client_filter !== null) lines.push(...wrapped(`client: ${finding.client_filter}`, 6));
    if (finding.server_filter !== null) lines.push(...wrapped(`server: ${finding.server_filter}`, 6));
  }
  lines.push('', paint(1, 'Whose network'), ...wrapped(document.blame.sentence, 2));
  for (const { segment, why } of document.blame.scores) lines.push(...wrapped(`${segment}: ${why}`, 4));
  lines.push('', paint(1, `Flows (${document.flows.length})`));
  for (const flow of document.flows.slice(0, SHOWN_FLOWS)) {
    const view = (given: typeof flow.client_view): string =>
      `${hostPort(given.src, given.src_port)} > ${hostPort(given.dst, given.dst_port)}`;
    const name = PROTOCOLS[flow.protocol] ?? `protocol ${flow.protocol}`;
    const seen = flow.is_translated
      ? `${view(flow.client_view)} is ${view(flow.server_view)} at the server`
      : view(flow.client_view);
    lines.push(
      ...wrapped(
        `${name} ${seen}: ${flow.client_to_server.matched}/${flow.client_to_server.sent} there, ${flow.server_to_client.matched}/${flow.server_to_client.sent} back`,
        2,
      ),
    );
  }
  if (document.flows.length > SHOWN_FLOWS)
    lines.push(`  and ${document.flows.length - SHOWN_FLOWS} more in --format json`);
  lines.push(...diagnosticsOf(document, wrapped, paint));
  return `${lines.join('\n')}\n`;
}

function hostPort(host: string, port: number | null): string {
  if (port === null) return host;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function diagnosticsOf(
  { diagnostics }: PairDocument,
  wrapped: (text: string, indent: number) => string[],
  paint: (code: number, text: string) => string,
): string[] {
  if (diagnostics.length === 0) return [];
  return [
    '',
    paint(1, 'What weakens this'),
    ...diagnostics.flatMap(({ id, severity, count, message }) =>
      wrapped(`${severity} ${id}${count > 1 ? ` ×${count}` : ''}: ${message}`, 2),
    ),
  ];
}

function ms(ns: number | null): string {
  return ns === null ? 'n/a' : `${(ns / 1e6).toFixed(3)} ms`;
}

function clockLines(document: PairDocument): string[] {
  const { clock, rtt_min_ns: rtt } = document;
  const lines = [
    clock.offset_low_ns === null
      ? `offset: not known, ${whyNoOffset(document)}`
      : `offset: between ${ms(clock.offset_low_ns)} and ${ms(clock.offset_high_ns)} at ${clock.at}; ${
          clock.bounds_used ? 'narrowed by the clock bounds' : 'no method can say more without clock bounds'
        }`,
    clock.skew_ppm === null
      ? `skew: UNIDENTIFIED (${clock.skew_reason})`
      : `skew: ${clock.skew_ppm.toFixed(3)} ppm, doubt ${clock.skew_doubt_ppm?.toFixed(3)} ppm`,
    `smallest round trip: ${ms(rtt)}`,
  ];
  for (const step of clock.steps) lines.push(`step: ${ms(step.delta_ns)} at ${step.at}`);
  lines.push(
    clock.step_detectable_ns === null
      ? 'steps: too few packets or too little time to see one'
      : `steps of less than ${ms(clock.step_detectable_ns)} may have been missed under these queues`,
  );
  return lines;
}

function directionRows(document: PairDocument): [string, string, string][] {
  const both = (name: string, read: (way: DirectionSummary) => string): [string, string, string] => [
    name,
    read(document.client_to_server),
    read(document.server_to_client),
  ];
  const count = (value: number): string => String(value);
  const share = (value: number | null): string => (value === null ? 'n/a' : `${(value * 100).toFixed(3)} %`);
  return [
    both('sent', ({ sent }) => count(sent)),
    both('matched', ({ matched }) => count(matched)),
    both('lost', ({ lost }) => count(lost)),
    both('loss', ({ loss_ratio }) => share(loss_ratio)),
    both('missed by a capture', ({ capture_drops }) => count(capture_drops)),
    both('duplicated', ({ duplicated }) => count(duplicated)),
    both('reordered', ({ reordered }) => count(reordered)),
    both('ambiguous', ({ ambiguous }) => count(ambiguous)),
    both('queueing p50', ({ queueing_p50_ns }) => ms(queueing_p50_ns)),
    both('queueing p95', ({ queueing_p95_ns }) => ms(queueing_p95_ns)),
    both('queueing p99', ({ queueing_p99_ns }) => ms(queueing_p99_ns)),
    both('IPDV p95', ({ ipdv_p95_ns }) => ms(ipdv_p95_ns)),
    both('lost or over 15 ms late', ({ deadline_miss_ratio }) => share(deadline_miss_ratio)),
    both('hops', ({ ttl_delta }) => (ttl_delta === null ? 'n/a' : count(ttl_delta))),
  ];
}
