/** stdout is the result and nothing else; stderr is everything else; colour and progress only where a person looks. */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { concat, linkTypes, pcapFile, u16, u32, udpPacket } from '../generators/packets.ts';
import { lagdiff, runProcess } from '../helpers/cli.ts';
import { eveningFile, workFolder } from '../helpers/small-captures.ts';

const folder = workFolder();
const capture = folder.put('evening.pcap', eveningFile());
const cut = folder.put('cut.pcap', eveningFile().subarray(0, -20));
const ESCAPE = String.fromCharCode(27);

interface Analysis {
  readonly schema: string;
  readonly captures: readonly {
    records: number;
    decoded: number;
    diagnosed: number;
    first: string | null;
    sha256: string;
  }[];
  readonly flows: readonly { readonly protocol: number }[];
  readonly findings: readonly unknown[];
  readonly diagnostics: readonly {
    id: string;
    severity: string;
    count: number;
    first: { byte_offset: number };
  }[];
}

const analyze = async (...args: string[]): Promise<Analysis> => {
  const result = await lagdiff(['analyze', '--format', 'json', ...args]);
  expect(result.code).toBe(0);
  return JSON.parse(result.stdout) as Analysis;
};

describe('the table of flows', () => {
  it('names the protocol inside UDP, where one was recognised', async () => {
    const ends = { src: '192.0.2.1', dst: '198.51.100.2' };
    const call = Array.from({ length: 60 }, (_, i) => ({
      timestampNs: BigInt(i) * 20_000_000n,
      data: udpPacket(ends, {
        srcPort: 40_000,
        dstPort: 40_002,
        // RFC 3550 5.1: version 2, PCMU, sequence number, timestamp of 8 kHz, SSRC; then 20 ms of sound.
        payload: concat([Uint8Array.of(0x80, 0), u16(i), u32(160 * i), u32(77), new Uint8Array(160).fill(i)]),
      }),
    }));
    const path = folder.put('call.pcap', pcapFile(call, { linkType: linkTypes.raw }));
    const { stdout } = await lagdiff(['analyze', path]);
    expect(stdout).toMatch(/^ {2}1 +UDP rtp +198\.51\.100\.2:40002 → 192\.0\.2\.1:40000/m);
  });
});

describe('json', () => {
  it('is one document, with the parts scripts rely on', async () => {
    const analysis = await analyze(capture);
    expect(analysis.schema).toBe('lagdiff/analyze@1');
    expect(analysis.captures).toHaveLength(1);
    expect(analysis.captures[0]?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(analysis.captures[0]?.first).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    expect(analysis.flows.length).toBeGreaterThan(4);
  });

  it('conserves records and names the one frame that is not IP', async () => {
    const analysis = await analyze(capture);
    const [facts] = analysis.captures;
    expect(facts?.records).toBe((facts?.decoded ?? 0) + (facts?.diagnosed ?? 0));
    expect(analysis.diagnostics.find(({ id }) => id === 'packet/not-ip')).toMatchObject({
      severity: 'info',
      count: 1,
    });
  });

  it('counts a record that the file cuts off, with its byte offset, and still answers', async () => {
    const analysis = await analyze(cut);
    const diagnostic = analysis.diagnostics.find(({ id }) => id === 'capture/truncated-record');
    expect(diagnostic).toMatchObject({ severity: 'data-loss', count: 1 });
    expect(diagnostic?.first.byte_offset).toBeGreaterThan(24);
    const [facts] = analysis.captures;
    expect(facts?.records).toBe((facts?.decoded ?? 0) + (facts?.diagnosed ?? 0));
  });

  it('is the same for --out as for stdout', async () => {
    const path = `${folder.path}/analysis.json`;
    const toFile = await lagdiff(['analyze', capture, '--format', 'json', '--out', path]);
    expect(toFile.code).toBe(0);
    expect(toFile.stdout).toBe('');
    const toStdout = await lagdiff(['analyze', capture, '--format', 'json']);
    expect(readFileSync(path, 'utf8')).toBe(toStdout.stdout);
  });
});

describe('stderr', () => {
  it('shows no progress where nobody watches', async () => {
    const result = await lagdiff(['analyze', capture]);
    expect(result.stderr).not.toContain('\r');
    expect(result.stderr).not.toMatch(/\d+ ?%/);
  });

  it('is silent with --quiet when all is well', async () => {
    const result = await lagdiff(['analyze', capture, '--quiet']);
    expect(result.stderr).toBe('');
  });
});

describe('colour', () => {
  it('never enters a pipe, and NO_COLOR wins over a forced one', async () => {
    for (const env of [{ NO_COLOR: undefined }, { NO_COLOR: '1', FORCE_COLOR: '1' }]) {
      const result = await lagdiff(['analyze', capture], { env });
      expect(result.code).toBe(0);
      expect(result.stdout + result.stderr).not.toContain(ESCAPE);
    }
  });
});

describe('export', () => {
  it.each(['packets', 'flows', 'rtt', 'bins', 'events'])(
    'writes %s as csv: a header and rows of equal width',
    async (table) => {
      const result = await lagdiff(['export', capture, '--table', table, '--format', 'csv']);
      expect(result.code).toBe(0);
      const [header = '', ...rows] = result.stdout.trimEnd().split('\n');
      expect(rows.length).toBeGreaterThan(0);
      for (const row of rows) expect(row.split(',')).toHaveLength(header.split(',').length);
    },
  );

  it('writes the same rows as json', async () => {
    const csv = await lagdiff(['export', capture, '--table', 'flows', '--format', 'csv']);
    const json = await lagdiff(['export', capture, '--table', 'flows', '--format', 'json']);
    expect(json.code).toBe(0);
    expect(JSON.parse(json.stdout)).toHaveLength(csv.stdout.trimEnd().split('\n').length - 1);
  });

  it('writes parquet and arrow into a pipe', async () => {
    const parquet = await lagdiff([
      'export',
      capture,
      '--table',
      'flows',
      '--format',
      'parquet',
      '--out',
      '-',
    ]);
    expect(parquet.code).toBe(0);
    expect(parquet.stdout.slice(0, 4)).toBe('PAR1');
    const arrow = await lagdiff(['export', capture, '--table', 'flows', '--format', 'arrow', '--out', '-']);
    expect(arrow.code).toBe(0);
    expect(arrow.stdout).toContain('rtt_handshake_ns');
  });

  it('leaves a device alone: --out /dev/null writes to it and does not replace it', async () => {
    // As root a rename onto /dev/null would succeed and take the device away from the whole machine; so the
    // test uses a fifo of its own, which may be replaced without harm, and asks whether it still is one.
    const fifo = `${folder.path}/pipe`;
    execFileSync('mkfifo', [fifo]);
    const reader = runProcess('cat', [fifo], { timeoutMs: 20_000 });
    const result = await lagdiff(['analyze', capture, '--format', 'json', '--out', fifo], {
      timeoutMs: 20_000,
    });
    const isStillFifo = statSync(fifo).isFIFO();
    expect(isStillFifo).toBe(true);
    expect(result.code).toBe(0);
    expect((JSON.parse((await reader).stdout) as Analysis).flows.length).toBeGreaterThan(0);
  });
});
