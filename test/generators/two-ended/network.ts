/**
 * The world between two hosts: hands units to the path, cuts them where a host or a router would, answers with ICMP where
 * a router would, and keeps everything that any capture could have seen.
 */

import { EventQueue } from '../../../samples/generate/simulate/event-queue.ts';
import { Random } from '../../../samples/generate/simulate/random.ts';
import { Lane } from './lane.ts';
import { senderOf, transportBytes } from './packet.ts';
import type { Arrival, Direction, End, Flow, Message, Piece, Slice, Unit, View } from './packet.ts';
import type { Scenario } from './scenario.ts';

const LINK_MTU_BYTES = 1500;
/** A packet that one capture sees and that is no part of what the two hosts say to each other. */
export interface OneSided {
  readonly end: End;
  readonly atUs: number;
  readonly unit: Unit;
  readonly isRouterError: boolean;
}

export interface Sending {
  readonly dscp?: number;
  readonly ecn?: number;
  readonly dontFragment?: boolean;
  /** Sent as it is, whatever the host knows of the path (a probe). */
  readonly ignoresPathMtu?: boolean;
  /** Payload bytes of one TCP segment on the wire. */
  readonly segmentBytes?: number;
  /** The receiving host acts on it; called once for each piece's first arrival. */
  readonly onArrival?: (message: Message, transitUs: number) => void;
}

export class Network {
  readonly scenario: Scenario;
  readonly queue = new EventQueue();
  readonly units: Unit[] = [];
  readonly oneSided: OneSided[] = [];
  readonly flows: Flow[] = [];
  readonly random: Random;
  private readonly lanes: Readonly<Record<Direction, Lane>>;
  private readonly ipIds: Record<End, number>;
  private readonly pathMtu: Record<Direction, number> = {
    client_to_server: LINK_MTU_BYTES,
    server_to_client: LINK_MTU_BYTES,
  };
  private readonly publicPorts = new Set<number>();

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    const name = `two-ended ${scenario.seed}`;
    this.random = new Random(`${name} hosts`);
    const lane = (direction: Direction, facts: Scenario['clientToServer']) =>
      new Lane(facts, new Random(`${name} ${direction}`), scenario.durationSeconds);
    this.lanes = {
      client_to_server: lane('client_to_server', scenario.clientToServer),
      server_to_client: lane('server_to_client', scenario.serverToClient),
    };
    this.ipIds = { client: this.random.integer(1, 60_000), server: this.random.integer(1, 60_000) };
  }

  flow(kind: string, protocol: Flow['protocol'], serverPort: number, extra: Partial<Flow> = {}): Flow {
    const { nat, ipVersion } = this.scenario;
    const ordinal = this.flows.length;
    const privatePort = 50_000 + ordinal;
    const here = ipVersion === 4 ? '192.168.1.10' : '2001:db8:100::10';
    const service = ipVersion === 4 ? '198.51.100.5' : '2001:db8:53::5';
    const client: View = {
      clientAddress: here,
      clientPort: privatePort,
      serverAddress: service,
      serverPort: protocol === 'icmp' ? 0 : serverPort,
    };
    const server: View =
      ipVersion === 6
        ? client
        : {
            clientAddress: nat.client === 'none' ? here : '203.0.113.77',
            clientPort: this.publicPort(privatePort),
            serverAddress: nat.serverBehindBalancer ? '10.9.0.5' : service,
            serverPort: protocol === 'icmp' ? 0 : nat.serverBehindBalancer ? serverPort + 10_000 : serverPort,
          };
    const flow: Flow = {
      ordinal,
      kind,
      protocol,
      views: { client, server },
      crosses: true,
      token: this.random.u32(),
      sequenceShift: 0,
      isRewritten: false,
      ...extra,
    };
    this.flows.push(flow);
    return flow;
  }

  private publicPort(privatePort: number): number {
    const { client } = this.scenario.nat;
    if (client === 'none' || client === 'home') return privatePort;
    let port: number;
    do {
      port = client === 'cgnat' ? this.random.integer(5_120, 5_183) : this.random.integer(10_000, 48_000);
    } while (this.publicPorts.has(port));
    this.publicPorts.add(port);
    return port;
  }

  /** Sends what a host's stack was given; answers the transit time of its first piece, 0 where that was lost. */
  send(flow: Flow, direction: Direction, message: Message, sending: Sending = {}): number {
    const end = senderOf(direction);
    const segments = this.segmentsOf(message, direction, sending);
    const { offload } = this.scenario[end].capture;
    let transitUs: number | null = null;
    for (const handed of offload ? [segments] : segments.map((segment) => [segment])) {
      const whole = handed.length === 1 ? handed[0]! : message;
      for (const slice of this.slicesOf(whole, direction, sending)) {
        const unit = this.newUnit(flow, direction, whole, slice, sending);
        for (const segment of handed) {
          const us = this.carry(unit, segment, sending);
          transitUs ??= us;
        }
      }
    }
    return transitUs ?? 0;
  }

  /** What only one capture sees. */
  pass(end: End, flow: Flow, direction: Direction, message: Message): void {
    const unit = this.makeUnit(flow, direction, message, null, {});
    this.oneSided.push({ end, atUs: this.queue.nowUs, unit, isRouterError: false });
  }

  private segmentsOf(message: Message, direction: Direction, sending: Sending): Message[] {
    if (message.kind !== 'tcp' || message.payloadBytes === 0) return [message];
    const overhead = this.ipHeaderBytes() + transportBytes(message) - message.payloadBytes;
    const most = Math.min(sending.segmentBytes ?? 1448, this.pathMtu[direction] - overhead);
    if (message.payloadBytes <= most) return [message];
    const segments: Message[] = [];
    for (let at = 0; at < message.payloadBytes; at += most) {
      const isLast = at + most >= message.payloadBytes;
      segments.push({
        ...message,
        // FIN and PSH belong to the last.
        flags: isLast ? message.flags : message.flags & ~0x09,
        seq: message.seq + at,
        streamOffset: message.streamOffset + at,
        payloadBytes: Math.min(most, message.payloadBytes - at),
      });
    }
    return segments;
  }

  /** The fragments a host makes of a message that its link or the path is too narrow for; [null]: none. */
  private slicesOf(message: Message, direction: Direction, sending: Sending): (Slice | null)[] {
    if (message.kind === 'tcp') return [null];
    const mtu = sending.ignoresPathMtu ? LINK_MTU_BYTES : this.pathMtu[direction];
    const length = transportBytes(message);
    if (this.ipHeaderBytes() + length <= mtu) return [null];
    return slices({ offset: 0, length, moreFragments: false }, mtu - this.fragmentHeaderBytes());
  }

  private newUnit(
    flow: Flow,
    direction: Direction,
    message: Message,
    slice: Slice | null,
    sending: Sending,
  ): Unit {
    const unit = this.makeUnit(flow, direction, message, slice, sending);
    this.units.push(unit);
    return unit;
  }

  private makeUnit(
    flow: Flow,
    direction: Direction,
    message: Message,
    slice: Slice | null,
    sending: Sending,
  ): Unit {
    const end = senderOf(direction);
    const dontFragment = slice === null && (message.kind === 'tcp' || (sending.dontFragment ?? false));
    // Fragments of one datagram share their ID; the server leaves it 0 where nobody may fragment (RFC 6864).
    if (slice === null || slice.offset === 0) this.ipIds[end] = (this.ipIds[end] + 1) & 0xffff;
    const id = end === 'server' && dontFragment ? 0 : this.ipIds[end];
    const ip = { ttl: 64, dscp: sending.dscp ?? 0, ecn: sending.ecn ?? 0, id };
    const sentUs = this.queue.nowUs;
    const ordinal = this.units.length;
    return { ordinal, flow, direction, sentUs, message, slice, ip, dontFragment, pieces: [] };
  }

  private carry(unit: Unit, message: Message, sending: Sending): number | null {
    const { direction } = unit;
    const lane = this.lanes[direction];
    const { mtu } = lane.facts;
    const length = unit.slice?.length ?? transportBytes(message);
    const header = unit.slice === null ? this.ipHeaderBytes() : this.fragmentHeaderBytes();
    let cuts: (Slice | null)[] = [unit.slice];
    if (mtu !== null && header + length > mtu.bytes) {
      if (unit.dontFragment || this.scenario.ipVersion === 6) {
        unit.pieces.push(piece(unit, message, unit.slice, header + length, 'mtu'));
        if (mtu.icmp) this.answerTooBig(unit, message, mtu.bytes);
        return null;
      }
      const whole = unit.slice ?? { offset: 0, length, moreFragments: false };
      cuts = slices(whole, mtu.bytes - this.fragmentHeaderBytes());
    }
    let firstUs: number | null = null;
    for (const slice of cuts) {
      const ipBytes = header + (slice?.length ?? length);
      const onWire = piece(unit, message, slice, ipBytes, null);
      unit.pieces.push(onWire);
      const { arrivals } = lane.pass(unit.sentUs, ipBytes);
      if (arrivals.length === 0) onWire.lostBy = 'loss';
      for (const arrival of arrivals) onWire.arrivals.push({ piece: onWire, ...arrival });
      const first: Arrival | undefined = onWire.arrivals[0];
      if (first === undefined) continue;
      const us = first.atUs - unit.sentUs;
      firstUs ??= us;
      const { onArrival } = sending;
      if (onArrival) this.queue.at(first.atUs, () => onArrival(message, us));
    }
    return firstUs;
  }

  /** RFC 1191 §4, RFC 8201: the router says what fits, and the host remembers it. */
  private answerTooBig(unit: Unit, message: Message, mtuBytes: number): void {
    const { direction } = unit;
    const back = direction === 'client_to_server' ? 'server_to_client' : 'client_to_server';
    const end = senderOf(direction);
    this.queue.after(this.lanes[direction].facts.baseUs * 0.6, () => {
      const router = this.scenario.ipVersion === 4 ? '192.0.2.1' : '2001:db8:99::1';
      const about: Unit = { ...unit, message };
      const error = this.makeUnit(unit.flow, back, { kind: 'too-big', mtuBytes, router, about }, null, {});
      this.oneSided.push({ end, atUs: this.queue.nowUs, unit: error, isRouterError: true });
      this.pathMtu[direction] = Math.min(this.pathMtu[direction], mtuBytes);
    });
  }

  private ipHeaderBytes(): number {
    return this.scenario.ipVersion === 4 ? 20 : 40;
  }

  private fragmentHeaderBytes(): number {
    return this.scenario.ipVersion === 4 ? 20 : 48;
  }
}

function piece(
  unit: Unit,
  message: Message,
  slice: Slice | null,
  ipBytes: number,
  lostBy: Piece['lostBy'],
): Piece {
  return { unit, message, slice, ipBytes, arrivals: [], lostBy };
}

/** Cuts a slice into parts of at most `mostBytes`, all but the last a multiple of 8 (RFC 791 §3.2). */
function slices(whole: Slice, mostBytes: number): Slice[] {
  const step = mostBytes & ~7;
  const cut: Slice[] = [];
  for (let at = 0; at < whole.length; at += step) {
    const isLast = at + step >= whole.length;
    cut.push({
      offset: whole.offset + at,
      length: isLast ? whole.length - at : step,
      moreFragments: isLast ? whole.moreFragments : true,
    });
  }
  return cut;
}
