/** TCP, UDP and ICMP messages with right checksums, alone or already inside their IP packet. */

import { addressBytes } from './addresses.ts';
import { concat, viewOf } from './bytes.ts';
import { internetChecksum, pseudoHeaderSum } from './checksum.ts';
import { ipPacket, protocols } from './ip.ts';
import type { IpFields } from './ip.ts';

/** TCP flag bits as in the header; AE is bit 8 (RFC 9293, RFC 9768). */
export const tcpFlags = {
  fin: 0x01,
  syn: 0x02,
  rst: 0x04,
  psh: 0x08,
  ack: 0x10,
  urg: 0x20,
  ece: 0x40,
  cwr: 0x80,
  ae: 0x100,
} as const;

/** One TCP option. They are written exactly as listed; only the end is padded, with end-of-list bytes. */
export type TcpOption =
  | { readonly kind: 'nop' }
  | { readonly kind: 'mss'; readonly bytes: number }
  | { readonly kind: 'window-scale'; readonly shift: number }
  | { readonly kind: 'sack-permitted' }
  | { readonly kind: 'sack'; readonly blocks: readonly (readonly [left: number, right: number])[] }
  | { readonly kind: 'timestamps'; readonly value: number; readonly echo: number }
  | { readonly kind: 'raw'; readonly bytes: Uint8Array };

export interface TcpFields {
  readonly srcPort: number;
  readonly dstPort: number;
  readonly seq: number;
  readonly ack?: number;
  readonly flags: number;
  /** As on the wire, before scaling. */
  readonly window?: number;
  readonly options?: readonly TcpOption[];
  readonly urgentPointer?: number;
  readonly payload?: Uint8Array;
}

export interface UdpFields {
  readonly srcPort: number;
  readonly dstPort: number;
  readonly payload?: Uint8Array;
  /** 0 means "not computed", which IPv4 allows. */
  readonly checksum?: number;
}

export interface IcmpFields {
  readonly type: number;
  readonly code?: number;
  /** Bytes 4–7: identifier and sequence, or unused and next-hop MTU. */
  readonly rest?: number;
  readonly payload?: Uint8Array;
}

type IpWithout = Omit<IpFields, 'protocol'>;

export function tcpOptionBytes(options: readonly TcpOption[]): Uint8Array {
  const bytes: number[] = [];
  const push32 = (value: number) =>
    bytes.push((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
  for (const option of options) {
    switch (option.kind) {
      case 'nop':
        bytes.push(1);
        break;
      case 'mss':
        bytes.push(2, 4, option.bytes >>> 8, option.bytes & 0xff);
        break;
      case 'window-scale':
        bytes.push(3, 3, option.shift);
        break;
      case 'sack-permitted':
        bytes.push(4, 2);
        break;
      case 'sack':
        bytes.push(5, 2 + 8 * option.blocks.length);
        for (const [left, right] of option.blocks) {
          push32(left);
          push32(right);
        }
        break;
      case 'timestamps':
        bytes.push(8, 10);
        push32(option.value);
        push32(option.echo);
        break;
      case 'raw':
        bytes.push(...option.bytes);
        break;
    }
  }
  while (bytes.length % 4 !== 0) bytes.push(0);
  if (bytes.length > 40) throw new Error(`TCP options of ${bytes.length} bytes; the header has room for 40`);
  return Uint8Array.from(bytes);
}

/** A TCP segment for these addresses (they only enter the checksum). */
export function tcpSegment(ip: Pick<IpFields, 'src' | 'dst'>, fields: TcpFields): Uint8Array {
  const options = tcpOptionBytes(fields.options ?? []);
  const payload = fields.payload ?? new Uint8Array(0);
  const headerLength = 20 + options.length;
  const segment = new Uint8Array(headerLength + payload.length);
  const view = viewOf(segment);
  view.setUint16(0, fields.srcPort);
  view.setUint16(2, fields.dstPort);
  view.setUint32(4, fields.seq >>> 0);
  view.setUint32(8, (fields.ack ?? 0) >>> 0);
  view.setUint16(12, ((headerLength / 4) << 12) | fields.flags);
  view.setUint16(14, fields.window ?? 0xffff);
  view.setUint16(18, fields.urgentPointer ?? 0);
  segment.set(options, 20);
  segment.set(payload, headerLength);
  view.setUint16(16, transportChecksum(ip, protocols.tcp, segment));
  return segment;
}

export function udpDatagram(ip: Pick<IpFields, 'src' | 'dst'>, fields: UdpFields): Uint8Array {
  const payload = fields.payload ?? new Uint8Array(0);
  const datagram = new Uint8Array(8 + payload.length);
  const view = viewOf(datagram);
  view.setUint16(0, fields.srcPort);
  view.setUint16(2, fields.dstPort);
  view.setUint16(4, datagram.length);
  datagram.set(payload, 8);
  // A sum of zero is sent as ffff, because zero says "none" (RFC 768).
  view.setUint16(6, fields.checksum ?? (transportChecksum(ip, protocols.udp, datagram) || 0xffff));
  return datagram;
}

/** ICMP for IPv4 addresses, ICMPv6 (with pseudo header) for IPv6. */
export function icmpMessage(ip: Pick<IpFields, 'src' | 'dst'>, fields: IcmpFields): Uint8Array {
  const payload = fields.payload ?? new Uint8Array(0);
  const message = new Uint8Array(8 + payload.length);
  const view = viewOf(message);
  message[0] = fields.type;
  message[1] = fields.code ?? 0;
  view.setUint32(4, (fields.rest ?? 0) >>> 0);
  message.set(payload, 8);
  const isV4 = addressBytes(ip.src).length === 4;
  view.setUint16(2, isV4 ? internetChecksum(message) : transportChecksum(ip, protocols.icmpv6, message));
  return message;
}

function transportChecksum(ip: Pick<IpFields, 'src' | 'dst'>, protocol: number, bytes: Uint8Array): number {
  const source = addressBytes(ip.src);
  const destination = addressBytes(ip.dst);
  return internetChecksum(bytes, pseudoHeaderSum(source, destination, protocol, bytes.length));
}

export function tcpPacket(ip: IpWithout, fields: TcpFields): Uint8Array {
  return ipPacket({ dontFragment: true, ...ip, protocol: protocols.tcp }, tcpSegment(ip, fields));
}

export function udpPacket(ip: IpWithout, fields: UdpFields): Uint8Array {
  return ipPacket({ ...ip, protocol: protocols.udp }, udpDatagram(ip, fields));
}

export function icmpPacket(ip: IpWithout, fields: IcmpFields): Uint8Array {
  const protocol = addressBytes(ip.src).length === 4 ? protocols.icmp : protocols.icmpv6;
  return ipPacket({ ...ip, protocol }, icmpMessage(ip, fields));
}

/** The quote an ICMP error carries: the start of the packet that caused it. */
export function quoted(packet: Uint8Array, bytes: number): Uint8Array {
  return concat([packet.subarray(0, bytes)]);
}
