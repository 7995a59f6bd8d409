/** The threads: one compiled module shared by all workers, tasks typed, answers unwrapped. */

import { Piscina } from 'piscina';
import { compileEngine } from '../engine/load.ts';
import type { DecodedSegment } from '../engine/decode.ts';
import type { ShardRound } from '../engine/flow.ts';
import type {
  AnalyzeAnswer,
  AnalyzeTask,
  DecodeAnswer,
  DecodeBlockTask,
  DecodeRangeTask,
} from './messages.ts';
import { unwrap } from './tasks.ts';

// Workers run compiled JavaScript, also when this file runs from source (tests).
const entry = new URL(
  import.meta.url.includes('/dist/src/parallel/')
    ? '../../workers/packets.js'
    : '../../dist/workers/packets.js',
  import.meta.url,
).href;

export class Pool {
  /** One pool of one thread each: a shard's flows stay with the thread that has them. */
  readonly #homes: readonly Piscina[];
  readonly #waiting: number[];

  constructor(workers: number) {
    const module = compileEngine();
    this.#homes = Array.from(
      { length: workers },
      () =>
        new Piscina({
          filename: entry,
          minThreads: 1,
          maxThreads: 1,
          workerData: { module },
          // A task waits in line here, never in the worker: finishing order cannot matter, but memory does.
          maxQueue: Infinity,
        }),
    );
    this.#waiting = this.#homes.map(() => 0);
  }

  get workers(): number {
    return this.#homes.length;
  }

  /** Runs on whichever thread has the least to do. */
  async decode(task: DecodeRangeTask | DecodeBlockTask, path: string): Promise<DecodedSegment> {
    const home = this.#waiting.indexOf(Math.min(...this.#waiting));
    return unwrap((await this.#run(home, task, 'decode')) as DecodeAnswer, path);
  }

  /** Runs on the thread that has these shards; tasks of one thread run in the order given. */
  async analyze(home: number, task: AnalyzeTask): Promise<readonly ShardRound[]> {
    return unwrap((await this.#run(home, task, 'analyze')) as AnalyzeAnswer);
  }

  async close(): Promise<void> {
    await Promise.all(this.#homes.map((home) => home.destroy()));
  }

  async #run(home: number, task: unknown, name: string): Promise<unknown> {
    this.#waiting[home] = (this.#waiting[home] ?? 0) + 1;
    try {
      return await this.#homes[home]?.run(task, { name });
    } finally {
      this.#waiting[home] = (this.#waiting[home] ?? 0) - 1;
    }
  }
}
