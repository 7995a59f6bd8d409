/** One side has closed, the other never did: its peer sits in CLOSE_WAIT (RFC 9293 3.6). */

import { codeOf, namedFlows, plural, rowsWhere } from '../select.ts';
import { spanOf, trendOver } from '../trend.ts';
import type { Rule } from '../types.ts';
import { NS_PER_S } from '../../units.ts';

const LINGER_S = 60;

export const halfClosed: Rule = (flows) => {
  const state = codeOf(flows, 'connection_state');
  const last = flows.i64('last_timestamp_ns');
  const end = spanOf(flows)?.[1];
  if (end === undefined) return null;
  const limit = end - BigInt(LINGER_S * NS_PER_S);
  const lingering = rowsWhere(flows, (row) => state(row) === 'half_closed' && (last[row] ?? 0n) < limit);
  if (lingering.length === 0) return null;
  return {
    id: 'connection/half-closed',
    severity: 'warning',
    claim: `${plural(lingering.length, 'connection')} closed by one side only and silent for over ${LINGER_S} s: the other side holds the socket in CLOSE_WAIT`,
    threshold: `${LINGER_S} s of silence before the end of the capture; default, not a standard`,
    limits: 'a FIN that the capture missed looks like none',
    count: lingering.length,
    // How many hang at the end of each part, not how many came to hang in it.
    trend: trendOver(spanOf(flows), (_, to) => lingering.filter((row) => (last[row] ?? 0n) < to).length),
    flow_ids: namedFlows(flows, lingering),
  };
};
