import { test } from '@fast-check/vitest';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { RawTable } from '../../../src/engine/core.ts';
import { mergeTables } from '../../../src/tables/merge.ts';

interface Row {
  readonly order: number;
  readonly flow: number;
  readonly value: bigint | null;
}

function tableOf(rows: readonly Row[]): RawTable {
  const order = Uint32Array.from(rows, (row) => row.order);
  const flow = Uint32Array.from(rows, (row) => row.flow);
  const value = BigInt64Array.from(rows, (row) => row.value ?? 0n);
  const validity = new Uint8Array(Math.ceil(rows.length / 8));
  rows.forEach((row, index) => {
    if (row.value !== null) validity[index >> 3] = (validity[index >> 3] ?? 0) | (1 << (index & 7));
  });
  const bytes = (array: Uint32Array | BigInt64Array): Uint8Array<ArrayBuffer> =>
    new Uint8Array(array.buffer as ArrayBuffer);
  const hasNull = rows.some((row) => row.value === null);
  return {
    rows: rows.length,
    columns: [
      { data: bytes(order), validity: null },
      { data: bytes(flow), validity: null },
      { data: bytes(value), validity: hasNull ? validity : null },
    ],
  };
}

function rowsOf(table: RawTable): Row[] {
  const [order, flow, value] = table.columns;
  const orders = new Uint32Array(order?.data.buffer ?? new ArrayBuffer(0));
  const flows = new Uint32Array(flow?.data.buffer ?? new ArrayBuffer(0));
  const values = new BigInt64Array(value?.data.buffer ?? new ArrayBuffer(0));
  return Array.from({ length: table.rows }, (_, row) => ({
    order: orders[row] ?? -1,
    flow: flows[row] ?? -1,
    value:
      value?.validity != null && (((value.validity[row >> 3] ?? 0) >> (row & 7)) & 1) === 0
        ? null
        : (values[row] ?? null),
  }));
}

const rows = fc.array(
  fc.record({
    order: fc.integer({ min: 1, max: 40 }),
    flow: fc.integer({ min: 0, max: 3 }),
    value: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  }),
  { maxLength: 60 },
);

test.prop([rows, fc.integer({ min: 1, max: 5 })])(
  'shards merge into capture order, and every bit of every value arrives',
  (all, shards) => {
    // As the core does: a flow lives in one shard, and a shard's rows are in its own order.
    const sorted = all
      .map((row, index) => ({ ...row, index }))
      .sort((a, b) => a.order - b.order || a.flow - b.flow || a.index - b.index)
      .map(({ order, flow, value }) => ({ order, flow, value }));
    const parts = Array.from({ length: shards }, (_, shard) =>
      sorted.filter((row) => row.flow % shards === shard),
    );
    const merged = mergeTables(parts.filter((part) => part.length > 0).map(tableOf));
    expect(merged.rows === 0 ? [] : rowsOf(merged)).toEqual(sorted);
  },
);
