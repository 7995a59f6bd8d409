/** DSCP or hop count that changes inside a flow: a path or a policy changed while it ran. */

import { countOf, namedFlows, plural, rowsWhere } from '../select.ts';
import type { Rule } from '../types.ts';

export const dscpChanges: Rule = (flows) => {
  const forward = countOf(flows, 'forward_dscp_changes');
  const reverse = countOf(flows, 'reverse_dscp_changes');
  const rows = rowsWhere(flows, (row) => forward(row) + reverse(row) > 0);
  if (rows.length === 0) return null;
  return {
    id: 'marking/dscp-changes',
    severity: 'info',
    claim: `${plural(rows.length, 'flow')} ${rows.length === 1 ? 'changes' : 'change'} DSCP while running`,
    threshold: 'any change between consecutive packets of one direction (RFC 2474)',
    limits:
      'senders may mark on purpose (WireGuard marks its handshakes AF41); re-marking on the path needs both ends',
    count: rows.length,
    flow_ids: namedFlows(flows, rows),
  };
};

export const ttlChanges: Rule = (flows) => {
  const forward = countOf(flows, 'forward_ttl_changes');
  const reverse = countOf(flows, 'reverse_ttl_changes');
  const rows = rowsWhere(flows, (row) => forward(row) + reverse(row) > 0);
  if (rows.length === 0) return null;
  return {
    id: 'path/ttl-changes',
    severity: 'info',
    claim: `${plural(rows.length, 'flow')} ${rows.length === 1 ? 'changes' : 'change'} TTL while running`,
    threshold: 'any change between consecutive packets of one direction',
    limits: 'a middlebox that answers for the host changes TTL without a route change',
    count: rows.length,
    flow_ids: namedFlows(flows, rows),
  };
};
