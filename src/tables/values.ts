/** Cells as JavaScript values, for JSON and CSV: text for names and codes, exact integers, null for absent. */

import { layerPath } from '../engine/layers.ts';
import type { ColumnDef, TableName } from '../engine/abi.generated.ts';
import { publicColumns, type Batch } from './batch.ts';
import { communityId } from './community-id.ts';

export type Cell = string | number | bigint | boolean | null;
type Reader = (row: number) => Cell;

/** A reader per public column. `label` is the capture set's name. */
export function cellReaders(
  batch: Batch,
  label: string,
): readonly { readonly column: ColumnDef; readonly read: Reader }[] {
  return publicColumns(batch.table).map((column) => ({ column, read: readerOf(batch, column, label) }));
}

function readerOf(batch: Batch, column: ColumnDef, label: string): Reader {
  const { name, type } = column;
  if (type === 'host') return hostReader(batch, name, label);
  const present =
    (read: Reader): Reader =>
    (row) =>
      batch.isNull(name, row) ? null : read(row);
  switch (type) {
    case 'u8':
      return numbers(batch.u8(name), present);
    case 'bool': {
      const values = batch.u8(name);
      return present((row) => values[row] === 1);
    }
    case 'u16':
      return numbers(batch.u16(name), present);
    case 'u32':
      return numbers(batch.u32(name), present);
    case 'f64':
      return numbers(batch.f64(name), present);
    case 'i64': {
      const values = batch.i64(name);
      return present((row) => values[row] ?? null);
    }
    case 'address':
      return present((row) => batch.address(name, row));
    case 'path': {
      const values = batch.i64(name);
      const text = pathReader(column.codes ?? []);
      return present((row) => text(values[row] ?? 0n));
    }
    case 'code': {
      const values = batch.u8(name);
      return present((row) => column.codes?.[values[row] ?? 255] ?? null);
    }
  }
}

/** A capture has few distinct paths: each is written once. */
function pathReader(names: readonly string[]): (packed: bigint) => string {
  const texts = new Map<bigint, string>();
  return (packed) => {
    let text = texts.get(packed);
    if (text === undefined) texts.set(packed, (text = layerPath(packed, names)));
    return text;
  };
}

function numbers(values: ArrayLike<number>, present: (read: Reader) => Reader): Reader {
  return present((row) => values[row] ?? null);
}

function hostReader(batch: Batch, name: string, label: string): Reader {
  if (name === 'capture') return () => label;
  if (name === 'community_id') {
    const versions = batch.u8('ip_version');
    const protocols = batch.u8('protocol');
    const initiators = batch.u8('initiator');
    const responders = batch.u8('responder');
    const initiatorPorts = batch.u16('initiator_port');
    const responderPorts = batch.u16('responder_port');
    return (row) =>
      communityId(
        versions[row] === 4,
        protocols[row] ?? 0,
        initiators.subarray(row * 16, row * 16 + 16),
        batch.isNull('initiator_port', row) ? null : (initiatorPorts[row] ?? null),
        responders.subarray(row * 16, row * 16 + 16),
        batch.isNull('responder_port', row) ? null : (responderPorts[row] ?? null),
      );
  }
  return () => null;
}

/** Column names of a table, as every text format prints them. */
export function columnNames(table: TableName): string[] {
  return publicColumns(table).map((column) => column.name);
}
