/** What an answer is made from, and what rules and sentences may look at. */

import type { DiagnosticRecord } from '../diagnostics/types.ts';
import type { PairReport } from '../engine/pair.ts';
import type { Totals } from './accumulate.ts';
import type { CaptureSummaryLike } from './capture-summary.ts';
import type { ClockFit } from './clock.ts';
import type { HostDelay } from './host-delay.ts';
import type { WayQueueing } from './queueing.ts';
import type { Clock, ClockBound, DirectionSummary, PairDocument, PairedFlow } from './types.ts';

export interface JudgeInput {
  readonly report: PairReport;
  /** Null when no flow was joined. */
  readonly totals: Totals | null;
  readonly captures: readonly (readonly CaptureSummaryLike[])[];
  readonly diagnostics: readonly (readonly DiagnosticRecord[])[];
  readonly bounds: readonly ClockBound[];
  /** Jumps of the clocks that were taken off before packets were matched. */
  readonly jumpsTakenOff: number;
}

export interface PairFacts {
  readonly input: JudgeInput;
  readonly totals: Totals;
  readonly fit: ClockFit;
  readonly clock: Clock;
  readonly directions: readonly [DirectionSummary, DirectionSummary];
  readonly queueing: readonly [WayQueueing, WayQueueing];
  readonly flows: readonly PairedFlow[];
  readonly matchRatio: number | null;
  readonly window: PairDocument['common_window'];
  /** Client, server. */
  readonly hosts: readonly [HostDelay, HostDelay];
  readonly rttMin: number | null;
  readonly pathOf: (flow: number) => number;
}

/** Diagnostics of the captures, each with the end it is of. */
export function labelled({ diagnostics }: JudgeInput): DiagnosticRecord[] {
  return ['client', 'server'].flatMap((end, index) =>
    (diagnostics[index] ?? []).map((record) => ({ ...record, message: `${end}: ${record.message}` })),
  );
}
