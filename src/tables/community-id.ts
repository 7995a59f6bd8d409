/**
 * Community ID v1, seed 0: base64 of SHA-1 over seed, ordered addresses, protocol, zero byte, ordered ports.
 * Source: the open Community ID flow hashing specification, as Zeek, Suricata, Arkime and tshark print it.
 */

import { createHash } from 'node:crypto';

/** Protocols whose ports take part; the id of others is over addresses and protocol only. */
const WITH_PORTS = new Set([6, 17, 132]);

/**
 * @param initiator,responder 16-byte addresses, IPv4 as ::ffff:a.b.c.d.
 * @returns null for ICMP: its id needs type and code, which a flow row does not hold.
 */
export function communityId(
  isIpv4: boolean,
  protocol: number,
  initiator: Uint8Array,
  initiatorPort: number | null,
  responder: Uint8Array,
  responderPort: number | null,
): string | null {
  if (protocol === 1 || protocol === 58) return null;
  const one = isIpv4 ? initiator.subarray(12) : initiator;
  const two = isIpv4 ? responder.subarray(12) : responder;
  const order = Buffer.compare(one, two);
  const hasPorts = WITH_PORTS.has(protocol) && initiatorPort !== null && responderPort !== null;
  const swap = order > 0 || (order === 0 && hasPorts && initiatorPort > responderPort);
  const [first, second] = swap ? [two, one] : [one, two];
  const head = Buffer.from([0, 0]);
  const tail = hasPorts ? Buffer.alloc(6) : Buffer.alloc(2);
  tail[0] = protocol;
  if (hasPorts) {
    tail.writeUInt16BE(swap ? responderPort : initiatorPort, 2);
    tail.writeUInt16BE(swap ? initiatorPort : responderPort, 4);
  }
  const digest = createHash('sha1').update(head).update(first).update(second).update(tail).digest('base64');
  return `1:${digest}`;
}
