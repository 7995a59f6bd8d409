/** The first timestamp of a capture, for putting rotated files in order: reads the file's head and no more. */

import { closeSync, openSync, readSync } from 'node:fs';
import { gunzipSync, constants } from 'node:zlib';
import { Core } from '../engine/core.ts';
import { decodeSegment } from '../engine/decode.ts';
import { compileEngine } from '../engine/load.ts';
import type { CaptureFile } from './open.ts';

const HEAD_BYTES = 512 << 10;
let core: Core | null = null;

/** ns since the epoch of the first record with a time; null when the head holds none or is no capture. */
export function firstTimestamp(file: CaptureFile): bigint | null {
  const head = readHead(file.path);
  const bytes = file.container === 'gzip' ? unpackHead(head) : head;
  core ??= new Core(compileEngine());
  let at = 0;
  const read = (target: Uint8Array): number => {
    const piece = bytes.subarray(at, at + target.length);
    target.set(piece);
    at += piece.length;
    return piece.length;
  };
  const config = { baseOffset: 0, endOffset: null, fileLength: null, start: 'head' as const, context: null };
  try {
    const segment = decodeSegment(core, config, read, false, (length) => new Uint8Array(length));
    return segment.summary.times?.firstNs ?? null;
  } catch {
    // Not a capture: reading it in its turn gives the error with its place.
    return null;
  }
}

function readHead(path: string): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const head = new Uint8Array(HEAD_BYTES);
    return head.subarray(0, readSync(file, head, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(file);
  }
}

function unpackHead(head: Uint8Array): Uint8Array {
  try {
    return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 64 << 20 });
  } catch {
    return new Uint8Array(0);
  }
}
