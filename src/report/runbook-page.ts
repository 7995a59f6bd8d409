/** runbooks/*.md: a page for the verdict and for each finding of this annex. */
import type { ReportInput } from './input.ts';
import { RUNBOOKS } from './runbooks.ts';
import { escapeMarkdown } from './text.ts';

export interface RunbookPage {
  /** File stem. */
  readonly id: string;
  readonly text: string;
}

export function runbookPages(input: ReportInput): RunbookPage[] {
  const wanted = [`verdict/${input.comparison.verdict}`, ...input.findings.map(({ id }) => id)];
  return [...new Set(wanted)].flatMap((id) => {
    const book = RUNBOOKS.find((entry) => entry.id === id);
    if (book === undefined) return [];
    const claims = input.findings.filter((finding) => finding.id === id);
    const lines = [
      `# ${id}`,
      '',
      book.means,
      '',
      ...claims.map(
        ({ claim, limits }) => `- here: ${escapeMarkdown(claim)} Does not show: ${escapeMarkdown(limits)}.`,
      ),
      ...(claims.length > 0 ? [''] : []),
      '## Next',
      '',
      ...book.next.flatMap(({ why, command }, index) => [
        `${index + 1}. ${why}`,
        '',
        '   ```sh',
        `   ${command}`,
        '   ```',
        '',
      ]),
      '## Roll back',
      '',
      book.rollback,
      '',
      '## Whom to call',
      '',
      book.call,
      '',
    ];
    return [{ id: id.toLowerCase().replace(/[^a-z0-9]+/g, '-'), text: lines.join('\n') }];
  });
}
