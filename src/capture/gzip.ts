/**
 * gzip (RFC 1952), member by member over node:zlib, which inflates on a thread of its own. The members are told apart
 * here because zlib's own reader throws away what it had unpacked when the end of a file is cut or followed by anything.
 */

import { constants, crc32, createInflateRaw, type InflateRaw } from 'node:zlib';
import { InputError } from '../errors.ts';

/** Input given at once: what it can expand to (a thousandfold) bounds the memory. */
const PIECE_BYTES = 16 << 10;
const READ_AHEAD_BYTES = 64 << 20;

/** Pulls bytes from chunks in the sizes the format needs. */
class Input {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array(0);
  position = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#iterator = chunks[Symbol.asyncIterator]();
  }

  async #fill(): Promise<boolean> {
    const next = await this.#iterator.next();
    if (next.done === true) return false;
    this.#held = this.#held.length === 0 ? next.value : Buffer.concat([this.#held, next.value]);
    return true;
  }

  /** `count` bytes without taking them; fewer at the end. */
  async peek(count: number): Promise<Uint8Array> {
    while (this.#held.length < count && (await this.#fill()));
    return this.#held.subarray(0, count);
  }

  /** Whatever is at hand, at most `count`; empty at the end. */
  async some(count: number): Promise<Uint8Array> {
    while (this.#held.length === 0 && (await this.#fill()));
    return this.#held.subarray(0, count);
  }

  take(count: number): void {
    this.#held = this.#held.subarray(count);
    this.position += count;
  }

  damaged(message: string): InputError {
    return new InputError({ code: 'capture/compression-damaged', message, byteOffset: this.position });
  }
}

/** @throws InputError `capture/compression-damaged` after the last good byte. */
export async function* gunzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = new Input(chunks);
  let members = 0;
  for (;;) {
    const magic = await input.peek(2);
    if (magic.length === 0 && members > 0) return;
    if (magic[0] !== 0x1f || magic[1] !== 0x8b) {
      throw input.damaged('there are bytes after the end of the compressed data');
    }
    await skipHeader(input);
    yield* member(input);
    members += 1;
  }
}

const CUT = 'the compressed data end too early';

async function skipHeader(input: Input): Promise<void> {
  const head = await input.peek(10);
  if (head.length < 10) throw input.damaged(CUT);
  const flags = head[3] ?? 0;
  if (head[2] !== 8 || (flags & 0xe0) !== 0) throw input.damaged('the gzip header contradicts itself');
  input.take(10);
  if ((flags & 4) !== 0) {
    const length = await input.peek(2);
    const count = 2 + (length[0] ?? 0) + 256 * (length[1] ?? 0);
    if ((await input.peek(count)).length < count) throw input.damaged(CUT);
    input.take(count);
  }
  for (const flag of [8, 16]) {
    // Name and comment end with a zero byte.
    for (let isText = (flags & flag) !== 0; isText;) {
      const text = await input.some(PIECE_BYTES);
      if (text.length === 0) throw input.damaged(CUT);
      const end = text.indexOf(0);
      isText = end < 0;
      input.take(isText ? text.length : end + 1);
    }
  }
  if ((flags & 2) !== 0) {
    if ((await input.peek(2)).length < 2) throw input.damaged(CUT);
    input.take(2);
  }
}

async function* member(input: Input): AsyncGenerator<Uint8Array> {
  const inflate = createInflateRaw({
    chunkSize: 64 << 10,
    finishFlush: constants.Z_SYNC_FLUSH,
    readableHighWaterMark: READ_AHEAD_BYTES,
  } as Parameters<typeof createInflateRaw>[0]);
  let failure: Error | null = null;
  inflate.on('error', (error) => (failure = error));
  let sum = 0;
  let length = 0;
  try {
    for (let isOver = false; !isOver;) {
      const piece = await input.some(PIECE_BYTES);
      if (piece.length === 0) throw input.damaged(CUT);
      const before = inflate.bytesWritten;
      isOver = await written(inflate, piece);
      input.take(inflate.bytesWritten - before);
      const out = inflate.read() as Uint8Array | null;
      if (out !== null) {
        sum = crc32(out, sum);
        length += out.length;
        yield out;
      }
      if (failure !== null) throw input.damaged(`the compressed data are damaged (${messageOf(failure)})`);
    }
  } finally {
    inflate.destroy();
  }
  const trailer = await input.peek(8);
  if (trailer.length < 8) throw input.damaged(CUT);
  const view = new DataView(trailer.buffer, trailer.byteOffset, 8);
  if (view.getUint32(0, true) !== sum || view.getUint32(4, true) !== length % 2 ** 32) {
    throw input.damaged('a checksum of the compressed data does not fit');
  }
  input.take(8);
}

function messageOf(error: Error): string {
  return error.message;
}

/** Gives a piece to the inflater. True: it did not take all of it, so the deflate stream is over. */
function written(inflate: InflateRaw, piece: Uint8Array): Promise<boolean> {
  const before = inflate.bytesWritten;
  return new Promise((resolve) => {
    const settle = (): void => resolve(inflate.bytesWritten - before < piece.length);
    inflate.once('error', settle);
    inflate.write(piece, () => {
      inflate.off('error', settle);
      settle();
    });
  });
}
