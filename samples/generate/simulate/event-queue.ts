/** A clock of integer microseconds and what happens on it; ties run in the order they were scheduled. */

interface Event {
  readonly atUs: number;
  readonly ordinal: number;
  readonly run: () => void;
}

export class EventQueue {
  nowUs = 0;
  private readonly heap: Event[] = [];
  private ordinal = 0;

  /** Runs `run` at `atUs`, or now where that has passed. */
  at(atUs: number, run: () => void): void {
    const event = { atUs: Math.max(this.nowUs, Math.round(atUs)), ordinal: this.ordinal++, run };
    const { heap } = this;
    let i = heap.push(event) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(event, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = event;
  }

  after(delayUs: number, run: () => void): void {
    this.at(this.nowUs + delayUs, run);
  }

  /** Runs everything up to and including `endUs`; what lies beyond is dropped, as when a capture is stopped. */
  runUntil(endUs: number): void {
    for (let event = this.heap[0]; event !== undefined && event.atUs <= endUs; event = this.heap[0]) {
      this.removeFirst();
      this.nowUs = event.atUs;
      event.run();
    }
    this.heap.length = 0;
  }

  private removeFirst(): void {
    const { heap } = this;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}

function before(a: Event, b: Event): boolean {
  return a.atUs < b.atUs || (a.atUs === b.atUs && a.ordinal < b.ordinal);
}
