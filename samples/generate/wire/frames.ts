/** Link layers around an IP packet, by LINKTYPE (tcpdump.org/linktypes.html). */

import { macBytes } from './addresses.ts';
import type { ByteOrder } from './bytes.ts';
import { concat, u16, u32, viewOf } from './bytes.ts';

/** LINKTYPE numbers as in pcap and pcapng headers. */
export const linkTypes = {
  null: 0,
  ethernet: 1,
  raw: 101,
  loop: 108,
  linuxSll: 113,
  ipv4: 228,
  ipv6: 229,
  linuxSll2: 276,
} as const;

export const etherTypes = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd, vlan: 0x8100, qinq: 0x88a8 } as const;

export interface VlanTag {
  /** 0–4095. */
  readonly id: number;
  readonly priority?: number;
  /** 0x8100 unless it says otherwise; 0x88a8 is the outer tag of QinQ (802.1ad). */
  readonly tagProtocol?: number;
}

export interface EthernetFields {
  readonly source?: string;
  readonly destination?: string;
  /** Outermost first. */
  readonly vlans?: readonly VlanTag[];
  /** By default, what the first nibble of the packet says. */
  readonly etherType?: number;
  /** Zero bytes after the packet, as a NIC pads frames below 60 bytes. */
  readonly padToBytes?: number;
}

/** EtherType of an IP packet by its version nibble. */
export function etherTypeOf(packet: Uint8Array): number {
  return packet[0]! >>> 4 === 6 ? etherTypes.ipv6 : etherTypes.ipv4;
}

export function ethernetFrame(packet: Uint8Array, fields: EthernetFields = {}): Uint8Array {
  const tags = (fields.vlans ?? []).flatMap((tag) => [
    u16(tag.tagProtocol ?? etherTypes.vlan),
    u16(((tag.priority ?? 0) << 13) | tag.id),
  ]);
  const frame = concat([
    macBytes(fields.destination ?? '02:00:5e:00:53:02'),
    macBytes(fields.source ?? '02:00:5e:00:53:01'),
    ...tags,
    u16(fields.etherType ?? etherTypeOf(packet)),
    packet,
  ]);
  const shortBy = (fields.padToBytes ?? 0) - frame.length;
  return shortBy > 0 ? concat([frame, new Uint8Array(shortBy)]) : frame;
}

/** What a Linux "cooked" capture saw: to us 0, broadcast 1, multicast 2, to another 3, from us 4. */
export type SllPacketType = 0 | 1 | 2 | 3 | 4;

export function sllFrame(packet: Uint8Array, packetType: SllPacketType = 0): Uint8Array {
  const address = concat([macBytes('02:00:5e:00:53:01'), new Uint8Array(2)]);
  return concat([u16(packetType), u16(1), u16(6), address, u16(etherTypeOf(packet)), packet]);
}

export function sll2Frame(packet: Uint8Array, packetType: SllPacketType = 0, interfaceIndex = 2): Uint8Array {
  const address = concat([macBytes('02:00:5e:00:53:01'), new Uint8Array(2)]);
  return concat([
    u16(etherTypeOf(packet)),
    u16(0),
    u32(interfaceIndex),
    u16(1),
    Uint8Array.of(packetType, 6),
    address,
    packet,
  ]);
}

/** LINKTYPE_NULL: the address family in the byte order of the capturing host; IPv6 is 24, 28 or 30 by system. */
export function nullFrame(packet: Uint8Array, byteOrder: ByteOrder = 'little', ipv6Family = 30): Uint8Array {
  const family = new Uint8Array(4);
  viewOf(family).setUint32(0, packet[0]! >>> 4 === 6 ? ipv6Family : 2, byteOrder === 'little');
  return concat([family, packet]);
}

/** LINKTYPE_LOOP (OpenBSD): as NULL, but always in network order. */
export function loopFrame(packet: Uint8Array): Uint8Array {
  return nullFrame(packet, 'big', 24);
}
