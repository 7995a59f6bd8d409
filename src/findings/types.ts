/** A claim about a capture: what is said, by which rule, on what evidence. */

import type { Batch } from '../tables/batch.ts';

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
  /** Flows that show it, first ones first, at most 20. */
  readonly flow_ids: readonly number[];
}

/** One rule: flows in, at most one finding out. */
export type Rule = (flows: Batch) => Finding | null;

/** At most this many flows are named as evidence. */
export const NAMED_FLOWS = 20;
