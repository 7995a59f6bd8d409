/** Address → cohort by longest prefix. Built once, asked often: answers are remembered per address text. */
import { parseAddress, type IpPrefix } from './prefix.ts';

export const UNKNOWN_COHORT = 'unknown';

export interface CohortEntry {
  readonly prefix: IpPrefix;
  readonly cohort: string;
}

export interface CohortMap {
  /** In text order of the canonical prefix, so that two spellings of one file are one map. */
  readonly entries: readonly CohortEntry[];
  /** The cohort of the longest prefix that holds the address, else `unknown`. */
  classify(address: string): string;
}

export function createCohortMap(entries: readonly CohortEntry[]): CohortMap {
  const tables = new Map<string, { family: 4 | 6; length: number; networks: Map<bigint, string> }>();
  for (const { prefix, cohort } of entries) {
    const key = `${prefix.family}/${prefix.length}`;
    let table = tables.get(key);
    if (table === undefined) {
      table = { family: prefix.family, length: prefix.length, networks: new Map() };
      tables.set(key, table);
    }
    table.networks.set(prefix.network, cohort);
  }
  const longestFirst = [...tables.values()].sort((a, b) => b.length - a.length);
  const remembered = new Map<string, string>();

  const lookUp = (text: string): string => {
    const address = parseAddress(text);
    if (address === null) return UNKNOWN_COHORT;
    const width = address.family === 4 ? 32 : 128;
    for (const { family, length, networks } of longestFirst) {
      if (family !== address.family) continue;
      const cohort = networks.get(address.value >> BigInt(width - length));
      if (cohort !== undefined) return cohort;
    }
    return UNKNOWN_COHORT;
  };

  return {
    entries: [...entries].sort((a, b) =>
      a.prefix.text < b.prefix.text ? -1 : a.prefix.text > b.prefix.text ? 1 : 0,
    ),
    classify(address) {
      let cohort = remembered.get(address);
      if (cohort === undefined) {
        cohort = lookUp(address);
        remembered.set(address, cohort);
      }
      return cohort;
    },
  };
}
