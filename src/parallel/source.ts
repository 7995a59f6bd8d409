/** One capture as segments in order, wherever its bytes come from: a plain file, a compressed one, or a pipe. */

import type { Readable } from 'node:stream';
import { hashedChunks, sha256OfFile } from '../capture/hash.ts';
import type { CaptureFile, Container } from '../capture/open.ts';
import {
  blocksOfChunks,
  fileChunks,
  peek,
  plainChunks,
  type Chunks,
  type StreamDamage,
} from '../capture/stream.ts';
import type { Comparison, DecodedSegment } from '../engine/decode.ts';
import type { Pool } from './pool.ts';
import type { RowBuffers } from './row-buffers.ts';
import { blocksOf, rangesOf, type Asked } from './segments.ts';
import { unpackedInThread } from './unpack-thread.ts';

export interface SourceOptions {
  readonly segmentBytes: number;
  /** Hash the bytes as given; a pipe always is, it passes by only once. */
  readonly hash: boolean;
  readonly stdin: Readable;
  /** A pcap-filter expression that was checked; empty lets everything pass. */
  readonly filter: string;
  /** What rows hold for a comparison of two captures. */
  readonly comparison?: Comparison | undefined;
  /** Bytes of the input (compressed where it is) read so far. */
  readonly onBytes: (bytes: number) => void;
}

export interface Source {
  readonly segments: AsyncGenerator<DecodedSegment>;
  /** Known once the segments were read. */
  readonly damage: StreamDamage;
  readonly container: Container;
  readonly sha256: () => Promise<string | null>;
}

export async function openSource(
  file: CaptureFile,
  pool: Pool,
  spares: RowBuffers,
  options: SourceOptions,
): Promise<Source> {
  const damage: StreamDamage = { message: null };
  if (file.path === '-') {
    const { container, chunks } = await peek(options.stdin);
    const hashed = hashedChunks(chunks);
    const segments = streamed(options.stdin, container, hashed.chunks, damage, file, pool, spares, options);
    return { segments, damage, container, sha256: () => Promise.resolve(hashed.digest()) };
  }
  const hashing = options.hash ? sha256OfFile(file.path) : Promise.resolve(null);
  hashing.catch(() => undefined);
  const { container } = file;
  if (container === 'gzip' || container === 'zstd' || container === 'lz4' || container === 'xz') {
    const stream = fileChunks(file.path);
    const segments = streamed(stream, container, stream as Chunks, damage, file, pool, spares, options);
    return { segments, damage, container, sha256: () => hashing };
  }
  const ranges = rangesOf(file, pool, options.segmentBytes, spares, askedOf(options));
  return { segments: counted(ranges, options.onBytes), damage, container, sha256: () => hashing };
}

function askedOf({ filter, comparison }: SourceOptions): Asked {
  return { filter, comparison };
}

async function* counted(
  segments: AsyncGenerator<DecodedSegment>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<DecodedSegment> {
  for await (const segment of segments) {
    onBytes(segment.summary.exitOffset);
    yield segment;
  }
}

async function* streamed(
  stream: Readable,
  container: Container,
  chunks: Chunks,
  damage: StreamDamage,
  file: CaptureFile,
  pool: Pool,
  spares: RowBuffers,
  options: SourceOptions,
): AsyncGenerator<DecodedSegment> {
  const { segmentBytes, onBytes } = options;
  let bytes = 0;
  const measured = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      onBytes((bytes += chunk.length));
      yield chunk;
    }
  };
  const plain = plainChunks(container, measured(), unpackedInThread);
  try {
    yield* blocksOf(blocksOfChunks(plain, segmentBytes, damage), file.path, pool, spares, askedOf(options));
  } finally {
    stream.destroy();
  }
}
