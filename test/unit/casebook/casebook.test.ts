import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { parse } from 'yaml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../../src/cli/run.ts';
import { readCase } from '../../../src/case/read-case.ts';

const SAMPLE = new URL('../../../samples/loss/', import.meta.url).pathname;
let home = '';
let folder = '';
let second = 0;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'lagdiff-casebook-'));
  folder = join(home, 'case');
  second = 0;
});
afterEach(() => rm(home, { recursive: true, force: true }));

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function lagdiff(
  args: string[],
  { cwd = home, typed = null as string | null, now = '2026-11-20' } = {},
): Promise<Result> {
  const stdin = Object.assign(new PassThrough(), { isTTY: typed !== null });
  stdin.end(typed ?? '');
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const collected = { out: '', err: '' };
  stdout.on('data', (piece: Buffer) => (collected.out += piece.toString()));
  stderr.on('data', (piece: Buffer) => (collected.err += piece.toString()));
  const clock = (): string => `${now}T15:00:${String(second++ % 60).padStart(2, '0')}.000Z`;
  const code = await run(args, { stdin, stdout, stderr, env: { USER: 'aya', HOME: home }, cwd, now: clock });
  return { code, ...collected };
}

const log = async (): Promise<
  { action: string; actor: string; argv: string[]; inputs: { path: string }[]; outputs: { path: string }[] }[]
> =>
  (await readFile(join(folder, 'evidence-log.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as never);

async function newCase(...more: string[]): Promise<Result> {
  return lagdiff([
    'case',
    'new',
    folder,
    ...['--title', 'Evening lag', '--server', '203.0.113.10 provider=Example Hosting kind=cloud'],
    ...more,
  ]);
}

/** A case over the captures of a sample. */
async function realCase(...more: string[]): Promise<void> {
  const captures = ['baseline', 'evening'].flatMap((period) => [
    '--capture',
    `${period}.pcap.gz ${period} server`,
  ]);
  expect((await newCase(...captures, ...more)).err).toBe('');
  for (const period of ['baseline', 'evening'])
    await copyFile(join(SAMPLE, `${period}-server.pcap.gz`), join(folder, `${period}.pcap.gz`));
}

describe('case new', () => {
  it('takes flags, and writes a case that can be read, and the first line of the log', async () => {
    await realCase('--email', 'aya@example.com');
    const { document } = await readCase(join(folder, 'case.yaml'));
    expect(document).toMatchObject({
      title: 'Evening lag',
      servers: [{ address: '203.0.113.10', provider: 'Example Hosting', kind: 'cloud' }],
      contact: { email: 'aya@example.com' },
      changes: [],
    });
    const [first] = await log();
    expect(first).toMatchObject({ action: 'case new', outputs: [{ path: 'case.yaml' }] });
    expect(first?.actor).toMatch(/^aya, by lagdiff /);
  });

  it('asks on a terminal, in the order of the questions', async () => {
    const typed = [
      'Rubber-banding',
      '',
      'teleporting enemies',
      'shots that miss',
      '',
      'Arena',
      '',
      '',
      'moba',
      '203.0.113.10 asn=64500',
      '',
      'aws',
      'cohorts.csv',
      '50 0.95',
      'a.pcap baseline server clock=chrony bound_ms=0.5',
      'b c.pcap evening server',
      '',
      '2026-11-20T21:00:00+09:00 new build',
      '',
      'to find the cause',
      'own end point; volunteers agreed',
      'Aya',
      'aya@example.com',
      'weekdays',
      '2027-01-31',
      '2027-11-30',
    ];
    const { code, err } = await lagdiff(['case', 'new', folder], { typed: `${typed.join('\n')}\n` });
    expect(code, err).toBe(0);
    expect(err).toContain('Titles that are affected');
    expect(parse(await readFile(join(folder, 'case.yaml'), 'utf8'))).toEqual({
      title: 'Rubber-banding',
      symptoms: ['teleporting enemies', 'shots that miss'],
      games: ['Arena'],
      timezone: 'Asia/Tokyo',
      profile: 'moba',
      servers: [{ address: '203.0.113.10', asn: 64500 }],
      ticket: { preset: 'aws' },
      cohorts: 'cohorts.csv',
      slo: { rtt_ms: 50, share: 0.95 },
      captures: [
        { path: 'a.pcap', period: 'baseline', end: 'server', clock: { source: 'chrony', bound_ms: 0.5 } },
        { path: 'b c.pcap', period: 'evening', end: 'server' },
      ],
      changes: [{ at: '2026-11-20T21:00:00+09:00', what: 'new build' }],
      purpose: 'to find the cause',
      legal_basis: 'own end point; volunteers agreed',
      contact: { name: 'Aya', email: 'aya@example.com', availability: 'weekdays' },
      retention: { captures: '2027-01-31', annex: '2027-11-30' },
    });
  });

  it('takes a file of answers, and refuses a key that is no question', async () => {
    const answers = join(home, 'answers.yaml');
    await writeFile(answers, 'title: T\nserver: [203.0.113.10]\nslo: 40 0.9\n');
    expect((await lagdiff(['case', 'new', folder, '--answers', answers])).code).toBe(0);
    expect(parse(await readFile(join(folder, 'case.yaml'), 'utf8'))).toMatchObject({
      slo: { rtt_ms: 40, share: 0.9 },
    });
    await writeFile(answers, 'titel: T\n');
    const { code, err } = await lagdiff(['case', 'new', join(home, 'x'), '--answers', answers]);
    expect([code, existsSync(join(home, 'x'))]).toEqual([2, false]);
    expect(err).toContain('titel');
  });

  it('says what is missing, what does not fit, and never overwrites a case', async () => {
    expect((await lagdiff(['case', 'new', folder])).err).toContain('title and server');
    const wrong = await lagdiff(['case', 'new', folder, '--title', 'T', '--server', 'not-an-address']);
    expect([wrong.code, existsSync(folder)]).toEqual([2, false]);
    expect(wrong.err).toContain('servers.0.address');
    expect((await newCase()).code).toBe(0);
    expect((await newCase()).err).toContain('case/exists');
  });
});

describe('the log of a case', () => {
  it('takes every command that is run in the case, with the hashes of what went in and came out', async () => {
    await realCase();
    const flows = join(folder, 'flows.json');
    expect(
      (await lagdiff(['analyze', join(folder, 'evening.pcap.gz'), '--out', flows], { cwd: folder })).code,
    ).toBe(0);
    expect((await lagdiff(['case', 'note', 'the provider called'], { cwd: folder })).code).toBe(0);
    const failed = await lagdiff(['analyze', 'nowhere.pcap'], { cwd: folder });
    expect(failed.code).toBe(2);
    const out = join(folder, 'annex');
    const key = join(home, 'key.pem');
    const ran = await lagdiff(['run', join(folder, 'case.yaml'), '--out', out, '--key', key], { cwd: home });
    expect(ran.code, ran.err).toBe(0);
    const lines = await log();
    expect(lines.map(({ action }) => action)).toEqual([
      'case new',
      'analyze',
      'note',
      'analyze (failed)',
      'run',
    ]);
    expect(lines[1]).toMatchObject({
      inputs: [{ path: 'evening.pcap.gz' }],
      outputs: [{ path: 'flows.json' }],
    });
    expect(lines[2]?.argv).toEqual(['case', 'note', 'the provider called']);
    expect(lines[4]).toMatchObject({ outputs: [{ path: 'annex/SHA256SUMS' }] });
    const check = await lagdiff(['verify', folder]);
    expect(check.out).toContain('verified: 5 log lines');
    expect(check.code).toBe(0);
    const annexLog = await readFile(join(out, 'evidence-log.jsonl'), 'utf8');
    expect(annexLog).toContain('"action":"case log"');
  }, 60_000);

  it('a user without a configuration folder gets a signing key there, for nobody else to read', async () => {
    await realCase();
    const ran = await lagdiff(['run', join(folder, 'case.yaml'), '--out', join(home, 'annex')]);
    expect(ran.code, ran.err).toBe(0);
    const key = join(home, '.config', 'lagdiff', 'signing-key.pem');
    expect((await stat(key)).mode & 0o777).toBe(0o600);
    expect((await stat(join(key, '..'))).mode & 0o077).toBe(0);
  }, 60_000);

  it('outside a case nothing is written anywhere', async () => {
    expect((await lagdiff(['explain', 'rtt_ns'])).code).toBe(0);
    expect(existsSync(join(home, 'evidence-log.jsonl'))).toBe(false);
    expect((await lagdiff(['case', 'note', 'x'])).err).toContain('case/none-here');
  });

  it('verify names the first broken line, and no command adds to a broken log', async () => {
    await newCase();
    for (const text of ['one', 'two', 'three']) await lagdiff(['case', 'note', text], { cwd: folder });
    const path = join(folder, 'evidence-log.jsonl');
    const lines = (await readFile(path, 'utf8')).split('\n');
    const [a, b, c, d, end] = lines as [string, string, string, string, string];
    const broken: [string, string[]][] = [
      ['line 2 ', [a, b.replace('one', 'eno'), c, d, end].map((line, at) => (at === 1 ? `${line} ` : line))],
      ['line 3 ', [a, b.replace('one', 'eno'), c, d, end]],
      ['line 2 ', [a, c, b, d, end]],
      ['line 2 ', [a, c, d, end]],
    ];
    for (const [where, changed] of broken) {
      await writeFile(path, changed.join('\n'));
      const check = await lagdiff(['verify', folder]);
      expect(check.code).toBe(1);
      expect(check.out.split('\n')[0]).toContain(where);
      const refused = await lagdiff(['case', 'note', 'four'], { cwd: folder });
      expect([refused.code, refused.err.includes('case/log-broken')]).toEqual([2, true]);
      expect(await readFile(path, 'utf8')).toBe(changed.join('\n'));
    }
    await writeFile(path, lines.join('\n'));
    expect((await lagdiff(['verify', folder])).code).toBe(0);
  });

  it('verify names a file that was changed behind the log, until a note records it', async () => {
    await newCase();
    const path = join(folder, 'case.yaml');
    await writeFile(path, `${await readFile(path, 'utf8')}# more\n`);
    const check = await lagdiff(['verify', folder]);
    expect([check.code, check.out.includes('fault[case/changed]: case.yaml')]).toEqual([1, true]);
    await lagdiff(['case', 'note', 'captures added', '--file', 'case.yaml'], { cwd: folder });
    expect((await lagdiff(['verify', folder])).code).toBe(0);
    await rm(path);
    await writeFile(path, 'x');
    expect((await lagdiff(['verify', folder])).code).toBe(1);
  });
});

describe('case expire', () => {
  it('lists what is past its last day, deletes it on request, and leaves hash and log line', async () => {
    await realCase();
    const path = join(folder, 'case.yaml');
    const retention = 'retention: { captures: 2026-12-01, extracts: 2027-01-01, annex: 2027-06-01 }\n';
    await writeFile(path, `${await readFile(path, 'utf8')}${retention}`);
    const out = join(folder, 'annex');
    await lagdiff(['run', path, '--out', out, '--key', join(home, 'key.pem')], { cwd: folder });
    const ask = (now: string, ...more: string[]): Promise<Result> =>
      lagdiff(['case', 'expire', ...more], { cwd: folder, now });
    expect((await ask('2026-12-01')).out).toBe('nothing is past its last day\n');
    expect((await ask('2026-12-02')).out).toContain('past its last day (2026-12-01): baseline.pcap.gz');
    expect(existsSync(join(folder, 'baseline.pcap.gz'))).toBe(true);
    expect((await ask('2026-12-02', '--delete')).out).toContain('deleted (2026-12-01): evening.pcap.gz');
    expect(existsSync(join(folder, 'baseline.pcap.gz'))).toBe(false);
    expect((await log()).slice(-2).map(({ action, inputs }) => [action, inputs[0]?.path])).toEqual([
      ['delete', 'baseline.pcap.gz'],
      ['delete', 'evening.pcap.gz'],
    ]);
    expect((await lagdiff(['verify', folder])).code).toBe(0);
    const later = await ask('2027-01-02', '--delete');
    expect(later.out).toContain('annex/extracts/verdict.pcapng');
    expect(later.out).toContain('annex/tables/flows.parquet');
    expect(later.out).not.toContain('annex/report.html');
    const deleted = (await log()).at(-1)!;
    expect((deleted.inputs[0] as unknown as { sha256: string }).sha256).toMatch(/^[0-9a-f]{64}$/);
    await writeFile(join(folder, 'evening.pcap.gz'), 'back');
    expect((await lagdiff(['verify', folder])).out).toContain('fault[case/undeleted]: evening.pcap.gz');
  }, 60_000);
});
