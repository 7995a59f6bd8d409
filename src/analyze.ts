/**
 * One vantage point: captures → flows, tables and diagnostics. The diagram as code: resolve the files, put them in time
 * order, cut them into segments, decode, analyse by shard, hand every finished piece of a table to whoever asked for it.
 */

import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Readable } from 'node:stream';
import { linkTypeName } from './diagnostics/link-types.ts';
import { resolveCaptures, type CaptureFile } from './capture/open.ts';
import { blocksOfStream, gunzipped, type StreamDamage } from './capture/stream.ts';
import { firstTimestamp } from './capture/head.ts';
import type { DiagnosticRecord } from './diagnostics/types.ts';
import { Diagnostics } from './diagnostics/tally.ts';
import type { TableName } from './engine/abi.generated.ts';
import type { DecodedSegment } from './engine/decode.ts';
import type { Compat } from './engine/flow.ts';
import { InputError } from './errors.ts';
import { FlowPipeline } from './parallel/pipeline.ts';
import { Pool } from './parallel/pool.ts';
import { blocksOf, rangesOf } from './parallel/segments.ts';
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
  /** `wireshark`: TCP events, ACK round trips and their counts as Wireshark 4.0 has them (default strict). */
  readonly compat?: Compat;
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
  readonly quality: 'good' | 'weakened' | 'damaged';
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
      compat: options.compat ?? ('strict' as const),
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
  return files
    .map((file, index) => ({ file, index, first: firstTimestamp(file) }))
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
  progress: (bytes: number) => void,
): Promise<CaptureSummary> {
  const segmentBytes = options.segmentBytes ?? SEGMENT_BYTES;
  const damage: StreamDamage = { message: null };
  const name = nameOf(options, file.path);
  const own = new Diagnostics();
  const facts = new CaptureFacts();
  let hashing: Promise<string> | null = null;
  let segments: AsyncGenerator<DecodedSegment>;
  let streamHash: Hash | null = null;
  if (file.path === '-') {
    const stdin = options.stdin ?? process.stdin;
    streamHash = createHash('sha256');
    segments = blocksOf(
      hashed(blocksOfStream(stdin, segmentBytes, damage), streamHash),
      file.path,
      pool,
      pipeline,
    );
  } else {
    if (options.hash === true) hashing = sha256Of(file.path);
    hashing?.catch(() => undefined);
    let read = 0;
    const onInput = (bytes: number): void => progress((read += bytes));
    segments =
      file.container === 'gzip'
        ? blocksOf(
            blocksOfStream(gunzipped(file.path, damage, onInput), segmentBytes, damage),
            file.path,
            pool,
            pipeline,
          )
        : rangesOf(file, pool, segmentBytes, pipeline);
  }
  for await (const segment of segments) {
    for (const list of [diagnostics, own]) list.addSegment(name, facts.records, segment.tally);
    facts.add(segment, own, diagnostics, name);
    if (file.container !== 'gzip' && file.path !== '-') progress(segment.summary.exitOffset);
    await pipeline.add(segment);
  }
  if (damage.message !== null) {
    if (facts.records === 0) {
      throw new InputError({
        code: 'capture/compression-damaged',
        message: `${file.path} cannot be unpacked: ${damage.message}`,
        help: 'copy the file again and compare its checksum',
        path: file.path,
        byteOffset: 0,
      });
    }
    const first = { capture: name, byte_offset: facts.exitOffset, record: facts.records };
    for (const list of [diagnostics, own]) list.add('capture/compression-damaged', 1, 0, first);
  }
  const sha256 = streamHash !== null ? streamHash.digest('hex') : hashing === null ? null : await hashing;
  return facts.summary(file, name, sha256, own.records());
}

function nameOf(options: AnalyzeOptions, path: string): string {
  return options.nameOf?.(path) ?? path;
}

/** What a file's segments add up to. */
class CaptureFacts {
  records = 0;
  exitOffset = 0;
  #decoded = 0;
  #diagnosed = 0;
  #minNs: bigint | null = null;
  #maxNs: bigint | null = null;
  #lastNs: bigint | null = null;
  #format = '';
  readonly #linkTypes = new Map<number, number>();

  add(segment: DecodedSegment, own: Diagnostics, all: Diagnostics, path: string): void {
    const { summary } = segment;
    if (this.#format === '') this.#format = summary.format;
    const { times } = summary;
    if (times !== null) {
      if (this.#lastNs !== null && times.firstNs < this.#lastNs) {
        const first = {
          capture: path,
          byte_offset: times.firstOffset,
          record: this.records + times.firstRecord + 1,
        };
        for (const list of [own, all]) list.add('capture/time-backwards', 1, 0, first);
      }
      if (this.#minNs === null || times.minNs < this.#minNs) this.#minNs = times.minNs;
      if (this.#maxNs === null || times.maxNs > this.#maxNs) this.#maxNs = times.maxNs;
      this.#lastNs = times.lastNs;
    }
    this.records += summary.records;
    this.#decoded += summary.decoded;
    this.#diagnosed += summary.diagnosed;
    this.exitOffset = summary.exitOffset;
    for (const { linkType, records } of summary.linkTypes) {
      this.#linkTypes.set(linkType, (this.#linkTypes.get(linkType) ?? 0) + records);
    }
  }

  summary(
    file: CaptureFile,
    name: string,
    sha256: string | null,
    found: readonly DiagnosticRecord[],
  ): CaptureSummary {
    const worst = found.some((record) => record.severity === 'error')
      ? 'damaged'
      : found.some((record) => record.severity === 'data-loss' || record.severity === 'notice')
        ? 'weakened'
        : 'good';
    const linkTypes = [...this.#linkTypes.keys()].sort((a, b) => a - b);
    return {
      path: name,
      sha256,
      format: file.container === 'gzip' ? `${this.#format}+gzip` : this.#format,
      link_types: linkTypes.map(linkTypeName),
      records: this.records,
      decoded: this.#decoded,
      diagnosed: this.#diagnosed,
      first: this.#minNs === null ? null : formatInstant(this.#minNs),
      last: this.#maxNs === null ? null : formatInstant(this.#maxNs),
      quality: worst,
    };
  }
}

async function* hashed(blocks: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const block of blocks) {
    hash.update(block);
    yield block;
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
