/**
 * Delays of one direction, as columns. All of them up to 2¹⁸; beyond that an even choice by frame number that depends on
 * nothing else, so that memory has a bound and the same captures give the same choice.
 */

const MAX_SAMPLES = 1 << 18;
const FIRST_ROOM = 1 << 12;

export interface Sample {
  /** ns on the client's clock since its first packet. */
  readonly timeNs: number;
  /** Receiver time minus sender time, the probe's offset taken off. */
  readonly delayNs: number;
  /** Against the packet of the same flow before it; NaN for the first. */
  readonly ipdvNs: number;
  readonly clientFrame: number;
  readonly serverFrame: number;
  readonly flow: number;
  readonly ipLenBytes: number;
}

/** Spreads consecutive numbers over 32 bits (finalizer of MurmurHash3, public domain). */
function spread(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

export class Samples {
  length = 0;
  /** How many were offered. */
  offered = 0;
  #limit = 0x1_0000_0000;
  timeNs = new Float64Array(FIRST_ROOM);
  delayNs = new Float64Array(FIRST_ROOM);
  ipdvNs = new Float32Array(FIRST_ROOM);
  clientFrame = new Uint32Array(FIRST_ROOM);
  serverFrame = new Uint32Array(FIRST_ROOM);
  flow = new Uint32Array(FIRST_ROOM);
  ipLenBytes = new Uint32Array(FIRST_ROOM);

  readonly #capacity: number;

  constructor(capacity = MAX_SAMPLES) {
    this.#capacity = capacity;
  }

  add(sample: Sample): void {
    this.offered += 1;
    if (spread(sample.clientFrame) >= this.#limit) return;
    if (this.length === this.#capacity) {
      this.#limit /= 2;
      this.#keep((at) => spread(this.clientFrame[at] ?? 0) < this.#limit);
      if (spread(sample.clientFrame) >= this.#limit || this.length === this.#capacity) return;
    }
    if (this.length === this.timeNs.length) this.#grow();
    const at = this.length++;
    this.timeNs[at] = sample.timeNs;
    this.delayNs[at] = sample.delayNs;
    this.ipdvNs[at] = sample.ipdvNs;
    this.clientFrame[at] = sample.clientFrame;
    this.serverFrame[at] = sample.serverFrame;
    this.flow[at] = sample.flow;
    this.ipLenBytes[at] = sample.ipLenBytes;
  }

  #keep(test: (at: number) => boolean): void {
    let kept = 0;
    for (let at = 0; at < this.length; at++) {
      if (!test(at)) continue;
      for (const column of this.#columns()) column[kept] = column[at] ?? 0;
      kept += 1;
    }
    this.length = kept;
  }

  #columns(): (Float64Array | Float32Array | Uint32Array)[] {
    return [
      this.timeNs,
      this.delayNs,
      this.ipdvNs,
      this.clientFrame,
      this.serverFrame,
      this.flow,
      this.ipLenBytes,
    ];
  }

  #grow(): void {
    const room = Math.min(this.#capacity, this.timeNs.length * 2);
    const grown = <T extends Float64Array | Float32Array | Uint32Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.timeNs = grown(new Float64Array(room), this.timeNs);
    this.delayNs = grown(new Float64Array(room), this.delayNs);
    this.ipdvNs = grown(new Float32Array(room), this.ipdvNs);
    this.clientFrame = grown(new Uint32Array(room), this.clientFrame);
    this.serverFrame = grown(new Uint32Array(room), this.serverFrame);
    this.flow = grown(new Uint32Array(room), this.flow);
    this.ipLenBytes = grown(new Uint32Array(room), this.ipLenBytes);
  }
}
