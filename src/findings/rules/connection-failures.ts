/** Connections that never came to be: refused (RST to the SYN) or unanswered (SYN without reply). */

import { codeOf, namedFlows, plural, rowsWhere } from '../select.ts';
import type { Rule } from '../types.ts';

export const connectionFailures: Rule = (flows) => {
  const state = codeOf(flows, 'connection_state');
  const tried = rowsWhere(flows, (row) => state(row) !== null);
  const refused = tried.filter((row) => state(row) === 'refused');
  const unanswered = tried.filter((row) => state(row) === 'half_open');
  const failed = [...refused, ...unanswered].sort((a, b) => a - b);
  if (failed.length === 0) return null;
  return {
    id: 'connection/failed',
    severity: 'warning',
    claim: `${failed.length} of ${plural(tried.length, 'TCP connection')} failed: ${refused.length} refused, ${unanswered.length} never answered`,
    threshold: 'any; a working service answers every SYN (RFC 9293 3.5)',
    limits:
      'an answer that the capture missed looks like none; a connection that began before the capture is not counted',
    count: failed.length,
    flow_ids: namedFlows(flows, failed),
  };
};
