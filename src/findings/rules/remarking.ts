/** DSCP or TTL that changes inside a flow, where no rule knows a better name for it: what the change looks like, and no cause. */

import type { Batch } from '../../tables/batch.ts';
import { formatInstant } from '../../units.ts';
import { SIDES, type ChangeKind, type Changes, type Transition } from '../changes.ts';
import { codeOf, countOf, namedFlows, plural } from '../select.ts';
import { directionsOf, INITIAL_TTLS, MAX_HOPS, type Direction } from '../sides.ts';
import { TOGETHER_S, largestFirst, lastingSteps, sharedSteps } from '../steps.ts';
import type { Rule } from '../types.ts';
import { routeSteps } from './route-change.ts';
import { HANDSHAKE_DSCP, dscpValues } from './wireguard-marking.ts';

/** Most frequent transitions that a claim names. */
const NAMED_TRANSITIONS = 3;

/** Directions in which the value changed. */
function changing(flows: Batch, kind: ChangeKind): Direction[] {
  const [forward, reverse] = SIDES.map((side) => countOf(flows, `${side}_${kind}_changes`));
  return directionsOf(flows).filter(
    ({ row, side }) => ((side === 'forward' ? forward : reverse)?.(row) ?? 0) > 0,
  );
}

const rowsOf = (directions: readonly Direction[]): number[] => [...new Set(directions.map(({ row }) => row))];

/** Marks of WireGuard's handshakes among its unmarked data: the sender's own. */
function isWireguardsOwn(flows: Batch, changes: Changes): (direction: Direction) => boolean {
  const application = codeOf(flows, 'application');
  return (direction) =>
    application(direction.row) === 'wireguard' &&
    [...dscpValues(flows, changes, direction)].every((value) => value === 0 || value === HANDSHAKE_DSCP);
}

function mostFrequent(all: readonly Transition[]): string {
  const sums = new Map<string, number>();
  for (const { from, to, times } of all)
    sums.set(`${from} to ${to}`, (sums.get(`${from} to ${to}`) ?? 0) + times);
  const sorted = [...sums].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  const named = sorted.slice(0, NAMED_TRANSITIONS).map(([words, times]) => `${words} (${times}×)`);
  return named.join(', ') + (sorted.length > NAMED_TRANSITIONS ? ', …' : '');
}

export const dscpChanges: Rule = (flows, changes) => {
  const isOwn = isWireguardsOwn(flows, changes);
  const directions = changing(flows, 'dscp').filter((direction) => !isOwn(direction));
  const rows = rowsOf(directions);
  if (rows.length === 0) return null;
  const transitions = mostFrequent(
    directions.flatMap(({ flowId, side }) => changes.transitions('dscp', flowId, side)),
  );
  const shared = largestFirst(
    sharedSteps(flows, lastingSteps(flows, changes, 'dscp'), ({ before, after }) => `${before} ${after}`),
  )[0]?.steps;
  const first = shared?.[0];
  const together =
    shared === undefined || first === undefined
      ? ''
      : `; in ${plural(new Set(shared.map(({ direction }) => direction.row)).size, 'flow')} together, ${first.before} to ${first.after} from ${formatInstant(first.timestampNs)} on: a policy or a path changed there`;
  return {
    id: 'marking/dscp-changes',
    severity: 'info',
    claim: `${plural(rows.length, 'flow')} ${rows.length === 1 ? 'changes' : 'change'} DSCP while running${transitions === '' ? '' : `: ${transitions}`}${together}`,
    threshold: `any change between consecutive packets of one direction (RFC 2474) but WireGuard’s own handshake mark; together: the same step within ${TOGETHER_S} s, kept`,
    limits: 'senders may mark on purpose; re-marking on the path needs both ends',
    count: rows.length,
    flow_ids: namedFlows(flows, rows),
  };
};

/** Fewer routers left than this at arrival is nothing that a usual start of 64 comes to. */
const TRACED_TTL = 20;

type Look = 'back' | 'another' | 'once';

const LOOKS: Readonly<Record<Look, string>> = {
  back: 'to and fro (paths chosen per packet, or a device that answers for the host)',
  another:
    'between values that no one initial TTL explains (a second sender, or a program that sets its own)',
  once: 'without going back (a route, or a device: one flow cannot tell)',
};

/** Could packets of one start have come by two ways? Neither as far as 30 hops apart, nor short of life as a traced route is. */
function isOneStart({ from, to }: Transition): boolean {
  const start = (ttl: number): number => INITIAL_TTLS.find((value) => value >= ttl) ?? 0;
  const isTraced = Math.min(from, to) < TRACED_TTL;
  return !isTraced && start(from) === start(to) && Math.abs(from - to) <= MAX_HOPS;
}

function lookOf(changes: Changes, { flowId, side }: Direction): Look {
  const pairs = changes.transitions('ttl', flowId, side);
  if (!pairs.every(isOneStart)) return 'another';
  return pairs.some(({ from, to }) => pairs.some((other) => other.from === to && other.to === from))
    ? 'back'
    : 'once';
}

export const ttlChanges: Rule = (flows, changes) => {
  const explained = new Set(
    routeSteps(flows, changes).flatMap(({ steps }) =>
      steps.map(({ direction }) => `${direction.row} ${direction.side}`),
    ),
  );
  const directions = changing(flows, 'ttl').filter(({ row, side }) => !explained.has(`${row} ${side}`));
  const rows = rowsOf(directions);
  if (rows.length === 0) return null;
  const looks = new Map<Look, number>();
  for (const direction of directions) {
    const look = lookOf(changes, direction);
    looks.set(look, (looks.get(look) ?? 0) + 1);
  }
  const told = (Object.keys(LOOKS) as Look[])
    .filter((look) => looks.has(look))
    .map((look) => `${looks.get(look)} ${LOOKS[look]}`);
  return {
    id: 'path/ttl-changes',
    severity: 'info',
    claim: `${plural(rows.length, 'flow')} ${rows.length === 1 ? 'changes' : 'change'} TTL while running, in directions: ${told.join(', ')}`,
    threshold:
      'any change between consecutive packets of one direction that is no step of several flows at once (path/route-change)',
    limits:
      'a middlebox that answers or resets for the host changes TTL without a route change; so does a capture on both sides of a router; who traces a route does it on purpose',
    count: rows.length,
    flow_ids: namedFlows(flows, rows),
  };
};
