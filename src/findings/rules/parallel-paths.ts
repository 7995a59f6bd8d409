/**
 * Flows between the same two hosts and to the same port that come over different numbers of routers at the same time: paths
 * chosen by a hash of the five-tuple (equal-cost multipath, RFC 2992), or several devices behind one address.
 */

import type { Batch } from '../../tables/batch.ts';
import { codeOf, namedFlows, plural } from '../select.ts';
import { directionsOf, initialTtl, receiverOf, senderOf, type Direction } from '../sides.ts';
import type { Rule } from '../types.ts';

/** Fewer packets of a direction show no constant TTL. */
const MIN_PACKETS = 3;
/** Flows that each number of hops needs; one may be anything. */
const MIN_FLOWS = 2;

interface Steady extends Direction {
  readonly ttl: number;
}

interface Split {
  readonly key: string;
  /** Flows by their TTL, nearest first. */
  readonly paths: readonly (readonly Steady[])[];
}

/** Directions of one TTL throughout, of connections that were not refused. */
function steadyDirections(flows: Batch): Steady[] {
  const state = codeOf(flows, 'connection_state');
  const bounds = {
    forward: [flows.u8('forward_ttl_min'), flows.u8('forward_ttl_max')],
    reverse: [flows.u8('reverse_ttl_min'), flows.u8('reverse_ttl_max')],
  } as const;
  return directionsOf(flows).flatMap((direction) => {
    const { row, side, packets } = direction;
    const [ttl, most] = [bounds[side][0][row] ?? 0, bounds[side][1][row] ?? 0];
    const isOpen = state(row) !== 'refused' && state(row) !== 'half_open';
    const hasPorts = !flows.isNull('responder_port', row);
    return isOpen && hasPorts && packets >= MIN_PACKETS && ttl === most && initialTtl(ttl) !== null
      ? [{ ...direction, ttl }]
      : [];
  });
}

/** Flows of `some` that ran while one of `others` did. */
function alongside(some: readonly Steady[], others: readonly Steady[]): Steady[] {
  const begins = [...others].sort((a, b) => (a.fromNs < b.fromNs ? -1 : a.fromNs > b.fromNs ? 1 : 0));
  let latest = begins[0]?.untilNs ?? 0n;
  const latestUntil = begins.map(({ untilNs }) => (latest = untilNs > latest ? untilNs : latest));
  return some.filter(({ fromNs, untilNs }) => {
    let [low, high] = [0, begins.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((begins[middle]?.fromNs ?? 0n) < untilNs) low = middle + 1;
      else high = middle;
    }
    return low > 0 && (latestUntil[low - 1] ?? 0n) > fromNs;
  });
}

function splitsOf(flows: Batch): Split[] {
  const protocols = flows.u8('protocol');
  const ports = flows.u16('responder_port');
  const groups = new Map<string, Map<number, Steady[]>>();
  for (const steady of steadyDirections(flows)) {
    const { row, ttl } = steady;
    const from = flows.address(senderOf(steady), row);
    const to = flows.address(receiverOf(steady), row);
    const key = `${from} to ${to} (protocol ${protocols[row]}, port ${ports[row]}, ${initialTtl(ttl)})`;
    const byTtl = groups.get(key) ?? new Map<number, Steady[]>();
    groups.set(key, byTtl);
    const list = byTtl.get(ttl);
    if (list === undefined) byTtl.set(ttl, [steady]);
    else list.push(steady);
  }
  return [...groups].flatMap(([key, byTtl]) => {
    const all = [...byTtl].sort(([a], [b]) => b - a).map(([, list]) => list);
    const paths = all
      .map((list) => alongside(list, all.filter((other) => other !== list).flat()))
      .filter((list) => list.length >= MIN_FLOWS);
    return paths.length >= 2 ? [{ key, paths }] : [];
  });
}

export const parallelPaths: Rule = (flows) => {
  const splits = splitsOf(flows);
  const sizeOf = ({ paths }: Split): number => paths.flat().length;
  const worst = splits.sort((a, b) => sizeOf(b) - sizeOf(a) || (a.key < b.key ? -1 : 1))[0];
  const one = worst?.paths[0]?.[0];
  if (worst === undefined || one === undefined) return null;
  const rows = [...new Set(splits.flatMap(({ paths }) => paths.flat().map(({ row }) => row)))];
  const ways = worst.paths.map((list) => `TTL ${list[0]?.ttl} in ${plural(list.length, 'flow')}`);
  const others = splits.length > 1 ? `; ${plural(splits.length - 1, 'more such pair')} of hosts` : '';
  return {
    id: 'path/parallel-paths',
    severity: 'info',
    claim: `flows from ${flows.address(senderOf(one), one.row)} to ${flows.address(receiverOf(one), one.row)} come over different numbers of routers at the same time: ${ways.join(', ')}: paths chosen per flow (ECMP), or several devices behind one address${others}`,
    threshold: `flows of one protocol and server port with a constant TTL each, at least ${MIN_FLOWS} of each value, running at the same time, explained by one initial TTL (64, 128 or 255; at most 30 hops); default, not a standard`,
    limits:
      'players behind one translated address, or servers behind one balanced address, can be as many hops apart; paths of equal length are not seen',
    count: rows.length,
    flow_ids: namedFlows(
      flows,
      rows.sort((a, b) => a - b),
    ),
  };
};
