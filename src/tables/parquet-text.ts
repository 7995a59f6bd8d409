/** A Parquet file read back for the words in it: for checks of what it would show. */

import { tableFromIPC } from 'apache-arrow';
import { readParquet } from 'parquet-wasm/node';

/** All text in a Parquet file: schema, metadata, and the distinct values of its text columns. */
export function parquetText(bytes: Uint8Array): string {
  const table = tableFromIPC(readParquet(bytes).intoIPCStream());
  const found: string[] = [JSON.stringify([...table.schema.metadata])];
  for (const [index, field] of table.schema.fields.entries()) {
    found.push(field.name, JSON.stringify([...field.metadata]));
    if (!/Utf8|Dictionary/.test(String(field.type))) continue;
    const values = new Set<unknown>();
    for (const value of table.getChildAt(index) ?? []) values.add(value);
    found.push([...values].join('\n'));
  }
  return found.join('\n');
}
