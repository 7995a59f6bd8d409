/**
 * Segments in order → rounds → shards. Decoding runs ahead in parallel; a shard's rounds run one after the other on
 * the worker that is its home; results leave in round order. Nothing here depends on which worker was quicker, and the
 * cut into rounds can be seen in no output.
 */

import { TABLES, type TableName } from '../engine/abi.generated.ts';
import type { RawTable } from '../engine/core.ts';
import { SHARDS, type DecodedSegment, type TallyEntry } from '../engine/decode.ts';
import type { FlowConfig, ShardRound } from '../engine/flow.ts';
import { InputError } from '../errors.ts';
import { mergeAtEnd, mergeTables, splitAtEnd } from '../tables/merge.ts';
import type { SegmentRows } from './messages.ts';
import type { Pool } from './pool.ts';
import { RowBuffers } from './row-buffers.ts';

/** Rows per round: large enough that a round's messages cost little beside its work, small enough that memory stays flat. */
const ROUND_BYTES = 8 << 20;
/** Rounds that may be under way: one being analysed while the next one is decoded. */
const ROUNDS_AHEAD = 2;
const MAX_FRAME = 0xffff_fffe;

/** Takes a finished piece; a promise holds the pipeline back until the piece is on its way. */
export type TableSink = (table: TableName, rows: RawTable) => void | Promise<void>;

/** Analyses a capture set given segment by segment; one instance per set. */
export class FlowPipeline {
  readonly buffers = new RowBuffers();
  readonly #pool: Pool;
  readonly #config: FlowConfig;
  readonly #sink: TableSink;
  readonly #underWay: Promise<void>[] = [];
  readonly #tallies: TallyEntry[][] = Array.from({ length: SHARDS }, () => []);
  /** Rows that no frame completed, kept for the end so that the cut into rounds cannot be seen. */
  readonly #atEnd = new Map<TableName, RawTable[]>();
  readonly #isDue: () => boolean;
  #round: SegmentRows[] = [];
  #roundBytes = 0;
  #frames = 0;

  /** `isDue` is asked with every segment: does the round end here, full or not? */
  constructor(pool: Pool, config: FlowConfig, sink: TableSink, isDue: () => boolean = () => false) {
    this.#pool = pool;
    this.#config = config;
    this.#sink = sink;
    this.#isDue = isDue;
  }

  /** Records before the next segment, over all files. */
  get frames(): number {
    return this.#frames;
  }

  /** @throws InputError `capture/too-many-packets` past 2³² − 2 packets in one set. */
  async add(segment: DecodedSegment): Promise<void> {
    const { rows, rowOffsets } = segment;
    this.#round.push({ rows, rowOffsets, frameBase: this.#frames });
    this.#roundBytes += rows.length;
    this.#frames += segment.summary.records;
    if (this.#frames > MAX_FRAME) {
      throw new InputError({
        code: 'capture/too-many-packets',
        message: `more than ${MAX_FRAME} packets in one capture set`,
        help: 'analyse the rotated files in smaller groups',
      });
    }
    if (this.#roundBytes >= ROUND_BYTES || this.#isDue()) await this.#flush(false);
  }

  /** Ends the capture set and waits for every table. @returns what the flow stage had to say. */
  async finish(): Promise<TallyEntry[]> {
    await this.#flush(true);
    await Promise.all(this.#underWay);
    return this.#tallies.flat();
  }

  async #flush(isLast: boolean): Promise<void> {
    const segments = this.#round;
    this.#round = [];
    this.#roundBytes = 0;
    const parts = Array.from({ length: this.#pool.workers }, (_, home) =>
      this.#pool.analyze(home, { config: this.#config, shards: this.#shardsOf(home), segments, isLast }),
    );
    const before = this.#underWay.at(-1) ?? Promise.resolve();
    const done = Promise.all([before, ...parts]).then(async ([, ...answers]) => {
      const shards = answers.flat().sort((a, b) => a.shard - b.shard);
      // A shard counts over its whole life: the latest word replaces the one before.
      for (const { shard, tally } of shards) this.#tallies[shard] = [...tally];
      await this.#emit(shards, isLast);
      for (const { rows } of segments) this.buffers.give(rows);
    });
    // Failures surface where the promise is awaited below or in `finish`.
    done.catch(() => undefined);
    this.#underWay.push(done);
    while (this.#underWay.length >= ROUNDS_AHEAD) await this.#underWay.shift();
  }

  #shardsOf(home: number): number[] {
    return Array.from({ length: SHARDS }, (_, shard) => shard).filter(
      (shard) => shard % this.#pool.workers === home,
    );
  }

  async #emit(shards: readonly ShardRound[], isLast: boolean): Promise<void> {
    for (const name of Object.keys(TABLES) as TableName[]) {
      const completed: RawTable[] = [];
      const waiting = this.#atEnd.get(name) ?? [];
      for (const { tables } of shards) {
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
