/** Everything a report is made from, as plain data: the caller has done all reading and measuring. */
import type { CaseDocument } from '../case/schema.ts';
import type { Trace, TraceReading } from '../case/trace.ts';
import type { Comparison, Metric } from '../comparison/types.ts';
import type { Localisation } from '../localise/localise.ts';
import type { Figure } from './figures/frame.ts';

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
  /** Runs of mtr and traceroute that the case lists. */
  readonly traces?: readonly TraceFacts[];
  /** Five-tuples of clients that show it and of clients that do not, in the evening. */
  readonly examples?: ExampleFlows;
  /** Whose segment it is, by elimination. */
  readonly localisation?: Localisation | null;
  /** What pairing the captures of both ends says; absent where there is one end only. */
  readonly ends?: readonly EndsFacts[];
  /** Queueing of both directions in the evening, drawn from the paired packets. */
  readonly endsFigures?: readonly Figure[];
  /** What the captures cannot carry at all, and what only with a bias; absent where nothing was judged. */
  readonly quality?: readonly QualityFacts[];
  /** RTT per client and minute, of both periods. */
  readonly raster?: readonly RasterFacts[];
  /** Clients that have cells and are not in `raster`. */
  readonly rasterLeftOut?: number;
  /** Packets and losses per direction and minute, of both periods. */
  readonly lossTimeline?: readonly LossFacts[];
  /** Packet extracts beside the report. */
  readonly extracts?: readonly ExtractFacts[];
}

/** What both ends together say of one period: sums over all flows, no address. */
export interface EndsFacts {
  readonly period: 'baseline' | 'evening';
  readonly status: 'paired' | 'weak' | 'unrelated';
  readonly flows: number;
  readonly match_ratio: number | null;
  readonly rtt_min_ns: number | null;
  /** Server clock minus client clock lies between these at the first common instant. */
  readonly offset_low_ns: number | null;
  readonly offset_high_ns: number | null;
  readonly skew_ppm: number | null;
  readonly clock_steps: number;
  readonly client_to_server: EndsDirection;
  readonly server_to_client: EndsDirection;
  /** Whose network it is by this period alone. */
  readonly blame: { readonly verdict: string; readonly sentence: string };
}

export interface EndsDirection {
  readonly sent: number;
  readonly matched: number;
  readonly lost: number;
  readonly capture_drops: number;
  readonly loss_ratio: number | null;
  readonly queueing_p50_ns: number | null;
  readonly queueing_p95_ns: number | null;
  readonly queueing_p99_ns: number | null;
  /** Metrics that the pairing withholds. */
  readonly withheld: readonly string[];
}

export interface ExtractFacts {
  /** Path in the annex. */
  readonly file: string;
  readonly claim: string;
  readonly display_filter: string;
  readonly packets: readonly unknown[];
}

export interface TraceFacts {
  readonly name: string;
  readonly from: 'client' | 'server';
  readonly state: 'failing' | 'healthy';
  /** RFC 3339, as the case says. */
  readonly at: string | null;
  readonly trace: Trace;
  readonly reading: TraceReading;
}

/** Text such as `TCP 198.51.100.7:50123 → 203.0.113.10:443`. */
export interface ExampleFlows {
  readonly failing: readonly string[];
  readonly healthy: readonly string[];
}

/** One metric that a capture set of a period cannot carry (`withheld`) or only with a bias (`weakened`). */
export interface QualityFacts {
  readonly period: 'baseline' | 'evening';
  readonly metric: string;
  readonly effect: 'withheld' | 'weakened';
  /** The diagnostic that says why. */
  readonly because: string;
  readonly reason: string;
}

export interface RasterFacts {
  readonly period: 'baseline' | 'evening';
  readonly client: string;
  readonly cohort: string;
  /** Minutes since the epoch. */
  readonly minute: number;
  readonly rtt_p50_ns: number;
  readonly samples: number;
}

export interface LossFacts {
  readonly period: 'baseline' | 'evening';
  readonly minute: number;
  readonly direction: 'to_client' | 'to_server';
  readonly packets: number;
  readonly lost: number;
}
