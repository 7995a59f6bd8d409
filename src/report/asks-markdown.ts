/** asks.md: the ticket text, in the order in which a network operations centre reads: what, when, who, where, asks, proof. */
import type { ComparisonRow } from '../comparison/types.ts';
import { countOf, formatDifference, formatInterval } from './format-value.ts';
import type { ReportInput } from './input.ts';
import { buildReport } from './model.ts';
import { escapeMarkdown } from './text.ts';
import { formLines, ticketParts, ticketTitle, traceMarkdown } from './ticket.ts';
import { formatLocal, formatUtc } from './time-text.ts';
import { cohortName, METRICS } from './words.ts';

const NOT_STATED = 'not stated in the case';

export function renderAsksMarkdown(input: ReportInput): string {
  const model = buildReport(input);
  const { comparison, extent, windows, timezone } = model;
  const described = input.case;
  const lines: string[] = [];
  const bullet = (items: readonly string[], none: string): void => {
    lines.push(...(items.length > 0 ? items : [none]).map((item) => `- ${item}`), '');
  };
  const row = (r: ComparisonRow): string =>
    `${escapeMarkdown(cohortName(r.cohort).en)}, ${METRICS[r.metric].short}: ${formatDifference(r.metric, r.difference)}, ` +
    `${r.ci95 === null ? 'no interval' : `95% CI ${escapeMarkdown(formatInterval(r.metric, r.ci95))}`}, ${r.verdict}, ${countOf(r.clients, 'client')}, ${countOf(r.blocks, 'time block')}`;

  lines.push(
    `# ${escapeMarkdown(model.title)}`,
    '',
    escapeMarkdown(model.headline.en),
    '',
    escapeMarkdown(comparison.scope),
    '',
  );
  lines.push('Ticket title:', '', `> ${escapeMarkdown(ticketTitle(model))}`, '');
  const { preset, lines: form } = formLines(model);
  lines.push(`## What ${preset.name} asks for`, '', `Filed at: ${preset.where}.`, '');
  bullet(form, '');
  lines.push(`Trace, once from each end: \`${preset.trace}\``, '');
  bullet(preset.notes, '');
  lines.push('## When', '');
  bullet([`evening: ${windows.evening}`, `baseline: ${windows.baseline}`], '');
  lines.push('## Where', '');
  bullet(
    (described?.servers ?? []).map((server) =>
      [
        escapeMarkdown(server.name ?? server.address),
        server.name ? server.address : null,
        server.provider ? escapeMarkdown(server.provider) : null,
        server.asn === undefined ? null : `AS${server.asn}`,
        server.datacenter ? escapeMarkdown(server.datacenter) : null,
        server.rack ? escapeMarkdown(server.rack) : null,
      ]
        .filter((part) => part !== null)
        .join(', '),
    ),
    `servers: ${NOT_STATED}`,
  );
  for (const { title, lines: part } of ticketParts(model)) {
    lines.push(`## ${title}`, '');
    bullet(part, '');
  }
  lines.push('## What got worse', '');
  bullet(extent.worse.map(row), 'nothing is shown to be worse by more than the margin');
  lines.push('## What did not', '');
  bullet(extent.notWorse.map(row), 'no cohort is shown to be unchanged');
  lines.push('## Changed, but too little to matter or not certain among so many rows', '');
  bullet(extent.smaller.map(row), 'none');
  lines.push('## What these data do not say', '');
  bullet(extent.open.map(row), 'every row got an answer');
  lines.push('## Asks', '');
  for (const [i, ask] of model.asks.entries())
    lines.push(
      `${i + 1}. ${escapeMarkdown(ask.text.en)}`,
      `   Because: ${escapeMarkdown(ask.because.en)}.`,
      `   Owner: ${escapeMarkdown(ask.owner.en)}. By: ${ask.due.en}.`,
      '',
    );
  lines.push('## Solved when', '', escapeMarkdown(model.success.en), '');
  lines.push('## Changes on our side', '');
  bullet(
    (described?.changes ?? []).map(({ at, what }) => {
      const utc = new Date(at).toISOString();
      return `${formatUtc(utc)} (${formatLocal(utc, timezone)}): ${escapeMarkdown(what)}`;
    }),
    described?.changes ? 'none between the two windows, as the case states' : NOT_STATED,
  );
  lines.push('## Captures', '');
  bullet(
    input.captures.map(
      (c) =>
        `${escapeMarkdown(c.path)} (${c.period}, ${c.end ?? 'end not stated'}): sha256 \`${c.sha256}\`, clock: ${escapeMarkdown(c.clock ?? 'not stated')}`,
    ),
    NOT_STATED,
  );
  const extracts = input.extracts ?? [];
  if (extracts.length > 0) {
    lines.push(
      'Packets that show it (headers only; extracts/index.json lists every one with its origin):',
      '',
    );
    bullet(
      extracts.map(
        ({ file, claim, packets, display_filter }) =>
          `\`${file}\`, ${packets.length} packets: ${escapeMarkdown(claim)} Display filter: \`${display_filter}\``,
      ),
      '',
    );
  }
  lines.push('In the captures above, these display filters show the two windows:', '');
  bullet(
    (['baseline', 'evening'] as const).flatMap((period) => {
      const { first, last } = comparison.periods[period];
      return first === null || last === null ? [] : [`${period}: \`${displayFilter(input, first, last)}\``];
    }),
    'no window has a known time',
  );
  if (input.tier === 'public') lines.push(PSEUDONYMS, '');
  lines.push(
    'To compute everything again: `sh reproduce.sh`; with tshark alone: `sh reproduce-tshark.sh`.',
    '',
  );
  lines.push(...traceMarkdown(input.traces ?? []));
  lines.push('## Limitations', '');
  bullet(model.limitations.all.map(escapeMarkdown), '');
  const { name, email, availability } = described?.contact ?? {};
  const contact = [name, email, availability].filter((part) => part !== undefined).map(escapeMarkdown);
  lines.push('## Contact', '', contact.length > 0 ? contact.join(', ') : NOT_STATED, '');
  return lines.join('\n');
}

const PSEUDONYMS =
  'Addresses in this annex are pseudonyms (Crypto-PAn: prefixes that were shared still are), the same in every file; its restricted tier names them.';

/** Wireshark 4 display filter: the servers of the case, inside one window; times are UTC. */
function displayFilter(input: ReportInput, first: string, last: string): string {
  const hosts = (input.case?.servers ?? []).map(
    ({ address }) => `${address.includes(':') ? 'ipv6' : 'ip'}.addr == ${address}`,
  );
  const time = `frame.time >= "${first.slice(0, 19)}Z" && frame.time <= "${last.slice(0, 19)}.999999999Z"`;
  return hosts.length === 0 ? time : `(${hosts.join(' || ')}) && ${time}`;
}
