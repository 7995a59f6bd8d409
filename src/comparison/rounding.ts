/** Published precision: whole nanoseconds, nine decimals of a ratio. Below it, two builds of V8 may differ. */
import type { Metric } from './types.ts';

export function roundNs(value: number): number {
  const rounded = Math.round(value);
  return rounded === 0 ? 0 : rounded;
}

export function roundRatio(value: number): number {
  const rounded = Math.round(value * 1e9) / 1e9;
  return rounded === 0 ? 0 : rounded;
}

export function isDuration(metric: Metric): boolean {
  return metric.endsWith('_ns');
}

export function roundFor(metric: Metric): (value: number) => number {
  return isDuration(metric) ? roundNs : roundRatio;
}
