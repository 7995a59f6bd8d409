/** Five-tuples for a ticket: of clients that show the verdict, and of clients that were shown not to. */
import type { Comparison } from '../comparison/types.ts';
import type { Batch } from '../tables/batch.ts';

const EACH = 3;
const PROTOCOLS: Readonly<Record<number, string>> = { 6: 'TCP', 17: 'UDP' };

export interface Examples {
  readonly failing: readonly string[];
  readonly healthy: readonly string[];
}

interface Who {
  readonly isServer: (address: string) => boolean;
  readonly cohortOf: (address: string) => string;
}

/** The busiest conversation of each client, busiest clients first; ties by address, so that the choice is always the same. */
export function exampleFlows(flows: Batch, comparison: Comparison, { isServer, cohortOf }: Who): Examples {
  const headline = comparison.headline_row;
  const rows = comparison.comparisons.filter(({ metric }) => metric === headline?.metric);
  const worse = rows
    .filter(({ verdict, cohort }) => verdict === 'DEGRADED' && cohort !== 'all')
    .map(({ cohort }) => cohort);
  const same = rows
    .filter(({ verdict, cohort }) => (verdict === 'EQUIVALENT' || verdict === 'IMPROVED') && cohort !== 'all')
    .map(({ cohort }) => cohort);
  const best = new Map<string, { packets: number; tuple: string }>();
  const [forward, reverse, protocol] = [
    flows.u32('forward_packets'),
    flows.u32('reverse_packets'),
    flows.u8('protocol'),
  ];
  for (let row = 0; row < flows.rows; row++) {
    const initiator = flows.address('initiator', row);
    const responder = flows.address('responder', row);
    const client = isServer(initiator) && !isServer(responder) ? responder : initiator;
    const packets = (forward[row] ?? 0) + (reverse[row] ?? 0);
    const known = best.get(client);
    if (known !== undefined && known.packets >= packets) continue;
    const ends = [endOf(flows, row, 'initiator'), endOf(flows, row, 'responder')];
    const name = PROTOCOLS[protocol[row] ?? 0] ?? `protocol ${protocol[row] ?? 0}`;
    best.set(client, { packets, tuple: `${name} ${ends.join(' → ')}` });
  }
  const ofCohorts = (cohorts: readonly string[]): string[] =>
    [...best]
      .filter(([client]) => cohorts.includes(cohortOf(client)))
      .sort(([a, one], [b, other]) => other.packets - one.packets || (a < b ? -1 : 1))
      .slice(0, EACH)
      .map(([, { tuple }]) => tuple);
  return { failing: ofCohorts(worse), healthy: ofCohorts(same) };
}

/** Address and port apart, so that an address stands alone and is found by who redacts text. */
function endOf(flows: Batch, row: number, name: 'initiator' | 'responder'): string {
  const address = flows.address(name, row);
  return flows.isNull(`${name}_port`, row)
    ? address
    : `${address} port ${flows.u16(`${name}_port`)[row] ?? 0}`;
}
