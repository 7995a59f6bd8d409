/** One shard of the flow stage: rows in, tables out, round by round. Layouts: wasm/crates/abi/src/session.rs. */

import { TABLES, type TableName } from './abi.generated.ts';
import { TAG, type Core, type RawTable, type Session } from './core.ts';
import { readTally, type TallyEntry } from './decode.ts';

const OUTPUT = { tally: 3 } as const;

export interface FlowConfig {
  /** Tables to fill; `flows` always is. */
  readonly tables: readonly TableName[];
  readonly binNs: number;
  readonly idleTimeoutNs: number;
  /** Whose reading of TCP events, ACK round trips and their counts: ours, or that of Wireshark 4.0. */
  readonly compat: Compat;
  /** Leave out packets that the capture shows twice. */
  readonly withoutCopies: boolean;
}

export const COMPATS = ['strict', 'wireshark'] as const;
export type Compat = (typeof COMPATS)[number];

export interface ShardRound {
  readonly shard: number;
  readonly tables: Readonly<Partial<Record<TableName, RawTable>>>;
  /** What the shard had to say over its whole life. */
  readonly tally: readonly TallyEntry[];
}

/** The flows of one shard, kept in the core from round to round. */
export class FlowShard {
  readonly #session: Session;
  readonly #shard: number;
  readonly #names: ReadonlySet<TableName>;

  constructor(core: Core, shard: number, config: FlowConfig) {
    this.#session = core.open(2);
    this.#shard = shard;
    this.#names = new Set<TableName>(['flows', ...config.tables]);
    this.#session.send(TAG.config, encodeConfig(config));
  }

  /** @param frameBase records before the segment that the rows come from. */
  add(rows: Uint8Array, frameBase: number): void {
    const target = this.#session.reserve(TAG.rows, rows.length + 4);
    new DataView(target.buffer, target.byteOffset).setUint32(0, frameBase, true);
    target.set(rows, 4);
    this.#session.push(TAG.rows, rows.length + 4);
  }

  /** Ends the round: what it completed. The last one completes every flow, and the shard is gone. */
  finish(isLast: boolean): ShardRound {
    this.#session.finish(isLast ? 1 : 0);
    const tables: Partial<Record<TableName, RawTable>> = {};
    for (const name of this.#names) {
      const table = this.#session.table(TABLES[name].id);
      if (table !== null) tables[name] = table;
    }
    const tally = readTally(this.#session.output(OUTPUT.tally));
    if (isLast) this.#session.close();
    return { shard: this.#shard, tables, tally };
  }
}

function encodeConfig(config: FlowConfig): Uint8Array {
  const out = new Uint8Array(24);
  const view = new DataView(out.buffer);
  let mask = 0;
  for (const name of config.tables) mask |= 1 << TABLES[name].id;
  view.setUint32(0, mask, true);
  view.setUint32(4, COMPATS.indexOf(config.compat) | (config.withoutCopies ? 2 : 0), true);
  view.setBigInt64(8, BigInt(config.binNs), true);
  view.setBigInt64(16, BigInt(config.idleTimeoutNs), true);
  return out;
}
