/**
 * One cohort, all metrics: families of cells → estimates → judged rows. A family shares its resampling draws; the
 * four differ in which cells can be used and so in which clients there are.
 */
import { clientsOnly, planBlocks, withMemoryOf, type BlockPlan } from './blocks.ts';
import { estimateFamily, type Estimand, type FamilyEstimates } from './estimate.ts';
import { hiddenByZero, overdispersion, type CountCell } from './loss-detail.ts';
import {
  connectCells,
  deadlineCells,
  excessSeries,
  lossCells,
  lossToClientCells,
  lossToServerCells,
  ratioSeries,
  rttCells,
  type RatioCell,
  type RttCell,
} from './metric-cells.ts';
import { withDoubts } from './row-doubts.ts';
import { cellsNeeded, clientsNeeded, draftRow, type CohortInput, type DraftRow } from './row.ts';
import { roundNs } from './rounding.ts';
import { arrangeArms, type CohortPeriod, type TwoArms } from './sample.ts';
import type { Metric, ShiftPoint } from './types.ts';
import { judge } from './verdict.ts';

export interface CohortResult {
  readonly rows: readonly DraftRow[];
  readonly shift: readonly ShiftPoint[];
  readonly blocks: BlockPlan;
}

const SHIFT_QUANTILES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95] as const;
const MEDIAN_AT = SHIFT_QUANTILES.indexOf(0.5);
const P95_AT = SHIFT_QUANTILES.indexOf(0.95);

export const EVENTS_OVER_TRIALS: Estimand<RatioCell> = {
  kind: 'ratio',
  numerator: (cell) => cell.events,
  denominator: (cell) => cell.trials,
};

export function compareCohort(input: CohortInput): CohortResult {
  const { baseline, evening } = input;
  const blocks = planBlocks(excessSeries(baseline), excessSeries(evening), baseline.minutes, evening.minutes);
  const rtt = rttFamily(input, blocks);
  const connect = ratioRow(
    input,
    clientsOnly(blocks),
    'connect_failure_ratio',
    connectCells,
    'SYNs without a reply within 3 s over TCP connection attempts',
  );
  const loss = ratioRow(
    input,
    blocks,
    'loss_ratio',
    lossCells,
    'lost over sent packets of both directions, sums over client-minutes',
  );
  const toClient = ratioRow(
    input,
    blocks,
    'loss_to_client_ratio',
    lossToClientCells,
    'lost over sent packets from server to client, sums over client-minutes',
  );
  const toServer = ratioRow(
    input,
    blocks,
    'loss_to_server_ratio',
    lossToServerCells,
    'lost over sent packets from client to server, sums over client-minutes',
  );
  const deadline = ratioRow(
    input,
    blocks,
    'deadline_miss_ratio',
    deadlineCells,
    "share of packets lost, or later than the flow's minimum RTT of the period plus the buffer (late share from RTT samples)",
  );
  return {
    rows: withDoubts(input, [connect, loss, toClient, toServer, ...rtt.rows, deadline]),
    shift: rtt.shift,
    blocks,
  };
}

function rttFamily(input: CohortInput, blocks: BlockPlan): { rows: DraftRow[]; shift: ShiftPoint[] } {
  const degradedNs = input.profile.rttDegradedNs.value;
  const { primary, unpaired } = arrangeArms(
    input.baseline,
    input.evening,
    (period) => rttCells(period, degradedNs),
    blocks,
  );
  const estimandsAt = (quantiles: readonly number[]): Estimand<RttCell>[] => [
    { kind: 'quantiles', quantiles, value: (c) => c.rtt },
    { kind: 'quantiles', quantiles: [0.5], value: (c) => c.excess },
    { kind: 'quantiles', quantiles: [0.5], value: (c) => c.pdv },
    { kind: 'ratio', numerator: (c) => c.breach, denominator: () => 1 },
  ];
  const family = estimateFamily(primary, estimandsAt(SHIFT_QUANTILES), settingsOf(input, blocks, 'rtt'));
  // Beside a paired row only its own quantiles are wanted, not the whole shift function again.
  const beside =
    unpaired === null
      ? null
      : estimateFamily(unpaired, estimandsAt([0.5, 0.95]), besideSettings(input, blocks, 'rtt'));
  const tau = Math.max(1, blocks.tauMinutes ?? 1);
  const breachCells = (arm: TwoArms<RttCell>['baseline']): CountCell[] =>
    arm.cells.map(({ cell }) => ({ events: cell.breach, trials: 1 }));
  const row = (
    metric: Metric,
    at: number,
    besideAt: number,
    quantile: number | null,
    words: string,
  ): DraftRow =>
    draftRow(input, blocks, metric, primary, family, beside, at, {
      words,
      besideAt,
      quantile,
      hiddenBaseline: quantile === null ? hiddenByZero(breachCells(primary.baseline), tau) : 0,
      hiddenEvening: quantile === null ? hiddenByZero(breachCells(primary.evening), tau) : 0,
    });
  const n = SHIFT_QUANTILES.length;
  const rtt = input.rttMethod;
  const degradedMs = degradedNs / 1e6;
  const rows = [
    row('rtt_p50_ns', MEDIAN_AT, 0, 0.5, `median of player-minute RTT (${rtt})`),
    row('rtt_p95_ns', P95_AT, 1, 0.95, `95th percentile of player-minute RTT (${rtt})`),
    row(
      'excess_delay_p50_ns',
      n,
      2,
      0.5,
      `median of player-minute RTT above the client's least minute of the period (${rtt})`,
    ),
    row(
      'pdv_p95_ns',
      n + 1,
      3,
      0.5,
      `median over player-minutes of p95(RTT) - min(RTT), round-trip PDV in the form of RFC 5481 (${rtt})`,
    ),
    row(
      'slo_breach_ratio',
      n + 2,
      4,
      null,
      `share of player-minutes with RTT above ${degradedMs} ms, the profile's "degraded" (${rtt})`,
    ),
  ];
  return { rows, shift: shiftPoints(input, primary, family) };
}

function shiftPoints(input: CohortInput, arms: TwoArms<RttCell>, family: FamilyEstimates): ShiftPoint[] {
  const cells = Math.min(arms.baseline.cells.length, arms.evening.cells.length);
  return SHIFT_QUANTILES.flatMap((quantile, i) => {
    const estimate = family.estimates[i]!;
    const { baseline, evening, difference, error } = estimate;
    if (baseline === null || evening === null || difference === null || error === null) return [];
    if (input.refusals.length > 0 || cells < cellsNeeded(quantile)) return [];
    if (family.clients < clientsNeeded(quantile, arms.paired)) return [];
    const { ci95 } = judge({
      difference,
      error,
      margin: 0,
      round: roundNs,
    });
    return [
      {
        cohort: input.cohort,
        quantile,
        baseline_ns: roundNs(baseline),
        evening_ns: roundNs(evening),
        difference_ns: roundNs(difference),
        ci95,
      },
    ];
  });
}

function ratioRow(
  input: CohortInput,
  plan: BlockPlan,
  metric: Metric,
  select: (period: CohortPeriod) => RatioCell[],
  words: string,
): DraftRow {
  const blocks =
    plan.memories.length === 0
      ? plan
      : withMemoryOf(plan, ratioSeries(input.baseline, select), ratioSeries(input.evening, select));
  const { primary, unpaired } = arrangeArms(input.baseline, input.evening, select, blocks);
  const family = estimateFamily(primary, [EVENTS_OVER_TRIALS], settingsOf(input, blocks, metric));
  const beside =
    unpaired === null
      ? null
      : estimateFamily(unpaired, [EVENTS_OVER_TRIALS], besideSettings(input, blocks, metric));
  const counts = (arm: TwoArms<RatioCell>['baseline']): RatioCell[] => arm.cells.map(({ cell }) => cell);
  const before = counts(primary.baseline);
  const after = counts(primary.evening);
  const phiBefore = overdispersion(before);
  const phiAfter = overdispersion(after);
  return draftRow(input, blocks, metric, primary, family, beside, 0, {
    words,
    besideAt: 0,
    quantile: null,
    hiddenBaseline: hiddenByZero(before, phiBefore ?? phiAfter),
    hiddenEvening: hiddenByZero(after, phiAfter ?? phiBefore),
  });
}

function settingsOf(input: CohortInput, blocks: BlockPlan, family: string) {
  return {
    blocks,
    replicates: input.replicates,
    seed: input.seed,
    stream: JSON.stringify([input.cohort, family]),
  };
}

/** The unpaired estimate stands beside a paired one and decides nothing: fewer replicates, 3 % of doubt about its width. */
const BESIDE_REPLICATES = 500;

function besideSettings(input: CohortInput, blocks: BlockPlan, family: string) {
  return {
    ...settingsOf(input, blocks, `${family}-unpaired`),
    replicates: Math.min(BESIDE_REPLICATES, input.replicates),
  };
}
