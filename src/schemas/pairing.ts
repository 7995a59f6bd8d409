/** `lagdiff pair --format json`, schema `lagdiff/pair@1`: both ends of one path, per direction. */
import { z } from 'zod';
import { finding } from './analysis.ts';
import { count, diagnostic, instant, integer, ratio } from './shapes.ts';

const direction = z
  .looseObject({
    sent: count('IP packets in the capture of the sender inside the common window'),
    matched: count(),
    lost: count('absent from the capture of the receiver, and no evidence that the capture missed them'),
    duplicated: count(),
    reordered: count(),
    ambiguous: count('content cannot tell them apart'),
    capture_drops: count('they were there, although one capture lacks them'),
    loss_ratio: ratio().nullable(),
    queueing_p50_ns: integer().nullable(),
    queueing_p95_ns: integer().nullable(),
    queueing_p99_ns: integer().nullable(),
    ipdv_p95_ns: integer().nullable(),
    dscp_transitions: z.array(
      z.looseObject({ from: count(), to: count(), packets: count(), behaviour: z.string() }),
    ),
    ecn_transitions: z.array(z.looseObject({ from: count(), to: count(), packets: count() })),
    ttl_delta: integer('routers passed: TTL where it was sent less TTL where it arrived').nullable(),
    mss_rewrites: z.unknown().meta({ description: 'MSS options that differ between the ends' }),
    black_hole_above_bytes: count().nullable(),
  })
  .meta({ description: 'one direction' });

const view = z.looseObject({
  src: z.string(),
  src_port: count().nullable(),
  dst: z.string(),
  dst_port: count().nullable(),
});

export const pairDocument = z.looseObject({
  schema: z.literal('lagdiff/pair@1'),
  clock: z
    .looseObject({
      offset_ns: integer('clock of the server less clock of the client, at the first common instant'),
      offset_low_ns: integer(),
      offset_high_ns: integer(),
      skew_ppm: z.number().nullable(),
      steps: z.array(z.looseObject({ at: instant, delta_ns: integer() })),
    })
    .nullable(),
  client_to_server: direction,
  server_to_client: direction,
  rtt_min_ns: integer().nullable(),
  match_ratio: ratio().nullable(),
  flows: z.array(
    z.looseObject({
      protocol: count('IANA number'),
      client_view: view.meta({ description: 'addresses as the capture at the client shows them' }),
      server_view: view.meta({ description: 'as the capture at the server shows them: NAT is visible' }),
      client_to_server: direction,
      server_to_client: direction,
    }),
  ),
  findings: z.array(finding),
  diagnostics: z.array(diagnostic),
});
