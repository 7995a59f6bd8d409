/** What is kept of one flow until its client is known, and which of its RTT methods counts. */
import type { MinuteSamples } from './minute-samples.ts';
import { RTT_METHODS } from './table-batches.ts';

export const MIN_SAMPLES_PER_CELL = 5;
export const MINUTE_NS = 60_000_000_000n;

/** Least host delay first; handshakes last, since a flow has at most one or two. */
const METHOD_PREFERENCE = [
  'timestamp',
  'ack',
  'app_ack',
  'quic_spin',
  'rtcp',
  'icmp_echo',
  'stun',
  'handshake',
  'quic_handshake',
];

export type Minutes = Map<number, MinuteSamples>;
export interface LossMinute {
  sent: number;
  lost: number;
}
export interface FlowData {
  /** By toward × method. */
  readonly rtt: Map<number, Minutes>;
  /** By direction: 0 forward, 1 reverse. */
  readonly loss: readonly [Map<number, LossMinute>, Map<number, LossMinute>];
  readonly directions: Set<number>;
}

/** Floor division that is also right before 1970. */
export function minuteOf(timestampNs: bigint): number {
  const quotient = timestampNs / MINUTE_NS;
  return Number(timestampNs % MINUTE_NS < 0n ? quotient - 1n : quotient);
}

export interface Side {
  readonly method: string;
  readonly minutes: Minutes;
  readonly minNs: number;
}

/** The preferred method with at least five samples inside the window, else the preferred one with any. */
export function chooseSide(
  flow: FlowData,
  toward: number,
  firstMinute: number,
  minutes: number,
): Side | null {
  let fallback: Side | null = null;
  for (const method of METHOD_PREFERENCE) {
    const all = flow.rtt.get(toward * 256 + (RTT_METHODS as readonly string[]).indexOf(method));
    if (all === undefined) continue;
    const inside: Minutes = new Map(
      [...all].filter(([minute]) => minute >= firstMinute && minute < firstMinute + minutes),
    );
    let count = 0;
    let minNs = Infinity;
    for (const cell of inside.values()) {
      count += cell.count;
      minNs = Math.min(minNs, cell.min);
    }
    if (count >= MIN_SAMPLES_PER_CELL) return { method, minutes: inside, minNs };
    if (count > 0) fallback ??= { method, minutes: inside, minNs };
  }
  return fallback;
}
