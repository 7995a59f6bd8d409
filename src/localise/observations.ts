/** Two periods → what is and what is not: yes, no, or not known. Every threshold leaves a gap between yes and no. */
import type { PlayerMinutes } from '../comparison/player-minutes.ts';
import type { ClientPath, DirectionQueueing } from './facts.ts';
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
  path_changed: 'the hop count or the MSS of the slower clients changed',
  network_queues: 'packets queue between the two captures more than in the baseline',
  toward_client: 'that queueing grew from server to client, not the other way',
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
  /** Period at which each server sends, both periods, measured beside it; null where the capture was elsewhere. */
  readonly ticks: Periods<ReadonlyMap<string, { readonly periodNs: number; readonly flows: number }>> | null;
  /** Marks of the path by client address. */
  readonly paths: Periods<ReadonlyMap<string, ClientPath>> | null;
  /** From `pair`, where both ends were captured in both periods. */
  readonly queueing: Periods<DirectionQueueing> | null;
}

export interface Periods<T> {
  readonly baseline: T;
  readonly evening: T;
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
    tick_stretched: tickStretched(input, slower),
    path_changed: pathChanged(input, slower),
    ...queueingGrew(input),
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

/** A server that sends its ticks a twentieth later is late itself; a fiftieth is measurement. Of the servers of the slower clients. */
function tickStretched({ ticks, serverOf }: LocaliseInput, slower: readonly Client[]): Observed[Observation] {
  if (ticks === null)
    return { answer: 'unknown', evidence: 'tick cadence was not measured beside the server' };
  const servers = [...new Set(slower.map(({ address }) => serverOf(address)))]
    .filter((s) => s !== null)
    .sort();
  const ratios = servers.flatMap((server) => {
    const before = ticks.baseline.get(server);
    const after = ticks.evening.get(server);
    return before === undefined || after === undefined || Math.min(before.flows, after.flows) < 3
      ? []
      : [{ server, ratio: after.periodNs / before.periodNs }];
  });
  if (ratios.length === 0)
    return { answer: 'unknown', evidence: 'no server with a steady tick in both periods' };
  const evidence = ratios
    .map(({ server, ratio }) => `${server} sends every ${(100 * ratio).toFixed(1)} % of its baseline period`)
    .join(', ');
  const worst = Math.max(...ratios.map(({ ratio }) => ratio));
  return { answer: worst >= 1.05 ? 'yes' : worst <= 1.02 ? 'no' : 'unknown', evidence };
}

function pathChanged({ paths }: LocaliseInput, slower: readonly Client[]): Observed[Observation] {
  if (paths === null) return { answer: 'unknown', evidence: 'hop count and MSS were not measured' };
  const compared = slower.flatMap(({ address }) => {
    const before = paths.baseline.get(address);
    const after = paths.evening.get(address);
    if (before?.ttl == null || after?.ttl == null) return [];
    const differs = (a: number | null, b: number | null): boolean => a !== null && b !== null && a !== b;
    return [
      {
        ttl: differs(before.ttl, after.ttl),
        mss: differs(before.mss, after.mss),
        dscp: differs(before.dscp, after.dscp),
      },
    ];
  });
  if (compared.length < 3)
    return { answer: 'unknown', evidence: `hop counts of ${compared.length} slower clients in both periods` };
  const count = (read: (one: (typeof compared)[number]) => boolean): number => compared.filter(read).length;
  const evidence =
    `of ${compared.length} slower clients TTL differs for ${count((c) => c.ttl)}, MSS for ${count((c) => c.mss)}, ` +
    `DSCP for ${count((c) => c.dscp)}`;
  const changed = count((c) => c.ttl || c.mss) / compared.length;
  return { answer: changed >= MOST ? 'yes' : changed <= FEW ? 'no' : 'unknown', evidence };
}

/** Growth between the captures. Between half of the threshold and all of it nothing is said. */
function queueingGrew({ queueing }: LocaliseInput): Pick<Observed, 'network_queues' | 'toward_client'> {
  const none = { answer: 'unknown', evidence: 'both ends were not captured in both periods' } as const;
  if (queueing === null) return { network_queues: none, toward_client: none };
  const grown = (read: (q: DirectionQueueing) => number | null): number | null => {
    const [before, after] = [read(queueing.baseline), read(queueing.evening)];
    return before === null || after === null ? null : after - before;
  };
  const up = grown((q) => q.clientToServerNs);
  const down = grown((q) => q.serverToClientNs);
  if (up === null || down === null) return { network_queues: none, toward_client: none };
  const most = Math.max(up, down);
  const evidence = `p95 of queueing grew by ${(up / 1e6).toFixed(1)} ms to the server and ${(down / 1e6).toFixed(1)} ms to the client`;
  return {
    network_queues: {
      answer: most > SLOWER_NS ? 'yes' : most < SLOWER_NS / 2 ? 'no' : 'unknown',
      evidence,
    },
    toward_client: {
      answer:
        most <= SLOWER_NS
          ? 'unknown'
          : down > SLOWER_NS && up < down / 4
            ? 'yes'
            : up > SLOWER_NS && down < 4 * up
              ? 'no'
              : 'unknown',
      evidence,
    },
  };
}
