/**
 * A probe that players send for nothing: WireGuard of the Linux kernel sends handshakes with DSCP AF41 and data with 0
 * (HANDSHAKE_DSCP in drivers/net/wireguard/messages.h). What is left of AF41 here is what the way leaves of a mark. Other
 * implementations send no mark, so 0 alone says nothing: this rule speaks where something proves that the sender marks.
 */

import type { Batch } from '../../tables/batch.ts';
import { behaviours } from '../../pairing/remarking.ts';
import type { Changes } from '../changes.ts';
import { codeOf, countOf, namedFlows, plural } from '../select.ts';
import { directionsOf, senderOf, type Direction } from '../sides.ts';
import type { Rule } from '../types.ts';

export const HANDSHAKE_DSCP = 34;
/** Handshakes that are tried again, in between and with a cookie, for one that was timed. */
const TRIES = 4;

interface Probe {
  readonly direction: Direction;
  readonly sender: string;
  /** What handshakes and data of this direction arrive with; handshakes null where that cannot be told. */
  readonly handshake: number | null;
  readonly data: number;
}

/** DSCP values seen in a direction. */
export function dscpValues(flows: Batch, changes: Changes, { row, side, flowId }: Direction): Set<number> {
  const pairs = changes.transitions('dscp', flowId, side);
  return new Set([flows.u8(`${side}_dscp_first`)[row] ?? 0, ...pairs.flatMap(({ from, to }) => [from, to])]);
}

/** What is left of AF41 where one half of the field is cleared (RFC 9435 4); unmarked data stay as they are. */
const HALVES: ReadonlySet<number> = new Set([HANDSHAKE_DSCP & 0x07, HANDSHAKE_DSCP & 0x38]);

/** What RFC 9435 calls a path that does this to handshakes and to data. A mark rewritten alone has no name there. */
function nameOf(handshake: number, data: number): string {
  if (handshake !== data && !HALVES.has(handshake)) return 'no behaviour that RFC 9435 names';
  const seen = [
    { from: HANDSHAKE_DSCP, to: handshake, packets: 1 },
    { from: 0, to: data, packets: 1 },
  ];
  return behaviours(seen)[0] ?? '';
}

/**
 * The one value beside 0 whose visits handshakes explain: always left again, not too often, and either AF41, a half of it, or
 * the value that the direction begins with (a session does with a handshake). Tunnels that copy the mark of what they carry
 * show other values, too.
 */
function visited(flows: Batch, changes: Changes, direction: Direction, handshakes: number): number | null {
  const { row, side, flowId } = direction;
  const first = flows.u8(`${side}_dscp_first`)[row] ?? 0;
  const pairs = changes.transitions('dscp', flowId, side);
  const values = dscpValues(flows, changes, direction);
  const [mark] = [...values].filter((value) => value !== 0);
  if (mark === undefined || values.size !== 2 || !values.has(0)) return null;
  const times = (wanted: number): number => pairs.find(({ to }) => to === wanted)?.times ?? 0;
  const visits = times(mark) + (first === mark ? 1 : 0);
  if (visits !== times(0) || visits > TRIES * handshakes) return null;
  const isExpected = mark === HANDSHAKE_DSCP || HALVES.has(mark);
  return isExpected || (first === mark && visits >= handshakes) ? mark : null;
}

/** Directions of WireGuard flows in which a handshake was seen: an initiation one way, its response the other. */
function probesOf(flows: Batch, changes: Changes): Probe[] {
  const application = codeOf(flows, 'application');
  const rtt = (['initiator', 'responder'] as const).map((end) => ({
    method: codeOf(flows, `rtt_to_${end}_method`),
    samples: countOf(flows, `rtt_to_${end}_samples`),
  }));
  return directionsOf(flows).flatMap((direction) => {
    const { row } = direction;
    if (application(row) !== 'wireguard') return [];
    const timed = rtt.filter(({ method }) => method(row) === 'handshake');
    const handshakes = timed.reduce((sum, { samples }) => sum + samples(row), 0);
    if (handshakes === 0) return [];
    const values = dscpValues(flows, changes, direction);
    const [only] = values;
    const sender = flows.address(senderOf(direction), row);
    if (values.size === 1 && only !== undefined) return [{ direction, sender, handshake: only, data: only }];
    return [{ direction, sender, handshake: visited(flows, changes, direction, handshakes), data: 0 }];
  });
}

export const wireguardMarking: Rule = (flows, changes) => {
  const probes = probesOf(flows, changes);
  const kept = probes.filter(({ handshake, data }) => handshake === HANDSHAKE_DSCP && data === 0);
  const marking = new Set(kept.map(({ sender }) => sender));
  const altered = probes.filter(
    ({ handshake, data, sender }) =>
      handshake !== null && handshake !== HANDSHAKE_DSCP && (handshake !== data || marking.has(sender)),
  );
  if (altered.length === 0) return null;
  const counts = new Map<string, number>();
  for (const { handshake, data } of altered) {
    const words = `${HANDSHAKE_DSCP} arrives as ${handshake} (${nameOf(handshake ?? 0, data)})`;
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  const rows = [...new Set(altered.map(({ direction }) => direction.row))].sort((a, b) => a - b);
  const told = [...counts].map(([words, count]) => `${words} in ${plural(count, 'direction')}`);
  return {
    id: 'marking/wireguard-handshake',
    severity: 'notice',
    claim: `the way rewrites DSCP: WireGuard handshakes leave Linux with AF41; ${told.join(', ')}; in ${kept.length} it arrives as sent`,
    threshold:
      'handshakes that arrive with a mark of their own which is not AF41, or without one from a sender whose handshakes arrive with AF41 elsewhere in the capture (RFC 9435 4 for the names)',
    limits:
      'one value does not tell the mechanism; a rule of the sender’s own firewall can do it; implementations other than the Linux kernel’s send no mark, so handshakes of 0 from an unknown sender are no finding; paired captures of both ends say it for all traffic',
    count: altered.length,
    flow_ids: namedFlows(flows, rows),
  };
};
