/** Packets that only the sender's capture has: which of them the network lost, and which the receiver's capture missed. */

import { FLAG, NO_FLOW } from '../engine/pair.ts';
import type { Totals, Way } from './accumulate.ts';
import type { ClockFit } from './clock.ts';
import { drift } from './course.ts';
import { count } from './counts.ts';
import type { Points } from './points.ts';
import type { LostPackets } from './types.ts';

/** A silence counts as the capture's when so many packets are missing in it, and of so many it is proved that they passed. */
const MIN_MISSING = 4;
const MIN_PROOFS = 2;

export interface Bursts {
  readonly bursts: number;
  readonly mean_packets: number | null;
  readonly max_packets: number;
  readonly conditional_loss_ratio: number | null;
}

/** Delays near the ends of a capture are judged by those of so long before. */
const EDGE_NS = 5e9;

/** Smallest and largest delay of a way near the beginning and near the end of what was matched. */
interface Edges {
  readonly first: readonly [number, number];
  readonly last: readonly [number, number];
}

function edgesOf({ timeNs, delayNs }: Points): Edges {
  const range = (test: (time: number) => boolean): readonly [number, number] => {
    let [low, high] = [Infinity, -Infinity];
    for (let at = 0; at < timeNs.length; at++) {
      if (!test(timeNs[at]!)) continue;
      low = Math.min(low, delayNs[at]!);
      high = Math.max(high, delayNs[at]!);
    }
    return low > high ? [0, 0] : [low, high];
  };
  const [begin, end] = [timeNs[0] ?? 0, timeNs.at(-1) ?? 0];
  return { first: range((time) => time <= begin + EDGE_NS), last: range((time) => time >= end - EDGE_NS) };
}

/**
 * Settles every packet that one capture lacks into `lost`, `dropsAtReceiver` or `dropsAtSender`, leaving out those that the
 * other capture was not running for; and tells how the losses cluster.
 *
 * Proof that a capture missed a packet: its bytes were acknowledged and never sent again; or the packet itself is at the other
 * end though this capture, at its sender, lacks it. Where such proofs lie in one silence of a capture, everything due in that
 * silence is the capture's doing.
 */
export function settleLosses(totals: Totals, points: readonly [Points, Points]): readonly [Bursts, Bursts] {
  const edges = [edgesOf(points[0]), edgesOf(points[1])] as const;
  // A packet counts only if it must have been inside the other capture, whatever its delay.
  const isDue = (way: Way, sentNs: number): boolean => {
    const [from, to] = totals.extents[way === 0 ? 1 : 0];
    return sentNs + edges[way].first[0] >= from && sentNs + edges[way].last[1] <= to;
  };
  const wasSent = (way: Way, arrivedNs: number): boolean => {
    const [from, to] = totals.extents[way];
    return arrivedNs - edges[way].first[1] >= from && arrivedNs - edges[way].last[0] <= to;
  };
  for (const way of [0, 1] as const) {
    const { copies } = totals.ways[way];
    copies.timeNs.forEach((time, at) => {
      // What looks like a copy may have been sent when the sender's capture did not run.
      if (!wasSent(way, time)) return;
      totals.ways[way].all.duplicated += 1;
      totals.ways[way].counts(copies.flow[at]!).duplicated += 1;
      const frame = copies.frame[at]!;
      totals.exemplars.add(`duplicated ${way}`, way === 0 ? 0 : frame, way === 0 ? frame : 0);
    });
  }
  const proofs = ([0, 1] as const).map((way) => {
    const found = new Map<number, number>();
    const { extra } = totals.ways[way];
    extra.timeNs.forEach((time, at) => {
      if (!wasSent(way, time)) return;
      // Damaged on the way, so its like is among the missing; where no checksum is right, none tells that.
      if (extra.isBroken[at]! && totals.ways[way].checksums.figures.correct > 0) {
        const frame = extra.frame[at]!;
        totals.ways[way].checksums.add('broken_unmatched');
        totals.exemplars.add(
          `checksum-broken_unmatched ${way}`,
          way === 0 ? 0 : frame,
          way === 0 ? frame : 0,
        );
        return;
      }
      totals.ways[way].all.dropsAtSender += 1;
      totals.ways[way].counts(extra.flow[at]!).dropsAtSender += 1;
      const frame = extra.frame[at]!;
      totals.exemplars.add(`drop-at-sender ${way}`, way === 0 ? 0 : frame, way === 0 ? frame : 0);
      const start = extra.silenceStartNs[at]!;
      if (!Number.isNaN(start)) count(found, start);
    });
    return found;
  });
  return [settleWay(totals, 0, proofs[1]!, isDue), settleWay(totals, 1, proofs[0]!, isDue)];
}

/** @param proofs silences of the receiver's capture in which it missed packets that it sent itself. */
function settleWay(
  totals: Totals,
  way: Way,
  proofs: ReadonlyMap<number, number>,
  isDue: (way: Way, sentNs: number) => boolean,
): Bursts {
  const own = totals.ways[way];
  const { missing } = own;
  const due = missing.timeNs.flatMap((time, at) => (isDue(way, time) ? [at] : []));
  const silences = new Map<number, { missing: number; proofs: number }>();
  for (const [start, proved] of proofs) silences.set(start, { missing: proved, proofs: proved });
  for (const at of due) {
    const start = missing.silenceStartNs[at]!;
    if (Number.isNaN(start)) continue;
    const silence = silences.get(start) ?? { missing: 0, proofs: 0 };
    silences.set(start, silence);
    silence.missing += 1;
    if (missing.flags[at]! & FLAG.acknowledged) silence.proofs += 1;
  }
  const lost: number[] = [];
  for (const at of due) {
    const silence = silences.get(missing.silenceStartNs[at]!);
    const isDrop =
      (missing.flags[at]! & FLAG.acknowledged) !== 0 ||
      (silence !== undefined && silence.missing >= MIN_MISSING && silence.proofs >= MIN_PROOFS);
    const flow = missing.flow[at]!;
    const lists = flow === NO_FLOW ? [own.all] : [own.all, own.counts(flow)];
    const frame = missing.frame[at]!;
    const second = Math.floor(missing.timeNs[at]! / 1e9);
    own.seconds.sent.add(second);
    own.sizes.sent.add(missing.ipLenBytes[at]!);
    if (missing.flags[at]! & FLAG.opens) own.opens += 1;
    for (const counts of lists) counts.sent += 1;
    totals.exemplars.add(
      `${isDrop ? 'drop-at-receiver' : 'lost'} ${way}`,
      way === 0 ? frame : 0,
      way === 0 ? 0 : frame,
    );
    if (isDrop) {
      for (const counts of lists) counts.dropsAtReceiver += 1;
      continue;
    }
    lost.push(at);
    for (const counts of lists) {
      counts.lost += 1;
      // Part of a joined segment that came says nothing about its size.
      if (!(missing.flags[at]! & FLAG.partly)) count(counts.lostBySize, missing.ipLenBytes[at]!);
    }
    count(own.seconds.lost, second);
  }
  own.lostAt = lost;
  return burstsOf(lost, missing);
}

/** Lost packets of flows that have a row, clocks aligned. */
export function lostPackets(
  totals: Totals,
  way: Way,
  fit: ClockFit,
  rowOf: (flow: number) => number | undefined,
): LostPackets {
  const { missing, lostAt } = totals.ways[way];
  const kept = lostAt.filter((at) => rowOf(missing.flow[at]!) !== undefined);
  // The server's capture tells when it left by the server's clock: in the middle of what the two clocks can be apart.
  const apart = ((fit.lowNs ?? 0) + (fit.highNs ?? 0)) / 2;
  const sentNs = (at: number): number =>
    way === 0 ? missing.timeNs[at]! : missing.timeNs[at]! - apart - drift(fit, missing.timeNs[at]!);
  return {
    sentNs: Float64Array.from(kept, sentNs),
    frame: Uint32Array.from(kept, (at) => missing.frame[at]!),
    flow: Uint32Array.from(kept, (at) => rowOf(missing.flow[at]!)!),
    ipLenBytes: Uint32Array.from(kept, (at) => missing.ipLenBytes[at]!),
  };
}

function burstsOf(lost: readonly number[], missing: { flow: number[]; index: number[] }): Bursts {
  const ordered = lost
    .filter((at) => missing.flow[at] !== NO_FLOW)
    .sort((a, b) => missing.flow[a]! - missing.flow[b]! || missing.index[a]! - missing.index[b]!);
  let bursts = 0;
  let longest = 0;
  let length = 0;
  ordered.forEach((at, position) => {
    const before = ordered[position - 1];
    const goesOn =
      before !== undefined &&
      missing.flow[before] === missing.flow[at] &&
      missing.index[before]! + 1 === missing.index[at];
    length = goesOn ? length + 1 : 1;
    if (!goesOn) bursts += 1;
    longest = Math.max(longest, length);
  });
  const total = ordered.length;
  return {
    bursts,
    mean_packets: bursts === 0 ? null : total / bursts,
    max_packets: longest,
    // Of the lost, those whose predecessor was lost too; every lost packet but a flow's last has a successor.
    conditional_loss_ratio: total === 0 ? null : (total - bursts) / total,
  };
}
