/**
 * The truth of a recording, from the router's log: what was set, and what it did to the packets of the recorded window.
 * Delays are those the router gave, from one device to the other; captures add what the kernel takes on both sides.
 */

import { quantileType7 } from '../../src/statistics/quantile.ts';
import { formatInstant } from '../../src/units.ts';
import type { Fate, PacketFate } from './fates.ts';
import { readFates } from './fates.ts';
import type { HomePlan } from './plan.ts';
import type { PingAnswer } from './services.ts';
import { readPing } from './services.ts';
import type { Recorded } from './world.ts';

export const DEFINITIONS = {
  untimed:
    'packets of the whole run whose sending the router did not see: their delay counts from when it woke',
  sent: 'IP packets given to the sender’s device within the window, without ICMP errors that the path made',
  delivered: 'of those, written to the receiver’s device at any time',
  in_flight_at_end:
    'of the delivered, written after the window ended: absent from the far end’s capture without being lost',
  in_flight_at_begin: 'written within the window, but read before it: only in the far end’s capture',
  lost: 'dropped by the path’s losses or a full queue',
  too_big: 'dropped because larger than the MTU of the access, told or not',
  refused: 'no IPv4, no mapping of the translator, or no life left; nothing of it reached the other end',
  duplicated: 'second copies written',
  reordered: 'held back so that later packets could pass; one that nothing passed counts, too',
  base_ns: 'delay the path was set to, without queueing, at the begin of the window',
  delay_min_ns: 'smallest delay of the window; null without packets',
  queueing:
    'delay above delay_min_ns of the same home and direction; p50 and p95 by linear interpolation (type 7)',
  both_ends: 'the volunteers together: what the captures of both ends hold of the same packets',
  rtt_p50_by_minute_ns:
    'median, per minute since the window began, over packets to the home: own delay plus the delay of the next packet from it; null below 5',
  ping_p50_by_minute_ns:
    'median RTT that ping measured at home in that minute, by the receiver’s clock; null without one',
  clock:
    'server clock minus client clock: offset at the window’s begin; what the captures’ times were moved by',
  starved: 'each time the server’s processes were stopped and let go on',
} as const;

export interface DirectionTruth {
  readonly sent: number;
  readonly delivered: number;
  readonly in_flight_at_end: number;
  readonly in_flight_at_begin: number;
  readonly lost: number;
  readonly too_big: number;
  readonly refused: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly delay_min_ns: number | null;
  readonly queueing_p50_ns: number | null;
  readonly queueing_p95_ns: number | null;
}

export interface HomeTruth {
  readonly name: string;
  readonly cohort: string;
  readonly address: string;
  readonly public_address: string;
  readonly games: readonly string[];
  readonly captured_at_home: boolean;
  readonly base_ns: { readonly client_to_server: number; readonly server_to_client: number };
  readonly client_to_server: DirectionTruth;
  readonly server_to_client: DirectionTruth;
  readonly rtt_p50_ns: number | null;
  readonly rtt_p50_by_minute_ns: readonly (number | null)[];
  readonly ping_p50_ns: number | null;
  readonly ping_p50_by_minute_ns: readonly (number | null)[];
}

export interface WorldTruth {
  readonly period: string;
  /** Which of its period, from 1 on, all recorded side by side and moved to follow each other; null where there is one. */
  readonly sitting: number | null;
  readonly seed: number;
  readonly duration_ns: number;
  /** First instant of the published captures, server's clock. */
  readonly begins: string;
  readonly moved_by_ns: string;
  readonly clock: {
    readonly offset_ns: number;
    readonly skew_ppm: number;
    readonly step_ns: number;
    readonly step_at_ns: number | null;
  };
  readonly cohorts: readonly CohortTruth[];
  readonly mark_udp: number | null;
  readonly ip_ids_are_zero: boolean;
  readonly both_ends: {
    readonly client_to_server: DirectionTruth;
    readonly server_to_client: DirectionTruth;
  };
  readonly homes: readonly HomeTruth[];
  /** Since the window's begin. */
  readonly route_changes: readonly { readonly at_ns: number; readonly changes: unknown }[];
  readonly starved: readonly { readonly at_ns: number; readonly for_ns: number }[];
  readonly router_was_real_time: boolean;
  readonly untimed: number;
}

interface CohortTruth {
  readonly name: string;
  readonly prefix: string;
  readonly mtu_bytes: number;
  readonly says_too_big: boolean;
  readonly clamp_mss_bytes: number | null;
  readonly shares_addresses: boolean;
  readonly up: unknown;
  readonly down: unknown;
}

const MIN_SAMPLES = 5;
const MINUTE_NS = 60_000_000_000;

interface Sample {
  readonly home: number;
  readonly delayNs: number;
  readonly inNs: number;
  readonly outNs: number;
}

export function worldTruth(recorded: Recorded, movedByNs: bigint): WorldTruth {
  const { plan, fromNs, toNs } = recorded;
  // As numbers since the begin: exact, and faster than bigint by far.
  const fates = readFates(recorded.fates).map((packet) => ({
    ...packet,
    inAt: Number(packet.inNs - fromNs),
    outAt: packet.outNs === 0n ? null : Number(packet.outNs - fromNs),
  }));
  const end = Number(toNs - fromNs);
  const ways = (['up', 'down'] as const).map((way) => fates.filter(({ direction }) => direction === way));
  const [up = [], down = []] = ways;
  const of = (list: readonly Timed[], homes: ReadonlySet<number>): DirectionTruth =>
    directionTruth(
      list.filter(({ home }) => homes.has(home)),
      end,
    );
  const captured = new Set(plan.homes.flatMap(({ isCaptured }, index) => (isCaptured ? [index] : [])));
  return {
    period: plan.period,
    sitting: plan.sitting,
    seed: plan.seed,
    duration_ns: end,
    begins: formatInstant(fromNs + movedByNs) ?? '',
    moved_by_ns: String(movedByNs),
    clock: {
      offset_ns: plan.clock.offsetNs,
      skew_ppm: plan.clock.skewPpm,
      step_ns: plan.clock.step?.ns ?? 0,
      step_at_ns: plan.clock.step === null ? null : plan.clock.step.atSeconds * 1e9,
    },
    cohorts: plan.cohorts.map((cohort) => ({
      name: cohort.name,
      prefix: cohort.prefix,
      mtu_bytes: cohort.mtu,
      says_too_big: cohort.saysTooBig,
      clamp_mss_bytes: cohort.clampMss,
      shares_addresses: cohort.sharesAddresses,
      up: cohort.up,
      down: cohort.down,
    })),
    mark_udp: plan.markUdp,
    ip_ids_are_zero: plan.hasAtomicIds,
    both_ends: { client_to_server: of(up, captured), server_to_client: of(down, captured) },
    homes: plan.homes.map((home, index) => {
      const only = new Set([index]);
      return homeTruth(home, recorded, of(up, only), of(down, only), {
        rtts: roundTrips(up, down, index, end),
        end,
      });
    }),
    route_changes: recorded.changedAtNs.map((at, index) => ({
      at_ns: Number(at - fromNs),
      changes: plan.routeChanges[index]?.changes ?? [],
    })),
    starved: recorded.starvedNs.map(([from, to]) => ({
      at_ns: Number(from - fromNs),
      for_ns: Number(to - from),
    })),
    router_was_real_time: recorded.isRealTime,
    untimed: recorded.untimed,
  };
}

type Timed = PacketFate & { readonly inAt: number; readonly outAt: number | null };

const DELIVERED: readonly Fate[] = ['delivered', 'reordered'];

function directionTruth(packets: readonly Timed[], end: number): DirectionTruth {
  const isWithin = (at: number | null): at is number => at !== null && at >= 0 && at < end;
  const counted = packets.filter(({ fate }) => fate !== 'told' && fate !== 'duplicate');
  const within = counted.filter(({ inAt }) => isWithin(inAt));
  const count = (...fates: readonly Fate[]): number =>
    within.filter(({ fate }) => fates.includes(fate)).length;
  const unwritten = count('unwritten', 'under_way');
  if (unwritten > 0) throw new Error(`${unwritten} packets of the window were never written`);
  const arrived = within.filter(({ fate }) => DELIVERED.includes(fate));
  const delays = delaysAboveFloor(
    counted.filter(({ inAt, outAt, fate }) => isWithin(inAt) && isWithin(outAt) && DELIVERED.includes(fate)),
  );
  return {
    sent: within.length,
    delivered: arrived.length,
    in_flight_at_end: arrived.filter(({ outAt }) => outAt !== null && outAt >= end).length,
    in_flight_at_begin: counted.filter(({ inAt, outAt }) => inAt < 0 && isWithin(outAt)).length,
    lost: count('lost', 'queue_full'),
    too_big: count('too_big_told', 'too_big_silent'),
    refused: count('refused'),
    duplicated: packets.filter(({ fate, outAt }) => fate === 'duplicate' && isWithin(outAt)).length,
    reordered: count('reordered'),
    delay_min_ns: delays.least,
    queueing_p50_ns: rounded(quantileType7(delays.above, 0.5)),
    queueing_p95_ns: rounded(quantileType7(delays.above, 0.95)),
  };
}

/** Each home against its own floor, as two captures would see it. */
function delaysAboveFloor(packets: readonly Timed[]): { least: number | null; above: Float64Array } {
  const samples: Sample[] = packets.map(({ home, inAt, outAt }) => ({
    home,
    inNs: inAt,
    outNs: outAt ?? 0,
    delayNs: (outAt ?? 0) - inAt,
  }));
  const floors = new Map<number, number>();
  for (const { home, delayNs } of samples) floors.set(home, Math.min(floors.get(home) ?? Infinity, delayNs));
  return {
    least: floors.size === 0 ? null : Math.min(...floors.values()),
    above: Float64Array.from(samples, ({ home, delayNs }) => delayNs - (floors.get(home) ?? 0)).sort(),
  };
}

/** By the minute in which the packet to the home was sent. */
function roundTrips(
  up: readonly Timed[],
  down: readonly Timed[],
  home: number,
  end: number,
): readonly (readonly [number, number])[] {
  const arrived = (list: readonly Timed[]): readonly Timed[] =>
    list.filter((packet) => packet.home === home && DELIVERED.includes(packet.fate) && packet.outAt !== null);
  const back = [...arrived(up)].sort((a, b) => a.inAt - b.inAt);
  let next = 0;
  return [...arrived(down)]
    .sort((a, b) => (a.outAt ?? 0) - (b.outAt ?? 0))
    .flatMap((packet): (readonly [number, number])[] => {
      const { inAt, outAt } = packet;
      if (outAt === null || inAt < 0 || inAt >= end) return [];
      while ((back[next]?.inAt ?? Infinity) < outAt) next++;
      const answer = back[next];
      if (answer?.outAt == null) return [];
      return [[Math.floor(inAt / MINUTE_NS), outAt - inAt + (answer.outAt - answer.inAt)]];
    });
}

function homeTruth(
  home: HomePlan,
  recorded: Recorded,
  up: DirectionTruth,
  down: DirectionTruth,
  { rtts, end }: { rtts: readonly (readonly [number, number])[]; end: number },
): HomeTruth {
  const answers = readPing(recorded.pings.get(home.name) ?? '').map(
    ({ atNs, rttNs }: PingAnswer) => [Math.floor(Number(atNs - recorded.fromNs) / MINUTE_NS), rttNs] as const,
  );
  const minutes = Math.ceil(end / MINUTE_NS);
  const byMinute = (pairs: readonly (readonly [number, number])[], least: number): (number | null)[] =>
    Array.from({ length: minutes }, (_, minute) => {
      const values = pairs.filter(([at]) => at === minute).map(([, value]) => value);
      return values.length < least ? null : median(values);
    });
  return {
    name: home.name,
    cohort: home.cohort,
    address: home.address,
    public_address: home.publicAddress,
    games: home.games,
    captured_at_home: home.isCaptured,
    base_ns: { client_to_server: home.upNs, server_to_client: home.downNs },
    client_to_server: up,
    server_to_client: down,
    rtt_p50_ns: median(rtts.map(([, value]) => value)),
    rtt_p50_by_minute_ns: byMinute(rtts, MIN_SAMPLES),
    ping_p50_ns: median(answers.map(([, value]) => value)),
    ping_p50_by_minute_ns: byMinute(answers, 1),
  };
}

function median(values: readonly number[]): number | null {
  return rounded(quantileType7(Float64Array.from(values).sort(), 0.5));
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}
