/**
 * Decompression on a thread of its own: compressed chunks go over, plain pieces of about a megabyte come back, one
 * request under way at a time and one piece ahead of its reader, so that neither side can pile up memory.
 */

import { once } from 'node:events';
import { Worker, type MessagePort } from 'node:worker_threads';
import type { Core } from '../engine/core.ts';
import { compileEngine } from '../engine/load.ts';
import { Unpacking, type PackedFormat } from '../engine/unpack.ts';
import { EngineError, InputError, LagdiffError, type ErrorFacts } from '../errors.ts';

const entry = new URL(
  import.meta.url.includes('/dist/src/parallel/')
    ? '../../workers/unpack.js'
    : '../../dist/workers/unpack.js',
  import.meta.url,
);

export interface UnpackWorkerData {
  readonly module: ReturnType<typeof compileEngine>;
  readonly format: PackedFormat;
}

/** Bytes to take in (none: go on with what is there), or null at the end. */
type Request = Uint8Array | null;

interface Reply {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly hasMore: boolean;
  readonly failure: ErrorFacts | null;
}

const NOTHING = new Uint8Array(0);

/** The worker's side: answers every request on `port`. */
export function serveUnpacking(port: MessagePort, core: Core, format: PackedFormat): void {
  const unpacking = new Unpacking(core, format);
  const answer = (request: Request): Reply => {
    try {
      if (request === null) unpacking.finish();
      const { bytes, hasMore, failure } =
        request === null ? { bytes: NOTHING, hasMore: false, failure: null } : unpacking.push(request);
      return { bytes, hasMore, failure: failure === null ? null : factsOf(failure) };
    } catch (error) {
      return { bytes: NOTHING, hasMore: false, failure: factsOf(error) };
    }
  };
  port.on('message', (request: Request) => {
    const reply = answer(request);
    port.postMessage(reply, reply.bytes.length > 0 ? [reply.bytes.buffer] : []);
  });
}

/** @throws InputError `capture/compression-damaged` after the last good piece. */
export async function* unpackedInThread(
  format: PackedFormat,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const workerData: UnpackWorkerData = { module: compileEngine(), format };
  const worker = new Worker(entry, { workerData });
  const ask = async (request: Request): Promise<Reply> => {
    worker.postMessage(request);
    const [reply] = (await once(worker, 'message')) as [Reply];
    return reply;
  };
  const iterator = chunks[Symbol.asyncIterator]();
  let isOver = false;
  const step = async (hasMore: boolean): Promise<Reply> => {
    if (hasMore) return ask(NOTHING);
    const next = await iterator.next();
    isOver = next.done === true;
    return ask(next.done === true ? null : next.value);
  };
  try {
    let reply = await step(false);
    for (;;) {
      const { bytes, hasMore, failure } = reply;
      const isLast = failure !== null || isOver;
      const ahead = isLast ? null : step(hasMore);
      ahead?.catch(() => undefined);
      if (bytes.length > 0) yield bytes;
      if (failure !== null) throw errorOf(failure);
      if (ahead === null) return;
      reply = await ahead;
    }
  } finally {
    // Not awaited: a read under way on a slow stream ends when its owner closes it.
    iterator.return?.().catch(() => undefined);
    await worker.terminate();
  }
}

function factsOf(error: unknown): ErrorFacts {
  return error instanceof LagdiffError
    ? error.facts
    : { code: 'engine/unexpected', message: String((error as Error).message) };
}

function errorOf(facts: ErrorFacts): Error {
  return facts.code.startsWith('capture/') ? new InputError(facts) : new EngineError(facts);
}
