/** One compressed stream (zstd or lz4 frames) → its bytes, piece by piece. Its neighbour is wasm/crates/unpack. */

import { TAG, type Core, type Session } from './core.ts';

export type PackedFormat = 'zstd' | 'lz4';

export interface UnpackedPiece {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** There is more to come from what was pushed: push nothing and ask again. */
  readonly hasMore: boolean;
  /** Why the stream cannot be unpacked beyond `bytes`. */
  readonly failure: Error | null;
}

export class Unpacking {
  readonly #session: Session;

  constructor(core: Core, format: PackedFormat) {
    this.#session = core.open(3);
    this.#session.send(TAG.config, Uint8Array.of(format === 'zstd' ? 0 : 1));
  }

  push(bytes: Uint8Array): UnpackedPiece {
    try {
      const status = this.#session.send(TAG.bytes, bytes);
      return { bytes: this.#session.output(0), hasMore: status === 'done', failure: null };
    } catch (error) {
      return { bytes: this.#session.output(0), hasMore: false, failure: error as Error };
    }
  }

  /** @throws InputError `capture/compression-damaged` when the stream ended inside a frame. */
  finish(): void {
    this.#session.finish(0);
  }

  close(): void {
    this.#session.close();
  }
}
