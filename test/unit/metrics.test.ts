/** The catalogue: every column has words, notes belong to columns that exist, Arrow carries the same text. */
import { describe, expect, it } from 'vitest';
import { TABLES, type TableName } from '../../src/engine/abi.generated.ts';
import { catalogue, explain, explanationText } from '../../src/explain.ts';
import { NOTES, noteOf } from '../../src/metrics/notes.ts';
import { arrowSchema } from '../../src/tables/arrow.ts';

describe('the metric catalogue', () => {
  it('has every public column with its definition', () => {
    const columns = Object.values(TABLES).flatMap((table) =>
      table.columns.filter(({ name }) => name !== 'order'),
    );
    expect(catalogue()).toHaveLength(columns.length);
    expect(catalogue().filter(({ definition }) => definition === '')).toEqual([]);
  });

  it('has no note of a column that does not exist', () => {
    const used = new Set(catalogue().map(({ name }) => noteOf(name)));
    expect(Object.entries(NOTES).filter(([, note]) => !used.has(note))).toEqual([]);
  });

  it('explains a metric by its bare name in every place it stands', () => {
    const found = explain('pdv_p95_ns');
    expect(found.map(({ table, name }) => `${table}.${name}`)).toEqual([
      'flows.forward_pdv_p95_ns',
      'flows.reverse_pdv_p95_ns',
      'bins.pdv_p95_ns',
    ]);
    for (const word of ['formula', 'RFC 5481', 'bias', 'null when', 'ns'])
      expect(explanationText(found)).toContain(word);
  });

  it('refuses a name that no table has, and offers near ones', () => {
    expect(() => explain('rtt_p9')).toThrow(/no table has a column rtt_p9/);
  });

  it('is what Arrow fields carry', () => {
    for (const { table, name, definition, note } of catalogue()) {
      const field = arrowSchema(table satisfies TableName).fields.find((one) => one.name === name);
      expect(field?.metadata.get('definition')).toBe(definition);
      expect(field?.metadata.get('bias')).toBe(note?.bias);
    }
  });
});
