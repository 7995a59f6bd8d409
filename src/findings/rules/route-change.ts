/**
 * The number of routers on a way changed at one instant, for several flows at once: a route change. TTL falls by one at each
 * router (RFC 791 3.1, RFC 8200 3), so a step in one flow may be a device that answers for its host; a step that flows share
 * and keep is of what they share, the way.
 */

import type { Batch } from '../../tables/batch.ts';
import { formatInstant } from '../../units.ts';
import type { Changes } from '../changes.ts';
import { namedFlows, plural } from '../select.ts';
import { initialTtl, senderOf } from '../sides.ts';
import { LASTING_S, TOGETHER_S, largestFirst, lastingSteps, sharedSteps, type SharedStep } from '../steps.ts';
import { spanOf, trendOver } from '../trend.ts';
import type { Rule } from '../types.ts';

/** Steps that several flows share and that one initial TTL explains on both sides. */
export function routeSteps(flows: Batch, changes: Changes): SharedStep[] {
  const steps = lastingSteps(flows, changes, 'ttl').filter(
    ({ before, after }) => initialTtl(before) !== null && initialTtl(before) === initialTtl(after),
  );
  return largestFirst(sharedSteps(flows, steps, ({ before, after }) => String(after - before)));
}

function whoseWay(flows: Batch, { steps, end }: SharedStep): string {
  const hosts = new Set(steps.map(({ direction }) => flows.address(senderOf(direction), direction.row)));
  const [only] = hosts;
  if (hosts.size === 1 && only !== undefined) return `from ${only}`;
  return end === 'sender'
    ? `from ${plural(hosts.size, 'host')} of one network`
    : `from ${plural(hosts.size, 'host')} of several networks to one host`;
}

export const routeChange: Rule = (flows, changes) => {
  const shared = routeSteps(flows, changes);
  const worst = shared[0];
  const first = worst?.steps[0];
  if (worst === undefined || first === undefined) return null;
  const hops = first.before - first.after;
  const all = shared.flatMap(({ steps }) => steps);
  const rows = [...new Set(all.map(({ direction }) => direction.row))].sort((a, b) => a - b);
  const others = shared.length > 1 ? `; ${plural(shared.length - 1, 'more such step')}` : '';
  const way = new Set(worst.steps.map(({ direction }) => direction.row)).size;
  return {
    id: 'path/route-change',
    severity: 'notice',
    claim: `the way ${whoseWay(flows, worst)} has ${plural(Math.abs(hops), hops > 0 ? 'more router' : 'fewer router', hops > 0 ? 'more routers' : 'fewer routers')} from ${formatInstant(first.timestampNs)} on: the TTL of ${plural(way, 'flow')} stepped and stayed${others}`,
    threshold: `the same step of TTL in at least 2 flows from one network (/24, /48), or in 3 flows from several networks to one host, within ${TOGETHER_S} s, kept for ${LASTING_S} s before and after, and explained by one initial TTL (64, 128 or 255; at most 30 hops); defaults, not a standard`,
    limits:
      'which router changed is not shown; a tunnel or filter switched on, or a stand-in that took over the address, look alike; a change to a way of as many routers is not seen',
    count: rows.length,
    trend: trendOver(
      spanOf(flows),
      (from, to) => all.filter(({ timestampNs }) => timestampNs >= from && timestampNs < to).length,
    ),
    flow_ids: namedFlows(flows, rows),
  };
};
