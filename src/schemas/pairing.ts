/** `lagdiff pair --format json`, schema `lagdiff/pair@1`: both ends of one path, per direction. */
import { z } from 'zod';
import { capture } from './analysis.ts';
import { count, diagnostic, instant, integer, ratio } from './shapes.ts';

const transition = z.looseObject({ from: count(), to: count(), packets: count() });

const figures = {
  sent: count('IP packets in the capture of the sender inside the common window'),
  matched: count(),
  lost: count('absent from the capture of the receiver, and no evidence that the capture missed them'),
  duplicated: count(),
  reordered: count(),
  ambiguous: count('content cannot tell them apart'),
  capture_drops: count('they were there, although one capture lacks them'),
  capture_drops_at_receiver: count(),
  capture_drops_at_sender: count(),
  loss_ratio: ratio().nullable(),
  queueing_p50_ns: integer().nullable(),
  queueing_p95_ns: integer().nullable(),
  queueing_p99_ns: integer().nullable(),
  queueing_samples: count(),
  ipdv_p95_ns: integer().nullable(),
  deadline_miss_ratio: ratio('lost, or later than the smallest delay of the path + 15 ms').nullable(),
  dscp_transitions: z.array(transition.extend({ behaviour: z.string() })),
  ecn_transitions: z.array(transition),
  ttl_delta: integer('hops between the capture points').nullable(),
  ttl_delta_changes: count(),
  mss_rewrites: z.array(transition),
  black_hole_above_bytes: count().nullable(),
} as const;

const checksums = z
  .looseObject({
    correct: count('right at both ends'),
    unfinished: count('left to the card at the capture of the sender, right at that of the receiver'),
    broken: count('right where it left, wrong where it arrived, the payload the same'),
    broken_with_payload: count('the same, the payload another'),
    broken_unmatched: count('wrong where it arrived, and equal to nothing that was sent'),
    removed: count('UDP: right where it left, zero where it arrived'),
    added: count('UDP: zero where it left, right where it arrived'),
    absent: count('UDP without one at either end'),
    wrong_at_both: count(),
    not_checkable: count('cut, fragmented, joined, left to the card, or of another protocol'),
  })
  .meta({ description: 'packets by what became of their TCP or UDP checksum' });

const flowDirection = z.looseObject(figures);
const direction = z
  .looseObject({
    ...figures,
    loss_bursts: z.looseObject({
      bursts: count(),
      mean_packets: z.number().nullable(),
      max_packets: count(),
      conditional_loss_ratio: ratio().nullable(),
    }),
    loss_by_size: z.array(
      z.looseObject({ from_bytes: count(), to_bytes: count(), sent: count(), lost: count() }),
    ),
    loss_by_rate: z.array(
      z.looseObject({
        from_packets_per_second: z.number(),
        to_packets_per_second: z.number(),
        sent: count(),
        lost: count(),
      }),
    ),
    packet_too_big_messages: count(),
    path_mtu_bytes: count().nullable(),
    fragmented: count(),
    payload_rewrites: count(),
    checksums: checksums.optional(),
    resegmented: count(),
    withheld: z.array(z.looseObject({ metric: z.string(), reason: z.string() })),
  })
  .meta({ description: 'one direction' });

const view = z.looseObject({
  src: z.string(),
  src_port: count().nullable(),
  dst: z.string(),
  dst_port: count().nullable(),
});

const directionName = z.enum(['client_to_server', 'server_to_client']);

const clock = z.looseObject({
  offset_ns: integer('clock of the server less clock of the client, at the first common instant').nullable(),
  offset_low_ns: integer().nullable(),
  offset_high_ns: integer().nullable(),
  offset_width_ns: integer().nullable(),
  skew_ppm: z.number().nullable(),
  skew_doubt_ppm: z.number().nullable(),
  skew_status: z.enum(['identified', 'UNIDENTIFIED']),
  skew_reason: z.string().nullable(),
  steps: z.array(z.looseObject({ at: instant, at_within_ns: count(), delta_ns: integer() })),
  step_detectable_ns: count(
    'a step of this size or more would have been found at 99 % of all instants; null: packets or time too few',
  )
    .nullable()
    .optional(),
  route_changes: z.array(
    z.looseObject({ at: instant, client_to_server_ns: integer(), server_to_client_ns: integer() }),
  ),
  at: instant.nullable(),
  bounds: z.array(
    z.looseObject({ end: z.enum(['client', 'server']), source: z.string(), bound_ns: count() }),
  ),
  bounds_used: z.boolean(),
  method: z.string(),
});

const hostDelay = z
  .looseObject({
    samples: count(),
    p50_ns: integer().nullable(),
    p95_ns: integer().nullable(),
    late_samples: count('in stretches of 10 s in which half of them take more than 10 ms'),
    late_p50_ns: integer().nullable(),
    otherwise_p50_ns: integer('the median in all other stretches').nullable(),
  })
  .meta({
    description:
      'what a host takes for acknowledgments that may not wait, from arrival to departure at its own capture',
  });

const segment = z.enum([
  'client host',
  'client access',
  'path forward',
  'path return',
  'server host',
  'UNDETERMINED',
]);

const document = z.looseObject({
  schema: z.literal('lagdiff/pair@1'),
  status: z.enum(['paired', 'weak', 'unrelated']),
  summary: z.string(),
  tried: z.array(z.string()),
  client_captures: z.array(capture),
  server_captures: z.array(capture),
  common_window: z.looseObject({ first: instant, last: instant, duration_ns: count() }).nullable(),
  clock,
  client_to_server: direction,
  server_to_client: direction,
  rtt_min_ns: integer('smallest round trip between the capture points, free of clock offset').nullable(),
  match_ratio: ratio().nullable(),
  flows: z.array(
    z.looseObject({
      protocol: count('IANA number'),
      client_view: view.meta({ description: 'addresses as the capture at the client shows them' }),
      server_view: view.meta({ description: 'as the capture at the server shows them: NAT is visible' }),
      is_translated: z.boolean(),
      association: z.looseObject({
        rule: z.enum(['votes', 'small-flow', 'aligned', 'same-hosts']),
        votes: count(),
        against: count(),
      }),
      first: instant,
      last: instant,
      client_to_server: flowDirection,
      server_to_client: flowDirection,
    }),
  ),
  host_delay: z.looseObject({ client: hostDelay, server: hostDelay }).optional(),
  unpaired_flows: z.looseObject({ client: count(), server: count() }),
  blame: z.looseObject({
    verdict: segment,
    sentence: z.string(),
    reasons: z.array(z.string()),
    scores: z.array(z.looseObject({ segment, score: ratio(), why: z.string() })),
  }),
  findings: z.array(
    z.looseObject({
      id: z.string(),
      severity: z.enum(['info', 'notice', 'warning']),
      direction: directionName.nullable(),
      claim: z.string(),
      threshold: z.string(),
      limits: z.string(),
      count: count(),
      packets: z.array(z.looseObject({ client_frame: count().nullable(), server_frame: count().nullable() })),
      client_filter: z.string().nullable(),
      server_filter: z.string().nullable(),
    }),
  ),
  diagnostics: z.array(diagnostic),
});

/** With captures between the ends, each stretch is such a document by itself. */
export const pairDocument = document.extend({
  legs: z
    .array(z.looseObject({ from: z.string(), to: z.string(), document }))
    .meta({ description: 'each stretch by itself, where captures between the ends were named' })
    .optional(),
});
