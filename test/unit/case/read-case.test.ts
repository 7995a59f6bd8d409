import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCase } from '../../../src/case/read-case.ts';
import { InputError } from '../../../src/errors.ts';
import type { ErrorFacts } from '../../../src/errors.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lagdiff-case-'));
  for (const name of ['base.pcap', 'evening.pcap', 'cohorts.csv']) await writeFile(join(folder, name), 'x');
});
afterEach(() => rm(folder, { recursive: true }));

const GOOD = `title: Evening rubber-banding, Tokyo arena
timezone: Asia/Tokyo
profile: fps_competitive
servers:
  - { name: arena-1, address: 203.0.113.10, provider: Example Hosting, kind: bare_metal }
cohorts: cohorts.csv
captures:
  - { path: base.pcap, period: baseline, end: server }
  - path: evening.pcap
    period: evening
    end: server
    clock: { source: chrony, bound_ms: 1 }
seed: 7
`;

async function read(text: string): ReturnType<typeof readCase> {
  await writeFile(join(folder, 'case.yaml'), text);
  return readCase(join(folder, 'case.yaml'));
}

async function refusal(text: string): Promise<ErrorFacts> {
  const error = await read(text).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(InputError);
  const { facts } = error as InputError;
  expect(facts.path).toBe(join(folder, 'case.yaml'));
  return facts;
}

describe('readCase', () => {
  it('resolves paths against the folder of the case file and keeps them as written', async () => {
    const found = await read(GOOD);
    expect(found.captures).toEqual([
      { given: 'base.pcap', path: join(folder, 'base.pcap'), period: 'baseline', end: 'server', clock: null },
      {
        given: 'evening.pcap',
        path: join(folder, 'evening.pcap'),
        period: 'evening',
        end: 'server',
        clock: { source: 'chrony', bound_ms: 1 },
      },
    ]);
    expect(found.cohorts).toEqual({ kind: 'file', given: 'cohorts.csv', path: join(folder, 'cohorts.csv') });
    expect(found.document.seed).toBe(7);
    expect(found.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('fills in what a case leaves out', async () => {
    const found = await read(GOOD.replace(/^(timezone|profile|seed|cohorts).*\n/gm, ''));
    expect(found.document).toMatchObject({ timezone: 'Asia/Tokyo', profile: 'fps_competitive', seed: 1 });
    expect(found.cohorts).toBeNull();
  });

  it('reads paths that lead out of the folder, which are the user’s own', async () => {
    await mkdir(join(folder, 'cases'));
    await writeFile(
      join(folder, 'cases', 'case.yaml'),
      GOOD.replaceAll(/(base|evening|cohorts)\.(pcap|csv)/g, '../$&'),
    );
    const found = await readCase(join(folder, 'cases', 'case.yaml'));
    expect(found.captures[0]?.path).toBe(join(folder, 'base.pcap'));
  });

  it('takes cohorts inline', async () => {
    const found = await read(GOOD.replace('cohorts.csv', '{ 198.51.100.0/24: pppoe, 2001:db8::/32: map-e }'));
    expect(found.cohorts).toEqual({
      kind: 'inline',
      prefixes: [
        { prefix: '198.51.100.0/24', cohort: 'pppoe' },
        { prefix: '2001:db8::/32', cohort: 'map-e' },
      ],
    });
  });

  const cases: [string, (text: string) => string, Partial<ErrorFacts>, RegExp][] = [
    ['a tab', (t) => t.replace('  - path', '\t- path'), { code: 'case/syntax' }, /not valid YAML/],
    ['a key twice', (t) => `${t}seed: 8\n`, { code: 'case/syntax', line: 14, column: 1 }, /unique/i],
    [
      'a misspelt key',
      (t) => t.replace('seed:', 'sead:'),
      { code: 'case/schema', line: 13, column: 1 },
      /"sead".*seed/,
    ],
    [
      'a misspelt key deep inside',
      (t) => t.replace('    period: evening', '    perid: evening'),
      { code: 'case/schema' },
      /captures\[1\]/,
    ],
    [
      'a period that does not exist',
      (t) => t.replace('    period: evening', '    period: night'),
      { code: 'case/schema', line: 10, column: 13 },
      /captures\[1\]\.period is "night"; expected one of baseline, evening/,
    ],
    [
      'a missing title',
      (t) => t.replace(/^title.*\n/, ''),
      { code: 'case/schema', line: 1, column: 1 },
      /title is missing/,
    ],
    [
      'an unknown time zone',
      (t) => t.replace('Asia/Tokyo', 'Asia/Tokio'),
      { code: 'case/schema', line: 2, column: 11 },
      /"Asia\/Tokio"; expected an IANA time zone/,
    ],
    [
      'an offset for a time zone',
      (t) => t.replace('Asia/Tokyo', '"+09:00"'),
      { line: 2, column: 11 },
      /IANA/,
    ],
    [
      'an address that is none',
      (t) => t.replace('203.0.113.10', '203.0.113.400'),
      { line: 5 },
      /IPv4 or IPv6 address/,
    ],
    [
      'a seed that is no whole number',
      (t) => t.replace('seed: 7', 'seed: 7.5'),
      { line: 13, column: 7 },
      /whole number/,
    ],
    [
      'no server',
      (t) => t.replace(/servers:\n.*\n/, 'servers: []\n'),
      { line: 4, column: 10 },
      /at least 1 entries/,
    ],
    [
      'a capture that is not there',
      (t) => t.replace('base.pcap', 'gone.pcap'),
      { code: 'case/missing-file', line: 8, column: 13 },
      /the capture gone\.pcap does not exist/,
    ],
    [
      'a cohorts file that is not there',
      (t) => t.replace('cohorts.csv', 'gone.csv'),
      { code: 'case/missing-file', line: 6, column: 10 },
      /gone\.csv does not exist/,
    ],
    [
      'one capture in two roles, spelt differently',
      (t) => t.replace('path: evening.pcap', 'path: ./base.pcap'),
      { code: 'case/capture-twice', line: 9 },
      /two roles: baseline at the server end, and evening at the server end/,
    ],
    [
      'a capture and the folder that holds it',
      (t) => t.replace('path: evening.pcap', 'path: .'),
      { code: 'case/capture-twice' },
      /count twice/,
    ],
    [
      'no evening',
      (t) => t.replace('    period: evening', '    period: baseline'),
      { code: 'case/no-evening' },
      /evening/,
    ],
    [
      'no baseline',
      (t) => t.replace('period: baseline', 'period: evening'),
      { code: 'case/no-baseline' },
      /baseline/,
    ],
    [
      'a baseline at one end and an evening at the other',
      (t) => t.replace('baseline, end: server', 'baseline, end: client'),
      { code: 'case/no-common-end', line: 8 },
      /both periods/,
    ],
    [
      'a server twice',
      (t) => t.replace('cohorts: cohorts.csv', '  - { address: "::ffff:203.0.113.10" }'),
      { code: 'case/server-twice', line: 6 },
      /servers\[1\] has the address of servers\[0\]/,
    ],
    [
      'a prefix that is none',
      (t) => t.replace('cohorts.csv', '{ 198.51.100.0/33: pppoe }'),
      { code: 'case/schema', line: 6 },
      /expected an address prefix/,
    ],
    [
      'a network twice',
      (t) => t.replace('cohorts.csv', '{ 198.51.100.0/24: a, 198.51.100.7/24: b }'),
      { code: 'case/prefix-twice', line: 6 },
      /the same network 198\.51\.100\.0\/24/,
    ],
    ['a list where the case should be', () => '- 1\n', { code: 'case/schema', line: 1 }, /a mapping/],
    ['nothing at all', () => '', { code: 'case/schema', line: 1, column: 1 }, /a mapping/],
  ];
  it.each(cases)('refuses %s', async (_, change, facts, message) => {
    const changed = change(GOOD);
    expect(changed).not.toBe(GOOD);
    const refused = await refusal(changed);
    expect(refused).toMatchObject(facts);
    expect(refused.message).toMatch(message);
    expect(refused.line).toBeGreaterThan(0);
  });

  it('refuses a folder, and bytes that are no text, as a case file', async () => {
    await expect(readCase(folder)).rejects.toMatchObject({ facts: { code: 'case/unreadable' } });
    await writeFile(join(folder, 'case.yaml'), Buffer.from([0x74, 0xff, 0xfe]));
    await expect(readCase(join(folder, 'case.yaml'))).rejects.toMatchObject({
      facts: { code: 'case/not-utf8' },
    });
    await expect(readCase(join(folder, 'none.yaml'))).rejects.toMatchObject({
      facts: { code: 'case/unreadable' },
    });
  });

  it('refuses a case that unfolds without end', async () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 9; i += 1)
      bomb.push(
        `${'abcdefghi'[i]}: &${'abcdefghi'[i]} [${Array(9)
          .fill(`*${'abcdefghi'[i - 1]}`)
          .join(',')}]`,
      );
    expect((await refusal(`${bomb.join('\n')}\n`)).code).toBe('case/aliases');
  });
});
