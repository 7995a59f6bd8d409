/** The evidence half of report.html: captures and diagnostics, every row with its method, figures, and tables. */
import type { ComparisonRow } from '../comparison/types.ts';
import type { Figure } from './figures/frame.ts';
import {
  countOf,
  formatCount,
  formatDifference,
  formatInterval,
  formatMargin,
  formatProbability,
  formatShare,
  formatValue,
} from './format-value.ts';
import type { EndsFacts, QualityFacts } from './input.ts';
import { mixSentence } from './mix.ts';
import type { ReportModel } from './model.ts';
import { element, list, table } from './page.ts';
import { qualityLines, qualitySentence, type QualityLine } from './quality.ts';
import { escapeMarkup } from './text.ts';
import { hopCells, HOP_COLUMNS, TRACE_CAVEATS, traceSentence } from './ticket.ts';
import { formatUtc } from './time-text.ts';
import { cohortName, METRICS } from './words.ts';

export function qualitySection({ input, comparison }: ReportModel): string {
  const { captures } = input;
  const parts = [element('h2', 'What these captures can and cannot tell'), doubtsBox(input.quality)];
  parts.push(
    `<p>RTT was measured at the <b>${comparison.vantage}</b> end (${escapeMarkup(comparison.vantage_reason)}). Clients are told apart by ${escapeMarkup(comparison.client_identity)}.</p>`,
  );
  if (captures.length > 0)
    parts.push(
      table(
        [
          'capture',
          'window',
          'end',
          'format',
          'records',
          'decoded',
          'diagnosed',
          'first',
          'last',
          'clock',
          'sha256',
        ],
        captures.map((c) => [
          escapeMarkup(c.path),
          c.period,
          c.end ?? 'not stated',
          escapeMarkup(c.format),
          formatCount(c.records),
          formatCount(c.decoded),
          formatCount(c.diagnosed),
          c.first === null ? 'n/a' : formatUtc(c.first),
          c.last === null ? 'n/a' : formatUtc(c.last),
          c.clock === null ? 'not stated' : escapeMarkup(c.clock),
          `<span class="hash">${escapeMarkup(c.sha256)}</span>`,
        ]),
        'Captures: records = decoded + diagnosed',
      ),
    );
  const { diagnostics } = comparison;
  parts.push(
    diagnostics.length === 0
      ? '<p>No diagnostics: every record was decoded.</p>'
      : `<div class="wide">${table(
          ['severity', 'diagnostic', 'count', 'first seen', 'what it means'],
          diagnostics.map((d) => [
            escapeMarkup(d.severity),
            escapeMarkup(d.id),
            formatCount(d.count),
            d.first === null ? 'n/a' : escapeMarkup(`${d.first.capture}, byte ${d.first.byte_offset}`),
            escapeMarkup(d.message),
          ]),
          'Diagnostics: what was counted instead of being decoded or trusted',
        )}</div>`,
  );
  return parts.join('\n');
}

/** Before every number: what must not be read from these captures, and what only with a bias. */
function doubtsBox(quality: readonly QualityFacts[] | undefined): string {
  if (quality === undefined) return '';
  const lines = qualityLines(quality);
  if (lines.length === 0)
    return '<p class="box">The capture quality rules withhold no metric and weaken none.</p>';
  const item = (line: QualityLine): string =>
    `<b>${line.effect}</b> ${escapeMarkup(qualitySentence(line).slice(line.effect.length + 2))}`;
  return `<div class="box">${list(lines.map(item))}</div>`;
}

export function tracesSection({ input }: ReportModel): string {
  const traces = input.traces ?? [];
  if (traces.length === 0) return '';
  return (
    element('h2', 'Traces, beside the packet evidence') +
    list(TRACE_CAVEATS.map(escapeMarkup)) +
    traces
      .map((facts) =>
        table(
          HOP_COLUMNS,
          facts.trace.hops.map((hop) => hopCells(hop).map(escapeMarkup)),
          `${facts.name}: ${facts.trace.tool} from the ${facts.from}, ${facts.state} hours${facts.at === null ? '' : `, ${facts.at}`}: ${traceSentence(facts)}`,
        ),
      )
      .join('\n')
  );
}

/** What both ends together say: direction, and so whose network, which one end cannot tell. */
export function endsSection({ input }: ReportModel): string {
  const ends = input.ends ?? [];
  if (ends.length === 0) return '';
  const ms = (ns: number | null): string => (ns === null ? 'n/a' : `${(ns / 1e6).toFixed(1)} ms`);
  const rows = ends.flatMap((facts) =>
    (['client_to_server', 'server_to_client'] as const).map((way) => {
      const figures = facts[way];
      return [
        facts.period,
        way === 'client_to_server' ? 'client → server' : 'server → client',
        formatCount(figures.sent),
        formatCount(figures.matched),
        formatCount(figures.lost),
        formatShare(figures.loss_ratio),
        formatCount(figures.capture_drops),
        ms(figures.queueing_p50_ns),
        ms(figures.queueing_p95_ns),
        ms(figures.queueing_p99_ns),
        figures.withheld.length === 0 ? 'nothing' : escapeMarkup(figures.withheld.join(', ')),
      ];
    }),
  );
  const clock = (facts: EndsFacts): string => {
    const matched =
      facts.match_ratio === null
        ? ''
        : `, ${formatShare(facts.match_ratio)} of their packets found at both ends`;
    const offset =
      facts.offset_low_ns === null || facts.offset_high_ns === null
        ? 'the clocks’ offset is not known'
        : `server clock minus client clock between ${ms(facts.offset_low_ns)} and ${ms(facts.offset_high_ns)}`;
    const skew = facts.skew_ppm === null ? 'skew not identified' : `skew ${facts.skew_ppm.toFixed(2)} ppm`;
    return `<b>${facts.period}</b>: ${facts.flows} flows paired${matched}; ${offset}, ${skew}, ${facts.clock_steps} clock steps; smallest round trip ${ms(facts.rtt_min_ns)}. ${escapeMarkup(facts.blame.sentence)}`;
  };
  return (
    element('h2', 'Both ends') +
    list(ends.map(clock)) +
    table(
      [
        'period',
        'direction',
        'sent',
        'matched',
        'lost',
        'loss',
        'missed by a capture',
        'queueing p50',
        'queueing p95',
        'queueing p99',
        'withheld',
      ],
      rows,
      'Packets matched by content in both captures. Queueing is delay above the smallest of the same two hosts: it needs no common clock. Offsets of different captures are unrelated and are not compared',
    )
  );
}

export function rowsSection({ rows: all, comparison }: ReportModel): string {
  const main = table(
    [
      'cohort',
      'metric',
      'verdict',
      'difference',
      '95% CI',
      '90% CI',
      'δ',
      'baseline',
      'evening',
      'p',
      'q',
      'clients',
      'blocks',
      'player-minutes',
    ],
    all.map((row) => [
      escapeMarkup(cohortName(row.cohort).en),
      METRICS[row.metric].short,
      verdictWord(row.verdict),
      formatDifference(row.metric, row.difference),
      formatInterval(row.metric, row.ci95),
      formatInterval(row.metric, row.ci90),
      formatMargin(row.metric, row.margin),
      formatValue(row.metric, row.baseline),
      formatValue(row.metric, row.evening),
      formatProbability(row.p_value),
      formatProbability(row.q_value),
      `${formatCount(row.clients_baseline)} / ${formatCount(row.clients_evening)}`,
      `${formatCount(row.blocks_baseline)} / ${formatCount(row.blocks_evening)}`,
      `${formatCount(row.cells_baseline)} / ${formatCount(row.cells_evening)}`,
    ]),
    'Every cohort and metric; counts are baseline / evening; q is p after correction for the number of rows (Benjamini–Hochberg)',
  );
  const doubts = table(
    ['cohort', 'metric', 'method', 'without pairing', 'doubts and what an answer would take'],
    all.map((row) => [
      escapeMarkup(cohortName(row.cohort).en),
      METRICS[row.metric].short,
      escapeMarkup(row.method),
      row.unpaired === null
        ? 'n/a'
        : `${formatDifference(row.metric, row.unpaired.difference)} ${formatInterval(row.metric, row.unpaired.ci95)}`,
      escapeMarkup(
        [
          ...row.notes,
          `margin: ${row.margin_source}`,
          ...(row.needed
            ? [
                `needed: ${countOf(row.needed.clients, 'client')} and ${countOf(row.needed.minutes, 'minute')} in each window (${row.needed.reason})`,
              ]
            : []),
        ].join('; '),
      ),
    ]),
    'What each number rests on',
  );
  const { seed, replicates, block_minutes, tau_minutes, profile } = comparison;
  return (
    element('h2', 'Every number, its method and its doubt') +
    `<p>Profile ${escapeMarkup(profile)}; ${formatCount(replicates)} bootstrap replicates from seed ${seed}; time blocks of ${block_minutes === null ? 'n/a' : countOf(block_minutes, 'minute')} (correlation time ${tau_minutes === null ? 'n/a' : `${tau_minutes.toFixed(1)} min`}).</p>` +
    main +
    `<details><summary>Method and doubts, row by row</summary><div class="wide">${doubts}</div></details>`
  );
}

export function findingsSection({ input }: ReportModel): string {
  if (input.findings.length === 0) return '';
  return (
    element('h2', 'Findings of the packet analysis') +
    list(
      input.findings.map(
        ({ id, severity, claim, threshold, limits }) =>
          `<b>${severity}</b> ${escapeMarkup(claim)} <span class="soft">(${escapeMarkup(id)}; threshold: ${escapeMarkup(threshold)}; does not show: ${escapeMarkup(limits)})</span>`,
      ),
    )
  );
}

export function extractsSection({ input }: ReportModel): string {
  const extracts = input.extracts ?? [];
  if (extracts.length === 0) return '';
  return (
    element('h2', 'Packets that show it') +
    '<p>Headers only, payloads zeroed with their length kept; each packet has a comment that names its capture and frame. The filter shows exactly the cited packets.</p>' +
    extracts
      .map(
        ({ file, claim, packets, display_filter }) =>
          `<div class="box"><p><b>${escapeMarkup(file)}</b>, ${countOf(packets.length, 'packet')}: ${escapeMarkup(claim)}</p><details><summary>Display filter</summary><pre>${escapeMarkup(display_filter)}</pre></details></div>`,
      )
      .join('\n')
  );
}

export function figuresSection(drawn: readonly Figure[]): string {
  if (drawn.length === 0) return element('h2', 'Figures') + '<p>No row has data to draw.</p>';
  return `${element('h2', 'Figures')}<div class="figures">${drawn.map(({ svg }) => `<figure>${svg.trimEnd()}</figure>`).join('\n')}</div>`;
}

export function tablesSection({ comparison }: ReportModel): string {
  const parts = [element('h2', 'Tables')];
  const { simpson, loss, distances, access } = comparison;
  if (simpson) {
    parts.push(`<p>Mix of clients: ${escapeMarkup(mixSentence(simpson))}.</p>`);
  }
  if (loss.length > 0)
    parts.push(
      table(
        ['cohort', 'window', 'sent', 'lost', 'over-dispersion', 'effective n', 'upper bound if none lost'],
        loss.map((l) => [
          escapeMarkup(cohortName(l.cohort).en),
          l.period,
          formatCount(l.sent),
          formatCount(l.lost),
          l.overdispersion === null ? 'n/a' : l.overdispersion.toFixed(1),
          l.effective_n === null ? 'n/a' : formatCount(Math.round(l.effective_n)),
          formatShare(l.upper_bound),
        ]),
        'Loss',
      ),
    );
  if (distances.length > 0)
    parts.push(
      table(
        ['cohort', 'mean shift (Wasserstein-1)', 'Kolmogorov–Smirnov', 'Cliff’s delta'],
        distances.map((d) => [
          escapeMarkup(cohortName(d.cohort).en),
          formatValue('rtt_p50_ns', d.wasserstein1_ns),
          d.ks.toFixed(2),
          d.cliffs_delta.toFixed(2),
        ]),
        'Distances between the two windows: shown, never tested',
      ),
    );
  const types = new Map<string, number>();
  for (const { access: type, confidence } of access) {
    const key = `${type}\u0000${confidence}`;
    types.set(key, (types.get(key) ?? 0) + 1);
  }
  if (types.size > 0)
    parts.push(
      table(
        ['access type', 'confidence', 'clients'],
        [...types].map(([key, count]) => [...key.split('\u0000').map(escapeMarkup), formatCount(count)]),
        'Access types inferred from the MSS that clients announce; the reason per client is in analysis.json',
      ),
    );
  if (parts.length === 1) parts.push('<p>No further tables.</p>');
  return parts.join('\n');
}

/** The verdict in words with its colour beside it, never the colour alone. */
export function verdictWord(verdict: ComparisonRow['verdict']): string {
  return `<span class="word ${verdict}">${verdict}</span>`;
}
