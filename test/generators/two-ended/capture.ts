/** What tcpdump wrote at one end: which packets, when by that host's clock, cut and joined as its kernel does. */

import { Random } from '../../../samples/generate/simulate/random.ts';
import { linkTypes, pcapFile, pcapngFile } from '../packets.ts';
import type { CapturedFrame, PcapngBlock } from '../packets.ts';
import { ethernetBytes } from './frames.ts';
import type { Sighting } from './frames.ts';
import type { Network, OneSided } from './network.ts';
import { senderOf } from './packet.ts';
import type { Arrival, End, Message, Unit } from './packet.ts';
import type { Clock, Scenario } from './scenario.ts';

/** Segments that follow each other this closely are joined by the receiver's NIC or kernel. */
const JOIN_WITHIN_US = 200;
const JOIN_AT_MOST_BYTES = 60_000;

/** One record of the file. */
export interface SeenFrame {
  /** 1-based, as in the file. */
  readonly frameNumber: number;
  readonly atUs: number;
  readonly timestampNs: bigint;
  /** Exactly one of these three: what it shows. */
  readonly unit: Unit | null;
  readonly arrivals: readonly Arrival[];
  readonly oneSided: OneSided | null;
}

export interface SeenCapture {
  readonly end: End;
  readonly bytes: Uint8Array;
  readonly frames: readonly SeenFrame[];
  readonly droppedFrames: number;
  readonly frameOfUnit: ReadonlyMap<Unit, SeenFrame>;
  readonly frameOfArrival: ReadonlyMap<Arrival, SeenFrame>;
}

/** What a clock shows at `atUs` of true time, ns since the epoch. */
export function readClock(clock: Clock, startNs: bigint, atUs: number): bigint {
  return startNs + BigInt(Math.floor(atUs * 1000 + clockErrorNs(clock, atUs)));
}

export function clockErrorNs(clock: Clock, atUs: number): number {
  const steps = clock.steps.reduce((sum, step) => sum + (atUs >= step.atSeconds * 1e6 ? step.deltaNs : 0), 0);
  return clock.offsetNs + (clock.skewPpm * atUs) / 1000 + steps;
}

interface Event {
  readonly atUs: number;
  readonly ordinal: number;
  readonly unit: Unit | null;
  readonly arrivals: Arrival[];
  readonly oneSided: OneSided | null;
}

export function captureAt(network: Network, end: End): SeenCapture {
  const { scenario } = network;
  const { capture, clock } = scenario[end];
  const random = new Random(`two-ended ${scenario.seed} capture at ${end}`);
  const events = joined(eventsAt(network, end), capture.offload);
  const frames: SeenFrame[] = [];
  const written: CapturedFrame[] = [];
  const frameOfUnit = new Map<Unit, SeenFrame>();
  const frameOfArrival = new Map<Arrival, SeenFrame>();
  let droppedFrames = 0;
  const firstIpId = random.integer(1, 60_000);
  for (const event of events) {
    const { atUs, unit, arrivals, oneSided } = event;
    if (atUs < capture.startSeconds * 1e6 || atUs > capture.stopSeconds * 1e6) continue;
    const isInGap = capture.gaps.some(
      (gap) => atUs >= gap.atSeconds * 1e6 && atUs < (gap.atSeconds + gap.forSeconds) * 1e6,
    );
    if (isInGap || random.chance(capture.dropRatio)) {
      droppedFrames++;
      continue;
    }
    const timestampNs = readClock(clock, scenario.startNs, atUs);
    const frame: SeenFrame = { frameNumber: frames.length + 1, atUs, timestampNs, unit, arrivals, oneSided };
    frames.push(frame);
    if (unit !== null) frameOfUnit.set(unit, frame);
    for (const arrival of arrivals) frameOfArrival.set(arrival, frame);
    written.push(
      cut(
        ethernetBytes(scenario, sighting(scenario, event, end, firstIpId)),
        timestampNs,
        capture.snaplenBytes,
      ),
    );
  }
  const bytes = fileOf(scenario, end, written, droppedFrames);
  return { end, bytes, frames, droppedFrames, frameOfUnit, frameOfArrival };
}

function eventsAt(network: Network, end: End): Event[] {
  const events: Event[] = [];
  const put = (atUs: number, what: Partial<Event>) =>
    events.push({ atUs, ordinal: events.length, unit: null, arrivals: [], oneSided: null, ...what });
  for (const unit of network.units) {
    if (senderOf(unit.direction) === end) put(unit.sentUs, { unit });
    else
      for (const piece of unit.pieces)
        for (const arrival of piece.arrivals) put(arrival.atUs, { arrivals: [arrival] });
  }
  for (const oneSided of network.oneSided) if (oneSided.end === end) put(oneSided.atUs, { oneSided });
  return events.sort((a, b) => a.atUs - b.atUs || a.ordinal - b.ordinal);
}

/** Receive offload: segments of one flow that follow each other, in order and alike, become one. */
function joined(events: readonly Event[], offload: boolean): Event[] {
  if (!offload) return [...events];
  const result: Event[] = [];
  for (const event of events) {
    const last = result.at(-1);
    if (last !== undefined && canJoin(last, event)) {
      result[result.length - 1] = { ...event, arrivals: [...last.arrivals, ...event.arrivals] };
    } else result.push(event);
  }
  return result;
}

function canJoin(last: Event, next: Event): boolean {
  const a = last.arrivals.at(-1);
  const b = next.arrivals[0];
  if (a === undefined || b === undefined || next.atUs - last.atUs > JOIN_WITHIN_US) return false;
  const one = a.piece.message;
  const two = b.piece.message;
  if (a.piece.unit.flow !== b.piece.unit.flow || one.kind !== 'tcp' || two.kind !== 'tcp') return false;
  const bytes = last.arrivals.reduce((sum, { piece }) => sum + lengthOf(piece.message), 0);
  return (
    one.payloadBytes > 0 &&
    two.payloadBytes > 0 &&
    two.seq === one.seq + one.payloadBytes &&
    one.ack === two.ack &&
    one.tsValue === two.tsValue &&
    one.tsEcho === two.tsEcho &&
    // A segment with PSH ends what is joined (and so does FIN).
    (one.flags & 0x09) === 0 &&
    bytes + two.payloadBytes <= JOIN_AT_MOST_BYTES
  );
}

function lengthOf(message: Message): number {
  return message.kind === 'tcp' ? message.payloadBytes : 0;
}

function sighting(scenario: Scenario, event: Event, end: End, firstIpId: number): Sighting {
  const { unit, arrivals, oneSided } = event;
  if (oneSided !== null) {
    const alone = oneSided.unit;
    return { unit: alone, message: alone.message, slice: null, end, hops: 0, ipId: alone.ip.id };
  }
  if (unit !== null) {
    return { unit, message: unit.message, slice: unit.slice, end, hops: 0, ipId: unit.ip.id };
  }
  const first = arrivals[0]!;
  const { piece, hops } = first;
  const lane =
    piece.unit.direction === 'client_to_server' ? scenario.clientToServer : scenario.serverToClient;
  const bytes = arrivals.reduce((sum, arrival) => sum + lengthOf(arrival.piece.message), 0);
  const last = arrivals.at(-1)!.piece.message;
  const message =
    arrivals.length > 1 && piece.message.kind === 'tcp' && last.kind === 'tcp'
      ? { ...piece.message, payloadBytes: bytes, flags: last.flags }
      : piece.message;
  // Fragments of one datagram must keep one ID, and so must copies made behind the translator.
  const isFragment = piece.slice !== null;
  const place = piece.unit.ordinal + piece.unit.pieces.indexOf(piece);
  const id = lane.rewritesIpId && !isFragment ? (firstIpId + 17 * place) & 0xffff : piece.unit.ip.id;
  return { unit: piece.unit, message, slice: piece.slice, end, hops, ipId: id };
}

function cut(frame: Uint8Array, timestampNs: bigint, snaplenBytes: number): CapturedFrame {
  return { timestampNs, data: frame.slice(0, snaplenBytes), originalLenBytes: frame.length };
}

function fileOf(
  scenario: Scenario,
  end: End,
  frames: readonly CapturedFrame[],
  droppedFrames: number,
): Uint8Array {
  const { format, resolution, snaplenBytes, writesDropCounter } = scenario[end].capture;
  if (format === 'pcap') return pcapFile(frames, { resolution, snaplenBytes });
  const blocks: PcapngBlock[] = [
    { kind: 'section' },
    {
      kind: 'interface',
      linkType: linkTypes.ethernet,
      snaplenBytes,
      resolution: { base: 10, exponent: resolution === 'nanoseconds' ? 9 : 6 },
    },
    ...frames.map((frame) => ({ kind: 'packet' as const, interfaceId: 0, ...frame })),
  ];
  const last = frames.at(-1);
  if (writesDropCounter && last !== undefined) {
    blocks.push({
      kind: 'interface-statistics',
      interfaceId: 0,
      timestampNs: last.timestampNs,
      received: BigInt(frames.length + droppedFrames),
      dropped: BigInt(droppedFrames),
    });
  }
  return pcapngFile(blocks);
}
