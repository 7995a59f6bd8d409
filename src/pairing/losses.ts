/** Packets that only the sender's capture has: which of them the network lost, and which the receiver's capture missed. */

import { FLAG, NO_FLOW } from '../engine/pair.ts';
import type { Totals, Way } from './accumulate.ts';
import { count } from './counts.ts';

/** A silence counts as the capture's when so many packets are missing in it, and of so many it is proved that they passed. */
const MIN_MISSING = 4;
const MIN_PROOFS = 2;

export interface Bursts {
  readonly bursts: number;
  readonly mean_packets: number | null;
  readonly max_packets: number;
  readonly conditional_loss_ratio: number | null;
}

/**
 * Settles every missing packet of a way into `lost` or `dropsAtReceiver`, and tells how the losses cluster.
 *
 * Proof that a capture missed a packet: its bytes were acknowledged and never sent again; or the packet itself is at the other
 * end though this capture, at its sender, lacks it. Where such proofs lie in one silence of a capture, everything due in that
 * silence is the capture's doing.
 */
export function settleLosses(totals: Totals, way: Way): Bursts {
  const own = totals.ways[way];
  const { missing } = own;
  const silences = new Map<number, { missing: number; proofs: number }>();
  for (const [start, proofs] of totals.ways[way === 0 ? 1 : 0].proofs)
    silences.set(start, { missing: proofs, proofs });
  for (let at = 0; at < missing.length; at++) {
    const start = missing.silenceStartNs[at]!;
    if (Number.isNaN(start)) continue;
    const silence = silences.get(start) ?? { missing: 0, proofs: 0 };
    silences.set(start, silence);
    silence.missing += 1;
    if (missing.flags[at]! & FLAG.acknowledged) silence.proofs += 1;
  }
  const lost: number[] = [];
  for (let at = 0; at < missing.length; at++) {
    const silence = silences.get(missing.silenceStartNs[at]!);
    const isDrop =
      (missing.flags[at]! & FLAG.acknowledged) !== 0 ||
      (silence !== undefined && silence.missing >= MIN_MISSING && silence.proofs >= MIN_PROOFS);
    const flow = missing.flow[at]!;
    const lists = flow === NO_FLOW ? [own.all] : [own.all, own.counts(flow)];
    const frame = missing.frame[at]!;
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
    count(own.seconds.lost, Math.floor(missing.timeNs[at]! / 1e9));
  }
  return burstsOf(lost, missing);
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
