/**
 * Arrow record batches → one Parquet file, zstd, written as it is made: row groups leave memory one by one, never the
 * whole table at once. Refuses what would be stored wrongly without an error anywhere.
 */
import { Table, tableToIPC } from 'apache-arrow';
import type { Data, RecordBatch, Schema } from 'apache-arrow';
import {
  Compression,
  Table as WasmTable,
  transformParquetStream,
  writeParquet,
  WriterPropertiesBuilder,
} from 'parquet-wasm/node';
import type { WriterProperties } from 'parquet-wasm/node';
import { EngineError } from '../errors.ts';

const ROW_GROUP_ROWS = 1 << 20;

export interface ArrowRows {
  readonly schema: Schema;
  readonly batches: Iterable<RecordBatch> | AsyncIterable<RecordBatch>;
}

/** The bytes of a Parquet file, piece by piece; the same rows in the same batches give the same bytes. */
export async function* parquetBytes({ schema, batches }: ArrowRows): AsyncGenerator<Uint8Array> {
  checkSchema(schema);
  const source = wasmBatches(schema, batches);
  const first = await source.next();
  if (first.done) {
    yield writeParquet(WasmTable.fromIPCStream(tableToIPC(new Table(schema), 'stream')), properties());
    return;
  }
  let pending: IteratorResult<unknown> | null = first;
  // parquet-wasm takes a failing source for the end of it and closes a whole-looking file: the failure is kept here.
  let failure: { readonly error: unknown } | null = null;
  const stream = new ReadableStream({
    async pull(controller) {
      try {
        const next = pending ?? (await source.next());
        pending = null;
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      } catch (error) {
        failure = { error };
        controller.error(error);
      }
    },
    async cancel() {
      await source.return(undefined);
    },
  });
  const output = (await transformParquetStream(stream, properties())) as AsyncIterable<Uint8Array>;
  for await (const piece of output) yield piece;
  rethrow(failure);
}

function rethrow(failure: { readonly error: unknown } | null): void {
  if (failure) throw failure.error;
}

async function* wasmBatches(schema: Schema, batches: ArrowRows['batches']): AsyncGenerator<unknown> {
  for await (const batch of batches) {
    if (batch.numRows === 0) continue;
    checkBuffers(batch);
    yield* WasmTable.fromIPCStream(tableToIPC(new Table(schema, batch), 'stream')).recordBatches();
  }
}

function properties(): WriterProperties {
  // A fixed created_by: the writer's own version would change the bytes with every update of it.
  return new WriterPropertiesBuilder()
    .setCompression(Compression.ZSTD)
    .setMaxRowGroupSize(ROW_GROUP_ROWS)
    .setCreatedBy('lagdiff')
    .build();
}

/** DuckDB reads nanosecond timestamps with a time zone as microseconds and merges distinct instants without a word. */
function checkSchema(schema: Schema): void {
  for (const { name, type } of schema.fields) {
    if (/^Timestamp<.*,/.test(String(type)))
      throw new EngineError({
        code: 'engine/timestamp-zone',
        message: `column ${name} is ${String(type)}; expected int64 nanoseconds, or a timestamp without time zone`,
      });
  }
}

/** apache-arrow writes a broken stream when two columns share bytes of one buffer. */
function checkBuffers(batch: RecordBatch): void {
  const ranges: { buffer: ArrayBufferLike; start: number; end: number; column: string }[] = [];
  const add = (column: string, data: Data): void => {
    for (const view of [data.nullBitmap, data.valueOffsets, data.values, data.typeIds] as (
      ArrayBufferView | undefined
    )[]) {
      if (!view || view.byteLength === 0) continue;
      ranges.push({
        buffer: view.buffer,
        start: view.byteOffset,
        end: view.byteOffset + view.byteLength,
        column,
      });
    }
    for (const child of data.children) add(column, child);
  };
  for (const [i, child] of batch.data.children.entries()) add(batch.schema.fields[i]!.name, child);
  const byBuffer = groupRanges(ranges);
  for (const group of byBuffer) {
    group.sort((a, b) => a.start - b.start);
    for (const [i, range] of group.entries()) {
      const before = group[i - 1];
      if (before && range.start < before.end && before.column !== range.column)
        throw new EngineError({
          code: 'engine/shared-buffer',
          message: `columns ${before.column} and ${range.column} share bytes of one buffer; each column needs its own`,
        });
    }
  }
}

function groupRanges<T extends { readonly buffer: ArrayBufferLike }>(ranges: readonly T[]): T[][] {
  const groups = new Map<ArrayBufferLike, T[]>();
  for (const range of ranges) {
    const group = groups.get(range.buffer);
    if (group) group.push(range);
    else groups.set(range.buffer, [range]);
  }
  return [...groups.values()];
}
