/** What the segments of one capture add up to, and what their joins show. */

import type { Severity } from '../engine/abi.generated.ts';
import type { SegmentSummary } from '../engine/decode.ts';
import type { Diagnostics } from './tally.ts';

export class CaptureFacts {
  records = 0;
  decoded = 0;
  diagnosed = 0;
  exitOffset = 0;
  minNs: bigint | null = null;
  maxNs: bigint | null = null;
  format = '';
  readonly linkTypes = new Map<number, number>();
  #lastNs: bigint | null = null;

  /** @param lists where a step back in time across the join is counted. */
  add(summary: SegmentSummary, path: string, lists: readonly Diagnostics[]): void {
    if (this.format === '') this.format = summary.format;
    const { times } = summary;
    if (times !== null) {
      if (this.#lastNs !== null && times.firstNs < this.#lastNs) {
        const first = {
          capture: path,
          byte_offset: times.firstOffset,
          record: this.records + times.firstRecord + 1,
        };
        for (const list of lists) list.add('capture/time-backwards', 1, 0, first);
      }
      if (this.minNs === null || times.minNs < this.minNs) this.minNs = times.minNs;
      if (this.maxNs === null || times.maxNs > this.maxNs) this.maxNs = times.maxNs;
      this.#lastNs = times.lastNs;
    }
    this.records += summary.records;
    this.decoded += summary.decoded;
    this.diagnosed += summary.diagnosed;
    this.exitOffset = summary.exitOffset;
    for (const { linkType, records } of summary.linkTypes) {
      this.linkTypes.set(linkType, (this.linkTypes.get(linkType) ?? 0) + records);
    }
  }
}

export type Verdict = 'good' | 'weakened' | 'damaged';

/** How far a capture with these problems can be trusted. */
export function verdictOf(severities: readonly Severity[]): Verdict {
  if (severities.includes('error')) return 'damaged';
  return severities.includes('data-loss') || severities.includes('notice') ? 'weakened' : 'good';
}
