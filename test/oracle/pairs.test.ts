/** Both ends of a path: an independent matcher against the truth of the simulator, and against what is known of each real pair. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connection, game, scenario } from '../generators/two-ended/scenario.ts';
import { simulateTwoEnded } from '../generators/two-ended/simulate.ts';
import { CAPTURES, haveCaptures } from '../helpers/repository.ts';
import { clockBounds } from './pairs/clock.ts';
import { EXPECTATIONS } from './pairs/expectations.ts';
import { matchPair } from './pairs/match.ts';
import { packetsOf } from './pairs/packets.ts';
import { readCapture } from './pairs/read-capture.ts';

function packetsIn(bytes: Uint8Array) {
  return packetsOf(readCapture(bytes).frames);
}

describe('the independent matcher', () => {
  it('finds what the simulator says is in both files, and nothing else', () => {
    const { client, server, truth } = simulateTwoEnded(
      scenario({
        seed: 11,
        durationSeconds: 40,
        nat: { client: 'port' },
        clientToServer: {
          loss: { enter: 0.01, leave: 0.4, lossInGood: 0, lossInBad: 0.8 },
          reorder: { ratio: 0.01, extraUs: [2_000, 30_000] },
        },
        server: { clock: { offsetNs: 37e6, skewPpm: 30 } },
        traffic: [game, connection, { kind: 'echo', hz: 2, bytes: 56 }],
      }),
    );
    const found = matchPair(packetsIn(client), packetsIn(server), ['192.168.1.10']);
    const pairs = [...found.client_to_server.matches, ...found.server_to_client.matches];
    const names = pairs.map(({ clientFrame, serverFrame }) => `${clientFrame}:${serverFrame}`);
    expect(names.filter((name) => !truth.links.has(name))).toEqual([]);
    expect(new Set(names).size).toBe(truth.links.size);
    const bounds = clockBounds(found)!;
    const offset = truth.clock.offsetNs;
    expect(bounds.lowNs).toBeLessThanOrEqual(offset);
    expect(bounds.highNs).toBeGreaterThanOrEqual(offset);
    expect(bounds.skewPpm!.low).toBeLessThanOrEqual(30);
    expect(bounds.skewPpm!.high).toBeGreaterThanOrEqual(30);
  });

  it('finds segments that were cut before one capture and joined before the other', () => {
    const { client, server, truth } = simulateTwoEnded(
      scenario({
        seed: 12,
        durationSeconds: 20,
        traffic: [connection],
        server: { capture: { offload: true } },
      }),
    );
    const found = matchPair(packetsIn(client), packetsIn(server), ['192.168.1.10']);
    const pairs = [...found.client_to_server.matches, ...found.server_to_client.matches];
    expect(new Set(pairs.map((pair) => `${pair.clientFrame}:${pair.serverFrame}`))).toEqual(truth.links);
    expect(found.server_to_client.matches.some(({ isWhole }) => !isWhole)).toBe(true);
  });

  for (const expected of EXPECTATIONS) {
    const { folder, client, server, clientHosts, flows, clientToServer, serverToClient, offsetNs } = expected;
    it.skipIf(!haveCaptures)(`agrees with what is written of ${folder}, ${client} and ${server}`, () => {
      const read = (name: string) => packetsIn(readFileSync(join(CAPTURES, 'two-ended', folder, name)));
      const found = matchPair(read(client), read(server), clientHosts);
      expect(found.flows.length).toBe(flows);
      const counts = ({ sent, found: both }: typeof found.client_to_server) => ({
        sent: sent.length,
        found: both.length,
      });
      expect(counts(found.client_to_server)).toEqual(clientToServer);
      expect(counts(found.server_to_client)).toEqual(serverToClient);
      const isTranslated = found.flows.some((flow) => flow.client !== flow.server);
      expect(isTranslated).toBe(expected.isTranslated);
      const bounds = clockBounds(found);
      const interval = bounds && { low: Math.floor(bounds.lowNs), high: Math.ceil(bounds.highNs) };
      expect(interval).toEqual(offsetNs);
    });
  }
});
