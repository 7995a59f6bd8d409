/** Cuts a capture into files as `tcpdump -C` would have rotated it, so that a split can be compared with the whole. */

interface Boundaries {
  /** Bytes that every part begins with: the file header, or section header and interface descriptions. */
  readonly head: Uint8Array;
  /** Start of each record, and the end of the last one. */
  readonly offsets: readonly number[];
  /** Capture time of each record in ticks of the file, for files whose records all carry one in the same unit. */
  readonly ticks: readonly bigint[];
}

const MAGICS: Readonly<Record<string, boolean>> = {
  d4c3b2a1: true,
  '4d3cb2a1': true,
  a1b2c3d4: false,
  a1b23c4d: false,
};

/** Parts of the capture, in order, cut before the given share of records (0–1); null where it cannot be split honestly. */
export function splitCapture(bytes: Uint8Array, shares: readonly number[]): Uint8Array[] | null {
  const found = pcapBoundaries(bytes) ?? pcapngBoundaries(bytes);
  if (found === null) return null;
  const { head, offsets, ticks } = found;
  const records = offsets.length - 1;
  // Parts are put in order by their first instant; a cut where time runs backwards would not be a rotation.
  const cuts = [...new Set(shares.map((share) => Math.floor(share * records)))]
    .filter((at) => at > 0 && at < records)
    .sort((a, b) => a - b)
    .filter((at) => ticks.slice(0, at).every((tick) => tick < (ticks[at] ?? 0n)));
  const edges = [0, ...cuts, records];
  return edges.slice(1).map((end, index) => {
    const body = bytes.subarray(offsets[edges[index] ?? 0], offsets[end]);
    const part = new Uint8Array(head.length + body.length);
    part.set(head);
    part.set(body, head.length);
    return part;
  });
}

function pcapBoundaries(bytes: Uint8Array): Boundaries | null {
  const little = MAGICS[Buffer.from(bytes.subarray(0, 4)).toString('hex')];
  if (little === undefined || bytes.length < 24) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const offsets: number[] = [];
  const ticks: bigint[] = [];
  let at = 24;
  while (at + 16 <= bytes.length) {
    offsets.push(at);
    ticks.push((BigInt(view.getUint32(at, little)) << 32n) | BigInt(view.getUint32(at + 4, little)));
    at += 16 + view.getUint32(at + 8, little);
  }
  if (at !== bytes.length) return null;
  return { head: bytes.subarray(0, 24), offsets: [...offsets, at], ticks };
}

/** One little-endian section whose interfaces all stand before the first packet, and only enhanced packet blocks after. */
function pcapngBoundaries(bytes: Uint8Array): Boundaries | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 28 || view.getUint32(0, true) !== 0x0a0d0d0a || view.getUint32(8, true) !== 0x1a2b3c4d)
    return null;
  const offsets: number[] = [];
  const ticks: bigint[] = [];
  let headEnd = view.getUint32(4, true);
  let at = headEnd;
  while (at + 12 <= bytes.length) {
    const type = view.getUint32(at, true);
    const length = view.getUint32(at + 4, true);
    if (type === 6) {
      offsets.push(at);
      ticks.push((BigInt(view.getUint32(at + 12, true)) << 32n) | BigInt(view.getUint32(at + 16, true)));
    } else if (offsets.length === 0 && type !== 0x0a0d0d0a) {
      headEnd = at + length;
    } else {
      return null;
    }
    at += length;
  }
  if (at !== bytes.length || offsets.length === 0) return null;
  return { head: bytes.subarray(0, headEnd), offsets: [...offsets, at], ticks };
}
