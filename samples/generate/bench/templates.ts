/**
 * Headers of every benchmark flow, laid out once: a packet is then a copy, a few patched fields and two checksums
 * finished from sums taken here. Offsets are within the frame.
 */

import { onesComplementSum } from '../wire/checksum.ts';
import { ethernetFrame } from '../wire/frames.ts';
import { ipPacket, protocols } from '../wire/ip.ts';
import { tcpFlags, tcpPacket, tcpSegment, udpDatagram } from '../wire/transport.ts';
import type { TcpOption } from '../wire/transport.ts';

/** Room for Ethernet, one VLAN tag, IPv6 and TCP with timestamps (90 bytes). */
export const STRIDE = 96;

export interface FlowTable {
  readonly flows: number;
  /** One header for each flow and direction, at (2 × flow + direction) × STRIDE. */
  readonly headers: Uint8Array;
  readonly headerLength: Uint8Array;
  /** Where the IP header starts: 14, or 18 behind a VLAN tag. */
  readonly ipAt: Uint8Array;
  readonly isIpv6: Uint8Array;
  readonly isTcp: Uint8Array;
  /** Ones' complement sum of the IPv4 header with length, ID and checksum zero. */
  readonly ipSum: Uint32Array;
  /** The same of pseudo header and transport header with every patched field zero. */
  readonly transportSum: Uint32Array;
  /** Flow numbers by transport. */
  readonly tcpFlows: Uint32Array;
  readonly udpFlows: Uint32Array;
}

export interface FlowAddresses {
  readonly client: string;
  readonly server: string;
  readonly clientPort: number;
  readonly serverPort: number;
  readonly vlan: number | null;
  readonly isTcp: boolean;
}

/** What flows speak: `mixed` has one TCP flow in five, with a third of the packets. */
export type BenchMix = 'mixed' | 'tcp';

/** One flow in seven is IPv6, one in eleven tagged. */
export function flowAddresses(flow: number, mix: BenchMix = 'mixed'): FlowAddresses {
  const isIpv6 = flow % 7 === 3;
  const isTcp = mix === 'tcp' || flow % 5 === 0;
  const host = flow % 65_000;
  return {
    client: isIpv6
      ? `2001:db8:${(1 + Math.floor(flow / 65_000)).toString(16)}::${(host + 1).toString(16)}`
      : `100.${64 + Math.floor(flow / 65_000)}.${host >>> 8}.${host & 0xff}`,
    server: isIpv6 ? '2001:db8:53::10' : `203.0.113.${10 + (flow % 4)}`,
    clientPort: 10_000 + ((flow * 7919) % 50_000),
    serverPort: isTcp ? 7777 : 27_015 + (flow % 3),
    vlan: flow % 11 === 5 ? 100 + (flow % 8) : null,
    isTcp,
  };
}

export function flowTable(flows: number, mix: BenchMix = 'mixed'): FlowTable {
  const headers = new Uint8Array(flows * 2 * STRIDE);
  const headerLength = new Uint8Array(flows);
  const ipAt = new Uint8Array(flows);
  const isIpv6 = new Uint8Array(flows);
  const isTcp = new Uint8Array(flows);
  const ipSum = new Uint32Array(flows * 2);
  const transportSum = new Uint32Array(flows * 2);
  const tcpFlows: number[] = [];
  const udpFlows: number[] = [];
  for (let flow = 0; flow < flows; flow++) {
    const facts = flowAddresses(flow, mix);
    (facts.isTcp ? tcpFlows : udpFlows).push(flow);
    isTcp[flow] = facts.isTcp ? 1 : 0;
    isIpv6[flow] = facts.client.includes(':') ? 1 : 0;
    ipAt[flow] = facts.vlan === null ? 14 : 18;
    for (let direction = 0; direction < 2; direction++) {
      const frame = headerFrame(facts, direction);
      const slot = 2 * flow + direction;
      const ip = ipAt[flow]!;
      const transport = ip + (isIpv6[flow] === 1 ? 40 : 20);
      headerLength[flow] = frame.length;
      // Patched for each packet, so they must not be in the sums: IP length and checksum, transport checksum.
      if (isIpv6[flow] === 1) frame.fill(0, ip + 4, ip + 6);
      else {
        frame.fill(0, ip + 2, ip + 4);
        frame.fill(0, ip + 10, ip + 12);
        ipSum[slot] = onesComplementSum(frame.subarray(ip, ip + 20));
      }
      const checksumAt = transport + (facts.isTcp ? 16 : 6);
      frame.fill(0, checksumAt, checksumAt + 2);
      if (!facts.isTcp) frame.fill(0, transport + 4, transport + 6);
      const addresses = frame.subarray(isIpv6[flow] === 1 ? ip + 8 : ip + 12, transport);
      transportSum[slot] = onesComplementSum(
        frame.subarray(transport),
        onesComplementSum(addresses) + (facts.isTcp ? protocols.tcp : protocols.udp),
      );
      headers.set(frame, slot * STRIDE);
    }
  }
  return {
    flows,
    headers,
    headerLength,
    ipAt,
    isIpv6,
    isTcp,
    ipSum,
    transportSum,
    tcpFlows: Uint32Array.from(tcpFlows),
    udpFlows: Uint32Array.from(udpFlows),
  };
}

function headerFrame(facts: FlowAddresses, direction: number): Uint8Array {
  const ip = ipOf(facts, direction);
  const ports = portsOf(facts, direction);
  const nop = { kind: 'nop' } as const;
  const message = facts.isTcp
    ? tcpSegment(ip, {
        ...ports,
        seq: 0,
        ack: 0,
        flags: 0,
        window: 502,
        options: [nop, nop, { kind: 'timestamps', value: 0, echo: 0 }],
      })
    : udpDatagram(ip, ports);
  return inFrame(facts, direction, ipPacket(ip, message));
}

/** A SYN or SYN-ACK of this flow, whole. */
export function synFrame(
  flow: number,
  direction: number,
  fields: {
    readonly seq: number;
    readonly ack: number | null;
    readonly tsValue: number;
    readonly tsEcho: number;
  },
  mix: BenchMix = 'mixed',
): Uint8Array {
  const facts = flowAddresses(flow, mix);
  const options: TcpOption[] = [
    { kind: 'mss', bytes: facts.client.includes(':') ? 1440 : 1460 },
    { kind: 'sack-permitted' },
    { kind: 'timestamps', value: fields.tsValue, echo: fields.tsEcho },
    { kind: 'nop' },
    { kind: 'window-scale', shift: 7 },
  ];
  const packet = tcpPacket(ipOf(facts, direction), {
    ...portsOf(facts, direction),
    seq: fields.seq,
    ...(fields.ack === null ? {} : { ack: fields.ack }),
    flags: tcpFlags.syn | (fields.ack === null ? 0 : tcpFlags.ack),
    window: 64240,
    options,
  });
  return inFrame(facts, direction, packet);
}

function ipOf(facts: FlowAddresses, direction: number) {
  const [src, dst] = direction === 0 ? [facts.client, facts.server] : [facts.server, facts.client];
  const protocol = facts.isTcp ? protocols.tcp : protocols.udp;
  return { src, dst, protocol, ttl: direction === 0 ? 54 : 64, dontFragment: true };
}

function portsOf(facts: FlowAddresses, direction: number) {
  return direction === 0
    ? { srcPort: facts.clientPort, dstPort: facts.serverPort }
    : { srcPort: facts.serverPort, dstPort: facts.clientPort };
}

function inFrame(facts: FlowAddresses, direction: number, packet: Uint8Array): Uint8Array {
  const [source, destination] =
    direction === 0 ? ['02:00:5e:00:53:01', '02:00:5e:00:53:0a'] : ['02:00:5e:00:53:0a', '02:00:5e:00:53:01'];
  return ethernetFrame(packet, {
    source,
    destination,
    vlans: facts.vlan === null ? [] : [{ id: facts.vlan }],
  });
}
