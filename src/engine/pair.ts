/** Both captures' packets in, pairs and losses out. Layouts: wasm/crates/pair/src/{event,pairer}.rs and abi/src/session.rs. */

import { TAG, type Core, type Session } from './core.ts';
import type { Comparison } from './decode.ts';

const OUTPUT = { wanted: 9, events: 10, report: 11 } as const;

/** The readings of both captures, in their order. */
export const READINGS = ['scan', 'probe', 'votes', 'match'] as const;
export type Reading = (typeof READINGS)[number];

/** 0 is the client's capture, 1 the server's. */
export type End = 0 | 1;

/** The key of the content hash: fixed, because the same captures must give the same answer. */
const KEY = [0x6c61_6764_6966_6620n, 0x7061_6972_2062_6f74n] as const;

export interface JoinedFlow {
  readonly protocol: number;
  readonly rule: 'votes' | 'small-flow' | 'aligned' | 'same-hosts';
  readonly votes: number;
  readonly against: number;
  /** Told from times or TTLs; false where only the ports suggest who is the client. */
  readonly isWayKnown: boolean;
  readonly hasPorts: boolean;
  /** Of what travels toward the server: source and destination at the client's and at the server's capture. */
  readonly addresses: readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  readonly ports: readonly [number, number, number, number];
  /** Under how many other addresses or ports it went on at one end, one after the other: mappings that a translator made anew. */
  readonly otherNames: number;
}

export interface PairReport {
  /** Server clock minus client clock as the probe saw it, delays included. */
  readonly offsetNs: bigint;
  readonly agreeing: number;
  readonly common: number;
  /** UDP payload bytes that were compared; null where neither capture cut any. */
  readonly trimBytes: number | null;
  readonly comparesHash: boolean;
  /** First and last time of client and server; null for an end without packets. */
  readonly extents: readonly [readonly [bigint, bigint] | null, readonly [bigint, bigint] | null];
  /** Smallest and largest server time minus client time of any content. */
  readonly differenceNs: readonly [bigint, bigint];
  readonly flows: readonly [number, number];
  readonly unkeyable: readonly [number, number];
  readonly joined: readonly JoinedFlow[];
}

const RULES = ['votes', 'small-flow', 'aligned', 'same-hosts'] as const;
/** Of payload bytes that are compared: all. */
const WHOLE = 0xffff_ffff;
const STEP_BYTES = 28;
const FLOW_HEAD_BYTES = 28;
const FLOW_BYTES = FLOW_HEAD_BYTES + 64 + 16;

/** One pairing. The caller hands in rows of the wanted end until none is wanted, then advances. */
export class PairSession {
  readonly #session: Session;

  constructor(core: Core) {
    this.#session = core.open(5);
    const config = new Uint8Array(16);
    const view = new DataView(config.buffer);
    KEY.forEach((word, index) => view.setBigUint64(index * 8, word, true));
    this.#session.send(TAG.config, config);
  }

  /** Rows of one decoded segment, all shards; `frameBase` records of the end's set came before it. */
  rows(end: End, frameBase: number, rows: Uint8Array): void {
    const place = this.#session.reserve(TAG.rows, 8 + rows.length);
    const view = new DataView(place.buffer, place.byteOffset, 8);
    view.setUint32(0, end, true);
    view.setUint32(4, frameBase, true);
    place.set(rows, 8);
    this.#session.push(TAG.rows, 8 + rows.length);
  }

  /** That end has no more packets in this reading. */
  end(end: End): void {
    this.#session.finish(end);
  }

  /** Which end is to be read on; null when this reading is done. */
  wanted(): End | null {
    const end = this.#word(1);
    return end === 2 ? null : (end as End);
  }

  /** Begins the next reading; null when there is none. Probe and votes come again where less was kept than expected. */
  advance(): Reading | null {
    return this.#session.finish(2) === 'done' ? null : (READINGS[this.#word(0)] ?? null);
  }

  /** After the last reading, that one again, with steps of the clocks taken off: `deltaNs` of the server's against the client's. */
  again(
    steps: readonly {
      readonly end: 'client' | 'server';
      readonly lastFrame: number;
      readonly frame: number;
      readonly deltaNs: number;
      readonly silentNs?: number;
    }[],
  ): Reading {
    const bytes = new Uint8Array(steps.length * STEP_BYTES);
    const view = new DataView(bytes.buffer);
    steps.forEach(({ end, lastFrame, frame, deltaNs, silentNs = 0 }, index) => {
      const at = index * STEP_BYTES;
      view.setUint32(at, end === 'client' ? 0 : 1, true);
      view.setUint32(at + 4, lastFrame, true);
      view.setUint32(at + 8, frame, true);
      view.setBigInt64(at + 12, BigInt(Math.round(deltaNs)), true);
      view.setBigInt64(at + 20, BigInt(Math.round(silentNs)), true);
    });
    this.#session.send(TAG.steps, bytes);
    return 'match';
  }

  /** What the rows of this reading must hold; undefined while it is not known how packets were cut. */
  comparison(): Comparison | undefined {
    const reading = READINGS[this.#word(0)];
    if (reading === 'scan') return undefined;
    return { key: KEY, bytes: this.#word(2), verifies: reading === 'match' };
  }

  #word(index: number): number {
    const bytes = this.#session.output(OUTPUT.wanted);
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(index * 4, true);
  }

  /** Events since the last call. */
  events(): Uint8Array<ArrayBuffer> {
    return this.#session.output(OUTPUT.events);
  }

  report(): PairReport {
    const bytes = this.#session.output(OUTPUT.report);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const word = (at: number): number => view.getUint32(at, true);
    const long = (at: number): bigint => view.getBigInt64(at, true);
    const extent = (at: number): readonly [bigint, bigint] | null =>
      long(at) === 0n && long(at + 8) === 0n ? null : [long(at), long(at + 8)];
    const joined = Array.from({ length: word(88) }, (_, index): JoinedFlow => {
      const at = 96 + index * FLOW_BYTES;
      const addresses = at + FLOW_HEAD_BYTES;
      const address = (place: number): Uint8Array =>
        bytes.slice(addresses + place * 16, addresses + (place + 1) * 16);
      const port = (place: number): number => word(addresses + 64 + place * 4);
      return {
        protocol: word(at),
        rule: RULES[word(at + 4)] ?? 'votes',
        votes: word(at + 8),
        against: word(at + 12),
        isWayKnown: word(at + 16) === 1,
        hasPorts: word(at + 20) === 1,
        addresses: [address(0), address(1), address(2), address(3)],
        ports: [port(0), port(1), port(2), port(3)],
        otherNames: word(at + 24),
      };
    });
    return {
      offsetNs: long(0),
      agreeing: word(8),
      common: word(12),
      trimBytes: word(16) === WHOLE ? null : word(16),
      comparesHash: word(20) === 1,
      extents: [extent(24), extent(40)],
      differenceNs: [long(56), long(64)],
      flows: [word(72), word(80)],
      unkeyable: [word(76), word(84)],
      joined,
    };
  }

  close(): void {
    this.#session.close();
  }
}

/** What happened to a packet; numbers as in event.rs. */
export const WHAT = {
  pair: 0,
  missing: 1,
  extra: 2,
  duplicate: 3,
  captureCopy: 4,
  unkeyable: 5,
  tooBig: 6,
  answer: 7,
} as const;

export const FLAG = {
  timed: 1,
  ambiguous: 2,
  acknowledged: 4,
  sentAgain: 8,
  resegmented: 16,
  rewritten: 32,
  opens: 64,
  partly: 128,
  fragment: 256,
} as const;

/** What a transport checksum is; numbers as in packet/src/contents.rs. */
export const CHECKSUM = { unknown: 0, right: 1, wrong: 2, absent: 3, partial: 4 } as const;

export const NO_FLOW = 0xffff_ffff;
const EVENT_BYTES = 80;

/** A cursor over events; the fields are those of the event at `at`. */
export class PairEvents {
  readonly length: number;
  readonly #numbers: Float64Array;
  readonly #words: Uint32Array;
  at = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.length = bytes.length / EVENT_BYTES;
    this.#numbers = new Float64Array(bytes.buffer, bytes.byteOffset, this.length * 10);
    this.#words = new Uint32Array(bytes.buffer, bytes.byteOffset, this.length * 20);
  }

  #word(index: number): number {
    return this.#words[this.at * 20 + 8 + index] ?? 0;
  }
  get what(): number {
    return this.#word(0) & 0xff;
  }
  get flags(): number {
    return this.#word(0) >>> 8;
  }
  /** Number of the joined flow, or NO_FLOW. */
  get flow(): number {
    return this.#word(1);
  }
  /** 0 toward the server, 1 toward the client. */
  get way(): 0 | 1 {
    return this.#word(2) as 0 | 1;
  }
  /** ns on the client's clock since its first packet. */
  get timeNs(): number {
    return this.#numbers[this.at * 10] ?? NaN;
  }
  /** Server time minus client time minus the probe's offset; NaN without both. */
  get differenceNs(): number {
    return this.#numbers[this.at * 10 + 1] ?? NaN;
  }
  /** Around the instant a packet was due at the end that misses it: time of that capture's packet before, and the gap. */
  get silenceStartNs(): number {
    return this.#numbers[this.at * 10 + 2] ?? NaN;
  }
  get silenceNs(): number {
    return this.#numbers[this.at * 10 + 3] ?? NaN;
  }
  /** 0 where that end has none. */
  get clientFrame(): number {
    return this.#word(3);
  }
  get serverFrame(): number {
    return this.#word(4);
  }
  get ipLenBytes(): number {
    return this.#word(5);
  }
  get senderTtl(): number {
    return this.#word(6) & 0xff;
  }
  get receiverTtl(): number {
    return (this.#word(6) >>> 8) & 0xff;
  }
  /** DSCP and ECN as they stand in the header. */
  get senderClass(): number {
    return (this.#word(6) >>> 16) & 0xff;
  }
  get receiverClass(): number {
    return this.#word(6) >>> 24;
  }
  get senderMss(): number {
    return this.#word(7) & 0xffff;
  }
  get receiverMss(): number {
    return this.#word(7) >>> 16;
  }
  get payloadBytes(): number {
    return this.#word(8);
  }
  get protocol(): number {
    return this.#word(9) & 0xff;
  }
  /** At the sender; numbers as in `CHECKSUM`. */
  get senderChecksum(): number {
    return (this.#word(9) >>> 8) & 0xff;
  }
  /** At the receiver; of a packet that one capture lacks, what the other has. */
  get receiverChecksum(): number {
    return (this.#word(9) >>> 16) & 0xff;
  }
  /** Of an answer: frame of the acknowledgment; its capture is that of the segment. */
  get answerFrame(): number {
    return this.#word(10);
  }
  /** MTU of a "too big" message. */
  get mtuBytes(): number {
    return this.#word(10);
  }
  /** Which of its way at the sender, counted from 0: of pairs and missing packets. */
  get index(): number {
    return this.what === WHAT.pair ? this.#word(11) : this.#word(10);
  }
}
