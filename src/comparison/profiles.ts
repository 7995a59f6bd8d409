/** What is good, degraded and bad per kind of game, and the smallest change that matters. Data; every figure says whose it is. */
import { NS_PER_MS } from '../units.ts';
import type { Metric } from './types.ts';

const DEFAULT = 'default, not a standard';

export interface Sourced {
  readonly value: number;
  readonly source: string;
}

export interface Profile {
  readonly name: ProfileName;
  readonly rttGoodNs: Sourced;
  readonly rttDegradedNs: Sourced;
  readonly rttBadNs: Sourced;
  readonly pdvGoodNs: Sourced;
  readonly pdvBadNs: Sourced;
  readonly lossGoodRatio: Sourced;
  readonly lossBadRatio: Sourced;
  readonly deadlineMissBadRatio: Sourced;
  readonly lossMargin: Sourced;
}

const LADDER_SHOOTER = 'Riot VALORANT target of 17.5 ms one way; Liu & Claypool 2021: benefit down to 25 ms';
const LADDER_CASUAL = 'latency ladder 50/100/150 ms: GameLift example policy, Claypool & Claypool, Armitage';
const LADDER_MOBA = 'Riot League of Legends client: 65 and 100 ms';
const LADDER_SLOW = 'Claypool & Claypool deadline ladder; Unity netcode documentation up to 500 ms';
const LADDER_CLOUD = 'secondary sources on GeForce NOW: 40 recommended, 80 required';
const LOSS_5QI = '3GPP 5QI 3 and 7: packet error rate 10^-3';

/** name, RTT good/degraded/bad ms, its source, PDV good/bad ms, loss good/bad, deadline-miss bad, loss margin. */
type ProfileRow = readonly [
  string,
  number,
  number,
  number,
  string,
  number,
  number,
  number,
  number,
  number,
  number,
];

const ROWS = [
  ['fps_competitive', 35, 60, 100, LADDER_SHOOTER, 8, 20, 0.001, 0.01, 0.02, 0.0025],
  ['fps_casual', 50, 100, 150, LADDER_CASUAL, 10, 30, 0.002, 0.02, 0.03, 0.005],
  ['battle_royale', 50, 100, 150, LADDER_CASUAL, 10, 30, 0.002, 0.02, 0.03, 0.005],
  ['racing', 50, 100, 150, LADDER_CASUAL, 10, 30, 0.002, 0.02, 0.03, 0.005],
  ['fighting', 50, 100, 150, LADDER_CASUAL, 8, 20, 0.001, 0.01, 0.02, 0.005],
  ['moba', 65, 100, 150, LADDER_MOBA, 15, 40, 0.005, 0.02, 0.03, 0.005],
  ['sports', 65, 100, 150, LADDER_MOBA, 15, 40, 0.005, 0.02, 0.03, 0.005],
  ['mmo', 100, 200, 300, LADDER_SLOW, 30, 60, 0.01, 0.03, 0.05, 0.005],
  ['rts', 150, 300, 500, LADDER_SLOW, 50, 100, 0.01, 0.05, 0.05, 0.005],
  ['cloud_gaming', 40, 60, 80, LADDER_CLOUD, 5, 15, 0.001, 0.005, 0.01, 0.005],
] as const satisfies readonly ProfileRow[];

export type ProfileName = (typeof ROWS)[number][0];

function toProfile(row: (typeof ROWS)[number]): Profile {
  const [name, good, degraded, bad, ladder, pdvGood, pdvBad, lossGood, lossBad, missBad, lossMargin] = row;
  const ladderNs = (ms: number): Sourced => ({ value: ms * NS_PER_MS, source: ladder });
  const byDefault = (value: number): Sourced => ({ value, source: DEFAULT });
  return {
    name,
    rttGoodNs: ladderNs(good),
    rttDegradedNs: ladderNs(degraded),
    rttBadNs: ladderNs(bad),
    pdvGoodNs: byDefault(pdvGood * NS_PER_MS),
    pdvBadNs: byDefault(pdvBad * NS_PER_MS),
    lossGoodRatio: { value: lossGood, source: lossGood === 0.001 ? LOSS_5QI : DEFAULT },
    lossBadRatio: byDefault(lossBad),
    deadlineMissBadRatio: byDefault(missBad),
    lossMargin: byDefault(lossMargin),
  };
}

export const PROFILES: Readonly<Record<ProfileName, Profile>> = Object.fromEntries(
  ROWS.map((row) => [row[0], toProfile(row)]),
) as Record<ProfileName, Profile>;

export const PROFILE_NAMES: readonly ProfileName[] = ROWS.map((row) => row[0]);

const SMALL_MATTERS = 'Xu, Liu & Claypool 2022: 10 ms may already cost accuracy';

/** Smallest effect that matters, in the metric's unit; for RTT a tenth of the baseline when that is more. */
export function marginOf(metric: Metric, profile: Profile, baseline: number | null): Sourced {
  const tenth = baseline === null ? 0 : Math.round(baseline / 10);
  switch (metric) {
    case 'rtt_p50_ns':
      return {
        value: Math.max(5 * NS_PER_MS, tenth),
        source: `the larger of 5 ms and 10 % of the baseline; ${SMALL_MATTERS}; ${DEFAULT}`,
      };
    case 'rtt_p95_ns':
      return {
        value: Math.max(10 * NS_PER_MS, tenth),
        source: `the larger of 10 ms and 10 % of the baseline; ${DEFAULT}`,
      };
    case 'excess_delay_p50_ns':
      return { value: 5 * NS_PER_MS, source: `5 ms; ${SMALL_MATTERS}; ${DEFAULT}` };
    case 'pdv_p95_ns':
      return { value: 5 * NS_PER_MS, source: `5 ms; ${DEFAULT}` };
    case 'loss_ratio':
    case 'loss_to_client_ratio':
    case 'loss_to_server_ratio':
      return {
        value: profile.lossMargin.value,
        source: `${profile.lossMargin.value * 100} points; ${DEFAULT}`,
      };
    case 'deadline_miss_ratio':
      return { value: 0.01, source: `1 point; ${DEFAULT}` };
    case 'slo_breach_ratio':
      return { value: 0.05, source: `5 points of player-minutes; ${DEFAULT}` };
    case 'connect_failure_ratio':
      return { value: 0.01, source: `1 point of connection attempts; ${DEFAULT}` };
  }
}
