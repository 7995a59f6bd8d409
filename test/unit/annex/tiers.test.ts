/**
 * The same case in both tiers, full of canaries: where they must be, where they must not be, inside every kind of container that an
 * annex has; and what a receiver with tshark alone computes from each.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statementOf } from '../../../src/annex/attestation.ts';
import { COLOURS } from '../../../src/annex/wireshark-profile.ts';
import { verifyAnnex } from '../../../src/annex/verify.ts';
import { runCase } from '../../../src/case.ts';
import type { ExtractEntry } from '../../../src/extracts/build.ts';
import { pdfText } from '../../../src/redaction/pdf-text.ts';
import { parquetText } from '../../../src/tables/parquet-text.ts';

const SAMPLE = new URL('../../../samples/loss/', import.meta.url).pathname;
const CANARY = 'qwycanary';
const TIERS = ['public', 'restricted'] as const;
const hasTshark = spawnSync('tshark', ['--version']).status === 0;
const hasPoppler = spawnSync('pdftotext', ['-v']).status === 0;
let folder = '';
let input = '';
const annexOf = (tier: string): string => join(folder, tier);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lagdiff-tiers-'));
  input = join(folder, 'case');
  await mkdir(input);
  const captures = [];
  for (const period of ['baseline', 'evening'] as const)
    for (const end of ['server', 'client'] as const) {
      const path = `${CANARY}-${period}-${end}.pcap.gz`;
      await copyFile(join(SAMPLE, `${period}-${end}.pcap.gz`), join(input, path));
      captures.push({ path, period, end });
    }
  await copyFile(join(SAMPLE, 'cohorts.csv'), join(input, 'groups.csv'));
  const given = await readFile(join(SAMPLE, 'case.yaml'), 'utf8');
  const servers = [...given.matchAll(/address: '?([0-9a-f.:]+)/g)].map(([, address]) => ({
    address,
    name: `${CANARY}-host`,
    provider: `${CANARY} 株式会社`,
  }));
  expect(servers.length).toBeGreaterThan(0);
  await writeFile(
    join(input, 'case.yaml'),
    JSON.stringify({
      title: `${CANARY} タイトル`,
      replicates: 200,
      servers,
      cohorts: 'groups.csv',
      captures,
      contact: { name: `${CANARY} 担当者` },
    }),
  );
  for (const tier of TIERS)
    await runCase(join(input, 'case.yaml'), {
      out: annexOf(tier),
      tier,
      zip: true,
      workers: 1,
      keyPath: join(folder, 'key.pem'),
      now: () => '2026-11-20T15:00:00Z',
    });
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Everything that can be read in a file, its containers opened. */
function textOf(path: string, bytes: Buffer): string {
  const plain = bytes.toString('utf8');
  if (path.endsWith('.pdf')) return `${plain}\n${pdfText(bytes) ?? 'UNREADABLE'}`;
  if (path.endsWith('.parquet')) return `${plain}\n${parquetText(bytes)}`;
  if (path.endsWith('.dsse.json')) return `${plain}\n${statementOf(plain) ?? 'UNREADABLE'}`;
  return plain;
}

async function filesOf(root: string): Promise<{ path: string; bytes: Buffer }[]> {
  const items = await readdir(root, { recursive: true, withFileTypes: true });
  return Promise.all(
    items
      .filter((item) => item.isFile())
      .map((item) => join(item.parentPath, item.name))
      .sort()
      .map(async (path) => ({ path: path.slice(root.length + 1), bytes: await readFile(path) })),
  );
}

async function addressesOfSample(): Promise<string[]> {
  const truth = await readFile(join(SAMPLE, 'truth.json'), 'utf8');
  const found = [...new Set(truth.match(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g))];
  expect(found.length).toBeGreaterThan(5);
  return found;
}

describe('public tier', () => {
  it('no canary and no original address in any file, nor inside PDF, Parquet, envelope or zip', async () => {
    const files = await filesOf(annexOf('public'));
    files.push({ path: 'annex.zip', bytes: await readFile(`${annexOf('public')}.zip`) });
    const kinds = new Set(files.map(({ path }) => path.slice(path.lastIndexOf('.'))));
    for (const kind of ['.pdf', '.parquet', '.pcapng', '.zip', '.html', '.svg'])
      expect(kinds).toContain(kind);
    // There is no picture in an annex but drawn text; one would need a scan of its own.
    expect(kinds).not.toContain('.png');
    const addresses = await addressesOfSample();
    for (const { path, bytes } of files) {
      const text = textOf(path, bytes).toLowerCase();
      for (const word of [CANARY, '株式会社', '担当者', 'タイトル'])
        expect(text.includes(word), `${word} in ${path}`).toBe(false);
      for (const address of addresses)
        expect(
          new RegExp(`(?<![\\d.])${address.replaceAll('.', '\\.')}(?![\\d.])`).test(text),
          `${address} in ${path}`,
        ).toBe(false);
    }
  });

  it.skipIf(!hasPoppler)('poppler, which is not ours, finds none in the PDF either', () => {
    const text = execFileSync('pdftotext', [join(annexOf('public'), 'summary.pdf'), '-'], {
      encoding: 'utf8',
    });
    expect(text).toContain('Limitations');
    expect(text.toLowerCase()).not.toContain(CANARY);
    expect(
      execFileSync('pdfinfo', [join(annexOf('public'), 'summary.pdf')], { encoding: 'utf8' }),
    ).not.toContain(CANARY);
  });

  it('the search bites: the restricted tier is full of them, in text, PDF, Parquet and zip', async () => {
    const files = await filesOf(annexOf('restricted'));
    const holding = (word: string): string[] =>
      files.filter(({ path, bytes }) => textOf(path, bytes).includes(word)).map(({ path }) => path);
    for (const path of [
      'summary.pdf',
      'summary.html',
      'report.html',
      'analysis.json',
      'manifest.json',
      'attestation.dsse.json',
    ])
      expect(holding(CANARY)).toContain(path);
    expect(holding('担当者')).toContain('summary.pdf');
    const [address = ''] = await addressesOfSample();
    expect(holding(address)).toContain('tables/flows.parquet');
    expect((await readFile(`${annexOf('restricted')}.zip`)).includes(CANARY)).toBe(true);
  });
});

describe('restricted tier', () => {
  it('verifies, and keeps names and addresses', async () => {
    for (const tier of TIERS)
      for (const path of [annexOf(tier), `${annexOf(tier)}.zip`])
        expect(await verifyAnnex(path), path).toMatchObject({ ok: true, faults: [] });
    const text = await readFile(join(annexOf('restricted'), 'asks.md'), 'utf8');
    expect(text).toContain(`${CANARY}-host`);
    expect(text).not.toContain('pseudonyms');
  });

  it('is linked with the public one: the same hashes of the same captures, the same verdict and numbers', async () => {
    const read = async (tier: string, file: string): Promise<never> =>
      JSON.parse(await readFile(join(annexOf(tier), file), 'utf8')) as never;
    const [open, closed] = [
      await read('public', 'manifest.json'),
      await read('restricted', 'manifest.json'),
    ] as {
      tier: string;
      parents: { path: string; sha256: string }[];
    }[];
    expect([open?.tier, closed?.tier]).toEqual(['public', 'restricted']);
    expect(open?.parents.map(({ sha256 }) => sha256)).toEqual(closed?.parents.map(({ sha256 }) => sha256));
    expect(open?.parents.map(({ path }) => path)).not.toEqual(closed?.parents.map(({ path }) => path));
    const rows = async (tier: string): Promise<unknown> =>
      ((await read(tier, 'analysis.json')) as { comparison: { verdict: string; comparisons: object[] } })
        .comparison.comparisons;
    expect(await rows('public')).toEqual(await rows('restricted'));
  });
});

describe.skipIf(!hasTshark)('with tshark alone', () => {
  it.each(TIERS)(
    '%s: reproduce-tshark.sh computes the same figures, from the extracts and from the captures',
    (tier) => {
      const script = join(annexOf(tier), 'reproduce-tshark.sh');
      expect(execFileSync('sh', [script], { encoding: 'utf8', stdio: 'pipe' })).toMatch(
        /^\d+ figures are the same/,
      );
      const all = execFileSync('sh', [script, input], { encoding: 'utf8', stdio: 'pipe' });
      expect(Number(/^\d+/.exec(all)?.[0])).toBeGreaterThanOrEqual(8);
    },
  );

  it('and says which figure differs when a packet is not the one that was cited', async () => {
    const changed = join(folder, 'changed');
    await cp(annexOf('public'), changed, { recursive: true });
    const path = join(changed, 'reproduce-tshark.sh');
    const text = await readFile(path, 'utf8');
    await writeFile(
      path,
      text.replace(/^(sample \S+ \d+ \d+ \d+\.\d+)\d$/m, (_, most: string) => `${most}9`),
    );
    const { status, stderr } = spawnSync('sh', [path], { encoding: 'utf8' });
    expect([status, /differs: RTT between frames/.test(stderr)]).toEqual([1, true]);
  });

  it.each(TIERS)(
    '%s: the profile loads, its columns are filled, every filter of it compiles',
    async (tier) => {
      const annex = annexOf(tier);
      const home = join(folder, `config-${tier}`);
      await cp(join(annex, 'wireshark/lagdiff'), join(home, 'wireshark/profiles/lagdiff'), {
        recursive: true,
      });
      const env = { ...process.env, XDG_CONFIG_HOME: home };
      const extract = join(annex, 'extracts/verdict.pcapng');
      const out = spawnSync('tshark', ['-C', 'lagdiff', '-r', extract, '-c', '1'], { encoding: 'utf8', env });
      expect(out.stderr).not.toMatch(/error|invalid|unrecognized/i);
      expect(out.stdout).toMatch(/server|client/);
      expect(out.stdout).toContain('frame ');
      const buttons = await readFile(join(annex, 'wireshark/lagdiff/dfilter_buttons'), 'utf8');
      const index = JSON.parse(await readFile(join(annex, 'extracts/index.json'), 'utf8')) as {
        extracts: ExtractEntry[];
      };
      for (const { display_filter } of index.extracts) expect(buttons).toContain(display_filter);
      const filters = [...buttons.matchAll(/^"TRUE","[^"]*","([^"]*)"/gm)].map(([, filter = '']) =>
        filter.replaceAll('\\x22', '"'),
      );
      for (const filter of [...filters, ...COLOURS.map(([, expression]) => expression)])
        expect(spawnSync('tshark', ['-r', extract, '-Y', filter], { encoding: 'utf8' }).status, filter).toBe(
          0,
        );
    },
  );

  it('restricted: each filter returns the cited packets, by their real addresses', async () => {
    const index = JSON.parse(await readFile(join(annexOf('restricted'), 'extracts/index.json'), 'utf8')) as {
      extracts: ExtractEntry[];
    };
    for (const { file, display_filter, packets } of index.extracts) {
      const args = [
        '-n',
        '-r',
        join(annexOf('restricted'), file),
        '-Y',
        display_filter,
        '-T',
        'fields',
        '-e',
        'frame.number',
      ];
      const found = execFileSync('tshark', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      expect(found.trim().split('\n').map(Number)).toEqual(packets.map(({ frame_number }) => frame_number));
    }
  });

  it.each(TIERS)('%s: payloads are zeros of the length they had', (tier) => {
    const args = [
      '-n',
      '-r',
      join(annexOf(tier), 'extracts/verdict.pcapng'),
      '-T',
      'fields',
      '-e',
      'tcp.len',
      '-e',
      'tcp.payload',
    ];
    const rows = execFileSync('tshark', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(rows.some(([length]) => Number(length) > 0)).toBe(true);
    for (const [, payload = ''] of rows) expect(payload).toMatch(/^0*$/);
  });
});
