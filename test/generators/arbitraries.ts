/**
 * Small capture files for fast-check: whatever the laws must hold for, in a few kilobytes. Times are strictly rising
 * within one capture.
 */

import fc from 'fast-check';
import { conversation } from './conversations.ts';
import type { ByteOrder, CapturedFrame, PcapngBlock } from './packets.ts';
import { ethernetFrame, linkTypes, nullFrame, pcapFile, pcapngFile, sll2Frame, sllFrame } from './packets.ts';

export { conversation, icmpConversation, tcpConversation, udpConversation } from './conversations.ts';
export type { TimedPacket } from './conversations.ts';

/** A capture as bytes beside the frames that went into it. */
export interface ArbitraryCapture {
  readonly format: 'pcap' | 'pcapng';
  readonly bytes: Uint8Array;
  readonly frames: readonly CapturedFrame[];
  readonly linkType: number;
  /** Ticks per second the file can tell apart. */
  readonly ticksPerSecond: bigint;
}

/** 2026-11-11T12:00:00Z; every capture starts here. */
export const ARBITRARY_START_NS = BigInt(Date.UTC(2026, 10, 11, 12)) * 1_000_000n;

/** A few conversations at once: one list of packets with rising times. */
export const traffic: fc.Arbitrary<readonly { readonly timestampNs: bigint; readonly packet: Uint8Array }[]> =
  fc
    .array(fc.tuple(conversation, fc.integer({ min: 0, max: 200_000 })), { minLength: 1, maxLength: 4 })
    .map((conversations) => {
      const seen = conversations.flatMap(([packets, startMicros], source) => {
        let timestampNs = ARBITRARY_START_NS + BigInt(startMicros) * 1000n;
        return packets.map(({ gapNs: gap, packet }) => ({
          timestampNs: (timestampNs += gap),
          source,
          packet,
        }));
      });
      seen.sort((a, b) => Number(a.timestampNs - b.timestampNs) || a.source - b.source);
      let last = 0n;
      return seen.map(({ timestampNs, packet }) => {
        last = timestampNs > last ? timestampNs : last + 1000n;
        return { timestampNs: last, packet };
      });
    });

type Link = 'ethernet' | 'vlan' | 'qinq' | 'raw' | 'sll' | 'sll2' | 'null';

const link = fc.constantFrom<Link>('ethernet', 'ethernet', 'vlan', 'qinq', 'raw', 'sll', 'sll2', 'null');

function linked(kind: Link, packet: Uint8Array): Uint8Array {
  switch (kind) {
    case 'ethernet':
      return ethernetFrame(packet, { padToBytes: 60 });
    case 'vlan':
      return ethernetFrame(packet, { vlans: [{ id: 10 }] });
    case 'qinq':
      return ethernetFrame(packet, { vlans: [{ id: 100, tagProtocol: 0x88a8 }, { id: 10 }] });
    case 'raw':
      return packet;
    case 'sll':
      return sllFrame(packet);
    case 'sll2':
      return sll2Frame(packet);
    case 'null':
      return nullFrame(packet);
  }
}

const linkTypeOf: Readonly<Record<Link, number>> = {
  ethernet: linkTypes.ethernet,
  vlan: linkTypes.ethernet,
  qinq: linkTypes.ethernet,
  raw: linkTypes.raw,
  sll: linkTypes.linuxSll,
  sll2: linkTypes.linuxSll2,
  null: linkTypes.null,
};

/** Frames of one link type, ready for any file format. */
export const frames: fc.Arbitrary<{ readonly linkType: number; readonly frames: readonly CapturedFrame[] }> =
  fc.tuple(link, traffic).map(([kind, packets]) => ({
    linkType: linkTypeOf[kind],
    frames: packets.map(({ timestampNs, packet }) => ({ timestampNs, data: linked(kind, packet) })),
  }));

/** How frames become a file; `pcapng` also sprinkles blocks a reader must step over. */
export interface FileShape {
  readonly format: 'pcap' | 'pcapng';
  readonly byteOrder: ByteOrder;
  readonly nanoseconds: boolean;
  readonly snaplenBytes: number;
}

export const fileShape: fc.Arbitrary<FileShape> = fc.record({
  format: fc.constantFrom('pcap' as const, 'pcapng' as const),
  byteOrder: fc.constantFrom('little' as const, 'big' as const),
  nanoseconds: fc.boolean(),
  snaplenBytes: fc.constantFrom(262144, 96, 68),
});

/** The file of these frames in this shape; every file of a rotation is made with the same call. */
export function fileOf(
  linkType: number,
  list: readonly CapturedFrame[],
  { format, byteOrder, nanoseconds, snaplenBytes }: FileShape,
): Uint8Array {
  if (format === 'pcap') {
    const resolution = nanoseconds ? 'nanoseconds' : 'microseconds';
    return pcapFile(list, { byteOrder, resolution, snaplenBytes, linkType });
  }
  const blocks: PcapngBlock[] = [
    { kind: 'section', byteOrder },
    {
      kind: 'interface',
      linkType,
      snaplenBytes,
      ...(nanoseconds ? { resolution: { base: 10, exponent: 9 } as const } : {}),
    },
  ];
  list.forEach((frame, i) => {
    if (i % 5 === 3) blocks.push({ kind: 'unknown', type: 0x0bad_beef, body: new Uint8Array((i % 4) * 4) });
    if (i % 7 === 4) blocks.push({ kind: 'custom', enterpriseNumber: 32473, data: Uint8Array.of(1, 2, 3) });
    blocks.push({ kind: 'packet', interfaceId: 0, ...frame });
  });
  return pcapngFile(blocks);
}

/** One whole capture file of a few dozen packets. */
export const captureFile: fc.Arbitrary<ArbitraryCapture> = fc
  .tuple(frames, fileShape)
  .map(([made, shape]) => ({
    format: shape.format,
    bytes: fileOf(made.linkType, made.frames, shape),
    frames: made.frames,
    linkType: made.linkType,
    ticksPerSecond: shape.nanoseconds ? 1_000_000_000n : 1_000_000n,
  }));

/** One capture, and the same frames as a rotated set in time order; a file of the set may be empty. */
export const rotatedCapture: fc.Arbitrary<{
  readonly whole: ArbitraryCapture;
  readonly parts: readonly Uint8Array[];
}> = fc
  .tuple(frames, fileShape, fc.array(fc.nat({ max: 1000 }), { minLength: 1, maxLength: 3 }))
  .map(([made, shape, marks]) => {
    const cuts = marks.map((mark) => mark % (made.frames.length + 1)).sort((a, b) => a - b);
    const edges = [0, ...cuts, made.frames.length];
    const parts = edges
      .slice(1)
      .map((end, i) => fileOf(made.linkType, made.frames.slice(edges[i], end), shape));
    return {
      whole: {
        format: shape.format,
        bytes: fileOf(made.linkType, made.frames, shape),
        frames: made.frames,
        linkType: made.linkType,
        ticksPerSecond: shape.nanoseconds ? 1_000_000_000n : 1_000_000n,
      },
      parts,
    };
  });
