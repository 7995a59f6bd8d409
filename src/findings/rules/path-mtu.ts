/** Packets above a size that do not get through: routers that say so, and routers that do not. */

import { countOf, codeOf, namedFlows, plural, rowsWhere } from '../select.ts';
import type { Rule } from '../types.ts';

/** The smallest and largest of some sizes, as text. */
function range(values: readonly number[]): string {
  const known = values.filter((value) => value > 0).sort((a, b) => a - b);
  const [least, most] = [known[0], known.at(-1)];
  if (least === undefined || most === undefined) return 'an unstated size';
  return least === most ? `${least} bytes` : `${least} to ${most} bytes`;
}

export const packetTooBig: Rule = (flows) => {
  const finding = codeOf(flows, 'mtu_finding');
  const told = rowsWhere(flows, (row) => finding(row) === 'packet_too_big');
  if (told.length === 0) return null;
  // The errors' own flows speak for packets of flows outside the capture.
  const protocol = flows.u8('protocol');
  const quoted = told.filter((row) => protocol[row] !== 1 && protocol[row] !== 58);
  const rows = quoted.length > 0 ? quoted : told;
  const mtu = countOf(flows, 'path_mtu_bytes');
  return {
    id: 'path/packet-too-big',
    severity: 'info',
    claim: `ICMP errors named packets of ${plural(rows.length, 'flow')} too big; the next link carries ${range(rows.map(mtu))}`,
    threshold:
      'any ICMP type 3 code 4 (RFC 1191) or ICMPv6 type 2 (RFC 8201) whose quoted packet belongs to the flow, or the error’s own flow',
    limits: 'path MTU discovery at work is no fault; it costs one round trip where a larger packet was tried',
    count: rows.length,
    flow_ids: namedFlows(flows, rows),
  };
};

export const mtuBlackHole: Rule = (flows) => {
  const finding = codeOf(flows, 'mtu_finding');
  const rows = rowsWhere(flows, (row) => finding(row) === 'black_hole');
  if (rows.length === 0) return null;
  const arrived = countOf(flows, 'path_mtu_bytes');
  return {
    id: 'path/mtu-black-hole',
    severity: 'warning',
    claim: `larger packets of ${plural(rows.length, 'connection')} vanished without an ICMP error, while packets of up to ${range(rows.map(arrived))} arrived`,
    threshold:
      'a segment that must not be fragmented was sent at least four times and never acknowledged while the other end went on sending, or twice and then arrived in smaller pieces (RFC 2923 2.1, RFC 4821 7.7)',
    limits:
      'where the packets vanish is not shown by one end; an outage that lasts to the end of the capture can look alike',
    count: rows.length,
    flow_ids: namedFlows(flows, rows),
  };
};

export const mssClamp: Rule = (flows) => {
  const finding = codeOf(flows, 'mtu_finding');
  const rows = rowsWhere(flows, (row) => finding(row) === 'clamped');
  if (rows.length === 0) return null;
  return {
    id: 'path/mss-clamp',
    severity: 'info',
    claim: `the MSS option of ${plural(rows.length, 'connection')} was lowered between two points of this capture`,
    threshold: 'the same SYN seen twice, the second time with a smaller MSS option',
    limits: 'a clamp before the first or behind the last point of the capture is not seen',
    count: rows.length,
    flow_ids: namedFlows(flows, rows),
  };
};
