/**
 * How many of something fell when, in bounded memory and whatever the order they come in: cells of a width that doubles
 * when there are too many. A width at which all fit is never left, so the cells depend on the instants alone.
 */

const MAX_CELLS = 4096;
/** 2²⁰ ns, a millisecond. */
const FIRST_SHIFT = 20n;

export class TimeCounts {
  #shift = FIRST_SHIFT;
  #cells = new Map<bigint, number>();

  add(timestampNs: bigint): void {
    const cell = timestampNs >> this.#shift;
    this.#cells.set(cell, (this.#cells.get(cell) ?? 0) + 1);
    while (this.#cells.size > MAX_CELLS) this.#widen();
  }

  /** From `from` on and before `to`; a cell counts where its middle lies, so that parts of a span lose none. */
  countIn(from: bigint, to: bigint): number {
    const half = 1n << (this.#shift - 1n);
    let sum = 0;
    for (const [cell, count] of this.#cells) {
      const middle = (cell << this.#shift) + half;
      if (middle >= from && middle < to) sum += count;
    }
    return sum;
  }

  #widen(): void {
    const wider = new Map<bigint, number>();
    for (const [cell, count] of this.#cells) wider.set(cell >> 1n, (wider.get(cell >> 1n) ?? 0) + count);
    this.#cells = wider;
    this.#shift += 1n;
  }
}
