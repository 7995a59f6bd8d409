/** The documents inside an annex: analysis.json, manifest.json, extracts/index.json; and what `verify` answers. */
import { z } from 'zod';
import { caseSchema } from '../case/schema.ts';
import { finding } from './analysis.ts';
import { comparisonSchema, localisation, periodQuality } from './comparison.ts';
import { count, instant, periodName, sha256 } from './shapes.ts';

export const TIERS = ['public', 'restricted'] as const;
const end = z.enum(['client', 'server']);

/** The core's manifest: what the packets were read by. */
const core = z.looseObject({
  toolchain: z.string(),
  flags: z.string(),
  abi_version: count(),
  source_sha256: sha256,
  wasm_sha256: sha256,
  wasm_bytes: count(),
});

const nanoseconds = z.number().int().nullable();
const wayOfEnds = z.looseObject({
  sent: count(),
  matched: count(),
  lost: count(),
  capture_drops: count(),
  loss_ratio: z.number().min(0).max(1).nullable(),
  queueing_p50_ns: nanoseconds,
  queueing_p95_ns: nanoseconds,
  queueing_p99_ns: nanoseconds,
  withheld: z.array(z.string()),
});
/** What pairing the captures of both ends says of a period, in sums. */
const ends = z.looseObject({
  period: periodName,
  status: z.enum(['paired', 'weak', 'unrelated']),
  flows: count(),
  match_ratio: z.number().min(0).max(1).nullable(),
  rtt_min_ns: nanoseconds,
  offset_low_ns: nanoseconds.meta({ description: 'server clock minus client clock is not below this' }),
  offset_high_ns: nanoseconds.meta({ description: 'and not above this' }),
  skew_ppm: z.number().nullable(),
  clock_steps: count(),
  client_to_server: wayOfEnds,
  server_to_client: wayOfEnds,
  blame: z.looseObject({ verdict: z.string(), sentence: z.string() }),
});

export const caseAnalysisDocument = z.looseObject({
  schema: z.literal('lagdiff/case@1'),
  version: z.string(),
  core,
  tier: z.enum(TIERS),
  case: z.looseObject(caseSchema.shape).meta({ description: 'the case as this tier may quote it' }),
  captures: z.array(
    z.looseObject({
      path: z.string(),
      sha256,
      format: z.string(),
      period: periodName,
      end: end.nullable(),
      records: count(),
      decoded: count(),
      diagnosed: count(),
      first: instant.nullable(),
      last: instant.nullable(),
      clock: z.string().nullable(),
    }),
  ),
  quality: periodQuality,
  findings: z.array(finding),
  traces: z.array(
    z.looseObject({
      name: z.string(),
      from: end,
      state: z.enum(['failing', 'healthy']),
      at: z.string().nullable(),
      trace: z.looseObject({
        tool: z.enum(['mtr', 'winmtr', 'traceroute']),
        hops: z.array(
          z.looseObject({
            hop: count(),
            address: z.string().nullable(),
            asn: count().nullable(),
            sent: count().nullable(),
            loss_ratio: z.number().min(0).max(1).nullable(),
            best_ms: z.number().nullable(),
            avg_ms: z.number().nullable(),
            worst_ms: z.number().nullable(),
          }),
        ),
      }),
      reading: z.looseObject({
        loss_at_end_ratio: z.number().min(0).max(1).nullable(),
        loss_from_hop: count().nullable(),
        rate_limited_hops: z.array(count()),
      }),
    }),
  ),
  examples: z.looseObject({ failing: z.array(z.string()), healthy: z.array(z.string()) }),
  ends: z.array(ends).optional().meta({ description: 'absent where there are captures of one end only' }),
  localisation: localisation.nullable(),
  comparison: comparisonSchema,
});

const date = z.string().regex(/^\d{4}-\d\d-\d\d$/);

/** manifest.json: what was derived from what, by which tool; the same for the same inputs, so it names no time and no key. */
export const manifestDocument = z.looseObject({
  schema: z.literal('lagdiff/manifest@1'),
  tool: z.looseObject({ name: z.literal('lagdiff'), version: z.string(), wasm_sha256: sha256 }),
  tier: z.enum(TIERS),
  argv: z.array(z.string()).meta({ description: 'arguments of lagdiff' }),
  seed: count(),
  parents: z
    .array(z.looseObject({ path: z.string(), sha256, expires: date.nullable() }))
    .meta({ description: 'the inputs: case file, cohorts, captures' }),
  artefacts: z.array(
    z.looseObject({
      path: z.string(),
      sha256,
      bytes: count(),
      media_type: z.string(),
      classification: z.enum(TIERS),
      expires: date.nullable().meta({ description: 'when it is to be deleted; null: the case sets no date' }),
    }),
  ),
});
export type Manifest = z.output<typeof manifestDocument>;

export const extractsDocument = z.looseObject({
  schema: z.literal('lagdiff/extracts@1'),
  extracts: z.array(
    z.looseObject({
      file: z.string(),
      claim: z.string(),
      display_filter: z.string().meta({ description: 'shows exactly the cited packets' }),
      rtt_samples: z.array(z.looseObject({ from_frame: count(), to_frame: count(), rtt_ns: count() })),
      packets: z.array(
        z.looseObject({
          frame_number: count(),
          capture: z.string(),
          capture_sha256: sha256,
          capture_frame_number: count(),
          timestamp: instant.nullable(),
          period: periodName,
          end,
          shows: z.string(),
        }),
      ),
    }),
  ),
});

export const verifyDocument = z.looseObject({
  schema: z.literal('lagdiff/verify@1'),
  ok: z.boolean(),
  faults: z.array(
    z.looseObject({ code: z.string(), path: z.string(), line: count().exactOptional(), message: z.string() }),
  ),
  checked: z.looseObject({ files: count(), bytes: count(), logLines: count() }),
  fingerprint: z.string().nullable(),
  packSha256: sha256.nullable(),
});
