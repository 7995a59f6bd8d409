/** Events → counts, delays and evidence, one event at a time; what is kept is bounded but for flows, sizes and losses. */

import { CHECKSUM, FLAG, PairEvents, WHAT, type PairReport } from '../engine/pair.ts';
import { ChecksumCounts, checksumFate, isPathsDoing } from './checksums.ts';
import { Copies, Counts, Exemplars, Extra, Missing, Seconds, Tally } from './counts.ts';
import { Samples } from './samples.ts';

export type Way = 0 | 1;

/** Everything of one direction. */
export class WayTotals {
  readonly all = new Counts();
  readonly byFlow = new Map<number, Counts>();
  readonly samples = new Samples();
  readonly missing = new Missing();
  /** Places in `missing` of those that the network lost, once that is settled. */
  lostAt: readonly number[] = [];
  readonly seconds = new Seconds();
  readonly extra = new Extra();
  readonly copies = new Copies();
  readonly sizes = { sent: new Tally() };
  tooBig = 0;
  smallestMtu: number | null = null;
  unkeyable = 0;
  captureCopies = 0;
  /** SYNs without ACK that travelled this way, and packets from a higher port to a lower one. */
  opens = 0;
  fragments = 0;
  readonly checksums = new ChecksumCounts();
  /** Between departures of one flow at the sender's capture, kept for tick stretch. */
  readonly gaps = new Samples(1 << 16);

  /** What the host that this way reaches took for acknowledgments that had to leave at once. */
  readonly answers = new Samples(1 << 16);

  counts(flow: number): Counts {
    let counts = this.byFlow.get(flow);
    if (counts === undefined) this.byFlow.set(flow, (counts = new Counts()));
    return counts;
  }
}

export class Totals {
  readonly ways: readonly [WayTotals, WayTotals] = [new WayTotals(), new WayTotals()];
  readonly exemplars = new Exemplars();
  readonly base: bigint;
  /** First and last packet of client and server; times of the server without the probe's offset. */
  readonly extents: readonly [readonly [number, number], readonly [number, number]];
  /** First and last pair. */
  first: number | null = null;
  last: number | null = null;
  readonly flowExtent = new Map<number, [number, number]>();
  readonly #lastDelay = new Map<number, { delay: number; sent: number; index: number }>();

  /** Where only ports suggest the direction, a delay may have the wrong sign. */
  readonly #isTimed: (flow: number) => boolean;

  constructor(report: PairReport) {
    this.#isTimed = (flow) => report.joined[flow]?.isWayKnown === true;
    const [client, server] = report.extents;
    this.base = client?.[0] ?? 0n;
    const axis = (time: bigint, offset: bigint): number => Number(time - offset - this.base);
    const extent = (given: readonly [bigint, bigint] | null, offset: bigint): [number, number] =>
      given === null ? [0, 0] : [axis(given[0], offset), axis(given[1], offset)];
    this.extents = [extent(client, 0n), extent(server, report.offsetNs)];
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
        totals.copies.timeNs.push(event.timeNs);
        totals.copies.flow.push(flow);
        totals.copies.frame.push(way === 0 ? event.serverFrame : event.clientFrame);
      } else if (what === WHAT.answer) this.#answer(event, totals);
      else if (what === WHAT.captureCopy) totals.captureCopies += 1;
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
    totals.seconds.sent.add(second);
    totals.sizes.sent.add(ipLenBytes);
    if (flags & FLAG.opens) totals.opens += 1;
    if (flags & FLAG.fragment) totals.fragments += 1;
    const isOtherPayload = (flags & FLAG.rewritten) !== 0;
    const fate = checksumFate(event.senderChecksum, event.receiverChecksum, isOtherPayload);
    totals.checksums.add(fate);
    if (isPathsDoing(fate)) this.exemplars.add(`checksum-${fate} ${way}`, clientFrame, serverFrame);
    // What was damaged was not rewritten.
    const isRewritten = isOtherPayload && fate !== 'broken_with_payload';
    const isFragmented = (flags & FLAG.fragment) !== 0 && (flags & FLAG.resegmented) !== 0;
    for (const counts of [totals.all, own]) {
      counts.sent += 1;
      if (isFragmented) counts.fragmented += 1;
      counts.matched += 1;
      if (flags & FLAG.ambiguous) counts.ambiguous += 1;
      if (flags & FLAG.resegmented && !isFragmented) counts.resegmented += 1;
      if (isRewritten) counts.rewritten += 1;
      counts.dscp.add((event.senderClass >> 2) * 64 + (event.receiverClass >> 2));
      counts.ecn.add((event.senderClass & 3) * 4 + (event.receiverClass & 3));
      counts.ttl.add(event.senderTtl - event.receiverTtl);
      if (event.senderMss !== 0 || event.receiverMss !== 0)
        if (!(flags & FLAG.resegmented)) counts.mss.add(event.senderMss * 65536 + event.receiverMss);
      // Segments that were joined have no size of the wire.
      if (!(flags & FLAG.resegmented))
        counts.largestArrivedBytes = Math.max(counts.largestArrivedBytes, ipLenBytes);
    }
    if (isFragmented) this.exemplars.add(`fragmented ${way}`, clientFrame, serverFrame);
    if (event.senderClass !== event.receiverClass)
      this.exemplars.add(
        event.senderClass >> 2 === event.receiverClass >> 2 ? `ecn ${way}` : `dscp ${way}`,
        clientFrame,
        serverFrame,
      );
    if (event.senderMss !== event.receiverMss && !(flags & FLAG.resegmented))
      this.exemplars.add(`mss ${way}`, clientFrame, serverFrame);
    if (isRewritten) this.exemplars.add(`rewritten ${way}`, clientFrame, serverFrame);
    const hops = event.senderTtl - event.receiverTtl;
    if (own.lastTtl !== null && own.lastTtl !== hops) {
      own.ttlChanges += 1;
      totals.all.ttlChanges += 1;
      this.exemplars.add(`ttl ${way}`, clientFrame, serverFrame);
    }
    own.lastTtl = hops;
    // What came in pieces is told when the last of them came, and its place in the order is that of the first.
    const isInPieces = (flags & FLAG.resegmented) !== 0 && (flags & FLAG.timed) !== 0;
    // Equal packets that changed places cannot be told from equal packets that did not.
    if (!(flags & FLAG.ambiguous)) {
      const frame = way === 0 ? serverFrame : clientFrame;
      if (index < own.highestIndex && !(isInPieces && own.cameInOrder(index, frame))) {
        own.reordered += 1;
        totals.all.reordered += 1;
        this.exemplars.add(`reordered ${way}`, clientFrame, serverFrame);
      } else own.highestIndex = Math.max(own.highestIndex, index);
      if (event.protocol === 6) own.came(index, frame);
    }
    this.first = Math.min(this.first ?? timeNs, timeNs);
    this.last = Math.max(this.last ?? timeNs, timeNs);
    const extent = this.flowExtent.get(flow);
    if (extent === undefined) this.flowExtent.set(flow, [timeNs, timeNs]);
    else {
      extent[0] = Math.min(extent[0], timeNs);
      extent[1] = Math.max(extent[1], timeNs);
    }
    if (!(flags & FLAG.timed) || flags & FLAG.ambiguous || !this.#isTimed(flow)) return;
    const delayNs = way === 0 ? event.differenceNs : -event.differenceNs;
    const sentNs = way === 0 ? timeNs : timeNs + event.differenceNs;
    const lane = flow * 2 + way;
    const before = this.#lastDelay.get(lane);
    const sample = { timeNs, delayNs, clientFrame, serverFrame, flow, ipLenBytes };
    totals.samples.add({ ...sample, ipdvNs: before === undefined ? NaN : delayNs - before.delay });
    if (before === undefined) this.#lastDelay.set(lane, { delay: delayNs, sent: sentNs, index });
    else {
      // A lost packet in between would look like a late one.
      if (event.protocol === 17 && index === before.index + 1)
        totals.gaps.add({ ...sample, delayNs: sentNs - before.sent, ipdvNs: 0 });
      before.delay = delayNs;
      before.sent = sentNs;
      before.index = index;
    }
  }

  #answer(event: PairEvents, totals: WayTotals): void {
    // Both frames are of the one capture: the segment's, then the acknowledgment's.
    totals.answers.add({
      timeNs: event.timeNs,
      delayNs: event.differenceNs,
      ipdvNs: 0,
      clientFrame: event.clientFrame || event.serverFrame,
      serverFrame: event.answerFrame,
      flow: event.flow,
      ipLenBytes: 0,
    });
  }

  /** Counted later: whether the other capture ran when it was due is known at the end (`losses.ts`). */
  #missing(event: PairEvents, totals: WayTotals): void {
    const { way, missing } = { way: event.way, missing: totals.missing };
    missing.timeNs.push(event.timeNs);
    missing.silenceStartNs.push(event.silenceStartNs);
    missing.flow.push(event.flow);
    missing.frame.push(way === 0 ? event.clientFrame : event.serverFrame);
    missing.index.push(event.index);
    missing.ipLenBytes.push(event.ipLenBytes);
    missing.flags.push(event.flags);
  }

  #extra(event: PairEvents, totals: WayTotals): void {
    const { way, extra } = { way: event.way, extra: totals.extra };
    extra.timeNs.push(event.timeNs);
    extra.silenceStartNs.push(event.silenceStartNs);
    extra.flow.push(event.flow);
    extra.frame.push(way === 0 ? event.serverFrame : event.clientFrame);
    extra.isBroken.push(event.receiverChecksum === CHECKSUM.wrong);
  }
}
