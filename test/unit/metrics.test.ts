/** The catalogue: every column has words, notes belong to columns that exist, Arrow carries the same text. */
import { describe, expect, it } from 'vitest';
import { compare } from '../../src/comparison/compare.ts';
import { TABLES } from '../../src/engine/abi.generated.ts';
import { catalogue, explain, explanationText, type Explanation } from '../../src/explain.ts';
import { FIGURES } from '../../src/metrics/figures.ts';
import { NOTES, noteOf } from '../../src/metrics/notes.ts';
import { figuresOf } from '../../src/pairing/direction.ts';
import { arrowSchema } from '../../src/tables/arrow.ts';
import { collect } from './comparison/synthetic.ts';

function compareSample() {
  const nothing = collect({ rtt: [], bins: [], flows: [] });
  return compare(nothing, nothing, { profile: 'fps_competitive', seed: 1, replicates: 10 });
}

const columnsOf = (all: readonly Explanation[]) =>
  all.flatMap((one) => (one.table === 'diff' || one.table === 'pair' ? [] : [{ ...one, table: one.table }]));

/** Who, when and which: nothing is computed, so the definition says it all. */
const NO_METRIC =
  /^(flow_id|community_id|capture|ip_version|protocol|application|initiator|responder|(initiator|responder)_port|.*timestamp_ns|direction|toward|bin_start_ns|.*method|((forward|reverse)_)?(payload_)?(packets|bytes))$/;

describe('the metric catalogue', () => {
  it('has every public column with its definition', () => {
    const columns = Object.values(TABLES).flatMap((table) =>
      table.columns.filter(({ name }) => name !== 'order'),
    );
    expect(catalogue()).toHaveLength(columns.length + FIGURES.length);
    expect(catalogue().filter(({ definition }) => definition === '')).toEqual([]);
  });

  it('says of every metric its formula, source, bias and when it is null', () => {
    const bare = catalogue().filter(
      ({ table, name, note }) =>
        table !== 'packets' && table !== 'events' && note === null && !NO_METRIC.test(name),
    );
    expect(bare.map(({ table, name }) => `${table}.${name}`)).toEqual([]);
    for (const { note } of catalogue())
      if (note !== null)
        for (const text of [note.formula, note.source, note.bias, note.null_when])
          expect(text.length).toBeGreaterThan(3);
  });

  it('knows every metric that diff compares and the figures of a direction of pair', () => {
    const metrics = new Set<string>(compareSample().comparisons.map(({ metric }) => metric));
    const told = (document: string) =>
      catalogue().flatMap(({ table, name }) => (table === document ? [name] : []));
    expect(new Set(told('diff'))).toEqual(metrics);
    const figures = Object.keys(figuresOf(undefined, null)).filter((name) => /_(ns|bytes)$/.test(name));
    expect(told('pair')).toEqual(expect.arrayContaining(figures));
  });

  it('has no note of a column that does not exist', () => {
    const used = new Set(columnsOf(catalogue()).map(({ name }) => noteOf(name)));
    expect(Object.entries(NOTES).filter(([, note]) => !used.has(note))).toEqual([]);
  });

  it('explains a metric by its bare name in every place it stands', () => {
    const found = explain('pdv_p95_ns');
    expect(found.map(({ table, name }) => `${table}.${name}`)).toEqual([
      'flows.forward_pdv_p95_ns',
      'flows.reverse_pdv_p95_ns',
      'bins.pdv_p95_ns',
      'diff.pdv_p95_ns',
    ]);
    for (const word of ['formula', 'RFC 5481', 'bias', 'null when', 'ns'])
      expect(explanationText(found)).toContain(word);
  });

  it('refuses a name that no table has, and offers near ones', () => {
    expect(() => explain('rtt_p9')).toThrow(/no table, nor diff or pair, has a metric rtt_p9/);
  });

  it('is what Arrow fields carry', () => {
    for (const { table, name, definition, note } of columnsOf(catalogue())) {
      const field = arrowSchema(table).fields.find((one) => one.name === name);
      expect(field?.metadata.get('definition')).toBe(definition);
      expect(field?.metadata.get('bias')).toBe(note?.bias);
    }
  });
});
