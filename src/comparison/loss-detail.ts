/** How far counts of lost packets can be trusted: over-dispersion, effective n, and what zero may hide (S8). */
import { roundRatio } from './rounding.ts';
import type { LossDetail } from './types.ts';

export interface CountCell {
  readonly events: number;
  readonly trials: number;
}

/** φ: Pearson variance of events per cell over the binomial one; at least 1. Null without events or with one cell. */
export function overdispersion(cells: readonly CountCell[]): number | null {
  const used = cells.filter((cell) => cell.trials > 0);
  const trials = used.reduce((sum, cell) => sum + cell.trials, 0);
  const events = used.reduce((sum, cell) => sum + cell.events, 0);
  const p = events / trials;
  if (used.length < 2 || events === 0 || p >= 1) return null;
  const pearson = used.reduce(
    (sum, { events: e, trials: n }) => sum + (e - n * p) ** 2 / (n * p * (1 - p)),
    0,
  );
  return Math.max(1, pearson / (used.length - 1));
}

/** 3 / n_eff, the rule of three, when nothing happened; else 0. `phi` falls back on the other period's. */
export function hiddenByZero(cells: readonly CountCell[], phi: number | null): number {
  const trials = cells.reduce((sum, cell) => sum + cell.trials, 0);
  const events = cells.reduce((sum, cell) => sum + cell.events, 0);
  return events > 0 || trials === 0 ? 0 : Math.min(1, (3 * (phi ?? 1)) / trials);
}

export function lossDetail(
  cohort: string,
  period: 'baseline' | 'evening',
  cells: readonly CountCell[],
  otherPhi: number | null,
): LossDetail {
  const sent = cells.reduce((sum, cell) => sum + cell.trials, 0);
  const lost = cells.reduce((sum, cell) => sum + cell.events, 0);
  const phi = overdispersion(cells) ?? (lost === 0 ? otherPhi : null);
  return {
    cohort,
    period,
    sent,
    lost,
    overdispersion: phi === null ? null : roundRatio(phi),
    effective_n: sent === 0 ? null : Math.round(sent / (phi ?? 1)),
    upper_bound: sent > 0 && lost === 0 ? roundRatio(hiddenByZero(cells, phi)) : null,
  };
}
