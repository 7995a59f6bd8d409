/** What is kept of one flow until its client is known, and which of its RTT methods counts. */
import type { MinuteSamples } from './minute-samples.ts';
import { METHODS_OF_TIER, RTT_TIERS, type RttTier } from './rtt-tier.ts';
import { RTT_METHODS } from './table-batches.ts';

export const MIN_SAMPLES_PER_CELL = 5;
export const MINUTE_NS = 60_000_000_000n;

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
  readonly count: number;
  readonly minNs: number;
}

/** One flow and side by every tier that has a sample inside the window. */
export type Sides = Readonly<Partial<Record<RttTier, Side>>>;

/** In each tier the preferred method with at least five samples inside the window, else the preferred one with any. */
export function sidesOf(flow: FlowData, toward: number, firstMinute: number, minutes: number): Sides {
  const sides: Partial<Record<RttTier, Side>> = {};
  for (const tier of RTT_TIERS) {
    for (const method of METHODS_OF_TIER[tier]) {
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
      if (count === 0) continue;
      if (count >= MIN_SAMPLES_PER_CELL || sides[tier] === undefined)
        sides[tier] = { method, minutes: inside, count, minNs };
      if (count >= MIN_SAMPLES_PER_CELL) break;
    }
  }
  return sides;
}

/** The first tier with at least five samples, else the first with any. */
export function bestSide(sides: Sides): Side | null {
  const present = RTT_TIERS.flatMap((tier) => sides[tier] ?? []);
  return present.find(({ count }) => count >= MIN_SAMPLES_PER_CELL) ?? present[0] ?? null;
}
