/**
 * What a comparison says, as plain data: the shapes that `diff` prints as JSON and that the report reads.
 * Durations are nanoseconds, ratios 0–1, absent is null. JSON keys are the public contract (DESIGN §5):
 * add to them, never rename.
 */

import type { DiagnosticRecord } from '../diagnostics/types.ts';

export type { DiagnosticRecord };

/** The six words a comparison may say (domain S6). */
export type Verdict = 'DEGRADED' | 'IMPROVED' | 'EQUIVALENT' | 'MINOR' | 'INCONCLUSIVE' | 'INSUFFICIENT';

export type Metric =
  | 'rtt_p50_ns'
  | 'rtt_p95_ns'
  | 'excess_delay_p50_ns'
  | 'pdv_p95_ns'
  | 'loss_ratio'
  | 'loss_to_client_ratio'
  | 'loss_to_server_ratio'
  | 'deadline_miss_ratio'
  | 'slo_breach_ratio'
  | 'connect_failure_ratio';

/** One cohort × metric: estimate, interval, verdict, and what it rests on. */
export interface ComparisonRow {
  readonly cohort: string;
  readonly metric: Metric;
  readonly claim: 'window' | 'pattern';
  readonly baseline: number | null;
  readonly evening: number | null;
  readonly difference: number | null;
  readonly ci95: readonly [number, number] | null;
  readonly ci90: readonly [number, number] | null;
  /** Smallest effect that matters, in the metric's unit. */
  readonly margin: number;
  readonly margin_source: string;
  readonly verdict: Verdict;
  readonly p_value: number | null;
  readonly q_value: number | null;
  /** Clients and blocks per arm; the smaller arm decides. */
  readonly clients: number;
  readonly clients_baseline: number;
  readonly clients_evening: number;
  readonly blocks: number;
  readonly blocks_baseline: number;
  readonly blocks_evening: number;
  readonly cells: number;
  readonly cells_baseline: number;
  readonly cells_evening: number;
  readonly paired: boolean;
  /** The same estimate without pairing, always reported beside a paired one; null when the row is unpaired. */
  readonly unpaired: { readonly difference: number; readonly ci95: readonly [number, number] } | null;
  /** What to collect for an answer; null when there is one. */
  readonly needed: { readonly clients: number; readonly minutes: number; readonly reason: string } | null;
  readonly method: string;
  /** Doubts that travel with this row, as sentences. */
  readonly notes: readonly string[];
  /** Of a pattern row: what it rests on. */
  readonly days?: {
    readonly paired: number;
    readonly degraded: number;
    readonly differences: readonly number[];
  };
}

/** One point of the quantile shift function: Q_q(evening) − Q_q(baseline) of player-minute RTT (Harrell–Davis). */
export interface ShiftPoint {
  readonly cohort: string;
  readonly quantile: number;
  readonly baseline_ns: number;
  readonly evening_ns: number;
  readonly difference_ns: number;
  readonly ci95: readonly [number, number];
}

/** Raw against standardised difference of one metric over the cohorts (domain S5). */
export interface SimpsonCheck {
  readonly metric: Metric;
  readonly raw_difference: number | null;
  readonly standardised_difference: number | null;
  readonly mix_effect: number | null;
  /** Pooled difference with the evening weighed back to the baseline's cohort shares. */
  readonly reweighted_difference: number | null;
  /** Did the shares of the cohorts change enough to move the pooled number? If not, a flag means that cohorts moved apart. */
  readonly mix_changed: boolean;
  readonly flagged: boolean;
  readonly weights: readonly { readonly cohort: string; readonly share: number }[];
}

/** Access type read from a client's SYN MSS (domain §1.2): an inference, with confidence and reason. */
export interface AccessInference {
  readonly client: string;
  readonly access: string;
  readonly confidence: 'high' | 'medium' | 'low' | 'none';
  readonly mss_option_bytes: number | null;
  readonly reason: string;
}

export interface LossDetail {
  readonly cohort: string;
  readonly period: 'baseline' | 'evening';
  readonly sent: number;
  readonly lost: number;
  /** Var(lost per cell) over its binomial variance. */
  readonly overdispersion: number | null;
  readonly effective_n: number | null;
  /** 3 / effective_n when nothing was lost. */
  readonly upper_bound: number | null;
}

/** Distances that are displayed, never tested (p-values invalid under dependence). */
export interface Distances {
  readonly cohort: string;
  readonly wasserstein1_ns: number;
  readonly ks: number;
  readonly cliffs_delta: number;
}

export interface EcdfSeries {
  readonly cohort: string;
  readonly period: 'baseline' | 'evening';
  readonly clients: number;
  readonly cells: number;
  /** Ascending; `share[i]` of the player-minutes have RTT ≤ `rtt_ns[i]`. At most 256 points. */
  readonly rtt_ns: readonly number[];
  readonly share: readonly number[];
}

export interface TimelinePoint {
  readonly cohort: string;
  readonly period: 'baseline' | 'evening';
  /** RFC 3339 UTC. */
  readonly minute: string;
  readonly clients: number;
  /** Median over clients of the player-minute RTT p50; null where no client had a cell. */
  readonly rtt_p50_ns: number | null;
  readonly rtt_p95_ns: number | null;
}

export interface PeriodSummary {
  readonly first: string | null;
  readonly last: string | null;
  readonly clients: number;
  readonly cells: number;
  readonly rtt_samples: number;
  readonly captures: readonly { readonly path: string; readonly sha256: string; readonly records: number }[];
}

/** One paired day of several. */
export interface DayComparison {
  /** Local date on which the evening window begins. */
  readonly date: string;
  readonly verdict: Verdict;
  readonly headline: string;
  readonly baseline: { readonly first: string | null; readonly last: string | null };
  readonly evening: { readonly first: string | null; readonly last: string | null };
  readonly rows: readonly Pick<ComparisonRow, 'cohort' | 'metric' | 'difference' | 'ci95' | 'verdict'>[];
}

/** The baseline against itself, beside the headline: what the method says where nothing differs. */
export interface ControlRow {
  readonly split: 'alternating blocks' | 'every second client';
  readonly metric: Metric;
  readonly difference: number | null;
  readonly ci95: readonly [number, number] | null;
  readonly verdict: Verdict;
}

/** The document that `diff --format json` prints, schema `lagdiff/diff@1`. */
export interface Comparison {
  readonly schema: 'lagdiff/diff@1';
  /** The headline: the worst cohort × headline metric that survives multiplicity, in one word. */
  readonly verdict: Verdict;
  /** One sentence with number, interval, n and scope; built from the rows below. */
  readonly headline: string;
  /** The row that the sentence speaks of, so that every language speaks of the same one; null when no row could. */
  readonly headline_row: { readonly cohort: string; readonly metric: Metric } | null;
  /** Derived metrics that stay open under a headline of EQUIVALENT or MINOR; named in the sentence. */
  readonly undecided_metrics: readonly Metric[];
  /** The scope of every claim here: this window, not other evenings (domain §3.1). */
  readonly scope: string;
  readonly profile: string;
  readonly seed: number;
  readonly replicates: number;
  readonly block_minutes: number | null;
  readonly tau_minutes: number | null;
  readonly vantage: 'server' | 'client' | 'middle';
  readonly vantage_reason: string;
  readonly client_identity: string;
  readonly periods: { readonly baseline: PeriodSummary; readonly evening: PeriodSummary };
  readonly comparisons: readonly ComparisonRow[];
  readonly shift_function: readonly ShiftPoint[];
  readonly simpson: SimpsonCheck | null;
  readonly loss: readonly LossDetail[];
  readonly distances: readonly Distances[];
  readonly access: readonly AccessInference[];
  readonly ecdf: readonly EcdfSeries[];
  readonly timeline: readonly TimelinePoint[];
  readonly controls: readonly ControlRow[];
  /** Paired days, when windows of several were compared; empty otherwise. */
  readonly days: readonly DayComparison[];
  readonly limitations: readonly string[];
  readonly diagnostics: readonly DiagnosticRecord[];
}
