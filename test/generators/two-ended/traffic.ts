/** What the two hosts say: each kind of traffic is a few timers on the network's clock. */

import { TcpEndpoint } from '../../../samples/generate/simulate/tcp-endpoint.ts';
import type { EndpointConfig, Segment } from '../../../samples/generate/simulate/segment.ts';
import { tcpFlags } from '../packets.ts';
import type { Direction, Flow, Message } from './packet.ts';
import type { Network } from './network.ts';
import type {
  EchoTraffic,
  GameTraffic,
  IdleTraffic,
  LargeTraffic,
  SizesTraffic,
  StrangerTraffic,
  TcpTraffic,
  Traffic,
} from './scenario.ts';

const DIRECTIONS = ['client_to_server', 'server_to_client'] as const;
/** Nothing is sent in the last moments, so that what is on its way arrives. */
const LAST_WORDS_US = 1_500_000;

export function startTraffic(network: Network, traffic: Traffic): void {
  switch (traffic.kind) {
    case 'game':
      return startGame(network, traffic);
    case 'idle':
      return startIdle(network, traffic);
    case 'tcp':
      return startConnection(network, traffic);
    case 'echo':
      return startEcho(network, traffic);
    case 'large':
      return startLarge(network, traffic);
    case 'sizes':
      return startSizes(network, traffic);
    case 'stranger':
      return startStranger(network, traffic);
  }
}

/** Calls `run` about every `1 / hz` seconds, wavering by up to `waver` of that. */
function every(network: Network, hz: number, waver: number, run: (count: number) => void): void {
  const { queue, random, scenario } = network;
  const endUs = scenario.durationSeconds * 1e6 - LAST_WORDS_US;
  const periodUs = 1e6 / hz;
  let count = 0;
  const tick = (dueUs: number): void => {
    if (dueUs > endUs) return;
    queue.at(dueUs + periodUs * waver * random.uniform(-0.5, 0.5), () => {
      run(count++);
      tick(dueUs + periodUs);
    });
  };
  tick(random.uniform(200_000, 300_000 + periodUs));
}

/** Bytes that look encrypted and occur once. */
function opaque(network: Network, length: number): Uint8Array {
  const bytes = new Uint8Array((length + 3) & ~3);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += 4) view.setUint32(at, network.random.u32());
  return bytes.subarray(0, length);
}

function startGame(network: Network, traffic: GameTraffic): void {
  const { dscp, ecn, dontFragment, isRewritten } = traffic;
  const flow = network.flow('game', 'udp', 7777, { isRewritten });
  for (const direction of DIRECTIONS) {
    const isUp = direction === 'client_to_server';
    const bytes = isUp ? traffic.clientBytes : traffic.serverBytes;
    const idle = new Uint8Array(24).fill(isUp ? 0x49 : 0x4f);
    // The server keeps its tick; the client's frame time wavers.
    every(network, isUp ? traffic.clientHz : traffic.serverHz, isUp ? 0.3 : 0.01, () => {
      const isIdle = traffic.idleShare > 0 && network.random.chance(traffic.idleShare);
      const payload = isIdle ? idle : opaque(network, network.random.integer(...bytes));
      network.send(flow, direction, { kind: 'udp', payload }, { dscp, ecn, dontFragment });
    });
  }
}

function startIdle(network: Network, { hz, bytes }: IdleTraffic): void {
  const flow = network.flow('idle', 'udp', 3074);
  for (const direction of DIRECTIONS) {
    const payload = new Uint8Array(bytes).fill(direction === 'client_to_server' ? 0x69 : 0x6f);
    every(network, hz, 0.1, () => network.send(flow, direction, { kind: 'udp', payload }));
  }
}

function startEcho(network: Network, { hz, bytes }: EchoTraffic): void {
  const flow = network.flow('echo', 'icmp', 0);
  every(network, hz, 0.02, (count) => {
    const payload = opaque(network, bytes);
    const sequence = count & 0xffff;
    network.send(
      flow,
      'client_to_server',
      { kind: 'echo', isReply: false, sequence, payload },
      {
        onArrival: () =>
          network.queue.after(network.random.uniform(10, 60), () =>
            network.send(flow, 'server_to_client', { kind: 'echo', isReply: true, sequence, payload }),
          ),
      },
    );
  });
}

function startLarge(network: Network, { hz, bytes }: LargeTraffic): void {
  const flow = network.flow('large', 'udp', 7778);
  every(network, hz, 0.2, () =>
    network.send(flow, 'client_to_server', { kind: 'udp', payload: opaque(network, bytes) }),
  );
}

function startSizes(network: Network, { hz, ipLengths, dontFragment }: SizesTraffic): void {
  const flow = network.flow('sizes', 'udp', 7779);
  const header = network.scenario.ipVersion === 4 ? 28 : 48;
  // The client opens the flow, as it must behind a NAT.
  network.queue.at(150_000, () =>
    network.send(flow, 'client_to_server', { kind: 'udp', payload: opaque(network, 32) }),
  );
  every(network, hz, 0.1, (count) => {
    const payload = opaque(network, ipLengths[count % ipLengths.length]! - header);
    network.send(flow, 'server_to_client', { kind: 'udp', payload }, { dontFragment, ignoresPathMtu: true });
  });
}

function startStranger(network: Network, { at, hz, bytes }: StrangerTraffic): void {
  const port = at === 'server' ? 7777 : 53;
  const { views } = network.flow('stranger', 'udp', port, { crosses: false });
  const other =
    at === 'server'
      ? { ...views.server, clientAddress: network.scenario.ipVersion === 4 ? '203.0.113.9' : '2001:db8:9::9' }
      : { ...views.client, serverAddress: network.scenario.ipVersion === 4 ? '192.168.1.1' : 'fe80::1' };
  const flow: Flow = {
    ...network.flows.at(-1)!,
    views: { client: other, server: other },
  };
  network.flows[network.flows.length - 1] = flow;
  for (const direction of DIRECTIONS) {
    every(network, hz, 0.3, () =>
      network.pass(at, flow, direction, { kind: 'udp', payload: opaque(network, bytes) }),
    );
  }
}

type TcpMessage = Message & { readonly kind: 'tcp' };

class Connection {
  private readonly network: Network;
  private readonly traffic: TcpTraffic;
  private readonly flow: Flow;
  private readonly client: TcpEndpoint;
  private readonly server: TcpEndpoint;
  private readonly mss: Readonly<Record<Direction, number>>;
  /** Highest sequence number sent and acknowledgement given, by sender: what a keep-alive repeats. */
  private readonly last: Record<Direction, { end: number; ack: number; tsEcho: number | null }> = {
    client_to_server: { end: 0, ack: 0, tsEcho: null },
    server_to_client: { end: 0, ack: 0, tsEcho: null },
  };
  private readonly timestampOffset: Readonly<Record<Direction, number>>;
  private lastDataUs = 0;
  private isClosing = false;

  constructor(network: Network, traffic: TcpTraffic) {
    this.network = network;
    this.traffic = traffic;
    const { random, scenario } = network;
    this.flow = network.flow('tcp', 'tcp', 443, {
      sequenceShift: traffic.hidesSequence ? random.u32() : 0,
    });
    const own = scenario.ipVersion === 4 ? 1460 : 1440;
    const clamped = (bytes: number | null) => Math.min(own, bytes ?? own);
    // What a host may send is what the other offered, as clamped on the way from there.
    this.mss = {
      client_to_server: clamped(scenario.serverToClient.mssClampBytes),
      server_to_client: clamped(scenario.clientToServer.mssClampBytes),
    };
    this.timestampOffset = { client_to_server: random.u32(), server_to_client: random.u32() };
    this.client = this.endpoint('client_to_server', () => this.server);
    this.server = this.endpoint('server_to_client', () => this.client);
    this.client.peer = this.server;
    this.server.peer = this.client;
  }

  start(): void {
    const { queue, random, scenario } = this.network;
    const endUs = scenario.durationSeconds * 1e6 - LAST_WORDS_US;
    this.client.onEstablished = () => {
      this.exchange();
      if (this.traffic.burstBytes > 0) this.burst('server_to_client', this.traffic.burstBytes);
      if (this.traffic.uploadBytes > 0) this.burst('client_to_server', this.traffic.uploadBytes);
      if (this.traffic.keepAliveSeconds > 0) this.watchSilence();
    };
    queue.at(random.uniform(250_000, 450_000), () => this.client.connect());
    queue.at(endUs - 500_000, () => {
      this.isClosing = true;
      this.client.close();
    });
  }

  private exchange(): void {
    const { queue, random } = this.network;
    queue.after(random.uniform(...this.traffic.exchangeSeconds) * 1e6, () => {
      if (this.isClosing) return;
      this.client.write(random.integer(40, 120), () =>
        queue.after(random.uniform(200, 2_000) + this.lateUs(), () =>
          this.server.write(random.integer(60, 300)),
        ),
      );
      this.exchange();
    });
  }

  private burst(direction: Direction, bytes: number): void {
    const { queue, random } = this.network;
    queue.after(this.traffic.burstSeconds * random.uniform(0.7, 1.3) * 1e6, () => {
      if (this.isClosing) return;
      // What a stack with offload hands down at once, up to four segments; without, one.
      const most = 4 * this.segmentBytes(direction);
      const sender = direction === 'server_to_client' ? this.server : this.client;
      for (let left = bytes; left > 0; left -= most) sender.write(Math.min(most, left));
      this.burst(direction, bytes);
    });
  }

  private lateUs(): number {
    const { lateServer } = this.traffic;
    const second = this.network.queue.nowUs / 1e6;
    return lateServer !== null && second >= lateServer.fromSeconds && second < lateServer.toSeconds
      ? lateServer.us
      : 0;
  }

  private watchSilence(): void {
    const { queue } = this.network;
    const everyUs = this.traffic.keepAliveSeconds * 1e6;
    queue.after(everyUs, () => {
      if (this.isClosing) return;
      if (queue.nowUs - this.lastDataUs >= everyUs * 0.99) {
        // A byte below the window and no data: the peer must answer with what it expects.
        const probe = this.bare('server_to_client', this.last.server_to_client.end - 1);
        this.network.send(this.flow, 'server_to_client', probe, {
          onArrival: () =>
            queue.after(40, () =>
              this.network.send(
                this.flow,
                'client_to_server',
                this.bare('client_to_server', this.last.client_to_server.end),
              ),
            ),
        });
      }
      this.watchSilence();
    });
  }

  private bare(direction: Direction, seq: number): TcpMessage {
    const { ack, tsEcho } = this.last[direction];
    const nowMs = Math.floor(this.network.queue.nowUs / 1000);
    return {
      kind: 'tcp',
      flags: tcpFlags.ack,
      seq,
      ack,
      window: 509,
      tsValue: this.traffic.timestamps ? (nowMs + this.timestampOffset[direction]) >>> 0 : null,
      tsEcho,
      sack: [],
      mssBytes: null,
      streamOffset: 0,
      payloadBytes: 0,
      payload: null,
    };
  }

  private segmentBytes(direction: Direction): number {
    return this.mss[direction] - (this.traffic.timestamps ? 12 : 0);
  }

  private endpoint(direction: Direction, peer: () => TcpEndpoint): TcpEndpoint {
    const { network } = this;
    const { random, scenario } = network;
    const config: EndpointConfig = {
      initialSequence: random.u32(),
      useTimestamps: this.traffic.timestamps,
      timestampOffset: this.timestampOffset[direction],
      synWindow: 64_800,
      window: 507,
      delayedAckShare: direction === 'client_to_server' ? this.traffic.clientDelayedAckShare : 1,
      delayedAckUs: () => 40_000,
      promptAckUs: (draw) => draw.uniform(15, 90) + (direction === 'server_to_client' ? this.lateUs() : 0),
    };
    const ownMss = scenario.ipVersion === 4 ? 1460 : 1440;
    return new TcpEndpoint(network.queue, random, config, (segment) => {
      const message = messageOf(segment, ownMss);
      const last = this.last[direction];
      const length = segment.payloadBytes + (segment.syn || segment.fin ? 1 : 0);
      last.end = Math.max(last.end, segment.seq + length);
      last.ack = segment.ack ?? 0;
      last.tsEcho = segment.tsEcho;
      if (length > 0) this.lastDataUs = network.queue.nowUs;
      return network.send(this.flow, direction, message, {
        segmentBytes: this.segmentBytes(direction),
        onArrival: (arrived, us) => {
          if (arrived.kind === 'tcp') peer().receive(segmentOf(segment, arrived), us);
        },
      });
    });
  }
}

function startConnection(network: Network, traffic: TcpTraffic): void {
  new Connection(network, traffic).start();
}

function messageOf(segment: Segment, ownMss: number): TcpMessage {
  const { syn, fin, push, ack } = segment;
  return {
    kind: 'tcp',
    flags:
      (syn ? tcpFlags.syn : 0) |
      (fin ? tcpFlags.fin : 0) |
      (push ? tcpFlags.psh : 0) |
      (ack === null ? 0 : tcpFlags.ack),
    seq: segment.seq,
    ack,
    window: segment.window,
    tsValue: segment.tsValue,
    tsEcho: segment.tsEcho,
    sack: segment.sack,
    mssBytes: syn ? ownMss : null,
    streamOffset: segment.streamOffset,
    payloadBytes: segment.payloadBytes,
    payload: null,
  };
}

/** The part of a segment that one packet carried. */
function segmentOf(whole: Segment, part: TcpMessage): Segment {
  return {
    ...whole,
    fin: (part.flags & tcpFlags.fin) !== 0,
    push: (part.flags & tcpFlags.psh) !== 0,
    seq: part.seq,
    streamOffset: part.streamOffset,
    payloadBytes: part.payloadBytes,
  };
}
