/**
 * One capture file → its decoded segments in file order (laws 1 and 2).
 *
 * A plain file is cut into ranges that workers decode at the same time, each from a boundary it found by a chain of
 * plausible headers. The join is the proof: segment i must have ended exactly where i + 1 began, with the same reader
 * state; if not, i + 1 is read again from where i ended. A stream has no ranges: its blocks are decoded one after the
 * other, each given the bytes that the block before could not finish.
 */

import type { DecodeConfig, DecodedSegment } from '../engine/decode.ts';
import type { Pool } from './pool.ts';
import type { RowBuffers } from './row-buffers.ts';

/** What is asked of every segment alike. */
export type Asked = Pick<DecodeConfig, 'filter' | 'comparison'>;

export interface SegmentSource {
  /** Where a plain file lies; workers open it themselves. */
  readonly path: string;
  readonly sizeBytes: number;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** Segments of a plain file, in order; stops early only where the capture itself cannot be read on. */
export async function* rangesOf(
  source: SegmentSource,
  pool: Pool,
  segmentBytes: number,
  spares: RowBuffers,
  asked: Asked = {},
): AsyncGenerator<DecodedSegment> {
  const { path, sizeBytes } = source;
  const count = Math.max(1, Math.ceil(sizeBytes / segmentBytes));
  const endOf = (index: number): number => Math.min(sizeBytes, (index + 1) * segmentBytes);
  const decode = (
    baseOffset: number,
    endOffset: number,
    start: 'head' | 'exact' | 'search',
    context: Uint8Array | null,
  ): Promise<DecodedSegment> => {
    const config = { baseOffset, endOffset, fileLength: sizeBytes, start, context, ...asked };
    return pool.decode({ kind: 'range', path, config, spare: spares.take() }, path);
  };

  const first = await decode(0, endOf(0), 'head', null);
  yield first;
  let expected = first.summary.exitOffset;
  let context = first.exitContext;
  if (first.summary.isStopped) return;

  const ahead = new Map<number, Promise<DecodedSegment>>();
  const window = pool.workers * 2;
  try {
    for (let index = 1; index < count; index++) {
      for (let next = index; next < Math.min(count, index + window); next++) {
        if (!ahead.has(next)) {
          const started = decode(next * segmentBytes, endOf(next), 'search', context);
          started.catch(() => undefined);
          ahead.set(next, started);
        }
      }
      const guess = await ahead.get(index);
      ahead.delete(index);
      if (guess === undefined) continue;
      const isBehind = expected >= endOf(index);
      const isJoined =
        !isBehind && guess.summary.entryOffset === expected && sameBytes(guess.entryContext, context);
      if (!isJoined) spares.give(guess.rows);
      if (isBehind) continue;
      const segment = isJoined ? guess : await decode(expected, endOf(index), 'exact', context);
      yield segment;
      expected = segment.summary.exitOffset;
      context = segment.exitContext;
      if (segment.summary.isStopped) return;
    }
  } finally {
    await Promise.allSettled(ahead.values());
  }
}

/** Segments of a stream, block after block. */
export async function* blocksOf(
  blocks: AsyncIterable<Uint8Array>,
  path: string,
  pool: Pool,
  spares: RowBuffers,
  asked: Asked = {},
): AsyncGenerator<DecodedSegment> {
  let leftover: Uint8Array = new Uint8Array(0);
  let context: Uint8Array | null = null;
  let baseOffset = 0;
  const decode = async (block: Uint8Array, endOfFile: boolean): Promise<DecodedSegment> => {
    const config = {
      baseOffset,
      endOffset: null,
      fileLength: null,
      start: context === null ? ('head' as const) : ('exact' as const),
      context,
      ...asked,
    };
    const parts = [leftover, block];
    const segment = await pool.decode(
      { kind: 'block', parts, config, endOfFile, spare: spares.take() },
      path,
    );
    baseOffset += leftover.length + block.length - segment.leftover.length;
    leftover = segment.leftover;
    context = segment.exitContext.length === 0 ? null : segment.exitContext;
    return segment;
  };
  for await (const block of blocks) {
    const segment = await decode(block, false);
    yield segment;
    if (segment.summary.isStopped) return;
  }
  // The end is news of its own: a block must not wait for it, or a slow capture would lag behind by one block.
  yield await decode(new Uint8Array(0), true);
}
