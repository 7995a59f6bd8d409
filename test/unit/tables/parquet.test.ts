import {
  Field,
  Int64,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  tableFromArrays,
  tableFromIPC,
  TimestampNanosecond,
} from 'apache-arrow';
import { readParquet } from 'parquet-wasm/node';
import { expect, it } from 'vitest';
import { parquetBytes } from '../../../src/tables/parquet.ts';
import type { ArrowRows } from '../../../src/tables/parquet.ts';

async function write(rows: ArrowRows): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of parquetBytes(rows)) pieces.push(piece);
  return Buffer.concat(pieces);
}

function twoColumns(a: BigInt64Array, b: BigInt64Array): RecordBatch {
  const type = new Int64();
  const schema = new Schema([new Field('a', type), new Field('b', type)]);
  const children = [a, b].map((data) => makeData({ type, length: data.length, data }));
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length: a.length, nullCount: 0, children }),
  );
}

it('joins batches in order and gives the same bytes each time', async () => {
  const batch = (from: number): RecordBatch =>
    twoColumns(
      BigInt64Array.from({ length: 1000 }, (_, i) => BigInt(from + i)),
      BigInt64Array.from({ length: 1000 }, (_, i) => BigInt(-i)),
    );
  const batches = [batch(0), batch(1000), batch(2000)];
  const rows = { schema: batches[0]!.schema, batches };
  const bytes = await write(rows);
  const back = tableFromIPC(readParquet(new Uint8Array(bytes)).intoIPCStream());
  expect(back.numRows).toBe(3000);
  expect([0, 1999, 2999].map((row) => (back.getChild('a')!.get(row) as bigint).toString())).toEqual([
    '0',
    '1999',
    '2999',
  ]);
  expect((await write(rows)).equals(bytes)).toBe(true);
});

it('writes a table without rows with its columns', async () => {
  const { schema } = tableFromArrays({ rtt_ns: new BigInt64Array(1) });
  const back = tableFromIPC(
    readParquet(new Uint8Array(await write({ schema, batches: [] }))).intoIPCStream(),
  );
  expect(back.numRows).toBe(0);
  expect(back.schema.fields.map(({ name }) => name)).toEqual(['rtt_ns']);
});

it('passes on what the source of batches throws', async () => {
  const { schema, batches } = tableFromArrays({ rtt_ns: new BigInt64Array(4) });
  async function* failing(): AsyncGenerator<RecordBatch> {
    yield batches[0]!;
    await Promise.resolve();
    throw new Error('source gone');
  }
  await expect(write({ schema, batches: failing() })).rejects.toThrow('source gone');
});

it('refuses columns that share bytes, and takes columns side by side in one buffer', async () => {
  const whole = new BigInt64Array(100);
  const shared = twoColumns(whole.subarray(0, 60), whole.subarray(40, 100));
  await expect(write({ schema: shared.schema, batches: [shared] })).rejects.toMatchObject({
    facts: { code: 'engine/shared-buffer' },
  });
  const beside = twoColumns(whole.subarray(0, 50), whole.subarray(50, 100));
  expect((await write({ schema: beside.schema, batches: [beside] })).subarray(0, 4).toString()).toBe('PAR1');
});

it('refuses nanosecond timestamps with a time zone, which readers cut to microseconds', async () => {
  const zoned = new Schema([new Field('at', new TimestampNanosecond('UTC'))]);
  await expect(write({ schema: zoned, batches: [] })).rejects.toMatchObject({
    facts: { code: 'engine/timestamp-zone' },
  });
  const plain = new Schema([new Field('at', new TimestampNanosecond())]);
  expect((await write({ schema: plain, batches: [] })).length).toBeGreaterThan(0);
});
