/** Each fault of a capture raises its own flag and no other; a clean capture raises none. */
import { describe, expect, it } from 'vitest';
import { readCsv } from '../../helpers/captures-index.ts';
import { lagdiff } from '../../helpers/cli.ts';
import { workFolder } from '../../helpers/small-captures.ts';
import {
  ethernetFrame,
  pcapFile,
  pcapngFile,
  tcpFlags,
  tcpPacket,
  udpPacket,
  type CapturedFrame,
} from '../../generators/packets.ts';

const folder = workFolder();
const START_NS = 1_795_255_200_000_000_000n;

/** 120 datagrams a second for four seconds, each with an identification of its own; times in whole µs, no two steps alike. */
function clean(): CapturedFrame[] {
  return Array.from({ length: 480 }, (_, index) => ({
    timestampNs: START_NS + BigInt(index * 8_333 + ((index * 37) % 101)) * 1000n,
    data: ethernetFrame(
      udpPacket(
        { src: '192.0.2.10', dst: '198.51.100.5', id: index + 1 },
        { srcPort: 50_000, dstPort: 7777, payload: new Uint8Array(60).fill(index % 251) },
      ),
    ),
  }));
}

const big = tcpPacket(
  { src: '192.0.2.10', dst: '198.51.100.5', id: 9000 },
  { srcPort: 50_000, dstPort: 443, seq: 1, ack: 1, flags: tcpFlags.ack, payload: new Uint8Array(5000) },
);

const shifted = (frames: CapturedFrame[], from: number, ns: bigint): CapturedFrame[] =>
  frames.map((frame, index) => (index < from ? frame : { ...frame, timestampNs: frame.timestampNs + ns }));

const FAULTS: readonly (readonly [string, readonly string[], Uint8Array])[] = [
  ['nothing', [], pcapFile(clean())],
  [
    'every packet twice (mirror port)',
    ['capture/duplicate-packets'],
    pcapFile(clean().flatMap((frame) => [frame, { ...frame, timestampNs: frame.timestampNs + 20_000n }])),
  ],
  ['two packets out of order', ['capture/time-backwards'], pcapFile(shifted(clean(), 479, -9_000_000n))],
  [
    'the clock set back by a second',
    ['capture/clock-step', 'capture/time-backwards'],
    pcapFile(shifted(clean(), 240, -1_000_000_000n)),
  ],
  [
    'a clock of 10 ms',
    ['capture/coarse-clock'],
    pcapFile(
      clean().map((frame) => ({ ...frame, timestampNs: (frame.timestampNs / 10_000_000n) * 10_000_000n })),
    ),
  ],
  ['a minute without a packet', ['capture/gap'], pcapFile(shifted(clean(), 240, 60_000_000_000n))],
  [
    'a snaplen of 60 bytes',
    ['capture/snaplen-cut'],
    pcapFile(
      clean().map((frame) => ({
        ...frame,
        originalLenBytes: frame.data.length,
        data: frame.data.slice(0, 60),
      })),
    ),
  ],
  [
    'a segment larger than any frame (TSO)',
    ['capture/offload-segments'],
    pcapFile([...clean(), { timestampNs: START_NS + 4_000_000_000n, data: ethernetFrame(big) }]),
  ],
];

interface Document {
  captures: { quality: string; withheld: string[]; weakened: string[] }[];
  quality: {
    verdict: string;
    withheld: { metric: string }[];
    weakened: { metric: string; because: string }[];
  };
  diagnostics: { id: string; message: string }[];
}

async function analysis(name: string, bytes: Uint8Array): Promise<Document> {
  const { stdout, stderr, code } = await lagdiff(['analyze', folder.put(name, bytes), '--format', 'json']);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Document;
}

describe('the capture-quality verdict', () => {
  it.each(FAULTS)('%s raises %j', { timeout: 60_000 }, async (_name, ids, bytes) => {
    const { diagnostics, quality } = await analysis('fault.pcap', bytes);
    expect(diagnostics.map(({ id }) => id).sort()).toEqual([...ids].sort());
    if (ids.length === 0) expect(quality).toEqual({ verdict: 'good', withheld: [], weakened: [] });
    else expect([...quality.withheld, ...quality.weakened].length).toBeGreaterThan(0);
  });

  it('copies are left out on request, and counted all the same', { timeout: 60_000 }, async () => {
    const path = folder.put('twice.pcap', FAULTS[1]?.[2] ?? new Uint8Array(0));
    const table = async (name: string, ...more: string[]): Promise<Record<string, string | null>[]> => {
      const args = ['export', path, '--table', name, '--out', '-', ...more];
      const { stdout, stderr, code } = await lagdiff(args);
      expect(code, stderr).toBe(0);
      return readCsv(stdout);
    };
    expect(await table('packets')).toHaveLength(960);
    expect(await table('packets', '--drop-copies')).toHaveLength(480);
    const [whole] = await table('flows');
    const [once] = await table('flows', '--drop-copies');
    expect(whole).toMatchObject({ forward_packets: '960', forward_duplicated_packets: '480' });
    expect(once).toMatchObject({ forward_packets: '480', forward_duplicated_packets: '480' });
    expect((await table('bins', '--drop-copies')).reduce((sum, bin) => sum + Number(bin['packets']), 0)).toBe(
      480,
    );
  });

  it('a coarse clock withholds delay variation and weakens RTT', { timeout: 60_000 }, async () => {
    const [, , bytes] = FAULTS[4] ?? ['', [], new Uint8Array(0)];
    const { quality } = await analysis('coarse.pcap', bytes);
    expect(quality.withheld.map(({ metric }) => metric)).toContain('delay_variation');
    expect(quality.weakened.map(({ metric }) => metric)).toContain('rtt');
  });

  const section = [
    { kind: 'section' as const },
    { kind: 'interface' as const, linkType: 1, resolution: { base: 10 as const, exponent: 9 } },
  ];
  const packets = clean().map((frame) => ({ kind: 'packet' as const, interfaceId: 0, ...frame }));
  /** `epb_dropcount`, little-endian. */
  const epbDropCount = { code: 4, value: Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0) };
  it.each([
    [
      'in interface statistics',
      pcapngFile([
        ...section,
        ...packets,
        {
          kind: 'interface-statistics',
          interfaceId: 0,
          timestampNs: START_NS + 4_000_000_000n,
          received: 487n,
          dropped: 7n,
        },
      ]),
    ],
    [
      'beside a packet',
      pcapngFile([
        ...section,
        ...packets.map((packet, index) => (index === 99 ? { ...packet, options: [epbDropCount] } : packet)),
      ]),
    ],
  ])('drops that the capturing host reports %s weaken loss', { timeout: 60_000 }, async (_where, bytes) => {
    const { diagnostics, quality } = await analysis('drops.pcapng', bytes);
    expect(diagnostics.map(({ id }) => id)).toEqual(['capture/reported-drops']);
    expect(diagnostics[0]?.message).toMatch(/\b7\b/);
    expect(quality.weakened.map(({ metric }) => metric)).toContain('loss');
  });
});
