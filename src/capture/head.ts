/** The first timestamp of a capture, for putting rotated files in order: reads the file's head and no more. */

import { closeSync, openSync, readSync } from 'node:fs';
import { gunzipSync, constants } from 'node:zlib';
import { Core } from '../engine/core.ts';
import { SegmentDecoder } from '../engine/decode.ts';
import { compileEngine } from '../engine/load.ts';
import { Unpacking, type PackedFormat } from '../engine/unpack.ts';
import type { CaptureFile } from './open.ts';
import { unxzippedHead } from './xz.ts';

const HEAD_BYTES = 512 << 10;

/** ns since the epoch of each file's first record with a time; null when its head holds none or is no capture. */
export function firstTimestamps(files: readonly CaptureFile[]): (bigint | null)[] {
  const core = new Core(compileEngine());
  return files.map((file) => firstTimestamp(core, file));
}

function firstTimestamp(core: Core, file: CaptureFile): bigint | null {
  const bytes = unpackedHead(core, file);
  let at = 0;
  const read = (target: Uint8Array): number => {
    const piece = bytes.subarray(at, at + target.length);
    target.set(piece);
    at += piece.length;
    return piece.length;
  };
  const config = { baseOffset: 0, endOffset: null, fileLength: null, start: 'head' as const, context: null };
  const decoder = new SegmentDecoder(core);
  try {
    const segment = decoder.decode(config, read, false, (length) => new Uint8Array(length));
    return segment.summary.times?.firstNs ?? null;
  } catch {
    // Not a capture: reading it in its turn gives the error with its place.
    return null;
  } finally {
    decoder.close();
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

/** What the head of the file stands for, as far as it can be unpacked: damage is met again when the file is read. */
function unpackedHead(core: Core, file: CaptureFile): Uint8Array {
  const head = readHead(file.path);
  try {
    switch (file.container) {
      case 'gzip':
        return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 1 << 30 });
      case 'zstd':
      case 'lz4':
        return unpackedPiece(core, file.container, head);
      case 'xz':
        return unxzippedHead(head);
      case 'capture':
      case 'other':
      case 'empty':
        return head;
    }
  } catch {
    return new Uint8Array(0);
  }
}

function unpackedPiece(core: Core, format: PackedFormat, head: Uint8Array): Uint8Array {
  const unpacking = new Unpacking(core, format);
  try {
    let piece = unpacking.push(head);
    // A frame may open with an empty block or a skippable frame: go on until there is something.
    while (piece.bytes.length === 0 && piece.hasMore) piece = unpacking.push(new Uint8Array(0));
    return piece.bytes.subarray(0, HEAD_BYTES);
  } finally {
    unpacking.close();
  }
}
