/** Player-minutes as each metric uses them: which cells take part, and with which numbers. */
import { medianOf } from '../statistics/quantile.ts';
import type { CountCell } from './loss-detail.ts';
import type { ConnectCell, PlayerCell } from './player-minutes.ts';
import type { AnyCell, CohortPeriod } from './sample.ts';

export interface RttCell extends AnyCell {
  readonly rtt: number;
  readonly excess: number;
  readonly pdv: number;
  readonly breach: number;
}

export interface RatioCell extends AnyCell, CountCell {}

/** Least RTT of each client of the period; Infinity where there is none. */
function leastRtt(period: CohortPeriod): Float64Array {
  const least = new Float64Array(period.ids.length).fill(Infinity);
  for (const { client, rttP50Ns } of period.cells) {
    if (rttP50Ns !== null && rttP50Ns < least[client]!) least[client] = rttP50Ns;
  }
  return least;
}

/** Cells with an RTT, and each client's distance above its own least minute of the period. */
export function rttCells(period: CohortPeriod, degradedNs: number): RttCell[] {
  const least = leastRtt(period);
  const cells: RttCell[] = [];
  for (const { client, minute, rttP50Ns: rtt, pdvP95Ns } of period.cells) {
    if (rtt === null) continue;
    const excess = rtt - least[client]!;
    cells.push({ client, minute, rtt, excess, pdv: pdvP95Ns ?? 0, breach: rtt > degradedNs ? 1 : 0 });
  }
  return cells;
}

/** Cross-client median excess per minute: the series whose memory sets the block length. */
export function excessSeries(period: CohortPeriod): (number | null)[] {
  const least = leastRtt(period);
  const minutes: number[][] = Array.from({ length: period.minutes }, () => []);
  for (const { client, minute, rttP50Ns } of period.cells) {
    if (rttP50Ns !== null) minutes[minute]!.push(rttP50Ns - least[client]!);
  }
  return minutes.map(medianOf);
}

/** Σ events / Σ trials over the clients of each minute: the memory of loss, which need not be that of delay. */
export function ratioSeries(
  period: CohortPeriod,
  select: (period: CohortPeriod) => readonly RatioCell[],
): (number | null)[] {
  const events = new Float64Array(period.minutes);
  const trials = new Float64Array(period.minutes);
  for (const cell of select(period)) {
    events[cell.minute] = events[cell.minute]! + cell.events;
    trials[cell.minute] = trials[cell.minute]! + cell.trials;
  }
  return Array.from(events, (sum, minute) => (trials[minute]! > 0 ? sum / trials[minute]! : null));
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

const directionCells =
  (direction: 'toClient' | 'toServer') =>
  (period: CohortPeriod): RatioCell[] =>
    countCells(period.cells, (c) => {
      const loss = c[direction];
      return loss === null ? null : { events: loss.lost, trials: loss.sent };
    });

export const lossToClientCells = directionCells('toClient');
export const lossToServerCells = directionCells('toServer');

/**
 * Share of packets lost or late, in units of timed samples: n·L + (1 − L)·late. Lost packets are not added to the
 * samples one by one: a minute has thousands of packets and a dozen samples, and each loss would count a hundredfold.
 */
export const deadlineCells = (period: CohortPeriod): RatioCell[] =>
  countCells(period.cells, (c) => {
    const lost = c.sentPackets ? (c.lostPackets ?? 0) / c.sentPackets : 0;
    return { events: c.timedSamples * lost + (1 - lost) * c.lateSamples, trials: c.timedSamples };
  });

export const connectCells = (period: CohortPeriod): RatioCell[] =>
  period.connects.map((c: ConnectCell) => ({
    client: c.client,
    minute: c.minute,
    events: c.failures,
    trials: c.attempts,
  }));
