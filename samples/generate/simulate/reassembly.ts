/** The receiving half of a TCP endpoint: what has arrived, and what has arrived too early. */

export type SequenceRange = readonly [left: number, right: number];

export class Reassembly {
  /** Next byte expected; 0 until the peer's SYN. */
  next = 0;
  private early: SequenceRange[] = [];

  get hasHole(): boolean {
    return this.early.length > 0;
  }

  /** Takes a range that begins beyond `next`; answers all such ranges, the one with this range first (RFC 2018 §4). */
  keepEarly(seq: number, end: number): SequenceRange[] {
    this.early = merged([...this.early, [seq, end]]);
    const newest = this.early.findIndex(([left, right]) => seq >= left && seq < right);
    const blocks = [...this.early];
    return [...blocks.splice(newest, 1), ...blocks];
  }

  /** Takes a range that begins at or before `next` and reaches beyond it, and all that it connects. */
  advance(end: number): void {
    this.next = end;
    while (this.early.length > 0 && this.early[0]![0] <= this.next) {
      this.next = Math.max(this.next, this.early.shift()![1]);
    }
  }

  /** Ranges still waiting for what comes before them. */
  blocks(): readonly SequenceRange[] {
    return this.early;
  }
}

function merged(ranges: readonly SequenceRange[]): SequenceRange[] {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const joined: SequenceRange[] = [];
  for (const range of sorted) {
    const last = joined.at(-1);
    if (last !== undefined && range[0] <= last[1])
      joined[joined.length - 1] = [last[0], Math.max(last[1], range[1])];
    else joined.push(range);
  }
  return joined;
}
