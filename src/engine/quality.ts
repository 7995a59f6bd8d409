/** What the core counted about a segment as a capture; wasm/crates/packet/src/quality.rs has the layout. */

export interface Silence {
  readonly ns: number;
  /** Of the record that ended it; the number is 0-based within the segment. */
  readonly byteOffset: number;
  readonly record: number;
}

export interface SegmentQuality {
  readonly wireBytes: number;
  readonly capturedBytes: number;
  /** Greatest common divisor of all times; 0 without any. */
  readonly granularityNs: bigint;
  readonly largestStepBackNs: number;
  readonly cutRecords: number;
  readonly maxCapturedLength: number;
  /** TCP packets larger than an Ethernet frame carries. */
  readonly largePackets: number;
  readonly tunnelledPackets: number;
  readonly taggedPackets: number;
  /** The longest first. */
  readonly silences: readonly Silence[];
  /** Decoded packets by their layers down to IP, as the `layers` column of packets holds them. */
  readonly ways: readonly { readonly layers: bigint; readonly packets: number }[];
}

export function readQuality(bytes: Uint8Array): SegmentQuality {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at: number): number => view.getUint32(at, true);
  const long = (at: number): number => Number(view.getBigUint64(at, true));
  return {
    wireBytes: long(0),
    capturedBytes: long(8),
    granularityNs: view.getBigUint64(16, true),
    largestStepBackNs: long(24),
    cutRecords: word(32),
    maxCapturedLength: word(36),
    largePackets: word(40),
    tunnelledPackets: word(44),
    taggedPackets: word(48),
    silences: Array.from({ length: word(52) }, (_, index) => ({
      ns: long(60 + index * 20),
      byteOffset: long(68 + index * 20),
      record: word(76 + index * 20),
    })),
    ways: Array.from({ length: word(56) }, (_, index) => ({
      layers: view.getBigUint64(60 + word(52) * 20 + index * 12, true),
      packets: word(68 + word(52) * 20 + index * 12),
    })),
  };
}

/** The longest captured length that the reader state at a segment's end promises; null where it names none. */
export function snaplenOf(context: Uint8Array): number | null {
  const view = new DataView(context.buffer, context.byteOffset, context.byteLength);
  const lengths: number[] = [];
  if (context[0] === 1 && context.length >= 13) lengths.push(view.getUint32(9, true));
  if (context[0] === 2) {
    for (let at = 2; at + 15 <= context.length; at += 15) lengths.push(view.getUint32(at + 2, true));
  }
  const largest = Math.max(0, ...lengths);
  return largest === 0 ? null : largest;
}
