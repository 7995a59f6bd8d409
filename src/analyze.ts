/**
 * One vantage point: captures → flows, tables and diagnostics. The diagram as code: resolve the files, put them in time
 * order, cut them into segments, decode, analyse by shard, hand every finished piece of a table to whoever asked for it.
 */

import { availableParallelism } from 'node:os';
import type { Readable } from 'node:stream';
import { linkTypeName } from './diagnostics/link-types.ts';
import { resolveCaptures, type CaptureFile } from './capture/open.ts';
import { firstTimestamps } from './capture/head.ts';
import { CaptureFacts, verdictOf, type Verdict } from './diagnostics/capture-facts.ts';
import type { DiagnosticRecord } from './diagnostics/types.ts';
import { Diagnostics } from './diagnostics/tally.ts';
import type { TableName } from './engine/abi.generated.ts';
import { InputError } from './errors.ts';
import { FlowPipeline } from './parallel/pipeline.ts';
import { Pool } from './parallel/pool.ts';
import { openSource } from './parallel/source.ts';
import { Batch } from './tables/batch.ts';
import { formatInstant, NS_PER_S } from './units.ts';

/** Default size of a segment; never changes a result. */
export const SEGMENT_BYTES = 8 << 20;
/** A flow silent for longer is closed (memory follows active flows). */
const IDLE_TIMEOUT_NS = 3600 * NS_PER_S;

export interface AnalyzeOptions {
  readonly workers?: number;
  readonly segmentBytes?: number;
  readonly binNs?: number;
  /** Name of the capture set in the `capture` column. */
  readonly label?: string;
  /** Tables beside `flows` that `onBatch` wants. */
  readonly tables?: readonly TableName[];
  /** Receives every piece of every table asked for, in order; `flows` pieces come when flows end. A promise holds reading back. */
  readonly onBatch?: (batch: Batch) => void | Promise<void>;
  /** Hash the files (evidence); costs a read of each. */
  readonly hash?: boolean;
  readonly stdin?: Readable;
  /** What outputs call a path; for callers whose outputs must not show where the files lie. */
  readonly nameOf?: (path: string) => string;
  readonly onProgress?: (progress: {
    readonly bytes: number;
    readonly totalBytes: number;
    readonly packets: number;
  }) => void;
}

export interface CaptureSummary {
  readonly path: string;
  readonly sha256: string | null;
  readonly format: string;
  readonly link_types: readonly string[];
  readonly records: number;
  readonly decoded: number;
  readonly diagnosed: number;
  readonly first: string | null;
  readonly last: string | null;
  /** How far the file can be trusted; the diagnostics say why. */
  readonly quality: Verdict;
}

export interface Analysis {
  readonly label: string;
  readonly captures: readonly CaptureSummary[];
  /** Pieces of the flows table as they came; `flowRows` orders them. */
  readonly flows: readonly Batch[];
  readonly diagnostics: readonly DiagnosticRecord[];
}

/** Workers by default: the cores, at most eight (reading saturates before that). */
export function defaultWorkers(): number {
  return Math.max(1, Math.min(8, availableParallelism()));
}

/**
 * @throws InputError when no answer is possible: nothing readable, not a capture.
 * @throws UsageError when the inputs contradict each other.
 */
export async function analyze(inputs: readonly string[], options: AnalyzeOptions = {}): Promise<Analysis> {
  const resolved = resolveCaptures(inputs);
  const label = options.label ?? 'capture';
  const wanted = new Set<TableName>(options.tables ?? []);
  const diagnostics = new Diagnostics();
  const flows: Batch[] = [];
  if (resolved.skipped.length > 0) {
    const first = { capture: nameOf(options, resolved.skipped[0] ?? ''), byte_offset: 0, record: null };
    diagnostics.add('capture/skipped-file', resolved.skipped.length, 0, first);
  }
  const pool = new Pool(options.workers ?? defaultWorkers());
  try {
    const files = inTimeOrder(resolved.files);
    const config = {
      tables: [...wanted],
      binNs: options.binNs ?? NS_PER_S,
      idleTimeoutNs: IDLE_TIMEOUT_NS,
    };
    const pipeline = new FlowPipeline(pool, config, (table, raw) => {
      const batch = new Batch(table, raw);
      if (table === 'flows') flows.push(batch);
      return wanted.has(table) ? options.onBatch?.(batch) : undefined;
    });
    const captures: CaptureSummary[] = [];
    const totalBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    let doneBytes = 0;
    for (const file of files) {
      const progress = (bytes: number): void =>
        options.onProgress?.({ bytes: doneBytes + bytes, totalBytes, packets: pipeline.frames });
      captures.push(await readCapture(file, pool, pipeline, diagnostics, options, progress));
      doneBytes += file.sizeBytes;
    }
    const tally = await pipeline.finish();
    for (const entry of tally) diagnostics.addSegment(label, 0, [entry]);
    return { label, captures, flows, diagnostics: diagnostics.records() };
  } finally {
    await pool.close();
  }
}

/** Rotated files by their first timestamp; files of the same instant keep the order they were given in. */
function inTimeOrder(files: readonly CaptureFile[]): readonly CaptureFile[] {
  if (files.length < 2) return files;
  const firsts = firstTimestamps(files);
  return files
    .map((file, index) => ({ file, index, first: firsts[index] ?? null }))
    .sort((a, b) =>
      a.first === b.first || a.first === null || b.first === null
        ? a.index - b.index
        : a.first < b.first
          ? -1
          : 1,
    )
    .map(({ file }) => file);
}

async function readCapture(
  file: CaptureFile,
  pool: Pool,
  pipeline: FlowPipeline,
  diagnostics: Diagnostics,
  options: AnalyzeOptions,
  onBytes: (bytes: number) => void,
): Promise<CaptureSummary> {
  const source = await openSource(file, pool, pipeline, {
    segmentBytes: options.segmentBytes ?? SEGMENT_BYTES,
    hash: options.hash === true,
    stdin: options.stdin ?? process.stdin,
    onBytes,
  });
  const name = nameOf(options, file.path);
  const own = new Diagnostics();
  const lists = [diagnostics, own];
  const facts = new CaptureFacts();
  try {
    for await (const segment of source.segments) {
      for (const list of lists) list.addSegment(name, facts.records, segment.tally);
      facts.add(segment.summary, name, lists);
      await pipeline.add(segment);
    }
  } catch (error) {
    // Too little came out to be a capture: the damage is the reason, not what it left.
    throw error instanceof InputError && source.damage.message !== null
      ? unpackable(file, source.damage.message)
      : error;
  }
  if (source.damage.message !== null) {
    if (facts.records === 0) throw unpackable(file, source.damage.message);
    const first = { capture: name, byte_offset: facts.exitOffset, record: facts.records };
    for (const list of lists) list.add('capture/compression-damaged', 1, 0, first, source.damage.message);
  }
  const isPacked = PACKED.has(source.container);
  return {
    path: name,
    sha256: await source.sha256(),
    format: isPacked ? `${facts.format}+${source.container}` : facts.format,
    link_types: [...facts.linkTypes.keys()].sort((a, b) => a - b).map(linkTypeName),
    records: facts.records,
    decoded: facts.decoded,
    diagnosed: facts.diagnosed,
    first: facts.minNs === null ? null : formatInstant(facts.minNs),
    last: facts.maxNs === null ? null : formatInstant(facts.maxNs),
    quality: verdictOf(own.records().map(({ severity }) => severity)),
  };
}

const PACKED: ReadonlySet<string> = new Set(['gzip', 'zstd', 'lz4', 'xz']);

function unpackable(file: CaptureFile, reason: string): InputError {
  return new InputError({
    code: 'capture/compression-damaged',
    message: `${file.path} cannot be unpacked: ${reason}`,
    help: 'copy the file again and compare its checksum',
    path: file.path,
    byteOffset: 0,
  });
}

function nameOf(options: AnalyzeOptions, path: string): string {
  return options.nameOf?.(path) ?? path;
}
