/** Connections that never came to be, and what it took to open those that did. */

import type { Batch } from '../../tables/batch.ts';
import { codeOf, countOf, namedFlows, plural, rowsWhere } from '../select.ts';
import { trendOfBegins } from '../trend.ts';
import type { Finding, Rule } from '../types.ts';

const CAPTURE_LIMITS =
  'an answer that the capture missed looks like none; a connection that began before the capture is not counted';

/** TCP flows whose SYN was seen. */
export function opened(flows: Batch): number[] {
  const attempts = countOf(flows, 'handshake_attempts');
  return rowsWhere(flows, (row) => attempts(row) > 0);
}

function finding(
  flows: Batch,
  rows: readonly number[],
  words: Pick<Finding, 'id' | 'claim' | 'threshold' | 'limits'>,
): Finding | null {
  if (rows.length === 0) return null;
  return {
    ...words,
    severity: 'warning',
    count: rows.length,
    trend: trendOfBegins(flows, rows),
    flow_ids: namedFlows(flows, rows),
  };
}

export const refused: Rule = (flows) => {
  const state = codeOf(flows, 'connection_state');
  const tried = opened(flows);
  const rows = tried.filter((row) => state(row) === 'refused');
  return finding(flows, rows, {
    id: 'connection/refused',
    claim: `${rows.length} of ${plural(tried.length, 'TCP connection')} refused: an RST answered the SYN`,
    threshold: 'any; a service that listens answers a SYN with SYN-ACK (RFC 9293 3.5)',
    limits: 'a firewall can refuse in the name of the server',
  });
};

export const unanswered: Rule = (flows) => {
  const state = codeOf(flows, 'connection_state');
  const answers = countOf(flows, 'reverse_packets');
  const tried = opened(flows);
  const rows = tried.filter((row) => state(row) === 'half_open' && answers(row) === 0);
  return finding(flows, rows, {
    id: 'connection/unanswered',
    claim: `${rows.length} of ${plural(tried.length, 'TCP connection')} never answered: no packet came back`,
    threshold: 'any; a working service answers every SYN (RFC 9293 3.5)',
    limits: CAPTURE_LIMITS,
  });
};

export const unfinished: Rule = (flows) => {
  const state = codeOf(flows, 'connection_state');
  const answers = countOf(flows, 'reverse_packets');
  const tried = opened(flows);
  const rows = tried.filter((row) => state(row) === 'half_open' && answers(row) > 0);
  return finding(flows, rows, {
    id: 'connection/unfinished',
    claim: `${rows.length} of ${plural(tried.length, 'TCP connection')} answered but never finished: no ACK followed the SYN-ACK`,
    threshold: 'any; the third packet of the handshake completes it (RFC 9293 3.5)',
    limits: 'a handshake under way when the capture ended looks the same; so does a SYN scan',
  });
};

export const synRetransmitted: Rule = (flows) => {
  const attempts = countOf(flows, 'handshake_attempts');
  const tried = opened(flows);
  const rows = tried.filter((row) => attempts(row) > 1);
  const extra = rows.reduce((sum, row) => sum + attempts(row) - 1, 0);
  return finding(flows, rows, {
    id: 'connection/syn-retransmitted',
    claim: `${rows.length} of ${plural(tried.length, 'TCP connection')} needed more than one SYN, ${plural(extra, 'SYN')} too many: each costs a second or more (RFC 6298 2.1)`,
    threshold: 'any SYN sent again',
    limits:
      'SYN, SYN-ACK or both may have been lost, or the server was slow; one capture point cannot tell which',
  });
};
