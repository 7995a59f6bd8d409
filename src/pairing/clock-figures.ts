/** A fit and what is known from outside → the clock as the document tells it. */

import type { PairReport } from '../engine/pair.ts';
import { formatInstant } from '../units.ts';
import type { Totals } from './accumulate.ts';
import type { Axis } from './axis.ts';
import type { ClockFit } from './clock.ts';
import type { JudgeInput } from './facts.ts';
import type { Clock, PairDocument } from './types.ts';

/** Clocks with steps of a microsecond disagree by as much. */
const GRAIN_NS = 2000;

/** RFC 3339 of a time on the axis of a pairing. */
export function instant(base: bigint, ns: number): string {
  return formatInstant(base + BigInt(Math.round(ns))) ?? '';
}

export function clockOf(
  { report, bounds }: JudgeInput,
  totals: Totals,
  fit: ClockFit,
  { clockNs }: Axis,
): Clock {
  const base = Number(report.offsetNs);
  let low = fit.lowNs === null ? null : fit.lowNs + base;
  let high = fit.highNs === null ? null : fit.highNs + base;
  const bothBounds = (['client', 'server'] as const).map((end) =>
    Math.min(...bounds.filter((bound) => bound.end === end).map(({ bound_ns }) => bound_ns)),
  );
  const limit = bothBounds.reduce((sum, value) => sum + value, 0);
  const fits = Number.isFinite(limit) && low !== null && high !== null && low <= limit && high >= -limit;
  const narrows = fits && (low! < -limit || high! > limit);
  if (fits) {
    low = Math.max(low!, -limit);
    high = Math.min(high!, limit);
  }
  const identified = fit.unidentified === null;
  // Less than nothing lies between them only if some packets are not what they were taken for.
  const isKnown = low !== null && high !== null && low <= high + GRAIN_NS;
  return {
    offset_ns: isKnown ? Math.round((low! + high!) / 2) : null,
    offset_low_ns: isKnown ? Math.floor(Math.min(low!, high!)) : null,
    offset_high_ns: isKnown ? Math.ceil(Math.max(low!, high!)) : null,
    offset_width_ns: isKnown ? Math.ceil(Math.abs(high! - low!)) : null,
    skew_ppm: identified ? fit.skew * 1e6 : null,
    skew_doubt_ppm: identified ? fit.skewDoubt * 1e6 : null,
    skew_status: identified ? 'identified' : 'UNIDENTIFIED',
    skew_reason: fit.unidentified,
    steps: fit.steps.map(({ atNs, withinNs, deltaNs, silentNs = 0 }) => ({
      at: instant(totals.base, clockNs(atNs)),
      at_within_ns: Math.round(Math.max(withinNs, silentNs)),
      delta_ns: Math.round(deltaNs),
    })),
    step_detectable_ns: fit.detectableNs === null ? null : Math.ceil(fit.detectableNs),
    route_changes: fit.routes.map(({ atNs, forwardNs, reverseNs }) => ({
      at: instant(totals.base, clockNs(atNs)),
      client_to_server_ns: Math.round(forwardNs),
      server_to_client_ns: Math.round(reverseNs),
    })),
    at: isKnown ? instant(totals.base, clockNs(fit.atNs)) : null,
    bounds,
    bounds_used: narrows,
    method:
      'interval from the smallest delays of both directions after steps and skew were taken off; skew from the lower hulls of both directions with opposite signs',
  };
}

export function commonWindow(report: PairReport, clock: Clock): PairDocument['common_window'] {
  const [client, server] = report.extents;
  if (client === null || server === null) return null;
  const offset = BigInt(clock.offset_ns ?? Number(report.offsetNs));
  const first = client[0] > server[0] - offset ? client[0] : server[0] - offset;
  const last = client[1] < server[1] - offset ? client[1] : server[1] - offset;
  if (last < first) return null;
  return {
    first: formatInstant(first) ?? '',
    last: formatInstant(last) ?? '',
    duration_ns: Number(last - first),
  };
}
