/** What report and evidence log say of captures and findings. */

import type { Analysis } from '../analyze.ts';
import type { EvidenceFile } from '../annex/evidence-log.ts';
import type { Case } from '../case/read-case.ts';
import { PROFILES } from '../comparison/profiles.ts';
import { findingsOf } from '../findings/catalog.ts';
import type { CaptureFacts, FindingFacts, ReportInput } from '../report/input.ts';
import { sortedFlows } from '../tables/flows.ts';
import type { End, Period } from './ends.ts';

export function evidenceOf(analysis: Analysis): EvidenceFile[] {
  return analysis.captures.map(({ path, sha256 }) => ({ path, sha256: sha256 ?? '' }));
}

export function captureFacts(given: Case, analysis: Analysis, period: Period, end: End): CaptureFacts[] {
  return analysis.captures.map((capture) => {
    const clock = given.captures.find((entry) => entry.given === capture.path)?.clock ?? null;
    const bound = clock?.bound_ms == null ? '' : `, claimed within ${clock.bound_ms} ms of UTC`;
    return {
      path: capture.path,
      sha256: capture.sha256 ?? '',
      format: capture.format,
      period,
      end,
      records: capture.records,
      decoded: capture.decoded,
      diagnosed: capture.diagnosed,
      first: capture.first,
      last: capture.last,
      clock: clock === null ? null : `${clock.source}${bound}`,
    };
  });
}

/** What disciplined each capture's clock, in the words that this tier may show. */
export function withClocks(
  given: Case,
  shown: Case['document'],
  facts: readonly CaptureFacts[],
): CaptureFacts[] {
  return facts.map((fact) => {
    const index = given.captures.findIndex((entry) => entry.given === fact.path);
    const clock = shown.captures[index]?.clock;
    if (clock === undefined) return { ...fact, clock: null };
    const bound = clock.bound_ms === undefined ? '' : `, claimed within ${clock.bound_ms} ms of UTC`;
    return { ...fact, clock: `${clock.source}${bound}` };
  });
}

export interface LabelledFinding extends FindingFacts {
  readonly label: string;
  readonly flow_ids: readonly number[];
}

export function findingFacts(analysis: Analysis, label: string): LabelledFinding[] {
  return findingsOf(sortedFlows(analysis.flows), analysis.changes).map((finding) => ({
    ...finding,
    label,
    claim: `${label}: ${finding.claim}`,
  }));
}

export function thresholdOf({ document }: Case): ReportInput['threshold'] {
  if (document.slo !== undefined)
    return { rtt_ns: document.slo.rtt_ms * 1e6, label: `SLO of the case: ${document.slo.rtt_ms} ms` };
  const { rttDegradedNs } = PROFILES[document.profile];
  return {
    rtt_ns: rttDegradedNs.value,
    label: `profile ${document.profile}: ${rttDegradedNs.value / 1e6} ms`,
  };
}
