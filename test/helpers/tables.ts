/** Tables made by hand, for rules: rows have the values given and null elsewhere. */
import { TABLES, type TableName } from '../../src/engine/abi.generated.ts';
import { Changes } from '../../src/findings/changes.ts';
import { Batch } from '../../src/tables/batch.ts';

/** Addresses: text of IPv4, or the last byte of 192.0.2.0/24. */
export type Row = Readonly<Record<string, number | bigint | string>>;
const WIDTH: Readonly<Record<string, number>> = { i64: 8, f64: 8, u32: 4, u16: 2, address: 16 };

function tableOf(table: TableName, rows: readonly Row[]): Batch {
  const columns = TABLES[table].columns.filter(({ type }) => type !== 'host');
  const raw = columns.map(({ name, type, codes }) => {
    const width = WIDTH[type] ?? 1;
    const data = new Uint8Array(rows.length * width);
    const view = new DataView(data.buffer);
    const validity = new Uint8Array(Math.ceil(rows.length / 8));
    rows.forEach((row, index) => {
      const value = row[name];
      if (value === undefined) return;
      validity[index >> 3] = (validity[index >> 3] ?? 0) | (1 << (index & 7));
      if (type === 'i64') view.setBigInt64(index * 8, BigInt(value), true);
      else if (type === 'f64') view.setFloat64(index * 8, Number(value), true);
      else if (type === 'u32') view.setUint32(index * 4, Number(value), true);
      else if (type === 'u16') view.setUint16(index * 2, Number(value), true);
      else if (type === 'code') data[index] = (codes ?? []).indexOf(String(value));
      else if (type === 'address') data.set(addressOf(value), index * 16);
      else data[index] = Number(value);
    });
    return { data, validity };
  });
  return new Batch(table, { rows: rows.length, columns: raw });
}

function addressOf(value: number | bigint | string): number[] {
  const bytes = typeof value === 'string' ? value.split('.').map(Number) : [192, 0, 2, Number(value)];
  return [...Array<number>(10).fill(0), 255, 255, ...bytes];
}

export const flowsOf = (rows: readonly Row[]): Batch => tableOf('flows', rows);

/** What the events of a capture come to. */
export function changesOf(events: readonly Row[]): Changes {
  const changes = new Changes();
  changes.add(tableOf('events', events));
  return changes;
}
