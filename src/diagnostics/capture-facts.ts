/** What the segments of one capture add up to, and what their joins show. */

import type { Severity } from '../engine/abi.generated.ts';
import type { DecodedSegment } from '../engine/decode.ts';
import { snaplenOf, type Silence } from '../engine/quality.ts';
import type { Diagnostics } from './tally.ts';
import type { DiagnosticRecord } from './types.ts';

/** A step back beyond this is the clock's doing; smaller ones come from several queues written out of order. */
const CLOCK_STEP_NS = 100_000_000;
/** A clock coarser than this hides what is measured here. */
const COARSE_CLOCK_NS = 100_000n;
/** So many records that their times agree on a coarse step by no accident. */
const COARSE_CLOCK_RECORDS = 50;
const MAX_SILENCES = 8;
const MIN_SILENCE_NS = 1_000_000_000;

export type Verdict = 'good' | 'weakened' | 'damaged';

/** A silence with its place in the file. */
export interface PlacedSilence {
  readonly ns: number;
  readonly path: string;
  readonly byteOffset: number;
  readonly record: number;
}

export class CaptureFacts {
  readonly path: string;
  records = 0;
  decoded = 0;
  diagnosed = 0;
  exitOffset = 0;
  minNs: bigint | null = null;
  maxNs: bigint | null = null;
  firstNs: bigint | null = null;
  lastNs: bigint | null = null;
  firstOffset = 0;
  firstRecord = 0;
  format = '';
  wireBytes = 0;
  capturedBytes = 0;
  cutRecords = 0;
  maxCapturedLength = 0;
  largePackets = 0;
  tunnelledPackets = 0;
  taggedPackets = 0;
  granularityNs = 0n;
  largestStepBackNs = 0;
  snaplen: number | null = null;
  silences: PlacedSilence[] = [];
  readonly linkTypes = new Map<number, number>();
  /** Decoded packets by their layers, packed. */
  readonly ways = new Map<bigint, number>();

  constructor(path: string) {
    this.path = path;
  }

  /** @param lists where a step back in time across the join is counted. */
  add(segment: DecodedSegment, lists: readonly Diagnostics[]): void {
    const { summary, quality } = segment;
    if (this.format === '') this.format = summary.format;
    const { times } = summary;
    if (times !== null) {
      const place = { byteOffset: times.firstOffset, record: times.firstRecord };
      if (this.lastNs !== null) this.#step(Number(times.firstNs - this.lastNs), place, lists);
      else {
        this.firstNs = times.firstNs;
        this.firstOffset = times.firstOffset;
        this.firstRecord = this.records + times.firstRecord + 1;
      }
      if (this.minNs === null || times.minNs < this.minNs) this.minNs = times.minNs;
      if (this.maxNs === null || times.maxNs > this.maxNs) this.maxNs = times.maxNs;
      this.lastNs = times.lastNs;
    }
    for (const silence of quality.silences) this.#silence(silence);
    this.largestStepBackNs = Math.max(this.largestStepBackNs, quality.largestStepBackNs);
    this.granularityNs = greatestCommonDivisor(this.granularityNs, quality.granularityNs);
    this.snaplen = Math.max(this.snaplen ?? 0, snaplenOf(segment.exitContext) ?? 0) || null;
    this.wireBytes += quality.wireBytes;
    this.capturedBytes += quality.capturedBytes;
    this.cutRecords += quality.cutRecords;
    this.maxCapturedLength = Math.max(this.maxCapturedLength, quality.maxCapturedLength);
    this.largePackets += quality.largePackets;
    this.tunnelledPackets += quality.tunnelledPackets;
    this.taggedPackets += quality.taggedPackets;
    for (const { layers, packets } of quality.ways)
      this.ways.set(layers, (this.ways.get(layers) ?? 0) + packets);
    this.records += summary.records;
    this.decoded += summary.decoded;
    this.diagnosed += summary.diagnosed;
    this.exitOffset = summary.exitOffset;
    for (const { linkType, records } of summary.linkTypes) {
      this.linkTypes.set(linkType, (this.linkTypes.get(linkType) ?? 0) + records);
    }
  }

  #step(ns: number, place: { byteOffset: number; record: number }, lists: readonly Diagnostics[]): void {
    if (ns >= MIN_SILENCE_NS) this.#silence({ ns, ...place });
    if (ns >= 0) return;
    this.largestStepBackNs = Math.max(this.largestStepBackNs, -ns);
    const first = {
      capture: this.path,
      byte_offset: place.byteOffset,
      record: this.records + place.record + 1,
    };
    for (const list of lists) list.add('capture/time-backwards', 1, 0, first);
  }

  #silence({ ns, byteOffset, record }: Silence): void {
    const placed = { ns, path: this.path, byteOffset, record: this.records + record + 1 };
    this.silences = longest([...this.silences, placed]);
  }
}

/** What judgements about a whole capture, or a whole set of files, rest on. */
export interface Totals {
  readonly records: number;
  readonly cutRecords: number;
  readonly maxCapturedLength: number;
  readonly largePackets: number;
  readonly granularityNs: bigint;
  readonly largestStepBackNs: number;
}

/** Problems that only the sum shows. */
export function conclude(totals: Totals, first: DiagnosticRecord['first'], diagnostics: Diagnostics): void {
  const { records, cutRecords, granularityNs, largestStepBackNs, largePackets } = totals;
  const note = (id: string, count: number, detail: number): void => diagnostics.add(id, count, detail, first);
  if (largestStepBackNs >= CLOCK_STEP_NS) note('capture/clock-step', 1, largestStepBackNs);
  if (granularityNs >= COARSE_CLOCK_NS && records >= COARSE_CLOCK_RECORDS) {
    note('capture/coarse-clock', 1, Number(granularityNs));
  }
  if (cutRecords > 0) note('capture/snaplen-cut', cutRecords, totals.maxCapturedLength);
  if (largePackets > 0) note('capture/offload-segments', largePackets, 0);
}

/** Longest first; of equals the one that came first, so that a cut cannot be seen. */
export function longest(silences: readonly PlacedSilence[]): PlacedSilence[] {
  return silences
    .map((silence, index) => ({ silence, index }))
    .sort((a, b) => b.silence.ns - a.silence.ns || a.index - b.index)
    .slice(0, MAX_SILENCES)
    .map(({ silence }) => silence);
}

export function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

/** How far a capture with these problems can be trusted. */
export function verdictOf(severities: readonly Severity[]): Verdict {
  if (severities.includes('error')) return 'damaged';
  return severities.includes('data-loss') || severities.includes('notice') ? 'weakened' : 'good';
}
