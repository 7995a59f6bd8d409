/** One packet as the bytes that a capture at one end holds: addresses, marks, TTL and numbers as they are there. */

import { icmpMessage, ipPacket, protocols, tcpSegment, udpDatagram } from '../packets.ts';
import type { TcpOption } from '../packets.ts';
import { checksumOnTheWay, leavePartial, spoil } from './checksums.ts';
import { senderOf } from './packet.ts';
import type { End, Flow, Message, Slice, Unit } from './packet.ts';
import type { Lane, Scenario } from './scenario.ts';

/** MAC addresses 02:00:5e:00:53:01 (here) and :02 (next hop), then the EtherType. */
const ETHERNET = {
  leaving4: Uint8Array.of(2, 0, 0x5e, 0, 0x53, 2, 2, 0, 0x5e, 0, 0x53, 1, 0x08, 0x00),
  entering4: Uint8Array.of(2, 0, 0x5e, 0, 0x53, 1, 2, 0, 0x5e, 0, 0x53, 2, 0x08, 0x00),
  leaving6: Uint8Array.of(2, 0, 0x5e, 0, 0x53, 2, 2, 0, 0x5e, 0, 0x53, 1, 0x86, 0xdd),
  entering6: Uint8Array.of(2, 0, 0x5e, 0, 0x53, 1, 2, 0, 0x5e, 0, 0x53, 2, 0x86, 0xdd),
} as const;

/** Where a packet is seen, and what the path has done to it until then. */
export interface Sighting {
  readonly unit: Unit;
  readonly message: Message;
  readonly slice: Slice | null;
  readonly end: End;
  /** Hops behind it; 0 at its sender. */
  readonly hops: number;
  /** What only an arrival has: the IP ID that a translator gave it. */
  readonly ipId: number;
}

export function ethernetBytes(scenario: Scenario, sighting: Sighting): Uint8Array {
  const packet = ipBytes(scenario, sighting);
  markChecksum(scenario, sighting, packet);
  const isLeaving = senderOf(sighting.unit.direction) === sighting.end && sighting.message.kind !== 'too-big';
  const header =
    scenario.ipVersion === 4
      ? isLeaving
        ? ETHERNET.leaving4
        : ETHERNET.entering4
      : isLeaving
        ? ETHERNET.leaving6
        : ETHERNET.entering6;
  const frame = new Uint8Array(14 + packet.length);
  frame.set(header);
  frame.set(packet, 14);
  return frame;
}

function markChecksum(scenario: Scenario, { unit, message, end }: Sighting, packet: Uint8Array): void {
  if (unit.slice !== null || (message.kind !== 'udp' && message.kind !== 'tcp')) return;
  const isUp = unit.direction === 'client_to_server';
  const lane = isUp ? scenario.clientToServer : scenario.serverToClient;
  if (senderOf(unit.direction) !== end) spoil(packet, checksumOnTheWay(lane, unit));
  else if (scenario[end].capture.leavesChecksums) leavePartial(packet);
}

function ipBytes(scenario: Scenario, sighting: Sighting): Uint8Array {
  const { unit, message, slice, end, hops, ipId } = sighting;
  const { flow, direction, ip } = unit;
  const view = flow.views[end];
  const isUp = direction === 'client_to_server';
  const hasCrossed = senderOf(direction) !== end;
  const lane = isUp ? scenario.clientToServer : scenario.serverToClient;
  const addresses =
    message.kind === 'too-big'
      ? { src: message.router, dst: isUp ? view.serverAddress : view.clientAddress }
      : isUp
        ? { src: view.clientAddress, dst: view.serverAddress }
        : { src: view.serverAddress, dst: view.clientAddress };
  const transport = transportOf(scenario, sighting, addresses);
  const fields = {
    ...addresses,
    protocol: protocolOf(flow, scenario.ipVersion),
    ttl: message.kind === 'too-big' ? 63 : ip.ttl - hops,
    dscp: hasCrossed ? remarked(ip.dscp, lane) : ip.dscp,
    ecn: hasCrossed && lane.ecn === 'bleach' ? 0 : ip.ecn,
    id: ipId,
  };
  if (message.kind === 'too-big') {
    return ipPacket(
      { ...fields, protocol: scenario.ipVersion === 4 ? protocols.icmp : protocols.icmpv6 },
      transport,
    );
  }
  if (slice === null) return ipPacket({ ...fields, dontFragment: unit.dontFragment }, transport);
  const part = transport.subarray(slice.offset, slice.offset + slice.length);
  if (scenario.ipVersion === 4) {
    return ipPacket(
      { ...fields, moreFragments: slice.moreFragments, fragmentOffset: slice.offset / 8 },
      part,
    );
  }
  const body = new Uint8Array(6);
  const dataView = new DataView(body.buffer);
  dataView.setUint16(0, slice.offset | (slice.moreFragments ? 1 : 0));
  dataView.setUint32(2, ipId);
  return ipPacket({ ...fields, extensions: [{ type: protocols.fragment, body }] }, part);
}

function protocolOf(flow: Flow, ipVersion: 4 | 6): number {
  switch (flow.protocol) {
    case 'tcp':
      return protocols.tcp;
    case 'udp':
      return protocols.udp;
    case 'icmp':
      return ipVersion === 4 ? protocols.icmp : protocols.icmpv6;
  }
}

export function remarked(dscp: number, lane: Lane): number {
  switch (lane.dscp) {
    case 'keep':
      return dscp;
    case 'bleach':
      return 0;
    case 'bleach-low':
      return dscp & 0x07;
  }
}

function transportOf(
  scenario: Scenario,
  { unit, message, end }: Sighting,
  addresses: { readonly src: string; readonly dst: string },
): Uint8Array {
  const { flow, direction } = unit;
  const view = flow.views[end];
  const isUp = direction === 'client_to_server';
  const hasCrossed = senderOf(direction) !== end;
  const [srcPort, dstPort] = isUp ? [view.clientPort, view.serverPort] : [view.serverPort, view.clientPort];
  switch (message.kind) {
    case 'udp': {
      let { payload } = message;
      if (flow.isRewritten && isUp && hasCrossed) {
        payload = payload.slice();
        for (let i = 0; i < Math.min(4, payload.length); i++) payload[i]! ^= 0xa5;
      }
      return udpDatagram(addresses, { srcPort, dstPort, payload });
    }
    case 'tcp': {
      const lane = isUp ? scenario.clientToServer : scenario.serverToClient;
      const clamp = hasCrossed ? (lane.mssClampBytes ?? Infinity) : Infinity;
      // The middlebox stands between the captures: the server's side of it speaks in moved numbers.
      const shift = end === 'server' ? flow.sequenceShift : 0;
      const seq = message.seq + (isUp ? shift : 0);
      const ack = message.ack === null ? undefined : message.ack + (isUp ? 0 : shift);
      const sack = message.sack.map(
        ([left, right]) => [left + (isUp ? 0 : shift), right + (isUp ? 0 : shift)] as const,
      );
      return tcpSegment(addresses, {
        srcPort,
        dstPort,
        seq,
        ...(ack === undefined ? {} : { ack }),
        flags: message.flags,
        window: message.window,
        options: optionsOf({ ...message, sack }, clamp),
        payload:
          message.payload ??
          streamBytes(flow.token ^ (isUp ? 0 : -1), message.streamOffset, message.payloadBytes),
      });
    }
    case 'echo': {
      const [request, reply] = scenario.ipVersion === 4 ? [8, 0] : [128, 129];
      return icmpMessage(addresses, {
        type: message.isReply ? reply : request,
        rest: ((view.clientPort << 16) | message.sequence) >>> 0,
        payload: message.payload,
      });
    }
    case 'too-big': {
      // RFC 792 asks for 8 bytes of what followed the IP header; RFC 4443 for as much as fits.
      const { about } = message;
      const offender = ipBytes(scenario, {
        unit: about,
        message: about.message,
        slice: about.slice,
        end,
        hops: 1,
        ipId: about.ip.id,
      });
      return scenario.ipVersion === 4
        ? icmpMessage(addresses, {
            type: 3,
            code: 4,
            rest: message.mtuBytes,
            payload: offender.subarray(0, 28),
          })
        : icmpMessage(addresses, { type: 2, rest: message.mtuBytes, payload: offender.subarray(0, 1232) });
    }
  }
}

function optionsOf(message: Message & { readonly kind: 'tcp' }, clampBytes: number): TcpOption[] {
  const nop = { kind: 'nop' } as const;
  const { mssBytes, tsValue, tsEcho, sack } = message;
  const timestamps =
    tsValue === null ? null : ({ kind: 'timestamps', value: tsValue, echo: tsEcho ?? 0 } as const);
  if (mssBytes !== null) {
    const rest: TcpOption[] =
      timestamps === null ? [nop, nop, { kind: 'sack-permitted' }] : [{ kind: 'sack-permitted' }, timestamps];
    return [{ kind: 'mss', bytes: Math.min(mssBytes, clampBytes) }, ...rest];
  }
  return [
    ...(timestamps === null ? [] : [nop, nop, timestamps]),
    ...(sack.length === 0 ? [] : [nop, nop, { kind: 'sack', blocks: sack } as const]),
  ];
}

/** Same stream position, same bytes: a repeat repeats its payload however it is cut, and no two streams share one. */
function streamBytes(token: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let word = -1;
  let value = 0;
  for (let i = 0; i < length; i++) {
    const position = offset + i;
    if (position >>> 2 !== word) {
      word = position >>> 2;
      value = Math.imul(word ^ token, 0x9e3779b1);
      value = Math.imul(value ^ (value >>> 15), 0x85ebca6b);
      value ^= value >>> 13;
    }
    bytes[i] = value >>> ((position & 3) * 8);
  }
  return bytes;
}
