/**
 * Segments in order → rounds → shards. Decoding runs ahead in parallel; a shard's rounds run one after the other on
 * whatever worker is free, its state travelling with them; results leave in round order. Nothing here depends on which
 * worker was quicker, and the cut into rounds can be seen in no output.
 */

import { TABLES, type TableName } from '../engine/abi.generated.ts';
import type { RawTable } from '../engine/core.ts';
import { SHARDS, type DecodedSegment, type TallyEntry } from '../engine/decode.ts';
import type { FlowConfig, RowBatch } from '../engine/flow.ts';
import { InputError } from '../errors.ts';
import { mergeAtEnd, mergeTables, splitAtEnd } from '../tables/merge.ts';
import type { Pool } from './pool.ts';
import type { Spares } from './segments.ts';

/** Rows per round: large enough that handing state over is cheap, small enough that memory stays flat. */
const ROUND_BYTES = 8 << 20;
/** Rounds that may be under way: one being analysed while the next one is decoded. */
const ROUNDS_AHEAD = 2;
const MAX_FRAME = 0xffff_fffe;

/** Takes a finished piece; a promise holds the pipeline back until the piece is on its way. */
export type TableSink = (table: TableName, rows: RawTable) => void | Promise<void>;

interface Round {
  readonly segments: DecodedSegment[];
  readonly frameBases: number[];
  bytes: number;
}

/** Analyses a capture set given segment by segment; one instance per set. */
export class FlowPipeline implements Spares {
  readonly #pool: Pool;
  readonly #config: FlowConfig;
  readonly #sink: TableSink;
  readonly #states: (Uint8Array | null)[] = new Array<Uint8Array | null>(SHARDS).fill(null);
  readonly #chains: Promise<void>[] = Array.from({ length: SHARDS }, () => Promise.resolve());
  readonly #underWay: Promise<void>[] = [];
  readonly #spares: SharedArrayBuffer[] = [];
  readonly #tallies: TallyEntry[][] = Array.from({ length: SHARDS }, () => []);
  /** Rows that no frame completed, kept for the end so that the cut into rounds cannot be seen. */
  readonly #atEnd = new Map<TableName, RawTable[]>();
  #round: Round = { segments: [], frameBases: [], bytes: 0 };
  #frames = 0;

  constructor(pool: Pool, config: FlowConfig, sink: TableSink) {
    this.#pool = pool;
    this.#config = config;
    this.#sink = sink;
  }

  take(): SharedArrayBuffer | null {
    return this.#spares.pop() ?? null;
  }

  /** Records before the next segment, over all files. */
  get frames(): number {
    return this.#frames;
  }

  /** @throws InputError `capture/too-many-packets` past 2³² − 2 packets in one set. */
  async add(segment: DecodedSegment): Promise<void> {
    this.#round.segments.push(segment);
    this.#round.frameBases.push(this.#frames);
    this.#round.bytes += segment.rows.length;
    this.#frames += segment.summary.records;
    if (this.#frames > MAX_FRAME) {
      throw new InputError({
        code: 'capture/too-many-packets',
        message: `more than ${MAX_FRAME} packets in one capture set`,
        help: 'analyse the rotated files in smaller groups',
      });
    }
    if (this.#round.bytes >= ROUND_BYTES) await this.#flush(false);
  }

  /** Ends the capture set and waits for every table. @returns what the flow stage had to say. */
  async finish(): Promise<TallyEntry[]> {
    await this.#flush(true);
    await Promise.all(this.#underWay);
    return this.#tallies.flat();
  }

  async #flush(isLast: boolean): Promise<void> {
    const round = this.#round;
    this.#round = { segments: [], frameBases: [], bytes: 0 };
    const parts = Array.from({ length: SHARDS }, (_, shard) => this.#queue(shard, round, isLast));
    const before = this.#underWay.at(-1) ?? Promise.resolve();
    const done = Promise.all([before, ...parts]).then(async ([, ...tables]) => {
      await this.#emit(tables, isLast);
      for (const segment of round.segments) {
        if (
          segment.rows.buffer instanceof SharedArrayBuffer &&
          this.#spares.length < 2 * this.#pool.workers + 2
        ) {
          this.#spares.push(segment.rows.buffer);
        }
      }
    });
    // Failures surface where the promise is awaited below or in `finish`.
    done.catch(() => undefined);
    this.#underWay.push(done);
    while (this.#underWay.length >= ROUNDS_AHEAD) await this.#underWay.shift();
  }

  /** Puts one shard's part of a round behind the part before it. */
  #queue(
    shard: number,
    round: Round,
    isLast: boolean,
  ): Promise<Readonly<Partial<Record<TableName, RawTable>>>> {
    const batches: RowBatch[] = [];
    round.segments.forEach(({ rows, rowOffsets }, index) => {
      const part = rows.subarray(rowOffsets[shard], rowOffsets[shard + 1]);
      if (part.length > 0) batches.push({ rows: part, frameBase: round.frameBases[index] ?? 0 });
    });
    const result = (this.#chains[shard] ?? Promise.resolve()).then(async () => {
      const state = this.#states[shard] ?? null;
      if (batches.length === 0 && (!isLast || state === null)) return {};
      const answer = await this.#pool.analyze({ config: this.#config, state, batches, isLast });
      this.#states[shard] = answer.state;
      // The shard counts over its whole life: the latest word replaces the one before.
      this.#tallies[shard] = [...answer.tally];
      return answer.tables;
    });
    const settled = result.then(
      () => undefined,
      () => undefined,
    );
    this.#chains[shard] = settled;
    return result;
  }

  async #emit(
    shards: readonly Readonly<Partial<Record<TableName, RawTable>>>[],
    isLast: boolean,
  ): Promise<void> {
    for (const name of Object.keys(TABLES) as TableName[]) {
      const completed: RawTable[] = [];
      const waiting = this.#atEnd.get(name) ?? [];
      for (const tables of shards) {
        const table = tables[name];
        if (table === undefined) continue;
        const split = splitAtEnd(table);
        if (split.completed.rows > 0) completed.push(split.completed);
        if (split.atEnd !== null) waiting.push(split.atEnd);
      }
      this.#atEnd.set(name, waiting);
      if (completed.length > 0) await this.#sink(name, mergeTables(completed));
      if (isLast && waiting.length > 0) await this.#sink(name, mergeAtEnd(waiting));
    }
  }
}
