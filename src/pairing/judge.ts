/** Everything counted and measured → the answer. */

import type { JoinedFlow } from '../engine/pair.ts';
import { InputError } from '../errors.ts';
import { addressText } from '../tables/address.ts';
import type { Way } from './accumulate.ts';
import { axisOf } from './axis.ts';
import { blameOf } from './blame.ts';
import type { CaptureSummaryLike } from './capture-summary.ts';
import { clockOf, commonWindow, instant } from './clock-figures.ts';
import { fitClock } from './clock.ts';
import { figuresOf, summaryOfWay, type Delays } from './direction.ts';
import { labelled, type JudgeInput } from './facts.ts';
import { findingsOfPair } from './findings.ts';
import { hostDelayOf } from './host-delay.ts';
import { lostPackets, settleLosses } from './losses.ts';
import { pointsOf } from './points.ts';
import { binWidthNs, queueingBins, queueingOf, type WayQueueing } from './queueing.ts';
import {
  PAIR_SCHEMA,
  type DirectionSummary,
  type FlowView,
  type PairDocument,
  type PairedFlow,
  type Pairing,
  type Withheld,
} from './types.ts';
import { unrelated } from './unrelated.ts';
import { pairDiagnostics, tried, wordsOf } from './words.ts';

/** Below this share of packets found at both ends no delay is told: what was found may not be typical (domain rule). */
export const MIN_MATCH_RATIO = 0.9;

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
  const shown = [pointsOf(totals.ways[0].samples, pathOf), pointsOf(totals.ways[1].samples, pathOf)] as const;
  const bursts = settleLosses(totals, shown);
  const axis = axisOf(...shown);
  const points = [axis.forward, axis.reverse] as const;
  const fit = fitClock(...points);
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
  const clock = clockOf(input, totals, fit, axis);
  const window = commonWindow(report, clock);
  const rttMin = fit.rttMinNs === null ? null : Math.max(0, Math.round(fit.rttMinNs));
  // What reaches the client is the way back.
  const hosts = [hostDelayOf(totals.ways[1].answers), hostDelayOf(totals.ways[0].answers)] as const;
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
    hosts,
    rttMin,
    pathOf,
  };
  const findings = findingsOfPair(facts);
  const blame = blameOf(facts);
  const document: PairDocument = {
    schema: PAIR_SCHEMA,
    status: withheld.length > 0 || clock.offset_ns === null ? 'weak' : 'paired',
    summary: wordsOf(facts, blame),
    tried: tried(input),
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
    host_delay: { client: hosts[0].figures, server: hosts[1].figures },
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
      jumps: fit.jumps,
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
