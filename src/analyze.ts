/**
 * One vantage point: captures → flows, tables and diagnostics. The diagram as code: resolve the files, put them in time
 * order, cut them into segments, decode, analyse by shard, hand every finished piece of a table to whoever asked for it.
 */

import { availableParallelism } from 'node:os';
import type { Readable } from 'node:stream';
import { linkTypeName } from './diagnostics/link-types.ts';
import { resolveCaptures, type CaptureFile } from './capture/open.ts';
import { firstTimestamps } from './capture/head.ts';
import type { Verdict } from './diagnostics/capture-facts.ts';
import { qualityOf, type Quality } from './diagnostics/quality.ts';
import { Timeline } from './diagnostics/timeline.ts';
import type { DiagnosticRecord } from './diagnostics/types.ts';
import { Diagnostics } from './diagnostics/tally.ts';
import type { TableName } from './engine/abi.generated.ts';
import type { Compat } from './engine/flow.ts';
import { Changes } from './findings/changes.ts';
import { FlowPipeline } from './parallel/pipeline.ts';
import { Pool } from './parallel/pool.ts';
import { readCapture, SEGMENT_BYTES, type ReadCapture } from './parallel/read-capture.ts';
import { Core } from './engine/core.ts';
import { checkFilter } from './engine/decode.ts';
import { compileEngine } from './engine/load.ts';
import { Batch } from './tables/batch.ts';
import { formatInstant, NS_PER_S } from './units.ts';

/** A flow silent for longer is closed (memory follows active flows). */
const IDLE_TIMEOUT_NS = 3600 * NS_PER_S;

export interface AnalyzeOptions {
  readonly workers?: number;
  readonly segmentBytes?: number;
  readonly binNs?: number;
  /** `wireshark`: TCP events, ACK round trips and their counts as Wireshark 4.0 has them (default strict). */
  readonly compat?: Compat;
  /** Leave out packets that the capture shows twice (a mirror port of both directions, `-i any`): they are counted as copies and nothing else. */
  readonly withoutCopies?: boolean;
  /** Name of the capture set in the `capture` column. */
  readonly label?: string;
  /** Tables beside `flows` that `onBatch` wants. */
  readonly tables?: readonly TableName[];
  /** Receives every piece of every table asked for, in order; `flows` pieces come when flows end. A promise holds reading back. */
  readonly onBatch?: (batch: Batch) => void | Promise<void>;
  /** Hash the files (evidence); costs a read of each. */
  readonly hash?: boolean;
  readonly stdin?: Readable;
  /** A pcap-filter expression: records that do not pass are counted and give no row. */
  readonly filter?: string;
  /** What outputs call a path; for callers whose outputs must not show where the files lie. */
  readonly nameOf?: (path: string) => string;
  /** Asked with every segment: is what has come to be analysed now, though a round is not full? For whoever watches; it changes no result. */
  readonly isRoundDue?: () => boolean;
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
  /** Records without a row; those that `--filter` left out are among them. */
  readonly diagnosed: number;
  readonly filtered: number;
  readonly first: string | null;
  readonly last: string | null;
  /** How far the file can be trusted; the diagnostics say why. */
  readonly quality: Verdict;
  /** Metrics that this file cannot carry, and those it carries with a named bias. */
  readonly withheld: readonly string[];
  readonly weakened: readonly string[];
}

export interface Analysis {
  readonly label: string;
  readonly captures: readonly CaptureSummary[];
  /** Pieces of the flows table as they came; `flowRows` orders them. */
  readonly flows: readonly Batch[];
  /** When the marks of flows changed; findings rest on it. */
  readonly changes: Changes;
  readonly diagnostics: readonly DiagnosticRecord[];
  /** What the set can and cannot tell, before any metric. */
  readonly quality: Quality;
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
  if (options.filter !== undefined) checkFilter(new Core(compileEngine()), options.filter);
  const label = options.label ?? 'capture';
  const wanted = new Set<TableName>(options.tables ?? []);
  const diagnostics = new Diagnostics();
  const flows: Batch[] = [];
  const changes = new Changes();
  if (resolved.skipped.length > 0) {
    const first = { capture: nameOf(options, resolved.skipped[0] ?? ''), byte_offset: 0, record: null };
    diagnostics.add('capture/skipped-file', resolved.skipped.length, 0, first);
  }
  const pool = new Pool(options.workers ?? defaultWorkers());
  try {
    const files = inTimeOrder(resolved.files);
    const config = {
      tables: [...new Set<TableName>([...wanted, 'events'])],
      binNs: options.binNs ?? NS_PER_S,
      idleTimeoutNs: IDLE_TIMEOUT_NS,
      compat: options.compat ?? ('strict' as const),
      withoutCopies: options.withoutCopies === true,
    };
    const pipeline = new FlowPipeline(
      pool,
      config,
      (table, raw) => {
        const batch = new Batch(table, raw);
        if (table === 'flows') flows.push(batch);
        if (table === 'events') changes.add(batch);
        return wanted.has(table) ? options.onBatch?.(batch) : undefined;
      },
      options.isRoundDue,
    );
    const captures: CaptureSummary[] = [];
    const timeline = new Timeline();
    const totalBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    let doneBytes = 0;
    for (const file of files) {
      const progress = (bytes: number): void =>
        options.onProgress?.({ bytes: doneBytes + bytes, totalBytes, packets: pipeline.frames });
      const read = await readCapture(file, pool, pipeline.buffers, diagnostics, {
        name: nameOf(options, file.path),
        segmentBytes: options.segmentBytes ?? SEGMENT_BYTES,
        hash: options.hash === true,
        filter: options.filter ?? '',
        stdin: options.stdin ?? process.stdin,
        onBytes: progress,
        onSegment: (segment) => pipeline.add(segment),
      });
      timeline.add(read.facts, diagnostics);
      captures.push(summaryOf(read));
      doneBytes += file.sizeBytes;
    }
    const tally = await pipeline.finish();
    for (const entry of tally) diagnostics.addSegment(label, 0, [entry]);
    timeline.conclude(diagnostics);
    countDuplicates(
      flows,
      captures.reduce((sum, { decoded }) => sum + decoded, 0),
      diagnostics,
    );
    const records = diagnostics.records();
    return { label, captures, flows, changes, diagnostics: records, quality: qualityOf(records) };
  } finally {
    await pool.close();
  }
}

/** Rotated files by their first timestamp; files of the same instant keep the order they were given in. */
export function inTimeOrder(files: readonly CaptureFile[]): readonly CaptureFile[] {
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

const PACKED: ReadonlySet<string> = new Set(['gzip', 'zstd', 'lz4', 'xz']);

/** One capture as documents show it. */
export function summaryOf({ facts, container, sha256, own }: ReadCapture): CaptureSummary {
  const quality = qualityOf(own.records());
  return {
    path: facts.path,
    sha256,
    format: PACKED.has(container) ? `${facts.format}+${container}` : facts.format,
    link_types: [...facts.linkTypes.keys()].sort((a, b) => a - b).map(linkTypeName),
    records: facts.records,
    decoded: facts.decoded,
    diagnosed: facts.diagnosed,
    filtered: own.countOf('packet/filtered'),
    first: facts.minNs === null ? null : formatInstant(facts.minNs),
    last: facts.maxNs === null ? null : formatInstant(facts.maxNs),
    quality: quality.verdict,
    withheld: [...new Set(quality.withheld.map(({ metric }) => metric))],
    weakened: [...new Set(quality.weakened.map(({ metric }) => metric))],
  };
}

/** A mirror port of both directions copies every packet; a network that copies one in a hundred is a finding. */
const MIN_DUPLICATE_SHARE = 0.01;

function countDuplicates(flows: readonly Batch[], decoded: number, diagnostics: Diagnostics): void {
  let copies = 0;
  for (const batch of flows) {
    for (const name of ['forward_duplicated_packets', 'reverse_duplicated_packets']) {
      batch.u32(name).forEach((count, row) => (copies += batch.isNull(name, row) ? 0 : count));
    }
  }
  if (copies > 1 && copies >= decoded * MIN_DUPLICATE_SHARE) {
    diagnostics.add('capture/duplicate-packets', copies, 0, null);
  }
}

function nameOf(options: AnalyzeOptions, path: string): string {
  return options.nameOf?.(path) ?? path;
}
