/** Planted faults in four segments: ISPs × access types × servers, one fault each, twenty-five seeds. */
import { describe, expect, test } from 'vitest';
import type { PlayerMinutes } from '../../../src/comparison/player-minutes.ts';
import { localise, weigh, type Localisation, type Segment } from '../../../src/localise/localise.ts';
import type { LocaliseInput } from '../../../src/localise/observations.ts';
import { clientPaths, queueingOf, serverTicks } from '../../../src/localise/facts.ts';
import type { FlowRow, PathMarks } from '../../../src/comparison/table-batches.ts';
import { createRandom } from '../../../src/statistics/random.ts';

interface Player {
  readonly address: string;
  readonly isp: string;
  readonly access: string;
  readonly server: string;
}

const PLAYERS: readonly Player[] = Array.from({ length: 48 }, (_, i) => ({
  address: `203.0.113.${i + 1}`,
  isp: ['isp-a', 'isp-b', 'isp-c'][i % 3]!,
  access: ['pppoe', 'ipoe'][Math.floor(i / 3) % 2]!,
  server: ['192.0.2.1', '192.0.2.2'][Math.floor(i / 6) % 2]!,
}));
const MINUTES = 60;

type Fault = 'client' | 'access' | 'peering' | 'host' | 'datacentre' | 'none' | 'two';

function hits(fault: Fault, player: Player, at: number): boolean {
  if (fault === 'client') return at % 9 === 4;
  if (fault === 'access') return player.access === 'pppoe';
  if (fault === 'peering') return player.isp === 'isp-b';
  if (fault === 'host') return player.server === '192.0.2.2';
  if (fault === 'two') return at % 9 === 4 || player.isp === 'isp-b';
  return fault === 'datacentre';
}

function period(seed: number, fault: Fault): PlayerMinutes {
  const random = createRandom(seed, `localise ${fault}`);
  const bell = (): number => random.unit() + random.unit() + random.unit() - 1.5;
  const queue = (swing: number): number[] => {
    let x = bell();
    return Array.from({ length: MINUTES }, () => swing * (x = 0.8 * x + 0.6 * bell()));
  };
  const shared = queue(5);
  const cells = PLAYERS.flatMap((player, client) => {
    const own = queue(1.5);
    const home = queue(6);
    const hit = hits(fault, player, client);
    const alone = fault === 'client';
    return own.map((value, minute) => ({
      client,
      minute,
      rttP50Ns: Math.round(
        1e6 *
          Math.max(
            2,
            12 +
              (client % 17) +
              value +
              bell() +
              (hit ? 18 + Math.max(-15, (alone ? home : shared)[minute]!) : 0),
          ),
      ),
    }));
  });
  return {
    cells,
    clients: PLAYERS.map(({ address }) => ({ id: address, address })),
    minutes: MINUTES,
  } as unknown as PlayerMinutes;
}

function ask(
  seed: number,
  fault: Fault,
  servers = true,
  facts: Partial<Pick<LocaliseInput, 'ticks' | 'paths' | 'queueing'>> = {},
): Localisation {
  const player = (address: string): Player => PLAYERS.find((one) => one.address === address)!;
  return localise({
    baseline: period(seed + 1000, 'none'),
    evening: period(seed, fault),
    cohortOf: (address) => `${player(address).isp} ${player(address).access}`,
    accessOf: (address) => player(address).access,
    serverOf: (address) => (servers ? player(address).server : '192.0.2.1'),
    ticks: null,
    paths: null,
    queueing: null,
    ...facts,
  });
}

const SEEDS = Array.from({ length: 25 }, (_, i) => i);

describe.each(['client', 'access', 'peering', 'host'] as const satisfies readonly Segment[])(
  'a fault in: %s',
  (fault) => {
    test('is named in nine of ten cases and never misnamed', () => {
      const answers = SEEDS.map((seed) => ask(seed, fault).answer);
      expect(answers.filter((answer) => answer !== fault && answer !== 'UNDETERMINED')).toEqual([]);
      expect(answers.filter((answer) => answer === fault).length).toBeGreaterThanOrEqual(23);
    });
  },
);

test('all clients of both servers: the data centre; of one server alone nobody can tell it from the host', () => {
  expect(SEEDS.map((seed) => ask(seed, 'datacentre').answer)).toEqual(SEEDS.map(() => 'datacentre'));
  const open = SEEDS.map((seed) => ask(seed, 'datacentre', false));
  expect(open.every(({ answer }) => answer === 'UNDETERMINED')).toBe(true);
  expect(open[0]!.missing.join()).toMatch(/clients of some servers/);
});

test('nothing wrong is not located', () => {
  expect(SEEDS.every((seed) => ask(seed, 'none').answer === 'UNDETERMINED')).toBe(true);
});

test('the refuted stay, with what refuted them; the order is the same again', () => {
  const { hypotheses } = ask(1, 'peering');
  const client = hypotheses.find(({ segment }) => segment === 'client')!;
  expect(client.status).toBe('refuted');
  expect(
    client.table.some((row) => row.observed === 'IS' && row.predicted === 'IS NOT' && row.evidence !== ''),
  ).toBe(true);
  expect(ask(1, 'peering').hypotheses).toEqual(hypotheses);
});

test('with nothing observed, nothing is said', () => {
  const unknown = { answer: 'unknown', evidence: 'not measured' } as const;
  const answer = weigh({
    all_clients: unknown,
    few_scattered: unknown,
    whole_cohorts: unknown,
    access_explains: unknown,
    moves_together: unknown,
    one_server: unknown,
    tick_stretched: unknown,
    path_changed: unknown,
    network_queues: unknown,
    toward_client: unknown,
  });
  expect(answer.answer).toBe('UNDETERMINED');
});

describe('evidence from elsewhere', () => {
  const marks = (change: Partial<PathMarks>): PathMarks => ({
    ttlMax: 52,
    dscpFirst: 0,
    mssOptionBytes: 1414,
    tickPeriodNs: 7_812_500,
    tickConfidence: 0.95,
    ...change,
  });
  const flows = (fromClient: Partial<PathMarks>, fromServer: Partial<PathMarks>): FlowRow[] =>
    PLAYERS.map(
      ({ address, server }, flowId) =>
        ({
          flowId,
          initiator: address,
          responder: server,
          forwardPath: marks(fromClient),
          reversePath: marks(fromServer),
        }) as unknown as FlowRow,
    );
  const paths = (change: Partial<PathMarks>) => ({
    baseline: clientPaths(flows({}, {}), undefined),
    evening: clientPaths(flows(change, {}), undefined),
  });
  const ticks = (change: Partial<PathMarks>) => ({
    baseline: serverTicks(flows({}, {}), undefined),
    evening: serverTicks(flows({}, change), undefined),
  });
  const pair = (up: number, down: number) =>
    queueingOf({
      client_to_server: { queueing_p95_ns: up * 1e6 },
      server_to_client: { queueing_p95_ns: down * 1e6 },
    });
  const statusOf = ({ hypotheses }: Localisation, segment: Segment): string =>
    hypotheses.find((one) => one.segment === segment)!.status;

  test('a server that ticks late refutes the networks', () => {
    const found = ask(1, 'datacentre', false, { ticks: ticks({ tickPeriodNs: 9_000_000 }) });
    expect(statusOf(found, 'datacentre')).toBe('refuted');
    expect(found.answer).toBe('UNDETERMINED');
    const steady = ask(1, 'datacentre', true, { ticks: ticks({}) });
    expect(steady.answer).toBe('datacentre');
  });

  test('queueing between the captures speaks for the network, its absence against it', () => {
    const queued = { baseline: pair(1, 1), evening: pair(2, 20) };
    const calm = { baseline: pair(1, 1), evening: pair(1, 1) };
    for (const seed of SEEDS) {
      expect(ask(seed, 'datacentre', true, { queueing: queued }).answer).toBe('datacentre');
      const found = ask(seed, 'datacentre', true, { queueing: calm });
      expect(found.answer).not.toBe('datacentre');
      expect(statusOf(found, 'access')).toBe('refuted');
    }
  });

  test('queueing toward the server is not the uplink of the data centre', () => {
    const queueing = { baseline: pair(1, 1), evening: pair(20, 2) };
    expect(statusOf(ask(2, 'datacentre', true, { queueing }), 'datacentre')).toBe('refuted');
  });

  test('another hop count or MSS is a changed path, another DSCP is only told', () => {
    const observed = (change: Partial<PathMarks>) =>
      ask(3, 'datacentre', true, { paths: paths(change) })
        .hypotheses.find(({ segment }) => segment === 'detour')!
        .table.find(({ observation }) => observation.includes('hop count'))!;
    expect(observed({ ttlMax: 49 }).observed).toBe('IS');
    expect(observed({ mssOptionBytes: 1380 }).observed).toBe('IS');
    expect(observed({ dscpFirst: 8 }).observed).toBe('IS NOT');
    expect(observed({ dscpFirst: 8 }).evidence).toMatch(/DSCP for 48/);
  });

  test.each(['client', 'access', 'peering', 'host'] as const satisfies readonly Segment[])(
    'with all of it, a fault in %s is still named in nine of ten cases and never misnamed',
    (fault) => {
      const answers = SEEDS.map(
        (seed) =>
          ask(seed, fault, true, {
            ticks: ticks({}),
            paths: paths({}),
            ...(fault === 'client' ? {} : { queueing: { baseline: pair(1, 1), evening: pair(3, 22) } }),
          }).answer,
      );
      expect(answers.filter((answer) => answer !== fault && answer !== 'UNDETERMINED')).toEqual([]);
      expect(answers.filter((answer) => answer === fault).length).toBeGreaterThanOrEqual(23);
    },
  );
});
