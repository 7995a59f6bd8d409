/** What player-minutes are made from: batches of the rtt and bins tables and rows of flows, as plain typed arrays. */

/** Codes of the `method` column, in the order of the rtt table's definition. */
export const RTT_METHODS = [
  'handshake',
  'timestamp',
  'ack',
  'quic_spin',
  'quic_handshake',
  'app_ack',
  'icmp_echo',
  'rtcp',
  'stun',
] as const;

export interface RttBatch {
  readonly rows: number;
  readonly flowId: Uint32Array;
  readonly timestampNs: BigInt64Array;
  /** 0 initiator, 1 responder. */
  readonly toward: Uint8Array;
  readonly method: Uint8Array;
  readonly rttNs: BigInt64Array;
}

/** Bins of 60 s that begin on a UTC minute. */
export interface BinBatch {
  readonly rows: number;
  readonly flowId: Uint32Array;
  /** 0 forward, 1 reverse. */
  readonly direction: Uint8Array;
  readonly binStartNs: BigInt64Array;
  readonly packets: Uint32Array;
  readonly lostPackets: Uint32Array;
  /** 1 where loss was measurable; 0 is null. */
  readonly lostValid: Uint8Array;
}

export interface FlowRow {
  readonly flowId: number;
  readonly initiator: string;
  readonly responder: string;
  readonly initiatorPort: number | null;
  readonly responderPort: number | null;
  readonly protocol: number;
  readonly connectionState: string | null;
  readonly handshakeAttempts: number | null;
  readonly rttHandshakeNs: number | null;
  readonly forwardMssOptionBytes: number | null;
  readonly firstTimestampNs: bigint;
  readonly lastTimestampNs: bigint;
  /** Packets from the responder; tells a SYN without reply from a SYN-ACK without ACK. Null when not known. */
  readonly reversePackets?: number | null;
  /** What the path did to each direction; absent where a caller has no use for it. */
  readonly forwardPath?: PathMarks;
  readonly reversePath?: PathMarks;
}

/** Marks that a path leaves on a direction's packets, and the cadence of their sender. */
export interface PathMarks {
  readonly ttlMax: number | null;
  readonly dscpFirst: number | null;
  readonly mssOptionBytes: number | null;
  readonly tickPeriodNs: number | null;
  /** 0 to 1. */
  readonly tickConfidence: number | null;
}
