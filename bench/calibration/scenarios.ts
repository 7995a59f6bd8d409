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

export const SCENARIOS: readonly Scenario[] = [
  scenario({}, true),
  scenario({ sharedMs: 0 }, true),
  scenario({ tau: 1 }, true),
  scenario({ tau: 20 }, true),
  scenario({ clients: 12 }, true),
  scenario({ tail: 'lognormal' }, true),
  scenario({ tail: 'pareto' }, true),
  scenario({ skewed: true }, true),
  scenario({ paired: false }, true),
  scenario({ minutes: 180 }, true),
  scenario({ clients: 6 }),
  scenario({ sharedMs: 8 }),
  scenario({ sharedMs: 8, tau: 20 }),
  scenario({ clients: 12, tau: 20 }),
  scenario({ minutes: 30, clients: 12, tau: 1 }),
  scenario({ minutes: 30 }),
  scenario({ minutes: 30, tau: 20 }),
  scenario({ minutes: 180, tau: 20 }),
  scenario({ minutes: 180, tau: 20, sharedMs: 8 }),
  scenario({ minutes: 180, clients: 12, paired: false }),
  scenario({ clients: 12, tail: 'lognormal', skewed: true }),
  scenario({ clients: 200 }),
];
