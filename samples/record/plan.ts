/** What a recorded world is made of, as data. Scenarios (scenarios.ts) are values of these types; nothing here acts. */

/** One direction of an access network; see router/src/link.rs for what each number does. */
export interface LinkPlan {
  /** Mean delay of the queue is service · load/(1 − load). */
  readonly serviceNs?: number;
  readonly load?: number;
  readonly loadWander?: number;
  readonly loss?: number;
  readonly lossBurst?: number;
  readonly reorder?: number;
  readonly reorderNs?: number;
  readonly duplicate?: number;
  readonly hops?: number;
  /** `46:0,*:8`: what DSCP becomes what. */
  readonly dscp?: string;
}

export interface CohortPlan {
  readonly name: string;
  /** Public addresses of its homes are in it (RFC 5737). */
  readonly prefix: string;
  readonly mtu: number;
  /** "Packet too big" is told, or the access is a black hole. */
  readonly saysTooBig: boolean;
  readonly clampMss: number | null;
  /** Homes share a public address with others and have the ports of their set (MAP-E). */
  readonly sharesAddresses: boolean;
  readonly hop: string;
  readonly up: LinkPlan;
  readonly down: LinkPlan;
}

export interface HomePlan {
  readonly name: string;
  readonly cohort: string;
  readonly address: string;
  readonly publicAddress: string;
  /** Port set, where the cohort shares addresses. */
  readonly psid: number | null;
  readonly upNs: number;
  readonly downNs: number;
  /** Ids of games (games/index.ts) played here. */
  readonly games: readonly string[];
  /** A volunteer: captured at home too. */
  readonly isCaptured: boolean;
}

export interface RouteChangePlan {
  readonly atSeconds: number;
  readonly changes: readonly {
    readonly cohort: string;
    readonly direction: 'up' | 'down';
    readonly baseNs: number;
    readonly hops: number;
  }[];
}

/** How the clock of the homes' captures differs from the server's; applied when captures are trimmed. */
export interface ClockPlan {
  /** Server clock minus client clock. */
  readonly offsetNs: number;
  readonly skewPpm: number;
  /** The client's clock is set back or forth once: what is added to it, and when. */
  readonly step: { readonly atSeconds: number; readonly ns: number } | null;
}

/** What happens beside play. */
export type Event =
  /** The game's server process gets no CPU for a while, again and again. */
  | {
      readonly kind: 'starve-server';
      readonly game: string;
      readonly fromSeconds: number;
      readonly everyMs: number;
      readonly forMs: number;
    }
  /** A home fetches so many bytes by TCP; gives up after so many seconds. */
  | {
      readonly kind: 'download';
      readonly home: string;
      readonly atSeconds: number;
      readonly bytes: number;
      readonly seconds: number;
    }
  /** A home opens connections that the server answers and closes, and never closes its side. */
  | {
      readonly kind: 'half-close';
      readonly home: string;
      readonly fromSeconds: number;
      readonly everyMs: number;
      readonly count: number;
    };

export interface WorldPlan {
  /** Period of a case, or `only`. */
  readonly period: 'baseline' | 'evening' | 'only';
  /** Which of its period, from 1 on, where there are several. */
  readonly sitting: number | null;
  readonly seed: number;
  readonly seconds: number;
  /** Everything is stopped before the captures end, so that no packet is under way where another sitting follows. */
  readonly endsInSilence: boolean;
  readonly cohorts: readonly CohortPlan[];
  readonly homes: readonly HomePlan[];
  readonly clock: ClockPlan;
  readonly routeChanges: readonly RouteChangePlan[];
  readonly events: readonly Event[];
  /** DSCP that hosts put on what they send by UDP; null leaves it to the games. */
  readonly markUdp: number | null;
  /** Hosts send packets that may not be fragmented with IP identification 0 (RFC 6864 allows any): captures shrink by a quarter. */
  readonly hasAtomicIds: boolean;
  /** Seconds between pings of captured homes. */
  readonly pingSeconds: number;
  /** Payload bytes of UDP that stay in the published capture: what tells packets apart and what a decoder knows a game by. */
  readonly keptUdpBytes: number;
  /** The same for some ports. */
  readonly keptOfPort: Readonly<Record<number, number>>;
  /** UTC of the first instant of the published capture; null keeps the time it was recorded at. */
  readonly placedAt: string | null;
}

/** What a case file says beside its captures. */
export interface CasePlan {
  readonly title: string;
  /** What players say, in their words. */
  readonly symptoms: readonly string[];
  /** YYYY-MM-DD: by when the provider is asked to have acted, and when it is measured again. */
  readonly due: string;
  readonly retest: string;
}

export interface ScenarioPlan {
  readonly name: string;
  readonly question: string;
  /** What is true, in a sentence. */
  readonly truth: string;
  /** Recorded at the same time where there are several. */
  readonly worlds: readonly WorldPlan[];
  /** Where there are two periods. */
  readonly case: CasePlan | null;
}

/** The same for no longer than `mostSeconds`; later sittings still follow the one before. */
export function shortened(world: WorldPlan, mostSeconds: number): WorldPlan {
  const seconds = Math.min(world.seconds, mostSeconds);
  const earlier = ((world.sitting ?? 1) - 1) * (world.seconds - seconds);
  const { placedAt, clock } = world;
  return {
    ...world,
    seconds,
    placedAt: placedAt === null ? null : new Date(Date.parse(placedAt) - earlier * 1000).toISOString(),
    clock: { ...clock, offsetNs: clock.offsetNs - earlier * clock.skewPpm * 1000 },
  };
}

export const SERVER_ADDRESS = '203.0.113.10';
