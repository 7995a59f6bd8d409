/**
 * Datagrams past the tap, with their truth: RTP (number and sender's clock), a game that acknowledges in clear, and an encrypted one that
 * only keeps its tick. All numbers start just below their wrap.
 */

import { Random } from '../../../samples/generate/simulate/random.ts';
import { udpPacket } from '../packets.ts';
import { Wire } from './wire.ts';
import type { Passage, PathShape, Side } from './wire.ts';

export interface StreamShape {
  readonly name: string;
  readonly kind: 'rtp' | 'source' | 'opaque';
  readonly clientPort: number;
  readonly seconds: number;
  readonly periodUs: number;
  readonly path: PathShape;
  readonly startNs: bigint;
}

export interface StreamTruth {
  readonly shape: StreamShape;
  readonly wire: Wire;
  readonly directions: Readonly<Record<Side, StreamDirection>>;
  /** Capture times at which an acknowledgement first told of a packet, with the distances to the packets it told of. */
  readonly answers: readonly {
    readonly atNs: bigint;
    readonly toward: 'initiator' | 'responder';
    readonly rttNs: bigint;
  }[];
}

export interface StreamDirection {
  readonly sent: number;
  /** Numbers between the first and the highest seen that the tap never saw. */
  readonly lost: number;
  /** Seen behind a higher number (RFC 4737 3). */
  readonly late: number;
  readonly copies: number;
  /** Of every packet seen, in order of arrival: sender's clock and capture time, µs. */
  readonly seen: readonly { readonly sentUs: number; readonly tapUs: number }[];
}

interface Sent {
  readonly number: number;
  readonly passage: Passage;
}

const RTP_RATE_HZ = 8_000;
const FIRST_RTP_NUMBER = 65_400;
const FIRST_RTP_TICKS = 0xffff_f000;
const SIDES = ['client', 'server'] as const;

export function simulateStream(shape: StreamShape): StreamTruth {
  const wire = new Wire(shape.name, shape.path, shape.startNs);
  const bytes = new Random(`${shape.name} bytes`);
  const sent: Record<Side, Sent[]> = { client: [], server: [] };
  const seen: Record<Side, Sent[]> = { client: [], server: [] };
  const has: Record<Side, number> = { client: 0, server: 0 };
  const told: Record<Side, number> = { client: 0, server: 0 };
  const tellings: { readonly by: Passage; readonly of: number }[] = [];
  const speak = (from: Side): void => {
    const number = sent[from].length + 1;
    const payload = payloadOf(shape.kind, from, number, has[from], wire.queue.nowUs, bytes);
    const passage = wire.send(from, (id) => packetOf(shape, from, payload, id), {
      mayBeLost: true,
      mayBeCopied: true,
      onSight: (passage) => seen[from].push({ number, passage }),
      onArrival: () => {
        const peer = from === 'client' ? 'server' : 'client';
        has[peer] = Math.max(has[peer], number);
      },
    });
    sent[from].push({ number, passage });
    if (has[from] > told[from]) {
      told[from] = has[from];
      tellings.push({ by: passage, of: has[from] });
    }
  };
  for (const from of SIDES) {
    const first = from === 'client' ? 1_000 : 60_000;
    for (let atUs = first; atUs < shape.seconds * 1e6; atUs += shape.periodUs)
      wire.queue.at(atUs, () => {
        speak(from);
      });
  }
  wire.queue.runUntil((shape.seconds + 4) * 1e6);
  const direction = (from: Side): StreamDirection => {
    let highest = 0;
    let late = 0;
    for (const { number } of seen[from]) {
      if (number < highest) late++;
      highest = Math.max(highest, number);
    }
    const lowest = Math.min(...seen[from].map(({ number }) => number));
    return {
      sent: sent[from].length,
      lost: highest - lowest + 1 - seen[from].length,
      late,
      copies: wire.copies[from],
      seen: seen[from].map(({ passage }) => ({ sentUs: passage.sentUs, tapUs: passage.tapUs ?? 0 })),
    };
  };
  const answers = tellings.flatMap(({ by, of }) => {
    const asked = sent[by.from === 'client' ? 'server' : 'client'][of - 1]?.passage.tapUs ?? null;
    if (by.tapUs === null || asked === null) return [];
    return [
      {
        atNs: shape.startNs + BigInt(by.tapUs) * 1000n,
        toward: by.from === 'client' ? ('initiator' as const) : ('responder' as const),
        rttNs: BigInt(by.tapUs - asked) * 1000n,
      },
    ];
  });
  return {
    shape,
    wire,
    directions: { client: direction('client'), server: direction('server') },
    answers,
  };
}

function payloadOf(
  kind: StreamShape['kind'],
  from: Side,
  number: number,
  has: number,
  nowUs: number,
  random: Random,
): Uint8Array {
  const bytes = new Uint8Array(kind === 'rtp' ? 172 : 60);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += 4) view.setUint32(at, random.u32());
  if (kind === 'rtp') {
    view.setUint16(0, 0x8000);
    view.setUint16(2, FIRST_RTP_NUMBER + number);
    view.setUint32(4, (FIRST_RTP_TICKS + Math.floor((nowUs * RTP_RATE_HZ) / 1e6)) >>> 0);
    view.setUint32(8, from === 'client' ? 0x1234 : 0x9876);
  } else if (kind === 'source') {
    view.setUint32(0, number, true);
    view.setUint32(4, has, true);
    bytes[8] = 0;
  }
  return bytes;
}

function packetOf(shape: StreamShape, from: Side, payload: Uint8Array, id: number): Uint8Array {
  const [client, server] = ['192.0.2.7', '198.51.100.9'];
  return udpPacket(
    { src: from === 'client' ? client : server, dst: from === 'client' ? server : client, id },
    {
      srcPort: from === 'client' ? shape.clientPort : 27_015,
      dstPort: from === 'client' ? 27_015 : shape.clientPort,
      payload,
    },
  );
}
