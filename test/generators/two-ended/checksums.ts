/** What the path and the sending card do to transport checksums, in the bytes of an IP packet. */

import { internetChecksum } from '../packets.ts';
import type { Unit } from './packet.ts';
import type { Lane } from './scenario.ts';

export type ChecksumTruth = 'kept' | 'broken' | 'damaged' | 'removed';

/** Drawn from the packet's number: both captures and the truth agree. */
export function checksumOnTheWay({ checksums }: Lane, unit: Unit): ChecksumTruth {
  const isWhole = unit.slice === null && (unit.message.kind === 'udp' || unit.message.kind === 'tcp');
  if (checksums === null || !isWhole) return 'kept';
  const drawn = (Math.imul(unit.ordinal + 1, 0x9e37_79b1) >>> 0) / 2 ** 32;
  const { broken, damaged, removed } = checksums;
  if (drawn < broken) return 'broken';
  const hasPayload = unit.message.kind === 'udp' || unit.message.payloadBytes > 0;
  if (drawn < broken + damaged) return hasPayload ? 'damaged' : 'kept';
  return drawn < broken + damaged + removed && unit.message.kind === 'udp' ? 'removed' : 'kept';
}

export function spoil(packet: Uint8Array, truth: ChecksumTruth): void {
  const at = checksumAt(packet);
  if (truth === 'broken') packet[at]! ^= 0x5a;
  if (truth === 'damaged') packet[packet.length - 1]! ^= 0x11;
  if (truth === 'removed') packet.fill(0, at, at + 2);
}

/** The sum of the pseudo header, not complemented: what a stack hands to a card that fills in the rest. */
export function leavePartial(packet: Uint8Array): void {
  const isV4 = packet[0]! >>> 4 === 4;
  const header = isV4 ? 20 : 40;
  const protocol = packet[isV4 ? 9 : 6]!;
  const length = packet.length - header;
  const pseudo = new Uint8Array([
    ...packet.subarray(isV4 ? 12 : 8, header),
    ...[0, protocol, length >>> 8, length & 0xff],
  ]);
  const sum = ~internetChecksum(pseudo) & 0xffff;
  packet.set([sum >>> 8, sum & 0xff], checksumAt(packet));
}

function checksumAt(packet: Uint8Array): number {
  const isV4 = packet[0]! >>> 4 === 4;
  const protocol = packet[isV4 ? 9 : 6]!;
  return (isV4 ? 20 : 40) + (protocol === 17 ? 6 : 16);
}
