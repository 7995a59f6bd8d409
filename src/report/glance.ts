/**
 * A capture that is still growing, in a few words: what its closed bins add up to so far. The words are the start of what the table will
 * say, not a part of it; the most telling come first, since a narrow terminal shows no more.
 */

import type { Batch } from '../tables/batch.ts';
import { formatMilliseconds, formatShare } from './format-value.ts';

/** Steps of an octave of RTT that are kept apart: 2^(1/16) is 4 %, less than two digits show. */
const STEPS = 16;

/** Medians of bins, each as often as it has samples. */
class Medians {
  readonly #counts = new Map<number, number>();
  #samples = 0;

  add(ns: number, samples: number): void {
    const step = Math.round(Math.log2(Math.max(1, ns)) * STEPS);
    this.#counts.set(step, (this.#counts.get(step) ?? 0) + samples);
    this.#samples += samples;
  }

  get ns(): number | null {
    let below = 0;
    for (const [step, count] of [...this.#counts].sort(([a], [b]) => a - b)) {
      below += count;
      if (below * 2 >= this.#samples) return 2 ** (step / STEPS);
    }
    return null;
  }
}

export class Glance {
  readonly #flows = new Set<number>();
  readonly #rtt = { initiators: new Medians(), responders: new Medians() };
  #judged = 0;
  #lost = 0;
  #firstNs: bigint | null = null;
  #lastNs = 0n;

  /** Takes rows of `bins`, in the order they come. */
  add(batch: Batch): void {
    const [flows, starts] = [batch.u32('flow_id'), batch.i64('bin_start_ns')];
    const [packets, lost] = [batch.u32('packets'), batch.u32('lost_packets')];
    const [samples, medians, directions] = [
      batch.u32('rtt_samples'),
      batch.i64('rtt_p50_ns'),
      batch.u8('direction'),
    ];
    for (let row = 0; row < batch.rows; row++) {
      this.#flows.add(flows[row] ?? 0);
      if (!batch.isNull('lost_packets', row)) {
        this.#judged += packets[row] ?? 0;
        this.#lost += lost[row] ?? 0;
      }
      if (!batch.isNull('rtt_p50_ns', row)) {
        // The end that the direction goes to: forward packets reach responders.
        const toward = directions[row] === 0 ? this.#rtt.responders : this.#rtt.initiators;
        toward.add(Number(medians[row] ?? 0n), samples[row] ?? 0);
      }
      if (batch.isNull('bin_start_ns', row)) continue;
      const start = starts[row] ?? 0n;
      this.#firstNs = this.#firstNs === null || start < this.#firstNs ? start : this.#firstNs;
      if (start > this.#lastNs) this.#lastNs = start;
    }
  }

  /** The words, the most telling first; none before a bin has closed. */
  words(): string[] {
    if (this.#firstNs === null) return [];
    const seconds = Number((this.#lastNs - this.#firstNs) / 1_000_000_000n) + 1;
    const loss = this.#judged === 0 ? null : this.#lost / (this.#judged + this.#lost);
    const words = [`${this.#flows.size} flows`, `loss ${formatShare(loss)}`];
    const rtts = (['initiators', 'responders'] as const).flatMap((toward) => {
      const { ns } = this.#rtt[toward];
      return ns === null ? [] : [`${formatMilliseconds(ns)} to ${toward}`];
    });
    if (rtts.length > 0) words.push(`RTT ${rtts.join(', ')}`);
    return [...words, `${seconds} s of capture`];
  }
}
