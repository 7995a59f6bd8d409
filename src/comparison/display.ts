/** What a report draws and never tests: distribution functions, timelines, distances. */
import { cliffsDelta, kolmogorovSmirnov, wasserstein1 } from '../statistics/distance.ts';
import { medianOf } from '../statistics/quantile.ts';
import { formatInstant } from '../units.ts';
import { roundNs, roundRatio } from './rounding.ts';
import type { CohortPeriod } from './sample.ts';
import type { Distances, EcdfSeries, TimelinePoint } from './types.ts';

type PeriodName = 'baseline' | 'evening';
const MAX_ECDF_POINTS = 256;

function sortedRtt(period: CohortPeriod): Float64Array {
  return Float64Array.from(period.cells.flatMap((c) => (c.rttP50Ns === null ? [] : [c.rttP50Ns]))).sort();
}

export function ecdfOf(cohort: string, name: PeriodName, period: CohortPeriod): EcdfSeries {
  const values = sortedRtt(period);
  const n = values.length;
  const points = Math.min(n, MAX_ECDF_POINTS);
  const rtt: number[] = [];
  const share: number[] = [];
  for (let k = 1; k <= points; k++) {
    // The last cell of each of equally many cells; the largest value is always a point.
    let rank = Math.ceil((k * n) / points);
    const value = values[rank - 1]!;
    while (rank < n && values[rank] === value) rank++;
    if (rtt.at(-1) === value) continue;
    rtt.push(value);
    share.push(roundRatio(rank / n));
  }
  const clients = new Set(period.cells.filter((c) => c.rttP50Ns !== null).map((c) => c.client)).size;
  return { cohort, period: name, clients, cells: n, rtt_ns: rtt, share };
}

export function timelineOf(
  cohort: string,
  name: PeriodName,
  period: CohortPeriod,
  firstMinute: number,
): TimelinePoint[] {
  const byMinute = Array.from({ length: period.minutes }, () => ({
    p50: [] as number[],
    p95: [] as number[],
  }));
  for (const cell of period.cells) {
    if (cell.rttP50Ns === null || cell.rttP95Ns === null) continue;
    byMinute[cell.minute]!.p50.push(cell.rttP50Ns);
    byMinute[cell.minute]!.p95.push(cell.rttP95Ns);
  }
  const median = (values: readonly number[]): number | null => {
    const value = medianOf(values);
    return value === null ? null : roundNs(value);
  };
  return byMinute.map(({ p50, p95 }, minute) => ({
    cohort,
    period: name,
    minute: formatInstant(BigInt(firstMinute + minute) * 60_000_000_000n) ?? '',
    clients: p50.length,
    rtt_p50_ns: median(p50),
    rtt_p95_ns: median(p95),
  }));
}

/** Null when a period has no player-minute. */
export function distancesOf(cohort: string, baseline: CohortPeriod, evening: CohortPeriod): Distances | null {
  const a = sortedRtt(baseline);
  const b = sortedRtt(evening);
  if (a.length === 0 || b.length === 0) return null;
  return {
    cohort,
    wasserstein1_ns: roundNs(wasserstein1(a, b)),
    ks: roundRatio(kolmogorovSmirnov(a, b)),
    cliffs_delta: roundRatio(cliffsDelta(a, b)),
  };
}
