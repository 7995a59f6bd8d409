/** What a worker does. It keeps one decoder and the shards it is the home of, whose flows never leave it. */

import { closeSync, openSync, readSync } from 'node:fs';
import { EngineError, InputError, LagdiffError } from '../errors.ts';
import type { Core } from '../engine/core.ts';
import { CHUNK_BYTES, SegmentDecoder } from '../engine/decode.ts';
import { FlowShard, type ShardRound } from '../engine/flow.ts';
import type {
  AnalyzeAnswer,
  AnalyzeTask,
  Answer,
  DecodeAnswer,
  DecodeBlockTask,
  DecodeRangeTask,
} from './messages.ts';

const STRADDLE_BYTES = 64 << 10;

/** Room for the next segments' rows too: a shared buffer that is dropped stays until some thread collects its garbage. */
function roomFor(length: number): number {
  return Math.ceil(length * 1.25);
}

export class Station {
  readonly #core: Core;
  readonly #decoder: SegmentDecoder;
  readonly #shards = new Map<number, FlowShard>();

  constructor(core: Core) {
    this.#core = core;
    this.#decoder = new SegmentDecoder(core);
  }

  /** Reads the range straight into the core's memory: no copy in between. */
  decode(task: DecodeRangeTask | DecodeBlockTask): DecodeAnswer {
    const makeRows = (length: number): Uint8Array => {
      const fits = task.spare !== null && task.spare.byteLength >= length;
      return new Uint8Array(fits ? task.spare : new SharedArrayBuffer(roomFor(length)), 0, length);
    };
    return answer(() => {
      if (task.kind === 'block') {
        return this.#decoder.decode(task.config, readerOf(task.parts), task.endOfFile, makeRows);
      }
      const file = openSync(task.path, 'r');
      try {
        const { baseOffset, endOffset } = task.config;
        let position = baseOffset;
        const read = (target: Uint8Array): number => {
          // Behind the end only the record that straddles it is wanted.
          const wanted = Math.max((endOffset ?? Infinity) - position, 0) + STRADDLE_BYTES;
          const count = readSync(file, target, 0, Math.min(target.length, wanted), position);
          position += count;
          return count;
        };
        return this.#decoder.decode(task.config, read, true, makeRows);
      } finally {
        closeSync(file);
      }
    });
  }

  analyze({ config, shards, segments, isLast }: AnalyzeTask): AnalyzeAnswer {
    return answer(() => {
      const rounds: ShardRound[] = [];
      for (const shard of shards) {
        let home = this.#shards.get(shard);
        for (const { rows, rowOffsets, frameBase } of segments) {
          const part = rows.subarray(rowOffsets[shard], rowOffsets[shard + 1]);
          if (part.length === 0) continue;
          if (home === undefined) this.#shards.set(shard, (home = new FlowShard(this.#core, shard, config)));
          home.add(part, frameBase);
        }
        if (home !== undefined) rounds.push(home.finish(isLast));
        if (isLast) this.#shards.delete(shard);
      }
      return rounds;
    });
  }
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
