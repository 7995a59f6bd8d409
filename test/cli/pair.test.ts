/** `lagdiff pair` as a command: where its document and its figures go. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connection, game, scenario } from '../generators/two-ended/scenario.ts';
import { simulateTwoEnded } from '../generators/two-ended/simulate.ts';
import type { PairDocument } from '../../src/pairing/types.ts';
import { lagdiff } from '../helpers/cli.ts';
import { ROOT } from '../helpers/repository.ts';
import { workFolder } from '../helpers/small-captures.ts';

const folder = workFolder();
const run = simulateTwoEnded(
  scenario({ seed: 1, durationSeconds: 20, nat: { client: 'port' }, traffic: [game, connection] }),
);
const client = folder.put('client.pcap', run.client);
const server = folder.put('server.pcap', run.server);
const ends = ['--client', client, '--server', server];

describe('pair', () => {
  it('prints one JSON document with the parts scripts rely on', async () => {
    const { code, stdout } = await lagdiff(['pair', ...ends, '--format', 'json']);
    expect(code).toBe(0);
    const document = JSON.parse(stdout) as Record<string, unknown>;
    expect(document['schema']).toBe('lagdiff/pair@1');
    for (const part of ['clock', 'client_to_server', 'server_to_client', 'rtt_min_ns', 'match_ratio'])
      expect(document[part], part).toBeTypeOf(
        part.endsWith('n_ns') || part === 'match_ratio' ? 'number' : 'object',
      );
  });

  it('writes the document and each figure with its data into a folder, and the table to stdout', async () => {
    const out = join(folder.path, 'made here/');
    const { code, stdout } = await lagdiff(['pair', ...ends, '--out', out]);
    expect(code).toBe(0);
    expect(stdout).not.toBe('');
    expect(readdirSync(out).sort()).toEqual(['figures', 'pair.json']);
    expect(readdirSync(join(out, 'figures')).sort()).toEqual(
      ['pair-forward-against-return', 'pair-ladder', 'pair-queueing'].flatMap((id) => [
        `${id}.csv`,
        `${id}.svg`,
      ]),
    );
    const again = join(folder.path, 'again/');
    await lagdiff(['pair', ...ends, '--out', again, '--workers', '2', '--quiet']);
    for (const name of ['pair.json', ...readdirSync(join(out, 'figures')).map((file) => `figures/${file}`)])
      expect(readFileSync(join(again, name), 'utf8'), name).toBe(readFileSync(join(out, name), 'utf8'));
  });

  it('writes one file where PATH names no folder', async () => {
    const out = join(folder.path, 'answer.json');
    const { code, stdout } = await lagdiff(['pair', ...ends, '--format', 'json', '--out', out]);
    expect(code).toBe(0);
    expect(stdout).toBe('');
    expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({ schema: 'lagdiff/pair@1' });
  });

  it('refuses a folder that cannot be made, and names it', async () => {
    const { code, stderr } = await lagdiff(['pair', ...ends, '--out', `${client}/`]);
    expect(code).toBe(2);
    expect(stderr).toContain('client.pcap');
    expect(existsSync(`${client}/pair.json`)).toBe(false);
  });
});

describe('pair of captures that are no good pair', () => {
  const ended = async (one: string, other: string) => {
    const { code, stdout, stderr } = await lagdiff([
      ...['pair', '--client', one, '--server', other, '--format', 'json', '--quiet'],
    ]);
    return { code, stderr, document: stdout === '' ? null : (JSON.parse(stdout) as PairDocument) };
  };
  const idsOf = (document: PairDocument | null) => document?.diagnostics.map(({ id }) => id) ?? [];
  const made = (name: string, given: Parameters<typeof scenario>[0]) => {
    const both = simulateTwoEnded(scenario({ durationSeconds: 40, ...given }));
    return [
      folder.put(`${name}-client.pcap`, both.client),
      folder.put(`${name}-server.pcap`, both.server),
    ] as const;
  };

  it('ends with 0 where nothing is shared, says what was tried, and withholds every figure', async () => {
    const [, other] = made('other', { seed: 2 });
    const { code, document } = await ended(client, other);
    expect(code).toBe(0);
    expect(document).toMatchObject({ status: 'unrelated', match_ratio: 0, clock: { offset_ns: null } });
    expect(document!.client_to_server.withheld.map(({ metric }) => metric)).toEqual(['all']);
    expect(document!.tried.join(' ')).toContain('no content that one capture holds once is in the other one');
  });

  it('names a snaplen that cut all content away, and how much to keep', async () => {
    // Of 64 bytes, 54 are Ethernet and IPv6: no acknowledgment number is left, and two bytes of a datagram.
    const ends = made('cut', { seed: 5, ipVersion: 6, client: { capture: { snaplenBytes: 64 } } });
    const { code, document } = await ended(...ends);
    expect(code).toBe(0);
    expect(document!.status).toBe('unrelated');
    expect(document!.summary).toMatch(
      /too little of most packets of the client capture was kept .*\(\d+ and 0 packets/,
    );
    expect(document!.summary).toContain('tcpdump -s 128');
  });

  it('names both spans where the captures were taken one after the other', async () => {
    const ends = made('apart', {
      seed: 3,
      client: { capture: { stopSeconds: 15 } },
      server: { capture: { startSeconds: 25 } },
    });
    const { code, document } = await ended(...ends);
    expect(code).toBe(0);
    expect(document!.summary).toMatch(/do not overlap \(client 2026-\S+ to \S+, server 2026-\S+ to \S+\)/);
  });

  it('matches across nine hours of a wrong time zone, and says so', async () => {
    const { code, document } = await ended(
      ...made('hours', { seed: 4, server: { clock: { offsetNs: 9 * 3600e9 } } }),
    );
    expect(code).toBe(0);
    expect(document).toMatchObject({ status: 'paired', match_ratio: 1 });
    expect(idsOf(document)).toContain('pair/hours-apart');
  });

  it('says of an overlap of seconds that little rests on it, and that no step could be seen', async () => {
    const ends = made('short', {
      seed: 5,
      client: { capture: { stopSeconds: 21 } },
      server: { capture: { startSeconds: 18 } },
    });
    const { code, document } = await ended(...ends);
    expect(code).toBe(0);
    expect(document!.common_window!.duration_ns).toBeLessThan(4e9);
    expect(idsOf(document)).toContain('pair/short-overlap');
    expect(document!.clock.step_detectable_ns).toBeNull();
  });

  it('says of swapped ends that they look swapped', async () => {
    const { code, document } = await ended(server, client);
    expect(code).toBe(0);
    expect(idsOf(document)).toContain('pair/ends-swapped');
  });

  it('tells neither offset nor skew where one direction was captured', async () => {
    const { code, document } = await ended(
      ...made('one-way', { seed: 6, traffic: [{ kind: 'large', hz: 20, bytes: 400 }] }),
    );
    expect(code).toBe(0);
    expect(idsOf(document)).toContain('pair/one-way');
    expect(document!.clock).toMatchObject({ offset_ns: null, skew_ppm: null, step_detectable_ns: null });
  });

  it('ends with 2 where a capture holds no packet at all', async () => {
    const empty = folder.put('empty.pcap', run.client.slice(0, 24));
    const { code, stderr, document } = await ended(empty, server);
    expect([code, document]).toEqual([2, null]);
    expect(stderr).toContain('pair/no-packets');
  });
});

describe('diff with what pair told of both ends', () => {
  const sample = (name: string) => join(ROOT, 'samples', 'evening-pppoe', name);
  const compared = (...more: string[]) =>
    lagdiff([
      ...['diff', '--baseline', sample('baseline-server.pcap.gz')],
      ...['--evening', sample('evening-server.pcap.gz'), '--replicates', '200', '--format', 'json'],
      ...more,
    ]);

  it('gives the place to look what only both ends can tell: in which direction queueing grew', async () => {
    const files: string[] = [];
    for (const period of ['baseline', 'evening'] as const) {
      const out = join(folder.path, `${period}-pair.json`);
      const ends = [
        '--client',
        sample(`${period}-client.pcap.gz`),
        '--server',
        sample(`${period}-server.pcap.gz`),
      ];
      expect((await lagdiff(['pair', ...ends, '--format', 'json', '--out', out])).code).toBe(0);
      files.push(out);
    }
    const alone = await compared();
    const both = await compared('--baseline-pair', files[0]!, '--pair', files[1]!);
    expect([alone.code, both.code]).toEqual([0, 0]);
    expect(both.stdout).toMatch(
      /p95 of queueing grew by -?\d+\.\d ms to the server and -?\d+\.\d ms to the client/,
    );
    expect(alone.stdout).not.toMatch(/p95 of queueing grew by/);
  });

  it('refuses one period alone, what is no pairing, and ends that share nothing', async () => {
    const other = folder.put('other.json', new TextEncoder().encode('{"schema":"lagdiff/diff@1"}'));
    const unrelated = folder.put(
      'unrelated.json',
      new TextEncoder().encode(
        '{"schema":"lagdiff/pair@1","status":"unrelated","client_to_server":{},"server_to_client":{}}',
      ),
    );
    expect((await compared('--pair', other)).code).toBe(2);
    const wrong = await compared('--pair', other, '--baseline-pair', other);
    expect([wrong.code, wrong.stderr.includes('diff/not-a-pairing')]).toEqual([2, true]);
    const none = await compared('--pair', unrelated, '--baseline-pair', unrelated);
    expect([none.code, none.stderr.includes('diff/unrelated-ends')]).toEqual([2, true]);
  });
});
