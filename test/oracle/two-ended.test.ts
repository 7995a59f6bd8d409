/** `pair` against a simulated path whose truth is known packet by packet. */
import { describe, expect, it } from 'vitest';
import type { Direction, Pairing } from '../../src/pairing/types.ts';
import { DIRECTIONS } from '../../src/pairing/types.ts';
import { connection, game, scenario } from '../generators/two-ended/scenario.ts';
import type { Scenario } from '../generators/two-ended/scenario.ts';
import {
  expectedFigures,
  falseMatches,
  figuresOf,
  pairFiles,
  pairScenario,
  type Paired,
} from '../helpers/pairing.ts';
import { workFolder } from '../helpers/small-captures.ts';
import { simulateTwoEnded } from '../generators/two-ended/simulate.ts';

const folder = workFolder();

/** Loss, overtaking and copies, away from the edges of the captures. */
const rough = {
  loss: { enter: 0.01, leave: 0.3, lossInGood: 0.0005, lossInBad: 0.6 },
  reorder: { ratio: 0.005, extraUs: [2_000, 40_000] },
  duplicate: { ratio: 0.005, afterUs: [20, 5_000] },
  trouble: { fromSeconds: 5, toSeconds: 35 },
} as const;

const clocksApart = { clock: { offsetNs: 37e6, skewPpm: 50 } } as const;

function matchedShare({ pairing, expected }: Paired): number {
  const found = DIRECTIONS.reduce((sum, direction) => sum + pairing.document[direction].matched, 0);
  const there = DIRECTIONS.reduce((sum, direction) => sum + expected[direction].matched, 0);
  return found / there;
}

/** What every pairing owes: matches nearly all there are, none that is wrong, and the true offset inside its interval. */
function expectHonest(paired: Paired): void {
  const { pairing, truth } = paired;
  expect(falseMatches(paired)).toEqual([]);
  expect(matchedShare(paired)).toBeGreaterThanOrEqual(0.999);
  expect(matchedShare(paired)).toBeLessThanOrEqual(1);
  expectOffsetInside(pairing, truth.clock.offsetNs);
}

/** To a microsecond: the instant the interval speaks of may be another packet than the first common one, and clocks run apart. */
function expectOffsetInside({ document: { clock } }: Pairing, offsetNs: number): void {
  expect(clock.offset_low_ns).not.toBeNull();
  expect(clock.offset_low_ns!).toBeLessThanOrEqual(offsetNs + 1_000);
  expect(clock.offset_high_ns!).toBeGreaterThanOrEqual(offsetNs - 1_000);
}

function expectExact(paired: Paired): void {
  for (const direction of DIRECTIONS)
    expect(figuresOf(paired, direction), direction).toEqual(expectedFigures(paired, direction));
}

describe('pair on a simulated path', () => {
  for (const seed of [1, 2, 3])
    it(`counts loss, reordering and duplicates exactly through a port-rewriting NAT, seed ${seed}`, async () => {
      const paired = await pairScenario(
        scenario({
          seed,
          durationSeconds: 40,
          nat: { client: 'port', serverBehindBalancer: seed === 3 },
          clientToServer: rough,
          serverToClient: { ...rough, queue: { meanUs: 500, spreadUs: 1_500, correlationSeconds: 3 } },
          server: clocksApart,
          traffic: [game, connection, { kind: 'echo', hz: 4, bytes: 56 }],
        }),
        folder,
      );
      expectHonest(paired);
      expectExact(paired);
    });

  it('counts exactly behind carrier NAT whose flows share few ports, for several flows at once', async () => {
    const paired = await pairScenario(
      scenario({
        seed: 4,
        durationSeconds: 40,
        nat: { client: 'cgnat' },
        clientToServer: { ...rough, rewritesIpId: true },
        serverToClient: { ...rough, rewritesIpId: true },
        server: clocksApart,
        traffic: [game, { ...game, clientHz: 10 }, connection, { ...connection, timestamps: false }],
      }),
      folder,
    );
    expectHonest(paired);
    expectExact(paired);
  });

  it('counts exactly over IPv6', async () => {
    const paired = await pairScenario(
      scenario({
        seed: 5,
        durationSeconds: 40,
        ipVersion: 6,
        clientToServer: rough,
        serverToClient: rough,
        server: clocksApart,
        traffic: [game, connection, { kind: 'echo', hz: 2, bytes: 56 }],
      }),
      folder,
    );
    expectHonest(paired);
    expectExact(paired);
  });

  it('counts exactly with 64 bytes of each packet at one end and whole ones at the other', async () => {
    const paired = await pairScenario(
      scenario({
        seed: 6,
        durationSeconds: 40,
        nat: { client: 'port' },
        clientToServer: rough,
        serverToClient: rough,
        client: { capture: { snaplenBytes: 64 } },
        server: { ...clocksApart, capture: { format: 'pcapng' } },
      }),
      folder,
    );
    expectHonest(paired);
    expectExact(paired);
  });

  it('counts exactly where the captures began and ended at different times', async () => {
    const paired = await pairScenario(
      scenario({
        seed: 7,
        durationSeconds: 60,
        clientToServer: { ...rough, trouble: { fromSeconds: 16, toSeconds: 40 } },
        serverToClient: { ...rough, trouble: { fromSeconds: 16, toSeconds: 40 } },
        client: { capture: { startSeconds: 3, stopSeconds: 48 } },
        server: { clock: { offsetNs: -2e9 }, capture: { startSeconds: 11, stopSeconds: 57 } },
      }),
      folder,
    );
    expectHonest(paired);
    expectExact(paired);
  });

  it('pairs clocks that are nine hours apart, as with a wrong time zone', async () => {
    const paired = await pairScenario(
      scenario({
        seed: 8,
        durationSeconds: 40,
        clientToServer: rough,
        server: { clock: { offsetNs: 9 * 3600e9, skewPpm: -30 } },
      }),
      folder,
    );
    expectHonest(paired);
    expectExact(paired);
  });

  const fewLost = {
    loss: { enter: 0.02, leave: 0.5, lossInGood: 0, lossInBad: 0.5 },
    trouble: { fromSeconds: 15, toSeconds: 45 },
  } as const;
  const keepAlives = {
    ...connection,
    timestamps: false,
    keepAliveSeconds: 1,
    exchangeSeconds: [1e6, 1e6],
    burstBytes: 0,
  } as const;

  it('counts packets that nothing tells apart by their order, and says how many they are', async () => {
    const paired = await pairScenario(
      scenario({
        seed: 9,
        durationSeconds: 60,
        nat: { client: 'port' },
        clientToServer: fewLost,
        traffic: [{ ...game, idleShare: 0.3 }, keepAlives],
      }),
      folder,
    );
    expectHonest(paired);
    expectExact(paired);
    expect(matchedShare(paired)).toBe(1);
  });

  it('joins a flow that only ever repeats one payload', async () => {
    const paired = await pairScenario(
      scenario({
        seed: 9,
        durationSeconds: 60,
        nat: { client: 'port' },
        clientToServer: fewLost,
        traffic: [game, { kind: 'idle', hz: 5, bytes: 12 }],
      }),
      folder,
    );
    expect(paired.pairing.document.flows.length).toBe(2);
    expectHonest(paired);
    expectExact(paired);
  });

  it('matches segments that were cut after one capture and joined before the other', async () => {
    const paired = await pairScenario(
      scenario({
        seed: 10,
        durationSeconds: 40,
        server: { ...clocksApart, capture: { offload: true } },
        traffic: [game, { ...connection, burstSeconds: 1 }],
      }),
      folder,
    );
    expectHonest(paired);
    expectExact(paired);
    expect(paired.pairing.document.server_to_client.resegmented).toBeGreaterThan(10);
  });

  it('keeps traffic of one capture alone out of every figure', async () => {
    const paired = await pairScenario(
      scenario({
        seed: 11,
        durationSeconds: 40,
        clientToServer: rough,
        traffic: [
          game,
          connection,
          { kind: 'stranger', at: 'server', hz: 200, bytes: 90 },
          { kind: 'stranger', at: 'client', hz: 5, bytes: 60 },
        ],
      }),
      folder,
    );
    expectHonest(paired);
    expectExact(paired);
    expect(paired.pairing.document.unpaired_flows).toEqual({ client: 1, server: 1 });
  });

  it('follows fragments that a host made', async () => {
    const paired = await pairScenario(
      scenario({
        seed: 12,
        durationSeconds: 40,
        clientToServer: rough,
        traffic: [game, { kind: 'large', hz: 4, bytes: 3_000 }],
      }),
      folder,
    );
    expectHonest(paired);
    for (const direction of DIRECTIONS) {
      // Fragments but the first have no port, so they are a flow of their own, and order between two flows is nobody's.
      const { lost, duplicated } = figuresOf(paired, direction);
      const expected = expectedFigures(paired, direction);
      expect({ lost, duplicated }, direction).toEqual({
        lost: expected.lost,
        duplicated: expected.duplicated,
      });
    }
  });

  it('follows datagrams that a router cut', async () => {
    const sizes = { kind: 'sizes', hz: 10, ipLengths: [600, 1400, 1500], dontFragment: false } as const;
    const paired = await pairScenario(
      scenario({
        seed: 13,
        durationSeconds: 40,
        serverToClient: { mtu: { bytes: 1454, icmp: true } },
        traffic: [game, sizes],
      }),
      folder,
    );
    expect(falseMatches(paired)).toEqual([]);
    const { server_to_client: down } = paired.pairing.document;
    expect(down.lost).toBe(0);
    const cut = paired.truth.packets.filter(({ pieces }) => pieces === 2).length;
    expect(cut).toBeGreaterThan(50);
    expect(down.fragmented).toBe(cut);
  });

  it('follows fragments that a router cut again', async () => {
    const paired = await pairScenario(
      scenario({
        seed: 14,
        durationSeconds: 40,
        clientToServer: { mtu: { bytes: 1454, icmp: true } },
        traffic: [game, { kind: 'large', hz: 4, bytes: 3_000 }],
      }),
      folder,
    );
    expect(falseMatches(paired)).toEqual([]);
    expect(paired.pairing.document.client_to_server.lost).toBe(0);
  });
});

describe('capture drops on a simulated path', () => {
  it('tells a capture that paused from a network that lost', async () => {
    const paired = await pairScenario(
      scenario({
        seed: 20,
        durationSeconds: 40,
        server: { capture: { gaps: [{ atSeconds: 20, forSeconds: 1.5 }] } },
        traffic: [game, { ...game, clientHz: 60 }, connection],
      }),
      folder,
    );
    const { client_to_server: up, server_to_client: down } = paired.pairing.document;
    expect(up.lost).toBe(0);
    expect(up.capture_drops_at_receiver).toBe(paired.expected.client_to_server.captureDropsAtReceiver);
    expect(down.lost).toBe(0);
    expect(down.capture_drops_at_sender).toBe(paired.expected.server_to_client.captureDropsAtSender);
  });

  it('calls TCP bytes that were acknowledged and never repeated a capture drop', async () => {
    const paired = await pairScenario(
      scenario({
        seed: 21,
        durationSeconds: 60,
        client: { capture: { dropRatio: 0.03, format: 'pcapng', writesDropCounter: true } },
        traffic: [{ ...connection, burstSeconds: 1 }],
      }),
      folder,
    );
    const { server_to_client: down } = paired.pairing.document;
    // Of pure acknowledgements nobody can tell; of data everybody can.
    const data = paired.truth.packets.filter(
      ({ direction, fate, ipLenBytes }) =>
        direction === 'server_to_client' && fate === 'capture-drop' && ipLenBytes > 52,
    ).length;
    expect(data).toBeGreaterThan(5);
    expect(down.capture_drops_at_receiver).toBeGreaterThanOrEqual(data);
    expect(down.capture_drops_at_receiver).toBeLessThanOrEqual(
      paired.expected.server_to_client.captureDropsAtReceiver,
    );
  });
});

describe('clocks of a simulated path', () => {
  const tenMinutes = (seed: number, skewPpm: number): Scenario =>
    scenario({
      seed,
      durationSeconds: 600,
      clientToServer: { queue: { meanUs: 500, spreadUs: 2_000, correlationSeconds: 4 } },
      serverToClient: { queue: { meanUs: 200, spreadUs: 1_000, correlationSeconds: 8 } },
      server: { clock: { offsetNs: 37e6, skewPpm } },
      client: { clock: { skewPpm: 3 } },
      traffic: [{ ...game, clientHz: 10, serverHz: 10 }],
    });

  for (const [seed, skewPpm] of [
    [30, 50],
    [31, -50],
    [32, 0],
    [33, 12.3],
  ] as const)
    it(`finds a skew of ${skewPpm - 3} ppm within 0.1 ppm in ten minutes`, async () => {
      const { pairing, truth } = await pairScenario(tenMinutes(seed, skewPpm), folder);
      const { clock } = pairing.document;
      expect(clock.skew_ppm).not.toBeNull();
      expect(Math.abs(clock.skew_ppm! - (skewPpm - 3))).toBeLessThanOrEqual(0.1);
      expect(clock.steps).toEqual([]);
      expectOffsetInside(pairing, truth.clock.offsetNs);
    });

  it('does not take a queue that slowly builds in one direction for a skew', async () => {
    const slow = Array.from({ length: 60 }, (_, i) => ({
      fromSeconds: i * 10,
      toSeconds: (i + 1) * 10,
      meanUs: i * 80,
      spreadUs: 0,
    }));
    const { pairing, truth } = await pairScenario(
      { ...tenMinutes(34, 3), clientToServer: { ...tenMinutes(34, 3).clientToServer, standing: slow } },
      folder,
    );
    const { clock } = pairing.document;
    // 4.8 ms in ten minutes would be 8 ppm. Either it is said to be unidentified, or the doubt covers the truth.
    if (clock.skew_ppm !== null)
      expect(Math.abs(clock.skew_ppm)).toBeLessThanOrEqual(Math.max(0.1, clock.skew_doubt_ppm!));
    expectOffsetInside(pairing, truth.clock.offsetNs);
  });

  const stepped: readonly (readonly [number, 'client' | 'server'])[] = [
    [1, 'server'],
    [-5, 'server'],
    [20, 'client'],
    [-100, 'client'],
    [500, 'server'],
    [-500, 'server'],
  ];
  for (const [ms, end] of stepped)
    it(`finds a step of ${ms} ms of the ${end}’s clock within a second, and no other`, async () => {
      const steps = [{ atSeconds: 61.5, deltaNs: ms * 1e6 }];
      const base = tenMinutes(40 + Math.abs(ms), 20);
      const paired = await pairScenario(
        {
          ...base,
          durationSeconds: 120,
          [end]: { ...base[end], clock: { ...base[end].clock, steps } },
        },
        folder,
      );
      const { clock } = paired.pairing.document;
      const delta = end === 'server' ? ms * 1e6 : -ms * 1e6;
      expect(clock.steps.length).toBe(1);
      const at = Number(paired.truth.clientClockNs(61.5e6) / 1_000_000n);
      expect(Math.abs(Date.parse(clock.steps[0]!.at) - at)).toBeLessThanOrEqual(1_000);
      expect(Math.abs(clock.steps[0]!.delta_ns - delta)).toBeLessThanOrEqual(500_000);
      expect(falseMatches(paired)).toEqual([]);
      expectOffsetInside(paired.pairing, paired.truth.clock.offsetNs);
    });

  it('finds several steps of both clocks, and keeps a change of route apart from them', async () => {
    const base = tenMinutes(46, 10);
    const { pairing } = await pairScenario(
      {
        ...base,
        durationSeconds: 300,
        clientToServer: {
          ...base.clientToServer,
          routeChanges: [{ atSeconds: 150, deltaUs: 6_000, deltaHops: 2 }],
        },
        server: {
          ...base.server,
          clock: {
            ...base.server.clock,
            steps: [
              { atSeconds: 80, deltaNs: 30e6 },
              { atSeconds: 220, deltaNs: -12e6 },
            ],
          },
        },
      },
      folder,
    );
    const { steps, route_changes } = pairing.document.clock;
    const seconds = (at: string) => Math.round((Date.parse(at) - Date.parse('2026-11-21T10:00:00Z')) / 1000);
    expect(steps.map(({ at }) => seconds(at)).map((s) => Math.abs(s - (s < 150 ? 80 : 220)) <= 1)).toEqual([
      true,
      true,
    ]);
    expect(route_changes.length).toBe(1);
    expect(Math.abs(seconds(route_changes[0]!.at) - 150)).toBeLessThanOrEqual(1);
    expect(Math.abs(route_changes[0]!.client_to_server_ns - 6e6)).toBeLessThan(1e6);
  });

  it('invents no step in twenty-four hours', { timeout: 120_000 }, async () => {
    const paired = await pairScenario(
      scenario({
        seed: 50,
        durationSeconds: 86_400,
        clientToServer: { queue: { meanUs: 500, spreadUs: 2_000, correlationSeconds: 30 } },
        serverToClient: { queue: { meanUs: 0, spreadUs: 1_000, correlationSeconds: 60 } },
        server: { clock: { offsetNs: 37e6, skewPpm: 20 } },
        traffic: [{ ...game, clientHz: 0.4, serverHz: 0.4 }],
      }),
      folder,
    );
    const { clock } = paired.pairing.document;
    expect(clock.steps).toEqual([]);
    expect(Math.abs(clock.skew_ppm! - 20)).toBeLessThanOrEqual(0.1);
    expectHonest(paired);
  });
});

describe('blame on a simulated path', () => {
  const queued = (seed: number, direction: Direction): Scenario => {
    const standing = [{ fromSeconds: 6, toSeconds: 18, meanUs: 20_000, spreadUs: 2_000 }];
    return scenario({
      seed,
      durationSeconds: 20,
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
