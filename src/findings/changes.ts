/**
 * When the marks of a flow changed: TTL and DSCP per direction, CE marks over the whole capture. Taken from the events as
 * they pass, because most events are of no interest here; what is kept grows with the flows that change, not with packets.
 */

import { TABLES } from '../engine/abi.generated.ts';
import type { Batch } from '../tables/batch.ts';
import { TimeCounts } from './time-counts.ts';

export const SIDES = ['forward', 'reverse'] as const;
export type Side = (typeof SIDES)[number];
export type ChangeKind = 'ttl' | 'dscp';

export interface Change {
  readonly timestampNs: bigint;
  readonly before: number;
  readonly after: number;
}

export interface Transition {
  readonly from: number;
  readonly to: number;
  readonly times: number;
}

/** A direction that changes more often than this has no steps to be told apart. */
export const KEPT_CHANGES = 8;
/** Distinct transitions counted per direction; a path or a policy has a few. */
const KEPT_TRANSITIONS = 16;

interface Track {
  readonly changes: Change[];
  /** By before × 256 + after. */
  readonly transitions: Map<number, number>;
}

const codes = (column: string): readonly string[] =>
  TABLES.events.columns.find(({ name }) => name === column)?.codes ?? [];
const KIND_OF = new Map<number, ChangeKind>([
  [codes('kind').indexOf('ttl_change'), 'ttl'],
  [codes('kind').indexOf('dscp_change'), 'dscp'],
]);
const CE = codes('kind').indexOf('ecn_ce');
const REVERSE = codes('direction').indexOf('reverse');

export class Changes {
  /** CE marks of all flows by time. */
  readonly congestionMarks = new TimeCounts();
  readonly #tracks = { ttl: new Map<number, Track>(), dscp: new Map<number, Track>() };

  /** Pieces of the events table, in order. */
  add(events: Batch): void {
    const kinds = events.u8('kind');
    const directions = events.u8('direction');
    const flows = events.u32('flow_id');
    const times = events.i64('timestamp_ns');
    const details = events.i64('detail');
    for (let row = 0; row < events.rows; row++) {
      const code = kinds[row];
      if (code === CE) this.congestionMarks.add(times[row] ?? 0n);
      const kind = code === undefined ? undefined : KIND_OF.get(code);
      if (kind === undefined) continue;
      const side = directions[row] === REVERSE ? 'reverse' : 'forward';
      this.#note(kind, keyOf(flows[row] ?? 0, side), times[row] ?? 0n, Number(details[row] ?? 0n));
    }
  }

  /** The first changes of a direction, at most `KEPT_CHANGES`, in order. */
  of(kind: ChangeKind, flowId: number, side: Side): readonly Change[] {
    return this.#tracks[kind].get(keyOf(flowId, side))?.changes ?? [];
  }

  /** From which value to which, and how often, over the whole of a direction; the first 16 kinds of them. */
  transitions(kind: ChangeKind, flowId: number, side: Side): readonly Transition[] {
    const counts = this.#tracks[kind].get(keyOf(flowId, side))?.transitions ?? [];
    return [...counts].map(([pair, times]) => ({ from: pair >> 8, to: pair & 0xff, times }));
  }

  #note(kind: ChangeKind, key: number, timestampNs: bigint, pair: number): void {
    let track = this.#tracks[kind].get(key);
    if (track === undefined)
      this.#tracks[kind].set(key, (track = { changes: [], transitions: new Map<number, number>() }));
    const { changes, transitions } = track;
    if (changes.length < KEPT_CHANGES) changes.push({ timestampNs, before: pair >> 8, after: pair & 0xff });
    if (transitions.has(pair) || transitions.size < KEPT_TRANSITIONS)
      transitions.set(pair, (transitions.get(pair) ?? 0) + 1);
  }
}

function keyOf(flowId: number, side: Side): number {
  return flowId * 2 + (side === 'reverse' ? 1 : 0);
}
