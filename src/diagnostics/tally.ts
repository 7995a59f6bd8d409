/** Counts of problems over segments, files and captures: merged in file order, first place kept. */

import { DIAGNOSTICS } from '../engine/abi.generated.ts';
import type { TallyEntry } from '../engine/decode.ts';
import type { DiagnosticRecord } from './types.ts';
import { CATALOG } from './catalog.ts';

interface Counted {
  readonly id: string;
  readonly detail: number;
  /** Said instead of the catalogue's meaning, where the first occurrence has more to tell. */
  readonly meaning: string | undefined;
  count: number;
  readonly first: DiagnosticRecord['first'];
}

/** Kinds that are kept apart by their detail: each unknown link type and each kind of non-IP frame is its own line. */
const BY_DETAIL = new Set(['capture/unknown-link-type', 'capture/not-a-packet', 'packet/not-ip']);

export class Diagnostics {
  readonly #counted = new Map<string, Counted>();

  add(id: string, count: number, detail: number, first: DiagnosticRecord['first'], meaning?: string): void {
    const key = BY_DETAIL.has(id) ? `${id} ${detail}` : id;
    const known = this.#counted.get(key);
    if (known === undefined) this.#counted.set(key, { id, detail, meaning, count, first });
    else known.count += count;
  }

  /** Entries of one segment of `capture` that starts after `recordsBefore` records of the file. */
  addSegment(capture: string, recordsBefore: number, entries: readonly TallyEntry[]): void {
    for (const entry of entries) {
      const id = DIAGNOSTICS[entry.code]?.id ?? `engine/unknown-${entry.code}`;
      this.add(id, entry.count, entry.detail, {
        capture,
        byte_offset: entry.byteOffset,
        record: recordsBefore + entry.record + 1,
      });
    }
  }

  countOf(id: string): number {
    let count = 0;
    for (const entry of this.#counted.values()) if (entry.id === id) count += entry.count;
    return count;
  }

  /** Sorted by id, then detail. */
  records(): DiagnosticRecord[] {
    return [...this.#counted.values()]
      .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : a.detail - b.detail))
      .map(({ id, detail, meaning, count, first }) => {
        const entry = CATALOG[id];
        const message = entry === undefined ? id : `${meaning ?? entry.meaning(detail)}: ${entry.effect}`;
        return { id, severity: entry?.severity ?? 'error', count, message, first };
      });
  }
}
