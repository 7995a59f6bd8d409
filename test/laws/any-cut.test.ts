/**
 * Law 1: any worker count, any segment size, any split into rotated files → byte-identical tables and reports.
 * Law 2: segments are speculative, joins are verified; a segment of 4 KiB forces hundreds of joins.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Answers, answersOf, type Cut, expectSameAnswers } from '../helpers/answers.ts';
import { lagdiff } from '../helpers/cli.ts';
import { CAPTURES, haveCaptures, listSamples, ROOT } from '../helpers/repository.ts';
import { propertyOptions } from '../helpers/seed.ts';
import { evening, workFolder } from '../helpers/small-captures.ts';
import { splitCapture } from '../helpers/split-capture.ts';
import { ethernetFrame, pcapFile, pcapngFile, udpPacket } from '../generators/packets.ts';

const folder = workFolder();
const REFERENCE: Cut = { workers: 1 };
const CUTS: readonly Cut[] = [
  { workers: 1, segmentBytes: 4096 },
  { workers: 2, segmentBytes: 65_536 },
  { workers: 3, segmentBytes: 10_007 },
];

/** Real captures, each for what it adds. */
const REAL: readonly { readonly file: string; readonly because: string }[] = [
  { file: 'games/psvita-ridge-racer.pcapng', because: 'pcapng, game UDP, several thousand packets' },
  { file: 'two-ended/ctpy-sender-receiver/sender.pcap', because: 'classic pcap, two long TCP flows' },
  { file: 'two-ended/teto-iperf-2/server.pcapng', because: 'cooked capture, MPTCP, nanoseconds' },
  { file: 'tcp/tcptrace-dsack.dmp.gz', because: 'gzip: a stream, blocks instead of ranges' },
  { file: 'tcp/wsamples-nfs-bad-stalls.cap', because: 'retransmissions and stalls: events at joins' },
  { file: 'mtu-icmp/zeek-smtp.pcap', because: 'ICMP errors that tell flows of other hosts' },
  { file: 'mtu-icmp/ppp-ip-frag.pcap', because: 'fragments that straddle segments' },
  { file: 'encapsulation/zeek-vlan-qinqinq.pcap', because: 'stacked VLAN tags' },
  { file: 'voip-quic/ndpi-kakaotalk-talk.pcap', because: 'RTP and many small UDP flows' },
  { file: 'mtu-icmp/ndpi-ip-fragmented-garbage.pcap', because: 'damaged fragments: diagnostics at joins' },
  { file: 'games/hashsploit-ps3-deadlocked-ratchet4-filtered.pcapng', because: 'pcapng with gaps in time' },
];

async function expectAnyCut(path: string, cuts: readonly Cut[]): Promise<Answers> {
  const reference = await answersOf([path], REFERENCE);
  for (const cut of cuts) expectSameAnswers(await answersOf([path], cut), reference, JSON.stringify(cut));
  return reference;
}

/** The same capture in rotated files, given in the wrong order: time decides. */
const SEVENTHS = [1, 2, 3, 4, 5, 6].map((part) => part / 7);

async function expectAnySplit(path: string, shares: readonly number[], reference: Answers): Promise<number> {
  const parts = splitCapture(readFileSync(path), shares) ?? [];
  if (parts.length < 2) return 0;
  // Seven parts lie as 0 3 6 2 5 1 4, and three as 0 3 6: names say nothing of the order.
  const files = parts.map((part, index) =>
    folder.put(`part-${(index * 3) % 7}-${index > 6 ? index : 0}`, part),
  );
  expectSameAnswers(
    await answersOf(files, { workers: 2, segmentBytes: 16_384 }),
    reference,
    `${parts.length} rotated files`,
  );
  return parts.length;
}

describe('committed samples', () => {
  const samples = listSamples();

  it('exist', () => {
    expect(samples.length).toBeGreaterThan(0);
  });

  it.each(samples)(
    '%s gives the same bytes for any cut, packed or not',
    { timeout: 300_000 },
    async (name) => {
      const packed = join(ROOT, 'samples', name);
      const bytes = readFileSync(packed);
      const path = folder.put('unpacked', name.endsWith('.gz') ? gunzipSync(bytes) : bytes);
      const reference = await expectAnyCut(path, [{ workers: 3, segmentBytes: 4096 }]);
      expectSameAnswers(await answersOf([packed], { workers: 2, segmentBytes: 50_000 }), reference, 'gzip');
      await expectAnySplit(path, SEVENTHS, reference);
    },
  );
});

describe.skipIf(!haveCaptures)('real captures', () => {
  it.each(REAL)(
    '$file ($because) gives the same bytes for any cut',
    { timeout: 300_000 },
    async ({ file }) => {
      const path = join(CAPTURES, file);
      const reference = await expectAnyCut(path, CUTS);
      await expectAnySplit(path, [0.25, 0.5], reference);
    },
  );

  it('can be split at all: most of the list are plain files with rising times', () => {
    const split = REAL.map(({ file }) => splitCapture(readFileSync(join(CAPTURES, file)), [0.25, 0.5]) ?? []);
    expect(split.filter((parts) => parts.length > 1).length).toBeGreaterThanOrEqual(4);
  });
});

describe('generated captures', () => {
  it('give the same bytes for any cut, in pcap and in pcapng', { timeout: 300_000 }, async () => {
    const shape = fc.record({
      clients: fc.integer({ min: 1, max: 6 }),
      exchanges: fc.integer({ min: 6, max: 30 }),
      lateByMs: fc.integer({ min: 0, max: 40 }),
      asPcapng: fc.boolean(),
      workers: fc.integer({ min: 1, max: 3 }),
      segmentBytes: fc.integer({ min: 4096, max: 40_000 }),
      shares: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ asPcapng, workers, segmentBytes, shares, ...options }) => {
        const frames = evening(options);
        const bytes = asPcapng
          ? pcapngFile([
              { kind: 'section' },
              { kind: 'interface', linkType: 1, resolution: { base: 10, exponent: 9 } },
              ...frames.map((frame) => ({ kind: 'packet' as const, interfaceId: 0, ...frame })),
            ])
          : pcapFile(frames);
        const path = folder.put('generated', bytes);
        const reference = await expectAnyCut(path, [{ workers, segmentBytes }]);
        await expectAnySplit(path, shares, reference);
      }),
      propertyOptions(6),
    );
  });

  it(
    'are not fooled by a capture inside a packet: a join found there is found out',
    { timeout: 300_000 },
    async () => {
      // Each payload is itself a chain of plausible record headers, long enough to satisfy a search for a boundary.
      const inner = pcapFile(evening({ clients: 1, exchanges: 8 })).subarray(24);
      const frames = evening({ clients: 1 }).map(({ timestampNs }) => ({
        timestampNs,
        data: ethernetFrame(
          udpPacket(
            { src: '192.0.2.1', dst: '198.51.100.1' },
            { srcPort: 4000, dstPort: 5000, payload: inner.subarray(0, 40_000) },
          ),
        ),
      }));
      const path = folder.put('matryoshka.pcap', pcapFile(frames));
      const reference = await expectAnyCut(path, [
        { workers: 2, segmentBytes: 4096 },
        { workers: 3, segmentBytes: 7001 },
      ]);
      const { total } = JSON.parse(reference.analysis) as { total: { records: number } };
      expect(total.records).toBe(frames.length);
    },
  );

  it('are the same read from a file and from stdin', async () => {
    const bytes = pcapFile(evening());
    const path = folder.put('piped.pcap', bytes);
    const args = ['--table', 'flows', '--format', 'csv', '--out', '-', '--segment-bytes', '4096'];
    const [fromFile, fromPipe] = [
      await lagdiff(['export', path, ...args]),
      await lagdiff(['export', '-', ...args], { input: bytes }),
    ];
    expect(fromPipe.code, fromPipe.stderr).toBe(0);
    expect(fromPipe.stdout).toBe(fromFile.stdout);
  });
});
