/** The bodies that workers run; plain functions of a core and a task, so that tests can run them in one thread. */

import { closeSync, openSync, readSync } from 'node:fs';
import { EngineError, InputError, LagdiffError } from '../errors.ts';
import type { Core } from '../engine/core.ts';
import { CHUNK_BYTES, decodeSegment, type DecodedSegment } from '../engine/decode.ts';
import { analyzeShard, type FlowRound } from '../engine/flow.ts';
import type { AnalyzeTask, Answer, DecodeBlockTask, DecodeRangeTask } from './messages.ts';

/** Reads the range straight into the core's memory: no copy in between. */
export function decodeTask(core: Core, task: DecodeRangeTask | DecodeBlockTask): Answer<DecodedSegment> {
  const makeRows = (length: number): Uint8Array =>
    new Uint8Array(
      task.spare !== null && task.spare.byteLength >= length ? task.spare : new SharedArrayBuffer(length),
      0,
      length,
    );
  return answer(() => {
    if (task.kind === 'block') {
      return decodeSegment(core, task.config, readerOf(task.parts), task.endOfFile, makeRows);
    }
    const file = openSync(task.path, 'r');
    try {
      let position = task.config.baseOffset;
      const read = (target: Uint8Array): number => {
        const count = readSync(file, target, 0, target.length, position);
        position += count;
        return count;
      };
      return decodeSegment(core, task.config, read, true, makeRows);
    } finally {
      closeSync(file);
    }
  });
}

export function analyzeTask(core: Core, task: AnalyzeTask): Answer<FlowRound> {
  return answer(() => analyzeShard(core, task.config, task.state, task.batches, task.isLast));
}

function readerOf(parts: readonly Uint8Array[]): (target: Uint8Array) => number {
  let part = 0;
  let at = 0;
  return (target) => {
    let bytes = parts[part];
    while (bytes !== undefined && at === bytes.length) {
      part += 1;
      at = 0;
      bytes = parts[part];
    }
    if (bytes === undefined) return 0;
    const piece = bytes.subarray(at, at + Math.min(CHUNK_BYTES, target.length));
    target.set(piece);
    at += piece.length;
    return piece.length;
  };
}

function answer<T>(body: () => T): Answer<T> {
  try {
    return { ok: true, value: body() };
  } catch (error) {
    return {
      ok: false,
      failure: { kind: error instanceof InputError ? 'input' : 'engine', facts: factsOf(error) },
    };
  }
}

function factsOf(error: unknown): LagdiffError['facts'] {
  if (error instanceof LagdiffError) return error.facts;
  const { code, message } = error as { code?: unknown; message?: unknown };
  return {
    code: typeof code === 'string' ? `system/${code.toLowerCase()}` : 'engine/unexpected',
    message: String(message),
  };
}

/** Turns an answer back into a value or the error it stands for. */
export function unwrap<T>(given: Answer<T>, path?: string): T {
  if (given.ok) return given.value;
  const facts = path === undefined ? given.failure.facts : { ...given.failure.facts, path };
  throw given.failure.kind === 'input' ? new InputError(facts) : new EngineError(facts);
}
