/** `pair` over every real two-ended capture, against the independent matcher and what is written of each (pairs/PAIRS.md). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DIRECTIONS } from '../../src/pairing/types.ts';
import { framePairs, pairFiles } from '../helpers/pairing.ts';
import { CAPTURES, haveCaptures } from '../helpers/repository.ts';
import { EXPECTATIONS } from './pairs/expectations.ts';
import { keyOf, matchPair } from './pairs/match.ts';
import type { DirectionMatches } from './pairs/match.ts';
import { packetsOf } from './pairs/packets.ts';
import type { Packet } from './pairs/packets.ts';
import { readCapture } from './pairs/read-capture.ts';

function packetsIn(path: string): Packet[] {
  return packetsOf(readCapture(readFileSync(path)).frames);
}

describe.skipIf(!haveCaptures)('pair on real captures', () => {
  for (const expected of EXPECTATIONS) {
    const { folder, clientHosts, offsetNs, isTranslated } = expected;
    it(`finds in ${folder}, ${expected.client} and ${expected.server}, what the independent matcher finds`, async () => {
      const at = (name: string) => join(CAPTURES, 'two-ended', folder, name);
      const [client, server] = [packetsIn(at(expected.client)), packetsIn(at(expected.server))];
      const found = matchPair(client, server, clientHosts);
      const { document, series } = await pairFiles([at(expected.client)], [at(expected.server)]);
      if (expected.flows === 0) {
        expect(document.status).toBe('unrelated');
        expect(document.clock.offset_ns).toBeNull();
        return;
      }
      expect(document.status).not.toBe('unrelated');
      // Nothing that the independent matcher does not see as the same content.
      const sameContent = (name: string): boolean => {
        const [clientFrame, serverFrame] = name.split(':').map(Number);
        const one = client.find((packet) => packet.frameNumber === clientFrame);
        const two = server.find((packet) => packet.frameNumber === serverFrame);
        return one !== undefined && two !== undefined && keyOf(one, 18) === keyOf(two, 18);
      };
      for (const direction of DIRECTIONS) {
        const theirs = new Set(
          found[direction].matches.map(({ clientFrame, serverFrame }) => `${clientFrame}:${serverFrame}`),
        );
        const ours = framePairs(series.samples[direction]);
        expect(
          ours.filter((name) => !theirs.has(name) && !sameContent(name)),
          direction,
        ).toEqual([]);
        const { matched, lost, sent, duplicated } = document[direction];
        const least = expected[direction === 'client_to_server' ? 'clientToServer' : 'serverToClient'];
        expect(matched, direction).toBeGreaterThanOrEqual(0.999 * least.found);
        // Multicast that two bridges share is no flow to the matcher.
        if (folder !== 'connect-eth-proxy') expect(matched, direction).toBeLessThanOrEqual(least.found);
        // The SYN of a connection that never came to be belongs to no flow of both files: to the matcher it does not exist, to
        // the path it is a loss.
        const stray = folder === 'teto-iperf-2' && direction === 'client_to_server' ? 1 : 0;
        expect(sent - matched, direction).toBeLessThanOrEqual(least.sent - least.found + stray);
        expect(lost, direction).toBe(lostOf(found[direction]) + stray);
        expect(duplicated, direction).toBe(0);
      }
      // The same clocks: the two intervals must share a value, and ours must not be wider than the round trip allows.
      expect(document.clock.offset_low_ns!).toBeLessThanOrEqual(offsetNs!.high);
      expect(document.clock.offset_high_ns!).toBeGreaterThanOrEqual(offsetNs!.low);
      expect(document.flows.some((flow) => flow.is_translated)).toBe(isTranslated);
    });
  }
});

/** Packets that the independent matcher misses; all of them were sent while both captures ran. */
function lostOf({ sent, found }: DirectionMatches): number {
  const there = new Set(found);
  return sent.filter((packet) => !there.has(packet)).length;
}
