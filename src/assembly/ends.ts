/** The two ends of a case: which captures they are, what is known of their clocks, and what the report says of a pair. */

import type { EvidenceFile } from '../annex/evidence-log.ts';
import type { Case } from '../case/read-case.ts';
import type { CaseCapture } from '../case/check.ts';
import type { ClockBound, PairDocument, Pairing } from '../pairing/types.ts';
import type { EndsFacts } from '../report/input.ts';

export type Period = CaseCapture['period'];
export type End = CaseCapture['end'];

/** Was this end captured in both periods? */
export function hasBoth(given: Case, end: End): boolean {
  return (['baseline', 'evening'] as const).every((period) =>
    given.captures.some((capture) => capture.period === period && capture.end === end),
  );
}

/** The files of one end of one period. */
export function endPaths(given: Case, period: Period, end: End): string[] {
  return endCaptures(given, period, end).map(({ path }) => path);
}

function endCaptures(given: Case, period: Period, end: End): CaseCapture[] {
  return given.captures.filter((capture) => capture.period === period && capture.end === end);
}

export function endArguments(given: Case, period: Period): string[] {
  return (['client', 'server'] as const).flatMap((end) => [
    `--${end}`,
    ...endCaptures(given, period, end).map((capture) => capture.given),
  ]);
}

/** How far the clocks of both ends are from UTC, where the case says it for every capture of a period; else nothing. */
export function clockBounds(given: Case, period: Period): ClockBound[] {
  const bounds = (['client', 'server'] as const).flatMap((end) => {
    const captures = endCaptures(given, period, end);
    const promised = captures.map(({ clock }) => clock?.bound_ms ?? null);
    const largest = Math.max(...promised.map((bound) => bound ?? Infinity));
    const source = captures[0]?.clock?.source ?? 'case';
    return Number.isFinite(largest) ? [{ end, source, bound_ns: Math.round(largest * 1e6) }] : [];
  });
  return bounds.length === 2 ? bounds : [];
}

export function isPaired({ document: { status } }: Pairing): boolean {
  return status !== 'unrelated';
}

/** The captures of a pair, for the evidence log. */
export function evidenceOf({ document }: Pairing): EvidenceFile[] {
  return [...document.client_captures, ...document.server_captures].map(({ path, sha256 }) => ({
    path,
    sha256: sha256 ?? '',
  }));
}

/** What the second end does and does not add to the verdict. */
export function limitations(given: Case, end: End, isPaired: boolean): string[] {
  if (isPaired)
    return [
      'Direction rests on the clients that were captured at both ends; the others were seen from the server alone.',
    ];
  return end === 'server' && given.captures.some((capture) => capture.end === 'client')
    ? [
        'Client-side captures were read, checked and listed; they do not cover both periods, so they were not paired and take no part in the verdict.',
      ]
    : [];
}

export function endsFacts(period: Period, document: PairDocument): EndsFacts {
  const way = (figures: PairDocument['client_to_server']): EndsFacts['client_to_server'] => ({
    sent: figures.sent,
    matched: figures.matched,
    lost: figures.lost,
    capture_drops: figures.capture_drops,
    loss_ratio: figures.loss_ratio,
    queueing_p50_ns: figures.queueing_p50_ns,
    queueing_p95_ns: figures.queueing_p95_ns,
    queueing_p99_ns: figures.queueing_p99_ns,
    withheld: figures.withheld.map(({ metric }) => metric),
  });
  const { clock, blame } = document;
  return {
    period,
    status: document.status,
    flows: document.flows.length,
    match_ratio: document.match_ratio,
    rtt_min_ns: document.rtt_min_ns,
    offset_low_ns: clock.offset_low_ns,
    offset_high_ns: clock.offset_high_ns,
    skew_ppm: clock.skew_ppm,
    clock_steps: clock.steps.length,
    client_to_server: way(document.client_to_server),
    server_to_client: way(document.server_to_client),
    blame: { verdict: blame.verdict, sentence: blame.sentence },
  };
}
