/** Captures that share no traffic. */

import type { CaptureSummaryLike } from './capture-summary.ts';
import { ChecksumCounts } from './checksums.ts';
import { figuresOf } from './direction.ts';
import { labelled, type JudgeInput } from './facts.ts';
import { hostDelayOf } from './host-delay.ts';
import type { Bursts } from './losses.ts';
import { Samples } from './samples.ts';
import {
  PAIR_SCHEMA,
  type DirectionSummary,
  type LostPackets,
  type Pairing,
  type PairSamples,
  type Withheld,
} from './types.ts';
import { tried } from './words.ts';

const NO_BURSTS: Bursts = { bursts: 0, mean_packets: null, max_packets: 0, conditional_loss_ratio: null };

/** No shared traffic: said in words, with what was tried, and with every figure withheld. */
export function unrelated(input: JudgeInput): Pairing {
  const reason = 'no traffic was found that both captures hold';
  const withheld: Withheld = [{ metric: 'all', reason }];
  const direction: DirectionSummary = {
    ...figuresOf(undefined, null),
    loss_bursts: NO_BURSTS,
    loss_by_size: [],
    loss_by_rate: [],
    packet_too_big_messages: 0,
    path_mtu_bytes: null,
    fragmented: 0,
    payload_rewrites: 0,
    checksums: new ChecksumCounts().figures,
    resegmented: 0,
    withheld,
  };
  const noDelay = hostDelayOf(new Samples(1)).figures;
  const none = (): PairSamples => ({
    timeNs: new Float64Array(0),
    queueingNs: new Float64Array(0),
    clientFrame: new Uint32Array(0),
    serverFrame: new Uint32Array(0),
    flow: new Uint32Array(0),
    ipLenBytes: new Uint32Array(0),
  });
  const noneLost = (): LostPackets => ({
    sentNs: new Float64Array(0),
    frame: new Uint32Array(0),
    flow: new Uint32Array(0),
    ipLenBytes: new Uint32Array(0),
  });
  const steps = tried(input);
  const hints = unrelatedHints(input);
  return {
    document: {
      schema: PAIR_SCHEMA,
      status: 'unrelated',
      summary: `${reason}: ${hints}`,
      tried: steps,
      client_captures: input.captures[0] ?? [],
      server_captures: input.captures[1] ?? [],
      common_window: null,
      clock: {
        offset_ns: null,
        offset_low_ns: null,
        offset_high_ns: null,
        offset_width_ns: null,
        skew_ppm: null,
        skew_doubt_ppm: null,
        skew_status: 'UNIDENTIFIED',
        skew_reason: reason,
        steps: [],
        step_detectable_ns: null,
        route_changes: [],
        at: null,
        bounds: input.bounds,
        bounds_used: false,
        method: 'none: there is nothing to compare',
      },
      client_to_server: direction,
      server_to_client: direction,
      rtt_min_ns: null,
      match_ratio: 0,
      flows: [],
      unpaired_flows: { client: input.report.flows[0], server: input.report.flows[1] },
      host_delay: { client: noDelay, server: noDelay },
      blame: {
        verdict: 'UNDETERMINED',
        sentence: `UNDETERMINED: ${reason}.`,
        reasons: [reason],
        scores: [],
      },
      findings: [],
      diagnostics: labelled(input),
    },
    series: {
      base: 0n,
      jumps: [],
      binNs: 1e9,
      bins: { client_to_server: [], server_to_client: [] },
      samples: { client_to_server: none(), server_to_client: none() },
      lost: { client_to_server: noneLost(), server_to_client: noneLost() },
    },
  };
}

/** Of an end, so much is too short to be compared that nothing else needs to explain it. */
const MOST = 0.5;

function unrelatedHints({ captures, report }: JudgeInput): string {
  const span = (list: readonly CaptureSummaryLike[]): [string, string] | null => {
    const firsts = list.flatMap(({ first }) => (first === null ? [] : [first])).sort();
    const lasts = list.flatMap(({ last }) => (last === null ? [] : [last])).sort();
    return firsts.length === 0 || lasts.length === 0 ? null : [firsts[0]!, lasts.at(-1)!];
  };
  const [client, server] = [span(captures[0] ?? []), span(captures[1] ?? [])];
  if (client === null || server === null) return 'a capture has no packet with a time';
  if (client[1] < server[0] || server[1] < client[0])
    return `by their own clocks the captures do not overlap (client ${client[0]} to ${client[1]}, server ${server[0]} to ${server[1]}); take both at the same time`;
  const cut = (['client', 'server'] as const).filter((_, end) => {
    const decoded = (captures[end] ?? []).reduce((sum, capture) => sum + capture.decoded, 0);
    return (report.unkeyable[end] ?? 0) > MOST * decoded;
  });
  if (cut.length > 0)
    return `too little of most packets of the ${cut.join(' and the ')} capture was kept to tell them apart (${report.unkeyable.join(' and ')} packets without content); capture with tcpdump -s 128 or more, so that every header and 8 bytes behind it are there`;
  return 'check that both were taken on the path of the same traffic, at the same time, and inside the same tunnel or outside of it (encryption changes every byte)';
}
