/**
 * What one player does in one period: a login over TCP, then a long game connection with sparse exchanges, a few UDP
 * datagrams, and a goodbye, or none where the capture stops first. Yields every packet with both ends' times.
 */

import type { Client } from './client.ts';
import { EventQueue } from './event-queue.ts';
import type { Direction, Path } from './path.ts';
import { Random } from './random.ts';
import { clientConfig, serverConfig } from './hosts.ts';
import { TcpEndpoint } from './tcp-endpoint.ts';
import type { RttSample, Segment } from './segment.ts';

/** One five-tuple as each end sees it; the server side is the same for both. */
export interface Connection {
  readonly kind: 'login' | 'game' | 'datagrams';
  readonly privatePort: number;
  readonly publicPort: number;
  /** First payload bytes of every packet: tells this connection's payload from any other's. */
  readonly token: number;
  readonly initialSequence: Readonly<Record<Direction, number>>;
}

export type PacketBody =
  | { readonly kind: 'tcp'; readonly segment: Segment }
  | {
      readonly kind: 'udp';
      readonly counter: number;
      readonly opaque: readonly number[];
      readonly payloadBytes: number;
    };

/** One packet on its way, µs since the start of the period. */
export interface Transit {
  readonly client: Client;
  readonly connection: Connection;
  readonly direction: Direction;
  readonly sentUs: number;
  /** Null where the network lost it. */
  readonly arrivedUs: number | null;
  readonly body: PacketBody;
  readonly ipId: number;
}

export interface SessionResult {
  readonly transits: readonly Transit[];
  /** Of the game connection, server to client and back. */
  readonly rttSamples: readonly RttSample[];
  readonly handshakeUs: number | null;
  readonly retransmissions: Readonly<Record<Direction, number>>;
}

/** Exchanges on the game connection, seconds apart, and how they are mixed. */
export interface Pace {
  readonly exchangeSeconds: readonly [number, number];
  readonly requestShare: number;
  readonly replyShare: number;
  /** Share of exchanges in which the server sends six segments in a row. */
  readonly burstShare: number;
  readonly telemetrySeconds: number;
  readonly datagramSeconds: number;
}

const PAYLOAD_BYTES = [40, 44, 48, 56] as const;
const BURST_SEGMENTS = 6;

export function simulateSession(
  client: Client,
  seedName: string,
  path: Path,
  durationSeconds: number,
  pace: Pace,
): SessionResult {
  const session = new Session(client, new Random(seedName), path, durationSeconds * 1_000_000, pace);
  return session.run();
}

class Session {
  private readonly queue = new EventQueue();
  private readonly transits: Transit[] = [];
  private readonly endpoints: { readonly client: TcpEndpoint; readonly server: TcpEndpoint }[] = [];
  private game: { readonly client: TcpEndpoint; readonly server: TcpEndpoint } | null = null;
  private readonly leavesAtUs: number;
  private readonly client: Client;
  private readonly random: Random;
  private readonly path: Path;
  private readonly endUs: number;
  private readonly pace: Pace;
  private readonly publicPorts = new Set<number>();
  private nextPort: number;
  private ipId: number;

  constructor(client: Client, random: Random, path: Path, endUs: number, pace: Pace) {
    this.client = client;
    this.random = random;
    this.path = path;
    this.endUs = endUs;
    this.pace = pace;
    this.nextPort = random.integer(49152, 60000);
    this.ipId = random.integer(1, 65535);
    // Two thirds say goodbye in the last ten seconds; the others are still playing when the capture stops.
    this.leavesAtUs = random.chance(2 / 3) ? endUs - random.integer(2_000_000, 10_000_000) : Infinity;
  }

  run(): SessionResult {
    this.queue.at(this.random.integer(300_000, 6_000_000), () => this.logIn(() => this.play()));
    for (let at = 24 * 60_000_000; at < this.endUs - 60_000_000; at += 24 * 60_000_000) {
      this.queue.at(at + this.random.integer(0, 30_000_000), () => this.logIn(() => undefined));
    }
    if (this.client.usesUdp) this.sendDatagrams();
    this.queue.runUntil(this.endUs);
    return {
      transits: this.transits,
      rttSamples: this.game?.server.samples ?? [],
      handshakeUs: this.game?.server.handshakeUs ?? null,
      retransmissions: {
        client_to_server: total(this.endpoints, (ends) => ends.client.retransmissions),
        server_to_client: total(this.endpoints, (ends) => ends.server.retransmissions),
      },
    };
  }

  /** Hello, certificate in two segments, finish, token; then the client closes. */
  private logIn(onDone: () => void): void {
    const { client, server } = this.open('login');
    client.onEstablished = () => {
      client.write(
        180,
        () => {
          this.soon(400, 1500, () => {
            server.write(600);
            server.write(
              200,
              () =>
                this.soon(900, 2500, () =>
                  client.write(
                    90,
                    () =>
                      this.soon(300, 900, () =>
                        server.write(120, () =>
                          this.soon(300, 900, () => {
                            client.close();
                            onDone();
                          }),
                        ),
                      ),
                    true,
                  ),
                ),
              true,
            );
          });
        },
        true,
      );
    };
    client.connect();
  }

  private play(): void {
    this.game = this.open('game');
    const { client } = this.game;
    client.onEstablished = () => {
      this.queue.after(this.random.uniform(0.2e6, 3e6), () => this.exchange());
      this.telemetry();
      this.queue.at(this.leavesAtUs, () => client.close());
    };
    client.connect();
  }

  private exchange(): void {
    const [shortest, longest] = this.pace.exchangeSeconds;
    this.queue.after(this.random.uniform(shortest, longest) * 1e6, () => this.exchange());
    const { client, server } = this.game!;
    const kind = this.random.unit();
    const { requestShare, replyShare, burstShare } = this.pace;
    if (kind < requestShare) {
      client.write(
        this.payloadBytes(),
        () => this.soon(200, 2000, () => server.write(this.payloadBytes())),
        true,
      );
    } else if (kind < requestShare + replyShare) {
      server.write(
        this.payloadBytes(),
        () => this.soon(50, 300, () => client.write(this.payloadBytes())),
        true,
      );
    } else if (kind < requestShare + replyShare + burstShare) {
      // A snapshot in pieces: long enough for duplicate ACKs to reveal a hole in it.
      for (let i = 0; i < BURST_SEGMENTS; i++) this.queue.after(i * 900, () => server.write(48));
    } else {
      server.write(this.payloadBytes());
    }
  }

  /** Client data that nobody answers: the server's pure ACKs are the trap for timestamp-based RTT. */
  private telemetry(): void {
    this.queue.after(this.random.uniform(0.7, 1.3) * this.pace.telemetrySeconds * 1e6, () => {
      this.game!.client.write(this.payloadBytes());
      this.telemetry();
    });
  }

  private sendDatagrams(): void {
    const connection = this.newConnection('datagrams');
    const counters: Record<Direction, number> = { client_to_server: 0, server_to_client: 0 };
    for (const direction of ['client_to_server', 'server_to_client'] as const) {
      const send = () => {
        const counter = counters[direction]++;
        const opaque = Array.from({ length: 8 }, () => this.random.integer(0, 255));
        const payloadBytes = direction === 'client_to_server' ? 32 : 64;
        this.carry(connection, direction, { kind: 'udp', counter, opaque, payloadBytes }, () => undefined);
        // The server keeps its tick; the client's frame time wavers.
        const waver = direction === 'client_to_server' ? this.random.uniform(-40_000, 40_000) : 0;
        this.queue.after(this.pace.datagramSeconds * 1e6 + waver, send);
      };
      const first = direction === 'client_to_server' ? 8_000_000 : 8_500_000;
      this.queue.at(first + this.random.integer(0, 1_000_000), send);
    }
  }

  private open(kind: 'login' | 'game'): { readonly client: TcpEndpoint; readonly server: TcpEndpoint } {
    const connection = this.newConnection(kind);
    const client: TcpEndpoint = new TcpEndpoint(
      this.queue,
      this.random,
      clientConfig(this.client, this.random, connection.initialSequence.client_to_server),
      (segment) =>
        this.carry(connection, 'client_to_server', { kind: 'tcp', segment }, (us) =>
          server.receive(segment, us),
        ),
    );
    const server: TcpEndpoint = new TcpEndpoint(
      this.queue,
      this.random,
      serverConfig(this.client, this.random, connection.initialSequence.server_to_client),
      (segment) =>
        this.carry(connection, 'server_to_client', { kind: 'tcp', segment }, (us) =>
          client.receive(segment, us),
        ),
    );
    client.peer = server;
    server.peer = client;
    const ends = { client, server };
    this.endpoints.push(ends);
    return ends;
  }

  private carry(
    connection: Connection,
    direction: Direction,
    body: PacketBody,
    onArrival: (us: number) => void,
  ): number {
    const sentUs = this.queue.nowUs;
    const arrivedUs = this.path.arrivalUs(direction, sentUs);
    if (arrivedUs !== null) this.queue.at(arrivedUs, () => onArrival(arrivedUs - sentUs));
    // Consoles and this server (BSD stacks) send IP ID 0 on atomic datagrams (RFC 6864); the others count.
    const counts = direction === 'client_to_server' && this.client.host !== 'console';
    if (counts) this.ipId = (this.ipId + 1) & 0xffff;
    const ipId = counts ? this.ipId : 0;
    this.transits.push({ client: this.client, connection, direction, sentUs, arrivedUs, body, ipId });
    return arrivedUs === null ? 0 : arrivedUs - sentUs;
  }

  private newConnection(kind: Connection['kind']): Connection {
    const { cohort, isIpv6, portSetId } = this.client;
    const privatePort = this.nextPort++;
    let publicPort = privatePort;
    while (!isIpv6 && (publicPort === privatePort || this.publicPorts.has(publicPort))) {
      publicPort = cohort.hasPortSets
        ? (this.random.integer(4, 15) << 12) | (portSetId << 4) | this.random.integer(0, 15)
        : this.random.integer(10_000, 48_000);
    }
    this.publicPorts.add(publicPort);
    return {
      kind,
      privatePort,
      publicPort,
      token: this.random.u32(),
      initialSequence: { client_to_server: this.random.u32(), server_to_client: this.random.u32() },
    };
  }

  private payloadBytes(): number {
    return this.random.pick(PAYLOAD_BYTES);
  }

  private soon(lowUs: number, highUs: number, run: () => void): void {
    this.queue.after(this.random.uniform(lowUs, highUs), run);
  }
}

function total<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((sum, value) => sum + of(value), 0);
}
