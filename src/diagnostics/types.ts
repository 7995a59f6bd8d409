/** A survivable problem as reports print it. */

import type { Severity } from '../engine/abi.generated.ts';

export interface DiagnosticRecord {
  /** Stable for ever, e.g. `capture/truncated-record`. */
  readonly id: string;
  readonly severity: Severity;
  readonly count: number;
  /** What was seen and what it does to the answer, one sentence. */
  readonly message: string;
  /** Where it was seen first: byte offset in the uncompressed capture, 1-based record number. */
  readonly first: {
    readonly capture: string;
    readonly byte_offset: number;
    readonly record: number | null;
  } | null;
}
