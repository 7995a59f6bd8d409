/** What captures hold and how far they can be trusted, in one pass and without flow analysis: what capinfos shows, and more. */

import {
  defaultWorkers,
  inTimeOrder,
  summaryOf,
  type AnalyzeOptions,
  type CaptureSummary,
} from './analyze.ts';
import { resolveCaptures } from './capture/open.ts';
import { qualityOf, type Quality } from './diagnostics/quality.ts';
import { Diagnostics } from './diagnostics/tally.ts';
import { Timeline } from './diagnostics/timeline.ts';
import type { DiagnosticRecord } from './diagnostics/types.ts';
import { linkTypeName } from './diagnostics/link-types.ts';
import { TABLES } from './engine/abi.generated.ts';
import { Core } from './engine/core.ts';
import { checkFilter } from './engine/decode.ts';
import { layerPath } from './engine/layers.ts';
import { compileEngine } from './engine/load.ts';
import { Pool } from './parallel/pool.ts';
import { RowBuffers } from './parallel/row-buffers.ts';
import { readCapture, SEGMENT_BYTES } from './parallel/read-capture.ts';

const LAYER_NAMES = TABLES.packets.columns.find(({ name }) => name === 'layers')?.codes ?? [];

export interface InfoOptions {
  readonly workers?: number;
  readonly segmentBytes?: number;
  readonly filter?: string;
  readonly stdin?: NonNullable<AnalyzeOptions['stdin']>;
  readonly onProgress?: NonNullable<AnalyzeOptions['onProgress']>;
}

export interface CaptureInfo extends CaptureSummary {
  /** Bytes of the file as it lies; null for a pipe. */
  readonly file_bytes: number | null;
  readonly duration_ns: number | null;
  /** Bytes on the wire as the records state them, never fewer than they hold. */
  readonly wire_bytes: number;
  readonly captured_bytes: number;
  readonly packets_per_second: number | null;
  readonly bits_per_second: number | null;
  readonly average_packet_bytes: number | null;
  readonly snaplen: number | null;
  readonly cut_packets: number;
  /** The step of the clock: every time is a multiple of it. */
  readonly clock_granularity_ns: number | null;
  readonly time_order: 'strict' | 'backwards';
  readonly largest_step_back_ns: number;
  readonly longest_silence_ns: number | null;
  readonly drop_reports: number;
  readonly tunnelled_packets: number;
  readonly vlan_packets: number;
  readonly large_tcp_packets: number;
  /** Decoded packets by their layers from the outside of the frame to the IP header, the most frequent first. */
  readonly packets_by_layers: readonly { readonly layers: string; readonly packets: number }[];
  readonly records_by_link_type: readonly { readonly link_type: string; readonly records: number }[];
}

export interface Info {
  readonly captures: readonly CaptureInfo[];
  readonly quality: Quality;
  readonly diagnostics: readonly DiagnosticRecord[];
}

/** @throws InputError, UsageError as `analyze` does. */
export async function captureInfo(inputs: readonly string[], options: InfoOptions = {}): Promise<Info> {
  const { files: given, skipped } = resolveCaptures(inputs);
  const filter = options.filter ?? '';
  checkFilter(new Core(compileEngine()), filter);
  const files = inTimeOrder(given);
  const diagnostics = new Diagnostics();
  if (skipped.length > 0) {
    const first = { capture: skipped[0] ?? '', byte_offset: 0, record: null };
    diagnostics.add('capture/skipped-file', skipped.length, 0, first);
  }
  const totalBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const pool = new Pool(options.workers ?? defaultWorkers());
  const timeline = new Timeline();
  const spares = new RowBuffers();
  const captures: CaptureInfo[] = [];
  let doneBytes = 0;
  let packets = 0;
  try {
    for (const file of files) {
      const read = await readCapture(file, pool, spares, diagnostics, {
        name: file.path,
        segmentBytes: options.segmentBytes ?? SEGMENT_BYTES,
        hash: true,
        filter,
        stdin: options.stdin ?? process.stdin,
        onBytes: (bytes) => options.onProgress?.({ bytes: doneBytes + bytes, totalBytes, packets }),
        onSegment: ({ rows, summary }) => {
          packets += summary.records;
          spares.give(rows);
        },
      });
      timeline.add(read.facts, diagnostics);
      captures.push(infoOf(read, file.path === '-' ? null : file.sizeBytes));
      doneBytes += file.sizeBytes;
    }
  } finally {
    await pool.close();
  }
  timeline.conclude(diagnostics);
  const records = diagnostics.records();
  return { captures, quality: qualityOf(records), diagnostics: records };
}

function infoOf(read: Parameters<typeof summaryOf>[0], fileBytes: number | null): CaptureInfo {
  const { facts, own } = read;
  const durationNs = facts.minNs === null || facts.maxNs === null ? null : Number(facts.maxNs - facts.minNs);
  const perSecond = (amount: number): number | null =>
    durationNs === null || durationNs === 0 ? null : (amount / durationNs) * 1e9;
  return {
    ...summaryOf(read),
    file_bytes: fileBytes,
    duration_ns: durationNs,
    wire_bytes: facts.wireBytes,
    captured_bytes: facts.capturedBytes,
    packets_per_second: perSecond(facts.records),
    bits_per_second: perSecond(facts.wireBytes * 8),
    average_packet_bytes: facts.records === 0 ? null : facts.wireBytes / facts.records,
    snaplen: facts.snaplen,
    cut_packets: facts.cutRecords,
    clock_granularity_ns: facts.granularityNs === 0n ? null : Number(facts.granularityNs),
    time_order: own.countOf('capture/time-backwards') === 0 ? 'strict' : 'backwards',
    largest_step_back_ns: facts.largestStepBackNs,
    longest_silence_ns: facts.silences[0]?.ns ?? null,
    drop_reports: own.countOf('capture/reported-drops'),
    tunnelled_packets: facts.tunnelledPackets,
    vlan_packets: facts.taggedPackets,
    large_tcp_packets: facts.largePackets,
    packets_by_layers: [...facts.ways]
      .map(([layers, packets]) => ({ layers: layerPath(layers, LAYER_NAMES), packets }))
      .sort((a, b) => b.packets - a.packets || (a.layers < b.layers ? -1 : 1)),
    records_by_link_type: [...facts.linkTypes]
      .sort(([a], [b]) => a - b)
      .map(([linkType, records]) => ({ link_type: linkTypeName(linkType), records })),
  };
}
