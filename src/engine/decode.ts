/** One byte range of a capture → rows by shard, and the facts that the join needs. Layouts: wasm/crates/abi/src/session.rs. */

import { InputError } from '../errors.ts';
import { TAG, type Core, type Session } from './core.ts';
import { readQuality, type SegmentQuality } from './quality.ts';

/** Rows are sharded by host pair into this many parts, always: a constant keeps every answer independent of the workers. */
export const SHARDS = 16;
/** Bytes read per call: 0.5–1 MiB measured best (L2-sized). */
export const CHUNK_BYTES = 1 << 20;

const MAX_U64 = 0xffff_ffff_ffff_ffffn;
const OUTPUT = {
  summary: 0,
  exitContext: 1,
  entryContext: 2,
  tally: 3,
  leftover: 4,
  quality: 6,
  rows: 16,
} as const;

/** Where reading starts: at the file's head, at a known record boundary, or wherever a chain of headers proves one. */
export type Start = 'head' | 'exact' | 'search';

export interface DecodeConfig {
  /** Offset of the first byte given, in the (uncompressed) capture. */
  readonly baseOffset: number;
  /** Records that start here or later belong to the next segment; null = none do. */
  readonly endOffset: number | null;
  /** Size of the whole capture where known: lets a short chain at its end count as proof. */
  readonly fileLength: number | null;
  readonly start: Start;
  /** Reader state at the start; null at a file's head. */
  readonly context: Uint8Array | null;
  /** Frames that do not pass are counted and give no row; absent = all pass. */
  readonly filter?: string;
  /** What rows hold for a comparison of two captures; absent = nothing. */
  readonly comparison?: Comparison | undefined;
}

/** How contents of two captures are made comparable. */
export interface Comparison {
  /** Of the content hash. */
  readonly key: readonly [bigint, bigint];
  /** Payload bytes of a datagram that both ends kept at least. */
  readonly bytes: number;
  /** Verify checksums, too. */
  readonly verifies: boolean;
}

export interface TallyEntry {
  readonly code: number;
  readonly count: number;
  readonly byteOffset: number;
  /** 0-based within the segment. */
  readonly record: number;
  readonly detail: number;
}

export interface SegmentTimes {
  readonly minNs: bigint;
  readonly maxNs: bigint;
  readonly firstNs: bigint;
  readonly lastNs: bigint;
  /** Byte offset and 0-based number (in the segment) of the first record that has a time. */
  readonly firstOffset: number;
  readonly firstRecord: number;
}

export interface SegmentSummary {
  /** First record boundary found; null when a search found none. */
  readonly entryOffset: number | null;
  /** First record boundary at or after the segment's end. */
  readonly exitOffset: number;
  readonly records: number;
  readonly decoded: number;
  readonly diagnosed: number;
  readonly times: SegmentTimes | null;
  /** `pcap` (µs), `pcap-ns` or `pcapng`; empty while the head of a stream is incomplete. */
  readonly format: string;
  /** The capture cannot be read on from `exitOffset`. */
  readonly isStopped: boolean;
  readonly linkTypes: readonly { readonly linkType: number; readonly records: number }[];
}

export interface DecodedSegment {
  readonly summary: SegmentSummary;
  readonly entryContext: Uint8Array;
  readonly exitContext: Uint8Array;
  readonly tally: readonly TallyEntry[];
  readonly quality: SegmentQuality;
  /** Bytes of a record that the input cut, for the next block; empty where the reader can read them again. */
  readonly leftover: Uint8Array;
  /** All shards' rows back to back; shard s is `rows[rowOffsets[s] .. rowOffsets[s + 1])`. */
  readonly rows: Uint8Array;
  readonly rowOffsets: readonly number[];
}

/** Fills a view with the next bytes and returns how many there were; 0 = no more. */
export type ReadInto = (target: Uint8Array) => number;

/** Decodes one segment after the other in the same memory of the core. */
export class SegmentDecoder {
  readonly #core: Core;
  #session: Session | null = null;

  constructor(core: Core) {
    this.#core = core;
  }

  /**
   * @param endOfFile whether `read` running dry means the capture ends there (else the rest comes with the next block).
   * @param makeRows gives the memory for `length` bytes of rows; lets the caller reuse shared buffers.
   * @throws InputError when the head of the file is no capture.
   */
  decode(
    config: DecodeConfig,
    read: ReadInto,
    endOfFile: boolean,
    makeRows: (length: number) => Uint8Array,
  ): DecodedSegment {
    const session = (this.#session ??= this.#core.open(1));
    try {
      session.send(TAG.config, encodeConfig(config));
      for (;;) {
        const count = read(session.reserve(TAG.bytes, CHUNK_BYTES));
        if (count === 0) {
          if (endOfFile) session.finish(0);
          break;
        }
        if (session.push(TAG.bytes, count) === 'done') break;
      }
      return segmentOf(session, endOfFile, makeRows);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#session?.close();
    this.#session = null;
  }
}

function segmentOf(
  session: Session,
  endOfFile: boolean,
  makeRows: (length: number) => Uint8Array,
): DecodedSegment {
  const summary = readSummary(session.output(OUTPUT.summary));
  const rowOffsets = [0];
  for (let shard = 0; shard < SHARDS; shard++) {
    rowOffsets.push((rowOffsets[shard] ?? 0) + session.peek(OUTPUT.rows + shard).length);
  }
  const rows = makeRows(rowOffsets[SHARDS] ?? 0);
  for (let shard = 0; shard < SHARDS; shard++) rows.set(session.peek(OUTPUT.rows + shard), rowOffsets[shard]);
  return {
    summary,
    entryContext: session.output(OUTPUT.entryContext),
    exitContext: session.output(OUTPUT.exitContext),
    tally: readTally(session.output(OUTPUT.tally)),
    quality: readQuality(session.output(OUTPUT.quality)),
    leftover: endOfFile ? new Uint8Array(0) : session.output(OUTPUT.leftover),
    rows,
    rowOffsets,
  };
}

/** @throws InputError `filter/syntax` with line and column when the expression is none. */
export function checkFilter(core: Core, filter: string): void {
  const session = core.open(1);
  try {
    const config = {
      baseOffset: 0,
      endOffset: null,
      fileLength: null,
      start: 'head' as const,
      context: null,
    };
    session.send(TAG.config, encodeConfig({ ...config, filter }));
  } catch (error) {
    throw error instanceof InputError ? pointed(error, filter) : error;
  } finally {
    session.close();
  }
}

/** The same fault with its word and the expression, so that the eye finds it. */
function pointed({ facts }: InputError, filter: string): InputError {
  // Columns of the core are bytes; people count characters.
  const before = new TextDecoder().decode(
    new TextEncoder().encode(filter).subarray(0, (facts.column ?? 1) - 1),
  );
  const word = /^[()!&|]|^[^\s()!&|]+/.exec(filter.slice(before.length))?.[0];
  const where = word === undefined ? 'at its end' : `at "${word}"`;
  return new InputError({
    ...facts,
    message: `${facts.message}, ${where} (column ${before.length + 1}): ${filter}`,
    path: '--filter',
    column: before.length + 1,
  });
}

function encodeConfig(config: DecodeConfig): Uint8Array {
  const context = config.context ?? new Uint8Array(0);
  const filter = new TextEncoder().encode(config.filter ?? '');
  const { comparison } = config;
  const out = new Uint8Array(60 + filter.length + context.length);
  const view = new DataView(out.buffer);
  view.setBigUint64(0, BigInt(config.baseOffset), true);
  view.setBigUint64(8, config.endOffset === null ? MAX_U64 : BigInt(config.endOffset), true);
  view.setBigUint64(16, config.fileLength === null ? MAX_U64 : BigInt(config.fileLength), true);
  view.setUint32(24, { head: 0, exact: 1, search: 2 }[config.start], true);
  view.setUint32(28, SHARDS, true);
  if (comparison !== undefined) {
    comparison.key.forEach((word, index) => view.setBigUint64(32 + index * 8, word, true));
    view.setUint32(48, comparison.bytes, true);
    view.setUint32(52, comparison.verifies ? 3 : 1, true);
  }
  view.setUint32(56, filter.length, true);
  out.set(filter, 60);
  out.set(context, 60 + filter.length);
  return out;
}

/** By the code that session.rs writes; empty while the head of a stream is incomplete. */
const FORMATS = ['', 'pcap', 'pcap-ns', 'pcapng'] as const;

function readSummary(bytes: Uint8Array): SegmentSummary {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entry = view.getBigUint64(0, true);
  const flags = view.getUint32(28, true);
  const linkTypes = Array.from({ length: view.getUint32(80, true) }, (_, index) => ({
    linkType: view.getUint32(84 + index * 8, true),
    records: view.getUint32(88 + index * 8, true),
  }));
  const times = {
    minNs: view.getBigInt64(32, true),
    maxNs: view.getBigInt64(40, true),
    firstNs: view.getBigInt64(48, true),
    lastNs: view.getBigInt64(56, true),
    firstOffset: Number(view.getBigUint64(64, true)),
    firstRecord: view.getUint32(72, true),
  };
  return {
    entryOffset: entry === MAX_U64 ? null : Number(entry),
    exitOffset: Number(view.getBigUint64(8, true)),
    records: view.getUint32(16, true),
    decoded: view.getUint32(20, true),
    diagnosed: view.getUint32(24, true),
    times: (flags & 1) === 0 ? null : times,
    isStopped: (flags & 2) !== 0,
    format: FORMATS[view.getUint32(76, true)] ?? '',
    linkTypes,
  };
}

/** 32 bytes each: code, severity u16; record u32; count, byte offset, detail u64. */
export function readTally(bytes: Uint8Array): TallyEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 32 }, (_, index) => ({
    code: view.getUint16(index * 32, true),
    record: view.getUint32(index * 32 + 4, true),
    count: Number(view.getBigUint64(index * 32 + 8, true)),
    byteOffset: Number(view.getBigUint64(index * 32 + 16, true)),
    detail: Number(view.getBigUint64(index * 32 + 24, true)),
  }));
}
