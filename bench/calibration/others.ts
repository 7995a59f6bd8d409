/** What the grid of windows does not show: cohorts under BH, paired days, one period against itself, and packets tested naively. */
import { clopperPearson } from '../../src/statistics/binomial.ts';
import { mannWhitney } from '../../src/statistics/mann-whitney.ts';
import { benjaminiHochberg } from '../../src/statistics/multiplicity.ts';
import { createRandom } from '../../src/statistics/random.ts';
import { signFlipTwoSided } from '../../src/statistics/sign-flip.ts';
import type { CohortPeriod } from '../../src/comparison/sample.ts';
import { gaussOf, generatePair, type World } from './generate.ts';
import { infer, judgeAt } from './infer.ts';

const COHORTS = 30;
const TRUE_COHORTS = 5;
const DELTA_NS = 5e6;
const DRAWS = 200;

export interface Share {
  readonly id: string;
  readonly events: number;
  readonly trials: number;
  readonly share: number;
  readonly interval: readonly [number, number];
}

function shareOf(id: string, events: number, trials: number): Share {
  return { id, events, trials, share: events / trials, interval: clopperPearson(events, trials) };
}

export interface FalseDiscovery {
  readonly families: number;
  /** Mean over families of false names over names (0 where none is named). */
  readonly rate: number;
  readonly standardError: number;
  readonly found: number;
}

const COHORT: World = {
  clients: 12,
  minutes: 60,
  tau: 5,
  sharedMs: 1,
  ownMs: 3,
  tail: 'normal',
  paired: true,
  skewed: false,
};

/** 25 cohorts exactly on the margin, where the null is hardest to keep, and 5 far beyond it. */
export function falseDiscovery(families: number): FalseDiscovery {
  const rates: number[] = [];
  let found = 0;
  for (let family = 0; family < families; family++) {
    const p = Array.from({ length: COHORTS }, (_, cohort) => {
      const inferred = infer(generatePair(COHORT, createRandom(family, `bh ${cohort}`)), DRAWS, family);
      const truth = cohort < TRUE_COHORTS ? 4 * DELTA_NS : DELTA_NS;
      return judgeAt(inferred, 0, truth, DELTA_NS)?.pValue ?? null;
    });
    const named = benjaminiHochberg(p).flatMap((q, cohort) => (q !== null && q < 0.05 ? [cohort] : []));
    const wrong = named.filter((cohort) => cohort >= TRUE_COHORTS).length;
    found += named.length - wrong;
    rates.push(named.length === 0 ? 0 : wrong / named.length);
  }
  const rate = rates.reduce((a, b) => a + b, 0) / families;
  const variance = rates.reduce((sum, r) => sum + (r - rate) ** 2, 0) / Math.max(1, families - 1);
  return {
    families,
    rate,
    standardError: Math.sqrt(variance / families),
    found: found / (families * TRUE_COHORTS),
  };
}

/** Days that differ by SD 3 ms around nothing, each measured with SD 1.2 ms: how often the sign-flip says p ≤ .05. */
export function signFlipAlarms(days: number, runs: number): Share {
  const gauss = gaussOf(createRandom(days, 'days'));
  let alarms = 0;
  for (let run = 0; run < runs; run++) {
    const differences = Array.from({ length: days }, () => 3 * gauss() + 1.2 * gauss());
    if (signFlipTwoSided(differences) <= 0.05) alarms++;
  }
  return shareOf(`sign-flip, ${days} days, day SD 3 ms`, alarms, runs);
}

/** One baseline of three hours against itself: alternate ten-minute blocks, and random halves of its clients. */
export function againstItself(
  kind: 'blocks' | 'clients',
  runs: number,
): Share & { readonly refused: number } {
  const world: World = { ...COHORT, clients: 40, minutes: 180, sharedMs: 2 };
  let alarms = 0;
  let refused = 0;
  for (let run = 0; run < runs; run++) {
    const random = createRandom(run, `against itself ${kind}`);
    const { baseline } = generatePair(world, random);
    const inferred = infer(kind === 'blocks' ? byBlocks(baseline) : byClients(baseline), DRAWS, run);
    const judged = judgeAt(inferred, 0, 0, DELTA_NS);
    if (judged === null) refused++;
    else if (judged.verdict === 'DEGRADED') alarms++;
  }
  return { ...shareOf(`A/A by ${kind}, 40 clients, 180 min`, alarms, runs), refused };
}

function byBlocks(period: CohortPeriod): { baseline: CohortPeriod; evening: CohortPeriod } {
  const half = (rest: number): CohortPeriod => ({
    ...period,
    minutes: period.minutes / 2,
    cells: period.cells
      .filter(({ minute }) => Math.floor(minute / 10) % 2 === rest)
      .map((cell) => ({ ...cell, minute: Math.floor(cell.minute / 20) * 10 + (cell.minute % 10) })),
  });
  return { baseline: half(0), evening: half(1) };
}

function byClients(period: CohortPeriod): { baseline: CohortPeriod; evening: CohortPeriod } {
  // Distances are drawn independently, so even and odd clients are a random split already.
  const half = (rest: number): CohortPeriod => ({
    ...period,
    cells: period.cells.filter(({ client }) => client % 2 === rest),
  });
  return { baseline: half(0), evening: half(1) };
}

/** Packets as if they were independent: what a two-sample test on them says when nothing differs. */
export function packetAlarms(runs: number): Share {
  const world: World = { ...COHORT, clients: 40, sharedMs: 2 };
  let alarms = 0;
  for (let run = 0; run < runs; run++) {
    const random = createRandom(run, 'packets');
    const gauss = gaussOf(random);
    const { baseline, evening } = generatePair(world, random);
    const packets = (period: CohortPeriod): Float64Array =>
      Float64Array.from(
        period.cells.flatMap((cell) => Array.from({ length: 10 }, () => cell.rttP50Ns! + 1e6 * gauss())),
      ).sort();
    if (mannWhitney(packets(baseline), packets(evening)).pValue < 0.05) alarms++;
  }
  return shareOf('packet Mann-Whitney, p < .05, nothing differs', alarms, runs);
}
