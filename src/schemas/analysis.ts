/** `lagdiff analyze --format json`, schema `lagdiff/analyze@1`. The columns of a flow come from the core's one list, so a new metric is in the schema by itself. */
import { z } from 'zod';
import type { ColumnDef, TableName } from '../engine/abi.generated.ts';
import { publicColumns } from '../tables/batch.ts';
import { count, diagnostic, instant, integer, sha256 } from './shapes.ts';

const effect = z.looseObject({
  metric: z.string(),
  effect: z.enum(['withheld', 'weakened']),
  because: z.string().meta({ description: 'the diagnostic that says why' }),
  reason: z.string(),
});
const trust = z.enum(['good', 'weakened', 'damaged']);

export const quality = z
  .looseObject({ verdict: trust, withheld: z.array(effect), weakened: z.array(effect) })
  .meta({ description: 'what the captures can and cannot tell, before any metric' });

export const capture = z.looseObject({
  path: z.string(),
  sha256: sha256.nullable(),
  format: z.string(),
  link_types: z.array(z.string()),
  records: count('records = decoded + diagnosed'),
  decoded: count(),
  diagnosed: count(),
  filtered: count(),
  first: instant.nullable(),
  last: instant.nullable(),
  quality: trust,
  withheld: z.array(z.string()),
  weakened: z.array(z.string()),
});

const trend = z.looseObject({
  from: instant.nullable(),
  part_ns: count(),
  counts: z.array(count()),
  direction: z.enum(['rising', 'steady', 'falling']),
});

export const finding = z.looseObject({
  id: z.string(),
  severity: z.enum(['info', 'notice', 'warning']),
  claim: z.string(),
  threshold: z.string(),
  limits: z.string().meta({ description: 'what cannot be concluded from it' }),
  count: count(),
  trend: trend.nullable().exactOptional(),
  flow_ids: z.array(count()).exactOptional(),
});

/** One row of a table as JSON shows it. */
function rowSchema(table: TableName): z.ZodObject {
  return z.looseObject(
    Object.fromEntries(publicColumns(table).map((column) => [column.name, cellSchema(column)])),
  );
}

function cellSchema({ type, unit, definition, codes }: ColumnDef): z.ZodType {
  const description = unit === '' ? definition : `${definition} (${unit})`;
  const of = (value: z.ZodType): z.ZodType => value.nullable().meta({ description });
  switch (type) {
    case 'bool':
      return of(z.boolean());
    case 'f64':
      return of(z.number());
    case 'code':
      return of(codes === undefined ? z.string() : z.enum(codes as [string]));
    case 'address':
    case 'host':
    case 'path':
      return of(z.string());
    case 'u8':
    case 'u16':
    case 'u32':
    case 'i64':
      return of(integer());
  }
}

export const analysisDocument = z.looseObject({
  schema: z.literal('lagdiff/analyze@1'),
  captures: z.array(capture),
  quality,
  flows: z.array(rowSchema('flows').extend({ first: instant.nullable(), last: instant.nullable() })),
  findings: z.array(finding),
  diagnostics: z.array(diagnostic),
});
