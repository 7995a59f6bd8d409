/** Minutes of a cross-client median → where its level changed (S10). A list of places to look at, never a test of two periods. */
import { pelt, ranks } from '../statistics/pelt.ts';
import { medianOf } from '../statistics/quantile.ts';

export interface ChangePoint {
  /** Index of the first minute of the new level. */
  readonly index: number;
  readonly before: number;
  readonly after: number;
}

const SHORTEST_MINUTES = 5;

/** `values` without gaps; levels closer than `least` are merged. */
export function changePoints(values: readonly number[], least: number): ChangePoint[] {
  const n = values.length;
  if (n < 2 * SHORTEST_MINUTES) return [];
  const ranked = ranks(values);
  let starts = pelt(ranked, { penalty: penaltyOf(ranked), minimum: SHORTEST_MINUTES });
  // The smallest step goes first: merging it moves both its neighbours' levels.
  for (;;) {
    const levels = levelsOf(values, starts);
    let smallest = -1;
    starts.forEach((_, i) => {
      const step = Math.abs(levels[i + 1]! - levels[i]!);
      if (step < least && (smallest < 0 || step < Math.abs(levels[smallest + 1]! - levels[smallest]!)))
        smallest = i;
    });
    if (smallest < 0) return starts.map((index, i) => ({ index, before: levels[i]!, after: levels[i + 1]! }));
    starts = starts.filter((_, i) => i !== smallest);
  }
}

function levelsOf(values: readonly number[], starts: readonly number[]): number[] {
  const edges = [0, ...starts, values.length];
  return edges.slice(1).map((end, i) => medianOf(values.slice(edges[i], end))!);
}

/**
 * 3·ln n·σ²·(1+ρ)/(1−ρ): σ² from steps between neighbours, so that level changes do not count as noise, ρ from the same steps'
 * share of the variance inside ten-minute stretches.
 */
function penaltyOf(values: Float64Array): number {
  const n = values.length;
  const stretch = 10;
  let inside = 0;
  let count = 0;
  let products = 0;
  for (let from = 0; from + stretch <= n; from += stretch) {
    const part = values.subarray(from, from + stretch);
    const mean = part.reduce((a, b) => a + b, 0) / stretch;
    part.forEach((v, i) => {
      inside += (v - mean) ** 2;
      if (i > 0) products += (v - mean) * (part[i - 1]! - mean);
    });
    count += stretch - 1;
  }
  const variance = Math.max(inside / Math.max(1, count), 1 / 12);
  // Centring on ten values pulls the lag-1 correlation down by about 1/10.
  const rho = Math.min(0.9, Math.max(0, inside > 0 ? products / inside + 0.1 : 0));
  return (3 * Math.log(n) * variance * (1 + rho)) / (1 - rho);
}
