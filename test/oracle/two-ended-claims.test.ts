/** `pair` against a simulated path: whose network it is, what was rewritten on the way, and captures that are no pair. */
import { describe, expect, it } from 'vitest';
import type { Direction } from '../../src/pairing/types.ts';
import { connection, game, scenario } from '../generators/two-ended/scenario.ts';
import type { Scenario } from '../generators/two-ended/scenario.ts';
import { simulateTwoEnded } from '../generators/two-ended/simulate.ts';
import { expectHonest, pairFiles, pairScenario, rough } from '../helpers/pairing.ts';
import { workFolder } from '../helpers/small-captures.ts';

const folder = workFolder();

describe('blame on a simulated path', () => {
  const queued = (seed: number, direction: Direction): Scenario => {
    const standing = [{ fromSeconds: 3, toSeconds: 9, meanUs: 20_000, spreadUs: 2_000 }];
    return scenario({
      seed,
      durationSeconds: 11,
      clientToServer: direction === 'client_to_server' ? { standing } : {},
      serverToClient: direction === 'server_to_client' ? { standing } : {},
      server: { clock: { offsetNs: 37e6, skewPpm: ((seed * 37) % 101) - 50 } },
      traffic: [game],
    });
  };

  it('puts a queue of 20 ms that only the way forward has on the way forward, for each of 100 seeds', async () => {
    const wrong: string[] = [];
    for (let seed = 100; seed < 200; seed++) {
      const { pairing } = await pairScenario(queued(seed, 'client_to_server'), folder);
      const { blame, client_to_server: up, server_to_client: down } = pairing.document;
      const isRight =
        blame.verdict === 'path forward' && up.queueing_p95_ns! > 15e6 && down.queueing_p95_ns! < 5e6;
      if (!isRight)
        wrong.push(`seed ${seed}: ${blame.verdict}, ${up.queueing_p95_ns}, ${down.queueing_p95_ns}`);
    }
    expect(wrong).toEqual([]);
  });

  it('puts a queue of the way back on the way back', async () => {
    for (let seed = 200; seed < 210; seed++) {
      const { pairing } = await pairScenario(queued(seed, 'server_to_client'), folder);
      expect(pairing.document.blame.verdict).toBe('path return');
    }
  });

  it('blames nobody for a quiet path', async () => {
    const { pairing } = await pairScenario(scenario({ seed: 210, traffic: [game, connection] }), folder);
    expect(pairing.document.blame.verdict).toBe('UNDETERMINED');
  });
});

describe('what a simulated path rewrites', () => {
  for (const mtuBytes of [1454, 1460, 1492])
    for (const icmp of [true, false])
      it(`finds a link of ${mtuBytes} bytes that ${icmp ? 'answers' : 'is a black hole'}`, async () => {
        const { pairing } = await pairScenario(
          scenario({
            seed: mtuBytes,
            durationSeconds: 30,
            serverToClient: { mtu: { bytes: mtuBytes, icmp } },
            traffic: [
              game,
              {
                kind: 'sizes',
                hz: 10,
                ipLengths: [576, 1280, mtuBytes, mtuBytes + 1, 1500],
                dontFragment: true,
              },
            ],
          }),
          folder,
        );
        const { server_to_client: down } = pairing.document;
        expect(down.black_hole_above_bytes).toBe(mtuBytes);
        expect(down.packet_too_big_messages > 0).toBe(icmp);
        expect(down.path_mtu_bytes).toBe(icmp ? mtuBytes : null);
      });

  it('counts every re-marking, the hops and the clamp', async () => {
    const paired = await pairScenario(
      scenario({
        seed: 60,
        durationSeconds: 30,
        nat: { client: 'port' },
        clientToServer: { dscp: 'bleach', hops: 9, mssClampBytes: 1414 },
        serverToClient: { dscp: 'bleach-low', hops: 11 },
        traffic: [{ ...game, ecn: 1 }, connection],
      }),
      folder,
    );
    const { client_to_server: up, server_to_client: down } = paired.pairing.document;
    const games = (direction: Direction) =>
      paired.truth.packets.filter(
        (packet) =>
          packet.direction === direction && packet.kind === 'game' && packet.receiverFrames.length > 0,
      ).length;
    const moves = (list: readonly { from: number; to: number; packets: number }[]) =>
      list.filter(({ from, to }) => from !== to).map(({ from, to, packets }) => [from, to, packets]);
    expect(moves(up.dscp_transitions)).toEqual([[46, 0, games('client_to_server')]]);
    expect(moves(down.dscp_transitions)).toEqual([[46, 6, games('server_to_client')]]);
    expect(moves(up.ecn_transitions)).toEqual([]);
    expect([up.ttl_delta, down.ttl_delta]).toEqual([9, 11]);
    expect([up.ttl_delta_changes, down.ttl_delta_changes]).toEqual([0, 0]);
    expect(up.mss_rewrites).toEqual([{ from: 1460, to: 1414, packets: 1 }]);
    expect(moves(down.mss_rewrites)).toEqual([]);
    expect(paired.pairing.document.flows.every(({ is_translated }) => is_translated)).toBe(true);
  });

  it('says of a flow whose payload is rewritten that it is, or that it could not be paired, but never that all was lost', async () => {
    const { pairing } = await pairScenario(
      scenario({ seed: 61, durationSeconds: 30, traffic: [{ ...game, isRewritten: true }, connection] }),
      folder,
    );
    const { client_to_server: up, server_to_client: down } = pairing.document;
    expect(down.lost).toBe(0);
    expect(up.lost).toBeLessThan(50);
  });

  it('follows a connection whose sequence numbers a middlebox moves', async () => {
    const paired = await pairScenario(
      scenario({ seed: 62, durationSeconds: 40, traffic: [{ ...connection, hidesSequence: true }] }),
      folder,
    );
    expectHonest(paired);
  });
});

describe('captures that are no pair', () => {
  it('says that two captures of different sessions share nothing', async () => {
    const one = simulateTwoEnded(scenario({ seed: 70, durationSeconds: 20 }));
    const other = simulateTwoEnded(scenario({ seed: 71, durationSeconds: 20 }));
    const { document } = await pairFiles(
      [folder.put('one.pcap', one.client)],
      [folder.put('other.pcap', other.server)],
    );
    expect(document.status).toBe('unrelated');
    expect(document.tried.length).toBeGreaterThan(0);
    expect(document.clock.offset_ns).toBeNull();
  });

  it('gives swapped ends the same figures, swapped or put right in words', async () => {
    const run = simulateTwoEnded(
      scenario({
        seed: 72,
        durationSeconds: 40,
        clientToServer: rough,
        server: { clock: { offsetNs: 37e6 } },
      }),
    );
    const client = folder.put('client.pcap', run.client);
    const server = folder.put('server.pcap', run.server);
    const right = (await pairFiles([client], [server])).document;
    const swapped = (await pairFiles([server], [client])).document;
    const lost = [swapped.client_to_server.lost, swapped.server_to_client.lost].sort((a, b) => a - b);
    expect(lost).toEqual([right.client_to_server.lost, right.server_to_client.lost].sort((a, b) => a - b));
    expect(JSON.stringify([swapped.summary, swapped.findings, swapped.diagnostics])).toMatch(/swap/i);
  });

  it('leaves the skew open where only one direction was captured', async () => {
    const run = simulateTwoEnded(
      scenario({
        seed: 73,
        durationSeconds: 40,
        server: { clock: { offsetNs: 37e6, skewPpm: 20 } },
        traffic: [{ kind: 'large', hz: 20, bytes: 400 }],
      }),
    );
    const { document } = await pairFiles(
      [folder.put('client.pcap', run.client)],
      [folder.put('server.pcap', run.server)],
    );
    expect(document.client_to_server.matched).toBeGreaterThan(100);
    expect(document.clock.skew_status).toBe('UNIDENTIFIED');
    expect(document.clock.skew_ppm).toBeNull();
    expect(document.clock.offset_ns).toBeNull();
  });
});
