/** Everything counted and measured → the answer. */

import type { DiagnosticRecord } from '../diagnostics/types.ts';
import type { JoinedFlow, PairReport } from '../engine/pair.ts';
import { InputError } from '../errors.ts';
import { addressText } from '../tables/address.ts';
import { formatInstant } from '../units.ts';
import type { Totals, Way } from './accumulate.ts';
import { blameOf } from './blame.ts';
import type { CaptureSummaryLike } from './capture-summary.ts';
import { fitClock, type ClockFit } from './clock.ts';
import { figuresOf, summaryOfWay, type Delays } from './direction.ts';
import { findingsOfPair } from './findings.ts';
import { lostPackets, settleLosses, type Bursts } from './losses.ts';
import { pointsOf } from './points.ts';
import { binWidthNs, queueingBins, queueingOf, type WayQueueing } from './queueing.ts';
import {
  PAIR_SCHEMA,
  type Clock,
  type ClockBound,
  type DirectionSummary,
  type FlowView,
  type LostPackets,
  type PairDocument,
  type PairedFlow,
  type Pairing,
  type PairSamples,
  type Withheld,
} from './types.ts';
import { pairDiagnostics, tried, wordsOf } from './words.ts';

export interface JudgeInput {
  readonly report: PairReport;
  /** Null when no flow was joined. */
  readonly totals: Totals | null;
  readonly captures: readonly (readonly CaptureSummaryLike[])[];
  readonly diagnostics: readonly (readonly DiagnosticRecord[])[];
  readonly bounds: readonly ClockBound[];
}

/** Below this share of packets found at both ends no delay is told: what was found may not be typical (domain rule). */
export const MIN_MATCH_RATIO = 0.9;

/** Clocks with steps of a microsecond disagree by as much. */
const GRAIN_NS = 2000;

const NO_BURSTS: Bursts = { bursts: 0, mean_packets: null, max_packets: 0, conditional_loss_ratio: null };

export function judge(input: JudgeInput): Pairing {
  const { report, totals } = input;
  refuseEmpty(input.captures);
  if (totals === null || totals.first === null || totals.last === null) return unrelated(input);
  const rows = report.joined.flatMap((joined, flow) =>
    totals.flowExtent.has(flow) ? [{ joined, flow }] : [],
  );
  const rowOfFlow = new Map(rows.map(({ flow }, row) => [flow, row]));
  const paths = pathsOf(report.joined);
  const pathOf = (flow: number): number => paths[flow] ?? 0;
  const points = [
    pointsOf(totals.ways[0].samples, pathOf),
    pointsOf(totals.ways[1].samples, pathOf),
  ] as const;
  const bursts = settleLosses(totals, points);
  const fit = fitClock(points[0], points[1]);
  const queueing = ([0, 1] as const).map((way) =>
    queueingOf(totals, way, points[way], fit, (flow) => rowOfFlow.get(flow) ?? 0),
  ) as [WayQueueing, WayQueueing];
  const sent = totals.ways[0].all.sent + totals.ways[1].all.sent;
  const matched = totals.ways[0].all.matched + totals.ways[1].all.matched;
  const matchRatio = sent === 0 ? null : matched / sent;
  const withheld = withheldDelays(matchRatio);
  const delays = (given: Delays | undefined): Delays | null => (withheld.length > 0 ? null : (given ?? null));
  const summary = (way: Way): DirectionSummary =>
    summaryOfWay(totals.ways[way], delays(queueing[way].all), bursts[way], withheld);
  const directions = [summary(0), summary(1)] as const;
  const flows = rows.map(({ joined, flow }): PairedFlow => {
    const [first, last] = totals.flowExtent.get(flow) ?? [0, 0];
    const views = viewsOf(joined);
    return {
      protocol: joined.protocol,
      ...views,
      is_translated: JSON.stringify(views.client_view) !== JSON.stringify(views.server_view),
      association: { rule: joined.rule, votes: joined.votes, against: joined.against },
      first: instant(totals.base, first),
      last: instant(totals.base, last),
      client_to_server: figuresOf(totals.ways[0].byFlow.get(flow), delays(queueing[0].byFlow.get(flow))),
      server_to_client: figuresOf(totals.ways[1].byFlow.get(flow), delays(queueing[1].byFlow.get(flow))),
    };
  });
  const clock = clockOf(input, totals, fit);
  const window = commonWindow(report, clock);
  const rttMin = fit.rttMinNs === null ? null : Math.max(0, Math.round(fit.rttMinNs));
  const facts = {
    input,
    totals,
    fit,
    clock,
    directions,
    queueing,
    flows,
    matchRatio,
    window,
    rttMin,
    pathOf,
  };
  const findings = findingsOfPair(facts);
  const blame = blameOf(facts);
  const document: PairDocument = {
    schema: PAIR_SCHEMA,
    status: withheld.length > 0 || clock.offset_ns === null ? 'weak' : 'paired',
    summary: wordsOf(facts, blame),
    tried: tried(report),
    client_captures: input.captures[0] ?? [],
    server_captures: input.captures[1] ?? [],
    common_window: window,
    clock,
    client_to_server: directions[0],
    server_to_client: directions[1],
    rtt_min_ns: rttMin,
    match_ratio: matchRatio,
    flows,
    unpaired_flows: {
      client: report.flows[0] - report.joined.length,
      server: report.flows[1] - report.joined.length,
    },
    blame,
    findings,
    diagnostics: [...labelled(input), ...pairDiagnostics(facts)],
  };
  const binNs = binWidthNs(totals.last - totals.first);
  const bins = queueingBins(totals, [queueing[0].samples, queueing[1].samples], binNs);
  return {
    document,
    series: {
      base: totals.base,
      binNs,
      bins: { client_to_server: bins[0], server_to_client: bins[1] },
      samples: { client_to_server: queueing[0].samples, server_to_client: queueing[1].samples },
      lost: {
        client_to_server: lostPackets(totals, 0, fit, (flow) => rowOfFlow.get(flow)),
        server_to_client: lostPackets(totals, 1, fit, (flow) => rowOfFlow.get(flow)),
      },
    },
  };
}

/** What rules and sentences may look at. */
export interface PairFacts {
  readonly input: JudgeInput;
  readonly totals: Totals;
  readonly fit: ClockFit;
  readonly clock: Clock;
  readonly directions: readonly [DirectionSummary, DirectionSummary];
  readonly queueing: readonly [WayQueueing, WayQueueing];
  readonly flows: readonly PairedFlow[];
  readonly matchRatio: number | null;
  readonly window: PairDocument['common_window'];
  readonly rttMin: number | null;
  readonly pathOf: (flow: number) => number;
}

/** @throws InputError when an end holds no IP packet: there is nothing that could be compared. */
function refuseEmpty(captures: readonly (readonly CaptureSummaryLike[])[]): void {
  for (const [end, name] of ['client', 'server'].entries()) {
    const list = captures[end] ?? [];
    if (list.length === 0 || list.some(({ decoded }) => decoded > 0)) continue;
    const path = list[0]?.path ?? '';
    throw new InputError({
      code: 'pair/no-packets',
      message: `${path} holds no IP packet, so the ${name}'s end cannot be compared`,
      help: 'lagdiff info shows what a capture holds; check interface and filter of the capture',
      path,
    });
  }
}

function withheldDelays(matchRatio: number | null): Withheld {
  if (matchRatio !== null && matchRatio >= MIN_MATCH_RATIO) return [];
  const share = matchRatio === null ? 'no packet' : `${(matchRatio * 100).toFixed(1)} % of the packets`;
  const reason = `${share} of the shared flows found at both ends; delays need ${MIN_MATCH_RATIO * 100} %`;
  return ['queueing_p50_ns', 'queueing_p95_ns', 'queueing_p99_ns', 'ipdv_p95_ns', 'deadline_miss_ratio'].map(
    (metric) => ({
      metric,
      reason,
    }),
  );
}

function instant(base: bigint, ns: number): string {
  return formatInstant(base + BigInt(Math.round(ns))) ?? '';
}

/** Flows of the same two hosts, as the client sees them, share a path number. */
function pathsOf(joined: readonly JoinedFlow[]): number[] {
  const numbers = new Map<string, number>();
  return joined.map(({ addresses }) => {
    const key = `${addressText(addresses[0])} ${addressText(addresses[1])}`;
    const known = numbers.get(key) ?? numbers.size;
    numbers.set(key, known);
    return known;
  });
}

function viewsOf({ addresses, ports, hasPorts, protocol }: JoinedFlow): {
  client_view: FlowView;
  server_view: FlowView;
} {
  // An echo identifier is no port.
  const port = (value: number): number | null =>
    hasPorts && protocol !== 1 && protocol !== 58 ? value : null;
  const view = (at: 0 | 2): FlowView => ({
    src: addressText(addresses[at]),
    src_port: port(ports[at]),
    dst: addressText(addresses[at === 0 ? 1 : 3]),
    dst_port: port(ports[at === 0 ? 1 : 3]),
  });
  return { client_view: view(0), server_view: view(2) };
}

function clockOf({ report, bounds }: JudgeInput, totals: Totals, fit: ClockFit): Clock {
  const base = Number(report.offsetNs);
  let low = fit.lowNs === null ? null : fit.lowNs + base;
  let high = fit.highNs === null ? null : fit.highNs + base;
  const bothBounds = (['client', 'server'] as const).map((end) =>
    Math.min(...bounds.filter((bound) => bound.end === end).map(({ bound_ns }) => bound_ns)),
  );
  const limit = bothBounds.reduce((sum, value) => sum + value, 0);
  const fits = Number.isFinite(limit) && low !== null && high !== null && low <= limit && high >= -limit;
  const narrows = fits && (low! < -limit || high! > limit);
  if (fits) {
    low = Math.max(low!, -limit);
    high = Math.min(high!, limit);
  }
  const identified = fit.unidentified === null;
  // Less than nothing lies between them only if some packets are not what they were taken for.
  const isKnown = low !== null && high !== null && low <= high + GRAIN_NS;
  return {
    offset_ns: isKnown ? Math.round((low! + high!) / 2) : null,
    offset_low_ns: isKnown ? Math.floor(Math.min(low!, high!)) : null,
    offset_high_ns: isKnown ? Math.ceil(Math.max(low!, high!)) : null,
    offset_width_ns: isKnown ? Math.ceil(Math.abs(high! - low!)) : null,
    skew_ppm: identified ? fit.skew * 1e6 : null,
    skew_doubt_ppm: identified ? fit.skewDoubt * 1e6 : null,
    skew_status: identified ? 'identified' : 'UNIDENTIFIED',
    skew_reason: fit.unidentified,
    steps: fit.steps.map(({ atNs, withinNs, deltaNs }) => ({
      at: instant(totals.base, atNs),
      at_within_ns: Math.round(withinNs),
      delta_ns: Math.round(deltaNs),
    })),
    step_detectable_ns: fit.detectableNs === null ? null : Math.ceil(fit.detectableNs),
    route_changes: fit.routes.map(({ atNs, forwardNs, reverseNs }) => ({
      at: instant(totals.base, atNs),
      client_to_server_ns: Math.round(forwardNs),
      server_to_client_ns: Math.round(reverseNs),
    })),
    at: isKnown ? instant(totals.base, fit.atNs) : null,
    bounds,
    bounds_used: narrows,
    method:
      'interval from the smallest delays of both directions after steps and skew were taken off; skew from the lower hulls of both directions with opposite signs',
  };
}

function commonWindow(report: PairReport, clock: Clock): PairDocument['common_window'] {
  const [client, server] = report.extents;
  if (client === null || server === null) return null;
  const offset = BigInt(clock.offset_ns ?? Number(report.offsetNs));
  const first = client[0] > server[0] - offset ? client[0] : server[0] - offset;
  const last = client[1] < server[1] - offset ? client[1] : server[1] - offset;
  if (last < first) return null;
  return {
    first: formatInstant(first) ?? '',
    last: formatInstant(last) ?? '',
    duration_ns: Number(last - first),
  };
}

function labelled({ diagnostics }: JudgeInput): DiagnosticRecord[] {
  return ['client', 'server'].flatMap((end, index) =>
    (diagnostics[index] ?? []).map((record) => ({ ...record, message: `${end}: ${record.message}` })),
  );
}

/** No shared traffic: said in words, with what was tried, and with every figure withheld. */
function unrelated(input: JudgeInput): Pairing {
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
    resegmented: 0,
    withheld,
  };
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
  const steps = tried(input.report);
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
      binNs: 1e9,
      bins: { client_to_server: [], server_to_client: [] },
      samples: { client_to_server: none(), server_to_client: none() },
      lost: { client_to_server: noneLost(), server_to_client: noneLost() },
    },
  };
}

function unrelatedHints({ captures }: JudgeInput): string {
  const span = (list: readonly CaptureSummaryLike[]): [string, string] | null => {
    const firsts = list.flatMap(({ first }) => (first === null ? [] : [first])).sort();
    const lasts = list.flatMap(({ last }) => (last === null ? [] : [last])).sort();
    return firsts.length === 0 || lasts.length === 0 ? null : [firsts[0]!, lasts.at(-1)!];
  };
  const [client, server] = [span(captures[0] ?? []), span(captures[1] ?? [])];
  if (client === null || server === null) return 'a capture has no packet with a time';
  if (client[1] < server[0] || server[1] < client[0])
    return `by their own clocks the captures do not overlap (client ${client[0]} to ${client[1]}, server ${server[0]} to ${server[1]}); take both at the same time`;
  return 'check that both were taken on the path of the same traffic, at the same time, and inside the same tunnel or outside of it (encryption changes every byte)';
}
