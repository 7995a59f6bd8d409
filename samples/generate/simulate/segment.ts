/** What passes between a TCP endpoint and the rest of the simulation. */

import type { Random } from './random.ts';

/** What one TCP packet says, before addresses are put on it. */
export interface Segment {
  readonly syn: boolean;
  readonly fin: boolean;
  readonly push: boolean;
  readonly seq: number;
  /** Null only on the first SYN. */
  readonly ack: number | null;
  readonly payloadBytes: number;
  /** Position of the first payload byte in its stream. */
  readonly streamOffset: number;
  readonly window: number;
  readonly tsValue: number | null;
  readonly tsEcho: number | null;
  readonly sack: readonly (readonly [number, number])[];
  readonly transmission: number;
}

export interface EndpointConfig {
  readonly initialSequence: number;
  readonly useTimestamps: boolean;
  /** Added to the host's millisecond clock; Linux draws one for each connection. */
  readonly timestampOffset: number;
  readonly synWindow: number;
  readonly window: number;
  /** Share of acknowledgements that wait although nothing else is to be sent, 0–1. */
  readonly delayedAckShare: number;
  /** How long a delayed one waits, µs. */
  readonly delayedAckUs: (random: Random) => number;
  /** How long the host takes for a prompt one, µs. */
  readonly promptAckUs: (random: Random) => number;
}

/** An RTT sample an ideal observer beside the sender would take: Karn's rule, and no hole repaired before it. */
export interface RttSample {
  readonly completedUs: number;
  readonly rttUs: number;
  /** The same without the peer's acknowledgement delay. */
  readonly networkUs: number;
}
