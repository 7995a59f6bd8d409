/** What travels between the main thread and the workers. Errors travel as facts: a class does not survive the trip. */

import type { ErrorFacts } from '../errors.ts';
import type { DecodeConfig, DecodedSegment } from '../engine/decode.ts';
import type { FlowConfig, ShardRound } from '../engine/flow.ts';

/** Decode a range of a plain file; the worker opens and reads it itself. */
export interface DecodeRangeTask {
  readonly kind: 'range';
  readonly path: string;
  readonly config: DecodeConfig;
  /** A spent buffer to write rows into, if they fit. */
  readonly spare: SharedArrayBuffer | null;
}

/** Decode one block of a stream (stdin, gzip): bytes kept from the block before, then this one. */
export interface DecodeBlockTask {
  readonly kind: 'block';
  readonly parts: readonly Uint8Array[];
  readonly config: DecodeConfig;
  readonly endOfFile: boolean;
  readonly spare: SharedArrayBuffer | null;
}

/** The rows of one segment, and the number of records before it. */
export interface SegmentRows {
  /** Shard s is `rows[rowOffsets[s] .. rowOffsets[s + 1])`. */
  readonly rows: Uint8Array;
  readonly rowOffsets: readonly number[];
  readonly frameBase: number;
}

/** One round of the shards that live in one worker. */
export interface AnalyzeTask {
  readonly config: FlowConfig;
  readonly shards: readonly number[];
  readonly segments: readonly SegmentRows[];
  readonly isLast: boolean;
}

export type Failure = { readonly kind: 'input' | 'engine'; readonly facts: ErrorFacts };
export type Answer<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

export type DecodeAnswer = Answer<DecodedSegment>;
export type AnalyzeAnswer = Answer<readonly ShardRound[]>;
