/** `lagdiff pair` as a command: where its document and its figures go. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connection, game, scenario } from '../generators/two-ended/scenario.ts';
import { simulateTwoEnded } from '../generators/two-ended/simulate.ts';
import { lagdiff } from '../helpers/cli.ts';
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
