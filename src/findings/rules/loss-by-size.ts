/**
 * Do small packets and large ones get lost alike? A provider that polices or queues by class treats a game's packets and bulk
 * differently. Losses come in bursts and clients differ, so the unit is the client (the flow where clients are few), never the
 * packet: a ratio estimate per class, and the interval of their difference from what each unit adds to it.
 */

import type { Batch } from '../../tables/batch.ts';
import {
  ratioDifference,
  type RatioDifference,
  type Tally,
  type Unit,
} from '../../statistics/ratio-difference.ts';
import { codeOf, countOf, namedFlows, plural } from '../select.ts';
import { directionsOf, type Direction } from '../sides.ts';
import type { Side } from '../changes.ts';
import type { Finding, Rule } from '../types.ts';

/** Mean IP length of a direction. Games send below 400 bytes (tick snapshots and inputs), full segments are above 1000. */
const GAME_BYTES = 400;
const BULK_BYTES = 1000;
/** Larger ones are several that the host's offload merged (the Internet carries no more): losses and packets in other units. */
const WIRE_BYTES = 1500;
/** Units per class below which an interval by Student's t is not to be trusted with skewed losses. */
const MIN_UNITS = 5;
const MIN_PACKETS = 3000;
const MIN_LOST = 20;
const LEVEL = 0.99;
/** What is worth telling: twice as much, and more than the 5QI-3 packet error rate apart (3GPP TS 23.501 table 5.7.4-1). */
const MIN_RATIO = 2;
const MIN_DIFFERENCE = 0.001;
/** TCP's losses must be of the same part of the path as UDP's gaps: what was lost before the capture point. */
const MIN_HOLES_SHARE = 0.9;

/** Units that are left out in turn: those that add most. */
const LEFT_OUT = 16;

const SIZES = ['game', 'bulk'] as const;
type Size = (typeof SIZES)[number];

interface Sent {
  readonly direction: Direction;
  readonly size: Size;
  readonly client: string;
  readonly lost: number;
  readonly sent: number;
  readonly isTcp: boolean;
  readonly hasHoles: boolean;
}

/** Directions of a flow that are small or large and whose loss can be told. Of small TCP packets most are ACKs, whose loss cannot. */
function sentOf(flows: Batch, side: Side): Sent[] {
  const bytes = flows.i64(`${side}_bytes`);
  const lostPackets = flows.u32(`${side}_lost_packets`);
  const ratios = flows.f64(`${side}_loss_ratio`);
  const method = codeOf(flows, `${side}_loss_method`);
  const largest = countOf(flows, `${side}_max_ip_len_bytes`);
  const protocol = flows.u8('protocol');
  return directionsOf(flows).flatMap((direction) => {
    const { row, packets } = direction;
    if (direction.side !== side || flows.isNull(`${side}_loss_ratio`, row)) return [];
    if (largest(row) > WIRE_BYTES) return [];
    const mean = Number(bytes[row] ?? 0n) / packets;
    const isTcp = protocol[row] === 6;
    const size = mean >= BULK_BYTES ? 'bulk' : mean <= GAME_BYTES && !isTcp ? 'game' : null;
    if (size === null) return [];
    const lost = lostPackets[row] ?? 0;
    // Nearly all packets of a bulk direction carry data; where something was lost, the ratio tells how many exactly.
    const sent = lost > 0 ? lost / (ratios[row] ?? 1) : packets;
    const hasHoles = method(row) !== 'tcp_retransmission';
    return [{ direction, size, client: flows.address('initiator', row), lost, sent, isTcp, hasHoles }];
  });
}

/** Those that run while the other class does, for the most part: an evening's bulk says nothing of an afternoon's game. */
function atOneTime(all: readonly Sent[]): Sent[] {
  const spans = SIZES.map((size) => {
    const those = all.filter((entry) => entry.size === size).map(({ direction }) => direction);
    const from = those.reduce<bigint | null>(
      (least, { fromNs }) => (least === null || fromNs < least ? fromNs : least),
      null,
    );
    const until = those.reduce<bigint | null>(
      (most, { untilNs }) => (most === null || untilNs > most ? untilNs : most),
      null,
    );
    return { from: from ?? 0n, until: until ?? 0n };
  });
  const [game, bulk] = spans;
  if (game === undefined || bulk === undefined) return [];
  const from = game.from > bulk.from ? game.from : bulk.from;
  const until = game.until < bulk.until ? game.until : bulk.until;
  return all.filter(({ direction: { fromNs, untilNs } }) => {
    const begin = fromNs > from ? fromNs : from;
    const end = untilNs < until ? untilNs : until;
    return end >= begin && 2n * (end - begin) >= untilNs - fromNs;
  });
}

/** One client or flow: losses among packets of game size, and of bulk. */
function unitsBy(all: readonly Sent[], keyOf: (entry: Sent) => string): Unit[] {
  const units = new Map<string, Sent[]>();
  for (const entry of all) {
    const key = keyOf(entry);
    const list = units.get(key);
    if (list === undefined) units.set(key, [entry]);
    else list.push(entry);
  }
  const tallyOf = (entries: readonly Sent[], size: Size): Tally => {
    const those = entries.filter((entry) => entry.size === size);
    return {
      events: those.reduce((sum, { lost }) => sum + lost, 0),
      trials: those.reduce((sum, { sent }) => sum + sent, 0),
    };
  };
  return [...units.values()].map((entries) => [tallyOf(entries, 'game'), tallyOf(entries, 'bulk')]);
}

const having = (units: readonly Unit[], size: Size): number =>
  units.filter((unit) => unit[SIZES.indexOf(size)]?.trials !== 0).length;

const isApart = ({ low, high }: RatioDifference): boolean => low > 0 || high < 0;

/** Clear with all units, and still without any of those that add most. */
function isClear(units: readonly Unit[], difference: RatioDifference): boolean {
  const { value, ratios, influences } = difference;
  const isLarge = Math.max(...ratios) >= MIN_RATIO * Math.min(...ratios) && Math.abs(value) >= MIN_DIFFERENCE;
  if (!isLarge || !isApart(difference)) return false;
  const most = units
    .map((unit, index) => ({ unit, influence: Math.abs(influences[index] ?? 0) }))
    .sort((a, b) => b.influence - a.influence)
    .slice(0, LEFT_OUT);
  return most.every(({ unit }) => {
    const rest = ratioDifference(
      units.filter((other) => other !== unit),
      LEVEL,
    );
    return rest !== null && isApart(rest) && Math.sign(rest.value) === Math.sign(value);
  });
}

interface Told {
  readonly words: string;
  readonly entries: readonly Sent[];
  readonly lost: number;
}

const percent = (ratio: number): string => `${(100 * ratio).toFixed(2)} %`;

function toldOf(flows: Batch, side: Side): Told | null {
  const entries = atOneTime(sentOf(flows, side));
  const lossesOf = (size: Size): number =>
    entries.filter((entry) => entry.size === size).reduce((sum, { lost }) => sum + lost, 0);
  const packetsOf = (size: Size): number =>
    entries.filter((entry) => entry.size === size).reduce((sum, { sent }) => sum + sent, 0);
  if (SIZES.some((size) => packetsOf(size) < MIN_PACKETS)) return null;
  if (Math.max(...SIZES.map(lossesOf)) < MIN_LOST) return null;
  const tcp = entries.filter(({ isTcp }) => isTcp);
  const beyond = tcp.filter(({ hasHoles }) => !hasHoles).reduce((sum, { lost }) => sum + lost, 0);
  const ofTcp = tcp.reduce((sum, { lost }) => sum + lost, 0);
  if (beyond > (1 - MIN_HOLES_SHARE) * ofTcp) return null;
  const clients = unitsBy(entries, ({ client }) => client);
  const isByClient = SIZES.every((size) => having(clients, size) >= MIN_UNITS);
  const units = isByClient ? clients : unitsBy(entries, ({ direction }) => String(direction.row));
  if (SIZES.some((size) => having(units, size) < MIN_UNITS)) return null;
  const difference = ratioDifference(units, LEVEL);
  if (difference === null || !isClear(units, difference)) return null;
  const [more, less] = difference.value > 0 ? (['bulk', 'game'] as const) : (['game', 'bulk'] as const);
  const bounds = [difference.low, difference.high].map(Math.abs).sort((a, b) => a - b);
  const wordsOf = (size: Size): string =>
    `${size === 'bulk' ? 'bulk-sized' : 'game-sized'} packets ${percent(difference.ratios[SIZES.indexOf(size)] ?? 0)} (${lossesOf(size)} lost in ${plural(entries.filter((entry) => entry.size === size).length, 'flow')} of ${plural(having(clients, size), 'client')})`;
  return {
    words: `toward the ${side === 'forward' ? 'responder' : 'initiator'} ${wordsOf(more)}, ${wordsOf(less)}: ${percent(bounds[0] ?? 0)} to ${percent(bounds[1] ?? 0)} apart (${LEVEL * 100} % interval over ${isByClient ? 'clients' : 'flows'})`,
    entries,
    lost: lossesOf(more),
  };
}

export const lossBySize: Rule = (flows): Finding | null => {
  const told = (['forward', 'reverse'] as const).flatMap((side) => toldOf(flows, side) ?? []);
  if (told.length === 0) return null;
  const rows = [...new Set(told.flatMap(({ entries }) => entries.map(({ direction }) => direction.row)))];
  return {
    id: 'loss/by-size',
    severity: 'notice',
    claim: `loss differs by the size of packets: ${told.map(({ words }) => words).join('; ')}`,
    threshold: `directions of at most ${GAME_BYTES} bytes per packet (UDP that numbers its packets) against at least ${BULK_BYTES} (none above ${WIRE_BYTES}: offload), of the same time: at least ${MIN_UNITS} clients or flows and ${MIN_PACKETS} packets each, ${MIN_LOST} losses; ${MIN_RATIO} times as much and ${MIN_DIFFERENCE * 100} % apart (3GPP 5QI 3), with and without any of those that add most; defaults, not a standard`,
    limits:
      'bulk TCP fills the queue until it loses (congestion control), so more loss of bulk alone is no policy; port, protocol and host differ with size; losses before the capture point only; captures of both ends settle where',
    count: told.reduce((sum, { lost }) => sum + lost, 0),
    flow_ids: namedFlows(
      flows,
      rows.sort((a, b) => a - b),
    ),
  };
};
