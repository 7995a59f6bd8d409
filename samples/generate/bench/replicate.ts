/**
 * A recorded capture made longer and busier: every copy has clients, client ports and times of its own, while sizes,
 * gaps, losses and answers stay what they were. The server keeps its address, as a server with more players would.
 */

import { viewOf } from '../wire/bytes.ts';
import { linkTypes } from '../wire/frames.ts';

/** What a reader of the file must count. */
export interface ReplicaCounts {
  readonly bytes: number;
  readonly packets: number;
  /** Distinct pairs of address and port over TCP and UDP, fragments after the first not looked at. */
  readonly transport_pairs: number;
  /** Players of the recording that play side by side, each time it is played. */
  readonly copies: number;
}

/** Copies that play at the same time; more bytes than they hold make the recording play again. */
const SIDE_BY_SIDE = 32;
/** Between two copies, a prime, so that no period of a game falls on another's. */
const COPY_SHIFT_NS = 7_919_000;
const PAUSE_NS = 1_000_000_000;
const GLOBAL_HEADER = 24;
const RECORD_HEADER = 16;
const BLOCK_BYTES = 8 << 20;
const TCP = 6;
const UDP = 17;
const ICMP = 1;
/** Ports move inside their half: a client's port stays above its server's, by which initiators are told. */
const HALF = 32_768;
/** Below this a port is a service's. */
const LOWEST_PORT = 1024;

interface Source {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly records: readonly { readonly at: number; readonly end: number; readonly ns: number }[];
  readonly startSeconds: number;
  readonly nsPerTick: number;
  readonly ipOffset: number;
  readonly server: number;
}

/** Writes at most `maxBytes` through `write`, which gets blocks it must not keep. @throws Error for a capture that is not a little-endian pcap of IPv4 over Ethernet or raw. */
export function replicate(
  source: Uint8Array,
  maxBytes: number,
  write: (block: Uint8Array) => void,
): ReplicaCounts {
  const recording = readRecording(source);
  const { bytes, records, nsPerTick, startSeconds } = recording;
  const spanNs = records[records.length - 1]!.ns + SIDE_BY_SIDE * COPY_SHIFT_NS + PAUSE_NS;
  const block = new Uint8Array(BLOCK_BYTES);
  const view = viewOf(block);
  block.set(bytes.subarray(0, GLOBAL_HEADER));
  let used = GLOBAL_HEADER;
  let written = GLOBAL_HEADER;
  let packets = 0;
  const pairs = new Set<string>();

  for (let replay = 0; ; replay++) {
    const cursors = Array.from({ length: SIDE_BY_SIDE }, () => 0);
    for (;;) {
      const copy = earliest(cursors, records);
      if (copy === null) break;
      const { at, end, ns } = records[cursors[copy]!]!;
      cursors[copy]!++;
      const length = end - at;
      if (written + length > maxBytes) {
        write(block.subarray(0, used));
        return { bytes: written, packets, transport_pairs: pairs.size, copies: SIDE_BY_SIDE };
      }
      if (used + length > BLOCK_BYTES) {
        write(block.subarray(0, used));
        used = 0;
      }
      block.set(bytes.subarray(at, end), used);
      const time = ns + copy * COPY_SHIFT_NS + replay * spanNs;
      view.setUint32(used, startSeconds + Math.floor(time / 1e9), true);
      view.setUint32(used + 4, Math.floor((time % 1e9) / nsPerTick), true);
      const pair = readdress(
        block.subarray(used + RECORD_HEADER + recording.ipOffset, used + length),
        recording.server,
        copy,
        replay,
      );
      if (pair !== null) pairs.add(pair);
      used += length;
      written += length;
      packets++;
    }
  }
}

function readRecording(bytes: Uint8Array): Source {
  const view = viewOf(bytes);
  const magic = bytes.length < GLOBAL_HEADER ? 0 : view.getUint32(0, true);
  const nsPerTick = magic === 0xa1b2c3d4 ? 1000 : magic === 0xa1b23c4d ? 1 : 0;
  if (nsPerTick === 0) throw new Error('only little-endian pcap files can be replicated');
  const linkType = view.getUint32(20, true);
  const ipOffset = linkType === linkTypes.ethernet ? 14 : linkType === linkTypes.raw ? 0 : -1;
  if (ipOffset < 0) throw new Error(`link type ${linkType} cannot be replicated`);
  const records: { at: number; end: number; ns: number }[] = [];
  const startSeconds = view.getUint32(GLOBAL_HEADER, true);
  const seen = new Map<number, number>();
  for (let at = GLOBAL_HEADER; at + RECORD_HEADER <= bytes.length;) {
    const end = at + RECORD_HEADER + view.getUint32(at + 8, true);
    if (end > bytes.length) throw new Error(`the record at byte ${at} ends beyond the file`);
    const ip = at + RECORD_HEADER + ipOffset;
    if (end - ip >= 20 && bytes[ip]! >> 4 === 4) {
      const ns = (view.getUint32(at, true) - startSeconds) * 1e9 + view.getUint32(at + 4, true) * nsPerTick;
      records.push({ at, end, ns });
      for (const address of [view.getUint32(ip + 12), view.getUint32(ip + 16)])
        seen.set(address, (seen.get(address) ?? 0) + 1);
    }
    at = end;
  }
  const [server] = [...seen].sort((a, b) => b[1] - a[1])[0] ?? [];
  if (server === undefined) throw new Error('no IPv4 packet to replicate');
  const low = new Set([...seen.keys()].filter((address) => address !== server).map((a) => a & 0xffff));
  if (low.size !== seen.size - 1)
    throw new Error('two clients share the last two bytes of their addresses: copies would mix them');
  return { bytes, view, records, startSeconds, nsPerTick, ipOffset, server };
}

function earliest(cursors: readonly number[], records: Source['records']): number | null {
  let best: number | null = null;
  let bestNs = Infinity;
  for (let copy = 0; copy < cursors.length; copy++) {
    const record = records[cursors[copy]!];
    if (record === undefined) continue;
    const ns = record.ns + copy * COPY_SHIFT_NS;
    if (ns < bestNs) [best, bestNs] = [copy, ns];
  }
  return best;
}

/** Gives one IPv4 packet, in place, the addresses and ports of its copy; an ICMP error also what it quotes. @returns the pair of ends. */
function readdress(packet: Uint8Array, server: number, copy: number, replay: number): string | null {
  const view = viewOf(packet);
  if (packet.length < 20) return null;
  const headerLength = (packet[0]! & 15) * 4;
  const protocol = packet[9]!;
  const isFirst = (view.getUint16(6) & 0x1fff) === 0;
  const ends = [view.getUint32(12), view.getUint32(16)];
  const isClient = ends.map((address) => address !== server);
  // 10/8, with the copy in the second byte: unlike the addresses of any recording here.
  const mapped = ends.map((address, i) =>
    isClient[i] ? (0x0a00_0000 | (copy << 16) | (address & 0xffff)) >>> 0 : address,
  );
  const transport = packet.subarray(headerLength);
  const change = new ChecksumChange();
  mapped.forEach((address, i) => {
    change.words(ends[i]!, address);
    view.setUint32(12 + 4 * i, address);
  });
  change.apply(view, 10);
  if (!isFirst || headerLength < 20) return null;
  if (protocol === ICMP) {
    requote(transport, server, copy, replay);
    return null;
  }
  if ((protocol !== TCP && protocol !== UDP) || transport.length < 4) return null;
  const inside = viewOf(transport);
  const ports = [0, 2].map((at, i) => {
    const port = inside.getUint16(at);
    if (!isClient[i]) return port;
    const moved = movedPort(port, 97 * copy + 31 * replay);
    change.word(port, moved);
    inside.setUint16(at, moved);
    return moved;
  });
  const checksumAt = protocol === TCP ? 16 : 6;
  // A UDP checksum of zero says that there is none (RFC 768).
  if (transport.length >= checksumAt + 2 && (protocol === TCP || inside.getUint16(checksumAt) !== 0))
    change.apply(inside, checksumAt, protocol === UDP);
  const [a, b] = mapped.map((address, i) => `${address}:${ports[i]}`);
  return `${protocol} ${a! < b! ? `${a} ${b}` : `${b} ${a}`}`;
}

function movedPort(port: number, by: number): number {
  const low = port >= HALF ? HALF : LOWEST_PORT;
  return port < LOWEST_PORT ? port : low + ((port - low + by) % (port >= HALF ? HALF : HALF - LOWEST_PORT));
}

function requote(icmp: Uint8Array, server: number, copy: number, replay: number): void {
  const isError = [3, 4, 5, 11, 12].includes(icmp[0] ?? -1);
  if (!isError || icmp.length < 28) return;
  const before = icmp.slice(8);
  readdress(icmp.subarray(8), server, copy, replay);
  const change = new ChecksumChange();
  for (let at = 0; at + 1 < before.length; at += 2)
    change.word((before[at]! << 8) | before[at + 1]!, (icmp[8 + at]! << 8) | icmp[9 + at]!);
  change.apply(viewOf(icmp), 2);
}

/** What a checksum is after some words of its data changed (RFC 1624, equation 3). */
class ChecksumChange {
  #sum = 0;

  word(before: number, after: number): void {
    this.#sum += (~before & 0xffff) + after;
  }

  words(before: number, after: number): void {
    this.word(before >>> 16, after >>> 16);
    this.word(before & 0xffff, after & 0xffff);
  }

  apply(view: DataView, at: number, neverZero = false): void {
    let sum = this.#sum + (~view.getUint16(at) & 0xffff);
    while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
    const checksum = ~sum & 0xffff;
    view.setUint16(at, checksum === 0 && neverZero ? 0xffff : checksum);
  }
}
