/**
 * The plainest reader of our own files: little-endian µs pcap, Ethernet or raw IP, TCP and UDP. Shares no code with the
 * writers, so that a wrong offset there cannot be wrong here in the same way.
 */

export interface NaivePacket {
  readonly timestampNs: bigint;
  readonly originalLength: number;
  readonly isCut: boolean;
  readonly vlan: number | null;
  readonly version: 4 | 6;
  readonly src: string;
  readonly dst: string;
  readonly protocol: number;
  readonly ttl: number;
  readonly dscp: number;
  readonly srcPort: number;
  readonly dstPort: number;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly options: ReadonlyMap<number, Uint8Array>;
  readonly payload: Uint8Array;
  /** By the IP length, whatever the snaplen kept. */
  readonly payloadLength: number;
  /** Null where the packet was cut, so the sum cannot be told. */
  readonly hasRightChecksums: boolean | null;
}

export function readPcap(file: Uint8Array): NaivePacket[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint32(0, true) !== 0xa1b2c3d4) throw new Error('not a little-endian microsecond pcap');
  const packets: NaivePacket[] = [];
  const isRaw = view.getUint32(20, true) === 101;
  let at = 24;
  while (at < file.length) {
    const timestampNs =
      BigInt(view.getUint32(at, true)) * 1_000_000_000n + BigInt(view.getUint32(at + 4, true)) * 1000n;
    const captured = view.getUint32(at + 8, true);
    const originalLength = view.getUint32(at + 12, true);
    packets.push(readFrame(file.subarray(at + 16, at + 16 + captured), timestampNs, originalLength, isRaw));
    at += 16 + captured;
  }
  if (at !== file.length) throw new Error(`the last record ends at ${at}, the file at ${file.length}`);
  return packets;
}

function readFrame(
  frame: Uint8Array,
  timestampNs: bigint,
  originalLength: number,
  isRaw: boolean,
): NaivePacket {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const isTagged = !isRaw && view.getUint16(12) === 0x8100;
  const ip = isRaw ? 0 : isTagged ? 18 : 14;
  const version = frame[ip]! >>> 4 === 6 ? 6 : 4;
  const header = version === 6 ? 40 : (frame[ip]! & 15) * 4;
  const ipLength = version === 6 ? 40 + view.getUint16(ip + 4) : view.getUint16(ip + 2);
  const protocol = frame[ip + (version === 6 ? 6 : 9)]!;
  const [srcAt, dstAt, size] = version === 6 ? [ip + 8, ip + 24, 16] : [ip + 12, ip + 16, 4];
  const l4 = ip + header;
  const isTcp = protocol === 6;
  const l4Header = isTcp ? (frame[l4 + 12]! >>> 4) * 4 : 8;
  const options = new Map<number, Uint8Array>();
  for (let at = l4 + 20; isTcp && at < l4 + l4Header;) {
    const kind = frame[at]!;
    if (kind === 0) break;
    const length = kind === 1 ? 1 : frame[at + 1]!;
    if (kind !== 1) options.set(kind, frame.subarray(at + 2, at + length));
    at += length;
  }
  const isCut = frame.length < originalLength;
  const l4Length = ipLength - header;
  const words = (from: number, length: number) => {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += frame[from + i]! * (i % 2 === 0 ? 256 : 1);
    return sum;
  };
  const pseudo = words(srcAt, size) + words(dstAt, size) + protocol + l4Length;
  const areRight = () =>
    (version === 6 || words(ip, header) % 0xffff === 0) && (pseudo + words(l4, l4Length)) % 0xffff === 0;
  return {
    timestampNs,
    originalLength,
    isCut,
    vlan: isTagged ? view.getUint16(14) & 0xfff : null,
    version,
    src: addressText(frame.subarray(srcAt, srcAt + size)),
    dst: addressText(frame.subarray(dstAt, dstAt + size)),
    protocol,
    ttl: frame[ip + (version === 6 ? 7 : 8)]!,
    dscp: version === 6 ? (view.getUint16(ip) >>> 6) & 63 : frame[ip + 1]! >>> 2,
    srcPort: view.getUint16(l4),
    dstPort: view.getUint16(l4 + 2),
    seq: isTcp ? view.getUint32(l4 + 4) : 0,
    ack: isTcp ? view.getUint32(l4 + 8) : 0,
    flags: isTcp ? frame[l4 + 13]! : 0,
    options,
    payload: frame.subarray(l4 + l4Header, Math.min(frame.length, ip + ipLength)),
    payloadLength: ipLength - header - l4Header,
    hasRightChecksums: isCut ? null : areRight(),
  };
}

/** Dotted for IPv4; eight uncompressed groups for IPv6, so the caller's text must be expanded too. */
function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i]! << 8) | bytes[i + 1]!).toString(16));
  return groups.join(':');
}
