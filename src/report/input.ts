/** Everything a report is made from, as plain data: the caller has done all reading and measuring. */
import type { CaseDocument } from '../case/schema.ts';
import type { Comparison, Metric } from '../comparison/types.ts';

export interface CaptureFacts {
  /** As the user gave it; never a path of the machine that made the report. */
  readonly path: string;
  readonly sha256: string;
  readonly format: string;
  readonly period: 'baseline' | 'evening';
  readonly end: 'client' | 'server' | null;
  readonly records: number;
  readonly decoded: number;
  readonly diagnosed: number;
  /** RFC 3339 UTC. */
  readonly first: string | null;
  readonly last: string | null;
  /** What disciplined the clock and its claimed bound, when the case says so. */
  readonly clock: string | null;
}

/** A claim made by a finding rule, in the rule's own words. */
export interface FindingFacts {
  readonly id: string;
  readonly severity: 'info' | 'notice' | 'warning';
  readonly claim: string;
  readonly threshold: string;
  /** What cannot be concluded from it. */
  readonly limits: string;
  readonly count: number;
}

export interface ReportInput {
  readonly comparison: Comparison;
  /** Version of lagdiff that did the analysis. */
  readonly version: string;
  /** What the case file says; null for a comparison made without a case. */
  readonly case: CaseDocument | null;
  readonly captures: readonly CaptureFacts[];
  readonly findings: readonly FindingFacts[];
  /** RTT line drawn in the distribution figures, with its source in the label. */
  readonly threshold: { readonly rtt_ns: number; readonly label: string } | null;
  /** Which row the comparison's headline speaks of; null: the report picks by its own stated rule. */
  readonly headline: { readonly cohort: string; readonly metric: Metric } | null;
  /** What the annex shows of names; absent outside an annex. */
  readonly tier?: 'public' | 'restricted';
  /** Packet extracts beside the report. */
  readonly extracts?: readonly ExtractFacts[];
}

export interface ExtractFacts {
  /** Path in the annex. */
  readonly file: string;
  readonly claim: string;
  readonly display_filter: string;
  readonly packets: readonly unknown[];
}
