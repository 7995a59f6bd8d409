/** What rules share: picking the flows that show something, by code or by count. */

import { TABLES } from '../engine/abi.generated.ts';
import type { Batch } from '../tables/batch.ts';
import { NAMED_FLOWS } from './types.ts';

/** A reader of a code column: the name, or null. */
export function codeOf(flows: Batch, column: string): (row: number) => string | null {
  const codes = TABLES.flows.columns.find(({ name }) => name === column)?.codes ?? [];
  const values = flows.u8(column);
  return (row) => (flows.isNull(column, row) ? null : (codes[values[row] ?? 255] ?? null));
}

/** A reader of a count column: the number, or 0 where it is absent (absent cannot make a finding). */
export function countOf(flows: Batch, column: string): (row: number) => number {
  const values = flows.u32(column);
  return (row) => (flows.isNull(column, row) ? 0 : (values[row] ?? 0));
}

/** Row numbers for which `test` holds. */
export function rowsWhere(flows: Batch, test: (row: number) => boolean): number[] {
  const rows: number[] = [];
  for (let row = 0; row < flows.rows; row++) if (test(row)) rows.push(row);
  return rows;
}

/** The first flows as evidence. */
export function namedFlows(flows: Batch, rows: readonly number[]): number[] {
  const ids = flows.u32('flow_id');
  return rows.slice(0, NAMED_FLOWS).map((row) => ids[row] ?? 0);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
