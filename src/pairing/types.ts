/**
 * What `pair` answers: the JSON document (`lagdiff/pair@1`) and the series that figures are drawn from.
 *
 * "Client" and "server" name the two capture points. client_to_server are packets that pass the client's capture first.
 * Durations are whole ns; absent is null, never 0. Offsets are server clock minus client clock.
 */

import type { CaptureSummaryLike } from './capture-summary.ts';
import type { DiagnosticRecord } from '../diagnostics/types.ts';
import type { FittedStep } from './course.ts';

export const PAIR_SCHEMA = 'lagdiff/pair@1';

export type Direction = 'client_to_server' | 'server_to_client';
export const DIRECTIONS: readonly Direction[] = ['client_to_server', 'server_to_client'];

/** A step of one clock against the other, told from a route change by its opposite signs in the two directions. */
export interface ClockStep {
  /** First instant after the step, on the client's clock. */
  readonly at: string;
  /** The truth lies within this of `at`: the gap between the last packet before and the first after. */
  readonly at_within_ns: number;
  readonly delta_ns: number;
}

/** A change of the path's minimum in one direction or with the same sign in both: no clock can do that. */
export interface RouteChange {
  readonly at: string;
  readonly client_to_server_ns: number;
  readonly server_to_client_ns: number;
}

/** How far one end's clock may be from UTC. */
export interface ClockBound {
  readonly end: 'client' | 'server';
  /** chrony, ntpd, ptp4l, … as given. */
  readonly source: string;
  readonly bound_ns: number;
}

export interface Clock {
  /** Middle of the interval; says nothing without it. Null when one direction has no pairs. */
  readonly offset_ns: number | null;
  /** Server clock minus client clock at the first common instant lies in [low, high], whatever the path's asymmetry. */
  readonly offset_low_ns: number | null;
  readonly offset_high_ns: number | null;
  /** high − low; the smallest round trip unless clock bounds narrowed it. */
  readonly offset_width_ns: number | null;
  /** Rate of change of the offset; null when UNIDENTIFIED. */
  readonly skew_ppm: number | null;
  /** Half the difference of what both directions say alone: what a slow common drift of the queues would look like. */
  readonly skew_doubt_ppm: number | null;
  readonly skew_status: 'identified' | 'UNIDENTIFIED';
  readonly skew_reason: string | null;
  readonly steps: readonly ClockStep[];
  /**
   * A step of this size or more would have been found at 99 % of all instants (20 s or more from the captures' ends), measured
   * by how far these queues moved both directions at once; smaller ones may be missed. Null where packets or time are too few.
   */
  readonly step_detectable_ns: number | null;
  readonly route_changes: readonly RouteChange[];
  /** The instant the offset speaks of, on the client's clock. */
  readonly at: string | null;
  /** Clock bounds from outside (chrony, PTP), as given, and whether they narrowed the interval. */
  readonly bounds: readonly ClockBound[];
  readonly bounds_used: boolean;
  readonly method: string;
}

export interface DscpTransition {
  readonly from: number;
  readonly to: number;
  readonly packets: number;
  /** RFC 9435 name of what happened to the whole direction's values, or `unchanged`. */
  readonly behaviour: string;
}

export interface EcnTransition {
  readonly from: number;
  readonly to: number;
  readonly packets: number;
}

/** Why figures of a direction are withheld; empty when none is. */
export type Withheld = readonly { readonly metric: string; readonly reason: string }[];

/** Figures of one direction, of all traffic or of one flow. Delay figures are relative to the smallest delay of the same two hosts. */
export interface DirectionFigures {
  readonly sent: number;
  readonly matched: number;
  readonly lost: number;
  /** Copies at the receiver beyond the first. */
  readonly duplicated: number;
  /** RFC 4737: at the receiver behind a packet that was sent later. */
  readonly reordered: number;
  /** Packets whose content does not tell them from others; matched by order, or left out. */
  readonly ambiguous: number;
  /** Evidence says they were there although one capture lacks them: at the receiver and at the sender. */
  readonly capture_drops: number;
  readonly capture_drops_at_receiver: number;
  readonly capture_drops_at_sender: number;
  /** lost / (sent − capture drops at the receiver). */
  readonly loss_ratio: number | null;
  readonly queueing_p50_ns: number | null;
  readonly queueing_p95_ns: number | null;
  readonly queueing_p99_ns: number | null;
  readonly queueing_samples: number;
  /** p95 of |IPDV| of successive packets of a flow (RFC 3393). */
  readonly ipdv_p95_ns: number | null;
  /** Packets later than the limit over the path's minimum. */
  readonly deadline_miss_ratio: number | null;
  readonly dscp_transitions: readonly DscpTransition[];
  readonly ecn_transitions: readonly EcnTransition[];
  /** Hops between the capture points: the most frequent TTL difference. */
  readonly ttl_delta: number | null;
  /** How often that difference changed within a flow. */
  readonly ttl_delta_changes: number;
  readonly mss_rewrites: readonly { readonly from: number; readonly to: number; readonly packets: number }[];
  /** The largest IP packet that arrived, where everything larger was lost. */
  readonly black_hole_above_bytes: number | null;
}

/** Packets by what became of their TCP or UDP checksum; but for `broken_unmatched` they add up to `matched`. */
export interface ChecksumFigures {
  /** Right at both ends. */
  readonly correct: number;
  /** Not yet filled in at the sender's capture (offload), right at the receiver's. */
  readonly unfinished: number;
  /** Right where it left, wrong where it arrived; the payload is the same. */
  readonly broken: number;
  /** The same, and the payload is another. */
  readonly broken_with_payload: number;
  /** Wrong where it arrived, and equal to nothing that was sent: damaged on the way, in flows whose checksums otherwise arrive right. */
  readonly broken_unmatched: number;
  /** A UDP checksum that was right and arrived as zero. */
  readonly removed: number;
  /** UDP that left without a checksum and arrived with a right one. */
  readonly added: number;
  /** UDP without a checksum at either end. */
  readonly absent: number;
  /** Wrong at both ends: the sender's own doing. */
  readonly wrong_at_both: number;
  /** Cut, fragmented, cut or joined anew on the way, offloaded at the sender and not right at the receiver, or of another protocol. */
  readonly not_checkable: number;
}

/** How long a host takes for acknowledgments that may not wait, from arrival to departure at its own capture. */
export interface HostDelayFigures {
  readonly samples: number;
  readonly p50_ns: number | null;
  readonly p95_ns: number | null;
  /** Of stretches of ten seconds in which half of them take more than 10 ms, and four times what they take in the others; else 0. */
  readonly late_samples: number;
  readonly late_p50_ns: number | null;
  /** The median in all other stretches. */
  readonly otherwise_p50_ns: number | null;
}

/** What only the whole direction has. */
export interface DirectionSummary extends DirectionFigures {
  /** Of all packets, by smallest delay of the direction: how losses cluster. */
  readonly loss_bursts: {
    readonly bursts: number;
    readonly mean_packets: number | null;
    readonly max_packets: number;
    /** P(lost | the packet before was lost), per flow; equals loss_ratio when losses are independent. */
    readonly conditional_loss_ratio: number | null;
  };
  /** Loss by IP length: rate- and size-dependent loss shows here. */
  readonly loss_by_size: readonly {
    readonly from_bytes: number;
    readonly to_bytes: number;
    readonly sent: number;
    readonly lost: number;
  }[];
  /** Loss by how busy the direction was in that second. */
  readonly loss_by_rate: readonly {
    readonly from_packets_per_second: number;
    readonly to_packets_per_second: number;
    readonly sent: number;
    readonly lost: number;
  }[];
  /** "Fragmentation needed" or "packet too big" seen at the sender's capture. */
  readonly packet_too_big_messages: number;
  readonly path_mtu_bytes: number | null;
  /** Datagrams that left whole and arrived as fragments. */
  readonly fragmented: number;
  /** Same place in the stream, other bytes: a proxy or an ALG. */
  readonly payload_rewrites: number;
  readonly checksums: ChecksumFigures;
  /** TCP packets that were several segments at the other capture (TSO, GRO, LRO). */
  readonly resegmented: number;
  readonly withheld: Withheld;
}

/** Addresses as one end's capture shows them. */
export interface FlowView {
  readonly src: string;
  readonly src_port: number | null;
  readonly dst: string;
  readonly dst_port: number | null;
}

export interface PairedFlow {
  /** IANA number. */
  readonly protocol: number;
  /** src is the client's side. */
  readonly client_view: FlowView;
  readonly server_view: FlowView;
  readonly is_translated: boolean;
  /** How the flow was recognised. */
  readonly association: {
    readonly rule: 'votes' | 'small-flow' | 'aligned' | 'same-hosts';
    readonly votes: number;
    readonly against: number;
  };
  /** First and last instant on the client's clock. */
  readonly first: string;
  readonly last: string;
  readonly client_to_server: DirectionFigures;
  readonly server_to_client: DirectionFigures;
}

/** One packet at both ends: what a claim points at. */
export interface PacketEvidence {
  readonly client_frame: number | null;
  readonly server_frame: number | null;
}

export interface PairFinding {
  /** Stable for ever. */
  readonly id: string;
  readonly severity: 'info' | 'notice' | 'warning';
  readonly direction: Direction | null;
  readonly claim: string;
  readonly threshold: string;
  readonly limits: string;
  readonly count: number;
  /** At most 20, the first ones or the clearest. */
  readonly packets: readonly PacketEvidence[];
  /** Wireshark display filters that show the packets; null where that end shows none. */
  readonly client_filter: string | null;
  readonly server_filter: string | null;
}

export type Blamed =
  'client host' | 'client access' | 'path forward' | 'path return' | 'server host' | 'UNDETERMINED';

export interface Blame {
  readonly verdict: Blamed;
  readonly sentence: string;
  readonly reasons: readonly string[];
  /** What speaks for each, from 0 to 1; sorted by name. */
  readonly scores: readonly { readonly segment: Blamed; readonly score: number; readonly why: string }[];
}

export interface PairDocument {
  readonly schema: typeof PAIR_SCHEMA;
  /** `paired`, `weak` (some metrics withheld) or `unrelated` (no shared traffic was found). */
  readonly status: 'paired' | 'weak' | 'unrelated';
  /** What was found, in one sentence; and when it failed, what was tried. */
  readonly summary: string;
  readonly tried: readonly string[];
  readonly client_captures: readonly CaptureSummaryLike[];
  readonly server_captures: readonly CaptureSummaryLike[];
  readonly common_window: {
    readonly first: string;
    readonly last: string;
    readonly duration_ns: number;
  } | null;
  readonly clock: Clock;
  readonly client_to_server: DirectionSummary;
  readonly server_to_client: DirectionSummary;
  /** Smallest round trip between the capture points: offset-free. */
  readonly rtt_min_ns: number | null;
  /** Packets found at both ends / packets of shared flows inside the common window, both directions. */
  readonly match_ratio: number | null;
  readonly flows: readonly PairedFlow[];
  /** Flows of one capture only, which no vote joined: they are in no figure. */
  readonly unpaired_flows: { readonly client: number; readonly server: number };
  readonly host_delay: Readonly<Record<'client' | 'server', HostDelayFigures>>;
  readonly blame: Blame;
  readonly findings: readonly PairFinding[];
  readonly diagnostics: readonly DiagnosticRecord[];
  /** With captures between the ends: each stretch by itself, from the client on. */
  readonly legs?: readonly { readonly from: string; readonly to: string; readonly document: PairDocument }[];
}

/** Packets of one direction by time, columns of equal length; at most 2¹⁸, chosen evenly by content where there are more. */
export interface PairSamples {
  /** When it passed the client's capture, by the client's clock: it left there, or arrived. ns since `PairSeries.base`. */
  readonly timeNs: Float64Array;
  /** Above the smallest delay of the same two hosts, clocks aligned. */
  readonly queueingNs: Float64Array;
  readonly clientFrame: Uint32Array;
  readonly serverFrame: Uint32Array;
  /** Index into `PairDocument.flows`. */
  readonly flow: Uint32Array;
  readonly ipLenBytes: Uint32Array;
}

/** Packets of one direction that the network lost, of paired flows, in the order of the sender's capture. */
export interface LostPackets {
  /** When it left, by the client's clock as well as that is known. ns since `PairSeries.base`. */
  readonly sentNs: Float64Array;
  /** Frame of the sender's capture. */
  readonly frame: Uint32Array;
  /** Index into `PairDocument.flows`. */
  readonly flow: Uint32Array;
  readonly ipLenBytes: Uint32Array;
}

/** Quantiles of queueing in equal parts of the common window. */
export interface QueueingBin {
  /** ns since `PairSeries.base`. */
  readonly startNs: number;
  readonly samples: number;
  readonly sent: number;
  readonly lost: number;
  readonly p50Ns: number | null;
  readonly p95Ns: number | null;
  readonly p99Ns: number | null;
  readonly minNs: number | null;
}

export interface PairSeries {
  /** Client's clock, ns since the epoch: zero of all times here. */
  readonly base: bigint;
  /** What the clocks gained at once, and where it parts the packets of both captures. */
  readonly jumps: readonly FittedStep[];
  readonly binNs: number;
  readonly bins: Readonly<Record<Direction, readonly QueueingBin[]>>;
  readonly samples: Readonly<Record<Direction, PairSamples>>;
  readonly lost: Readonly<Record<Direction, LostPackets>>;
}

export interface Pairing {
  readonly document: PairDocument;
  readonly series: PairSeries;
}
