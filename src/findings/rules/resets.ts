/** Established connections that an RST ended, by who sent it. */

import { codeOf, namedFlows, plural, rowsWhere } from '../select.ts';
import { trendOfBegins } from '../trend.ts';
import type { Rule } from '../types.ts';

function resetsBy(end: 'initiator' | 'responder', who: string): Rule {
  return (flows) => {
    const state = codeOf(flows, 'connection_state');
    const by = codeOf(flows, 'reset_by');
    const known = rowsWhere(flows, (row) => state(row) !== null).length;
    const rows = rowsWhere(flows, (row) => state(row) === 'reset' && by(row) === end);
    if (rows.length === 0) return null;
    return {
      id: `connection/reset-by-${end}`,
      severity: 'notice',
      claim: `${rows.length} of ${plural(known, 'TCP connection')} reset by the ${who}`,
      threshold: 'any RST on a connection that was not refused (RFC 9293 3.10.7)',
      limits:
        'some programs close by RST on purpose; a middlebox can reset in the name of either end (compare TTL)',
      count: rows.length,
      trend: trendOfBegins(flows, rows),
      flow_ids: namedFlows(flows, rows),
    };
  };
}

export const resetByInitiator = resetsBy('initiator', 'side that opened it');
export const resetByResponder = resetsBy('responder', 'side that was called');
