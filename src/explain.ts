/** The metric catalogue: what columns and the figures of `diff` and `pair` mean, from the core's schema and the notes beside it. */

import { TABLES, type ColumnDef, type TableName } from './engine/abi.generated.ts';
import { UsageError } from './errors.ts';
import { FIGURES } from './metrics/figures.ts';
import { noteOf, type Note } from './metrics/notes.ts';
import { TABLE_NAMES } from './tables/names.ts';

export interface Explanation {
  readonly name: string;
  /** A table, or the document that holds the figure. */
  readonly table: TableName | 'diff' | 'pair';
  readonly unit: string | null;
  readonly type: string;
  readonly values: readonly string[] | null;
  readonly definition: string;
  readonly note: Note | null;
}

const EVERY: readonly Explanation[] = [
  ...TABLE_NAMES.flatMap((table) =>
    TABLES[table].columns.filter(({ name }) => name !== 'order').map((column) => explanation(table, column)),
  ),
  ...FIGURES.map(({ document, name, unit, definition, note }) => ({
    name,
    table: document,
    unit,
    type: unit === 'ratio' || unit === 'ppm' ? 'f64' : 'i64',
    values: null,
    definition,
    note,
  })),
];

function explanation(table: TableName, column: ColumnDef): Explanation {
  return {
    name: column.name,
    table,
    unit: column.unit === '' ? null : column.unit,
    type: column.type,
    values: column.codes ?? null,
    definition: column.definition,
    note: noteOf(column.name),
  };
}

/** All columns of all tables, and the figures of both documents. */
export function catalogue(): readonly Explanation[] {
  return EVERY;
}

/**
 * Every column or figure with that name; `pdv_p95_ns` also means `forward_pdv_p95_ns` and its kin.
 * @throws UsageError when there is none.
 */
export function explain(metric: string): Explanation[] {
  const exact = EVERY.filter(({ name }) => name === metric);
  const kin = EVERY.filter(({ name }) =>
    /^(forward|reverse|rtt_to_responder|rtt_to_initiator)_/.test(name),
  ).filter(
    ({ name }) =>
      name.endsWith(`_${metric}`) && name.replace(/^(forward|reverse|rtt_to_[a-z]+)_/, '') === metric,
  );
  const found = [...kin, ...exact];
  if (found.length === 0) {
    const near = EVERY.filter(({ name }) => name.includes(metric.replace(/_?(ns|bytes)$/, ''))).map(
      ({ name }) => name,
    );
    const hint = [...new Set(near)].slice(0, 6);
    throw new UsageError({
      code: 'usage/unknown-metric',
      message: `no table, nor diff or pair, has a metric ${metric}`,
      help: hint.length > 0 ? `there are ${hint.join(', ')}` : 'lagdiff explain lists them all',
    });
  }
  return found;
}

/** For people: one paragraph per distinct meaning. */
export function explanationText(found: readonly Explanation[]): string {
  const paragraphs = new Map<string, Explanation[]>();
  for (const entry of found) {
    const key = JSON.stringify([entry.definition, entry.note]);
    paragraphs.set(key, [...(paragraphs.get(key) ?? []), entry]);
  }
  return [...paragraphs.values()].map(paragraph).join('\n');
}

function paragraph(entries: readonly Explanation[]): string {
  const [first] = entries;
  if (first === undefined) return '';
  const lines = [
    entries.map(({ name, table }) => `${table}.${name}`).join(', '),
    `  definition  ${first.definition}`,
    ...(first.unit === null ? [] : [`  unit        ${first.unit}`]),
    ...(first.values === null ? [] : [`  values      ${first.values.join(', ')}`]),
  ];
  if (first.note !== null) {
    const { formula, source, bias, null_when } = first.note;
    lines.push(
      `  formula     ${formula}`,
      `  source      ${source}`,
      `  bias        ${bias}`,
      `  null when   ${null_when}`,
    );
  }
  return `${lines.join('\n')}\n`;
}
