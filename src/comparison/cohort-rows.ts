/**
 * One cohort, all metrics: families of cells → estimates → judged rows. A family shares its resampling draws; the
 * four differ in which cells can be used and so in which clients there are.
 */
import { medianOf } from '../statistics/quantile.ts';
import { MIN_BLOCKS, planBlocks, type BlockPlan } from './blocks.ts';
import {
  estimateFamily,
  MIN_CLIENTS,
  type Estimand,
  type Estimate,
  type FamilyEstimates,
} from './estimate.ts';
import { hiddenByZero, overdispersion, type CountCell } from './loss-detail.ts';
import type { ConnectCell, PlayerCell } from './player-minutes.ts';
import { marginOf, type Profile } from './profiles.ts';
import { roundFor, roundNs } from './rounding.ts';
import { arrangeArms, type AnyCell, type CohortPeriod, type TwoArms } from './sample.ts';
import type { ComparisonRow, Metric, ShiftPoint } from './types.ts';
import { growthNeeded, judge } from './verdict.ts';

export interface CohortInput {
  readonly cohort: string;
  readonly baseline: CohortPeriod;
  readonly evening: CohortPeriod;
  readonly profile: Profile;
  readonly seed: number;
  readonly replicates: number;
  /** Reasons that void every row: other servers, other vantage. */
  readonly refusals: readonly string[];
  /** What the RTT cells rest on, for `method`. */
  readonly rttMethod: string;
  /** Share of packets the evening's capture is known to have missed; null when not known. */
  readonly captureDropRatio: number | null;
}

/** A row before multiplicity is known. */
export type DraftRow = Omit<ComparisonRow, 'q_value'>;

export interface CohortResult {
  readonly rows: readonly DraftRow[];
  readonly shift: readonly ShiftPoint[];
  readonly blocks: BlockPlan;
}

const SHIFT_QUANTILES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95] as const;
const MEDIAN_AT = SHIFT_QUANTILES.indexOf(0.5);
const P95_AT = SHIFT_QUANTILES.indexOf(0.95);

interface RttCell extends AnyCell {
  readonly rtt: number;
  readonly excess: number;
  readonly pdv: number;
  readonly breach: number;
}

interface RatioCell extends AnyCell, CountCell {}

/** Cells with an RTT, and each client's distance above its own least minute of the period. */
function rttCells(period: CohortPeriod, degradedNs: number): RttCell[] {
  const least = new Map<number, number>();
  for (const { client, rttP50Ns } of period.cells) {
    if (rttP50Ns !== null) least.set(client, Math.min(least.get(client) ?? Infinity, rttP50Ns));
  }
  return period.cells.flatMap((cell) =>
    cell.rttP50Ns === null
      ? []
      : [
          {
            client: cell.client,
            minute: cell.minute,
            rtt: cell.rttP50Ns,
            excess: cell.rttP50Ns - least.get(cell.client)!,
            pdv: cell.pdvP95Ns ?? 0,
            breach: cell.rttP50Ns > degradedNs ? 1 : 0,
          },
        ],
  );
}

/** Cross-client median excess per minute: the series whose memory sets the block length. */
function excessSeries(period: CohortPeriod): (number | null)[] {
  const minutes: number[][] = Array.from({ length: period.minutes }, () => []);
  for (const cell of rttCells(period, Infinity)) minutes[cell.minute]!.push(cell.excess);
  return minutes.map(medianOf);
}

const countCells = (
  cells: readonly PlayerCell[],
  read: (cell: PlayerCell) => CountCell | null,
): RatioCell[] =>
  cells.flatMap((cell) => {
    const counts = read(cell);
    return counts === null || counts.trials === 0
      ? []
      : [{ client: cell.client, minute: cell.minute, events: counts.events, trials: counts.trials }];
  });

export const lossCells = (period: CohortPeriod): RatioCell[] =>
  countCells(period.cells, (c) =>
    c.sentPackets === null ? null : { events: c.lostPackets ?? 0, trials: c.sentPackets },
  );

const deadlineCells = (period: CohortPeriod): RatioCell[] =>
  countCells(period.cells, (c) => ({ events: c.deadlineMisses, trials: c.deadlineTotal }));

const connectCells = (period: CohortPeriod): RatioCell[] =>
  period.connects.map((c: ConnectCell) => ({
    client: c.client,
    minute: c.minute,
    events: c.failures,
    trials: c.attempts,
  }));

const EVENTS_OVER_TRIALS: Estimand<RatioCell> = {
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
    blocks,
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
  const deadline = ratioRow(
    input,
    blocks,
    'deadline_miss_ratio',
    deadlineCells,
    "RTT samples later than the flow's minimum plus the buffer, and lost packets, over samples and lost packets",
  );
  return { rows: withDoubts(input, [connect, loss, ...rtt.rows, deadline]), shift: rtt.shift, blocks };
}

function rttFamily(input: CohortInput, blocks: BlockPlan): { rows: DraftRow[]; shift: ShiftPoint[] } {
  const degradedNs = input.profile.rttDegradedNs.value;
  const { primary, unpaired } = arrangeArms(
    input.baseline,
    input.evening,
    (period) => rttCells(period, degradedNs),
    blocks,
  );
  const estimands: Estimand<RttCell>[] = [
    { kind: 'quantiles', quantiles: SHIFT_QUANTILES, value: (c) => c.rtt },
    { kind: 'quantiles', quantiles: [0.5], value: (c) => c.excess },
    { kind: 'quantiles', quantiles: [0.5], value: (c) => c.pdv },
    { kind: 'ratio', numerator: (c) => c.breach, denominator: () => 1 },
  ];
  const family = estimateFamily(primary, estimands, settingsOf(input, blocks, 'rtt'));
  const beside =
    unpaired === null ? null : estimateFamily(unpaired, estimands, settingsOf(input, blocks, 'rtt-unpaired'));
  const tau = Math.max(1, blocks.tauMinutes ?? 1);
  const breachCells = (arm: TwoArms<RttCell>['baseline']): CountCell[] =>
    arm.cells.map(({ cell }) => ({ events: cell.breach, trials: 1 }));
  const row = (metric: Metric, at: number, quantile: number | null, words: string): DraftRow =>
    draft(input, blocks, metric, primary, family, beside, at, {
      words,
      quantile,
      hiddenBaseline: quantile === null ? hiddenByZero(breachCells(primary.baseline), tau) : 0,
      hiddenEvening: quantile === null ? hiddenByZero(breachCells(primary.evening), tau) : 0,
    });
  const n = SHIFT_QUANTILES.length;
  const rtt = input.rttMethod;
  const degradedMs = degradedNs / 1e6;
  const rows = [
    row('rtt_p50_ns', MEDIAN_AT, 0.5, `median of player-minute RTT (${rtt})`),
    row('rtt_p95_ns', P95_AT, 0.95, `95th percentile of player-minute RTT (${rtt})`),
    row(
      'excess_delay_p50_ns',
      n,
      0.5,
      `median of player-minute RTT above the client's least minute of the period (${rtt})`,
    ),
    row(
      'pdv_p95_ns',
      n + 1,
      0.5,
      `median over player-minutes of p95(RTT) - min(RTT), round-trip PDV in the form of RFC 5481 (${rtt})`,
    ),
    row(
      'slo_breach_ratio',
      n + 2,
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
    const { baseline, evening, difference, standardError } = estimate;
    if (baseline === null || evening === null || difference === null || standardError === null) return [];
    if (input.refusals.length > 0 || cells < cellsNeeded(quantile)) return [];
    const { ci95 } = judge({
      difference,
      standardError,
      clusters: family.clusters,
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
  blocks: BlockPlan,
  metric: Metric,
  select: (period: CohortPeriod) => RatioCell[],
  words: string,
): DraftRow {
  const { primary, unpaired } = arrangeArms(input.baseline, input.evening, select, blocks);
  const family = estimateFamily(primary, [EVENTS_OVER_TRIALS], settingsOf(input, blocks, metric));
  const beside =
    unpaired === null
      ? null
      : estimateFamily(unpaired, [EVENTS_OVER_TRIALS], settingsOf(input, blocks, `${metric}-unpaired`));
  const counts = (arm: TwoArms<RatioCell>['baseline']): RatioCell[] => arm.cells.map(({ cell }) => cell);
  const before = counts(primary.baseline);
  const after = counts(primary.evening);
  const phiBefore = overdispersion(before);
  const phiAfter = overdispersion(after);
  return draft(input, blocks, metric, primary, family, beside, 0, {
    words,
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

/** A quantile near the edge needs ten cells beyond it. */
function cellsNeeded(quantile: number | null): number {
  return quantile === null ? 1 : Math.round(10 / Math.min(quantile, 1 - quantile));
}

interface RowFacts {
  readonly words: string;
  readonly quantile: number | null;
  readonly hiddenBaseline: number;
  readonly hiddenEvening: number;
}

function draft(
  input: CohortInput,
  blocks: BlockPlan,
  metric: Metric,
  arms: TwoArms<AnyCell>,
  family: FamilyEstimates,
  beside: FamilyEstimates | null,
  at: number,
  facts: RowFacts,
): DraftRow {
  const round = roundFor(metric);
  const estimate = family.estimates[at]!;
  const margin = marginOf(metric, input.profile, estimate.baseline);
  const gates = [...input.refusals, ...family.gates];
  const required = cellsNeeded(facts.quantile);
  for (const name of ['baseline', 'evening'] as const) {
    const cells = arms[name].cells.length;
    if (cells > 0 && cells < required)
      gates.push(`the ${name} has ${cells} player-minutes, fewer than ${required}`);
  }
  const judged = judgeUnlessGated(estimate, gates, family.clusters, margin.value, facts, round);
  const unpaired = beside === null ? null : judgeBeside(beside, at, facts, round);
  const { baseline, evening } = arms;
  const count = (key: 'clients' | 'filledBlocks'): [number, number] => [baseline[key], evening[key]];
  const [clientsBaseline, clientsEvening] = count('clients');
  const [blocksBaseline, blocksEvening] = count('filledBlocks');
  const notes: string[] = [];
  if (facts.hiddenBaseline > 0 || facts.hiddenEvening > 0) {
    notes.push(
      'a period without a single event may hide up to 3 / effective n; clients are taken as independent there',
    );
  }
  return {
    cohort: input.cohort,
    metric,
    claim: 'window',
    baseline: estimate.baseline === null ? null : round(estimate.baseline),
    evening: estimate.evening === null ? null : round(estimate.evening),
    difference: estimate.difference === null ? null : round(estimate.difference),
    ci95: judged?.ci95 ?? null,
    ci90: judged?.ci90 ?? null,
    margin: margin.value,
    margin_source: margin.source,
    verdict: judged?.verdict ?? 'INSUFFICIENT',
    p_value: judged === null ? null : judged.pValue,
    clients: Math.min(clientsBaseline, clientsEvening),
    clients_baseline: clientsBaseline,
    clients_evening: clientsEvening,
    blocks: Math.min(blocksBaseline, blocksEvening),
    blocks_baseline: blocksBaseline,
    blocks_evening: blocksEvening,
    cells: Math.min(baseline.cells.length, evening.cells.length),
    cells_baseline: baseline.cells.length,
    cells_evening: evening.cells.length,
    paired: arms.paired,
    unpaired,
    needed: neededFor(input, blocks, estimate, judged, gates, margin.value, required, arms),
    method: methodText(facts, blocks, arms.paired, input.replicates, family.clusters),
    notes,
  };
}

type Judged = ReturnType<typeof judge>;

function judgeUnlessGated(
  estimate: Estimate,
  gates: readonly string[],
  clusters: number,
  margin: number,
  facts: RowFacts,
  round: (value: number) => number,
): Judged | null {
  const { difference, standardError } = estimate;
  if (gates.length > 0 || difference === null || standardError === null) return null;
  return judge({ difference, standardError, clusters, margin, round, ...facts });
}

function judgeBeside(
  beside: FamilyEstimates,
  at: number,
  facts: RowFacts,
  round: (value: number) => number,
): ComparisonRow['unpaired'] {
  const { difference, standardError } = beside.estimates[at]!;
  if (difference === null || standardError === null) return null;
  const { ci95 } = judge({
    difference,
    standardError,
    clusters: beside.clusters,
    margin: 0,
    round,
    ...facts,
  });
  return { difference: round(difference), ci95 };
}

function neededFor(
  input: CohortInput,
  blocks: BlockPlan,
  estimate: Estimate,
  judged: Judged | null,
  gates: readonly string[],
  margin: number,
  cells: number,
  arms: TwoArms<AnyCell>,
): ComparisonRow['needed'] {
  const clients = Math.min(arms.baseline.clients, arms.evening.clients);
  const minutes = Math.min(input.baseline.minutes, input.evening.minutes);
  if (judged === null) {
    const enough = Math.max(MIN_CLIENTS, clients);
    const usual = MIN_BLOCKS * blocks.blockMinutes + 2;
    return {
      clients: enough,
      minutes: Math.max(blocks.minutesNeeded, minutes, usual, Math.ceil((1.2 * cells) / enough) + 2),
      reason: gates.join('; ') || 'the resampled estimates do not vary enough to give an interval',
    };
  }
  if (judged.verdict !== 'INCONCLUSIVE') return null;
  const growth = Math.min(100, growthNeeded(estimate.difference!, judged.ci90, margin));
  return {
    clients: Math.ceil(clients * growth),
    minutes: Math.ceil(minutes * growth),
    reason: `the 90 % interval must shrink by a factor of ${Math.sqrt(growth).toFixed(1)}; it falls with the square root of clients and of minutes, so both must grow`,
  };
}

function methodText(
  facts: RowFacts,
  blocks: BlockPlan,
  paired: boolean,
  replicates: number,
  clusters: number,
): string {
  const estimator = facts.quantile === null ? 'ratio of sums' : 'Harrell-Davis';
  return (
    `${facts.words}; ${estimator}; ${paired ? 'same clients in both periods' : 'clients unpaired'}; ` +
    `two-way bootstrap over clients and blocks of ${blocks.blockMinutes} min, ${replicates} replicates, ` +
    `t with ${Math.max(0, clusters - 1)} degrees of freedom`
  );
}

/** Doubts that one row casts on another. */
function withDoubts(input: CohortInput, rows: readonly DraftRow[]): DraftRow[] {
  const connect = rows.find((row) => row.metric === 'connect_failure_ratio')!;
  const rises =
    connect.verdict === 'DEGRADED' ||
    (connect.difference !== null && connect.difference > 0 && connect.verdict !== 'EQUIVALENT');
  const refused = [input.baseline, input.evening].map((p) =>
    p.connects.reduce((sum, c) => sum + c.refused, 0),
  );
  return rows.map((row) => {
    const notes = [...row.notes];
    let { verdict, needed } = row;
    if (row.metric === 'connect_failure_ratio') {
      if (refused[0]! + refused[1]! > 0) {
        notes.push(
          `refused connections are replies and not counted: ${refused[0]} baseline, ${refused[1]} evening`,
        );
      }
    } else if (rises) {
      notes.push(
        'conditional on connecting: more attempts failed to connect in the evening, and they have no delay',
      );
    }
    const drops = input.captureDropRatio;
    if (row.metric === 'loss_ratio' && drops !== null && row.evening !== null && drops > row.evening / 2) {
      notes.push('the capture itself missed more than half as many packets as the loss claimed');
      if (verdict !== 'INSUFFICIENT') {
        verdict = 'INCONCLUSIVE';
        needed = {
          clients: row.clients,
          minutes: Math.min(input.baseline.minutes, input.evening.minutes),
          reason: 'capture again without drops',
        };
      }
    }
    return { ...row, verdict, needed, notes };
  });
}
