/** Writes classic pcap files: µs or ns, either byte order, with a snaplen that really cuts. */

import type { ByteOrder } from './bytes.ts';
import { linkTypes } from './frames.ts';
import { viewOf } from './bytes.ts';

/** One captured frame before it is written. */
export interface CapturedFrame {
  /** Nanoseconds since the Unix epoch, UTC. */
  readonly timestampNs: bigint;
  readonly data: Uint8Array;
  /** Length on the wire where `data` is already cut; `data.length` by default. */
  readonly originalLenBytes?: number;
}

export interface PcapOptions {
  readonly byteOrder?: ByteOrder;
  readonly resolution?: 'microseconds' | 'nanoseconds';
  /** Bytes kept of each frame; 262144 by default, as tcpdump. */
  readonly snaplenBytes?: number;
  readonly linkType?: number;
}

const magic = { microseconds: 0xa1b2c3d4, nanoseconds: 0xa1b23c4d } as const;

/** A whole file. Times finer than the resolution are cut off, as a capturing kernel does. */
export function pcapFile(frames: readonly CapturedFrame[], options: PcapOptions = {}): Uint8Array {
  const resolution = options.resolution ?? 'microseconds';
  const little = (options.byteOrder ?? 'little') === 'little';
  const snaplen = options.snaplenBytes ?? 262144;
  let length = 24;
  for (const frame of frames) length += 16 + Math.min(frame.data.length, snaplen);
  const file = new Uint8Array(length);
  const view = viewOf(file);
  view.setUint32(0, magic[resolution], little);
  view.setUint16(4, 2, little);
  view.setUint16(6, 4, little);
  view.setUint32(16, snaplen, little);
  view.setUint32(20, options.linkType ?? linkTypes.ethernet, little);
  let at = 24;
  for (const frame of frames) {
    const captured = Math.min(frame.data.length, snaplen);
    const fraction = Number(frame.timestampNs % 1_000_000_000n);
    view.setUint32(at, Number(frame.timestampNs / 1_000_000_000n), little);
    view.setUint32(at + 4, resolution === 'nanoseconds' ? fraction : Math.floor(fraction / 1000), little);
    view.setUint32(at + 8, captured, little);
    view.setUint32(at + 12, frame.originalLenBytes ?? frame.data.length, little);
    file.set(frame.data.subarray(0, captured), at + 16);
    at += 16 + captured;
  }
  return file;
}
