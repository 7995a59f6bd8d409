/**
 * Connections open at once, per server: against a limit, and whether they only ever grow. A connection counts as open
 * from its first to its last packet; one that was not closed by both sides or reset counts to the end of the capture,
 * because its socket stays.
 */

import type { Batch } from '../../tables/batch.ts';
import { codeOf, countOf, namedFlows, rowsWhere } from '../select.ts';
import { spanOf, trendOver } from '../trend.ts';
import type { Rule, Trend } from '../types.ts';

/** 80 % of 1024, the soft limit of open files that Linux gives a process unless told otherwise (getrlimit(2)). */
const OPEN_AT_ONCE = 819;
/** Growth is looked at from this many on. */
const GROWTH_FROM = 30;

/** Past every instant that 64 signed bits hold. */
const NEVER = 1n << 63n;

interface Server {
  readonly name: string;
  readonly rows: number[];
}

function serversOf(flows: Batch, rows: readonly number[]): Server[] {
  const ports = flows.u16('responder_port');
  const servers = new Map<string, Server>();
  for (const row of rows) {
    const name = `${flows.address('responder', row)} port ${ports[row]}`;
    const server = servers.get(name) ?? { name, rows: [] };
    servers.set(name, server);
    server.rows.push(row);
  }
  return [...servers.values()];
}

/** Largest number of intervals that hold one instant; ends count before begins. */
function mostAtOnce(intervals: readonly (readonly [bigint, bigint])[]): number {
  const steps = intervals.flatMap(([from, to]) => [[from, 1] as const, [to, -1] as const]);
  steps.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1]));
  let open = 0;
  let most = 0;
  for (const [, step] of steps) most = Math.max(most, (open += step));
  return most;
}

const grows = ({ counts }: Trend): boolean =>
  counts.every((count, part) => count >= (counts[part - 1] ?? 0)) &&
  (counts.at(-1) ?? 0) >= Math.max(GROWTH_FROM, 2 * (counts[0] ?? 0));

export const concurrent: Rule = (flows) => {
  const state = codeOf(flows, 'connection_state');
  const attempts = countOf(flows, 'handshake_attempts');
  const span = spanOf(flows);
  if (span === null) return null;
  const first = flows.i64('first_timestamp_ns');
  const last = flows.i64('last_timestamp_ns');
  const isOver = (row: number): boolean => state(row) === 'closed' || state(row) === 'reset';
  const came = rowsWhere(flows, (row) => {
    const now = state(row);
    return now !== null && now !== 'refused' && (now !== 'half_open' || attempts(row) === 0);
  });
  const found = serversOf(flows, came).flatMap(({ name, rows }) => {
    const intervals = rows.map((row) => [first[row] ?? 0n, isOver(row) ? (last[row] ?? 0n) : NEVER] as const);
    const most = mostAtOnce(intervals);
    if (most < GROWTH_FROM) return [];
    // Open at the end of each part: an instant, so that growth cannot come from short connections.
    const trend = trendOver(
      span,
      (_, to) => intervals.filter(([from, until]) => from < to && until >= to).length,
    );
    const isGrowing = trend !== null && grows(trend);
    return most >= OPEN_AT_ONCE || isGrowing ? [{ name, rows, most, trend, isGrowing }] : [];
  });
  const worst = found.sort((a, b) => b.most - a.most || (a.name < b.name ? -1 : 1))[0];
  if (worst === undefined) return null;
  const growth = worst.isGrowing ? ', and their number only ever grew' : '';
  const others = found.length > 1 ? `; ${found.length - 1} more such servers` : '';
  return {
    id: 'connection/concurrent',
    severity: 'warning',
    claim: `${worst.name}: up to ${worst.most} connections open at once${growth}${others}`,
    threshold: `${OPEN_AT_ONCE} at once (80 % of 1024, the usual soft limit of open files), or at least ${GROWTH_FROM} after growth through all twelfths of the capture to twice the first; defaults, not a standard`,
    limits:
      'a connection whose close the capture missed counts as open; connections opened before the capture count from their first packet',
    count: worst.most,
    trend: worst.trend,
    flow_ids: namedFlows(flows, worst.rows),
  };
};
