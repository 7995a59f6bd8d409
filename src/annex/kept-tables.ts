/** Table pieces on their way into an annex. */

import type { CaptureSet } from '../extracts/plan.ts';
import type { Pseudonyms } from '../redaction/pseudonyms.ts';
import { arrowBatch, arrowSchema } from '../tables/arrow.ts';
import type { Batch } from '../tables/batch.ts';
import { sortedFlows } from '../tables/flows.ts';
import type { TableName } from '../tables/names.ts';
import { parquetBytes } from '../tables/parquet.ts';
import { addressesOf, withPseudonyms } from './table-names.ts';
import type { AnnexTable } from './package.ts';

/** Rows of one table that an annex holds; larger tables stay out, and the report says so. */
const MAX_TABLE_ROWS = 4_000_000;
const KEPT: readonly TableName[] = ['flows', 'rtt', 'bins'];

/** A table that grows past the limit is let go, and that is said. */
export class KeptTables {
  readonly #batches = new Map<TableName, { readonly label: string; readonly batch: Batch }[]>();
  readonly #rows = new Map<TableName, number>();

  keep(label: string, batch: Batch): void {
    if (!KEPT.includes(batch.table)) return;
    const rows = (this.#rows.get(batch.table) ?? 0) + batch.rows;
    this.#rows.set(batch.table, rows);
    if (rows > MAX_TABLE_ROWS) {
      this.#batches.delete(batch.table);
      return;
    }
    const list = this.#batches.get(batch.table) ?? [];
    list.push({ label, batch });
    this.#batches.set(batch.table, list);
  }

  /** Addresses become pseudonyms, and community ids those of the pseudonyms, unless `pseudonyms` is null. */
  parquet(pseudonyms: Pseudonyms | null): AnnexTable[] {
    return [...this.#batches].map(([name, pieces]) => ({
      name,
      parquet: parquetBytes({
        schema: arrowSchema(name),
        batches: pieces.map(({ label, batch }) =>
          arrowBatch(pseudonyms === null ? batch : withPseudonyms(batch, pseudonyms), label),
        ),
      }),
    }));
  }

  /** Every address in the kept tables: 4 or 16 bytes. */
  addresses(): Uint8Array[] {
    const found = new Map<string, Uint8Array>();
    for (const pieces of this.#batches.values())
      for (const { batch } of pieces)
        for (const address of addressesOf(batch)) found.set(address.join('.'), address);
    return [...found.values()];
  }

  /** The tables of one capture set, as extracts are planned from them. */
  set(label: string): CaptureSet {
    const of = (name: TableName): Batch[] =>
      (this.#batches.get(name) ?? []).filter((piece) => piece.label === label).map(({ batch }) => batch);
    return { label, flows: sortedFlows(of('flows')), rtt: of('rtt'), bins: of('bins') };
  }

  leftOut(): string[] {
    return [...this.#rows]
      .filter(([, rows]) => rows > MAX_TABLE_ROWS)
      .map(
        ([name, rows]) =>
          `Table ${name} has ${rows} rows and was left out of the annex; lagdiff export writes it.`,
      );
  }
}
