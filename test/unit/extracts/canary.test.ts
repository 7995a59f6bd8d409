/**
 * A whole case with canaries in every place that a person or a packet can put one, run through the public tier; and the
 * same captures redacted whole, compared again.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyAnnex } from '../../../src/annex/verify.ts';
import { runCase, type CaseResult } from '../../../src/case.ts';
import { diff, readCohorts } from '../../../src/diff.ts';
import type { ExtractEntry } from '../../../src/extracts/build.ts';
import { writePcapng, type PcapngPacket } from '../../../src/extracts/pcapng.ts';
import { readRecords } from '../../../src/extracts/read.ts';
import { parseAddress, Pseudonyms } from '../../../src/redaction/pseudonyms.ts';

const SAMPLE = new URL('../../../samples/evening-pppoe/', import.meta.url).pathname;
const SERVERS = ['203.0.113.10', '203.0.113.20', '2001:db8:53::10', '2001:db8:53::20'];
const CANARY = 'zyxcanary';
let folder = '';
let annex = '';
let result: CaseResult;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lagdiff-canary-'));
  const input = join(folder, `${CANARY}-case`);
  await mkdir(input);
  annex = join(folder, 'annex');
  for (const period of ['baseline', 'evening'])
    for (const end of ['server', 'client'])
      await copyFile(join(SAMPLE, `${period}-${end}.pcap.gz`), join(input, `${CANARY}-${period}-${end}.cap`));
  await copyFile(join(SAMPLE, 'cohorts.csv'), join(input, `${CANARY}-cohorts.csv`));
  await writeFile(
    join(input, `${CANARY}-mtr.txt`),
    [
      `HOST: ${CANARY}-laptop            Loss%   Snt   Last   Avg  Best  Wrst StDev`,
      `  1.|-- ${CANARY}-router (198.51.100.254)  0.0%  1000    0.4   0.5   0.3   4.0   0.1`,
      `  2.|-- ${CANARY}-core (192.0.2.77)       12.0%  1000    4.4   4.5   4.3   9.0   0.1`,
      '  3.|-- 203.0.113.10                      0.0%  1000   12.4  12.5  12.3  19.0   0.1',
      '',
    ].join('\n'),
  );
  const captures = ['baseline', 'evening'].flatMap((period) =>
    ['server', 'client'].map((end) => ({
      path: `${CANARY}-${period}-${end}.cap`,
      period,
      end,
      clock: { source: `${CANARY} clock` },
    })),
  );
  await writeFile(
    join(input, `${CANARY}.yaml`),
    // JSON is YAML.
    JSON.stringify({
      title: `${CANARY} title`,
      question: `${CANARY} question`,
      purpose: `${CANARY} purpose`,
      legal_basis: `${CANARY} basis`,
      seed: 20261111,
      replicates: 200,
      servers: SERVERS.map((address, i) => ({
        address,
        name: `${CANARY}-host-${i}`,
        provider: `${CANARY} hosting`,
        datacenter: `${CANARY}-dc`,
        rack: `${CANARY}-rack-${i}`,
      })),
      symptoms: [`${CANARY} symptom`],
      games: [`${CANARY} game`],
      ticket: { preset: 'aws', fields: { account_id: `${CANARY}-account` } },
      traces: [{ path: `${CANARY}-mtr.txt`, from: 'client', state: 'failing' }],
      cohorts: `${CANARY}-cohorts.csv`,
      captures,
      contact: { name: `${CANARY} person`, email: `${CANARY}@example.com`, availability: `${CANARY} hours` },
      asks: { owner: `${CANARY} owner`, due: '2026-12-01' },
      changes: [{ at: '2026-11-11T10:00:00Z', what: `${CANARY} deploy` }],
      slo: { rtt_ms: 50, share: 0.95, statement: `${CANARY} objective` },
      secrets: [CANARY],
    }),
  );
  let second = 0;
  result = await runCase(join(input, `${CANARY}.yaml`), {
    out: annex,
    keyPath: join(folder, 'keys.pem'),
    workers: 1,
    now: () => `2026-11-20T15:00:${String(second++).padStart(2, '0')}Z`,
  });
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

async function filesOf(root: string): Promise<{ path: string; bytes: Buffer }[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.map(async (path) => ({ path: path.slice(root.length + 1), bytes: await readFile(path) })),
  );
}

async function extracts(): Promise<ExtractEntry[]> {
  const index = JSON.parse(await readFile(join(annex, 'extracts/index.json'), 'utf8')) as {
    extracts: ExtractEntry[];
  };
  return index.extracts;
}

const hasTshark = spawnSync('tshark', ['--version']).status === 0;

describe('the public tier of a case full of canaries', () => {
  it('verifies, and says the verdict', async () => {
    expect(await verifyAnnex(annex)).toMatchObject({ ok: true, faults: [] });
    expect(result.comparison.verdict).toBe('DEGRADED');
    expect(await readFile(join(annex, 'summary.html'), 'utf8')).toContain('DEGRADED');
  });

  it('holds no canary, no original address, no hardware address, in no file', async () => {
    const files = await filesOf(annex);
    expect(files.length).toBeGreaterThan(40);
    const truth = await readFile(join(SAMPLE, 'truth.json'), 'utf8');
    const addresses = [...new Set(truth.match(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g))]
      .concat(SERVERS.slice(0, 2))
      .concat('198.51.100.254', '192.0.2.77');
    expect(addresses.length).toBeGreaterThan(20);
    for (const { path, bytes } of files) {
      const text = bytes.toString('latin1').toLowerCase();
      expect(text.includes(CANARY), path).toBe(false);
      for (const address of [...addresses, '2001:db8:'])
        expect(
          new RegExp(`(?<![\\d.])${address.replaceAll('.', '\\.')}(?![\\d.])`).test(text),
          `${address} in ${path}`,
        ).toBe(false);
      if (!path.endsWith('.pcapng')) continue;
      for (const address of addresses) {
        const raw = Buffer.from(parseAddress(address)!);
        expect(bytes.includes(raw), `${address} in ${path}`).toBe(false);
        expect(bytes.includes(Buffer.from(raw).reverse()), `${address} reversed in ${path}`).toBe(false);
      }
    }
  });

  it('keeps the key of the case out of the annex', async () => {
    const key = (await readFile(join(folder, `${CANARY}-case`, 'redaction.key'), 'utf8')).trim();
    for (const { path, bytes } of await filesOf(annex)) {
      expect(bytes.includes(key), path).toBe(false);
      expect(bytes.includes(Buffer.from(key, 'hex')), path).toBe(false);
    }
  });

  it('shows the verdict by few packets, at both ends', async () => {
    const [verdict] = await extracts();
    expect(verdict?.file).toBe('extracts/verdict.pcapng');
    expect(verdict?.packets.length).toBeLessThanOrEqual(24);
    expect(new Set(verdict?.packets.map(({ end }) => end))).toEqual(new Set(['client', 'server']));
    expect(new Set(verdict?.packets.map(({ period }) => period))).toEqual(new Set(['baseline', 'evening']));
  });

  it.skipIf(!hasTshark)(
    'tshark returns the cited packets for every filter, with sound checksums and no payload',
    async () => {
      for (const { file, display_filter, packets } of await extracts()) {
        const fields = [
          'frame.number',
          'frame.time_epoch',
          'ip.checksum.status',
          'tcp.checksum.status',
          'frame.comment',
        ];
        const out = execFileSync(
          'tshark',
          [
            '-n',
            '-r',
            join(annex, file),
            '-Y',
            display_filter,
            '-T',
            'fields',
            '-o',
            'ip.check_checksum:TRUE',
            '-o',
            'tcp.check_checksum:TRUE',
            ...fields.flatMap((field) => ['-e', field]),
          ],
          { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
        );
        const rows = out
          .trimEnd()
          .split('\n')
          .map((line) => line.split('\t'));
        expect(rows.map(([number]) => Number(number))).toEqual(
          packets.map(({ frame_number }) => frame_number),
        );
        for (const [index, [, , ip, tcp, comment]] of rows.entries()) {
          expect([ip, tcp]).toEqual(['1', '1']);
          expect(comment).toContain(
            `frame ${packets[index]!.capture_frame_number} of ${packets[index]!.capture}`,
          );
        }
      }
    },
  );
});

describe('captures redacted whole', () => {
  it('give the verdict, numbers and intervals of the raw ones, and redact to the same bytes twice', async () => {
    const pseudonyms = new Pseudonyms(new Uint8Array(32).fill(5));
    const redacted = async (period: string): Promise<Uint8Array> => {
      const packets: PcapngPacket[] = [];
      const config = {
        selectors: null,
        timestampKey: pseudonyms.timestampKey(),
        keepNames: false,
        mapName: (name: Uint8Array) =>
          name.length === 6 ? pseudonyms.hardwareAddress(name) : pseudonyms.address(name),
      };
      for await (const record of readRecords([join(SAMPLE, `${period}-server.pcap.gz`)], config))
        packets.push({ ...record, interfaceName: 'one', comment: '' });
      return writePcapng(packets, { application: 'test', comment: '' });
    };
    const paths: string[] = [];
    for (const period of ['baseline', 'evening']) {
      const bytes = await redacted(period);
      if (period === 'baseline') expect(Buffer.compare(bytes, await redacted(period))).toBe(0);
      paths.push(join(folder, `${period}.pcapng`));
      await writeFile(paths.at(-1)!, bytes);
    }
    const cohorts = await readFile(join(SAMPLE, 'cohorts.csv'), 'utf8');
    const mapped = join(folder, 'mapped.csv');
    await writeFile(mapped, pseudonyms.text(cohorts));
    const common = { seed: 20261111, replicates: 200, workers: 1, vantage: 'server' as const };
    const ask = (files: string[], cohortFile: string, servers: string[]): ReturnType<typeof diff> =>
      diff([files[0]!], [files[1]!], { ...common, servers, cohortOf: readCohorts(cohortFile) });
    const raw = await ask(
      ['baseline', 'evening'].map((p) => join(SAMPLE, `${p}-server.pcap.gz`)),
      join(SAMPLE, 'cohorts.csv'),
      SERVERS,
    );
    const shown = await ask(
      paths,
      mapped,
      SERVERS.map((address) => pseudonyms.text(address)),
    );
    expect(shown.comparison.verdict).toBe(raw.comparison.verdict);
    // Which clients a replicate draws depends on their order, so intervals differ as with another seed; estimates do not.
    const points = (of: typeof raw): Map<string, number | null> =>
      new Map(
        of.comparison.comparisons.map(({ cohort, metric, difference }) => [
          `${cohort} ${metric}`,
          difference,
        ]),
      );
    const expected = points(raw);
    expect([...points(shown).keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [row, difference] of points(shown)) {
      const other = expected.get(row) ?? null;
      if (difference === null || other === null) expect(difference, row).toBe(other);
      else expect(Math.abs(difference - other), row).toBeLessThanOrEqual(1e-9 * Math.abs(other) + 1e-12);
    }
    expect(shown.comparison.headline.split(':')[0]).toBe(raw.comparison.headline.split(':')[0]);
  }, 60_000);
});
