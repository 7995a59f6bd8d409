/** `lagdiff diff --format json`, schema `lagdiff/diff@1`. The interfaces in comparison/types.ts are the same shape; the compiler holds them together. */
import { z } from 'zod';
import type { Comparison } from '../comparison/types.ts';
import { count, diagnostic, instant, integer, interval, periodName, ratio, sha256 } from './shapes.ts';

const verdict = z.enum(['DEGRADED', 'IMPROVED', 'EQUIVALENT', 'MINOR', 'INCONCLUSIVE', 'INSUFFICIENT']);
const metric = z
  .enum([
    'rtt_p50_ns',
    'rtt_p95_ns',
    'excess_delay_p50_ns',
    'pdv_p95_ns',
    'loss_ratio',
    'loss_to_client_ratio',
    'loss_to_server_ratio',
    'deadline_miss_ratio',
    'slo_breach_ratio',
    'connect_failure_ratio',
  ])
  .meta({ description: 'values of metrics in _ns are nanoseconds, in _ratio shares from 0 to 1' });

const row = z.looseObject({
  cohort: z.string(),
  metric,
  claim: z.enum(['window', 'pattern']),
  baseline: z.number().nullable(),
  evening: z.number().nullable(),
  difference: z.number().nullable(),
  ci95: interval.nullable(),
  ci90: interval.nullable(),
  margin: z
    .number()
    .nonnegative()
    .meta({ description: 'smallest difference that matters, in the unit of the metric' }),
  margin_source: z.string(),
  verdict,
  p_value: ratio().nullable(),
  q_value: ratio().nullable(),
  clients: count(),
  clients_baseline: count(),
  clients_evening: count(),
  blocks: count(),
  blocks_baseline: count(),
  blocks_evening: count(),
  cells: count(),
  cells_baseline: count(),
  cells_evening: count(),
  paired: z.boolean(),
  unpaired: z.looseObject({ difference: z.number(), ci95: interval }).nullable(),
  needed: z.looseObject({ clients: count(), minutes: count(), reason: z.string() }).nullable(),
  method: z.string(),
  notes: z.array(z.string()),
  days: z
    .looseObject({ paired: count(), degraded: count(), differences: z.array(z.number()) })
    .exactOptional(),
});

const period = z.looseObject({
  first: instant.nullable(),
  last: instant.nullable(),
  clients: count(),
  cells: count('player-minutes'),
  rtt_samples: count(),
  captures: z.array(
    z.looseObject({ path: z.string(), sha256: z.union([sha256, z.literal('')]), records: count() }),
  ),
});

const ends = z.looseObject({ first: instant.nullable(), last: instant.nullable() });

export const comparisonSchema = z.looseObject({
  schema: z.literal('lagdiff/diff@1'),
  verdict,
  headline: z.string(),
  headline_row: z.looseObject({ cohort: z.string(), metric }).nullable(),
  undecided_metrics: z.array(metric),
  scope: z.string(),
  profile: z.string(),
  seed: count(),
  replicates: count(),
  block_minutes: z.number().nullable(),
  tau_minutes: z.number().nullable(),
  vantage: z.enum(['server', 'client', 'middle']),
  vantage_reason: z.string(),
  client_identity: z.string(),
  periods: z.looseObject({ baseline: period, evening: period }),
  comparisons: z.array(row).meta({ description: 'one per cohort and metric; cohort "all" always exists' }),
  shift_function: z.array(
    z.looseObject({
      cohort: z.string(),
      quantile: ratio(),
      baseline_ns: z.number(),
      evening_ns: z.number(),
      difference_ns: z.number(),
      ci95: interval,
    }),
  ),
  simpson: z
    .looseObject({
      metric,
      raw_difference: z.number().nullable(),
      standardised_difference: z.number().nullable(),
      mix_effect: z.number().nullable(),
      reweighted_difference: z.number().nullable(),
      mix_changed: z.boolean(),
      flagged: z.boolean(),
      weights: z.array(z.looseObject({ cohort: z.string(), share: ratio() })),
    })
    .nullable(),
  loss: z.array(
    z.looseObject({
      cohort: z.string(),
      period: periodName,
      sent: count(),
      lost: count(),
      overdispersion: z.number().nullable(),
      effective_n: z.number().nullable(),
      upper_bound: z.number().nullable(),
    }),
  ),
  distances: z.array(
    z.looseObject({
      cohort: z.string(),
      wasserstein1_ns: z.number(),
      ks: ratio(),
      cliffs_delta: z.number().min(-1).max(1),
    }),
  ),
  access: z.array(
    z.looseObject({
      client: z.string(),
      access: z.string(),
      confidence: z.enum(['high', 'medium', 'low', 'none']),
      mss_option_bytes: count().nullable(),
      reason: z.string(),
    }),
  ),
  ecdf: z.array(
    z.looseObject({
      cohort: z.string(),
      period: periodName,
      clients: count(),
      cells: count(),
      rtt_ns: z.array(z.number()),
      share: z.array(ratio()),
    }),
  ),
  timeline: z.array(
    z.looseObject({
      cohort: z.string(),
      period: periodName,
      minute: instant,
      clients: count(),
      rtt_p50_ns: z.number().nullable(),
      rtt_p95_ns: z.number().nullable(),
    }),
  ),
  controls: z
    .array(
      z.looseObject({
        split: z.enum(['alternating blocks', 'every second client']),
        metric,
        difference: z.number().nullable(),
        ci95: interval.nullable(),
        verdict,
      }),
    )
    .meta({ description: 'the baseline against itself' }),
  days: z.array(
    z.looseObject({
      date: z.string(),
      verdict,
      headline: z.string(),
      baseline: ends,
      evening: ends,
      rows: z.array(
        z.looseObject({
          cohort: z.string(),
          metric,
          difference: z.number().nullable(),
          ci95: interval.nullable(),
          verdict,
        }),
      ),
    }),
  ),
  limitations: z.array(z.string()),
  diagnostics: z.array(diagnostic),
}) satisfies z.ZodType<Comparison>;

/** What the command prints beside it: whose segment it is, by elimination. */
export const localisation = z.looseObject({
  answer: z.enum(['client', 'access', 'peering', 'datacentre', 'host', 'detour', 'UNDETERMINED']),
  sentence: z.string(),
  hypotheses: z.array(
    z.looseObject({
      segment: z.string(),
      hypothesis: z.string(),
      status: z.enum(['named', 'possible', 'refuted']),
      supported: integer(),
      contradicted: integer(),
      table: z.array(
        z.looseObject({
          observation: z.string(),
          predicted: z.enum(['IS', 'IS NOT']),
          observed: z.enum(['IS', 'IS NOT', 'UNKNOWN']),
          evidence: z.string(),
        }),
      ),
    }),
  ),
  missing: z.array(z.string()),
});

/** What the captures of a period cannot carry at all, or only with a bias. */
export const periodQuality = z.array(
  z.looseObject({
    period: periodName,
    metric: z.string(),
    effect: z.enum(['withheld', 'weakened']),
    because: z.string().meta({ description: 'the diagnostic that says why' }),
    reason: z.string(),
  }),
);

export const diffDocument = comparisonSchema.extend({
  quality: periodQuality,
  localisation: localisation.nullable(),
});
