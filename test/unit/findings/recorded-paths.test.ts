/** Rules about the way and its marks on recorded games, against what the router that recorded them did. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lagdiffHere as lagdiff } from '../../helpers/in-process.ts';
import { ROOT } from '../../helpers/repository.ts';

const ABOUT_THE_WAY = /^(path\/(route|parallel|ttl|congestion)|loss\/by-size|marking\/)/;

async function findings(sample: string): Promise<{ id: string; claim: string; count: number }[]> {
  const path = join(ROOT, 'samples/recorded', `${sample}.pcap.zst`);
  const { stdout, stderr, code } = await lagdiff(['analyze', path, '--format', 'json']);
  expect(code, stderr).toBe(0);
  const document = JSON.parse(stdout) as { findings: { id: string; claim: string; count: number }[] };
  return document.findings.filter(({ id }) => ABOUT_THE_WAY.test(id));
}

describe('recorded games', () => {
  it('show the route that got 3 hops longer after 42 s, at the end that it leads to and not at the other', async () => {
    const [found, ...more] = await findings('route-change/client');
    expect(more).toEqual([]);
    expect(found?.id).toBe('path/route-change');
    expect(found?.claim).toMatch(
      /^the way from 203\.0\.113\.10 has 3 more routers from 2026-11-18T12:10:4[12]/,
    );
    expect(found?.count).toBe(9);
    expect(await findings('route-change/server')).toEqual([]);
  });

  it.each(['families/server', 'families/client', 'dscp-bleaching/client', 'loss/client', 'loss/server'])(
    'show none where one end cannot tell or nothing is wrong: %s',
    async (sample) => {
      expect(await findings(sample)).toEqual([]);
    },
  );
});
