/**
 * What the simulator knows and a measurer should find: for every packet where it is in both files or what became of it,
 * the clocks, and the counts of DESIGN §5 over any window.
 */

import { clockErrorNs, readClock } from './capture.ts';
import { checksumOnTheWay } from './checksums.ts';
import type { ChecksumTruth } from './checksums.ts';
import type { SeenCapture, SeenFrame } from './capture.ts';
import { remarked } from './frames.ts';
import type { Network } from './network.ts';
import { senderOf } from './packet.ts';
import type { Direction, Unit } from './packet.ts';
import type { Scenario } from './scenario.ts';

export interface PacketTruth {
  readonly direction: Direction;
  readonly flow: number;
  readonly kind: string;
  /** True time at the sender's capture, µs since second 0. */
  readonly sentUs: number;
  /** IP length at the sender. */
  readonly ipLenBytes: number;
  /** Frame in the sender's file; null where that capture missed it or was not running. */
  readonly senderFrame: number | null;
  /** Frames in the receiver's file that hold it or a part of it, in the order of the file. */
  readonly receiverFrames: readonly number[];
  /** Of those, frames that hold only copies. */
  readonly copies: number;
  /** Pieces on the wire, and how many of them arrived. */
  readonly pieces: number;
  readonly arrived: number;
  /** `partial`: some pieces lost. `capture-drop`: all arrived, and the receiver's file lacks it. `outside`: it was not recording. */
  readonly fate: 'matched' | 'lost' | 'partial' | 'capture-drop' | 'outside';
  readonly lostBy: 'loss' | 'mtu' | null;
  /** RFC 4737: a packet sent later arrived earlier, within its flow and within the direction. */
  readonly reorderedInFlow: boolean;
  readonly reorderedInDirection: boolean;
  /** One-way delay of its first arrival. */
  readonly delayUs: number | null;
  readonly checksum: ChecksumTruth;
  readonly dscp: number;
  readonly dscpAfter: number;
}

/** Figures of one direction as DESIGN §5 defines them. */
export interface DirectionTruth {
  /** Packets in the sender's file, sent inside the window. */
  readonly sent: number;
  /** Of those, in the receiver's file too. */
  readonly matched: number;
  /** Of those, dropped by the network, whole or in part. */
  readonly lost: number;
  /** Frames of the receiver's file that are copies, of packets sent inside the window. */
  readonly duplicated: number;
  readonly reordered: number;
  readonly reorderedInDirection: number;
  /** Delivered, and missing from the receiver's file. */
  readonly captureDropsAtReceiver: number;
  /** In the receiver's file, sent inside the window, and missing from the sender's. */
  readonly captureDropsAtSender: number;
}

export interface Truth {
  readonly scenario: Scenario;
  readonly clock: {
    /** Server minus client at the first common instant. */
    readonly offsetNs: number;
    readonly firstCommonUs: number;
    readonly skewPpm: number;
    readonly steps: readonly { readonly atUs: number; readonly deltaNs: number }[];
  };
  readonly rttMinNs: number;
  readonly packets: readonly PacketTruth[];
  /** Frames of routers' ICMP errors, which belong to no direction's figures. */
  readonly routerErrors: Readonly<Record<'client' | 'server', readonly number[]>>;
  /** Frames that pass one capture only, other than those. */
  readonly strangers: Readonly<Record<'client' | 'server', readonly number[]>>;
  /** Client frame and server frame that show the same packet, as `clientFrame:serverFrame`. */
  readonly links: ReadonlySet<string>;
  /** The client's clock at a true time, and back (exact where the clock does not step). */
  readonly clientClockNs: (atUs: number) => bigint;
}

export function truthOf(network: Network, client: SeenCapture, server: SeenCapture): Truth {
  const { scenario } = network;
  const captures = { client, server };
  const direction = {
    client_to_server: packetsOf(network, captures, 'client_to_server'),
    server_to_client: packetsOf(network, captures, 'server_to_client'),
  };
  const packets = [...direction.client_to_server, ...direction.server_to_client];
  const firstCommonUs = Math.max(client.frames[0]?.atUs ?? 0, server.frames[0]?.atUs ?? 0);
  const offsetAt = (atUs: number) =>
    clockErrorNs(scenario.server.clock, atUs) - clockErrorNs(scenario.client.clock, atUs);
  const steps = [
    ...scenario.server.clock.steps.map(({ atSeconds, deltaNs }) => ({ atUs: atSeconds * 1e6, deltaNs })),
    ...scenario.client.clock.steps.map(({ atSeconds, deltaNs }) => ({
      atUs: atSeconds * 1e6,
      deltaNs: -deltaNs,
    })),
  ].sort((a, b) => a.atUs - b.atUs);
  const links = new Set<string>();
  for (const packet of packets) {
    if (packet.senderFrame === null) continue;
    for (const frame of packet.receiverFrames) {
      links.add(
        packet.direction === 'client_to_server'
          ? `${packet.senderFrame}:${frame}`
          : `${frame}:${packet.senderFrame}`,
      );
    }
  }
  const oneSided = (capture: SeenCapture, isRouterError: boolean) =>
    capture.frames.filter(({ oneSided }) => oneSided?.isRouterError === isRouterError).map(frameNumber);
  return {
    scenario,
    clock: {
      offsetNs: offsetAt(firstCommonUs),
      firstCommonUs,
      skewPpm: scenario.server.clock.skewPpm - scenario.client.clock.skewPpm,
      steps,
    },
    rttMinNs: Math.round(
      1000 * (smallestDelayUs(direction.client_to_server) + smallestDelayUs(direction.server_to_client)),
    ),
    packets,
    routerErrors: { client: oneSided(client, true), server: oneSided(server, true) },
    strangers: { client: oneSided(client, false), server: oneSided(server, false) },
    links,
    clientClockNs: (atUs) => readClock(scenario.client.clock, scenario.startNs, atUs),
  };
}

/** Figures over packets sent in [fromUs, toUs] of true time, of one flow or of all. */
export function countsOf(
  truth: Truth,
  direction: Direction,
  { fromUs = -Infinity, toUs = Infinity, flow }: { fromUs?: number; toUs?: number; flow?: number } = {},
): DirectionTruth {
  const inside = truth.packets.filter(
    (packet) =>
      packet.direction === direction &&
      packet.sentUs >= fromUs &&
      packet.sentUs <= toUs &&
      (flow === undefined || packet.flow === flow),
  );
  const sent = inside.filter(({ senderFrame }) => senderFrame !== null);
  const count = (test: (packet: PacketTruth) => boolean) => sent.filter(test).length;
  return {
    sent: sent.length,
    matched: count(({ receiverFrames }) => receiverFrames.length > 0),
    lost: count(({ fate }) => fate === 'lost' || fate === 'partial'),
    duplicated: sent.reduce((sum, { copies }) => sum + copies, 0),
    reordered: count(({ reorderedInFlow }) => reorderedInFlow),
    reorderedInDirection: count(({ reorderedInDirection }) => reorderedInDirection),
    captureDropsAtReceiver: count(({ fate }) => fate === 'capture-drop'),
    captureDropsAtSender: inside.filter(
      ({ senderFrame, receiverFrames }) => senderFrame === null && receiverFrames.length > 0,
    ).length,
  };
}

function packetsOf(
  network: Network,
  captures: Readonly<Record<'client' | 'server', SeenCapture>>,
  direction: Direction,
): PacketTruth[] {
  const { scenario } = network;
  const senderEnd = senderOf(direction);
  const sender = captures[senderEnd];
  const receiver = captures[senderEnd === 'client' ? 'server' : 'client'];
  const { startSeconds, stopSeconds } = scenario[receiver.end].capture;
  const lane = direction === 'client_to_server' ? scenario.clientToServer : scenario.serverToClient;
  const header = scenario.ipVersion === 4 ? 20 : 40;
  const units = network.units.filter((unit) => unit.direction === direction);
  const late = reorderedUnits(units, receiver);
  return units.map((unit) => {
    const arrived = unit.pieces.filter(({ arrivals }) => arrivals.length > 0);
    const frames = new Set<SeenFrame>();
    const firsts = new Set<SeenFrame>();
    for (const piece of unit.pieces) {
      for (const arrival of piece.arrivals) {
        const frame = receiver.frameOfArrival.get(arrival);
        if (frame === undefined) continue;
        frames.add(frame);
        // Where the capture missed the first, the copy stands for it.
        const isFirstSeen = piece.arrivals.find((other) => receiver.frameOfArrival.has(other)) === arrival;
        if (isFirstSeen) firsts.add(frame);
      }
    }
    const isOutside = arrived.some(({ arrivals }) =>
      arrivals.some(({ atUs }) => atUs < startSeconds * 1e6 || atUs > stopSeconds * 1e6),
    );
    const lostPieces = unit.pieces.length - arrived.length;
    const fate: PacketTruth['fate'] =
      arrived.length === 0
        ? 'lost'
        : lostPieces > 0
          ? 'partial'
          : frames.size > 0
            ? 'matched'
            : isOutside
              ? 'outside'
              : 'capture-drop';
    const first = Math.min(...arrived.map(({ arrivals }) => arrivals[0]!.atUs));
    const ipLenBytes =
      unit.slice === null
        ? unit.pieces.length === 1
          ? unit.pieces[0]!.ipBytes
          : wholeBytes(unit, header)
        : unit.slice.length + header + (scenario.ipVersion === 6 ? 8 : 0);
    return {
      direction,
      flow: unit.flow.ordinal,
      kind: unit.flow.kind,
      sentUs: unit.sentUs,
      ipLenBytes,
      senderFrame: sender.frameOfUnit.get(unit)?.frameNumber ?? null,
      receiverFrames: [...frames].map(frameNumber).sort((a, b) => a - b),
      copies: frames.size - firsts.size,
      pieces: unit.pieces.length,
      arrived: arrived.length,
      fate,
      lostBy: unit.pieces.find(({ lostBy }) => lostBy !== null)?.lostBy ?? null,
      reorderedInFlow: late.inFlow.has(unit),
      reorderedInDirection: late.inDirection.has(unit),
      delayUs: arrived.length === 0 ? null : first - unit.sentUs,
      checksum: checksumOnTheWay(lane, unit),
      dscp: unit.ip.dscp,
      dscpAfter: remarked(unit.ip.dscp, lane),
    };
  });
}

function wholeBytes(unit: Unit, header: number): number {
  // Every piece repeats the headers; the unit has them once.
  const { message, pieces } = unit;
  const total = pieces.reduce((sum, { ipBytes }) => sum + ipBytes, 0);
  if (message.kind !== 'tcp') return total - (pieces.length - 1) * header;
  const overhead =
    pieces[0]!.ipBytes - (pieces[0]!.message.kind === 'tcp' ? pieces[0]!.message.payloadBytes : 0);
  return total - (pieces.length - 1) * overhead;
}

/** Units whose first sighting at the receiver came after that of a unit sent later. */
function reorderedUnits(
  units: readonly Unit[],
  receiver: SeenCapture,
): { readonly inFlow: ReadonlySet<Unit>; readonly inDirection: ReadonlySet<Unit> } {
  const seen: { readonly unit: Unit; readonly frame: number }[] = [];
  for (const unit of units) {
    let frame = Infinity;
    for (const piece of unit.pieces) {
      for (const arrival of piece.arrivals) {
        frame = Math.min(frame, receiver.frameOfArrival.get(arrival)?.frameNumber ?? Infinity);
      }
    }
    if (frame !== Infinity) seen.push({ unit, frame });
  }
  seen.sort((a, b) => a.frame - b.frame || a.unit.ordinal - b.unit.ordinal);
  const inFlow = new Set<Unit>();
  const inDirection = new Set<Unit>();
  const latest = new Map<number, number>();
  let latestOfAll = -1;
  for (const { unit } of seen) {
    const flow = unit.flow.ordinal;
    if (unit.ordinal < (latest.get(flow) ?? -1)) inFlow.add(unit);
    else latest.set(flow, unit.ordinal);
    if (unit.ordinal < latestOfAll) inDirection.add(unit);
    else latestOfAll = unit.ordinal;
  }
  return { inFlow, inDirection };
}

function smallestDelayUs(packets: readonly PacketTruth[]): number {
  let smallest = Infinity;
  for (const { delayUs, receiverFrames, senderFrame } of packets) {
    if (delayUs !== null && senderFrame !== null && receiverFrames.length > 0 && delayUs < smallest)
      smallest = delayUs;
  }
  return smallest;
}

function frameNumber(frame: SeenFrame): number {
  return frame.frameNumber;
}

/** The truth as a document to lie beside the two captures. */
export function truthDocument(truth: Truth) {
  const { scenario, clock } = truth;
  const { startNs, ...rest } = scenario;
  const figures = (direction: Direction) => {
    const { captureDropsAtReceiver, captureDropsAtSender, reorderedInDirection, ...counts } = countsOf(
      truth,
      direction,
    );
    return {
      ...counts,
      reordered_in_direction: reorderedInDirection,
      capture_drops_at_receiver: captureDropsAtReceiver,
      capture_drops_at_sender: captureDropsAtSender,
    };
  };
  return {
    schema: 'lagdiff/two-ended-truth@1',
    scenario: { ...rest, startNs: startNs.toString() },
    clock: {
      offset_ns: clock.offsetNs,
      skew_ppm: clock.skewPpm,
      steps: clock.steps.map(({ atUs, deltaNs }) => ({
        at_ns: truth.clientClockNs(atUs).toString(),
        delta_ns: deltaNs,
      })),
    },
    rtt_min_ns: truth.rttMinNs,
    client_to_server: figures('client_to_server'),
    server_to_client: figures('server_to_client'),
    router_errors: truth.routerErrors,
    strangers: truth.strangers,
    packets: truth.packets,
  };
}
