/** The thread pool: one compiled module shared by all workers, tasks typed, answers unwrapped. */

import { Piscina } from 'piscina';
import { compileEngine } from '../engine/load.ts';
import type { DecodedSegment } from '../engine/decode.ts';
import type { FlowRound } from '../engine/flow.ts';
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
  readonly workers: number;
  readonly #piscina: Piscina;

  constructor(workers: number) {
    this.workers = workers;
    this.#piscina = new Piscina({
      filename: entry,
      minThreads: workers,
      maxThreads: workers,
      workerData: { module: compileEngine() },
      // A task waits in line here, never in the worker: finishing order cannot matter, but memory does.
      maxQueue: Infinity,
    });
  }

  async decode(task: DecodeRangeTask | DecodeBlockTask, path: string): Promise<DecodedSegment> {
    return unwrap((await this.#piscina.run(task, { name: 'decode' })) as DecodeAnswer, path);
  }

  async analyze(task: AnalyzeTask): Promise<FlowRound> {
    return unwrap((await this.#piscina.run(task, { name: 'analyze' })) as AnalyzeAnswer);
  }

  async close(): Promise<void> {
    await this.#piscina.destroy();
  }
}
