/** Two periods → what is and what is not: yes, no, or not known. Every threshold leaves a gap between yes and no. */
import type { PlayerMinutes } from '../comparison/player-minutes.ts';
import { medianOf } from '../statistics/quantile.ts';

export type Answer = 'yes' | 'no' | 'unknown';

export const OBSERVATIONS = {
  all_clients: 'nearly every client is slower',
  few_scattered: 'a few clients of several cohorts are slower, no cohort as a whole',
  whole_cohorts: 'some cohorts are slower as a whole while others are not',
  access_explains: 'the slower cohorts have an access type that the others do not have',
  moves_together: 'the queues of the slower clients rise and fall together',
  one_server: 'clients of some servers are slower while clients of others are not',
  tick_stretched: 'the server itself sends its ticks later',
  path_changed: 'the hop count or the least RTT of the slower clients changed at once',
} as const;

export type Observation = keyof typeof OBSERVATIONS;
export type Observed = Readonly<Record<Observation, { readonly answer: Answer; readonly evidence: string }>>;

export interface LocaliseInput {
  readonly baseline: PlayerMinutes;
  readonly evening: PlayerMinutes;
  readonly cohortOf: (address: string) => string;
  readonly accessOf: (address: string) => string;
  /** From the flow tables; null where a client met several. */
  readonly serverOf: (address: string) => string | null;
  readonly tickStretched: boolean | null;
  readonly pathChanged: boolean | null;
}

const SLOWER_NS = 5e6;
const MOST = 0.75;
const FEW = 0.25;

interface Client {
  readonly address: string;
  readonly slower: boolean;
  /** By minute: RTT above the client's least. */
  readonly series: ReadonlyMap<number, number>;
}

function rttByClient(period: PlayerMinutes): Map<string, Map<number, number>> {
  const result = new Map<string, Map<number, number>>();
  for (const { client, minute, rttP50Ns } of period.cells) {
    if (rttP50Ns === null) continue;
    const { id } = period.clients[client]!;
    const series = result.get(id) ?? new Map<number, number>();
    series.set(minute, rttP50Ns);
    result.set(id, series);
  }
  return result;
}

function commonClients({ baseline, evening }: LocaliseInput): Client[] {
  const before = rttByClient(baseline);
  const addresses = new Map(evening.clients.map(({ id, address }) => [id, address]));
  return [...rttByClient(evening)].flatMap(([id, series]) => {
    const earlier = before.get(id);
    if (earlier === undefined) return [];
    return [
      {
        address: addresses.get(id)!,
        series,
        slower: medianOf([...series.values()])! - medianOf([...earlier.values()])! > SLOWER_NS,
      },
    ];
  });
}

const answerOf = (value: boolean): Answer => (value ? 'yes' : 'no');
const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** Share of slower clients per group; groups of one client say nothing. */
function shares(
  clients: readonly Client[],
  groupOf: (address: string) => string | null,
): Map<string, number> {
  const groups = new Map<string, Client[]>();
  for (const client of clients) {
    const group = groupOf(client.address);
    if (group !== null) groups.set(group, [...(groups.get(group) ?? []), client]);
  }
  return new Map(
    [...groups]
      .filter(([, members]) => members.length >= 2)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([group, members]) => [group, members.filter(({ slower }) => slower).length / members.length]),
  );
}

const spelled = (found: ReadonlyMap<string, number>): string =>
  [...found].map(([group, share]) => `${group} ${percent(share)}`).join(', ');

export function observe(input: LocaliseInput): Observed {
  const clients = commonClients(input);
  const slower = clients.filter((client) => client.slower);
  const share = clients.length === 0 ? 0 : slower.length / clients.length;
  const cohorts = shares(clients, input.cohortOf);
  const whole = [...cohorts].filter(([, s]) => s >= MOST).map(([cohort]) => cohort);
  const spared = [...cohorts].filter(([, s]) => s <= FEW).map(([cohort]) => cohort);
  const isSplit = whole.length > 0 && spared.length > 0;
  const counted = `${slower.length} of ${clients.length} clients in both periods are slower by more than 5 ms`;
  const yes = (value: boolean, evidence: string) => ({ answer: answerOf(value), evidence });
  const unknown = (evidence: string) => ({ answer: 'unknown' as const, evidence });
  const given = (value: boolean | null, name: string) =>
    value === null ? unknown(`${name} was not measured`) : yes(value, `${name} was measured`);
  return {
    all_clients:
      clients.length < 6
        ? unknown(counted)
        : share >= 0.85 || share <= 0.6
          ? yes(share >= 0.85, counted)
          : unknown(counted),
    few_scattered: slower.length === 0 ? unknown(counted) : yes(share <= 0.34 && whole.length === 0, counted),
    whole_cohorts: cohorts.size < 2 ? unknown('fewer than two cohorts') : yes(isSplit, spelled(cohorts)),
    access_explains: accessExplains(input, clients, isSplit ? whole : [], spared),
    moves_together: movesTogether(slower),
    one_server: oneServer(clients, input.serverOf),
    tick_stretched: given(input.tickStretched, 'tick cadence at the server'),
    path_changed: given(input.pathChanged, 'hop count and least RTT'),
  };
}

function accessExplains(
  input: LocaliseInput,
  clients: readonly Client[],
  whole: readonly string[],
  spared: readonly string[],
): Observed[Observation] {
  const typesOf = (cohorts: readonly string[]): Set<string> =>
    new Set(
      clients
        .filter(({ address }) => cohorts.includes(input.cohortOf(address)))
        .map(({ address }) => input.accessOf(address)),
    );
  if (whole.length === 0) return { answer: 'unknown', evidence: 'no cohort is slower as a whole' };
  const hit = typesOf(whole);
  const missed = typesOf(spared);
  const evidence = `slower: ${[...hit].sort().join(', ')}; not slower: ${[...missed].sort().join(', ')}`;
  if (hit.has('unknown') || missed.has('unknown')) return { answer: 'unknown', evidence };
  const common = [...hit].filter((type) => missed.has(type)).length;
  if (common === 0) return { answer: 'yes', evidence };
  return { answer: common === hit.size ? 'no' : 'unknown', evidence };
}

/** Median over pairs of the correlation of steps from minute to minute; steps, because a common trend is no common queue. */
function movesTogether(slower: readonly Client[]): Observed[Observation] {
  if (slower.length < 3) return { answer: 'unknown', evidence: `${slower.length} slower clients` };
  const used = [...slower].sort((a, b) => (a.address < b.address ? -1 : 1)).slice(0, 24);
  const correlations: number[] = [];
  used.forEach((one, i) =>
    used.slice(i + 1).forEach((other) => {
      const minutes = [...one.series.keys()].filter((minute) => other.series.has(minute));
      if (minutes.length >= 15)
        correlations.push(
          correlation(
            minutes.map((minute) => one.series.get(minute)!),
            minutes.map((minute) => other.series.get(minute)!),
          ),
        );
    }),
  );
  const median = medianOf(correlations);
  if (median === null)
    return { answer: 'unknown', evidence: 'no two of them were there together for 15 minutes' };
  const evidence = `median correlation of their delays ${median.toFixed(2)} over ${correlations.length} pairs`;
  return { answer: median >= 0.35 ? 'yes' : median <= 0.2 ? 'no' : 'unknown', evidence };
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((x, y) => x + y, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  let ab = 0;
  let aa = 0;
  let bb = 0;
  a.forEach((value, i) => {
    ab += (value - ma) * (b[i]! - mb);
    aa += (value - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
  });
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 0;
}

function oneServer(
  clients: readonly Client[],
  serverOf: (address: string) => string | null,
): Observed[Observation] {
  const servers = shares(clients, serverOf);
  if (servers.size < 2) return { answer: 'unknown', evidence: 'one server, or clients that met several' };
  const values = [...servers.values()];
  const split = values.some((share) => share >= MOST) && values.some((share) => share <= FEW);
  const even = Math.max(...values) - Math.min(...values) <= 0.35;
  return { answer: split ? 'yes' : even ? 'no' : 'unknown', evidence: spelled(servers) };
}
