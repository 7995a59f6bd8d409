/** A piece of a table as the rest of the house sees it: columns by name, values in place, no row objects. */

import { TABLES, type ColumnDef, type TableName } from '../engine/abi.generated.ts';
import type { RawColumn, RawTable } from '../engine/core.ts';
import { addressText } from './address.ts';

/** Columns that users see, in order: the hidden `order` column is not one. */
export function publicColumns(table: TableName): readonly ColumnDef[] {
  return TABLES[table].columns.filter((column) => column.name !== 'order');
}

export class Batch {
  readonly table: TableName;
  readonly rows: number;
  readonly #raw: ReadonlyMap<string, RawColumn>;

  constructor(table: TableName, raw: RawTable) {
    this.table = table;
    this.rows = raw.rows;
    const crossing = TABLES[table].columns.filter((column) => column.type !== 'host');
    this.#raw = new Map(
      crossing.flatMap((column, index) => {
        const data = raw.columns[index];
        return data === undefined ? [] : [[column.name, data]];
      }),
    );
  }

  /** The column's bytes as they crossed, or null for a host-derived one. */
  raw(name: string): RawColumn | null {
    return this.#raw.get(name) ?? null;
  }

  u8(name: string): Uint8Array {
    return this.#need(name);
  }

  u16(name: string): Uint16Array {
    const bytes = this.#need(name);
    return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
  }

  u32(name: string): Uint32Array {
    const bytes = this.#need(name);
    return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  }

  i64(name: string): BigInt64Array {
    const bytes = this.#need(name);
    return new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
  }

  f64(name: string): Float64Array {
    const bytes = this.#need(name);
    return new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
  }

  address(name: string, row: number): string {
    return addressText(this.#need(name), row * 16);
  }

  isNull(name: string, row: number): boolean {
    const validity = this.#raw.get(name)?.validity ?? null;
    return validity !== null && (((validity[row >> 3] ?? 0) >> (row & 7)) & 1) === 0;
  }

  /** Arrow validity bitmap, or null when nothing is absent. */
  validity(name: string): Uint8Array | null {
    return this.#raw.get(name)?.validity ?? null;
  }

  #need(name: string): Uint8Array<ArrayBuffer> {
    const column = this.#raw.get(name);
    if (column === undefined) throw new Error(`table ${this.table} has no column ${name} in the core`);
    return column.data;
  }
}
