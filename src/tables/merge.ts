/**
 * Tables of several shards → one, in capture order. Every row carries the frame that completed it in the hidden
 * first column; rows of one frame come from one shard and keep their order. Rows that no frame completed (a flow that
 * ended by silence or with the capture) carry `AT_END`: they wait for the end and go by their flow.
 */

import type { RawColumn, RawTable } from '../engine/core.ts';

/** `order` of rows that belong to the end of the capture; wasm/crates/flow/src/emit.rs has the same. */
const AT_END = 0xffff_ffff;

function wordsOf(column: RawColumn | undefined): Uint32Array {
  if (column === undefined) return new Uint32Array(0);
  return new Uint32Array(column.data.buffer, column.data.byteOffset, column.data.byteLength / 4);
}

/** @param tables the same table from each shard, each in its own order already. */
export function mergeTables(tables: readonly RawTable[]): RawTable {
  const [only] = tables;
  if (only === undefined) return { rows: 0, columns: [] };
  if (tables.length === 1) return only;
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const orders = tables.map((table) => wordsOf(table.columns[0]));
  const flows = tables.map((table) => wordsOf(table.columns[1]));
  const cursor = new Uint32Array(tables.length);
  const fromTable = new Uint8Array(rows);
  const fromRow = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) {
    let best = -1;
    let bestOrder = 0;
    let bestFlow = 0;
    for (let index = 0; index < tables.length; index++) {
      const at = cursor[index] ?? 0;
      const order = orders[index]?.[at];
      if (order === undefined) continue;
      const flow = flows[index]?.[at] ?? 0;
      if (best < 0 || order < bestOrder || (order === bestOrder && flow < bestFlow)) {
        best = index;
        bestOrder = order;
        bestFlow = flow;
      }
    }
    fromTable[row] = best;
    fromRow[row] = cursor[best] ?? 0;
    cursor[best] = (cursor[best] ?? 0) + 1;
  }
  const empty: RawColumn = { data: new Uint8Array(0), validity: null };
  const columns = only.columns.map((_, index) =>
    gatherRows(
      tables.map((table) => ({ rows: table.rows, column: table.columns[index] ?? empty })),
      rows,
      fromTable,
      fromRow,
    ),
  );
  return { rows, columns };
}

/** Splits a shard's table into rows that a frame completed and rows that wait for the end. */
export function splitAtEnd(table: RawTable): {
  readonly completed: RawTable;
  readonly atEnd: RawTable | null;
} {
  const order = wordsOf(table.columns[0]);
  const waiting: number[] = [];
  const completed: number[] = [];
  order.forEach((frame, row) => (frame === AT_END ? waiting : completed).push(row));
  if (waiting.length === 0) return { completed: table, atEnd: null };
  return {
    completed: selectRows(
      [table],
      completed.map((row) => ({ table: 0, row })),
    ),
    atEnd: selectRows(
      [table],
      waiting.map((row) => ({ table: 0, row })),
    ),
  };
}

/** Rows that waited for the end, by flow; rows of one flow keep the order in which its shard wrote them. */
export function mergeAtEnd(tables: readonly RawTable[]): RawTable {
  const flows = tables.map((table) => wordsOf(table.columns[1]));
  const places = tables.flatMap((table, index) =>
    Array.from({ length: table.rows }, (_, row) => ({ table: index, row })),
  );
  const flowOf = ({ table, row }: Place): number => flows[table]?.[row] ?? 0;
  return selectRows(
    tables,
    places.sort((a, b) => flowOf(a) - flowOf(b)),
  );
}

interface Place {
  readonly table: number;
  readonly row: number;
}

function selectRows(tables: readonly RawTable[], places: readonly Place[]): RawTable {
  const fromTable = Uint32Array.from(places, ({ table }) => table);
  const fromRow = Uint32Array.from(places, ({ row }) => row);
  const count = tables[0]?.columns.length ?? 0;
  const empty: RawColumn = { data: new Uint8Array(0), validity: null };
  const columns = Array.from({ length: count }, (_, index) =>
    gatherRows(
      tables.map((table) => ({ rows: table.rows, column: table.columns[index] ?? empty })),
      places.length,
      fromTable,
      fromRow,
    ),
  );
  return { rows: places.length, columns };
}

/** One column of the result: row r is row `fromRow[r]` of source `fromTable[r]`. */
export function gatherRows(
  sources: readonly { readonly rows: number; readonly column: RawColumn }[],
  rows: number,
  fromTable: ArrayLike<number>,
  fromRow: ArrayLike<number>,
): RawColumn {
  const filled = sources.find((source) => source.rows > 0);
  const width = filled === undefined ? 1 : filled.column.data.length / filled.rows;
  const data = new Uint8Array(rows * width);
  const values = sources.map((source) => wide(source.column.data, width));
  const target = wide(data, width);
  const lanes = Math.max(1, width / 4);
  for (let row = 0; row < rows; row++) {
    const from = values[fromTable[row] ?? 0];
    const at = (fromRow[row] ?? 0) * lanes;
    if (from === undefined) continue;
    for (let lane = 0; lane < lanes; lane++) target[row * lanes + lane] = from[at + lane] ?? 0;
  }
  if (sources.every((source) => source.column.validity === null)) return { data, validity: null };
  const validity = new Uint8Array(Math.ceil(rows / 8));
  for (let row = 0; row < rows; row++) {
    const bits = sources[fromTable[row] ?? 0]?.column.validity ?? null;
    const at = fromRow[row] ?? 0;
    if (bits === null || (((bits[at >> 3] ?? 0) >> (at & 7)) & 1) === 1) {
      validity[row >> 3] = (validity[row >> 3] ?? 0) | (1 << (row & 7));
    }
  }
  return { data, validity };
}

/** A view of 1-, 2- or 4-byte lanes; wider values move as several 4-byte lanes, so every bit arrives. */
function wide(bytes: Uint8Array, width: number): Uint8Array | Uint16Array | Uint32Array {
  const { buffer, byteOffset, byteLength } = bytes;
  if (width === 1) return bytes;
  if (width === 2) return new Uint16Array(buffer, byteOffset, byteLength / 2);
  return new Uint32Array(buffer, byteOffset, byteLength / 4);
}
