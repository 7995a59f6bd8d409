/**
 * Two capture sets read side by side: each decoded by the pool, each handed over segment by segment when its end is wanted.
 * Whoever is ahead waits, so that memory follows the time between the ends and not their size.
 */

import { Readable } from 'node:stream';
import type { CaptureFile } from '../capture/open.ts';
import { Diagnostics } from '../diagnostics/tally.ts';
import type { Comparison, DecodedSegment } from '../engine/decode.ts';
import type { Pool } from './pool.ts';
import { readCapture, type ReadCapture } from './read-capture.ts';
import type { RowBuffers } from './row-buffers.ts';

export type End = 0 | 1;

/** Who takes the rows and says which end comes next; null ends the reading. */
export interface Taker {
  wanted(): End | null;
  rows(end: End, frameBase: number, rows: Uint8Array): void;
  end(end: End): void;
}

export interface BothEndsOptions {
  readonly segmentBytes: number;
  readonly filter: string;
  readonly comparison: Comparison | undefined;
  readonly hash: boolean;
  readonly nameOf: (path: string) => string;
  /** After each segment: what the taker has to say is fetched here. */
  readonly onTaken: () => void;
  readonly onBytes: (end: End, bytes: number) => void;
}

export interface EndRead {
  readonly captures: readonly ReadCapture[];
  readonly diagnostics: Diagnostics;
}

/** Ends a reading early; never seen outside. */
class Enough extends Error {}

/**
 * @returns what reading each end told; null when the taker had enough before the files ended.
 * @throws InputError when a capture cannot be read.
 */
export async function readBothEnds(
  files: readonly [readonly CaptureFile[], readonly CaptureFile[]],
  pool: Pool,
  spares: RowBuffers,
  taker: Taker,
  options: BothEndsOptions,
): Promise<readonly [EndRead, EndRead] | null> {
  const wake: [(() => void) | null, (() => void) | null] = [null, null];
  let isOver = false;
  const wakeAll = (): void => wake.forEach((resume) => resume?.());
  const turn = async (end: End): Promise<boolean> => {
    for (;;) {
      if (isOver) return false;
      const wanted = taker.wanted();
      if (wanted === end) return true;
      if (wanted === null) {
        isOver = true;
        wakeAll();
        return false;
      }
      const other = wake[wanted];
      wake[wanted] = null;
      other?.();
      await new Promise<void>((resolve) => (wake[end] = resolve));
      wake[end] = null;
    }
  };
  const readEnd = async (end: End): Promise<EndRead | null> => {
    const diagnostics = new Diagnostics();
    const captures: ReadCapture[] = [];
    let frameBase = 0;
    let bytesBefore = 0;
    const onSegment = async (segment: DecodedSegment): Promise<void> => {
      if (segment.rows.length > 0) {
        if (!(await turn(end))) throw new Enough();
        taker.rows(end, frameBase, segment.rows);
        options.onTaken();
      }
      frameBase += segment.summary.records;
      spares.give(segment.rows);
    };
    try {
      for (const file of files[end]) {
        captures.push(
          await readCapture(file, pool, spares, diagnostics, {
            name: options.nameOf(file.path),
            segmentBytes: options.segmentBytes,
            hash: options.hash,
            filter: options.filter,
            comparison: options.comparison,
            stdin: Readable.from([]),
            onBytes: (bytes) => options.onBytes(end, bytesBefore + bytes),
            onSegment,
          }),
        );
        bytesBefore += file.sizeBytes;
      }
      if (!(await turn(end))) return null;
      taker.end(end);
      options.onTaken();
      return { captures, diagnostics };
    } catch (error) {
      if (error instanceof Enough) return null;
      isOver = true;
      throw error;
    } finally {
      wakeAll();
    }
  };
  const [client, server] = await Promise.allSettled([readEnd(0), readEnd(1)]);
  if (client.status === 'rejected') throw client.reason;
  if (server.status === 'rejected') throw server.reason;
  return client.value === null || server.value === null ? null : [client.value, server.value];
}
