/**
 * RTT samples of one flow in one minute. Exact while few; folded into a mergeable histogram beyond that. Whether
 * it folds depends on the count alone, so the order in which batches arrive cannot show.
 */
import { LogHistogram } from '../statistics/histogram.ts';
import { quantileType7 } from '../statistics/quantile.ts';

/** A cell of up to this many samples keeps them all. */
const EXACT_SAMPLES = 64;

export class MinuteSamples {
  count = 0;
  min = Infinity;
  max = 0;
  private exact: number[] | null = [];
  private histogram: LogHistogram | null = null;

  add(value: number): void {
    this.count++;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    if (this.exact === null) {
      this.histogram!.add(value);
      return;
    }
    this.exact.push(value);
    if (this.exact.length > EXACT_SAMPLES) {
      this.histogram = new LogHistogram();
      for (const v of this.exact) this.histogram.add(v);
      this.exact = null;
    }
  }

  countAbove(threshold: number): number {
    if (this.exact !== null) return this.exact.filter((v) => v > threshold).length;
    return this.histogram!.countAbove(threshold);
  }

  /** Type 7 quantiles over several flows' samples of one minute; exact when all of them are. */
  static quantiles(parts: readonly MinuteSamples[], quantiles: readonly number[]): number[] {
    if (parts.every((part) => part.exact !== null)) {
      const values = Float64Array.from(parts.flatMap((part) => part.exact!)).sort();
      return quantiles.map((q) => quantileType7(values, q) ?? NaN);
    }
    const merged = new LogHistogram();
    for (const part of parts) {
      if (part.histogram !== null) merged.merge(part.histogram);
      else for (const v of part.exact!) merged.add(v);
    }
    const min = Math.min(...parts.map((part) => part.min));
    const max = Math.max(...parts.map((part) => part.max));
    return quantiles.map((q) => Math.min(max, Math.max(min, merged.quantile(q) ?? NaN)));
  }
}
