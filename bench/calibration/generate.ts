/**
 * Two periods of player-minutes with a known truth: clients at lognormal distances, a queue of each client's own and one they
 * all share, both AR(1) in time, and a last bit of noise. Nothing differs between the periods but chance, so the true
 * difference is 0; a constant added to the evening shifts every quantile by itself (callers do that).
 */
import type { PlayerCell } from '../../src/comparison/player-minutes.ts';
import type { CohortPeriod } from '../../src/comparison/sample.ts';
import { normalUpperTail } from '../../src/statistics/mann-whitney.ts';
import type { RandomSource } from '../../src/statistics/random.ts';

export type Tail = 'normal' | 'lognormal' | 'pareto';

export interface World {
  readonly clients: number;
  readonly minutes: number;
  /** Decay time of both queues, minutes. */
  readonly tau: number;
  readonly sharedMs: number;
  readonly ownMs: number;
  readonly tail: Tail;
  readonly paired: boolean;
  /** Clients stay for a share u³ of the period, at least five minutes: a few hold most player-minutes. */
  readonly skewed: boolean;
}

export type Gauss = () => number;

/** Box–Muller, both values used. */
export function gaussOf(random: RandomSource): Gauss {
  let spare: number | null = null;
  return () => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - random.unit()));
    const angle = 2 * Math.PI * random.unit();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/** Standard deviation of the lognormal with σ = 1 and of the Pareto with exponent 2.5: to give every tail the SD asked for. */
const LOGNORMAL_SD = Math.sqrt((Math.E - 1) * Math.E);
const PARETO_SD = Math.sqrt(2.5 / (1.5 * 1.5 * 0.5));

function shaped(tail: Tail, z: number): number {
  if (tail === 'normal') return z;
  if (tail === 'lognormal') return Math.exp(z) / LOGNORMAL_SD;
  return Math.max(1e-12, normalUpperTail(z)) ** (-1 / 2.5) / PARETO_SD;
}

function queue(gauss: Gauss, world: World, sd: number): Float64Array {
  const phi = Math.exp(-1 / world.tau);
  const step = Math.sqrt(1 - phi * phi);
  const values = new Float64Array(world.minutes);
  let z = gauss();
  for (let minute = 0; minute < values.length; minute++) {
    values[minute] = sd * shaped(world.tail, z);
    z = phi * z + step * gauss();
  }
  return values;
}

/** One literal, so that every cell has the same hidden shape: the run makes hundreds of millions of them. */
function rttCell(client: number, minute: number, rttP50Ns: number): PlayerCell {
  return {
    client,
    minute,
    samples: 20,
    rttP50Ns,
    rttP95Ns: null,
    rttMinNs: null,
    pdvP95Ns: 0,
    sentPackets: null,
    lostPackets: null,
    toClient: null,
    toServer: null,
    lateSamples: 0,
    timedSamples: 0,
  };
}

export interface Pair {
  readonly baseline: CohortPeriod;
  readonly evening: CohortPeriod;
}

export function generatePair(world: World, random: RandomSource): Pair {
  const gauss = gaussOf(random);
  const distances = (): Float64Array =>
    new Float64Array(world.clients).map(() => 30 * Math.exp(0.4 * gauss()));
  const here = distances();
  const there = world.paired ? here : distances();
  return {
    baseline: period(world, here, 'a', gauss, random),
    evening: period(world, there, world.paired ? 'a' : 'b', gauss, random),
  };
}

function period(
  world: World,
  distances: Float64Array,
  prefix: string,
  gauss: Gauss,
  random: RandomSource,
): CohortPeriod {
  const { minutes } = world;
  const shared = queue(gauss, world, world.sharedMs);
  const cells: PlayerCell[] = [];
  distances.forEach((distance, client) => {
    const own = queue(gauss, world, world.ownMs);
    const stay = world.skewed ? Math.max(5, Math.round(minutes * random.unit() ** 3)) : minutes;
    const from = world.skewed ? random.below(minutes - stay + 1) : 0;
    for (let minute = from; minute < from + stay; minute++) {
      const ms = Math.max(0.1, distance + own[minute]! + shared[minute]! + 0.5 * gauss());
      cells.push(rttCell(client, minute, Math.round(ms * 1e6)));
    }
  });
  return {
    minutes,
    ids: Array.from(distances, (_, i) => `${prefix}${String(i).padStart(4, '0')}`),
    cells,
    connects: [],
  };
}
