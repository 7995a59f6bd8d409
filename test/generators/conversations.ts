/**
 * Conversations for fast-check: a few consistent packets each (sequence numbers, timestamps, checksums), so that a
 * shrunk failure still reads as traffic. arbitraries.ts puts them into captures.
 */

import fc from 'fast-check';
import {
  fragmentedPackets,
  icmpPacket,
  protocols,
  quoted,
  tcpFlags,
  tcpPacket,
  udpDatagram,
  udpPacket,
} from './packets.ts';
import type { TcpOption } from './packets.ts';

/** One IP packet and how long after the one before it in its conversation it is seen, ns. */
export interface TimedPacket {
  readonly gapNs: bigint;
  readonly packet: Uint8Array;
}

const gapNs = fc.integer({ min: 1, max: 80_000 }).map((micros) => BigInt(micros) * 1000n);

const addressPair = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 2 }))
    .map(([client, server]) => ({ client: `198.51.100.${client}`, server: `203.0.113.${server}` })),
  fc
    .integer({ min: 1, max: 4 })
    .map((client) => ({ client: `2001:db8:100::${client}`, server: '2001:db8:53::1' })),
);

const clientPort = fc.integer({ min: 49_152, max: 49_160 });

interface TcpStep {
  readonly fromClient: boolean;
  readonly payloadBytes: number;
  readonly fate: 'delivered' | 'repeated' | 'lost-then-repeated' | 'swapped';
  readonly gapNs: bigint;
}

const tcpStep: fc.Arbitrary<TcpStep> = fc.record({
  fromClient: fc.boolean(),
  payloadBytes: fc.integer({ min: 1, max: 60 }),
  fate: fc.oneof(
    { weight: 8, arbitrary: fc.constant('delivered' as const) },
    { weight: 1, arbitrary: fc.constant('repeated' as const) },
    { weight: 1, arbitrary: fc.constant('lost-then-repeated' as const) },
    { weight: 1, arbitrary: fc.constant('swapped' as const) },
  ),
  gapNs,
});

/**
 * A TCP connection seen at one point: handshake (or joined midway), data in both directions with ACKs, some segments
 * repeated, missing then repeated, or swapped with their ACK, and a FIN, an RST or nothing at the end.
 */
export const tcpConversation: fc.Arbitrary<TimedPacket[]> = fc
  .record({
    addresses: addressPair,
    clientPort,
    isn: fc.tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 0xffffffff })),
    timestamps: fc.boolean(),
    handshake: fc.boolean(),
    steps: fc.array(tcpStep, { maxLength: 12 }),
    ending: fc.constantFrom('fin' as const, 'rst' as const, 'none' as const),
    handshakeGapNs: gapNs,
  })
  .map(({ addresses, clientPort: srcPort, isn, timestamps, handshake, steps, ending, handshakeGapNs }) => {
    const packets: TimedPacket[] = [];
    const next = { client: isn[0], server: isn[1] };
    const clockMs = { client: 1000, server: 900_000 };
    const echo = { client: 0, server: 0 };
    let elapsedNs = 0n;
    const emit = (
      side: 'client' | 'server',
      after: bigint,
      flags: number,
      payloadBytes = 0,
      seq: number = next[side],
    ): void => {
      elapsedNs += after;
      const peer = side === 'client' ? 'server' : 'client';
      const tsValue = (clockMs[side] + Number(elapsedNs / 1_000_000n)) >>> 0;
      const options: TcpOption[] = [];
      if (flags & tcpFlags.syn) options.push({ kind: 'mss', bytes: 1414 }, { kind: 'sack-permitted' });
      if (timestamps) options.push({ kind: 'timestamps', value: tsValue, echo: echo[side] });
      echo[peer] = tsValue;
      const [src, dst] =
        side === 'client' ? [addresses.client, addresses.server] : [addresses.server, addresses.client];
      const ports = side === 'client' ? { srcPort, dstPort: 7777 } : { srcPort: 7777, dstPort: srcPort };
      const packet = tcpPacket(
        { src, dst },
        {
          ...ports,
          seq,
          ...(flags & tcpFlags.ack ? { ack: next[peer] } : {}),
          flags,
          options,
          payload: new Uint8Array(payloadBytes).fill(seq & 0xff),
        },
      );
      packets.push({ gapNs: after, packet });
    };
    const advance = (side: 'client' | 'server', bytes: number) => {
      next[side] = (next[side] + bytes) >>> 0;
    };

    if (handshake) {
      emit('client', handshakeGapNs, tcpFlags.syn);
      advance('client', 1);
      emit('server', handshakeGapNs, tcpFlags.syn | tcpFlags.ack);
      advance('server', 1);
      emit('client', handshakeGapNs, tcpFlags.ack);
    }
    for (const step of steps) {
      const side = step.fromClient ? 'client' : 'server';
      const peer = step.fromClient ? 'server' : 'client';
      const seq = next[side];
      const data = () => emit(side, step.gapNs, tcpFlags.ack | tcpFlags.psh, step.payloadBytes, seq);
      if (step.fate === 'swapped') {
        advance(side, step.payloadBytes);
        emit(peer, step.gapNs, tcpFlags.ack);
        data();
        continue;
      }
      if (step.fate !== 'lost-then-repeated') data();
      if (step.fate === 'repeated') data();
      advance(side, step.payloadBytes);
      if (step.fate === 'lost-then-repeated') {
        emit(side, step.gapNs, tcpFlags.ack | tcpFlags.psh, 10);
        data();
        advance(side, 10);
      }
      emit(peer, step.gapNs, tcpFlags.ack);
    }
    if (ending === 'rst') emit('client', handshakeGapNs, tcpFlags.rst | tcpFlags.ack);
    if (ending === 'fin') {
      emit('client', handshakeGapNs, tcpFlags.fin | tcpFlags.ack);
      advance('client', 1);
      emit('server', handshakeGapNs, tcpFlags.fin | tcpFlags.ack);
      advance('server', 1);
      emit('client', handshakeGapNs, tcpFlags.ack);
    }
    return packets;
  });

/** Datagrams both ways, now and then one in fragments. */
export const udpConversation: fc.Arbitrary<TimedPacket[]> = fc
  .record({
    addresses: addressPair,
    clientPort,
    datagrams: fc.array(
      fc.record({
        fromClient: fc.boolean(),
        payload: fc.uint8Array({ minLength: 0, maxLength: 48 }),
        isFragmented: fc.boolean(),
        gapNs,
      }),
      { minLength: 1, maxLength: 10 },
    ),
  })
  .map(({ addresses, clientPort: port, datagrams }) =>
    datagrams.flatMap(({ fromClient, payload, isFragmented, gapNs: gap }, i) => {
      const { client, server } = addresses;
      const ip = fromClient ? { src: client, dst: server } : { src: server, dst: client };
      const fields = fromClient
        ? { srcPort: port, dstPort: 27015, payload }
        : { srcPort: 27015, dstPort: port, payload };
      const packets =
        isFragmented && payload.length > 32
          ? fragmentedPackets(
              { ...ip, protocol: protocols.udp, id: i + 1 },
              udpDatagram(ip, fields),
              client.includes(':') ? 80 : 52,
            )
          : [udpPacket({ ...ip, id: i + 1 }, fields)];
      return packets.map((packet) => ({ gapNs: gap, packet }));
    }),
  );

/** A datagram too big for the way, and the router's answer that quotes it. */
export const icmpConversation: fc.Arbitrary<TimedPacket[]> = fc
  .record({ addresses: addressPair, clientPort, gap: gapNs, mtu: fc.integer({ min: 1280, max: 1454 }) })
  .map(({ addresses, clientPort: port, gap, mtu }) => {
    const { client, server } = addresses;
    const big = udpPacket(
      { src: server, dst: client, dontFragment: true },
      { srcPort: 27015, dstPort: port, payload: new Uint8Array(100) },
    );
    const isV6 = client.includes(':');
    const answer = icmpPacket(
      { src: isV6 ? '2001:db8:99::1' : '192.0.2.1', dst: server },
      { type: isV6 ? 2 : 3, code: isV6 ? 0 : 4, rest: mtu, payload: quoted(big, isV6 ? 96 : 28) },
    );
    return [
      { gapNs: gap, packet: big },
      { gapNs: gap, packet: answer },
    ];
  });

export const conversation: fc.Arbitrary<TimedPacket[]> = fc.oneof(
  { weight: 4, arbitrary: tcpConversation },
  { weight: 2, arbitrary: udpConversation },
  { weight: 1, arbitrary: icmpConversation },
);
