/** One capture, read to its end: every segment to whoever wants it, and what they add up to. */

import type { Readable } from 'node:stream';
import type { CaptureFile, Container } from '../capture/open.ts';
import { CaptureFacts, conclude } from '../diagnostics/capture-facts.ts';
import { Diagnostics } from '../diagnostics/tally.ts';
import type { Comparison, DecodedSegment } from '../engine/decode.ts';
import { InputError } from '../errors.ts';
import type { Pool } from './pool.ts';
import type { RowBuffers } from './row-buffers.ts';
import { openSource } from './source.ts';

/** Default size of a segment; never changes a result. */
export const SEGMENT_BYTES = 4 << 20;

export interface ReadOptions {
  /** What outputs call the file. */
  readonly name: string;
  readonly segmentBytes: number;
  readonly hash: boolean;
  readonly filter: string;
  readonly comparison?: Comparison | undefined;
  readonly stdin: Readable;
  readonly onBytes: (bytes: number) => void;
  readonly onSegment: (segment: DecodedSegment) => void | Promise<void>;
}

export interface ReadCapture {
  readonly facts: CaptureFacts;
  readonly container: Container;
  readonly sha256: string | null;
  /** Problems of this file alone. */
  readonly own: Diagnostics;
}

/**
 * @param diagnostics of the whole set: problems of the file are counted there too, but for those that only the sum over
 * all files shows (`Timeline`).
 * @throws InputError when nothing could be read.
 */
export async function readCapture(
  file: CaptureFile,
  pool: Pool,
  spares: RowBuffers,
  diagnostics: Diagnostics,
  options: ReadOptions,
): Promise<ReadCapture> {
  const source = await openSource(file, pool, spares, options);
  const { name } = options;
  const own = new Diagnostics();
  const lists = [diagnostics, own];
  const facts = new CaptureFacts(name);
  let isStopped = false;
  try {
    for await (const segment of source.segments) {
      for (const list of lists) list.addSegment(name, facts.records, segment.tally);
      facts.add(segment, lists);
      isStopped ||= segment.summary.isStopped;
      await options.onSegment(segment);
    }
  } catch (error) {
    // Too little came out to be a capture: the damage is the reason, not what it left.
    throw error instanceof InputError && source.damage.message !== null
      ? unpackable(file, source.damage.message)
      : error;
  }
  // Behind a record that cannot be read nothing is said: whether it was unpacked at all depends on the blocks.
  if (source.damage.message !== null && !isStopped) {
    if (facts.records === 0) throw unpackable(file, source.damage.message);
    const first = { capture: name, byte_offset: facts.exitOffset, record: facts.records };
    for (const list of lists) list.add('capture/compression-damaged', 1, 0, first, source.damage.message);
  }
  conclude(facts, { capture: name, byte_offset: facts.firstOffset, record: facts.firstRecord }, own);
  return { facts, container: source.container, sha256: await source.sha256(), own };
}

function unpackable(file: CaptureFile, reason: string): InputError {
  return new InputError({
    code: 'capture/compression-damaged',
    message: `${file.path} cannot be unpacked: ${reason}`,
    help: 'copy the file again and compare its checksum',
    path: file.path,
    byteOffset: 0,
  });
}
