/** Building blocks of the schemas, and how a zod schema becomes a JSON Schema: one place decides what an instant looks like. */
import { z } from 'zod';
import { DIAGNOSTICS } from '../engine/abi.generated.ts';

/** Whole numbers, also beyond 2^53: nanoseconds since the epoch are. zod's own `int` would forbid those. */
export const integer = (description?: string): z.ZodNumber =>
  z
    .number()
    .refine(Number.isInteger, 'a whole number')
    .meta({ wholeNumber: true, ...(description === undefined ? {} : { description }) });

export const count = (description?: string): z.ZodNumber =>
  z
    .number()
    .nonnegative()
    .refine(Number.isInteger, 'a whole number')
    .meta({ wholeNumber: true, ...(description === undefined ? {} : { description }) });

export const ratio = (description?: string): z.ZodNumber =>
  description === undefined ? z.number().min(0).max(1) : z.number().min(0).max(1).meta({ description });

/** RFC 3339 UTC with nine digits of a second. */
export const instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
/** RFC 3339 UTC as a clock gives it. */
export const utc = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
export const interval = z.tuple([z.number(), z.number()]).meta({ description: 'lower and upper end' });
export const periodName = z.enum(['baseline', 'evening']);

export const severity = z.enum([...new Set(Object.values(DIAGNOSTICS).map((entry) => entry.severity))] as [
  'info' | 'notice' | 'data-loss' | 'error',
]);

export const diagnostic = z
  .looseObject({
    id: z.string(),
    severity,
    count: count(),
    message: z.string(),
    first: z
      .looseObject({ capture: z.string(), byte_offset: count(), record: count().nullable() })
      .nullable(),
  })
  .meta({ description: 'a survivable problem, counted, with the place where it was seen first' });

/** `title` is what editors show; the draft is the one that zod prints. */
export function jsonSchemaOf(title: string, schema: z.ZodType): Record<string, unknown> {
  const printed = z.toJSONSchema(schema, {
    io: 'output',
    target: 'draft-2020-12',
    override: ({ jsonSchema }) => {
      const given = jsonSchema as Record<string, unknown>;
      if (given['wholeNumber'] === true) given['type'] = 'integer';
      delete given['wholeNumber'];
      // An empty schema allows what the absence of the word allows, too.
      const more = given['additionalProperties'];
      if (typeof more === 'object' && more !== null && Object.keys(more).length === 0)
        delete given['additionalProperties'];
    },
  });
  return { title, ...printed };
}
