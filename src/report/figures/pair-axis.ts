/** What the figures of two ends share: both directions' looks and names, and a time axis from milliseconds to days. */
import type { Direction, PairSeries } from '../../pairing/types.ts';
import { NS_PER_MS } from '../../units.ts';

export const WIDTH = 640;

/** Okabe–Ito blue and vermilion: told apart with any colour vision; dashes as a second cue. */
export const DIRECTION_STYLES: Readonly<
  Record<Direction, { readonly label: string; readonly color: string; readonly dash: string }>
> = {
  client_to_server: { label: 'client to server', color: '#0072b2', dash: '' },
  server_to_client: { label: 'server to client', color: '#d55e00', dash: '7 3' },
};

const TICK_SECONDS = [
  ...[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5],
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400],
];

export interface TimeAxis {
  readonly start: Date;
  readonly end: Date;
  readonly ticks: readonly Date[];
  readonly label: (date: Date) => string;
  /** `2026-11-21 (UTC)`. */
  readonly day: string;
}

/** Milliseconds since the epoch of `ns` after the series' zero. */
export function seriesMs(series: PairSeries, ns: number): number {
  return Number(series.base / 1_000_000n) + (Number(series.base % 1_000_000n) + ns) / NS_PER_MS;
}

/** Milliseconds since the epoch of an RFC 3339 UTC text, nine digits or none. */
export function preciseMs(text: string): number {
  const [whole = '', fraction = ''] = text.replace(/Z$/, '').split('.');
  return Date.parse(`${whole}Z`) + Number(`0.${fraction === '' ? '0' : fraction}`) * 1000;
}

export function timeAxis(startMs: number, endMs: number): TimeAxis {
  const span = Math.max(endMs - startMs, 1e-3);
  const seconds = TICK_SECONDS.find((step) => span / (step * 1000) <= 8) ?? 86_400;
  const step = seconds * 1000;
  const ticks: Date[] = [];
  for (let at = Math.ceil(startMs / step) * step; at <= endMs; at += step) ticks.push(new Date(at));
  const manyDays = span > 86_400_000;
  const [from, to] = seconds >= 60 ? [11, 16] : seconds >= 1 ? [11, 19] : [14, 23];
  return {
    start: new Date(startMs),
    end: new Date(startMs + span),
    ticks,
    label: (date) => {
      const text = date.toISOString();
      return manyDays ? text.slice(5, 16).replace('T', ' ') : text.slice(from, to);
    },
    day: `${new Date(startMs).toISOString().slice(0, 10)} (UTC)`,
  };
}
