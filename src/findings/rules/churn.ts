/**
 * A client that opens a connection for every message: many new connections from one host to one server, each carrying
 * little. Every one costs a round trip, a port for TIME-WAIT and a socket at the server.
 */

import type { Batch } from '../../tables/batch.ts';
import { NS_PER_S } from '../../units.ts';
import { namedFlows, plural } from '../select.ts';
import { trendOfBegins } from '../trend.ts';
import type { Rule } from '../types.ts';
import { opened } from './connection-failures.ts';

const NEW_PER_MINUTE = 60;
const PAYLOAD_BYTES = 16_384;
const MINUTE_NS = BigInt(60 * NS_PER_S);

/** Most of the times (ascending) that fall into any span of `widthNs`. */
export function busiest(times: readonly bigint[], widthNs: bigint): number {
  let from = 0;
  let most = 0;
  times.forEach((time, index) => {
    while (time - (times[from] ?? time) >= widthNs) from += 1;
    most = Math.max(most, index - from + 1);
  });
  return most;
}

function byPair(flows: Batch, rows: readonly number[]): Map<string, number[]> {
  const ports = flows.u16('responder_port');
  const pairs = new Map<string, number[]>();
  for (const row of rows) {
    const pair = `${flows.address('initiator', row)} to ${flows.address('responder', row)} port ${ports[row]}`;
    const list = pairs.get(pair);
    if (list === undefined) pairs.set(pair, [row]);
    else list.push(row);
  }
  return pairs;
}

export const churn: Rule = (flows) => {
  const first = flows.i64('first_timestamp_ns');
  const [up, down] = [flows.i64('forward_payload_bytes'), flows.i64('reverse_payload_bytes')];
  const ascending = opened(flows).sort((a, b) => Number((first[a] ?? 0n) - (first[b] ?? 0n)) || a - b);
  const found: { pair: string; rows: number[]; most: number; bytes: number }[] = [];
  for (const [pair, rows] of byPair(flows, ascending)) {
    const times = rows.map((row) => first[row] ?? 0n);
    const most = busiest(times, MINUTE_NS);
    const payload = rows.reduce((sum, row) => sum + Number((up[row] ?? 0n) + (down[row] ?? 0n)), 0);
    const bytes = Math.round(payload / rows.length);
    if (most >= NEW_PER_MINUTE && bytes <= PAYLOAD_BYTES) found.push({ pair, rows, most, bytes });
  }
  const worst = found.sort((a, b) => b.most - a.most || (a.pair < b.pair ? -1 : 1))[0];
  if (worst === undefined) return null;
  const all = found.flatMap(({ rows }) => rows).sort((a, b) => a - b);
  const others = found.length > 1 ? `; ${found.length - 1} more such pairs` : '';
  return {
    id: 'connection/churn',
    severity: 'warning',
    claim: `${worst.pair}: ${plural(worst.rows.length, 'new connection')}, up to ${worst.most} in one minute (${(worst.most / 60).toFixed(1)} per second), ${worst.bytes} bytes of payload each${others}`,
    threshold: `at least ${NEW_PER_MINUTE} new connections in a minute from one address to one server, with at most ${PAYLOAD_BYTES} bytes of payload each on average; default, not a standard`,
    limits: 'many people behind one translated address look like one client',
    count: all.length,
    trend: trendOfBegins(flows, all),
    flow_ids: namedFlows(flows, all),
  };
};
