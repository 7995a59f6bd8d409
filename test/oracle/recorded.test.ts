/**
 * Recorded games on a path whose truth is known (samples/recorded): what `pair` and `analyze` say of them, against the
 * router's log. Tolerances are those of samples/record/README.md; a new recording has other numbers and the same tolerances.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lagdiff } from '../helpers/cli.ts';
import {
  capture,
  capturedHomes,
  documentOf,
  everyWorld,
  flowsOf,
  folder,
  isQuiet,
  names,
  truthOf,
  within,
  worldsOf,
} from '../helpers/recorded.ts';
import type { WorldTruth } from '../../samples/record/truth.ts';

const WAYS = [
  { direction: 'client_to_server', link: 'up' },
  { direction: 'server_to_client', link: 'down' },
] as const;

describe('recorded games, both ends', () => {
  it('are there, each with its truth, recorded by a router that nothing held up', () => {
    expect(names.length).toBeGreaterThanOrEqual(10);
    for (const { name, world } of everyWorld) {
      expect(world.router_was_real_time, name).toBe(true);
      for (const home of world.homes)
        expect(
          home.client_to_server.sent + home.server_to_client.sent,
          `${name} ${home.name}`,
        ).toBeGreaterThan(100);
    }
  });

  describe.each(everyWorld)('$name $period $sitting', ({ name, world }) => {
    it('has every packet that passed at both ends, and every loss, to the packet', async () => {
      const document = await documentOf(name, [world]);
      expect(document.status).toBe('paired');
      for (const { direction } of WAYS) {
        const [said, is] = [document[direction], world.both_ends[direction]];
        const about = `${name} ${direction}`;
        expect(said.lost, about).toBe(is.lost + is.too_big);
        expect(said.duplicated, about).toBe(is.duplicated);
        expect(said.capture_drops, about).toBe(0);
        // The edges: what was under way when a capture ended is in nobody's figures.
        expect(said.matched, about).toBeLessThanOrEqual(is.delivered - is.in_flight_at_end);
        expect(said.matched, about).toBeGreaterThanOrEqual(is.delivered - is.in_flight_at_end - EDGE_PACKETS);
      }
    });

    it('has the queueing and the round trip of the router', async () => {
      const document = await documentOf(name, [world]);
      for (const { direction } of WAYS) {
        const [said, is] = [document[direction], world.both_ends[direction]];
        for (const quantile of ['queueing_p50_ns', 'queueing_p95_ns'] as const) {
          const found = said[quantile] ?? Number.NaN;
          expect(
            Math.abs(found - is[quantile]!),
            `${direction} ${quantile} ${found} ${is[quantile]}`,
          ).toBeLessThan(within(is[quantile]!));
        }
      }
      const least = Math.min(
        ...capturedHomes(world).map(
          (home) => home.client_to_server.delay_min_ns! + home.server_to_client.delay_min_ns!,
        ),
      );
      expect(Math.abs(document.rtt_min_ns! - least)).toBeLessThan(within(least));
    });

    it('tells the clocks, the hops and the clamp of every home', async () => {
      const document = await documentOf(name, [world]);
      const { clock } = world;
      expect(document.clock.offset_low_ns!).toBeLessThanOrEqual(clock.offset_ns);
      expect(document.clock.offset_high_ns!).toBeGreaterThanOrEqual(clock.offset_ns);
      expect(Math.abs(document.clock.skew_ppm! - clock.skew_ppm)).toBeLessThan(
        Math.max(0.5, 2 * document.clock.skew_doubt_ppm!),
      );
      expect(document.clock.steps).toHaveLength(clock.step_at_ns === null ? 0 : 1);
      if (world.route_changes.length > 0) return;
      for (const flow of document.flows) {
        const home = capturedHomes(world).find(({ address }) => address === flow.client_view.src);
        const cohort = world.cohorts.find((one) => one.name === home?.cohort);
        const hops = (link: 'up' | 'down') => (cohort?.[link] as { readonly hops: number } | undefined)?.hops;
        for (const { direction, link } of WAYS) {
          if (flow[direction].matched > 0) expect(flow[direction].ttl_delta).toBe(hops(link));
          for (const { from, to } of flow[direction].mss_rewrites)
            expect([from, to]).toEqual([1460, cohort?.clamp_mss_bytes]);
        }
        if (flow.protocol === 6 && flow.client_to_server.matched > 50 && cohort?.clamp_mss_bytes != null)
          expect(flow.client_to_server.mss_rewrites).toHaveLength(1);
      }
    });
  });
});

/** Sent in the very first and last instants, where one capture's window and the other's do not agree. */
const EDGE_PACKETS = 8;

describe('what pair says of each', () => {
  const findings = async (name: string): Promise<string[]> =>
    (await documentOf(name)).findings.map(({ id, direction }) => `${id} ${direction ?? '-'}`);
  const FAULTS = /queueing|loss|late|dscp|hole|level|hops|stepped|duplicates|reordering|drops/;

  it('blames the way back for a queue that only it has', async () => {
    const document = await documentOf('return-congestion');
    expect(document.blame.verdict).toBe('path return');
    expect((await findings('return-congestion')).filter((id) => FAULTS.test(id))).toEqual([
      'path/queueing server_to_client',
      'path/late server_to_client',
    ]);
  });

  it('finds loss where it is, in bursts of the length it was set to, and no queue', async () => {
    const document = await documentOf('loss');
    expect(document.blame.verdict).toBe('path return');
    expect((await findings('loss')).filter((id) => FAULTS.test(id))).toEqual(['path/loss server_to_client']);
    // Bursts are a flow's; the path has them across the flows of a home.
    expect(document.server_to_client.loss_bursts.conditional_loss_ratio!).toBeGreaterThan(0.2);
  });

  it('finds packets that passed each other and copies, one way only', async () => {
    const document = await documentOf('disorder');
    const truth = truthOf('disorder').both_ends;
    expect(document.client_to_server.reordered).toBeGreaterThan(0);
    expect(document.client_to_server.reordered).toBeLessThanOrEqual(truth.client_to_server.reordered);
    expect(document.server_to_client.reordered).toBe(0);
    expect((await findings('disorder')).filter((id) => /reordering|duplicates|loss/.test(id))).toEqual([
      'path/duplicates client_to_server',
      'path/reordering client_to_server',
    ]);
  });

  it('finds bleached and changed marks, by home, and none where marks arrive', async () => {
    const document = await documentOf('dscp-bleaching');
    const to: Readonly<Record<string, number>> = { 'flets-pppoe': 0, 'map-e': 40, cable: 46 };
    for (const home of capturedHomes(truthOf('dscp-bleaching')))
      for (const flow of document.flows.filter(
        ({ client_view, protocol }) => client_view.src === home.address && protocol === 17,
      )) {
        const marks = flow.server_to_client.dscp_transitions.map((one) => [one.from, one.to]);
        expect(marks).toEqual(flow.server_to_client.matched > 0 ? [[46, to[home.cohort]]] : []);
        expect(flow.client_to_server.dscp_transitions.every((one) => one.from === one.to)).toBe(true);
      }
    expect((await findings('dscp-bleaching')).filter((id) => FAULTS.test(id))).toEqual([
      'path/dscp-rewritten server_to_client',
    ]);
  });

  it('finds the black hole behind one home, and none where senders are told', async () => {
    expect(await findings('mtu-black-hole')).toContain('path/mtu-black-hole server_to_client');
    const hole = (await documentOf('mtu-black-hole')).findings.find(({ id }) => id === 'path/mtu-black-hole');
    expect(hole?.count).toBe(truthOf('mtu-black-hole').both_ends.server_to_client.too_big);
    const told = await documentOf('mtu-told');
    expect(told.findings.map(({ id }) => id)).not.toContain('path/mtu-black-hole');
    expect(told.server_to_client.path_mtu_bytes).toBe(1454);
    expect(told.server_to_client.packet_too_big_messages).toBe(
      truthOf('mtu-told').both_ends.server_to_client.too_big,
    );
  });

  it('finds the instant at which the way back became longer, by how much, and its hops', async () => {
    const document = await documentOf('route-change');
    const [change] = document.clock.route_changes;
    const truth = truthOf('route-change');
    expect(document.clock.route_changes).toHaveLength(1);
    expect(Math.abs(change!.server_to_client_ns - 12_000_000)).toBeLessThan(within(12_000_000));
    expect(Math.abs(change!.client_to_server_ns)).toBeLessThan(300_000);
    const at = Date.parse(change!.at) - Date.parse(truth.begins);
    expect(Math.abs(at - truth.route_changes[0]!.at_ns / 1e6 + truth.clock.offset_ns / 1e6)).toBeLessThan(
      1000,
    );
    expect(await findings('route-change')).toContain('path/hops-changed server_to_client');
    expect(await findings('route-change')).not.toContain('path/hops-changed client_to_server');
    expect(document.clock.steps).toEqual([]);
  });

  it('blames the server’s host when its process gets no processor', async () => {
    const document = await documentOf('tick-overrun');
    expect(document.blame.verdict).toBe('server host');
    expect((await findings('tick-overrun')).filter((id) => FAULTS.test(id))).toEqual([]);
  });

  it('calls a step of a clock a step of a clock, and nothing late', async () => {
    const document = await documentOf('clock-step');
    const truth = truthOf('clock-step');
    const [step] = document.clock.steps;
    expect(Math.abs(step!.delta_ns + truth.clock.step_ns)).toBeLessThan(300_000);
    expect(document.blame.verdict).toBe('UNDETERMINED');
    expect((await findings('clock-step')).filter((id) => FAULTS.test(id))).toEqual(['clock/stepped -']);
  });

  it.each(['baseline', 'evening'] as const)(
    'accuses nobody of the %s in which nothing differs',
    async (period) => {
      const document = await documentOf('no-difference', worldsOf('no-difference', period));
      expect(document.blame.verdict).toBe('UNDETERMINED');
    },
  );

  it.each([
    ['baseline', 'UNDETERMINED', []],
    ['evening', 'path return', ['path/queueing server_to_client', 'path/late server_to_client']],
  ] as const)('takes both sittings of the %s as one: %s', async (period, verdict, faults) => {
    const worlds = worldsOf('evening', period);
    expect(worlds).toHaveLength(2);
    const document = await documentOf('evening', worlds);
    expect(document.blame.verdict).toBe(verdict);
    for (const { direction } of WAYS) {
      const sum = (figure: 'lost' | 'duplicated' | 'in_flight_at_end'): number =>
        worlds.reduce((total, { both_ends }) => total + both_ends[direction][figure], 0);
      // The first ends in silence: nothing is under way where the second follows.
      expect(sum('in_flight_at_end')).toBe(0);
      expect([document[direction].lost, document[direction].duplicated]).toEqual([
        sum('lost'),
        sum('duplicated'),
      ]);
    }
    const { clock } = worlds[0]!;
    expect(document.clock.offset_low_ns!).toBeLessThanOrEqual(clock.offset_ns);
    expect(document.clock.offset_high_ns!).toBeGreaterThanOrEqual(clock.offset_ns);
    expect(Math.abs(document.clock.skew_ppm! - clock.skew_ppm)).toBeLessThan(0.5);
    expect(document.clock.steps).toEqual([]);
    // A few lost packets of a path that loses 0.02 % are told, too.
    const told = document.findings.map(({ id, direction }) => `${id} ${direction ?? '-'}`);
    const faultsTold = told.filter((id) => FAULTS.test(id) && !id.startsWith('path/loss'));
    expect(faultsTold.filter((id) => !id.startsWith('path/level-changed'))).toEqual(faults);
    // The evening's queue may stand for half a minute, which `path/level-changed` tells: of the way back, up and down again.
    const shifts = document.clock.route_changes;
    if (faults.length === 0) expect(shifts).toEqual([]);
    for (const { client_to_server_ns } of shifts) expect(Math.abs(client_to_server_ns)).toBeLessThan(300_000);
    const left = shifts.reduce((sum, { server_to_client_ns }) => sum + server_to_client_ns, 0);
    expect(Math.abs(left)).toBeLessThan(1_000_000);
  });

  it('takes an afternoon and an evening as one, though clocks and mappings were made anew in between', async () => {
    const worlds = (['baseline', 'evening'] as const).map((period) => worldsOf('evening', period)[0]!);
    const document = await documentOf('evening', worlds);
    for (const { direction } of WAYS) {
      const lost = worlds.reduce((sum, { both_ends }) => sum + both_ends[direction].lost, 0);
      const { duplicated, capture_drops: drops } = document[direction];
      expect([document[direction].lost, duplicated, drops]).toEqual([lost, 0, 0]);
    }
    expect(document.diagnostics.find(({ id }) => id === 'pair/flow-renamed')?.count).toBeGreaterThan(0);
    // The second began with the offset of the first: what the clocks should have drifted in eight hours, they did not.
    const [first, second] = worlds.map(({ clock }) => clock) as [WorldTruth['clock'], WorldTruth['clock']];
    expect(Math.abs(document.clock.skew_ppm! - first.skew_ppm)).toBeLessThan(0.1);
    const apartNs = (Date.parse(worlds[1]!.begins) - Date.parse(worlds[0]!.begins)) * 1e6;
    const gained = second.offset_ns - first.offset_ns - apartNs * first.skew_ppm * 1e-6;
    expect(document.clock.steps).toHaveLength(1);
    const doubt = 300_000 + apartNs * Math.abs(document.clock.skew_ppm! - first.skew_ppm) * 1e-6;
    expect(Math.abs(document.clock.steps[0]!.delta_ns - gained)).toBeLessThan(doubt);
    expect(document.blame.verdict).toBe('path return');
  });
});

describe('what one end says of each', () => {
  /** Beside the server, every TCP flow that the presence broker answers: one per home. */
  const presence = async (name: string, world: WorldTruth) =>
    (await flowsOf(capture(name, 'server', world))).filter((flow) => flow['responder_port'] === '1883');

  describe.each(everyWorld)('$name $period $sitting', ({ name, world }) => {
    it('has the round trip to every home', async () => {
      const flows = await presence(name, world);
      let homes = 0;
      for (const home of world.homes) {
        const flow = flows.find((one) => one['initiator'] === home.public_address);
        const least = home.client_to_server.delay_min_ns! + home.server_to_client.delay_min_ns!;
        const cohort = world.cohorts.find((one) => one.name === home.cohort);
        if (Number(flow?.['rtt_to_initiator_samples']) < 10 || world.route_changes.length > 0) continue;
        homes += 1;
        // What a busy queue does to a few samples is no truth; the medians of minutes are compared below.
        if (isQuiet(cohort?.down)) {
          const p50 = Number(flow?.['rtt_to_initiator_p50_ns']);
          expect(Math.abs(p50 - home.rtt_p50_ns!), `${home.name} ${p50} ${home.rtt_p50_ns}`).toBeLessThan(
            within(home.rtt_p50_ns!),
          );
          // The floor of a few samples is not that of thousands.
          if (Number(flow?.['rtt_to_initiator_samples']) > 100)
            expect(Math.abs(Number(flow?.['rtt_to_initiator_min_ns']) - least)).toBeLessThan(within(least));
        }
        expect(Number(flow?.['rtt_to_initiator_min_ns'])).toBeGreaterThan(least - 50_000);
      }
      if (world.route_changes.length === 0) expect(homes).toBeGreaterThanOrEqual(world.homes.length - 1);
    });

    it('was measured by ping as the router says', () => {
      for (const home of capturedHomes(world).filter(({ ping_p50_ns }) => ping_p50_ns !== null)) {
        const cohort = world.cohorts.find((one) => one.name === home.cohort);
        if (!isQuiet(cohort?.down) || world.route_changes.length > 0) continue;
        expect(Math.abs(home.ping_p50_ns! - home.rtt_p50_ns!)).toBeLessThan(within(home.rtt_p50_ns!));
      }
    });

    it('has the round trip that a game acknowledges where ping has it, and never below', async () => {
      const flows = await flowsOf(capture(name, 'server', world));
      // The smallest that ping had at each home: a few round trips do not meet the floor of thousands.
      const pings = async (): Promise<Map<string | null | undefined, number>> =>
        new Map(
          (await flowsOf(capture(name, 'client', world)))
            .filter((flow) => flow['rtt_to_responder_method'] === 'icmp_echo')
            .map((flow) => [flow['initiator'], Number(flow['rtt_to_responder_min_ns'])]),
        );
      for (const home of world.homes) {
        const [answers] = home.games.flatMap((game) => ANSWERS[game] ?? []);
        const flow = flows.find(
          (one) => one['initiator'] === home.public_address && one['application'] === answers?.application,
        );
        if (answers === undefined) continue;
        const about = `${home.name} ${JSON.stringify(flow)}`;
        // The first seconds are those of loading.
        expect(Number(flow?.['rtt_to_initiator_samples']), about).toBeGreaterThan(100);
        const least = home.client_to_server.delay_min_ns! + home.server_to_client.delay_min_ns!;
        const [min, p50] = [
          Number(flow?.['rtt_to_initiator_min_ns']),
          Number(flow?.['rtt_to_initiator_p50_ns']),
        ];
        expect(min, about).toBeGreaterThan(least - 50_000);
        const cohort = world.cohorts.find((one) => one.name === home.cohort);
        const isBusy = !isQuiet(cohort?.down);
        // In a busy queue no round trip has the smallest delay of both ways, and the median is one of which packets are answered.
        const floor = isBusy ? min : ((await pings()).get(home.address) ?? least);
        expect(Math.abs(min - floor), `${about} ${floor}`).toBeLessThan(within(floor));
        if (isBusy && !answers.isOfAll) continue;
        const path = [home.rtt_p50_ns, ...(isBusy ? [] : [home.ping_p50_ns])];
        for (const rtt of path.filter((value) => value !== null)) {
          expect(p50, `${about} ${rtt}`).toBeGreaterThan(rtt - within(rtt));
          expect(p50, `${about} ${rtt}`).toBeLessThan(rtt + answers.withinNs + within(rtt));
        }
      }
    });

    it('names the games by what they send, and their ticks', async () => {
      const flows = await flowsOf(capture(name, 'server', world));
      for (const home of world.homes)
        for (const game of home.games) {
          const about = `${game} at ${home.name}`;
          const known = APPLICATIONS[game];
          const own = flows.filter(
            (flow) => flow['initiator'] === home.public_address && flow['protocol'] !== '6',
          );
          if (known === undefined) continue;
          const flow = own.find(({ application }) => application === known.application);
          expect(flow, about).toBeDefined();
          const { tickMs } = known;
          if (tickMs === null) continue;
          const [stream] = own.filter((one) => one['responder_port'] === known.port);
          const tick = Number(stream?.['reverse_tick_period_ns']) / 1e6;
          // Twenty minutes beside three other worlds may take Luanti's loop out of any step: then it is refused.
          if (game === 'luanti' && name === 'evening' && tick === 0) continue;
          expect(Math.abs(tick / tickMs - 1), `${about} ${tick}`).toBeLessThan(0.01);
        }
    });
  });

  it('finds the sockets that one home never closes', async () => {
    const { code, stdout } = await lagdiff(['analyze', capture('half-closed', 'server'), '--format', 'json']);
    expect(code).toBe(0);
    const { findings } = JSON.parse(stdout) as { findings: readonly { id: string; count: number }[] };
    expect(findings.find(({ id }) => id === 'connection/half-closed')?.count).toBe(30);
  });
});

/**
 * Who acknowledges in what, and how much later than the packet came at the median, at most. Luanti's client answers when its
 * loop comes round; OpenArena's in the packet of its next frame, at 125 a second within 8 ms.
 */
const ANSWERS: Readonly<Record<string, Answers>> = {
  luanti: { application: 'luanti', withinNs: 1_000_000, isOfAll: false },
  'openarena-125': { application: 'quake3', withinNs: 8_000_000, isOfAll: true },
};

interface Answers {
  readonly application: string;
  readonly withinNs: number;
  /** Every packet is acknowledged. */
  readonly isOfAll: boolean;
}

/** What each program is known by, and how often its server sends. */
const APPLICATIONS: Readonly<
  Record<string, { readonly application: string; readonly tickMs: number | null; readonly port?: string }>
> = {
  openarena: { application: 'quake3', tickMs: 50, port: '27960' },
  'openarena-125': { application: 'quake3', tickMs: 50, port: '27960' },
  'openarena-10': { application: 'quake3', tickMs: 100, port: '27960' },
  teeworlds: { application: 'teeworlds', tickMs: 40, port: '8303' },
  // Its loop sleeps for 90 ms (`dedicated_server_step`) and is woken a little later.
  luanti: { application: 'luanti', tickMs: 90.4, port: '30000' },
  quic: { application: 'quic', tickMs: null },
  wireguard: { application: 'wireguard', tickMs: null },
  voice: { application: 'rtp', tickMs: null },
};

interface ComparisonRow {
  readonly cohort: string;
  readonly metric: string;
  readonly verdict: string;
  readonly difference: number;
}

describe('what two periods say', () => {
  const compare = async (
    name: string,
  ): Promise<{ verdict: string; comparisons: readonly ComparisonRow[] }> => {
    const files = (period: string): string[] =>
      worldsOf(name, period).map((world) => capture(name, 'server', world));
    const { code, stdout } = await lagdiff([
      ...['diff', '--baseline', ...files('baseline'), '--evening', ...files('evening'), '--format', 'json'],
      ...['--cohorts', join(folder, name, 'cohorts.csv'), '--server', '203.0.113.10'],
    ]);
    expect(code).toBe(0);
    return JSON.parse(stdout) as { verdict: string; comparisons: readonly ComparisonRow[] };
  };

  it('finds the cohort that got worse in the evening, by how much, and nobody else', async () => {
    const { verdict, comparisons } = await compare('evening');
    expect(verdict).toBe('DEGRADED');
    const row = (cohort: string, metric: string): ComparisonRow =>
      comparisons.find((one) => one.cohort === cohort && one.metric === metric)!;
    const affected = row('flets-pppoe', 'rtt_p50_ns');
    expect(affected.verdict).toBe('DEGRADED');
    const shift = shiftOf('flets-pppoe');
    expect(Math.abs(affected.difference - shift)).toBeLessThan(within(shift));
    for (const cohort of ['map-e', 'cable']) {
      expect(row(cohort, 'rtt_p50_ns').verdict).toBe('EQUIVALENT');
      expect(Math.abs(row(cohort, 'rtt_p50_ns').difference - shiftOf(cohort))).toBeLessThan(300_000);
    }
    for (const { cohort, verdict: of, metric } of comparisons)
      if (cohort === 'map-e' || cohort === 'cable') expect(of, `${cohort} ${metric}`).not.toBe('DEGRADED');
  });

  it('never calls a draw of the same path worse', async () => {
    const { verdict, comparisons } = await compare('no-difference');
    expect(verdict).not.toBe('DEGRADED');
    expect(comparisons.map((row) => row.verdict)).not.toContain('DEGRADED');
  });
});

/** Difference of the medians over the player-minutes of both periods, by the router. */
function shiftOf(cohort: string): number {
  const p50 = (period: string): number => {
    const minutes = worldsOf('evening', period)
      .flatMap(({ homes }) => homes)
      .filter((home) => home.cohort === cohort)
      .flatMap((home) => home.rtt_p50_by_minute_ns.slice(1, -1))
      .filter((value) => value !== null)
      .sort((a, b) => a - b);
    return (
      (minutes[Math.floor((minutes.length - 1) / 2)]! + minutes[Math.ceil((minutes.length - 1) / 2)]!) / 2
    );
  };
  return p50('evening') - p50('baseline');
}
