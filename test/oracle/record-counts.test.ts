/** How many records a file has, and when the first and last were taken: capinfos and pcap-parser against our reader. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import pcapParser from 'pcap-parser';
import { describe, expect, it } from 'vitest';
import { captureIndex, readCsv } from '../helpers/captures-index.ts';
import { inParallel } from '../helpers/cli.ts';
import { lagdiffHere as lagdiff } from '../helpers/in-process.ts';
import { CAPTURES, haveCaptures, haveTool } from '../helpers/repository.ts';
import { propertyOptions } from '../helpers/seed.ts';
import { workFolder } from '../helpers/small-captures.ts';
import { ethernetFrame, pcapFile, udpPacket } from '../generators/packets.ts';
import { capinfos } from './tshark.ts';

const folder = workFolder();

interface Facts {
  readonly format: string;
  readonly records: number;
  readonly first: string | null;
  readonly last: string | null;
  readonly file_bytes: number;
  readonly wire_bytes: number;
}

async function factsOf(path: string): Promise<Facts | null> {
  const result = await lagdiff(['info', path, '--format', 'json', '--workers', '1']);
  if (result.code !== 0) return null;
  const [capture] = (JSON.parse(result.stdout) as { captures: Facts[] }).captures;
  return capture ?? null;
}

/** RFC 3339 with nine digits → ns as text. */
function nanosecondsOf(instant: string | null): string | null {
  if (instant === null) return null;
  const [whole = '', fraction = ''] = instant.slice(0, -1).split('.');
  return (BigInt(Date.parse(`${whole}Z`)) * 1_000_000n + BigInt(fraction)).toString();
}

/** Files where capinfos and we count differently, and why. */
const CUSTOM = 'four custom blocks: tshark and we number them as frames, capinfos counts none as a packet';
const EXPLAINED: Readonly<Record<string, string>> = {
  'formats/ngtest-be-basic-test017.pcapng': CUSTOM,
  'formats/ngtest-le-basic-test017.pcapng': CUSTOM,
  'formats/gopacket-pcapgo-le-test902.pcapng':
    'ticks of 2⁻⁹ s: 195.3125 ms exactly; capinfos rounds to the centisecond',
  'linktypes/tcptrace-psc.fddi.dmp.gz':
    'records that hold three bytes more than they claim: we count what is there, capinfos what is claimed',
  'formats/ppp-pcapng-example.pcapng.zst': 'as the next one: the same packets, compressed',
  'formats/ppp-pcapng-example-2.pcapng':
    'times beyond a signed 64-bit count of ns are null here; see DIFFERENCES.md',
};

describe.skipIf(!haveCaptures || !haveTool('capinfos'))('capinfos', () => {
  it('counts the same records and sees the same first and last instant', { timeout: 300_000 }, async () => {
    const names = captureIndex().map(({ name }) => name);
    const theirs = await capinfos(names.map((name) => join(CAPTURES, name)));
    const differences = await inParallel(names, 2, async (name) => {
      const path = join(CAPTURES, name);
      const [facts, other] = [await factsOf(path), theirs.get(path)];
      if (facts === null || other === undefined || name in EXPLAINED) return [];
      // capinfos has no opinion of times once one record has none (a Simple Packet Block).
      const timed = other.firstNs !== null;
      const ours = {
        packets: facts.records,
        firstNs: timed ? nanosecondsOf(facts.first) : null,
        lastNs: timed ? nanosecondsOf(facts.last) : null,
        fileBytes: facts.file_bytes,
        wireBytes: facts.wire_bytes,
      };
      return JSON.stringify(ours) === JSON.stringify(other)
        ? []
        : [`${name}: lagdiff ${JSON.stringify(ours)}, capinfos ${JSON.stringify(other)}`];
    });
    expect(theirs.size).toBeGreaterThan(250);
    expect(differences.flat()).toEqual([]);
  });
});

/** What the names of `formats/` promise: container and compression, or a format that is no capture to us. */
const PROMISED: readonly (readonly [RegExp, string | null])[] = [
  [/\.(snoop|erf)\.gz$|ethernet-pause-frame\.cap$/, null],
  [/\.pcapng\.gz$/, 'pcapng+gzip'],
  [/\.pcapng\.zst$/, 'pcapng+zstd'],
  [/\.(pcapng|ntar)$/, 'pcapng'],
  [/zeek-get-to-ssh-server\.pcap$/, 'pcap-ns'],
  [/\.pcap$/, 'pcap'],
];

describe.skipIf(!haveCaptures)('files of formats/', () => {
  const names = haveCaptures
    ? captureIndex()
        .map(({ name }) => name)
        .filter((name) => name.startsWith('formats/'))
    : [];
  it.each(names)('%s is read as its name says', async (name) => {
    const promised = PROMISED.find(([pattern]) => pattern.test(name));
    expect(promised).toBeDefined();
    const path = join(CAPTURES, name);
    expect((await factsOf(path))?.format ?? null).toBe(promised?.[1]);
    if (promised?.[1] === null) {
      const refusal = await lagdiff(['info', path]);
      expect(refusal.code).toBe(2);
      expect(refusal.stderr).toMatch(/capture\/unknown-format[^]*editcap/);
    }
  });
});

interface ParsedPacket {
  readonly header: {
    timestampSeconds: number;
    timestampMicroseconds: number;
    capturedLength: number;
    originalLength: number;
  };
}

/** Every record pcap-parser sees; it ends silently at a cut. */
function parseWithPcapParser(bytes: Uint8Array): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const records: string[] = [];
    const parser = pcapParser.parse(Readable.from([Buffer.from(bytes)]));
    parser.on('packet', ({ header }: ParsedPacket) => {
      const ns =
        BigInt(header.timestampSeconds) * 1_000_000_000n + BigInt(header.timestampMicroseconds) * 1000n;
      records.push(`${ns} ${header.capturedLength} ${header.originalLength}`);
    });
    parser.on('error', reject);
    parser.on('end', () => {
      resolve(records);
    });
  });
}

async function ourRecords(path: string): Promise<Map<number, string>> {
  const args = ['export', path, '--table', 'packets', '--format', 'csv', '--workers', '1'];
  const result = await lagdiff(args);
  expect(result.code, result.stderr).toBe(0);
  return new Map(
    readCsv(result.stdout).map((row) => [
      Number(row['frame_number']),
      `${row['timestamp_ns']} ${row['captured_len_bytes']} ${row['original_len_bytes']}`,
    ]),
  );
}

describe('pcap-parser', () => {
  it('reads the same records from generated microsecond files of either byte order', async () => {
    const frame = fc.record({
      gapUs: fc.integer({ min: 0, max: 2_000_000 }),
      payload: fc.uint8Array({ maxLength: 80 }),
      port: fc.integer({ min: 1, max: 65_535 }),
    });
    const file = fc.record({
      frames: fc.array(frame, { minLength: 1, maxLength: 20 }),
      byteOrder: fc.constantFrom('little' as const, 'big' as const),
      snaplenBytes: fc.constantFrom(42, 64, 65_535),
    });
    await fc.assert(
      fc.asyncProperty(file, async ({ frames, byteOrder, snaplenBytes }) => {
        let timestampNs = 1_700_000_000_000_000_000n;
        const captured = frames.map(({ gapUs, payload, port }) => {
          timestampNs += BigInt(gapUs) * 1000n;
          const ends = { src: '192.0.2.1', dst: '198.51.100.1' };
          return {
            timestampNs,
            data: ethernetFrame(udpPacket(ends, { srcPort: port, dstPort: 7777, payload })),
          };
        });
        const bytes = pcapFile(captured, { byteOrder, snaplenBytes });
        const theirs = await parseWithPcapParser(bytes);
        const ours = await ourRecords(folder.put('generated.pcap', bytes));
        expect([...ours.values()]).toEqual(theirs);
      }),
      propertyOptions(20),
    );
  });

  it.skipIf(!haveCaptures)(
    'reads the same records from every real classic microsecond file',
    { timeout: 300_000 },
    async () => {
      const names = captureIndex()
        .filter(({ fileType }) => fileType === 'Wireshark/tcpdump/... - pcap')
        .map(({ name }) => name)
        .filter((name) => !name.startsWith('malformed/') && isPlainMicroseconds(join(CAPTURES, name)));
      expect(names.length).toBeGreaterThan(100);
      const differences = await inParallel(names, 2, async (name) => {
        const path = join(CAPTURES, name);
        const theirs = await parseWithPcapParser(readFileSync(path));
        const facts = await factsOf(path);
        if (facts === null) return [`${name}: pcap-parser reads it, we refuse`];
        const ours = await ourRecords(path);
        // Frames without an IP packet have no row of ours; those that have one must be the same record.
        const wrong = [...ours]
          .filter(([frame, record]) => theirs[frame - 1] !== record)
          .map(([frame]) => frame);
        const counts =
          facts.records === theirs.length ? [] : [`${facts.records} records, pcap-parser ${theirs.length}`];
        return [...counts, ...(wrong.length > 0 ? [`frames ${wrong.slice(0, 10).join(' ')}`] : [])].map(
          (text) => `${name}: ${text}`,
        );
      });
      expect(differences.flat()).toEqual([]);
    },
  );
});

/** pcap-parser knows a1b2c3d4 in both orders and nothing else. */
function isPlainMicroseconds(path: string): boolean {
  const magic = readFileSync(path).subarray(0, 4).toString('hex');
  return magic === 'a1b2c3d4' || magic === 'd4c3b2a1';
}
