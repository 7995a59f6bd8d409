/**
 * Player-minutes: one client's whole UTC minute as one cell, the unit every later statistic weighs equally (S1).
 * Shapes only; `player-minutes-collector.ts` fills them from table batches.
 */
import type { IdentifiedBy } from '../cohorts/identity.ts';
import type { SpeakingTier, TierMinutes } from './rtt-tier.ts';
import type { Vantage } from './vantage.ts';

export interface DirectionLoss {
  readonly sent: number;
  readonly lost: number;
}

export interface PlayerCell {
  /** Index into `clients`. */
  readonly client: number;
  /** 0-based whole minute of the window. */
  readonly minute: number;
  readonly samples: number;
  /** Null with fewer than five samples. */
  readonly rttP50Ns: number | null;
  readonly rttP95Ns: number | null;
  readonly rttMinNs: number | null;
  /** p95(RTT) − min(RTT) inside the cell: PDV of RFC 5481, over the round trip. */
  readonly pdvP95Ns: number | null;
  /** Captured plus lost packets, both directions, where loss is measurable; null where it is not. */
  readonly sentPackets: number | null;
  readonly lostPackets: number | null;
  /** The same per direction; null where that direction's loss is not measurable. */
  readonly toClient: DirectionLoss | null;
  readonly toServer: DirectionLoss | null;
  /** RTT samples later than their flow's minimum of the period plus the buffer, of `timedSamples`. */
  readonly lateSamples: number;
  readonly timedSamples: number;
}

/** Connection attempts of one client in one minute; kept to the very edges of the period. */
export interface ConnectCell {
  readonly client: number;
  readonly minute: number;
  readonly attempts: number;
  /** No reply within 3 s. */
  readonly failures: number;
  /** Answered with RST: a reply, so not a failure; counted apart. */
  readonly refused: number;
}

export interface PlayerClient {
  /** What tells this client from others: player id, address with port set, or address (cohorts/identity.ts). */
  readonly id: string;
  readonly identifiedBy: IdentifiedBy;
  /** The smallest of its addresses, for cohorts. */
  readonly address: string;
  /** The MSS most of the client's SYNs carried; smallest on a tie. */
  readonly mssOptionBytes: number | null;
  /** Other MSS values seen: more than one device, or a path that changed. */
  readonly otherMssOptionBytes: readonly number[];
  /** Servers that the client's flows went to, ascending. */
  readonly servers: readonly string[];
  /** What kind of round trip its cells rest on; null where no kind gives a cell of its own. */
  readonly rttTier: SpeakingTier | null;
  readonly rttMinutes: TierMinutes;
}

export interface PlayerMinutes {
  readonly firstTimestampNs: bigint | null;
  readonly lastTimestampNs: bigint | null;
  /** Whole minutes inside the period less 30 s at each end; the first as minutes since the epoch. */
  readonly firstMinute: number;
  readonly minutes: number;
  readonly vantage: Vantage;
  readonly vantageReason: string;
  /** Ascending by id. */
  readonly clients: readonly PlayerClient[];
  readonly servers: readonly string[];
  /** Ascending by client, then minute. */
  readonly cells: readonly PlayerCell[];
  readonly connects: readonly ConnectCell[];
  readonly rttSamples: number;
  /** Flows per RTT method that their cells rest on, ascending by name. */
  readonly methods: readonly { readonly method: string; readonly flows: number }[];
  readonly deadlineBufferNs: number;
  /** Flows left out of loss because only one direction was captured. */
  readonly oneSidedFlows: number;
  /** Samples and bins of flows that no flow row named. */
  readonly orphanRows: number;
}
