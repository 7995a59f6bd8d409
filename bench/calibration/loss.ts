/**
 * Loss with a known truth through the product's own inference. Every client's minutes are a Gilbert chain: packets are lost in
 * bursts, clients differ in how lossy they are, and a congestion that all share multiplies every rate up and down over time.
 * The evening's expected ratio is the baseline's plus 0, δ or 2δ: three evenings are drawn per pair, since loss has no shift.
 */
import { planBlocks, withMemoryOf } from '../../src/comparison/blocks.ts';
import { EVENTS_OVER_TRIALS } from '../../src/comparison/cohort-rows.ts';
import { estimateFamily } from '../../src/comparison/estimate.ts';
import { hiddenByZero, overdispersion } from '../../src/comparison/loss-detail.ts';
import { excessSeries, lossCells, ratioSeries, type RatioCell } from '../../src/comparison/metric-cells.ts';
import { roundRatio } from '../../src/comparison/rounding.ts';
import { arrangeArms, type ArmSample, type CohortPeriod } from '../../src/comparison/sample.ts';
import { judge, type Judgement } from '../../src/comparison/verdict.ts';
import { createRandom, type RandomSource } from '../../src/statistics/random.ts';
import { gaussOf, generatePair, type Gauss, type World } from './generate.ts';

/** δ of loss in the profile `fps_competitive`. */
export const LOSS_MARGIN = 0.0025;
const PACKETS_PER_MINUTE = 1200;

export interface LossScenario {
  readonly id: string;
  readonly clients: number;
  readonly minutes: number;
  /** Mean over clients. */
  readonly lossRatio: number;
  /** Packets lost in a row, on average (Gilbert: 1/r). */
  readonly meanBurst: number;
  /** SD of the logarithm of the shared multiplier. */
  readonly sharedSwing: number;
  readonly tau: number;
}

function lossScenario(change: Partial<Omit<LossScenario, 'id'>>): LossScenario {
  const s = { clients: 40, minutes: 60, lossRatio: 0.002, meanBurst: 4, sharedSwing: 0.5, tau: 5, ...change };
  return {
    ...s,
    id: `C=${s.clients} T=${s.minutes} loss=${100 * s.lossRatio}% burst=${s.meanBurst} shared=${s.sharedSwing} tau=${s.tau}`,
  };
}

export const LOSS_SCENARIOS: readonly LossScenario[] = [
  lossScenario({}),
  lossScenario({ sharedSwing: 0 }),
  lossScenario({ meanBurst: 16 }),
  lossScenario({ tau: 20 }),
  lossScenario({ sharedSwing: 1, tau: 20 }),
  lossScenario({ lossRatio: 0.01, sharedSwing: 1 }),
  lossScenario({ clients: 12 }),
  lossScenario({ clients: 12, meanBurst: 16, sharedSwing: 1, tau: 20 }),
  lossScenario({ minutes: 30 }),
  lossScenario({ minutes: 180 }),
  lossScenario({ lossRatio: 0 }),
];

export interface LossTally {
  readonly id: string;
  pairs: number;
  refused: number;
  covered: number;
  degradedAtZero: number;
  equivalentAtZero: number;
  degradedAtMargin: number;
  equivalentAtMargin: number;
  degradedAtTwice: number;
  halfWidth: number;
}

export function emptyLossTally({ id }: LossScenario): LossTally {
  return {
    id,
    pairs: 0,
    refused: 0,
    covered: 0,
    degradedAtZero: 0,
    equivalentAtZero: 0,
    degradedAtMargin: 0,
    equivalentAtMargin: 0,
    degradedAtTwice: 0,
    halfWidth: 0,
  };
}

/** Lost of `packets` by a two-state chain that loses all in its bad state and none in its good one, from equilibrium. */
export function gilbertLoss(
  random: RandomSource,
  packets: number,
  lossRatio: number,
  meanBurst: number,
): number {
  if (lossRatio <= 0) return 0;
  const leaveBad = 1 / meanBurst;
  const leaveGood = (lossRatio * leaveBad) / (1 - lossRatio);
  const stay = (leave: number): number =>
    Math.max(1, Math.ceil(Math.log(1 - random.unit()) / Math.log(1 - Math.min(leave, 1 - 1e-12))));
  let bad = random.unit() < lossRatio;
  let lost = 0;
  for (let at = 0; at < packets; bad = !bad) {
    const run = Math.min(packets - at, stay(bad ? leaveBad : leaveGood));
    if (bad) lost += run;
    at += run;
  }
  return lost;
}

/** Mean 1, so that the expected loss does not depend on the swing. */
function sharedMultiplier(gauss: Gauss, { minutes, sharedSwing, tau }: LossScenario): Float64Array {
  const phi = Math.exp(-1 / tau);
  const step = Math.sqrt(1 - phi * phi);
  const values = new Float64Array(minutes);
  let z = gauss();
  for (let minute = 0; minute < minutes; minute++) {
    values[minute] = Math.exp(sharedSwing * z - sharedSwing ** 2 / 2);
    z = phi * z + step * gauss();
  }
  return values;
}

function withLoss(
  period: CohortPeriod,
  scenario: LossScenario,
  rates: Float64Array,
  added: number,
  random: RandomSource,
): CohortPeriod {
  const shared = sharedMultiplier(gaussOf(random), scenario);
  const cells = period.cells.map((cell) => {
    const ratio = Math.min(0.5, rates[cell.client]! * shared[cell.minute]! + added);
    const lostPackets = gilbertLoss(random, PACKETS_PER_MINUTE, ratio, scenario.meanBurst);
    return { ...cell, sentPackets: PACKETS_PER_MINUTE, lostPackets };
  });
  return { ...period, cells };
}

export function inferLoss(
  baseline: CohortPeriod,
  evening: CohortPeriod,
  replicates: number,
  seed: number,
): Judgement | null {
  const delays = planBlocks(excessSeries(baseline), excessSeries(evening), baseline.minutes, evening.minutes);
  const blocks = withMemoryOf(delays, ratioSeries(baseline, lossCells), ratioSeries(evening, lossCells));
  const { primary } = arrangeArms(baseline, evening, lossCells, blocks);
  const family = estimateFamily(primary, [EVENTS_OVER_TRIALS], {
    blocks,
    replicates,
    seed,
    stream: 'calibration of loss',
  });
  const { difference, error } = family.estimates[0]!;
  if (difference === null || error === null) return null;
  const counts = (arm: ArmSample<RatioCell>): RatioCell[] => arm.cells.map(({ cell }) => cell);
  const before = counts(primary.baseline);
  const after = counts(primary.evening);
  const phiBefore = overdispersion(before);
  const phiAfter = overdispersion(after);
  return judge({
    difference,
    error,
    margin: LOSS_MARGIN,
    hiddenBaseline: hiddenByZero(before, phiBefore ?? phiAfter),
    hiddenEvening: hiddenByZero(after, phiAfter ?? phiBefore),
    round: roundRatio,
  });
}

/** Pair number `run` of a scenario is the same whoever asks for it. */
export function simulateLoss(scenario: LossScenario, run: number, replicates: number, into: LossTally): void {
  const world: World = {
    clients: scenario.clients,
    minutes: scenario.minutes,
    tau: 5,
    sharedMs: 2,
    ownMs: 3,
    tail: 'normal',
    paired: true,
    skewed: false,
  };
  const random = createRandom(run, scenario.id);
  const delays = generatePair(world, random);
  const gauss = gaussOf(random);
  // Lognormal with σ = 1 over clients, scaled to the mean asked for.
  const rates = new Float64Array(scenario.clients).map(() => scenario.lossRatio * Math.exp(gauss() - 0.5));
  const baseline = withLoss(delays.baseline, scenario, rates, 0, random);
  into.pairs++;
  const judged = [0, LOSS_MARGIN, 2 * LOSS_MARGIN].map((added) =>
    inferLoss(baseline, withLoss(delays.evening, scenario, rates, added, random), replicates, run),
  );
  const [none, edge, twice] = judged;
  if (none == null || edge == null || twice == null) {
    into.refused++;
    return;
  }
  if (none.ci95[0] <= 0 && none.ci95[1] >= 0) into.covered++;
  if (none.verdict === 'DEGRADED') into.degradedAtZero++;
  if (none.verdict === 'EQUIVALENT') into.equivalentAtZero++;
  if (edge.verdict === 'DEGRADED') into.degradedAtMargin++;
  if (edge.verdict === 'EQUIVALENT') into.equivalentAtMargin++;
  if (twice.verdict === 'DEGRADED') into.degradedAtTwice++;
  into.halfWidth += (none.ci95[1] - none.ci95[0]) / 2;
}
