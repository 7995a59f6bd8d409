/** Events → counts, delays and evidence, one event at a time; what is kept is bounded but for flows, sizes and losses. */

import { FLAG, NO_FLOW, PairEvents, WHAT, type PairReport } from '../engine/pair.ts';
import { count, Counts, Exemplars, Missing, Seconds } from './counts.ts';
import { Samples } from './samples.ts';

export type Way = 0 | 1;

/** Everything of one direction. */
export class WayTotals {
  readonly all = new Counts();
  readonly byFlow = new Map<number, Counts>();
  readonly samples = new Samples();
  readonly missing = new Missing();
  readonly seconds = new Seconds();
  /** In the receiver's capture and not in the sender's: silence start at the sender's end → how many. */
  readonly proofs = new Map<number, number>();
  readonly sizes = { sent: new Map<number, number>() };
  tooBig = 0;
  smallestMtu: number | null = null;
  unkeyable = 0;
  captureCopies = 0;
  /** SYNs without ACK that travelled this way, and packets from a higher port to a lower one. */
  opens = 0;
  fragments = 0;
  /** Between departures of one flow at the sender's capture, kept for tick stretch. */
  readonly gaps = new Samples(1 << 16);

  counts(flow: number): Counts {
    let counts = this.byFlow.get(flow);
    if (counts === undefined) this.byFlow.set(flow, (counts = new Counts()));
    return counts;
  }
}

/** ns on the client's clock since its first packet, between which a missing packet means something. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

export class Totals {
  readonly ways: readonly [WayTotals, WayTotals] = [new WayTotals(), new WayTotals()];
  readonly exemplars = new Exemplars();
  readonly base: bigint;
  /** For packets that the receiver or the sender of each way misses. */
  readonly #receiver: readonly [Window, Window];
  readonly #sender: readonly [Window, Window];
  /** First and last pair. */
  first: number | null = null;
  last: number | null = null;
  readonly flowExtent = new Map<number, [number, number]>();
  readonly #lastDelay = new Map<number, { delay: number; sent: number }>();

  constructor(report: PairReport) {
    const [client, server] = report.extents;
    const [low, high] = report.differenceNs;
    this.base = client?.[0] ?? 0n;
    const axis = (time: bigint): number => Number(time - this.base);
    const span = Number(high - low);
    const atClient = { from: span, to: axis(client?.[1] ?? this.base) - span };
    const atServer = {
      from: axis((server?.[0] ?? 0n) - low),
      to: axis((server?.[1] ?? 0n) - high),
    };
    this.#receiver = [atServer, atClient];
    this.#sender = [atClient, atServer];
  }

  add(bytes: Uint8Array<ArrayBuffer>): void {
    const event = new PairEvents(bytes);
    for (let at = 0; at < event.length; at++) {
      event.at = at;
      const { what, way, flow } = event;
      const totals = this.ways[way];
      if (what === WHAT.pair) this.#pair(event, totals);
      else if (what === WHAT.missing) this.#missing(event, totals);
      else if (what === WHAT.extra) this.#extra(event, totals);
      else if (what === WHAT.duplicate) {
        totals.all.duplicated += 1;
        totals.counts(flow).duplicated += 1;
        this.exemplars.add(`duplicated ${way}`, event.clientFrame, event.serverFrame);
      } else if (what === WHAT.captureCopy) totals.captureCopies += 1;
      else if (what === WHAT.unkeyable) totals.unkeyable += 1;
      else if (what === WHAT.tooBig) {
        totals.tooBig += 1;
        totals.smallestMtu = Math.min(totals.smallestMtu ?? Infinity, event.mtuBytes);
        this.exemplars.add(`too-big ${way}`, event.clientFrame, event.serverFrame);
      }
    }
  }

  #pair(event: PairEvents, totals: WayTotals): void {
    const { flow, way, flags, timeNs, ipLenBytes, index, clientFrame, serverFrame } = event;
    const own = totals.counts(flow);
    const second = Math.floor(timeNs / 1e9);
    count(totals.seconds.sent, second);
    count(totals.sizes.sent, ipLenBytes);
    if (flags & FLAG.opens) totals.opens += 1;
    if (flags & FLAG.fragment) totals.fragments += 1;
    for (const counts of [totals.all, own]) {
      counts.sent += 1;
      counts.matched += 1;
      if (flags & FLAG.ambiguous) counts.ambiguous += 1;
      if (flags & FLAG.resegmented) counts.resegmented += 1;
      if (flags & FLAG.rewritten) counts.rewritten += 1;
      count(counts.dscp, (event.senderClass >> 2) * 64 + (event.receiverClass >> 2));
      count(counts.ecn, (event.senderClass & 3) * 4 + (event.receiverClass & 3));
      count(counts.ttl, event.senderTtl - event.receiverTtl);
      if (event.senderMss !== 0 || event.receiverMss !== 0)
        if (!(flags & FLAG.resegmented)) count(counts.mss, event.senderMss * 65536 + event.receiverMss);
      // Segments that were joined have no size of the wire.
      if (!(flags & FLAG.resegmented))
        counts.largestArrivedBytes = Math.max(counts.largestArrivedBytes, ipLenBytes);
    }
    if (event.senderClass !== event.receiverClass)
      this.exemplars.add(
        event.senderClass >> 2 === event.receiverClass >> 2 ? `ecn ${way}` : `dscp ${way}`,
        clientFrame,
        serverFrame,
      );
    if (event.senderMss !== event.receiverMss && !(flags & FLAG.resegmented))
      this.exemplars.add(`mss ${way}`, clientFrame, serverFrame);
    if (flags & FLAG.rewritten) this.exemplars.add(`rewritten ${way}`, clientFrame, serverFrame);
    const hops = event.senderTtl - event.receiverTtl;
    if (own.lastTtl !== null && own.lastTtl !== hops) {
      own.ttlChanges += 1;
      totals.all.ttlChanges += 1;
      this.exemplars.add(`ttl ${way}`, clientFrame, serverFrame);
    }
    own.lastTtl = hops;
    if (index < own.highestIndex) {
      own.reordered += 1;
      totals.all.reordered += 1;
      this.exemplars.add(`reordered ${way}`, clientFrame, serverFrame);
    } else own.highestIndex = index;
    this.first = Math.min(this.first ?? timeNs, timeNs);
    this.last = Math.max(this.last ?? timeNs, timeNs);
    const extent = this.flowExtent.get(flow);
    if (extent === undefined) this.flowExtent.set(flow, [timeNs, timeNs]);
    else {
      extent[0] = Math.min(extent[0], timeNs);
      extent[1] = Math.max(extent[1], timeNs);
    }
    if (!(flags & FLAG.timed) || flags & FLAG.ambiguous) return;
    const delayNs = way === 0 ? event.differenceNs : -event.differenceNs;
    const sentNs = way === 0 ? timeNs : timeNs + event.differenceNs;
    const lane = flow * 2 + way;
    const before = this.#lastDelay.get(lane);
    const sample = { timeNs, delayNs, clientFrame, serverFrame, flow, ipLenBytes };
    totals.samples.add({ ...sample, ipdvNs: before === undefined ? NaN : delayNs - before.delay });
    if (before === undefined) this.#lastDelay.set(lane, { delay: delayNs, sent: sentNs });
    else {
      if (event.protocol === 17) totals.gaps.add({ ...sample, delayNs: sentNs - before.sent, ipdvNs: 0 });
      before.delay = delayNs;
      before.sent = sentNs;
    }
  }

  #missing(event: PairEvents, totals: WayTotals): void {
    const { way, timeNs, flow } = event;
    if (!isInside(this.#receiver[way], timeNs)) return;
    for (const counts of flow === NO_FLOW ? [totals.all] : [totals.all, totals.counts(flow)])
      counts.sent += 1;
    count(totals.seconds.sent, Math.floor(timeNs / 1e9));
    count(totals.sizes.sent, event.ipLenBytes);
    if (event.flags & FLAG.opens) totals.opens += 1;
    const { missing } = totals;
    missing.timeNs.push(timeNs);
    missing.silenceStartNs.push(event.silenceStartNs);
    missing.silenceNs.push(event.silenceNs);
    missing.flow.push(flow);
    missing.frame.push(way === 0 ? event.clientFrame : event.serverFrame);
    missing.index.push(event.index);
    missing.ipLenBytes.push(event.ipLenBytes);
    missing.flags.push(event.flags);
  }

  #extra(event: PairEvents, totals: WayTotals): void {
    const { way, timeNs, flow, silenceStartNs } = event;
    if (!isInside(this.#sender[way], timeNs)) return;
    totals.all.dropsAtSender += 1;
    totals.counts(flow).dropsAtSender += 1;
    if (!Number.isNaN(silenceStartNs)) count(totals.proofs, silenceStartNs);
    this.exemplars.add(`drop-at-sender ${way}`, event.clientFrame, event.serverFrame);
  }
}

function isInside({ from, to }: Window, at: number): boolean {
  return at >= from && at <= to;
}
