/**
 * Batches → Arrow. Values are wrapped where they lie; addresses become Utf8, codes a dictionary over the fixed list,
 * instants Int64 nanoseconds (Arrow's own timestamp readers lose them). Field metadata carries unit and definition.
 */

import {
  Bool,
  Dictionary,
  Field,
  Float64,
  Int64,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Uint16,
  Uint32,
  Uint8,
  Utf8,
  vectorFromArray,
  type Data,
  type DataType,
} from 'apache-arrow';
import type { ColumnDef, TableName } from '../engine/abi.generated.ts';
import { noteOf } from '../metrics/notes.ts';
import { publicColumns, type Batch } from './batch.ts';
import { cellReaders, type Cell } from './values.ts';

function typeOf(column: ColumnDef, id: number): DataType {
  switch (column.type) {
    case 'i64':
      return new Int64();
    case 'u32':
      return new Uint32();
    case 'u16':
      return new Uint16();
    case 'u8':
      return new Uint8();
    case 'f64':
      return new Float64();
    case 'bool':
      return new Bool();
    case 'code':
      return new Dictionary(new Utf8(), new Uint8(), id, false);
    case 'address':
    case 'path':
    case 'host':
      return new Utf8();
  }
}

const schemas = new Map<TableName, Schema>();

/** The schema of a table; the same object each time, so that batches of one table share their dictionaries. */
export function arrowSchema(table: TableName): Schema {
  let schema = schemas.get(table);
  if (schema === undefined) {
    const fields = publicColumns(table).map(
      (column, index) =>
        new Field(
          column.name,
          typeOf(column, index),
          true,
          new Map([
            ['unit', column.unit],
            ['definition', column.definition],
            ...Object.entries(noteOf(column.name) ?? {}),
          ]),
        ),
    );
    schema = new Schema(fields, new Map([['schema', `lagdiff/table/${table}@1`]]));
    schemas.set(table, schema);
  }
  return schema;
}

/** One batch as an Arrow record batch. */
export function arrowBatch(batch: Batch, label: string): RecordBatch {
  const schema = arrowSchema(batch.table);
  const readers = cellReaders(batch, label);
  const children = readers.map(({ column, read }, index) => {
    const type = schema.fields[index]?.type as DataType | undefined;
    if (type === undefined) throw new Error(`no Arrow type for ${column.name}`);
    return childOf(batch, column, type, read);
  });
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length: batch.rows, nullCount: 0, children }),
  );
}

function childOf(batch: Batch, column: ColumnDef, type: DataType, read: (row: number) => Cell): Data {
  const length = batch.rows;
  if (column.type === 'host' || column.type === 'address' || column.type === 'path')
    return utf8Data(length, read);
  const raw = batch.raw(column.name);
  const bytes = raw?.data ?? new Uint8Array(0);
  const nullBitmap = raw?.validity ?? null;
  const nullCount = nullBitmap === null ? 0 : countNulls(nullBitmap, length);
  const { buffer, byteOffset, byteLength } = bytes;
  const common = { length, nullCount, nullBitmap };
  if (type instanceof Int64)
    return makeData({ type, ...common, data: new BigInt64Array(buffer, byteOffset, byteLength / 8) });
  if (type instanceof Float64)
    return makeData({ type, ...common, data: new Float64Array(buffer, byteOffset, byteLength / 8) });
  if (type instanceof Uint32)
    return makeData({ type, ...common, data: new Uint32Array(buffer, byteOffset, byteLength / 4) });
  if (type instanceof Uint16)
    return makeData({ type, ...common, data: new Uint16Array(buffer, byteOffset, byteLength / 2) });
  if (type instanceof Uint8) return makeData({ type, ...common, data: bytes });
  if (type instanceof Bool) return makeData({ type, ...common, data: packBits(bytes) });
  if (type instanceof Dictionary) {
    const dictionary = vectorFromArray([...(column.codes ?? [])], new Utf8());
    return makeData({ type: type as Dictionary<Utf8, Uint8>, ...common, data: bytes, dictionary });
  }
  throw new Error(`no Arrow layout for ${column.name}`);
}

function countNulls(bitmap: Uint8Array, length: number): number {
  let nulls = 0;
  for (let row = 0; row < length; row++) if ((((bitmap[row >> 3] ?? 0) >> (row & 7)) & 1) === 0) nulls++;
  return nulls;
}

function packBits(bytes: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(bytes.length / 8));
  bytes.forEach((value, row) => {
    if (value === 1) bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7));
  });
  return bits;
}

function utf8Data(length: number, read: (row: number) => Cell): Data {
  const encoder = new TextEncoder();
  const known = new Map<string, Uint8Array>();
  const offsets = new Int32Array(length + 1);
  const nullBitmap = new Uint8Array(Math.ceil(length / 8));
  const pieces: Uint8Array[] = [];
  let total = 0;
  let nullCount = 0;
  for (let row = 0; row < length; row++) {
    const cell = read(row);
    if (cell === null) {
      nullCount += 1;
    } else {
      nullBitmap[row >> 3] = (nullBitmap[row >> 3] ?? 0) | (1 << (row & 7));
      const text = String(cell);
      let piece = known.get(text);
      if (piece === undefined) {
        piece = encoder.encode(text);
        known.set(text, piece);
      }
      pieces.push(piece);
      total += piece.length;
    }
    offsets[row + 1] = total;
  }
  const data = new Uint8Array(total);
  let at = 0;
  for (const piece of pieces) {
    data.set(piece, at);
    at += piece.length;
  }
  return makeData({
    type: new Utf8(),
    length,
    nullCount,
    nullBitmap: nullCount === 0 ? null : nullBitmap,
    valueOffsets: offsets,
    data,
  });
}
