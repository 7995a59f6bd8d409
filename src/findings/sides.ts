/** One direction of one flow as rules about the path see it: who sends, to whom, and how its packets arrive. */

import { addressText } from '../tables/address.ts';
import type { Batch } from '../tables/batch.ts';
import { SIDES, type Side } from './changes.ts';
import { countOf } from './select.ts';

export interface Direction {
  readonly row: number;
  readonly flowId: number;
  readonly side: Side;
  readonly packets: number;
  readonly fromNs: bigint;
  readonly untilNs: bigint;
}

/** Directions that carry packets and have times, flow by flow. */
export function directionsOf(flows: Batch): Direction[] {
  const ids = flows.u32('flow_id');
  const first = flows.i64('first_timestamp_ns');
  const last = flows.i64('last_timestamp_ns');
  const packets = { forward: countOf(flows, 'forward_packets'), reverse: countOf(flows, 'reverse_packets') };
  const directions: Direction[] = [];
  for (let row = 0; row < flows.rows; row++) {
    if (flows.isNull('first_timestamp_ns', row)) continue;
    for (const side of SIDES) {
      const count = packets[side](row);
      if (count === 0) continue;
      const [fromNs, untilNs] = [first[row] ?? 0n, last[row] ?? 0n];
      directions.push({ row, flowId: ids[row] ?? 0, side, packets: count, fromNs, untilNs });
    }
  }
  return directions;
}

type End = 'initiator' | 'responder';

export function senderOf({ side }: Pick<Direction, 'side'>): End {
  return side === 'forward' ? 'initiator' : 'responder';
}

export function receiverOf({ side }: Pick<Direction, 'side'>): End {
  return side === 'forward' ? 'responder' : 'initiator';
}

/** The network an address is in, as far as a neighbour shares its path: /24, or /48 of IPv6 (RFC 6177 gives sites that much). */
export function networkOf(flows: Batch, end: End, row: number): string {
  const all = flows.raw(end)?.data ?? new Uint8Array(0);
  const bytes = all.slice(row * 16, row * 16 + 16);
  const isV4 = bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0);
  return addressText(bytes.fill(0, isV4 ? 15 : 6)) + (isV4 ? '/24' : '/48');
}

/** What systems start with: 64 (Linux, macOS, Android), 128 (Windows), 255 (routers, Solaris). */
export const INITIAL_TTLS = [64, 128, 255] as const;
/** traceroute looks no further by default; a packet that has come farther was not sent with that start. */
export const MAX_HOPS = 30;

/** The usual start that explains a TTL by at most 30 hops; null where none does. */
export function initialTtl(ttl: number): number | null {
  return INITIAL_TTLS.find((start) => start >= ttl && start - ttl <= MAX_HOPS) ?? null;
}
