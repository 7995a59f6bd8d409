/** Addresses in table pieces: found, and replaced by pseudonyms without touching any other column. */

import { TABLES } from '../engine/abi.generated.ts';
import type { Pseudonyms } from '../redaction/pseudonyms.ts';
import { Batch } from '../tables/batch.ts';

const ADDRESS_BYTES = 16;

function addressColumns(batch: Batch): string[] {
  return TABLES[batch.table].columns.filter(({ type }) => type === 'address').map(({ name }) => name);
}

/** 4 bytes for ::ffff:a.b.c.d, else 16. */
function unmapped(bytes: Uint8Array): Uint8Array {
  const isV4 = bytes.subarray(0, 12).every((byte, at) => byte === (at < 10 ? 0 : 0xff));
  return isV4 ? bytes.slice(12) : bytes.slice();
}

export function* addressesOf(batch: Batch): Generator<Uint8Array> {
  for (const name of addressColumns(batch)) {
    const bytes = batch.u8(name);
    for (let row = 0; row < batch.rows; row++)
      if (!batch.isNull(name, row))
        yield unmapped(bytes.subarray(row * ADDRESS_BYTES, (row + 1) * ADDRESS_BYTES));
  }
}

export function withPseudonyms(batch: Batch, pseudonyms: Pseudonyms): Batch {
  const replaced = new Set(addressColumns(batch));
  const columns = TABLES[batch.table].columns
    .filter(({ type }) => type !== 'host')
    .map(({ name }) => {
      const raw = batch.raw(name) ?? { data: new Uint8Array(0), validity: null };
      if (!replaced.has(name)) return raw;
      const data = raw.data.slice();
      for (let row = 0; row < batch.rows; row++) {
        if (batch.isNull(name, row)) continue;
        const place = data.subarray(row * ADDRESS_BYTES, (row + 1) * ADDRESS_BYTES);
        const mapped = pseudonyms.address(unmapped(place));
        place.set(mapped, ADDRESS_BYTES - mapped.length);
      }
      return { data, validity: raw.validity };
    });
  return new Batch(batch.table, { rows: batch.rows, columns });
}
