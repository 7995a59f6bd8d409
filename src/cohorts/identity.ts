/**
 * Who is one client. By the best that is known: a player id that the user brings, else (address, MAP-E port set), else the address.
 * Under MAP-E many homes share one IPv4 address, each with its own set of ports (RFC 7597 5.1): counting addresses counts too few.
 *
 *   port = A (a bits) | PSID (k bits) | M (rest);  one home: one PSID, several A
 */
import { InputError } from '../errors.ts';
import { splitCsvLine } from './csv.ts';
import { parseAddress } from './prefix.ts';

export type IdentifiedBy = 'player' | 'port_set' | 'address';

export interface Identity {
  readonly id: string;
  readonly by: IdentifiedBy;
}

export type Identify = (address: string, port: number | null) => Identity;

/** Lengths in bits of A and PSID: 15 × 16 ports per home, and 63 × 16. */
const PORT_SETS = [
  { offset: 4, psid: 8 },
  { offset: 6, psid: 6 },
] as const;
type PortSet = (typeof PORT_SETS)[number];
/** With fewer ports chance could look like a set. */
const FEWEST_PORTS = 12;
const MOST_IN_SETS = 0.8;

function split(port: number, { offset, psid }: PortSet): { a: number; id: number } {
  return { a: port >> (16 - offset), id: (port >> (16 - offset - psid)) & ((1 << psid) - 1) };
}

/**
 * The port set layout that explains an address's source ports: few PSIDs, each with ports in several A. Ports given out one after
 * the other stay within one A and so never look like a set. Null where no layout does.
 */
export function portSetOf(ports: Iterable<number>): PortSet | null {
  const distinct = [...new Set(ports)];
  if (distinct.length < FEWEST_PORTS) return null;
  let best: { set: PortSet; groups: number } | null = null;
  for (const set of PORT_SETS) {
    const groups = new Map<number, { ports: number; offsets: Set<number> }>();
    for (const port of distinct) {
      const { a, id } = split(port, set);
      const group = groups.get(id) ?? { ports: 0, offsets: new Set<number>() };
      group.ports++;
      group.offsets.add(a);
      groups.set(id, group);
    }
    const spread = [...groups.values()].filter(({ offsets }) => offsets.size >= 2);
    const inSets = spread.reduce((sum, group) => sum + group.ports, 0);
    if (groups.size > distinct.length / 4 || inSets < MOST_IN_SETS * distinct.length) continue;
    if (best === null || groups.size < best.groups) best = { set, groups: groups.size };
  }
  return best?.set ?? null;
}

/** `ports`: every client address with the source ports it used, of all periods that will be compared. */
export function identifyBy(
  players: (address: string, port: number | null) => string | null,
  ports: ReadonlyMap<string, ReadonlySet<number>>,
): Identify {
  const sets = new Map<string, PortSet>();
  for (const [address, used] of ports) {
    if (parseAddress(address)?.family !== 4) continue;
    const set = portSetOf(used);
    if (set !== null) sets.set(address, set);
  }
  return (address, port) => {
    const player = players(address, port);
    if (player !== null) return { id: player, by: 'player' };
    const set = sets.get(address);
    if (set === undefined || port === null) return { id: address, by: 'address' };
    return { id: `${address} port set ${set.offset}/${set.psid}:${split(port, set).id}`, by: 'port_set' };
  };
}

export const byAddress: Identify = (address) => ({ id: address, by: 'address' });

/**
 * A file of players: CSV with header `address,port,player`; an empty port stands for every port of the address, and a line that names
 * the port goes before it. @throws InputError with path and line.
 */
export function parsePlayers(
  text: string,
  path: string,
): (address: string, port: number | null) => string | null {
  const fail = (line: number, message: string, help: string): never => {
    throw new InputError({ code: 'players/bad-line', message, help, path, line });
  };
  const known = new Map<string, string>();
  const key = (address: string, port: number | null): string => `${address} ${port ?? '*'}`;
  let isHeader = true;
  text.split(/\r\n|\n|\r/).forEach((content, index) => {
    if (content.trim() === '' || content.startsWith('#')) return;
    const line = index + 1;
    const fields = splitCsvLine(content.replace(/^\uFEFF/, ''));
    if (isHeader) {
      isHeader = false;
      if (fields?.join(',').toLowerCase() !== 'address,port,player')
        fail(line, `the first line is "${content}"`, 'start the file with the header address,port,player');
      return;
    }
    if (fields?.length !== 3) fail(line, 'the line has not three fields', 'write address,port,player');
    const [address, port, player] = fields as [string, string, string];
    const number = port.trim() === '' ? null : Number(port);
    if (parseAddress(address) === null)
      fail(line, `"${address}" is no address`, 'write it as 203.0.113.7 or 2001:db8::7');
    if (number !== null && !(Number.isInteger(number) && number >= 0 && number <= 65_535))
      fail(line, `"${port}" is no port`, 'write 0 to 65535, or nothing for every port');
    if (player.trim() === '') fail(line, 'the player is empty', 'name the player, or leave the line out');
    const before = known.get(key(address, number));
    if (before !== undefined && before !== player)
      fail(line, `${address} ${port} is ${before} and ${player}`, 'keep one of the two lines');
    known.set(key(address, number), player);
  });
  if (isHeader) fail(1, 'the file is empty', 'start the file with the header address,port,player');
  return (address, port) => known.get(key(address, port)) ?? known.get(key(address, null)) ?? null;
}
