/** IPv4 and IPv6 headers, extension headers and fragments. Upper layers are built in transport.ts. */

import { addressBytes } from './addresses.ts';
import { concat, padded, viewOf } from './bytes.ts';
import { internetChecksum } from './checksum.ts';

/** IANA protocol numbers the builders know by name. */
export const protocols = {
  hopByHop: 0,
  icmp: 1,
  ipv4: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  routing: 43,
  fragment: 44,
  gre: 47,
  icmpv6: 58,
  noNextHeader: 59,
  destinationOptions: 60,
} as const;

export interface IpFields {
  /** Text; the family of `src` decides the version. */
  readonly src: string;
  readonly dst: string;
  readonly protocol: number;
  /** TTL or hop limit. */
  readonly ttl?: number;
  /** 0–63. */
  readonly dscp?: number;
  /** 0–3. */
  readonly ecn?: number;
  /** IPv4 only. */
  readonly id?: number;
  readonly dontFragment?: boolean;
  readonly moreFragments?: boolean;
  /** IPv4 only, in units of 8 bytes as on the wire. */
  readonly fragmentOffset?: number;
  /** IPv4 options, padded here to 4 bytes. */
  readonly options?: Uint8Array;
  /** IPv6 only. */
  readonly flowLabel?: number;
  /** IPv6 only, in wire order before `protocol`. */
  readonly extensions?: readonly Ipv6Extension[];
  /** Written instead of the true total (v4) or payload (v6) length; 0 makes what TSO leaves in captures. */
  readonly lengthField?: number;
}

/** One IPv6 extension header; `body` excludes the next-header and length bytes and is padded to fit. */
export interface Ipv6Extension {
  readonly type: number;
  readonly body: Uint8Array;
}

/** One IP packet, header checksum right. */
export function ipPacket(fields: IpFields, payload: Uint8Array): Uint8Array {
  return addressBytes(fields.src).length === 4 ? ipv4Packet(fields, payload) : ipv6Packet(fields, payload);
}

function ipv4Packet(fields: IpFields, payload: Uint8Array): Uint8Array {
  const options = padded(fields.options ?? new Uint8Array(0), 4);
  const headerLength = 20 + options.length;
  const packet = new Uint8Array(headerLength + payload.length);
  const view = viewOf(packet);
  packet[0] = 0x40 | (headerLength / 4);
  packet[1] = ((fields.dscp ?? 0) << 2) | (fields.ecn ?? 0);
  view.setUint16(2, fields.lengthField ?? packet.length);
  view.setUint16(4, fields.id ?? 0);
  const flags = (fields.dontFragment ? 0x4000 : 0) | (fields.moreFragments ? 0x2000 : 0);
  view.setUint16(6, flags | (fields.fragmentOffset ?? 0));
  packet[8] = fields.ttl ?? 64;
  packet[9] = fields.protocol;
  packet.set(addressBytes(fields.src), 12);
  packet.set(addressBytes(fields.dst), 16);
  packet.set(options, 20);
  view.setUint16(10, internetChecksum(packet.subarray(0, headerLength)));
  packet.set(payload, headerLength);
  return packet;
}

function ipv6Packet(fields: IpFields, payload: Uint8Array): Uint8Array {
  const extensions = fields.extensions ?? [];
  const chain = extensions.map((extension, i) => {
    const next = extensions[i + 1]?.type ?? fields.protocol;
    const header = padded(concat([Uint8Array.of(next, 0), extension.body]), 8);
    // The fragment header has a reserved byte where the others carry their length.
    if (extension.type !== protocols.fragment) header[1] = header.length / 8 - 1;
    return header;
  });
  const rest = concat([...chain, payload]);
  const packet = new Uint8Array(40 + rest.length);
  const view = viewOf(packet);
  const trafficClass = ((fields.dscp ?? 0) << 2) | (fields.ecn ?? 0);
  view.setUint32(0, (0x60000000 | (trafficClass << 20) | (fields.flowLabel ?? 0)) >>> 0);
  view.setUint16(4, fields.lengthField ?? rest.length);
  packet[6] = extensions[0]?.type ?? fields.protocol;
  packet[7] = fields.ttl ?? 64;
  packet.set(addressBytes(fields.src), 8);
  packet.set(addressBytes(fields.dst), 24);
  packet.set(rest, 40);
  return packet;
}

/** The IPv6 fragment header (RFC 8200 §4.5); `offset` in units of 8 bytes. */
export function fragmentExtension(
  offset: number,
  moreFragments: boolean,
  identification: number,
): Ipv6Extension {
  const body = new Uint8Array(6);
  const view = viewOf(body);
  view.setUint16(0, (offset << 3) | (moreFragments ? 1 : 0));
  view.setUint32(2, identification >>> 0);
  return { type: protocols.fragment, body };
}

/**
 * Cuts `payload` (a whole TCP segment, UDP datagram or ICMP message, checksum over all of it) into fragments whose IP
 * length is at most `mtuBytes`. One packet, unfragmented, where it fits.
 */
export function fragmentedPackets(fields: IpFields, payload: Uint8Array, mtuBytes: number): Uint8Array[] {
  const whole = ipPacket(fields, payload);
  if (whole.length <= mtuBytes) return [whole];
  const isV4 = addressBytes(fields.src).length === 4;
  const header = whole.length - payload.length + (isV4 ? 0 : 8);
  const step = (mtuBytes - header) & ~7;
  if (step <= 0) throw new Error(`an MTU of ${mtuBytes} leaves no room for a fragment`);
  const fragments: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += step) {
    const piece = payload.subarray(at, at + step);
    const moreFragments = at + step < payload.length;
    fragments.push(
      isV4
        ? ipPacket({ ...fields, dontFragment: false, moreFragments, fragmentOffset: at / 8 }, piece)
        : ipPacket(
            {
              ...fields,
              extensions: [
                ...(fields.extensions ?? []),
                fragmentExtension(at / 8, moreFragments, fields.id ?? 0),
              ],
            },
            piece,
          ),
    );
  }
  return fragments;
}
