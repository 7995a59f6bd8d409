/** What travels: a unit as a host's stack hands it down, the pieces it is on the wire, and where each piece arrived. */

import type { Direction } from '../../../samples/generate/simulate/path.ts';

export type { Direction } from '../../../samples/generate/simulate/path.ts';
export type End = 'client' | 'server';

/** One five-tuple, as each end sees it. */
export interface Flow {
  readonly ordinal: number;
  readonly kind: string;
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  readonly views: Readonly<Record<End, View>>;
  /** False where it passes only one of the two captures. */
  readonly crosses: boolean;
  /** Its payload bytes are drawn from this. */
  readonly token: number;
  /** Added to the client's sequence numbers on the way to the server. */
  readonly sequenceShift: number;
  /** The first four payload bytes change on the way to the server. */
  readonly isRewritten: boolean;
}

export interface View {
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly serverAddress: string;
  readonly serverPort: number;
}

export type Message =
  | {
      readonly kind: 'tcp';
      readonly flags: number;
      readonly seq: number;
      readonly ack: number | null;
      readonly window: number;
      readonly tsValue: number | null;
      readonly tsEcho: number | null;
      readonly sack: readonly (readonly [number, number])[];
      /** Offered on a SYN. */
      readonly mssBytes: number | null;
      /** Position in the stream of the first payload byte. */
      readonly streamOffset: number;
      readonly payloadBytes: number;
      /** A payload of its own instead of the stream's (the garbage byte of a keep-alive). */
      readonly payload: Uint8Array | null;
    }
  | { readonly kind: 'udp'; readonly payload: Uint8Array }
  | {
      readonly kind: 'echo';
      readonly isReply: boolean;
      readonly sequence: number;
      readonly payload: Uint8Array;
    }
  | { readonly kind: 'too-big'; readonly mtuBytes: number; readonly router: string; readonly about: Unit };

/** One IP packet as the sending host's capture shows it. */
export interface Unit {
  readonly ordinal: number;
  readonly flow: Flow;
  readonly direction: Direction;
  readonly sentUs: number;
  readonly message: Message;
  /** The part of the transport bytes it carries, where its own host cut it. */
  readonly slice: Slice | null;
  readonly ip: { readonly ttl: number; readonly dscp: number; readonly ecn: number; readonly id: number };
  readonly dontFragment: boolean;
  readonly pieces: Piece[];
}

export interface Slice {
  readonly offset: number;
  readonly length: number;
  readonly moreFragments: boolean;
}

/** One packet on the wire: the unit itself, a segment of it, or a fragment of it. */
export interface Piece {
  readonly unit: Unit;
  /** Differs from the unit's where TSO cut it. */
  readonly message: Message;
  /** Differs from the unit's where a router cut it. */
  readonly slice: Slice | null;
  readonly ipBytes: number;
  readonly arrivals: Arrival[];
  lostBy: 'loss' | 'mtu' | null;
}

export interface Arrival {
  readonly piece: Piece;
  readonly atUs: number;
  readonly isCopy: boolean;
  readonly hops: number;
}

export function senderOf(direction: Direction): End {
  return direction === 'client_to_server' ? 'client' : 'server';
}

/** Bytes of the transport header and payload. */
export function transportBytes(message: Message): number {
  switch (message.kind) {
    case 'tcp':
      return 20 + tcpOptionBytesOf(message) + message.payloadBytes;
    case 'udp':
    case 'echo':
      return 8 + message.payload.length;
    case 'too-big':
      return 8 + 28;
  }
}

/** What frames.ts will write for these options, padding included. */
export function tcpOptionBytesOf(message: Message & { readonly kind: 'tcp' }): number {
  if (message.mssBytes !== null) return 4 + (message.tsValue === null ? 4 : 12);
  return (message.tsValue === null ? 0 : 12) + (message.sack.length === 0 ? 0 : 4 + 8 * message.sack.length);
}
