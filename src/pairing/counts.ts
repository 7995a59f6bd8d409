/** What is counted of one direction, of all traffic or of one flow. */

/** Counts by number. Runs of one number, which packets mostly come in, touch the map once. */
export class Tally {
  readonly #map = new Map<number, number>();
  #key = NaN;
  #run = 0;

  add(key: number): void {
    if (key === this.#key) {
      this.#run += 1;
      return;
    }
    this.#flush();
    this.#key = key;
    this.#run = 1;
  }

  #flush(): void {
    if (this.#run > 0) this.#map.set(this.#key, (this.#map.get(this.#key) ?? 0) + this.#run);
    this.#run = 0;
  }

  get map(): ReadonlyMap<number, number> {
    this.#flush();
    return this.#map;
  }
}

/** A segment that was cut is whole before so many others have come. */
const LATEST = 64;

export class Counts {
  sent = 0;
  matched = 0;
  /** Of the missing, those that nothing explains but the network; settled when all silences are known. */
  lost = 0;
  dropsAtReceiver = 0;
  dropsAtSender = 0;
  duplicated = 0;
  reordered = 0;
  ambiguous = 0;
  resegmented = 0;
  rewritten = 0;
  fragmented = 0;
  /** sender DSCP × 64 + receiver DSCP → packets. */
  readonly dscp = new Tally();
  /** sender ECN × 4 + receiver ECN → packets. */
  readonly ecn = new Tally();
  /** Sender TTL − receiver TTL → packets. */
  readonly ttl = new Tally();
  ttlChanges = 0;
  lastTtl: number | null = null;
  /** sender MSS × 65536 + receiver MSS → SYNs. */
  readonly mss = new Tally();
  /** The largest IP packet that arrived as it left. */
  largestArrivedBytes = 0;
  /** IP length → lost packets of it. */
  readonly lostBySize = new Map<number, number>();
  /** Highest place in the sender's order that has arrived. */
  highestIndex = -1;
  /** Of TCP, the latest arrivals: place in the sender's order and frame at the receiver. */
  readonly #latest: { readonly index: number; readonly frame: number }[] = [];
  #oldest = 0;

  came(index: number, frame: number): void {
    if (this.#latest.length < LATEST) this.#latest.push({ index, frame });
    else this.#latest[this.#oldest++ % LATEST] = { index, frame };
  }

  /** Came none of the latest that were sent after it before that frame? */
  cameInOrder(index: number, frame: number): boolean {
    return this.#latest.every((other) => other.index < index || other.frame > frame);
  }
}

export function count(map: Map<number, number>, key: number, by = 1): void {
  map.set(key, (map.get(key) ?? 0) + by);
}

/** Packets of a direction second by second, for rate-dependent loss. */
export class Seconds {
  readonly sent = new Tally();
  readonly lost = new Map<number, number>();
}

/** Columns of packets that only the sender's capture has. */
export class Missing {
  readonly timeNs: number[] = [];
  readonly silenceStartNs: number[] = [];
  readonly flow: number[] = [];
  readonly frame: number[] = [];
  readonly index: number[] = [];
  readonly ipLenBytes: number[] = [];
  readonly flags: number[] = [];
  get length(): number {
    return this.timeNs.length;
  }
}

/** Columns of packets that only the receiver's capture has. */
export class Extra {
  /** Its checksum is wrong. */
  readonly isBroken: boolean[] = [];
  readonly timeNs: number[] = [];
  readonly silenceStartNs: number[] = [];
  readonly flow: number[] = [];
  readonly frame: number[] = [];
}

/** Columns of packets that the receiver's capture has again. */
export class Copies {
  readonly timeNs: number[] = [];
  readonly flow: number[] = [];
  readonly frame: number[] = [];
}

/** The first few packets that show something. */
export class Exemplars {
  readonly #lists = new Map<string, { client_frame: number | null; server_frame: number | null }[]>();
  add(id: string, clientFrame: number, serverFrame: number): void {
    const list = this.#lists.get(id) ?? [];
    if (list.length >= 20) return;
    this.#lists.set(id, list);
    list.push({ client_frame: clientFrame || null, server_frame: serverFrame || null });
  }
  get(id: string): readonly { readonly client_frame: number | null; readonly server_frame: number | null }[] {
    return this.#lists.get(id) ?? [];
  }
}
