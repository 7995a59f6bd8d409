/** Counts, delays and the fitted clock → the figures of one direction. */

import { quantileType7 } from '../statistics/quantile.ts';
import type { WayTotals } from './accumulate.ts';
import { count, Counts } from './counts.ts';
import type { Bursts } from './losses.ts';
import { behaviours } from './remarking.ts';
import type { DirectionFigures, DirectionSummary, Withheld } from './types.ts';

/** Later than this over the path's minimum misses an interpolation buffer of max(1 tick, 15 ms); the game's tick is not known here. */
export const DEADLINE_NS = 15_000_000;
/** A black hole is claimed when losses at the ordinary rate would explain it with less than this chance. */
const CHANCE = 0.001;
const MIN_HOLE_PACKETS = 3;
/** Larger IP packets are segments that the capturing host joined or had not cut yet. */
const MAX_WIRE_BYTES = 1500;

/** Queueing of the packets of a direction or a flow, any order; and |IPDV|. */
export interface Delays {
  readonly queueingNs: Float64Array;
  readonly ipdvNs: Float64Array;
}

const EMPTY: Delays = { queueingNs: new Float64Array(0), ipdvNs: new Float64Array(0) };

function sortedPairs(map: ReadonlyMap<number, number>): [number, number][] {
  return [...map].sort(([a], [b]) => a - b);
}

const whole = (value: number | null): number | null => (value === null ? null : Math.round(value));

export function figuresOf(counts: Counts | undefined, delays: Delays | null): DirectionFigures {
  const given = delays ?? EMPTY;
  const queueing = Float64Array.from(given.queueingNs).sort();
  const ipdv = Float64Array.from(given.ipdvNs).sort();
  const quantile = (q: number): number | null => whole(quantileType7(queueing, q));
  let late = 0;
  for (const value of queueing) if (value > DEADLINE_NS) late += 1;
  const reach = counts === undefined ? 0 : counts.sent - counts.dropsAtReceiver;
  const lost = counts === undefined || reach === 0 ? 0 : counts.lost / reach;
  const dscp = sortedPairs(counts?.dscp.map ?? new Map<number, number>()).map(([key, packets]) => ({
    from: key >> 6,
    to: key & 63,
    packets,
  }));
  const names = behaviours(dscp);
  const mss = sortedPairs(counts?.mss.map ?? new Map<number, number>())
    .map(([key, packets]) => ({ from: Math.floor(key / 65536), to: key % 65536, packets }))
    .filter(({ from, to }) => from !== to);
  return {
    sent: counts?.sent ?? 0,
    matched: counts?.matched ?? 0,
    lost: counts?.lost ?? 0,
    duplicated: counts?.duplicated ?? 0,
    reordered: counts?.reordered ?? 0,
    ambiguous: counts?.ambiguous ?? 0,
    capture_drops: (counts?.dropsAtReceiver ?? 0) + (counts?.dropsAtSender ?? 0),
    capture_drops_at_receiver: counts?.dropsAtReceiver ?? 0,
    capture_drops_at_sender: counts?.dropsAtSender ?? 0,
    loss_ratio: reach === 0 ? null : lost,
    queueing_p50_ns: quantile(0.5),
    queueing_p95_ns: quantile(0.95),
    queueing_p99_ns: quantile(0.99),
    queueing_samples: queueing.length,
    ipdv_p95_ns: whole(quantileType7(ipdv, 0.95)),
    deadline_miss_ratio: queueing.length === 0 ? null : lost + (1 - lost) * (late / queueing.length),
    dscp_transitions: dscp.map((transition, index) => ({ ...transition, behaviour: names[index] ?? '' })),
    ecn_transitions: sortedPairs(counts?.ecn.map ?? new Map<number, number>()).map(([key, packets]) => ({
      from: key >> 2,
      to: key & 3,
      packets,
    })),
    ttl_delta: mostFrequent(counts?.ttl.map),
    ttl_delta_changes: counts?.ttlChanges ?? 0,
    mss_rewrites: mss,
    black_hole_above_bytes: counts === undefined ? null : blackHole(counts),
  };
}

/** Of packets that came: the share that came too late. */
export function lateRatio({ deadline_miss_ratio: missed, loss_ratio: lost }: DirectionFigures): number {
  if (missed === null || lost === 1) return 0;
  return (missed - (lost ?? 0)) / (1 - (lost ?? 0));
}

function mostFrequent(map: ReadonlyMap<number, number> | undefined): number | null {
  let best: [number, number] | null = null;
  for (const entry of sortedPairs(map ?? new Map<number, number>()))
    if (best === null || entry[1] > best[1]) best = entry;
  return best?.[0] ?? null;
}

/** The largest IP packet that arrived, when all larger ones were lost and chance does not explain it. */
export function blackHole(counts: Counts): number | null {
  const largest = counts.largestArrivedBytes;
  if (largest === 0) return null;
  let above = 0;
  for (const [bytes, packets] of counts.lostBySize)
    if (bytes > largest && (bytes <= MAX_WIRE_BYTES || largest > MAX_WIRE_BYTES)) above += packets;
  const below = counts.lost - above;
  const ratio = Math.max(0.001, below / Math.max(1, below + counts.matched));
  return above >= MIN_HOLE_PACKETS && ratio ** above < CHANCE ? largest : null;
}

/** A way that nothing above a size passes, though other ways of the same direction carry more. */
export interface PathHole {
  readonly path: number;
  readonly aboveBytes: number;
  /** Larger packets, all lost. */
  readonly packets: number;
}

export function holesOfPaths(totals: WayTotals, pathOf: (flow: number) => number): PathHole[] {
  const byPath = new Map<number, Counts>();
  for (const [flow, own] of totals.byFlow) {
    const path = pathOf(flow);
    const sum = byPath.get(path) ?? new Counts();
    byPath.set(path, sum);
    sum.matched += own.matched;
    sum.lost += own.lost;
    sum.largestArrivedBytes = Math.max(sum.largestArrivedBytes, own.largestArrivedBytes);
    for (const [bytes, packets] of own.lostBySize) count(sum.lostBySize, bytes, packets);
  }
  return [...byPath].flatMap(([path, counts]) => {
    const aboveBytes = blackHole(counts);
    if (aboveBytes === null) return [];
    const larger = [...counts.lostBySize].filter(([bytes]) => bytes > aboveBytes);
    return [{ path, aboveBytes, packets: larger.reduce((sum, [, packets]) => sum + packets, 0) }];
  });
}

const SIZES = [0, 129, 257, 513, 1025, 1301, 1501, 65_536] as const;

export function summaryOfWay(
  totals: WayTotals,
  delays: Delays | null,
  bursts: Bursts,
  withheld: Withheld,
): DirectionSummary {
  const { all } = totals;
  const bySize = SIZES.slice(0, -1).map((from, index) => {
    const to = SIZES[index + 1]! - 1;
    const sum = (map: ReadonlyMap<number, number>): number =>
      sortedPairs(map).reduce(
        (total, [bytes, packets]) => total + (bytes >= from && bytes <= to ? packets : 0),
        0,
      );
    return { from_bytes: from, to_bytes: to, sent: sum(totals.sizes.sent.map), lost: sum(all.lostBySize) };
  });
  return {
    ...figuresOf(all, delays),
    loss_bursts: bursts,
    loss_by_size: bySize.filter(({ sent }) => sent > 0),
    loss_by_rate: byRate(totals),
    packet_too_big_messages: totals.tooBig,
    path_mtu_bytes: totals.smallestMtu,
    fragmented: all.fragmented,
    payload_rewrites: all.rewritten,
    checksums: totals.checksums.figures,
    resegmented: all.resegmented,
    withheld,
  };
}

/** Seconds in four groups of equal number, from quiet to busy. */
function byRate({ seconds }: WayTotals): DirectionSummary['loss_by_rate'] {
  const rows = sortedPairs(seconds.sent.map)
    .map(([second, sent]) => ({ second, sent, lost: seconds.lost.get(second) ?? 0 }))
    .sort((a, b) => a.sent - b.sent || a.second - b.second);
  const groups = rows.length < 8 ? 1 : 4;
  return Array.from({ length: rows.length === 0 ? 0 : groups }, (_, group) => {
    const part = rows.slice(
      Math.floor((group * rows.length) / groups),
      Math.floor(((group + 1) * rows.length) / groups),
    );
    return {
      from_packets_per_second: part[0]!.sent,
      to_packets_per_second: part.at(-1)!.sent,
      sent: part.reduce((sum, row) => sum + row.sent, 0),
      lost: part.reduce((sum, row) => sum + row.lost, 0),
    };
  });
}
