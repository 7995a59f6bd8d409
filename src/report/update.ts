/**
 * update.md: the note to those who wait. It states what the evidence of its own time shows, and points at where each sentence
 * comes from; what is not known is said to be unknown, and nothing is promised.
 */
import { countOf, formatDifference, formatInterval } from './format-value.ts';
import type { ReportInput } from './input.ts';
import { buildReport } from './model.ts';
import { escapeMarkdown } from './text.ts';
import { ticketTitle } from './ticket.ts';
import { cohortName, METRICS, VERDICTS } from './words.ts';

const STATUS = {
  DEGRADED: 'confirmed by measurement; cause not yet known',
  MINOR: 'a change is measured, smaller than what matters',
  INCONCLUSIVE: 'open: the measurement is not yet precise enough',
  INSUFFICIENT: 'open: too little was measured',
  EQUIVALENT: 'not confirmed: the network is shown to be the same',
  IMPROVED: 'measured to be better than before',
} as const;

export function renderUpdateMarkdown(input: ReportInput): string {
  const model = buildReport(input);
  const { comparison, extent, windows, asks } = model;
  const evidence = comparison.periods.evening.last ?? 'no time known';
  const lines = [
    `# Update: ${escapeMarkdown(model.title)}`,
    '',
    `Evidence up to ${evidence}. Later events are not in it. Each sentence names its place in analysis.json.`,
    '',
    '## Status',
    '',
    `${STATUS[comparison.verdict]} (${comparison.verdict}, ${VERDICTS[comparison.verdict].ja}; \`comparison.verdict\`)`,
    '',
    '## Impact',
    '',
    ...(extent.worse.length === 0
      ? ['- no cohort is shown to be worse by more than the margin (`comparison.comparisons`)']
      : extent.worse
          .slice(0, 5)
          .map(
            (row) =>
              `- ${escapeMarkdown(cohortName(row.cohort).en)}, ${METRICS[row.metric].en}: ${formatDifference(row.metric, row.difference)}, 95% CI ${escapeMarkdown(formatInterval(row.metric, row.ci95))}, ${countOf(row.clients, 'client')} (\`comparison.comparisons[cohort=${escapeMarkdown(row.cohort)},metric=${escapeMarkdown(row.metric)}]\`)`,
          )),
    `- measured: ${windows.evening}, against ${windows.baseline} (\`comparison.periods\`)`,
    '',
    '## Findings',
    '',
    `- ${escapeMarkdown(comparison.headline)} (\`comparison.headline\`)`,
    ...input.findings.map((finding) => `- ${escapeMarkdown(finding.claim)} (\`findings[id=${finding.id}]\`)`),
    ...(input.localisation
      ? [`- ${escapeMarkdown(input.localisation.sentence)} (\`localisation.sentence\`)`]
      : []),
    '- not known from these data: the cause, and other evenings (`comparison.limitations`)',
    '',
    '## Next steps',
    '',
    ...asks.map(
      (ask) => `- ${escapeMarkdown(ask.text.en)} Owner: ${escapeMarkdown(ask.owner.en)}. By: ${ask.due.en}.`,
    ),
    '',
    `Ticket: ${escapeMarkdown(ticketTitle(model))}`,
    '',
    '## 日本語',
    '',
    escapeMarkdown(model.headline.ja),
    '',
  ];
  return lines.join('\n');
}
