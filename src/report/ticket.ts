/**
 * The parts of a ticket that every operations centre wants to see, and those of one provider's form, each filled from the case
 * or plainly missing: a form with a hole is sent back.
 */
import type { TraceHop } from '../case/trace.ts';
import { eveningEnds } from './ends.ts';
import { countOf, formatDifference, formatInterval, formatShare } from './format-value.ts';
import type { ReportInput, TraceFacts } from './input.ts';
import type { ReportModel } from './model.ts';
import { PRESET_DATA } from './presets/catalog.ts';
import type { Preset, PresetField } from './presets/preset.ts';
import { escapeMarkdown } from './text.ts';
import { cohortName, METRICS } from './words.ts';

const MISSING = '**missing**';

export interface TicketPart {
  readonly title: string;
  readonly lines: readonly string[];
}

/** One line that says when, who to whom, what and how sure: `[UTC window] cohort → data centre: metric, difference, CI`. */
export function ticketTitle({ windows, headlineRow, input, comparison }: ReportModel): string {
  const servers = input.case?.servers ?? [];
  const networks = servers.flatMap(({ asn }) => (asn === undefined ? [] : [`AS${asn}`]));
  const places = [...new Set(servers.flatMap(({ datacenter }) => datacenter ?? []))];
  const target =
    [...new Set([...networks, ...places])].slice(0, 3).join(' ') || `${countOf(servers.length, 'server')}`;
  const window = `[${windows.evening.replace(/ \(.*$/, '')}]`;
  if (headlineRow === null) return `${window} ${target}: ${comparison.verdict}`;
  const { metric, cohort, difference, ci95 } = headlineRow;
  const size =
    ci95 === null
      ? 'no interval'
      : `${formatDifference(metric, difference)}, 95% CI ${formatInterval(metric, ci95)}`;
  return `${window} ${cohortName(cohort).en} → ${target}: ${METRICS[metric].short} ${size} (${comparison.verdict})`;
}

export function ticketParts(model: ReportModel): TicketPart[] {
  const { input, comparison, headlineRow } = model;
  const described = input.case;
  const breach = comparison.comparisons.find(
    ({ cohort, metric }) => metric === 'slo_breach_ratio' && cohort === (headlineRow?.cohort ?? 'all'),
  );
  const impact = [
    `${countOf(comparison.periods.evening.clients, 'client')} measured in the evening window, ${comparison.periods.baseline.clients} in the baseline`,
    ...(breach?.evening == null
      ? []
      : [
          `player-minutes over the threshold (${escapeMarkdown(input.threshold?.label ?? 'of the profile')}) in ${escapeMarkdown(cohortName(breach.cohort).en)}: ${formatShare(breach.baseline)} → ${formatShare(breach.evening)}`,
        ]),
    ...(described?.symptoms ?? []).map((text) => `players report: ${escapeMarkdown(text)}`),
    ...(described?.games === undefined ? [] : [`titles: ${described.games.map(escapeMarkdown).join(', ')}`]),
  ];
  const days = comparison.days.length;
  const degraded = comparison.days.filter(({ verdict }) => verdict === 'DEGRADED').length;
  return [
    { title: 'Business impact', lines: impact },
    {
      title: 'Recurrence',
      lines: [
        days === 0
          ? 'one evening was measured: recurrence is not known'
          : `${degraded} of ${days} measured evenings DEGRADED`,
      ],
    },
    { title: 'Five-tuples', lines: exampleLines(input) },
    { title: 'Direction', lines: [directionOf(model)] },
    { title: 'Hypotheses excluded', lines: excludedLines(input) },
  ];
}

function exampleLines({ examples }: ReportInput): string[] {
  const list = (name: string, tuples: readonly string[]): string[] =>
    tuples.length === 0 ? [`${name}: none`] : tuples.map((tuple) => `${name}: \`${tuple}\``);
  if (examples === undefined) return [MISSING];
  return [...list('failing', examples.failing), ...list('healthy control', examples.healthy)];
}

function directionOf({ comparison, input }: ReportModel): string {
  const ends = eveningEnds(input);
  if (ends !== null) return escapeMarkdown(ends.en);
  return `measured at the ${comparison.vantage} end, round trip: no direction is attributed by it`;
}

function excludedLines({ localisation }: ReportInput): string[] {
  const refuted = (localisation?.hypotheses ?? []).filter(({ status }) => status === 'refuted');
  if (refuted.length === 0) return ['none: these data exclude no hypothesis'];
  return refuted.map(({ hypothesis, table }) => {
    const against = table.filter(
      ({ predicted, observed }) => observed !== 'UNKNOWN' && observed !== predicted,
    );
    return `${escapeMarkdown(hypothesis)}: ${escapeMarkdown(against.map(({ evidence }) => evidence).join('; '))}`;
  });
}

/** The provider's own form, field by field. */
export function formLines(model: ReportModel): {
  readonly preset: Preset;
  readonly lines: readonly string[];
} {
  const preset = PRESET_DATA[model.input.case?.ticket?.preset ?? 'generic'];
  return { preset, lines: preset.fields.map((field) => `${field.label}: ${valueOf(field, model)}`) };
}

function valueOf({ key, from }: PresetField, { input, windows }: ReportModel): string {
  const described = input.case;
  const given = described?.ticket?.fields?.[key];
  if (given !== undefined) return escapeMarkdown(given);
  switch (from) {
    case 'window':
      return windows.evening;
    case 'servers': {
      const servers = described?.servers ?? [];
      return servers.length === 0
        ? MISSING
        : servers
            .map(({ address, datacenter, rack }) =>
              [address, datacenter, rack].filter((part) => part !== undefined).join(' '),
            )
            .map(escapeMarkdown)
            .join('; ');
    }
    case 'symptoms':
      return described?.symptoms?.map(escapeMarkdown).join('; ') ?? MISSING;
    case 'changes':
      return described?.changes === undefined
        ? MISSING
        : `${described.changes.length === 0 ? 'none' : `${described.changes.length}, listed below`}`;
    case 'traces': {
      const traces = input.traces ?? [];
      const ends = new Set(traces.map((trace) => trace.from));
      if (ends.size === 2) return 'both directions, below';
      return ends.size === 0
        ? MISSING
        : `from the ${[...ends].join()} only, below; the other direction is ${MISSING}`;
    }
    case 'given':
      return `${MISSING} (\`ticket.fields.${key}\` of the case)`;
  }
}

export const TRACE_CAVEATS = [
  'A trace shows where probes were answered, not where packets were lost: routers limit such answers, so loss at one hop counts only if every later hop loses as well.',
  'It shows one direction; the answers come back by a path of their own.',
  'It was taken at one time; the packet comparison covers the whole window.',
] as const;

/** What one trace shows, in words. */
export function traceSentence({ trace, reading }: TraceFacts): string {
  const last = trace.hops.at(-1);
  const end =
    last?.avg_ms == null ? 'the last hop did not answer' : `${last.avg_ms} ms on average at the last hop`;
  const loss =
    reading.loss_at_end_ratio === null || reading.loss_at_end_ratio === 0
      ? 'no loss to the last hop'
      : `${formatShare(reading.loss_at_end_ratio)} loss to the last hop, from hop ${reading.loss_from_hop ?? '?'} on`;
  const limited = reading.rate_limited_hops;
  const note =
    limited.length === 0
      ? ''
      : `; hop${limited.length === 1 ? '' : 's'} ${limited.join(', ')} left probes unanswered that later hops answered: limited answers, no loss`;
  return `${end}; ${loss}${note}`;
}

export const HOP_COLUMNS = [
  'hop',
  'address',
  'AS',
  'sent',
  'loss',
  'best ms',
  'mean ms',
  'worst ms',
] as const;

export function hopCells({
  hop,
  address,
  asn,
  sent,
  loss_ratio,
  best_ms,
  avg_ms,
  worst_ms,
}: TraceHop): string[] {
  const number = (value: number | null): string => (value === null ? 'n/a' : String(value));
  return [
    String(hop),
    address ?? 'no answer',
    asn === null ? 'n/a' : `AS${asn}`,
    number(sent),
    formatShare(loss_ratio),
    number(best_ms),
    number(avg_ms),
    number(worst_ms),
  ];
}

export function traceMarkdown(traces: readonly TraceFacts[]): string[] {
  if (traces.length === 0) return [];
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    '## Traces',
    '',
    ...TRACE_CAVEATS.map((text) => `- ${text}`),
    '',
    ...traces.flatMap((facts) => [
      `**${escapeMarkdown(facts.name)}**: ${facts.trace.tool} from the ${facts.from}, ${facts.state} hours${facts.at === null ? '' : `, ${facts.at}`}: ${traceSentence(facts)}.`,
      '',
      row(HOP_COLUMNS),
      row(HOP_COLUMNS.map(() => '---')),
      ...facts.trace.hops.map((hop) => row(hopCells(hop))),
      '',
    ]),
  ];
}
