/** CSV and JSON, row by row. CSV: RFC 4180 without its CRLF; absent is an empty field. JSON: one array of objects. */

import type { TableName } from '../engine/abi.generated.ts';
import type { Batch } from './batch.ts';
import { cellReaders, columnNames, type Cell } from './values.ts';

function csvField(cell: Cell): string {
  if (cell === null) return '';
  const text = typeof cell === 'string' ? cell : String(cell);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csvHeader(table: TableName): string {
  return `${columnNames(table).join(',')}\n`;
}

export function csvRows(batch: Batch, label: string): string {
  const readers = cellReaders(batch, label);
  const lines: string[] = [];
  for (let row = 0; row < batch.rows; row++)
    lines.push(readers.map(({ read }) => csvField(read(row))).join(','));
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** A JSON value of a cell: 64-bit integers keep every digit, so they are written as numbers, not as strings. */
export function jsonCell(cell: Cell): string {
  return typeof cell === 'bigint' ? cell.toString() : JSON.stringify(cell);
}

/** Rows as JSON objects, one a line, without the surrounding array. */
export function jsonRows(batch: Batch, label: string): string[] {
  const readers = cellReaders(batch, label);
  return Array.from(
    { length: batch.rows },
    (_, row) => `{${readers.map(({ column, read }) => `"${column.name}":${jsonCell(read(row))}`).join(',')}}`,
  );
}
