/**
 * A path with one capture point on it: two hosts, and between each host and the tap a leg that delays, loses, overtakes and copies. What
 * became of every packet is kept, so that a test knows what the tap could have known.
 */

import { EventQueue } from '../../../samples/generate/simulate/event-queue.ts';
import { Random } from '../../../samples/generate/simulate/random.ts';
import { ethernetFrame } from '../packets.ts';
import type { CapturedFrame } from '../packets.ts';

export type Side = 'client' | 'server';

export interface Leg {
  readonly delayUs: number;
  /** Uniform and first in, first out. */
  readonly jitterUs: number;
  /** Share lost of the packets that may be lost, 0–1. */
  readonly loss: number;
  /** Share overtaken by what follows within `overtakenUs`, 0–1. */
  readonly reorder: number;
  readonly overtakenUs: number;
  /**
   * Share that comes to the tap twice, bit for bit, 0–1. Only on the way to it, and no repeats: a copy that its receiver reports (RFC 2883)
   * looks like a repeat that was not needed, and no tap can tell one from the other.
   */
  readonly duplicate: number;
}

export const quietLeg: Leg = {
  delayUs: 8_000,
  jitterUs: 0,
  loss: 0,
  reorder: 0,
  overtakenUs: 0,
  duplicate: 0,
};

export interface PathShape {
  /** Between client and tap, and between tap and server; the same both ways. */
  readonly near: Leg;
  readonly far: Leg;
}

/** One packet as its sender made it. */
export interface Passage {
  readonly from: Side;
  readonly sentUs: number;
  /** First sighting; null where the tap never saw it. */
  tapUs: number | null;
  /** First arrival. */
  arrivedUs: number | null;
}

/** Behind at most two others of a burst, whose packets are 1 µs apart. */
const COPY_AFTER_US = 2;

class Lane {
  private lastUs = 0;
  private readonly leg: Leg;
  private readonly random: Random;

  constructor(leg: Leg, random: Random) {
    this.leg = leg;
    this.random = random;
  }

  /** Arrival times at the other end of the leg: none where it is lost, two where it is copied. */
  pass(nowUs: number, mayBeLost: boolean, mayBeCopied: boolean): number[] {
    const { delayUs, jitterUs, loss, reorder, overtakenUs, duplicate } = this.leg;
    if (mayBeLost && this.random.chance(loss)) return [];
    const due = Math.round(nowUs + delayUs + this.random.uniform(0, jitterUs));
    const isOvertaken = this.random.chance(reorder);
    const atUs = isOvertaken ? due + overtakenUs : Math.max(due, this.lastUs + 1);
    if (!isOvertaken) this.lastUs = atUs;
    return mayBeCopied && this.random.chance(duplicate) ? [atUs, atUs + COPY_AFTER_US] : [atUs];
  }
}

export class Wire {
  readonly queue = new EventQueue();
  readonly random: Random;
  readonly frames: CapturedFrame[] = [];
  /** Copies the tap saw, by sender. */
  readonly copies: Record<Side, number> = { client: 0, server: 0 };
  private readonly lanes: Readonly<Record<Side, readonly [Lane, Lane]>>;
  private readonly startNs: bigint;
  private readonly ipIds: Record<Side, number>;

  constructor(name: string, shape: PathShape, startNs: bigint) {
    this.random = new Random(name);
    this.startNs = startNs;
    const lane = (leg: Leg, which: string): Lane => new Lane(leg, new Random(`${name} ${which}`));
    this.lanes = {
      client: [lane(shape.near, 'up near'), lane(shape.far, 'up far')],
      server: [lane(shape.far, 'down far'), lane(shape.near, 'down near')],
    };
    // Both wrap within the first packets.
    this.ipIds = { client: 65_500, server: 65_520 };
  }

  get nowNs(): bigint {
    return this.startNs + BigInt(this.queue.nowUs) * 1000n;
  }

  /** `packet` makes the bytes for an IP ID; `onSight` runs when the tap first sees it, `onArrival` for every copy that arrives. */
  send(
    from: Side,
    packet: (ipId: number) => Uint8Array,
    hooks: {
      readonly mayBeLost: boolean;
      readonly mayBeCopied: boolean;
      readonly onSight?: (passage: Passage) => void;
      readonly onArrival: (passage: Passage) => void;
    },
  ): Passage {
    const { queue } = this;
    const passage: Passage = {
      from,
      sentUs: queue.nowUs,
      tapUs: null,
      arrivedUs: null,
    };
    const ipId = this.ipIds[from];
    // 0 says that there is none (RFC 6864 4.1).
    this.ipIds[from] = (ipId % 0xffff) + 1;
    const data = ethernetFrame(packet(ipId), { padToBytes: 60 });
    const [toTap, toPeer] = this.lanes[from];
    for (const tapUs of toTap.pass(queue.nowUs, hooks.mayBeLost, hooks.mayBeCopied)) {
      queue.at(tapUs, () => {
        this.frames.push({ timestampNs: this.nowNs, data });
        if (passage.tapUs === null) {
          passage.tapUs = queue.nowUs;
          hooks.onSight?.(passage);
        } else this.copies[from]++;
        for (const arrivalUs of toPeer.pass(queue.nowUs, hooks.mayBeLost, false)) {
          queue.at(arrivalUs, () => {
            passage.arrivedUs ??= queue.nowUs;
            hooks.onArrival(passage);
          });
        }
      });
    }
    return passage;
  }
}
