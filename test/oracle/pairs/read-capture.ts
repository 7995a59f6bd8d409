/** pcap and pcapng → frames, read the plain way: the whole file in memory, one block after the other, no repair. */

export interface Frame {
  readonly timestampNs: bigint;
  readonly linkType: number;
  /** As captured. */
  readonly data: Uint8Array;
  readonly originalLenBytes: number;
}

export interface ReadCapture {
  readonly frames: readonly Frame[];
  /** The file ends inside a record, as when tcpdump was killed. */
  readonly isCutShort: boolean;
}

interface Interface {
  readonly linkType: number;
  readonly ticksPerSecond: bigint;
}

export function readCapture(bytes: Uint8Array): ReadCapture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(0) === 0x0a0d0d0a ? readPcapng(bytes, view) : readPcap(bytes, view);
}

/** draft-ietf-opsawg-pcap: magic a1b2c3d4 counts µs, a1b23c4d ns, in the writer's byte order. */
function readPcap(bytes: Uint8Array, view: DataView): ReadCapture {
  const magic = view.getUint32(0, true);
  const little = magic === 0xa1b2c3d4 || magic === 0xa1b23c4d;
  const word = view.getUint32(0, little);
  if (word !== 0xa1b2c3d4 && word !== 0xa1b23c4d) throw new Error(`not a pcap file: ${word.toString(16)}`);
  const unitNs = word === 0xa1b23c4d ? 1n : 1000n;
  const linkType = view.getUint32(20, little) & 0xffff;
  const frames: Frame[] = [];
  let at = 24;
  while (at + 16 <= bytes.length) {
    const captured = view.getUint32(at + 8, little);
    if (at + 16 + captured > bytes.length) return { frames, isCutShort: true };
    frames.push({
      timestampNs:
        BigInt(view.getUint32(at, little)) * 1_000_000_000n + BigInt(view.getUint32(at + 4, little)) * unitNs,
      linkType,
      data: bytes.subarray(at + 16, at + 16 + captured),
      originalLenBytes: view.getUint32(at + 12, little),
    });
    at += 16 + captured;
  }
  return { frames, isCutShort: at !== bytes.length };
}

/** draft-ietf-opsawg-pcapng: section, interface and enhanced packet blocks; others are stepped over. */
function readPcapng(bytes: Uint8Array, view: DataView): ReadCapture {
  const frames: Frame[] = [];
  let interfaces: Interface[] = [];
  let little = true;
  let at = 0;
  while (at + 12 <= bytes.length) {
    if (view.getUint32(at) === 0x0a0d0d0a) {
      little = view.getUint32(at + 8, true) === 0x1a2b3c4d;
      interfaces = [];
    }
    const type = view.getUint32(at, little);
    const length = view.getUint32(at + 4, little);
    if (length < 12 || at + length > bytes.length) return { frames, isCutShort: true };
    if (type === 1) {
      interfaces.push({
        linkType: view.getUint16(at + 8, little),
        ticksPerSecond: ticksPerSecond(view, at + 16, at + length - 4, little),
      });
    } else if (type === 6) {
      const { linkType, ticksPerSecond: perSecond } = interfaces[view.getUint32(at + 8, little)]!;
      const ticks =
        (BigInt(view.getUint32(at + 12, little)) << 32n) | BigInt(view.getUint32(at + 16, little));
      const captured = view.getUint32(at + 20, little);
      frames.push({
        timestampNs: (ticks * 1_000_000_000n) / perSecond,
        linkType,
        data: bytes.subarray(at + 28, at + 28 + captured),
        originalLenBytes: view.getUint32(at + 24, little),
      });
    }
    at += length;
  }
  return { frames, isCutShort: at !== bytes.length };
}

/** `if_tsresol` (option 9): a power of ten, or of two with the high bit; microseconds without it. */
function ticksPerSecond(view: DataView, from: number, to: number, little: boolean): bigint {
  for (let at = from; at + 4 <= to;) {
    const code = view.getUint16(at, little);
    const length = view.getUint16(at + 2, little);
    if (code === 0) break;
    if (code === 9) {
      const value = view.getUint8(at + 4);
      return value & 0x80 ? 2n ** BigInt(value & 0x7f) : 10n ** BigInt(value);
    }
    at += 4 + ((length + 3) & ~3);
  }
  return 1_000_000n;
}
