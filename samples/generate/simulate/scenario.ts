/** The committed cases as data: who plays, what their evening is like, and what is wrong with it. */

import type { Cohort, EveningFault } from './client.ts';
import type { LossModel } from './path.ts';
import type { Pace } from './session.ts';

export type PeriodName = 'baseline' | 'evening';

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly question: string;
  readonly seed: number;
  readonly durationSeconds: number;
  readonly cohorts: readonly Cohort[];
  readonly pace: Pace;
  /** Loss that is always there, both periods and every cohort, server to client; null for none. */
  readonly backgroundLoss: LossModel | null;
  readonly fault: EveningFault | null;
}

/** Start of each period: 13:00 and 21:00 in Japan on the same Wednesday. */
export const periodStartNs: Readonly<Record<PeriodName, bigint>> = {
  baseline: BigInt(Date.UTC(2026, 10, 11, 4, 0, 0)) * 1_000_000n,
  evening: BigInt(Date.UTC(2026, 10, 11, 12, 0, 0)) * 1_000_000n,
};

/** What the client side's clock shows more than the server's, ns. */
export const CLIENT_CLOCK_AHEAD_NS = 37_000_000n;

export const servers = {
  game: { ipv4: '203.0.113.10', ipv6: '2001:db8:53::10', tcpPort: 7777, udpPort: 7778 },
  login: { ipv4: '203.0.113.20', ipv6: '2001:db8:53::20', tcpPort: 443 },
} as const;

/** Prefix of the clients that speak IPv6, whatever their cohort. */
export const IPV6_CLIENT_PREFIX = '2001:db8:100::/40';

const pppoe = {
  name: 'flets-pppoe',
  prefix: '198.51.100.0/26',
  mssBytes: 1414,
  baseRttUs: 9000,
  dscp: 'bleach',
  hasPortSets: false,
  ipv6Clients: 0,
} as const;

const mapE = {
  name: 'map-e',
  prefix: '198.51.100.64/26',
  mssBytes: 1420,
  baseRttUs: 7000,
  dscp: 'keep',
  hasPortSets: true,
  ipv6Clients: 0,
} as const;

const plain = {
  name: 'plain',
  prefix: '192.0.2.0/25',
  mssBytes: 1460,
  baseRttUs: 6000,
  dscp: 'bleach-low',
  hasPortSets: false,
  ipv6Clients: 0,
} as const;

const pace: Pace = {
  exchangeSeconds: [5.8, 7.2],
  requestShare: 0.16,
  replyShare: 0.08,
  burstShare: 0.005,
  telemetrySeconds: 60,
  datagramSeconds: 15,
};

/** 68 minutes, so that trims of 30 s at each end leave six whole blocks of ten minutes with room to spare. */
const durationSeconds = 68 * 60;

export const scenarios: readonly Scenario[] = [
  {
    name: 'evening-pppoe',
    title: 'Evening lag, one cohort of three',
    question: 'PPPoE players report lag after 21:00; MAP-E and plain lines do not.',
    seed: 20261111,
    durationSeconds,
    cohorts: [
      { ...pppoe, clients: 8, volunteers: 2 },
      { ...mapE, clients: 8, volunteers: 1 },
      { ...plain, clients: 8, volunteers: 1, ipv6Clients: 1 },
    ],
    pace,
    backgroundLoss: null,
    fault: {
      cohort: 'flets-pppoe',
      direction: 'server_to_client',
      queue: { meanUs: 18_000, spreadUs: 1500, correlationSeconds: 45 },
      loss: null,
    },
  },
  {
    name: 'null',
    title: 'Nothing happened',
    question: 'Both periods are draws of the same distributions: nothing may be found.',
    seed: 20261112,
    durationSeconds,
    cohorts: [
      { ...pppoe, clients: 7, volunteers: 1 },
      { ...plain, clients: 7, volunteers: 1 },
    ],
    pace,
    backgroundLoss: null,
    fault: null,
  },
  {
    name: 'loss',
    title: 'Evening loss, one direction',
    question: 'MAP-E players rubber-band after 21:00; their RTT is as ever.',
    seed: 20261113,
    durationSeconds,
    cohorts: [
      { ...mapE, clients: 8, volunteers: 2 },
      { ...plain, clients: 6, volunteers: 1 },
    ],
    // More bursts here: without segments behind the hole no sender can tell loss before its timer does.
    pace: { ...pace, burstShare: 0.04 },
    backgroundLoss: { ratio: 0.001, meanBurstPackets: 1.4 },
    fault: {
      cohort: 'map-e',
      direction: 'server_to_client',
      queue: null,
      loss: { ratio: 0.025, meanBurstPackets: 1.4 },
    },
  },
];
