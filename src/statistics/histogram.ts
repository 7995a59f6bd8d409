/**
 * Mergeable log-linear histogram of non-negative integers: 256 sub-bins per octave, so a value read back is at
 * most 1/512 (0.2 %) away from the one put in. Merging is addition, in any order.
 *
 *   v < 256:  bin(v) = v
 *   v ≥ 256:  e = ⌊log2 v⌋,  bin(v) = (e − 8)·256 + ⌊v / 2^(e−8)⌋
 *   back:     k = max(0, ⌊bin/256⌋ − 1),  low = (bin − 256·k)·2^k,  width = 2^k
 *
 * The formula is integer arithmetic only, so an engine in another language bins the same. Exact up to 2^53 − 1.
 */

const SUB_BINS = 256;

export function histogramBin(value: number): number {
  if (value < SUB_BINS) return value;
  const high = Math.floor(value / 2 ** 32);
  const exponent = high > 0 ? 63 - Math.clz32(high) : 31 - Math.clz32(value);
  return (exponent - 8) * SUB_BINS + Math.floor(value / 2 ** (exponent - 8));
}

export function binLow(bin: number): number {
  const k = Math.max(0, Math.floor(bin / SUB_BINS) - 1);
  return (bin - SUB_BINS * k) * 2 ** k;
}

/** The integer in the middle of a bin: what a value is read back as. */
export function binMiddle(bin: number): number {
  const k = Math.max(0, Math.floor(bin / SUB_BINS) - 1);
  return (bin - SUB_BINS * k) * 2 ** k + Math.floor((2 ** k - 1) / 2);
}

/** Sparse counts per bin. */
export class LogHistogram {
  readonly counts = new Map<number, number>();
  total = 0;

  add(value: number, count = 1): void {
    const bin = histogramBin(value);
    this.counts.set(bin, (this.counts.get(bin) ?? 0) + count);
    this.total += count;
  }

  merge(other: LogHistogram): void {
    for (const [bin, count] of other.counts) this.counts.set(bin, (this.counts.get(bin) ?? 0) + count);
    this.total += other.total;
  }

  /** [bin, count] in ascending order of bin. */
  sorted(): [number, number][] {
    return [...this.counts].sort((a, b) => a[0] - b[0]);
  }

  /** How many values are read back as greater than `threshold`. */
  countAbove(threshold: number): number {
    let count = 0;
    for (const [bin, n] of this.counts) if (binMiddle(bin) > threshold) count += n;
    return count;
  }

  /** Type 7 quantile of the values as read back; null when empty. */
  quantile(q: number): number | null {
    if (this.total === 0) return null;
    const rank = (this.total - 1) * q;
    const lower = Math.floor(rank);
    const bins = this.sorted();
    let seen = 0;
    for (let i = 0; i < bins.length; i++) {
      const [bin, count] = bins[i]!;
      seen += count;
      if (seen > lower) {
        const value = binMiddle(bin);
        const next = seen > lower + 1 || i + 1 === bins.length ? value : binMiddle(bins[i + 1]![0]);
        return value + (rank - lower) * (next - value);
      }
    }
    return binMiddle(bins[bins.length - 1]![0]);
  }
}
