import { describe, expect, it } from 'vitest';
import { streamBench } from '../../../samples/generate/bench/stream.ts';
import { readPcap } from './naive-reader.ts';

function made(maxBytes: number, seed: number, flows: number) {
  const blocks: Uint8Array[] = [];
  const counts = streamBench(maxBytes, seed, flows, (block) => blocks.push(block.slice()));
  return { counts, file: new Uint8Array(Buffer.concat(blocks)), blocks: blocks.length };
}

describe('the benchmark stream', () => {
  const { counts, file } = made(1_500_000, 7, 200);
  const packets = readPcap(file);

  it('counts what a plain reader finds', () => {
    expect(file.length).toBe(counts.bytes);
    expect(packets.length).toBe(counts.packets);
    expect(packets.filter((packet) => packet.protocol === 6).length).toBe(counts.tcp_packets);
    expect(packets.filter((packet) => packet.protocol === 17).length).toBe(counts.udp_packets);
    expect(packets.filter((packet) => packet.version === 6).length).toBe(counts.ipv6_packets);
    expect(packets.filter((packet) => packet.vlan !== null).length).toBe(counts.vlan_packets);
    expect(packets[0]!.timestampNs.toString()).toBe(counts.first_timestamp_ns);
    expect(packets.at(-1)!.timestampNs.toString()).toBe(counts.last_timestamp_ns);
  });

  it('is TCP alone on request', () => {
    const blocks: Uint8Array[] = [];
    const alone = streamBench(400_000, 7, 50, (block) => blocks.push(block.slice()), 'tcp');
    expect(alone.tcp_packets).toBe(alone.packets);
    expect(alone.tcp_flows).toBe(50);
    const ends = readPcap(new Uint8Array(Buffer.concat(blocks))).map(({ src, srcPort, dst, dstPort }) =>
      [`${src} ${srcPort}`, `${dst} ${dstPort}`].sort().join(' '),
    );
    expect(new Set(ends).size).toBe(50);
  });

  it('has right checksums everywhere and times that always rise', () => {
    expect(packets.filter((packet) => packet.hasRightChecksums !== true)).toEqual([]);
    expect(packets.every((packet, i) => i === 0 || packet.timestampNs > packets[i - 1]!.timestampNs)).toBe(
      true,
    );
  });

  it('is game-like: small packets, a third of them TCP, four flows in five UDP', () => {
    expect(file.length / packets.length).toBeGreaterThan(130);
    expect(file.length / packets.length).toBeLessThan(170);
    expect(counts.tcp_packets / counts.packets).toBeCloseTo(1 / 3, 1);
    const flows = new Set(
      packets.map((packet) =>
        [`${packet.src}/${packet.srcPort}`, `${packet.dst}/${packet.dstPort}`].sort().join(' '),
      ),
    );
    expect(flows.size).toBe(counts.flows);
    expect(counts.tcp_flows).toBe(40);
  });

  it('keeps TCP consistent: every segment continues its stream or repeats it, every echo was sent', () => {
    const next = new Map<string, number>();
    const stamps = new Map<string, Set<number>>();
    let repeats = 0;
    for (const packet of packets.filter((one) => one.protocol === 6)) {
      const key = `${packet.src}/${packet.srcPort}>${packet.dst}/${packet.dstPort}`;
      const back = `${packet.dst}/${packet.dstPort}>${packet.src}/${packet.srcPort}`;
      const length = packet.payloadLength + (packet.flags & 2 ? 1 : 0);
      const expected = next.get(key);
      if (expected === undefined) expect(packet.flags & 2).toBe(2);
      else if (packet.seq !== expected) {
        expect((packet.seq + length) >>> 0).toBe(expected);
        repeats++;
      }
      next.set(key, (packet.seq + length) >>> 0);
      if (packet.flags & 16) expect(packet.ack).toBe(next.get(back));
      const option = packet.options.get(8)!;
      const view = new DataView(option.buffer, option.byteOffset, 8);
      stamps.set(key, (stamps.get(key) ?? new Set()).add(view.getUint32(0)));
      if (packet.flags & 16) expect(stamps.get(back)!.has(view.getUint32(4))).toBe(true);
    }
    expect(repeats).toBe(counts.retransmissions);
    expect(repeats).toBeGreaterThan(0);
  });

  it('is the same for the same seed, another for another', () => {
    expect(Buffer.from(made(1_500_000, 7, 200).file).equals(file)).toBe(true);
    expect(Buffer.from(made(1_500_000, 8, 200).file).equals(file)).toBe(false);
  });

  it('crosses block borders without losing a byte', () => {
    const large = made(9_000_000, 1, 3);
    expect(large.blocks).toBe(2);
    expect(readPcap(large.file).length).toBe(large.counts.packets);
  });
});
