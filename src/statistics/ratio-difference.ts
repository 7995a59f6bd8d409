/**
 * Two ratios of sums and the interval of their difference, by units that draw alike within and apart from each other. A unit may bring
 * either class or both; what it brings to both is accounted for. Linearisation (Cochran 1977, 2.11), Student's t by the smaller class.
 */
import { studentTQuantile } from './student-t.ts';

export interface Tally {
  readonly events: number;
  readonly trials: number;
}

/** What one unit brings to the classes; no trials: nothing. */
export type Unit = readonly [Tally, Tally];

export interface RatioDifference {
  readonly ratios: readonly [number, number];
  /** Second minus first. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** What each unit adds to the difference, in their order; they sum to 0. */
  readonly influences: readonly number[];
}

/** Null below two units of a class. */
export function ratioDifference(units: readonly Unit[], level: number): RatioDifference | null {
  const sum = (of: (unit: Unit) => number): number => units.reduce((total, unit) => total + of(unit), 0);
  const fewest = Math.min(
    ...([0, 1] as const).map((side) => units.filter((unit) => unit[side].trials > 0).length),
  );
  if (fewest < 2) return null;
  const trials = [sum(([first]) => first.trials), sum(([, second]) => second.trials)] as const;
  const ratios = [
    sum(([first]) => first.events) / trials[0],
    sum(([, second]) => second.events) / trials[1],
  ] as const;
  const influences = units.map(
    ([first, second]) =>
      (second.events - ratios[1] * second.trials) / trials[1] -
      (first.events - ratios[0] * first.trials) / trials[0],
  );
  const squares = influences.reduce((total, influence) => total + influence ** 2, 0);
  const error = Math.sqrt((squares * units.length) / (units.length - 1));
  const half = studentTQuantile(1 - (1 - level) / 2, fewest - 1) * error;
  const value = ratios[1] - ratios[0];
  return { ratios, value, low: value - half, high: value + half, influences };
}
