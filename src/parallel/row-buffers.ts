/**
 * Shared buffers that rows travelled in, for the next segments. Not one may be lost: what is dropped is not freed before
 * every thread that saw it has collected its garbage, and shared memory gives none of them a reason to.
 */

export class RowBuffers {
  readonly #buffers: SharedArrayBuffer[] = [];

  take(): SharedArrayBuffer | null {
    return this.#buffers.pop() ?? null;
  }

  /** Gives back the buffer under the rows of a segment that nobody reads any more. */
  give({ buffer }: Uint8Array): void {
    if (buffer instanceof SharedArrayBuffer && buffer.byteLength > 0) this.#buffers.push(buffer);
  }
}
