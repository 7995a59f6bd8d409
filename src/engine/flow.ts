/** One round of one shard: state and rows in, state and tables out. Layouts: wasm/crates/abi/src/session.rs. */

import { TABLES, type TableName } from './abi.generated.ts';
import { TAG, type Core, type RawTable } from './core.ts';
import { readTally, type TallyEntry } from './decode.ts';

const OUTPUT = { tally: 3, state: 5 } as const;

export interface FlowConfig {
  /** Tables to fill; `flows` always is. */
  readonly tables: readonly TableName[];
  readonly binNs: number;
  readonly idleTimeoutNs: number;
  /** Whose reading of TCP events, ACK round trips and their counts: ours, or that of Wireshark 4.0. */
  readonly compat: Compat;
}

export const COMPATS = ['strict', 'wireshark'] as const;
export type Compat = (typeof COMPATS)[number];

/** Rows of one segment that belong to the shard, and the number of records before that segment. */
export interface RowBatch {
  readonly rows: Uint8Array;
  readonly frameBase: number;
}

export interface FlowRound {
  /** The shard's state after the round; null after the last. */
  readonly state: Uint8Array | null;
  readonly tables: Readonly<Partial<Record<TableName, RawTable>>>;
  readonly tally: readonly TallyEntry[];
}

/** Runs the batches, in order, on the state that the round before left. */
export function analyzeShard(
  core: Core,
  config: FlowConfig,
  state: Uint8Array | null,
  batches: readonly RowBatch[],
  isLast: boolean,
): FlowRound {
  const session = core.open(2);
  try {
    session.send(TAG.config, encodeConfig(config));
    if (state !== null) session.send(TAG.state, state);
    for (const { rows, frameBase } of batches) {
      const target = session.reserve(TAG.rows, rows.length + 4);
      new DataView(target.buffer, target.byteOffset).setUint32(0, frameBase, true);
      target.set(rows, 4);
      session.push(TAG.rows, rows.length + 4);
    }
    session.finish(isLast ? 1 : 0);
    const tables: Partial<Record<TableName, RawTable>> = {};
    for (const name of new Set<TableName>(['flows', ...config.tables])) {
      const table = session.table(TABLES[name].id);
      if (table.rows > 0) tables[name] = table;
    }
    return {
      state: isLast ? null : session.output(OUTPUT.state),
      tables,
      tally: readTally(session.output(OUTPUT.tally)),
    };
  } finally {
    session.close();
  }
}

function encodeConfig(config: FlowConfig): Uint8Array {
  const out = new Uint8Array(24);
  const view = new DataView(out.buffer);
  let mask = 0;
  for (const name of config.tables) mask |= 1 << TABLES[name].id;
  view.setUint32(0, mask, true);
  view.setUint32(4, COMPATS.indexOf(config.compat), true);
  view.setBigInt64(8, BigInt(config.binNs), true);
  view.setBigInt64(16, BigInt(config.idleTimeoutNs), true);
  return out;
}
