/** What the files of one set say together: silences that traffic does not explain, and files that overlap. */

import {
  conclude,
  greatestCommonDivisor,
  longest,
  type CaptureFacts,
  type PlacedSilence,
  type Totals,
} from './capture-facts.ts';
import type { DiagnosticRecord } from './types.ts';
import type { Diagnostics } from './tally.ts';

/** A shorter silence is no gap, whatever the rate. */
const MIN_GAP_NS = 10_000_000_000;
/** At the mean rate so many records should have come in the silence: chance does not leave out a hundred. */
const MIN_MISSED_RECORDS = 100;

export class Timeline {
  #totals: Totals = {
    records: 0,
    cutRecords: 0,
    maxCapturedLength: 0,
    largePackets: 0,
    granularityNs: 0n,
    largestStepBackNs: 0,
  };
  #first: DiagnosticRecord['first'] = null;
  #minNs: bigint | null = null;
  #maxNs: bigint | null = null;
  #silences: PlacedSilence[] = [];

  /** Files in the order in which they were read. */
  add(facts: CaptureFacts, diagnostics: Diagnostics): void {
    const place = { path: facts.path, byteOffset: facts.firstOffset, record: facts.firstRecord };
    if (facts.firstNs !== null && this.#maxNs !== null) {
      const ns = Number(facts.firstNs - this.#maxNs);
      if (ns > 0) this.#silences.push({ ns, ...place });
      if (ns < 0) {
        const first = { capture: facts.path, byte_offset: facts.firstOffset, record: facts.firstRecord };
        diagnostics.add('capture/overlap', 1, -ns, first);
      }
    }
    this.#silences = longest([...this.#silences, ...facts.silences]);
    const totals = this.#totals;
    this.#first ??= { capture: facts.path, byte_offset: facts.firstOffset, record: facts.firstRecord };
    this.#totals = {
      records: totals.records + facts.records,
      cutRecords: totals.cutRecords + facts.cutRecords,
      maxCapturedLength: Math.max(totals.maxCapturedLength, facts.maxCapturedLength),
      largePackets: totals.largePackets + facts.largePackets,
      granularityNs: greatestCommonDivisor(totals.granularityNs, facts.granularityNs),
      largestStepBackNs: Math.max(totals.largestStepBackNs, facts.largestStepBackNs),
    };
    if (facts.minNs !== null && (this.#minNs === null || facts.minNs < this.#minNs))
      this.#minNs = facts.minNs;
    if (facts.maxNs !== null && (this.#maxNs === null || facts.maxNs > this.#maxNs))
      this.#maxNs = facts.maxNs;
  }

  /** Judged at the end, by the rate of the whole set: the cut into files must not be seen. */
  conclude(diagnostics: Diagnostics): void {
    conclude(this.#totals, this.#first, diagnostics);
    if (this.#minNs === null || this.#maxNs === null) return;
    const span = Number(this.#maxNs - this.#minNs);
    const gaps = this.#silences.filter(({ ns }) => {
      // The rate outside the silence; inside it there is none by definition.
      const rest = span - ns;
      return ns >= MIN_GAP_NS && rest > 0 && (this.#totals.records / rest) * ns >= MIN_MISSED_RECORDS;
    });
    const [first] = gaps;
    if (first === undefined) return;
    diagnostics.add('capture/gap', gaps.length, first.ns, {
      capture: first.path,
      byte_offset: first.byteOffset,
      record: first.record,
    });
  }
}
