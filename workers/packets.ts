/** Spawned by src/parallel/pool.ts, never imported: decodes segments and analyses shards on one core per thread. */

import { workerData } from 'piscina';
import { Core } from '../src/engine/core.ts';
import type {
  AnalyzeAnswer,
  AnalyzeTask,
  DecodeAnswer,
  DecodeBlockTask,
  DecodeRangeTask,
} from '../src/parallel/messages.ts';
import { Station } from '../src/parallel/tasks.ts';

const station = new Station(new Core((workerData as { module: WebAssembly.Module }).module));

export function decode(task: DecodeRangeTask | DecodeBlockTask): DecodeAnswer {
  return station.decode(task);
}

export function analyze(task: AnalyzeTask): AnalyzeAnswer {
  return station.analyze(task);
}
