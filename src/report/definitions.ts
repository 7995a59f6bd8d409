/** What each figure of the report and its tables means: the words of `lagdiff explain` and of the Arrow metadata. */

import { FIGURES } from '../metrics/figures.ts';
import { NOTES, type Note } from '../metrics/notes.ts';
import type { ReportModel } from './model.ts';
import { element, table } from './page.ts';
import { escapeMarkup } from './text.ts';

const noteCells = ({ formula, source, bias, null_when }: Note): string[] =>
  [formula, source, bias, null_when].map(escapeMarkup);

export function definitionsSection({ input }: ReportModel): string {
  const hasEnds = (input.ends ?? []).length > 0;
  const figures = FIGURES.filter(({ document }) => document === 'diff' || hasEnds).map(
    ({ document, name, unit, definition, note }) => [
      escapeMarkup(`${document}.${name}`),
      escapeMarkup(unit ?? ''),
      escapeMarkup(definition),
      ...noteCells(note),
    ],
  );
  const columns = Object.entries(NOTES).map(([name, note]) => [escapeMarkup(name), ...noteCells(note)]);
  const about = ['formula', 'source', 'which way it errs', 'absent when'];
  return (
    element('h2', 'What each figure means') +
    `<details><summary>Definitions</summary><div class="prose">${table(
      ['figure', 'unit', 'definition', ...about],
      figures,
      'What was compared and, with captures of both ends, what they answer together',
    )}${table(
      ['column', ...about],
      columns,
      'Columns of the tables, per direction or end; the files carry the same words in their metadata',
    )}</div></details>`
  );
}
