/** The grid as data. Headline cells are the ones whose acceptance needs a thousand pairs. */
import type { World } from './generate.ts';

export interface Scenario {
  readonly id: string;
  readonly world: World;
  readonly headline: boolean;
}

const BASE: World = {
  clients: 40,
  minutes: 60,
  tau: 5,
  sharedMs: 2,
  ownMs: 3,
  tail: 'normal',
  paired: true,
  skewed: false,
};

function scenario(change: Partial<World>, headline = false): Scenario {
  const world = { ...BASE, ...change };
  const tail = world.tail === 'normal' ? '' : ` ${world.tail}`;
  const id =
    `C=${world.clients} T=${world.minutes} shared=${world.sharedMs} tau=${world.tau}` +
    `${world.paired ? '' : ' unpaired'}${tail}${world.skewed ? ' skewed' : ''}`;
  return { id, world, headline };
}

/** A thousand pairs each: where the method is used, and where it was seen to fail. */
const HEADLINE: readonly Partial<World>[] = [
  {},
  { sharedMs: 0 },
  { sharedMs: 8 },
  { tau: 1 },
  { tau: 20 },
  { sharedMs: 8, tau: 20 },
  { clients: 12 },
  { tail: 'lognormal' },
  { tail: 'pareto' },
  { skewed: true },
  { paired: false },
  { minutes: 180 },
];

/** Tails, skew and pairing where the queue is slow or the clients few. */
const CORNERS: readonly Partial<World>[] = [
  { tail: 'lognormal', sharedMs: 8, tau: 20 },
  { tail: 'pareto', sharedMs: 8, tau: 20 },
  { skewed: true, sharedMs: 8, tau: 20 },
  { paired: false, sharedMs: 8, tau: 20 },
  { clients: 12, tail: 'lognormal', skewed: true },
  { clients: 12, tail: 'pareto', skewed: true },
  { clients: 12, paired: false },
  { clients: 12, paired: false, minutes: 180 },
  { clients: 200, tail: 'pareto', tau: 20 },
];

/** Every other combination of clients, minutes, swing and memory of the shared queue. */
const GRID: readonly Partial<World>[] = [6, 12, 40, 200].flatMap((clients) =>
  [30, 60, 180].flatMap((minutes) =>
    [0, 2, 8].flatMap((sharedMs) => [1, 5, 20].map((tau) => ({ clients, minutes, sharedMs, tau }))),
  ),
);

export const SCENARIOS: readonly Scenario[] = (() => {
  const headline = HEADLINE.map((change) => scenario(change, true));
  const taken = new Set(headline.map(({ id }) => id));
  const others = [...CORNERS, ...GRID].map((change) => scenario(change));
  return [...headline, ...others.filter(({ id }) => !taken.has(id))];
})();
