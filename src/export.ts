/** One table of a capture set, written out: csv and json stream as they come, arrow is an IPC stream, parquet a file. */

import { createWriteStream, renameSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { RecordBatchStreamWriter, type RecordBatch } from 'apache-arrow';
import { analyze, type Analysis, type AnalyzeOptions } from './analyze.ts';
import type { TableName } from './engine/abi.generated.ts';
import { UsageError } from './errors.ts';
import { arrowBatch, arrowSchema } from './tables/arrow.ts';
import { sortedFlows } from './tables/flows.ts';
import type { Batch } from './tables/batch.ts';
import { parquetBytes } from './tables/parquet.ts';
import { isSpecial, type ExportFormat } from './tables/formats.ts';
import { csvHeader, csvRows, jsonRows } from './tables/text.ts';

export interface ExportOptions extends AnalyzeOptions {
  readonly table: TableName;
  readonly format: ExportFormat;
  /** A path, or null for `stdout`. */
  readonly out: string | null;
  readonly stdout: Writable;
}

/** @throws UsageError when a binary format would go to the terminal. */
export async function exportTable(inputs: readonly string[], options: ExportOptions): Promise<Analysis> {
  const { table, format, out, stdout } = options;
  const label = options.label ?? 'capture';
  const toTerminal = out === null && (stdout as { isTTY?: boolean }).isTTY === true;
  if (toTerminal && (format === 'arrow' || format === 'parquet')) {
    throw new UsageError({
      code: 'usage/binary-to-terminal',
      message: `${format} is binary and stdout is a terminal`,
      help: 'name a file with --out, or pipe it',
    });
  }
  const isDevice = out !== null && isSpecial(out);
  const temporary = out === null || isDevice ? null : `${out}.partial`;
  const target = isDevice
    ? createWriteStream(out)
    : temporary === null
      ? stdout
      : createWriteStream(temporary);
  const failed = once(target, 'error').then(([error]: unknown[]) => Promise.reject(error as Error));
  failed.catch(() => undefined);
  const write = async (piece: string | Uint8Array): Promise<void> => {
    if (piece.length > 0 && !target.write(piece)) await Promise.race([once(target, 'drain'), failed]);
  };
  try {
    const writer = writerOf(table, format, label, write);
    await writer.begin();
    const analysis = await analyze(inputs, {
      ...options,
      tables: [table],
      // Flow rows come as flows end; they are written in the order in which flows began, so at the end.
      onBatch: (batch) => (table === 'flows' ? undefined : writer.rows(batch)),
    });
    if (table === 'flows') await writer.rows(sortedFlows(analysis.flows));
    await writer.end();
    if (target !== stdout) {
      target.end();
      await Promise.race([once(target, 'finish'), failed]);
      if (temporary !== null) renameSync(temporary, out ?? '');
    }
    return analysis;
  } catch (error) {
    if (temporary !== null) {
      target.destroy();
      rmSync(temporary, { force: true });
    }
    throw error;
  }
}

interface TableWriter {
  begin(): Promise<void>;
  rows(batch: Batch): Promise<void>;
  end(): Promise<void>;
}

type Write = (piece: string | Uint8Array) => Promise<void>;

function writerOf(table: TableName, format: ExportFormat, label: string, write: Write): TableWriter {
  switch (format) {
    case 'csv':
      return {
        begin: () => write(csvHeader(table)),
        rows: (batch) => write(csvRows(batch, label)),
        end: () => Promise.resolve(),
      };
    case 'json': {
      let isFirst = true;
      return {
        begin: () => write('['),
        rows: async (batch) => {
          const lines = jsonRows(batch, label);
          if (lines.length === 0) return;
          const lead = isFirst ? '\n' : ',\n';
          isFirst = false;
          await write(lead + lines.join(',\n'));
        },
        end: () => write('\n]\n'),
      };
    }
    case 'arrow':
      return arrowWriter(table, label, write);
    case 'parquet':
      return parquetWriter(table, label, write);
  }
}

/** Batches go to the Parquet writer one by one, and row groups leave it one by one: the table is never held whole. */
function parquetWriter(table: TableName, label: string, write: Write): TableWriter {
  const queue: Batch[] = [];
  let isEnded = false;
  let wake: () => void = () => undefined;
  let failure: Error | null = null;
  const batches = async function* (): AsyncGenerator<RecordBatch> {
    for (;;) {
      const batch = queue.shift();
      if (batch !== undefined) yield arrowBatch(batch, label);
      else if (isEnded) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  const pumping = (async () => {
    for await (const piece of parquetBytes({ schema: arrowSchema(table), batches: batches() }))
      await write(piece);
  })();
  pumping.catch((error: unknown) => (failure = error as Error));
  return {
    begin: () => Promise.resolve(),
    rows: (batch) => {
      if (failure !== null) return Promise.reject(failure);
      queue.push(batch);
      wake();
      return Promise.resolve();
    },
    end: async () => {
      isEnded = true;
      wake();
      await pumping;
    },
  };
}

function arrowWriter(table: TableName, label: string, write: Write): TableWriter {
  const stream = new RecordBatchStreamWriter();
  const pumping = (async () => {
    for await (const piece of stream as AsyncIterable<Uint8Array>) await write(piece);
  })();
  pumping.catch(() => undefined);
  return {
    begin: () => {
      stream.reset(undefined, arrowSchema(table));
      return Promise.resolve();
    },
    rows: (batch) => {
      stream.write(arrowBatch(batch, label));
      return Promise.resolve();
    },
    end: async () => {
      stream.finish();
      await pumping;
    },
  };
}
