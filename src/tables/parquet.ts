/** Batches → one Parquet file, zstd, by parquet-wasm; hashed columns without dictionary (high entropy). */

import { Table as ArrowTable, tableToIPC } from 'apache-arrow';
import { Compression, Table as WasmTable, WriterPropertiesBuilder, writeParquet } from 'parquet-wasm/node';
import type { TableName } from '../engine/abi.generated.ts';
import { arrowBatch, arrowSchema } from './arrow.ts';
import type { Batch } from './batch.ts';

/** Bytes of the file. Fixed `created_by`, no clock: same rows, same bytes. */
export function parquetFile(table: TableName, batches: readonly Batch[], label: string): Uint8Array {
  const arrow = new ArrowTable(
    arrowSchema(table),
    batches.map((batch) => arrowBatch(batch, label)),
  );
  const properties = new WriterPropertiesBuilder().setCompression(Compression.ZSTD).setCreatedBy('lagdiff').build();
  return writeParquet(WasmTable.fromIPCStream(tableToIPC(arrow, 'stream')), properties);
}
