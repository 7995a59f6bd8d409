/**
 * What a case.yaml may say, as data: one zod schema gives the types, the checks and the JSON Schema for editors.
 * Only shapes live here; files, contradictions and positions are read-case.ts.
 */
import ipaddr from 'ipaddr.js';
import { z } from 'zod';

export const PROFILES = [
  'fps_competitive',
  'fps_casual',
  'fighting',
  'moba',
  'mmo',
  'rts',
  'cloud_gaming',
] as const;
export const PERIODS = ['baseline', 'evening'] as const;
export const ENDS = ['client', 'server'] as const;
export const SERVER_KINDS = ['cloud', 'bare_metal', 'unknown'] as const;

/** Fields of free text that a public annex shows only when the case says so. */
const PUBLISHABLE = [
  'title',
  'question',
  'purpose',
  'legal_basis',
  'server_names',
  'provider',
  'datacenter',
  'contact',
  'owner',
  'changes',
  'slo_statement',
  'ticket',
  'symptoms',
] as const;

/** Providers whose ticket fields are known: a data file each in report/presets/. */
export const PRESETS = ['aws', 'google-cloud', 'azure', 'hetzner', 'ovh', 'generic'] as const;

const line = z
  .string()
  .trim()
  .min(1)
  .max(300)
  .regex(/^[^\p{Cc}]*$/u, 'one line of text, without control characters');
const paragraph = z.string().trim().min(1).max(4000);
const date = z.iso.date('a date as YYYY-MM-DD');
const filePath = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[^\0]*$/, 'a path without NUL characters');

const timezone = z
  .string()
  .refine(isTimezone, 'an IANA time zone name, for example Asia/Tokyo, Europe/Paris or UTC')
  .describe('IANA time zone in which people read this case; instants stay UTC');

const address = z
  .string()
  .refine((text) => ipaddr.isValid(text), 'an IPv4 or IPv6 address, without a prefix length');
const prefix = z
  .string()
  .refine((text) => ipaddr.isValidCIDR(text), 'an address prefix such as 198.51.100.0/24 or 2001:db8::/32');

const server = z.strictObject({
  name: line.optional(),
  address,
  provider: line.optional().describe('who hosts this server; the asks are addressed to them'),
  asn: z.int().min(0).max(4_294_967_295).optional(),
  datacenter: line.optional(),
  rack: line.optional().describe('rack, instance or host name as the provider knows it'),
  kind: z.enum(SERVER_KINDS).default('unknown'),
});

const trace = z.strictObject({
  path: filePath.describe('text that mtr or traceroute printed, relative to this case file'),
  from: z.enum(ENDS).describe('where it was run'),
  state: z.enum(['failing', 'healthy']).describe('did the trouble show at that time'),
  at: z.iso.datetime({ offset: true }).optional().describe('when it was run'),
});

const capture = z.strictObject({
  path: filePath.describe('a capture file or a folder of rotated files, relative to this case file'),
  period: z.enum(PERIODS),
  end: z.enum(ENDS).describe('where the capture was taken'),
  clock: z
    .strictObject({
      source: line.describe('what disciplined the clock: chrony, ntpd, ptp4l, none …'),
      bound_ms: z
        .number()
        .nonnegative()
        .optional()
        .describe('largest offset from UTC claimed by that source'),
    })
    .optional(),
});

export const caseSchema = z.strictObject({
  title: line,
  question: paragraph.optional(),
  timezone: timezone.default('Asia/Tokyo'),
  profile: z.enum(PROFILES).default('fps_competitive').describe('which game genre sets the thresholds'),
  servers: z.array(server).min(1),
  cohorts: z
    .union([filePath, z.record(prefix, line)])
    .optional()
    .describe('path to a CSV or YAML file (prefix,cohort), or the mapping itself: prefix → cohort'),
  captures: z.array(capture).min(2),
  seed: z.int().min(0).max(4_294_967_295).default(1),
  replicates: z.int().min(200).max(100_000).optional().describe('bootstrap replicates'),
  contact: z
    .strictObject({ name: line.optional(), email: z.email().optional(), availability: line.optional() })
    .optional(),
  asks: z
    .strictObject({ owner: line.optional(), due: date.optional(), retest: date.optional() })
    .optional()
    .describe('who should act, by when, and when it will be measured again'),
  changes: z
    .array(z.strictObject({ at: z.iso.datetime({ offset: true }), what: line }))
    .optional()
    .describe('changes on our side; an empty list states that there were none'),
  symptoms: z.array(line).optional().describe('what players report, in their words'),
  games: z.array(line).optional().describe('titles that are affected'),
  ticket: z
    .strictObject({
      preset: z.enum(PRESETS).default('generic').describe('whose ticket form asks.md is to fill'),
      fields: z
        .record(z.string().regex(/^[a-z][a-z0-9_]*$/), line)
        .optional()
        .describe('values that the form asks for, e.g. instance_ids: i-0abc'),
    })
    .optional(),
  traces: z
    .array(trace)
    .optional()
    .describe('mtr and traceroute runs; shown beside packet evidence, never instead'),
  retention: z
    .strictObject({
      captures: date.optional().describe('when the raw captures are to be deleted'),
      extracts: date.optional().describe('when packet extracts and tables are to be deleted'),
      annex: date.optional().describe('when the rest of the annex is to be deleted'),
    })
    .optional(),
  purpose: paragraph.optional().describe('why these captures were taken'),
  legal_basis: paragraph
    .optional()
    .describe('the basis on which they were taken; stated by you, not judged here'),
  slo: z
    .strictObject({
      rtt_ms: z.number().positive(),
      share: z.number().gt(0).max(1).describe('share of player-minutes that must stay at or below rtt_ms'),
      statement: line.optional(),
    })
    .optional(),
  publish: z
    .array(z.enum(PUBLISHABLE))
    .optional()
    .describe('fields of free text that the public tier of an annex may show; all others are withheld'),
  secrets: z
    .array(line)
    .optional()
    .describe('further words that no file of a public annex may hold; never shown themselves'),
});

/** A case as written, defaults filled in. */
export type CaseDocument = z.output<typeof caseSchema>;
export type Publishable = (typeof PUBLISHABLE)[number];
export type Profile = (typeof PROFILES)[number];
export type Period = (typeof PERIODS)[number];
export type CaptureEnd = (typeof ENDS)[number];

/** JSON Schema (draft 2020-12) of what a person may write, for editors: src/schemas/json/case.schema.json is this, printed. */
export function caseJsonSchema(): Record<string, unknown> {
  return { title: 'lagdiff case', ...z.toJSONSchema(caseSchema, { io: 'input', target: 'draft-2020-12' }) };
}

function isTimezone(name: string): boolean {
  // Intl also takes offsets such as +09:00; those know no daylight saving time, so a case must name a place.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
