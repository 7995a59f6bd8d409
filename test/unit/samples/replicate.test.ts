/** A recording played many times over stays what it was: order, sums, sizes, gaps; only who plays differs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { replicate } from '../../../samples/generate/bench/replicate.ts';
import { internetChecksum, onesComplementSum } from '../../../samples/generate/wire/checksum.ts';
import { ROOT } from '../../helpers/repository.ts';
import { icmpPacket, pcapFile, quoted, udpPacket } from '../../generators/packets.ts';

interface Seen {
  readonly us: number;
  readonly length: number;
  readonly ip: Uint8Array;
}

function recordsOf(file: Uint8Array, ipOffset: number): Seen[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const records: Seen[] = [];
  for (let at = 24; at < file.length;) {
    const captured = view.getUint32(at + 8, true);
    const us = view.getUint32(at, true) * 1e6 + view.getUint32(at + 4, true);
    const length = view.getUint32(at + 12, true);
    records.push({ us, length, ip: file.subarray(at + 16 + ipOffset, at + 16 + captured) });
    at += 16 + captured;
  }
  return records;
}

function collect(
  source: Uint8Array,
  bytes: number,
): { file: Uint8Array; counts: ReturnType<typeof replicate> } {
  const blocks: Uint8Array[] = [];
  const counts = replicate(source, bytes, (block) => blocks.push(block.slice()));
  return { file: Buffer.concat(blocks), counts };
}

const word = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
const end = (ip: Uint8Array, at: number, portAt: number): string =>
  `${ip.subarray(at, at + 4).join('.')}:${word(ip, (ip[0]! & 15) * 4 + portAt)}`;

/** 0 where the packet is whole and its sums are right. */
function transportSum(ip: Uint8Array): number {
  const header = (ip[0]! & 15) * 4;
  const total = word(ip, 2);
  const segment = ip.subarray(header, total);
  const pseudo = onesComplementSum(
    Uint8Array.of(...ip.subarray(12, 20), 0, ip[9]!, segment.length >> 8, segment.length & 0xff),
  );
  return internetChecksum(segment, ip[9] === 1 ? 0 : pseudo);
}

describe('a replicated recording', () => {
  const source = gunzipSync(readFileSync(join(ROOT, 'samples/null/evening-server.pcap.gz')));
  const before = recordsOf(source, 14);
  const { file, counts } = collect(source, 24 << 20);
  const after = recordsOf(file, 14);

  it('has the packets it says it has, in the order of their times, and ends with a whole one', () => {
    expect(after).toHaveLength(counts.packets);
    expect(file).toHaveLength(counts.bytes);
    expect(counts.bytes).toBeLessThanOrEqual(24 << 20);
    expect(counts.bytes).toBeGreaterThan((24 << 20) - 2000);
    expect(after.every(({ us }, i) => i === 0 || us >= after[i - 1]!.us)).toBe(true);
  });

  it('has right checksums wherever the packet was captured whole', () => {
    const whole = after.filter(({ ip }) => ip.length >= word(ip, 2));
    expect(whole.length).toBeGreaterThan(after.length / 2);
    expect(after.filter(({ ip }) => internetChecksum(ip.subarray(0, (ip[0]! & 15) * 4)) !== 0)).toEqual([]);
    expect(whole.filter(({ ip }) => transportSum(ip) !== 0)).toEqual([]);
  });

  it('keeps the sizes and gaps of every flow, under another name', () => {
    const flowsOf = (records: readonly Seen[]): Map<string, Seen[]> => {
      const flows = new Map<string, Seen[]>();
      for (const record of records) {
        const { ip } = record;
        const key = [end(ip, 12, 0), end(ip, 16, 2)].sort().join(' ');
        flows.set(key, [...(flows.get(key) ?? []), record]);
      }
      return flows;
    };
    // All that was played to its end: the first copies of what the recording's first seconds hold.
    const shape = (records: readonly Seen[], n: number): string =>
      records
        .slice(0, n)
        .map(({ us, length }) => `${us - records[0]!.us} ${length}`)
        .join();
    const originals = flowsOf(before.slice(0, 4000));
    const replicas = flowsOf(after);
    const n = 20;
    const shapes = new Map<string, number>();
    for (const records of replicas.values())
      shapes.set(shape(records, n), (shapes.get(shape(records, n)) ?? 0) + 1);
    const long = [...originals.values()].filter((records) => records.length >= n);
    expect(long.length).toBeGreaterThan(5);
    // A shift by whole µs: gaps are equal to the µs that the file holds.
    for (const records of long) expect(shapes.get(shape(records, n))).toBeGreaterThanOrEqual(counts.copies);
    expect([...replicas.keys()].length).toBe(counts.transport_pairs);
  });
});

describe('packets that quote or carry no sum', () => {
  const client = '198.51.100.7';
  const server = '203.0.113.5';
  const game = udpPacket(
    { src: client, dst: server },
    { srcPort: 40_000, dstPort: 27_960, payload: Uint8Array.of(1, 2, 3) },
  );
  const error = icmpPacket({ src: server, dst: client }, { type: 3, code: 4, payload: quoted(game, 28) });
  const bare = game.slice();
  bare.fill(0, 26, 28);
  const source = pcapFile(
    [game, error, bare].map((data, i) => ({ timestampNs: BigInt(1_000_000_000 + i * 1000), data })),
    { linkType: 101 },
  );
  const { file } = collect(source, 24 + 3 * 16 + game.length * 2 + error.length + 100);
  const [first, quoting, without] = recordsOf(file, 0).map(({ ip }) => ip) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];

  it('quote the packet as it was sent', () => {
    expect(quoting.subarray(28 + 12, 28 + 20)).toEqual(first.subarray(12, 20));
    expect(word(quoting, 28 + 20)).toBe(word(first, 20));
    expect(transportSum(quoting)).toBe(0);
    expect(internetChecksum(quoting.subarray(28, 48))).toBe(0);
  });

  it('keep a UDP checksum of zero, which says that there is none', () => {
    expect(word(without, 26)).toBe(0);
    expect(transportSum(first)).toBe(0);
  });

  it.each([
    ['a pcapng', Uint8Array.of(0x0a, 0x0d, 0x0d, 0x0a, ...new Uint8Array(40)), /little-endian pcap/],
    ['another link type', pcapFile([{ timestampNs: 0n, data: game }], { linkType: 147 }), /link type 147/],
    ['no IPv4', pcapFile([{ timestampNs: 0n, data: new Uint8Array(60) }]), /no IPv4/],
    [
      'clients that would become one',
      pcapFile(
        ['192.0.2.1', '198.51.2.1'].flatMap((src, i) =>
          [0, 1].map((k) => ({
            timestampNs: BigInt(i * 10 + k),
            data: udpPacket({ src, dst: server }, { srcPort: 40_000, dstPort: 9, payload: Uint8Array.of(k) }),
          })),
        ),
        { linkType: 101 },
      ),
      /share the last two bytes/,
    ],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => collect(bytes, 1 << 20)).toThrow(message);
  });
});
