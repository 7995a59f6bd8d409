/** A pairing made from what the simulator knows, so that the figures can be judged without the matcher. */
import type {
  Direction,
  DirectionSummary,
  LostPackets,
  PairDocument,
  PairSamples,
  Pairing,
  QueueingBin,
} from '../../../src/pairing/types.ts';
import { ChecksumCounts } from '../../../src/pairing/checksums.ts';
import { hostDelayOf } from '../../../src/pairing/host-delay.ts';
import { Samples } from '../../../src/pairing/samples.ts';
import { DIRECTIONS } from '../../../src/pairing/types.ts';
import { countsOf } from '../../generators/two-ended/truth.ts';
import type { PacketTruth, Truth } from '../../generators/two-ended/truth.ts';

const BINS = 120;

export function pairingOf(truth: Truth): Pairing {
  const { scenario, clock } = truth;
  const base = scenario.startNs;
  const binNs = Math.ceil((scenario.durationSeconds * 1e9) / BINS);
  const both = <T>(make: (direction: Direction) => T) =>
    Object.fromEntries(DIRECTIONS.map((direction) => [direction, make(direction)])) as Record<Direction, T>;
  const packetsOf = both((direction) => truth.packets.filter((packet) => packet.direction === direction));
  const leastUs = both((direction) =>
    packetsOf[direction].reduce((least, { delayUs }) => Math.min(least, delayUs ?? Infinity), Infinity),
  );
  const summary = (direction: Direction): DirectionSummary => {
    const { sent, matched, lost, duplicated, reordered } = countsOf(truth, direction);
    return {
      ...{ sent, matched, lost, duplicated, reordered, ambiguous: 0 },
      ...{ capture_drops: 0, capture_drops_at_receiver: 0, capture_drops_at_sender: 0 },
      loss_ratio: sent === 0 ? null : lost / sent,
      ...{ queueing_p50_ns: null, queueing_p95_ns: null, queueing_p99_ns: null, queueing_samples: 0 },
      ...{ ipdv_p95_ns: null, deadline_miss_ratio: null, dscp_transitions: [], ecn_transitions: [] },
      ...{ ttl_delta: null, ttl_delta_changes: 0, mss_rewrites: [], black_hole_above_bytes: null },
      loss_bursts: { bursts: 0, mean_packets: null, max_packets: 0, conditional_loss_ratio: null },
      ...{ loss_by_size: [], loss_by_rate: [], packet_too_big_messages: 0, path_mtu_bytes: null },
      ...{ fragmented: 0, payload_rewrites: 0, resegmented: 0, withheld: [] },
      checksums: new ChecksumCounts().figures,
    };
  };
  const instant = (us: number) => new Date(Number(base / 1_000_000n) + us / 1000).toISOString();
  const window = { first: instant(0), last: instant(scenario.durationSeconds * 1e6) };
  const rtt = truth.rttMinNs;
  const document: PairDocument = {
    schema: 'lagdiff/pair@1',
    status: 'paired',
    summary: '',
    tried: [],
    client_captures: [],
    server_captures: [],
    common_window: { ...window, duration_ns: scenario.durationSeconds * 1e9 },
    clock: {
      offset_ns: clock.offsetNs + rtt * 0.1,
      offset_low_ns: clock.offsetNs - rtt * 0.4,
      offset_high_ns: clock.offsetNs + rtt * 0.6,
      offset_width_ns: rtt,
      skew_ppm: clock.skewPpm,
      skew_doubt_ppm: 0.01,
      skew_status: 'identified',
      skew_reason: null,
      steps: clock.steps.map(({ atUs, deltaNs }) => ({
        at: instant(atUs),
        at_within_ns: 1e7,
        delta_ns: deltaNs,
      })),
      step_detectable_ns: 700_000,
      route_changes: scenario.clientToServer.routeChanges.map(({ atSeconds, deltaUs }) => ({
        at: instant(atSeconds * 1e6),
        client_to_server_ns: deltaUs * 1000,
        server_to_client_ns: 0,
      })),
      at: window.first,
      bounds: [],
      bounds_used: false,
      method: '',
    },
    client_to_server: summary('client_to_server'),
    server_to_client: summary('server_to_client'),
    rtt_min_ns: rtt,
    match_ratio: 1,
    flows: [
      {
        protocol: 17,
        client_view: { src: '192.168.1.10', src_port: 50000, dst: '198.51.100.5', dst_port: 7777 },
        server_view: { src: '203.0.113.77', src_port: 50000, dst: '198.51.100.5', dst_port: 7777 },
        is_translated: true,
        association: { rule: 'votes', votes: 100, against: 0 },
        ...window,
        client_to_server: summary('client_to_server'),
        server_to_client: summary('server_to_client'),
      },
    ],
    unpaired_flows: { client: 0, server: 0 },
    host_delay: { client: hostDelayOf(new Samples(1)).figures, server: hostDelayOf(new Samples(1)).figures },
    blame: { verdict: 'UNDETERMINED', sentence: '', reasons: [], scores: [] },
    findings: [],
    diagnostics: [],
  };
  const matched = (direction: Direction) =>
    packetsOf[direction].filter(
      ({ senderFrame, receiverFrames, delayUs }) =>
        senderFrame !== null && receiverFrames.length > 0 && delayUs !== null,
    );
  const samples = (direction: Direction): PairSamples => {
    const packets = matched(direction);
    const floor = leastUs[direction];
    const isUp = direction === 'client_to_server';
    const frames = (ofClient: boolean) =>
      Uint32Array.from(packets, (p) => (ofClient === isUp ? p.senderFrame! : p.receiverFrames[0]!));
    return {
      timeNs: Float64Array.from(packets, ({ sentUs, delayUs }) => (isUp ? sentUs : sentUs + delayUs!) * 1000),
      queueingNs: Float64Array.from(packets, ({ delayUs }) => (delayUs! - floor) * 1000),
      clientFrame: frames(true),
      serverFrame: frames(false),
      flow: Uint32Array.from(packets, ({ flow }) => flow),
      ipLenBytes: Uint32Array.from(packets, ({ ipLenBytes }) => ipLenBytes),
    };
  };
  const bins = (direction: Direction): QueueingBin[] =>
    Array.from({ length: BINS }, (_, i) => {
      const inside = (p: PacketTruth) => Math.floor((p.sentUs * 1000) / binNs) === i;
      const here = packetsOf[direction].filter((p) => inside(p) && p.senderFrame !== null);
      const queueing = matched(direction)
        .filter(inside)
        .map(({ delayUs }) => (delayUs! - leastUs[direction]) * 1000)
        .sort((a, b) => a - b);
      const quantile = (q: number) => queueing[Math.floor(q * (queueing.length - 1))] ?? null;
      return {
        startNs: i * binNs,
        samples: queueing.length,
        sent: here.length,
        lost: here.filter(({ fate }) => fate === 'lost').length,
        ...{ p50Ns: quantile(0.5), p95Ns: quantile(0.95), p99Ns: quantile(0.99), minNs: quantile(0) },
      };
    });
  const lost = (direction: Direction): LostPackets => {
    const packets = packetsOf[direction].filter(
      ({ fate, senderFrame }) => fate === 'lost' && senderFrame !== null,
    );
    return {
      sentNs: Float64Array.from(packets, ({ sentUs }) => sentUs * 1000),
      frame: Uint32Array.from(packets, ({ senderFrame }) => senderFrame!),
      flow: Uint32Array.from(packets, ({ flow }) => flow),
      ipLenBytes: Uint32Array.from(packets, ({ ipLenBytes }) => ipLenBytes),
    };
  };
  return {
    document,
    series: { base, jumps: [], binNs, bins: both(bins), samples: both(samples), lost: both(lost) },
  };
}
