/** What is recorded: a case of two periods, and short recordings of one fault each. Addresses are from RFC 5737. */

import type { CohortPlan, HomePlan, LinkPlan, ScenarioPlan, WorldPlan } from './plan.ts';

/** Twenty whole minutes without the one in which everybody comes and the last half; the first from 13:00 and 21:00 in Japan on. */
const CASE_SECONDS = 21 * 60 + 35;
const SHORT_SECONDS = 70;
const HALFWAY = 42;

/** A path in the afternoon: 0.2 ms of queue, and the odd packet lost. */
const QUIET: LinkPlan = { serviceNs: 300_000, load: 0.4, loadWander: 0.03, loss: 0.0002, lossBurst: 1.5 };
/** The same with nothing lost, so that a recording of another fault shows that fault alone. */
const LOSSLESS: LinkPlan = { ...QUIET, loss: 0 };
/** A terminal of the carrier in the evening: 18 ms of queue on average. */
const CONGESTED: LinkPlan = { ...QUIET, serviceNs: 2_000_000, load: 0.9, loadWander: 0.004 };

/** Where order or time is in doubt, packets of one game must not look alike in what is kept of them. */
const MORE_BYTES = 24;

interface Access {
  readonly prefix: string;
  readonly network: string;
  readonly mtu: number;
  readonly clampMss: number | null;
  readonly hops: readonly [number, number];
  /** One-way delay of its first home and how much farther each next one is, ns. */
  readonly base: readonly [number, number];
}

const ACCESS: Readonly<Record<string, Access>> = {
  'flets-pppoe': {
    prefix: '198.51.100.0/26',
    network: '198.51.100.',
    mtu: 1454,
    clampMss: 1414,
    hops: [6, 7],
    base: [4_200_000, 370_000],
  },
  'map-e': {
    prefix: '198.51.100.64/26',
    network: '198.51.100.',
    mtu: 1460,
    clampMss: 1420,
    hops: [5, 5],
    base: [3_400_000, 430_000],
  },
  cable: {
    prefix: '192.0.2.0/25',
    network: '192.0.2.',
    mtu: 1500,
    clampMss: null,
    hops: [8, 9],
    base: [5_600_000, 290_000],
  },
};
const COHORT_NAMES = Object.keys(ACCESS);

type LinkOf = (cohort: string, direction: 'up' | 'down') => LinkPlan;
/** What a scenario changes of an access. */
type AccessChange = Partial<Pick<CohortPlan, 'mtu' | 'saysTooBig' | 'clampMss'>>;

function cohorts(
  linkOf: LinkOf,
  change: (cohort: string) => AccessChange = () => ({}),
): readonly CohortPlan[] {
  return Object.entries(ACCESS).map(([name, access]) => ({
    name,
    prefix: access.prefix,
    mtu: access.mtu,
    saysTooBig: true,
    clampMss: access.clampMss,
    sharesAddresses: name === 'map-e',
    hop: `${access.network}${firstHost(name)}`,
    up: { hops: access.hops[0], ...linkOf(name, 'up') },
    down: { hops: access.hops[1], ...linkOf(name, 'down') },
    ...change(name),
  }));
}

function firstHost(cohort: string): number {
  return cohort === 'map-e' ? 65 : 1;
}

interface Residents {
  readonly cohort: string;
  /** Games of each home. */
  readonly games: readonly (readonly string[])[];
  /** How many of them, from the first on, are captured at home. */
  readonly captured: number;
}

function homes(residents: readonly Residents[]): HomePlan[] {
  return residents.flatMap(({ cohort, games, captured }) => {
    const access = ACCESS[cohort];
    if (access === undefined) throw new Error(`no cohort ${cohort}`);
    const street = 10 + 10 * COHORT_NAMES.indexOf(cohort);
    return games.map((played, index): HomePlan => {
      const base = access.base[0] + index * access.base[1];
      return {
        name: `${cohort}-${index + 1}`,
        cohort,
        address: `192.168.${street + index}.${20 + 7 * index}`,
        publicAddress: `${access.network}${firstHost(cohort) + 4 + index}`,
        psid: cohort === 'map-e' ? 37 + 29 * index : null,
        upNs: base,
        // No way back is exactly as long as the way there.
        downNs: base + 210_000 - 60_000 * index,
        games: played,
        isCaptured: index < captured,
      };
    });
  });
}

const WORLD: Omit<WorldPlan, 'period' | 'seed' | 'cohorts' | 'homes'> = {
  sitting: null,
  endsInSilence: false,
  seconds: SHORT_SECONDS,
  clock: { offsetNs: 37_000_000, skewPpm: 0, step: null },
  routeChanges: [],
  events: [],
  markUdp: null,
  hasAtomicIds: true,
  pingSeconds: 2,
  keptUdpBytes: 12,
  keptOfPort: {},
  placedAt: '2026-11-18T12:10:00Z',
};

const everywhere =
  (link: LinkPlan): LinkOf =>
  () =>
    link;

const THREE_HOMES: readonly Residents[] = [
  { cohort: 'flets-pppoe', games: [['openarena']], captured: 1 },
  { cohort: 'map-e', games: [['teeworlds']], captured: 1 },
  { cohort: 'cable', games: [['openarena']], captured: 1 },
];
/** The same with OpenArena set as players of today do: what it acknowledges is what ping measures. */
const PLAYERS_OF_TODAY = THREE_HOMES.map((residents): Residents => ({
  ...residents,
  games: residents.games.map((games) => games.map((id) => (id === 'openarena' ? 'openarena-125' : id))),
}));
/** A client says what it has in its first coded bytes (wasm/crates/flow/src/udp/quake.rs). */
const KEPT_OF_TODAY = { keptOfPort: { 27_960: 16 } };
const FAMILIES: readonly Residents[] = [
  { cohort: 'flets-pppoe', games: [['luanti'], ['voice'], ['wireguard']], captured: 3 },
  { cohort: 'map-e', games: [['quic'], ['openttd']], captured: 2 },
  { cohort: 'cable', games: [['web'], ['teeworlds'], ['openarena-125']], captured: 3 },
];

function short(name: string, question: string, truth: string, world: Partial<WorldPlan>): ScenarioPlan {
  return {
    name,
    question,
    truth,
    worlds: [
      {
        ...WORLD,
        period: 'only',
        seed: 1000 + [...name].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0),
        cohorts: cohorts(everywhere(LOSSLESS)),
        homes: homes(THREE_HOMES),
        ...world,
      },
    ],
    case: null,
  };
}

/** Twelve play, six more are in the lobby: they have the presence connection alone, which costs little and makes every cohort one that can be judged. */
const CASE_HOMES: readonly Residents[] = [
  {
    cohort: 'flets-pppoe',
    games: [
      ['openarena-10'],
      ['openarena-10'],
      ['luanti'],
      ['openarena-10'],
      ['openarena-10'],
      ['openarena-10'],
    ],
    captured: 2,
  },
  {
    cohort: 'map-e',
    games: [['openarena-10'], ['openarena-10'], ['openarena-10'], [], [], []],
    captured: 1,
  },
  {
    cohort: 'cable',
    games: [['teeworlds'], ['openarena-10'], ['openarena-10'], [], [], []],
    captured: 1,
  },
];

/** What tells OpenArena's packets apart, and what the acknowledgements of the others need; more would not fit the repository. */
const KEPT_OF_CASE = { keptUdpBytes: 8, keptOfPort: { 8303: 12, 30_000: 12 } };

/**
 * A comparison wants thirty whole minutes a period. Two sittings recorded side by side give forty in twenty; the second is
 * moved to follow the first, with the clock of the homes running on.
 */
const SITTINGS = [
  { period: 'baseline', sitting: 1, seed: 1300 },
  { period: 'baseline', sitting: 2, seed: 1340 },
  { period: 'evening', sitting: 1, seed: 2100 },
  { period: 'evening', sitting: 2, seed: 2140 },
] as const;
const CASE_BEGINS = { baseline: '2026-11-18T03:59:00Z', evening: '2026-11-18T11:59:00Z' };
const CASE_SKEW_PPM = 12;

const evening: ScenarioPlan = {
  name: 'evening',
  question: 'Players behind PPPoE report lag after 21:00; others of the same evening do not.',
  truth:
    'flets-pppoe only, evening only: a queue of 18 ms on average, server to client; nothing else differs but the draws',
  worlds: SITTINGS.map(({ period, sitting, seed }): WorldPlan => {
    const sinceSeconds = (sitting - 1) * CASE_SECONDS;
    return {
      ...WORLD,
      period,
      sitting,
      seed,
      seconds: CASE_SECONDS,
      endsInSilence: true,
      cohorts: cohorts((cohort, direction) =>
        period === 'evening' && cohort === 'flets-pppoe' && direction === 'down' ? CONGESTED : QUIET,
      ),
      homes: homes(CASE_HOMES),
      clock: {
        offsetNs: 37_000_000 + sinceSeconds * CASE_SKEW_PPM * 1000,
        skewPpm: CASE_SKEW_PPM,
        step: null,
      },
      pingSeconds: 5,
      ...KEPT_OF_CASE,
      placedAt: new Date(Date.parse(CASE_BEGINS[period]) + sinceSeconds * 1000).toISOString(),
    };
  }),
  case: {
    title: 'Evening lag, one cohort of three',
    symptoms: ['Enemies jump, shots do not register', 'It is fine in the afternoon'],
    due: '2026-11-25',
    retest: '2026-12-02',
  },
};

const noDifference: ScenarioPlan = {
  name: 'no-difference',
  question: 'Did anything change?',
  truth: 'nothing: both periods are draws of the same path',
  worlds: (['baseline', 'evening'] as const).map((period, index) => ({
    ...WORLD,
    period,
    seed: 77 + index,
    cohorts: cohorts(everywhere(QUIET)),
    homes: homes(PLAYERS_OF_TODAY),
    placedAt: index === 0 ? '2026-11-18T04:10:00Z' : '2026-11-18T12:10:00Z',
    ...KEPT_OF_TODAY,
  })),
  case: {
    title: 'An evening like any other',
    symptoms: ['It feels slower at night'],
    due: '2026-11-25',
    retest: '2026-12-02',
  },
};

export const scenarios: readonly ScenarioPlan[] = [
  evening,
  short(
    'families',
    'What runs here, and how far away is each player?',
    'nothing is wrong: eight homes, each with another program',
    { homes: homes(FAMILIES), hasAtomicIds: false, seconds: 80, pingSeconds: 1, keptUdpBytes: 48 },
  ),
  short(
    'return-congestion',
    'Everybody lags: which way?',
    'a queue of 18 ms on average from the server to every home; the other way is quiet',
    {
      cohorts: cohorts((_, direction) => (direction === 'down' ? { ...CONGESTED, loss: 0 } : LOSSLESS)),
      homes: homes(PLAYERS_OF_TODAY),
      ...KEPT_OF_TODAY,
    },
  ),
  short(
    'loss',
    'Players warp: are packets lost, and where?',
    '2.5 % lost in bursts of 2 from the server to every home, nothing the other way; no queue',
    {
      cohorts: cohorts((_, direction) =>
        direction === 'down' ? { ...LOSSLESS, loss: 0.025, lossBurst: 2 } : LOSSLESS,
      ),
    },
  ),
  short(
    'disorder',
    'Players jitter: does the path keep the order?',
    '1 % held back by 70 ms and 0.5 % doubled, from every home to the server; nothing the other way',
    {
      cohorts: cohorts((_, direction) =>
        direction === 'up'
          ? { ...LOSSLESS, reorder: 0.01, reorderNs: 70_000_000, duplicate: 0.005 }
          : LOSSLESS,
      ),
      keptUdpBytes: MORE_BYTES,
    },
  ),
  short(
    'dscp-bleaching',
    'The studio marks its traffic EF: does the mark arrive?',
    'every mark is set to 0 toward the homes of flets-pppoe, EF becomes CS5 toward those of map-e, all else arrives as sent',
    {
      markUdp: 46,
      cohorts: cohorts((cohort, direction) => {
        if (direction === 'up' || cohort === 'cable') return LOSSLESS;
        return { ...LOSSLESS, dscp: cohort === 'map-e' ? '46:40' : '*:0' };
      }),
    },
  ),
  short(
    'mtu-black-hole',
    'Logging in works, patches hang.',
    'nothing above 1454 bytes reaches the homes of flets-pppoe, no message says so, and no SYN is clamped there',
    {
      cohorts: cohorts(everywhere(LOSSLESS), (cohort) =>
        cohort === 'flets-pppoe' ? { saysTooBig: false, clampMss: null } : {},
      ),
      events: downloads(),
    },
  ),
  short(
    'mtu-told',
    'The same line with a router that speaks.',
    'nothing above 1454 bytes reaches the homes of flets-pppoe, and each sender is told: downloads go on',
    {
      cohorts: cohorts(everywhere(LOSSLESS), (cohort) =>
        cohort === 'flets-pppoe' ? { clampMss: null } : {},
      ),
      events: downloads(),
    },
  ),
  short(
    'route-change',
    'It got worse at one instant.',
    `after ${HALFWAY} s the way from the server to every home is 12 ms longer and has 3 more hops`,
    {
      seconds: 2 * HALFWAY,
      routeChanges: [
        {
          atSeconds: HALFWAY,
          changes: COHORT_NAMES.map((cohort) => ({
            cohort,
            direction: 'down' as const,
            baseNs: 12_000_000,
            hops: 3,
          })),
        },
      ],
    },
  ),
  short(
    'tick-overrun',
    'Everybody on one server stutters.',
    'the server of openarena is stopped for 120 ms every 1.5 s; the path is quiet',
    {
      homes: homes([
        { cohort: 'flets-pppoe', games: [['openarena']], captured: 1 },
        { cohort: 'map-e', games: [['openarena']], captured: 1 },
        { cohort: 'cable', games: [['openarena']], captured: 1 },
      ]),
      events: [{ kind: 'starve-server', game: 'openarena', fromSeconds: 20, everyMs: 1500, forMs: 120 }],
    },
  ),
  short(
    'half-closed',
    'The login server runs out of sockets.',
    'one home opens 30 connections that the server answers and closes; the home never closes its side',
    {
      // The claim needs a minute of silence after the last of them.
      seconds: 120,
      homes: homes([
        { cohort: 'flets-pppoe', games: [[]], captured: 1 },
        { cohort: 'map-e', games: [[]], captured: 1 },
        { cohort: 'cable', games: [['openarena']], captured: 1 },
      ]),
      events: [{ kind: 'half-close', home: 'cable-1', fromSeconds: 16, everyMs: 1000, count: 30 }],
    },
  ),
  short(
    'clock-step',
    'One-way delay jumps.',
    `no packet is late: the client’s clock, 20 ppm slow, is set forth by 40 ms after ${HALFWAY} s`,
    {
      seconds: 2 * HALFWAY,
      keptUdpBytes: MORE_BYTES,
      clock: {
        offsetNs: -5_000_000,
        skewPpm: 20,
        step: { atSeconds: HALFWAY, ns: 40_000_000 },
      },
    },
  ),
  noDifference,
];

function downloads(): WorldPlan['events'] {
  return ['flets-pppoe-1', 'cable-1'].map((home, index) => ({
    kind: 'download' as const,
    home,
    atSeconds: 20 + 20 * index,
    bytes: 200_000,
    seconds: 15,
  }));
}
