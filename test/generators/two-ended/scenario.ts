/**
 * What a two-ended simulation is told: one path with two lanes, two hosts with a clock and a capture each, and what they
 * say to each other. Values only; `scenario()` fills in a quiet path so that a test names no more than it is about.
 */

/** Both captures of one session, and everything a measurer should find in them. */
export interface Scenario {
  readonly name: string;
  readonly seed: number;
  readonly durationSeconds: number;
  /** UTC of second 0 by a perfect clock, ns since the Unix epoch. */
  readonly startNs: bigint;
  readonly ipVersion: 4 | 6;
  readonly nat: Nat;
  readonly clientToServer: Lane;
  readonly serverToClient: Lane;
  readonly client: Host;
  readonly server: Host;
  readonly traffic: readonly Traffic[];
}

/** What happens to addresses and ports between the two captures. */
export interface Nat {
  /** `home`: other address, same port. `port`: other address and port. `cgnat`: ports from a small set of a shared address. */
  readonly client: 'none' | 'home' | 'port' | 'cgnat';
  /** The server is reached by the address of a load balancer and sees its own. */
  readonly serverBehindBalancer: boolean;
}

/** One direction. Times are from the start of the simulation. */
export interface Lane {
  /** Delay of the empty path, µs. */
  readonly baseUs: number;
  /** A queue that remembers: AR(1), one value a second, µs, cut at zero; it is empty for a share of the time. */
  readonly queue: { readonly meanUs: number; readonly spreadUs: number; readonly correlationSeconds: number };
  /** Queues that stand for a while on top of it. */
  readonly standing: readonly StandingQueue[];
  /** Mean of an exponential delay of each packet, µs. */
  readonly perPacketUs: number;
  /** Serialisation at the narrowest link. */
  readonly rateBitsPerSecond: number;
  readonly loss: GilbertElliott | null;
  /** Packets that take another way: they arrive this much later and let others pass. */
  readonly reorder: { readonly ratio: number; readonly extraUs: readonly [number, number] } | null;
  /** Packets that arrive twice, and how long after the first. */
  readonly duplicate: { readonly ratio: number; readonly afterUs: readonly [number, number] } | null;
  /** Nothing is lost, overtaken or doubled outside of this: what happens at the very edge of a capture nobody can judge. */
  readonly trouble: { readonly fromSeconds: number; readonly toSeconds: number };
  readonly hops: number;
  readonly routeChanges: readonly {
    readonly atSeconds: number;
    readonly deltaUs: number;
    readonly deltaHops: number;
  }[];
  /** What a packet's DSCP is after the path. */
  readonly dscp: 'keep' | 'bleach' | 'bleach-low';
  readonly ecn: 'keep' | 'bleach';
  readonly mssClampBytes: number | null;
  /** The narrowest link, as the first hop; with `icmp` false it is a black hole for packets that must not be fragmented. */
  readonly mtu: { readonly bytes: number; readonly icmp: boolean } | null;
  /** Shares of packets whose checksum the path spoils, whose payload it damages, and whose UDP checksum it sets to zero. */
  readonly checksums: { readonly broken: number; readonly damaged: number; readonly removed: number } | null;
  /** The path writes its own IP IDs, as a translator does. */
  readonly rewritesIpId: boolean;
}

export interface StandingQueue {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly meanUs: number;
  readonly spreadUs: number;
}

/** Loss as a two-state chain over the packets of a lane (Gilbert 1960, Elliott 1963); all shares 0–1. */
export interface GilbertElliott {
  readonly enter: number;
  readonly leave: number;
  readonly lossInGood: number;
  readonly lossInBad: number;
}

export interface Host {
  readonly clock: Clock;
  readonly capture: Capture;
}

/** Error of a host's clock: what it shows minus UTC. */
export interface Clock {
  readonly offsetNs: number;
  /** Gains this much per second of UTC, counted from second 0. */
  readonly skewPpm: number;
  readonly steps: readonly { readonly atSeconds: number; readonly deltaNs: number }[];
}

export interface Capture {
  readonly startSeconds: number;
  readonly stopSeconds: number;
  readonly format: 'pcap' | 'pcapng';
  readonly resolution: 'microseconds' | 'nanoseconds';
  readonly snaplenBytes: number;
  /** Packets that reached the host and not the file: single ones by chance, and all within a gap. */
  readonly dropRatio: number;
  readonly gaps: readonly { readonly atSeconds: number; readonly forSeconds: number }[];
  /** Write the number of drops as `isb_ifdrop` at the end (pcapng only). */
  readonly writesDropCounter: boolean;
  /** Segments are cut after the capture (TSO) and joined before it (GRO). */
  readonly offload: boolean;
  /** Checksums of what leaves are left to the card: the capture has the sum of the pseudo header. */
  readonly leavesChecksums: boolean;
}

export type Traffic =
  GameTraffic | IdleTraffic | TcpTraffic | EchoTraffic | LargeTraffic | SizesTraffic | StrangerTraffic;

/** UDP ticks both ways; but for idle ticks no payload is ever repeated. */
export interface GameTraffic {
  readonly kind: 'game';
  readonly clientHz: number;
  readonly serverHz: number;
  readonly clientBytes: readonly [number, number];
  readonly serverBytes: readonly [number, number];
  /** Share of ticks that say nothing new: always the same bytes. */
  readonly idleShare: number;
  readonly dscp: number;
  readonly ecn: number;
  /** Datagrams may not be fragmented. */
  readonly dontFragment: boolean;
  /** Something on the way rewrites the first four payload bytes of what the client sends (an ALG). */
  readonly isRewritten: boolean;
}

/** UDP both ways, always the same bytes: what only order and time can pair. */
export interface IdleTraffic {
  readonly kind: 'idle';
  readonly hz: number;
  readonly bytes: number;
}

/** One connection: small exchanges, now and then a burst from the server, keep-alives when silent. */
export interface TcpTraffic {
  readonly kind: 'tcp';
  readonly timestamps: boolean;
  readonly exchangeSeconds: readonly [number, number];
  /** Bytes of one burst of the server, 0 for none, and how often. */
  readonly burstBytes: number;
  readonly burstSeconds: number;
  /** Bytes of one burst of the client, 0 for none, as often. */
  readonly uploadBytes: number;
  /** From when to when the server's stack answers so much later. */
  readonly lateServer: {
    readonly fromSeconds: number;
    readonly toSeconds: number;
    readonly us: number;
  } | null;
  /** Share of lone segments that the client acknowledges by its timer. */
  readonly clientDelayedAckShare: number;
  /** Silence after which the server sends a keep-alive (RFC 9293 §3.8.4), repeated at this interval; 0 for none. */
  readonly keepAliveSeconds: number;
  /** Sequence numbers of the client are moved by a middlebox. */
  readonly hidesSequence: boolean;
}

/** ICMP echo from the client and its answers. */
export interface EchoTraffic {
  readonly kind: 'echo';
  readonly hz: number;
  readonly bytes: number;
}

/** Datagrams from the client that its own host has to cut into fragments. */
export interface LargeTraffic {
  readonly kind: 'large';
  readonly hz: number;
  readonly bytes: number;
}

/** Datagrams from the server whose IP length runs through these sizes. */
export interface SizesTraffic {
  readonly kind: 'sizes';
  readonly hz: number;
  readonly ipLengths: readonly number[];
  readonly dontFragment: boolean;
}

/** Traffic that passes one end only: other players at the server, the local network at the client. */
export interface StrangerTraffic {
  readonly kind: 'stranger';
  readonly at: 'client' | 'server';
  readonly hz: number;
  readonly bytes: number;
}

export const quietLane: Lane = {
  baseUs: 8_000,
  queue: { meanUs: 0, spreadUs: 400, correlationSeconds: 2 },
  standing: [],
  perPacketUs: 60,
  rateBitsPerSecond: 100_000_000,
  loss: null,
  reorder: null,
  duplicate: null,
  trouble: { fromSeconds: -Infinity, toSeconds: Infinity },
  hops: 9,
  routeChanges: [],
  dscp: 'keep',
  ecn: 'keep',
  mssClampBytes: null,
  mtu: null,
  checksums: null,
  rewritesIpId: false,
};

export const trueClock: Clock = { offsetNs: 0, skewPpm: 0, steps: [] };

export const wholeCapture: Capture = {
  startSeconds: -Infinity,
  stopSeconds: Infinity,
  format: 'pcap',
  resolution: 'nanoseconds',
  snaplenBytes: 262_144,
  dropRatio: 0,
  gaps: [],
  writesDropCounter: false,
  offload: false,
  leavesChecksums: false,
};

export const game: GameTraffic = {
  kind: 'game',
  clientHz: 30,
  serverHz: 20,
  clientBytes: [40, 90],
  serverBytes: [90, 400],
  idleShare: 0,
  dscp: 46,
  ecn: 0,
  dontFragment: true,
  isRewritten: false,
};

export const connection: TcpTraffic = {
  kind: 'tcp',
  timestamps: true,
  exchangeSeconds: [0.2, 1.2],
  burstBytes: 24_000,
  burstSeconds: 7,
  uploadBytes: 0,
  lateServer: null,
  clientDelayedAckShare: 0.3,
  keepAliveSeconds: 0,
  hidesSequence: false,
};

type Changes = Partial<Omit<Scenario, 'clientToServer' | 'serverToClient' | 'client' | 'server' | 'nat'>> & {
  readonly nat?: Partial<Nat>;
  readonly clientToServer?: Partial<Lane>;
  readonly serverToClient?: Partial<Lane>;
  readonly client?: { readonly clock?: Partial<Clock>; readonly capture?: Partial<Capture> };
  readonly server?: { readonly clock?: Partial<Clock>; readonly capture?: Partial<Capture> };
};

/** A minute of one game and one connection over a quiet path, changed as told. */
export function scenario(changes: Changes = {}): Scenario {
  const { nat, clientToServer, serverToClient, client, server, ...rest } = changes;
  const host = (given: Changes['client']): Host => ({
    clock: { ...trueClock, ...given?.clock },
    capture: { ...wholeCapture, ...given?.capture },
  });
  return {
    name: 'unnamed',
    seed: 1,
    durationSeconds: 60,
    startNs: 1_795_255_200_000_000_000n, // 2026-11-21T10:00:00Z
    ipVersion: 4,
    traffic: [game, connection],
    ...rest,
    nat: { client: 'home', serverBehindBalancer: false, ...nat },
    clientToServer: { ...quietLane, ...clientToServer },
    serverToClient: { ...quietLane, baseUs: 11_000, hops: 11, ...serverToClient },
    client: host(client),
    server: host(server),
  };
}
