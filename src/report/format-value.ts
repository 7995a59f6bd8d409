/** The only place that rounds, and that picks µs, ms, % and percentage points. Absent values are said, never shown as 0. */
import type { Metric } from '../comparison/types.ts';
import { NS_PER_MS } from '../units.ts';
import { METRICS } from './words.ts';

const ABSENT = 'n/a';
const MINUS = '\u2212';

/** `38.4 ms`, `420 µs`; `1.24 %` for ratios. */
export function formatValue(metric: Metric, value: number | null): string {
  if (value === null) return ABSENT;
  const { scale, unit, digits } = unitFor(metric, Math.abs(value));
  return `${fixed(value / scale, digits)} ${unit}`;
}

/** `+18.2 ms`, `−0.31 pp`: always signed, so that a difference is never mistaken for a level. */
export function formatDifference(metric: Metric, value: number | null): string {
  if (value === null) return ABSENT;
  const { scale, unit, digits } = unitFor(metric, Math.abs(value), true);
  return `${signed(value / scale, digits)} ${unit}`;
}

/** `[+15.1, +21.3] ms`: one unit for both ends. */
export function formatInterval(metric: Metric, interval: readonly [number, number] | null): string {
  if (interval === null) return ABSENT;
  const largest = Math.max(Math.abs(interval[0]), Math.abs(interval[1]));
  const { scale, unit, digits } = unitFor(metric, largest, true);
  return `[${signed(interval[0] / scale, digits)}, ${signed(interval[1] / scale, digits)}] ${unit}`;
}

/** `±5 ms`: margins are chosen, not measured, so trailing zeros would claim too much. */
export function formatMargin(metric: Metric, margin: number): string {
  const { scale, unit } = unitFor(metric, Math.abs(margin), true);
  return `±${Number((margin / scale).toFixed(2))} ${unit}`;
}

export function formatMilliseconds(ns: number): string {
  return `${fixed(ns / NS_PER_MS, 1)} ms`;
}

export function formatShare(ratio: number | null): string {
  if (ratio === null) return ABSENT;
  // A share is rounded toward the middle: "100 %" and "0 %" are said only when they are exact.
  const percent = ratio * 100;
  if (percent > 0 && percent < 0.1) return '<0.1 %';
  if (percent < 100 && percent > 99.9) return '>99.9 %';
  return `${Number(percent.toFixed(1))} %`;
}

export function formatProbability(p: number | null): string {
  if (p === null) return ABSENT;
  return p < 0.001 ? '<0.001' : p.toFixed(3);
}

/** `12,345`; an English thousands separator whatever the machine's locale. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** `1 client`, `42 clients`. */
export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function unitFor(
  metric: Metric,
  magnitude: number,
  difference = false,
): { scale: number; unit: string; digits: number } {
  if (METRICS[metric].kind === 'ratio')
    return {
      scale: 0.01,
      unit: difference ? 'pp' : '%',
      digits: shareDigits(magnitude),
    };
  return magnitude > 0 && magnitude < NS_PER_MS / 10
    ? { scale: 1000, unit: 'µs', digits: 0 }
    : { scale: NS_PER_MS, unit: 'ms', digits: 1 };
}

/** Three figures or so, whatever the size: losses live far below one percent, SLO shares far above ten. */
function shareDigits(magnitude: number): number {
  if (magnitude !== 0 && magnitude < 0.001) return 3;
  return magnitude < 0.1 ? 2 : 1;
}

function fixed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  // Rounded to nothing: no sign, so that no direction is claimed.
  return value < 0 && Number(text) !== 0 ? `${MINUS}${text}` : text;
}

function signed(value: number, digits: number): string {
  const text = fixed(value, digits);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}
