/** A claim about a capture: what is said, by which rule, on what evidence. */

import type { Batch } from '../tables/batch.ts';
import type { Changes } from './changes.ts';

/** A count over equal parts of the capture's time. */
export interface Trend {
  /** Start of the first part, RFC 3339. */
  readonly from: string | null;
  readonly part_ns: number;
  readonly counts: readonly number[];
  /** Last third against first: twice as many and ten more is rising, the reverse falling. */
  readonly direction: 'rising' | 'steady' | 'falling';
}

export interface Finding {
  /** Stable for ever, e.g. `connection/refused`. */
  readonly id: string;
  readonly severity: 'info' | 'notice' | 'warning';
  /** One sentence with its numbers. */
  readonly claim: string;
  /** The threshold that made it a finding, and where that comes from. */
  readonly threshold: string;
  /** What cannot be concluded from it. */
  readonly limits: string;
  readonly count: number;
  /** How the count ran; null where the capture has no times, absent where a rule does not follow it. */
  readonly trend?: Trend | null;
  /** Flows that show it, first ones first, at most 20. */
  readonly flow_ids: readonly number[];
}

/** One rule: flows and when their marks changed in, at most one finding out. */
export type Rule = (flows: Batch, changes: Changes) => Finding | null;

/** At most this many flows are named as evidence. */
export const NAMED_FLOWS = 20;
