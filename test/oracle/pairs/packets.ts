/** Frames → IP packets with what a path may and may not change, by the RFC texts; the outermost IP header, no reassembly. */

import type { Frame } from './read-capture.ts';

export interface Packet {
  /** 1-based in its file. */
  readonly frameNumber: number;
  readonly timestampNs: bigint;
  readonly protocol: number;
  readonly src: string;
  readonly dst: string;
  /** Null in fragments but the first, and where the protocol has none. */
  readonly srcPort: number | null;
  readonly dstPort: number | null;
  readonly ipLenBytes: number;
  readonly ttl: number;
  readonly dscp: number;
  readonly ecn: number;
  readonly isFragment: boolean;
  readonly fragmentOffsetBytes: number;
  readonly tcp: Tcp | null;
  /** Transport payload as captured; of a fragment everything behind the IP header; of other protocols likewise. */
  readonly payload: Uint8Array;
  /** Its length on the wire. */
  readonly payloadLenBytes: number;
}

export interface Tcp {
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly tsValue: number | null;
}

/** Packets of a capture; frames without an IP packet are left out. */
export function packetsOf(frames: readonly Frame[]): Packet[] {
  return frames.flatMap((frame, index) => {
    const at = ipOffset(frame);
    if (at === null) return [];
    const packet = parseIp(frame, at, index + 1);
    return packet === null ? [] : [packet];
  });
}

/** Where the IP header begins (LINKTYPE 1, 113, 276, 101), or null. */
function ipOffset({ linkType, data }: Frame): number | null {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const typeAt = { 1: 12, 113: 14, 276: 0 }[linkType];
  if (typeAt === undefined) return linkType === 101 ? 0 : null;
  if (data.length < typeAt + 2) return null;
  let type = view.getUint16(typeAt);
  let at = linkType === 276 ? 20 : typeAt + 2;
  while (type === 0x8100 || type === 0x88a8) {
    type = view.getUint16(at + 2);
    at += 4;
  }
  return type === 0x0800 || type === 0x86dd ? at : null;
}

function parseIp(frame: Frame, at: number, frameNumber: number): Packet | null {
  const { data, timestampNs } = frame;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length < at + 20) return null;
  const isV4 = data[at]! >>> 4 === 4;
  if (!isV4 && data.length < at + 40) return null;
  let protocol: number;
  let transportAt: number;
  let ipLenBytes: number;
  let fragmentOffsetBytes = 0;
  let moreFragments = false;
  const wire = frame.originalLenBytes - at;
  if (isV4) {
    protocol = data[at + 9]!;
    transportAt = at + (data[at]! & 15) * 4;
    // 0 is what segmentation offload leaves in a capture at the sender.
    ipLenBytes = view.getUint16(at + 2) || wire;
    const word = view.getUint16(at + 6);
    fragmentOffsetBytes = (word & 0x1fff) * 8;
    moreFragments = (word & 0x2000) !== 0;
  } else {
    protocol = data[at + 6]!;
    transportAt = at + 40;
    ipLenBytes = 40 + view.getUint16(at + 4);
    while ([0, 43, 44, 60].includes(protocol) && transportAt + 8 <= data.length) {
      if (protocol === 44) {
        const word = view.getUint16(transportAt + 2);
        fragmentOffsetBytes = word & 0xfff8;
        moreFragments = (word & 1) !== 0;
      }
      const length = protocol === 44 ? 8 : (data[transportAt + 1]! + 1) * 8;
      protocol = data[transportAt]!;
      transportAt += length;
    }
  }
  const isFragment = fragmentOffsetBytes > 0 || moreFragments;
  const trafficClass = isV4 ? data[at + 1]! : (view.getUint16(at) >>> 4) & 0xff;
  const header = headerBytes(view, protocol, transportAt, data.length, isFragment);
  const hasPorts = (protocol === 6 || protocol === 17) && fragmentOffsetBytes === 0;
  const end = Math.min(data.length, at + ipLenBytes);
  const bodyAt = Math.min(transportAt + header, end);
  return {
    frameNumber,
    timestampNs,
    protocol,
    src: address(data, isV4 ? at + 12 : at + 8, isV4),
    dst: address(data, isV4 ? at + 16 : at + 24, isV4),
    srcPort: hasPorts && transportAt + 4 <= data.length ? view.getUint16(transportAt) : null,
    dstPort: hasPorts && transportAt + 4 <= data.length ? view.getUint16(transportAt + 2) : null,
    ipLenBytes,
    ttl: data[at + (isV4 ? 8 : 7)]!,
    dscp: trafficClass >>> 2,
    ecn: trafficClass & 3,
    isFragment,
    fragmentOffsetBytes,
    tcp: protocol === 6 && !isFragment ? parseTcp(view, transportAt, data.length) : null,
    payload: data.subarray(bodyAt, end),
    payloadLenBytes: Math.max(0, ipLenBytes - (transportAt - at) - header),
  };
}

/** Transport header bytes that do not count as content: what NAT rewrites (ports, checksum, ICMP checksum and identifier). */
function headerBytes(
  view: DataView,
  protocol: number,
  at: number,
  length: number,
  isFragment: boolean,
): number {
  if (isFragment) return 0;
  if (protocol === 17) return 8;
  if (protocol === 6) return at + 13 <= length ? (view.getUint8(at + 12) >>> 4) * 4 : 20;
  // Of ICMP the sequence number is content, but it stands behind the identifier: it is added to the key elsewhere.
  return protocol === 1 || protocol === 58 ? 6 : 0;
}

function parseTcp(view: DataView, at: number, length: number): Tcp | null {
  if (at + 20 > length) return null;
  const headerEnd = at + (view.getUint8(at + 12) >>> 4) * 4;
  let tsValue: number | null = null;
  for (let i = at + 20; i < Math.min(headerEnd, length);) {
    const kind = view.getUint8(i);
    if (kind === 0) break;
    if (kind === 1) {
      i++;
      continue;
    }
    if (i + 1 >= length) break;
    if (kind === 8 && i + 6 <= length) tsValue = view.getUint32(i + 2);
    i += Math.max(2, view.getUint8(i + 1));
  }
  return {
    seq: view.getUint32(at + 4),
    ack: view.getUint32(at + 8),
    flags: view.getUint16(at + 12) & 0x1ff,
    tsValue,
  };
}

function address(data: Uint8Array, at: number, isV4: boolean): string {
  const bytes = data.subarray(at, at + (isV4 ? 4 : 16));
  return isV4
    ? bytes.join('.')
    : Buffer.from(bytes)
        .toString('hex')
        .replace(/(.{4})(?!$)/g, '$1:');
}
