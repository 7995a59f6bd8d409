/** Planted faults in four segments: ISPs × access types × servers, one fault each, twenty-five seeds. */
import { describe, expect, test } from 'vitest';
import type { PlayerMinutes } from '../../../src/comparison/player-minutes.ts';
import { localise, weigh, type Localisation, type Segment } from '../../../src/localise/localise.ts';
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

function ask(seed: number, fault: Fault, servers = true): Localisation {
  const player = (address: string): Player => PLAYERS.find((one) => one.address === address)!;
  return localise({
    baseline: period(seed + 1000, 'none'),
    evening: period(seed, fault),
    cohortOf: (address) => `${player(address).isp} ${player(address).access}`,
    accessOf: (address) => player(address).access,
    serverOf: (address) => (servers ? player(address).server : '192.0.2.1'),
    tickStretched: null,
    pathChanged: null,
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
  });
  expect(answer.answer).toBe('UNDETERMINED');
});
