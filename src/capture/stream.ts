/** Captures that cannot be read by range, standard input and compressed files: as plain bytes, in blocks. */

import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { InputError } from '../errors.ts';
import type { PackedFormat } from '../engine/unpack.ts';
import { gunzipped } from './gzip.ts';
import { containerOf, MAGIC_BYTES, type Container } from './open.ts';
import { unxzipped } from './xz.ts';

/** Damage met while unpacking; what came before it is still read. */
export interface StreamDamage {
  message: string | null;
}

export type Chunks = AsyncIterable<Uint8Array>;
/** Unpacks zstd and lz4; given in, because the thread it runs on belongs to another room. */
export type Unpack = (format: PackedFormat, chunks: Chunks) => Chunks;

const CHUNK_BYTES = 1 << 18;
/** No compressor of ours gains more on packets; past this a stream is a bomb (gzip cannot exceed 1032). */
const MAX_EXPANSION = 4000;
/** Expansion is judged only once so much came out: short runs of zeros are no attack. */
const EXPANSION_FROM_BYTES = 256 << 20;
/** A block of a slow stream is handed on after this long, full or not. */
const FLUSH_MS = 1000;

/** The file's bytes as they lie on disk. */
export function fileChunks(path: string): Readable {
  return createReadStream(path, { highWaterMark: CHUNK_BYTES });
}

/** Looks at the first bytes of a stream without losing them. */
export async function peek(stream: Readable): Promise<{ container: Container; chunks: Chunks }> {
  const iterator = (stream as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array(0);
  let isOver = false;
  while (head.length < MAGIC_BYTES && !isOver) {
    const next = await iterator.next();
    if (next.done === true) isOver = true;
    else head = Buffer.concat([head, next.value]);
  }
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    if (head.length > 0) yield head;
    while (!isOver) {
      const next = await iterator.next();
      if (next.done === true) return;
      yield next.value;
    }
  };
  return { container: containerOf(head), chunks: chunks() };
}

/** The bytes that compressed chunks stand for; anything uncompressed passes through. */
export function plainChunks(container: Container, chunks: Chunks, unpack: Unpack): Chunks {
  switch (container) {
    case 'gzip':
      return bounded(chunks, gunzipped);
    case 'xz':
      return bounded(chunks, unxzipped);
    case 'zstd':
    case 'lz4':
      return bounded(chunks, (counted) => unpack(container, counted));
    default:
      return chunks;
  }
}

/** Stops a stream whose output grows out of all proportion to its input. */
async function* bounded(chunks: Chunks, through: (chunks: Chunks) => Chunks): AsyncGenerator<Uint8Array> {
  let taken = 0;
  let given = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      taken += chunk.length;
      yield chunk;
    }
  };
  for await (const piece of through(counted())) {
    given += piece.length;
    if (given > EXPANSION_FROM_BYTES && given > MAX_EXPANSION * taken) {
      throw new InputError({
        code: 'capture/compression-damaged',
        message: `the compressed data expand more than ${MAX_EXPANSION}-fold`,
        byteOffset: taken,
      });
    }
    yield piece;
  }
}

/**
 * Collects chunks into blocks of `blockBytes`; the last one is shorter, and so is any that took longer than a second to
 * fill, so that a capture still being written is analysed as it comes. Damage ends the stream, it does not throw.
 */
export async function* blocksOfChunks(
  chunks: Chunks,
  blockBytes: number,
  damage: StreamDamage,
): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  let block = Buffer.allocUnsafeSlow(blockBytes);
  let filled = 0;
  let timer: NodeJS.Timeout | undefined;
  let due: Promise<null> | null = null;
  const take = (): Uint8Array => {
    const full = block.subarray(0, filled);
    block = Buffer.allocUnsafeSlow(blockBytes);
    filled = 0;
    clearTimeout(timer);
    due = null;
    return full;
  };
  try {
    let next = iterator.next();
    for (;;) {
      const result: IteratorResult<Uint8Array> | null = await (due === null
        ? next
        : Promise.race([next, due]));
      if (result === null) {
        yield take();
        continue;
      }
      if (result.done === true) break;
      for (let at = 0; at < result.value.length;) {
        const piece = result.value.subarray(at, at + blockBytes - filled);
        block.set(piece, filled);
        filled += piece.length;
        at += piece.length;
        if (filled === blockBytes) yield take();
      }
      if (filled > 0) due ??= new Promise((resolve) => (timer = setTimeout(resolve, FLUSH_MS, null)));
      next = iterator.next();
    }
  } catch (error) {
    if (error instanceof InputError && error.facts.code === 'capture/tool-missing') throw error;
    damage.message ??= (error as Error).message;
  } finally {
    clearTimeout(timer);
    // Not awaited: a read under way on a slow stream ends when its owner closes it.
    iterator.return?.().catch(() => undefined);
  }
  if (filled > 0) yield block.subarray(0, filled);
}
