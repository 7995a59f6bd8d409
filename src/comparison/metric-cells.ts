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

/** Cells with an RTT, and each client's distance above its own least minute of the period. */
export function rttCells(period: CohortPeriod, degradedNs: number): RttCell[] {
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
export function excessSeries(period: CohortPeriod): (number | null)[] {
  const minutes: number[][] = Array.from({ length: period.minutes }, () => []);
  for (const cell of rttCells(period, Infinity)) minutes[cell.minute]!.push(cell.excess);
  return minutes.map(medianOf);
}

export const countCells = (
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
