/** Captures that cannot be read by range: standard input and gzip, as blocks of even size. */

import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Readable } from 'node:stream';

/** Damage met while unpacking; what came before it is still read. */
export interface StreamDamage {
  message: string | null;
}

/** The unpacked bytes of a gzip file. node:zlib inflates on its own thread and checks the CRC. */
export function gunzipped(path: string, damage: StreamDamage, onInput?: (bytes: number) => void): Readable {
  const gunzip = createGunzip({ chunkSize: 1 << 18 });
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  if (onInput !== undefined) file.on('data', (chunk) => onInput(chunk.length));
  pipeline(file, gunzip, (error) => {
    if (error) damage.message = error.message;
  });
  return gunzip;
}

/** Collects a stream into blocks of `blockBytes` (the last one shorter); damage ends the stream, it does not throw. */
export async function* blocksOfStream(
  stream: Readable,
  blockBytes: number,
  damage: StreamDamage,
): AsyncGenerator<Uint8Array> {
  let block = Buffer.allocUnsafeSlow(blockBytes);
  let filled = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      let at = 0;
      while (at < chunk.length) {
        const count = Math.min(chunk.length - at, blockBytes - filled);
        chunk.copy(block, filled, at, at + count);
        filled += count;
        at += count;
        if (filled === blockBytes) {
          yield block;
          block = Buffer.allocUnsafeSlow(blockBytes);
          filled = 0;
        }
      }
    }
  } catch (error) {
    damage.message ??= (error as Error).message;
  }
  if (filled > 0) yield block.subarray(0, filled);
}
