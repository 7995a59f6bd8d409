/**
 * One TCP connection past the tap, with its truth: which packet answered which, what was sent again and whether it had to be, what came
 * late. Applications are limited by thinking, not by the network, as games and message workers are.
 */

import { TcpEndpoint } from '../../../samples/generate/simulate/tcp-endpoint.ts';
import type { EndpointConfig, Segment } from '../../../samples/generate/simulate/segment.ts';
import { tcpFlags, tcpPacket } from '../packets.ts';
import type { TcpOption } from '../packets.ts';
import { Wire } from './wire.ts';
import type { Passage, PathShape, Side } from './wire.ts';

export type Application = 'ask' | 'push' | 'bursts' | 'both';

export interface ConnectionShape {
  readonly name: string;
  readonly clientPort: number;
  readonly application: Application;
  readonly seconds: number;
  readonly timestamps: boolean;
  readonly path: PathShape;
  /** Are ACKs without data lost too? A tap beyond the loss then cannot know what it missed. */
  readonly losesAcks: boolean;
  readonly startNs: bigint;
}

/** What the tap could know of one direction. */
export interface DirectionTruth {
  /** Data packets seen. */
  packets: number;
  /** Copies seen. */
  copies: number;
  /** Segments sent again whose repetition shows: an earlier copy, or later data, had been seen. */
  repeats: number;
  /** Of those, the ones that the receiver needed. */
  lost: number;
  /** Not needed, but lost themselves: nobody says that they were not needed. */
  unclear: number;
  /** Originals that came behind what was sent after them (RFC 4737 3). */
  late: number;
}

export interface Answer {
  /** Capture time of the packet that answers. */
  readonly atNs: bigint;
  /** Toward the host that answers. */
  readonly toward: 'initiator' | 'responder';
  /** Distances to the packets it is the first to answer, and the part of each that the network took. */
  readonly rtts: readonly { readonly rttNs: bigint; readonly networkNs: bigint }[];
}

export interface ConnectionTruth {
  readonly shape: ConnectionShape;
  readonly wire: Wire;
  readonly directions: Readonly<Record<Side, DirectionTruth>>;
  readonly answers: readonly Answer[];
  /** Delay from sender to tap of every data packet seen, µs. */
  readonly tapDelaysUs: Readonly<Record<Side, readonly number[]>>;
}

interface Sent {
  readonly segment: Segment;
  readonly passage: Passage;
}

const SEGMENT_BYTES = 1_400;
const other = (side: Side): Side => (side === 'client' ? 'server' : 'client');
const endOf = (segment: Segment): number =>
  segment.seq + segment.payloadBytes + (segment.syn || segment.fin ? 1 : 0);

export function simulateConnection(shape: ConnectionShape): ConnectionTruth {
  const wire = new Wire(shape.name, shape.path, shape.startNs);
  const books = new Books(wire, shape);
  const config = (side: Side): EndpointConfig => ({
    // Both numbers wrap within the first kilobytes, the clock within the first second.
    initialSequence: 0x1_0000_0000 - wire.random.integer(100, 4_000),
    useTimestamps: shape.timestamps,
    timestampOffset: 0x1_0000_0000 - wire.random.integer(1, side === 'client' ? 900 : 2_500),
    synWindow: 64_000,
    window: 500,
    delayedAckShare: 0.5,
    delayedAckUs: () => 40_000,
    promptAckUs: (random) => random.uniform(20, 120),
  });
  const ends = {} as Record<Side, TcpEndpoint>;
  for (const side of ['client', 'server'] as const) {
    ends[side] = new TcpEndpoint(wire.queue, wire.random, config(side), (segment) => {
      const isBare = segment.payloadBytes === 0 && !segment.fin;
      const passage = wire.send(side, (ipId) => packetOf(shape, side, segment, ipId), {
        mayBeLost: !segment.syn && (shape.losesAcks || !isBare) && ends.client.isEstablished,
        mayBeCopied: segment.transmission === 0,
        onSight: (seen) => {
          books.seen(segment, seen);
        },
        onArrival: (seen) => {
          books.arrived(segment, seen);
          ends[other(side)].receive(segment, wire.queue.nowUs - seen.sentUs);
        },
      });
      books.sent(segment, passage);
      return 0;
    });
  }
  ends.client.peer = ends.server;
  ends.server.peer = ends.client;
  ends.client.onEstablished = () => {
    start(shape, wire, ends);
  };
  wire.queue.at(1_000, () => {
    ends.client.connect();
  });
  wire.queue.runUntil((shape.seconds + 4) * 1e6);
  return books.truth();
}

function start(shape: ConnectionShape, wire: Wire, ends: Readonly<Record<Side, TcpEndpoint>>): void {
  const { queue, random } = wire;
  const endUs = shape.seconds * 1e6;
  const every = (side: Side, periodUs: number, segments: number): void => {
    if (queue.nowUs > endUs) return;
    for (let i = 0; i < segments; i++)
      ends[side].write(segments === 1 ? random.integer(60, 300) : SEGMENT_BYTES);
    queue.after(periodUs * random.uniform(0.9, 1.1), () => {
      every(side, periodUs, segments);
    });
  };
  const ask = (): void => {
    if (queue.nowUs > endUs) return;
    ends.client.write(
      random.integer(40, 200),
      () =>
        queue.after(random.uniform(100, 400_000), () => {
          const segments = random.integer(1, 5);
          for (let i = 1; i < segments; i++) ends.server.write(SEGMENT_BYTES);
          ends.server.write(random.integer(1, SEGMENT_BYTES), () => {
            queue.after(random.uniform(1_000, 900_000), ask);
          });
        }),
      random.chance(0.3),
    );
  };
  switch (shape.application) {
    case 'ask':
      ask();
      return;
    case 'push':
      every('server', 50_000, 1);
      return;
    case 'bursts':
      every('server', 150_000, 12);
      return;
    case 'both':
      every('server', 45_000, 1);
      every('client', 33_000, 1);
      return;
  }
}

/** What happened, as it happens. */
class Books {
  private readonly wire: Wire;
  private readonly shape: ConnectionShape;
  private readonly data: Record<Side, Sent[]> = { client: [], server: [] };
  private readonly highest: Record<Side, number> = { client: 0, server: 0 };
  private readonly hasRepeated: Record<Side, Set<Passage>> = { client: new Set(), server: new Set() };
  private readonly isLate: Record<Side, Set<Passage>> = { client: new Set(), server: new Set() };
  private readonly needed = new Set<Passage>();
  /** Byte ranges by their start that have arrived at the far end. */
  private readonly has: Record<Side, Set<number>> = { client: new Set(), server: new Set() };
  private readonly acked: Record<Side, number> = { client: 0, server: 0 };
  /** First arrivals that no ACK of their receiver has covered yet, by their sender. */
  private readonly open: Record<Side, Sent[]> = { client: [], server: [] };
  private readonly causes: { readonly by: Passage; readonly ack: number; readonly of: readonly Sent[] }[] =
    [];
  private readonly acks: Record<Side, { readonly by: Passage; readonly ack: number }[]> = {
    client: [],
    server: [],
  };

  constructor(wire: Wire, shape: ConnectionShape) {
    this.wire = wire;
    this.shape = shape;
  }

  sent(segment: Segment, passage: Passage): void {
    const { from } = passage;
    const peer = other(from);
    const { ack } = segment;
    if (ack !== null) this.acks[from].push({ by: passage, ack });
    if (ack !== null && ack > this.acked[from]) {
      this.acked[from] = ack;
      const of = this.open[peer].filter((sent) => sent.segment.seq < ack);
      this.open[peer] = this.open[peer].filter((sent) => endOf(sent.segment) > ack);
      this.causes.push({ by: passage, ack, of });
    }
    if (endOf(segment) > segment.seq) this.data[from].push({ segment, passage });
  }

  seen(segment: Segment, passage: Passage): void {
    const { from } = passage;
    if (segment.payloadBytes === 0 && !segment.fin) {
      // A bare ACK stands where the next data will: it overtakes what was sent before it.
      this.highest[from] = Math.max(this.highest[from], segment.seq);
      return;
    }
    if (segment.transmission > 0) {
      const before = this.data[from].some(
        (sent) => sent.segment.seq === segment.seq && sent.passage !== passage && sent.passage.tapUs !== null,
      );
      if (before || segment.seq < this.highest[from]) this.hasRepeated[from].add(passage);
    } else if (segment.seq < this.highest[from]) this.isLate[from].add(passage);
    this.highest[from] = Math.max(this.highest[from], endOf(segment));
    if (segment.transmission > 0 && !this.has[from].has(segment.seq)) this.needed.add(passage);
  }

  arrived(segment: Segment, passage: Passage): void {
    const { from } = passage;
    if (endOf(segment) === segment.seq) return;
    // What was sent before it and arrives, be it later, made the repeat needless: nothing was lost.
    for (const sent of this.data[from])
      if (sent.segment.seq === segment.seq && sent.segment.transmission > segment.transmission)
        this.needed.delete(sent.passage);
    if (this.has[from].has(segment.seq)) return;
    this.has[from].add(segment.seq);
    this.open[from].push({ segment, passage });
  }

  private answer({ from, sentUs, tapUs }: Passage, of: readonly Sent[]): Answer[] {
    if (tapUs === null) return [];
    const rtts = of.flatMap(({ passage }) =>
      passage.tapUs === null || passage.arrivedUs === null
        ? []
        : [
            {
              rttNs: BigInt(tapUs - passage.tapUs) * 1000n,
              networkNs: BigInt(passage.arrivedUs - passage.tapUs + tapUs - sentUs) * 1000n,
            },
          ],
    );
    const toward = from === 'client' ? 'initiator' : 'responder';
    return [{ atNs: this.shape.startNs + BigInt(tapUs) * 1000n, toward, rtts }];
  }

  truth(): ConnectionTruth {
    const direction = (side: Side): DirectionTruth => {
      const seen = this.data[side].filter(({ passage }) => passage.tapUs !== null);
      const repeats = [...this.hasRepeated[side]];
      return {
        packets: seen.length,
        copies: this.wire.copies[side],
        repeats: repeats.length,
        lost: repeats.filter((passage) => this.needed.has(passage)).length,
        unclear: repeats.filter((passage) => !this.needed.has(passage) && passage.arrivedUs === null).length,
        late: this.isLate[side].size,
      };
    };
    const answers = this.causes.flatMap(({ by, ack, of }): Answer[] => {
      // The tap may see a later packet of the same host first, if that overtook the one that answers.
      const overtaking = this.acks[by.from].filter(
        (later) =>
          later.by !== by &&
          later.ack >= ack &&
          later.by.sentUs >= by.sentUs &&
          later.by.tapUs !== null &&
          by.tapUs !== null &&
          later.by.tapUs < by.tapUs,
      );
      return [by, ...overtaking.map((later) => later.by)].flatMap((packet) => this.answer(packet, of));
    });
    const delays = (side: Side): number[] =>
      this.data[side]
        .filter(({ segment, passage }) => passage.tapUs !== null && segment.payloadBytes > 0)
        .map(({ passage }) => (passage.tapUs ?? 0) - passage.sentUs);
    return {
      shape: this.shape,
      wire: this.wire,
      directions: { client: direction('client'), server: direction('server') },
      answers,
      tapDelaysUs: { client: delays('client'), server: delays('server') },
    };
  }
}

function packetOf(shape: ConnectionShape, from: Side, segment: Segment, id: number): Uint8Array {
  const [client, server] = ['192.0.2.7', '198.51.100.9'];
  const ports = { client: shape.clientPort, server: 7777 };
  const { tsValue, tsEcho, sack, syn } = segment;
  const nop = { kind: 'nop' } as const;
  const options: TcpOption[] = syn ? [{ kind: 'mss', bytes: 1_460 }, { kind: 'sack-permitted' }] : [];
  if (tsValue !== null) options.push(nop, nop, { kind: 'timestamps', value: tsValue, echo: tsEcho ?? 0 });
  if (syn) options.push(nop, { kind: 'window-scale', shift: 7 });
  if (sack.length > 0) options.push(nop, nop, { kind: 'sack', blocks: sack });
  const payload = new Uint8Array(segment.payloadBytes);
  // The position in the stream, so that no two segments share their bytes.
  for (let i = 0; i < payload.length; i++) payload[i] = (segment.streamOffset + i) >>> (8 * (i & 3));
  return tcpPacket(
    { src: from === 'client' ? client : server, dst: from === 'client' ? server : client, id },
    {
      srcPort: ports[from],
      dstPort: ports[other(from)],
      seq: segment.seq,
      ...(segment.ack === null ? {} : { ack: segment.ack }),
      flags:
        (syn ? tcpFlags.syn : 0) |
        (segment.fin ? tcpFlags.fin : 0) |
        (segment.push ? tcpFlags.psh : 0) |
        (segment.ack === null ? 0 : tcpFlags.ack),
      window: segment.window,
      options,
      payload,
    },
  );
}
