/** One direction of the path: what is lost, cut, held up, overtaken or doubled on it. */

import { exp } from '../../../samples/generate/simulate/random.ts';
import { autoregressive } from '../../../samples/generate/simulate/random.ts';
import type { Random } from '../../../samples/generate/simulate/random.ts';
import type { Lane as LaneFacts } from './scenario.ts';

export interface Passage {
  readonly arrivals: readonly { readonly atUs: number; readonly isCopy: boolean; readonly hops: number }[];
}

export class Lane {
  readonly facts: LaneFacts;
  private readonly random: Random;
  private readonly queueUs: Float64Array;
  private lastArrivalUs = 0;
  private linkFreeUs = 0;
  private isBad = false;

  constructor(facts: LaneFacts, random: Random, durationSeconds: number) {
    this.facts = facts;
    this.random = random;
    const seconds = Math.ceil(durationSeconds) + 120;
    const { meanUs, spreadUs, correlationSeconds } = facts.queue;
    const rho = exp(-1 / correlationSeconds);
    this.queueUs = autoregressive(random, seconds, rho).map((value) =>
      Math.max(0, meanUs + spreadUs * value),
    );
    for (const standing of facts.standing) {
      const wander = autoregressive(random, seconds, rho);
      for (let second = standing.fromSeconds; second < Math.min(standing.toSeconds, seconds); second++) {
        this.queueUs[second]! += Math.max(0, standing.meanUs + standing.spreadUs * wander[second]!);
      }
    }
  }

  /** What becomes of a packet of `ipBytes` sent now; no arrivals: lost. */
  pass(sentUs: number, ipBytes: number): Passage {
    const { facts, random } = this;
    const isCalm = sentUs < facts.trouble.fromSeconds * 1e6 || sentUs > facts.trouble.toSeconds * 1e6;
    if (this.isLost() && !isCalm) return { arrivals: [] };
    const hops = facts.routeChanges.reduce(
      (sum, change) => sum + (sentUs >= change.atSeconds * 1e6 ? change.deltaHops : 0),
      facts.hops,
    );
    const leavesLinkUs = Math.max(sentUs, this.linkFreeUs) + (ipBytes * 8e6) / facts.rateBitsPerSecond;
    this.linkFreeUs = leavesLinkUs;
    const dueUs = leavesLinkUs + this.delayUs(sentUs);
    let atUs: number;
    if (!isCalm && facts.reorder !== null && random.chance(facts.reorder.ratio)) {
      // It takes another way, so it holds nobody up.
      atUs = Math.round(dueUs + random.uniform(...facts.reorder.extraUs));
    } else {
      atUs = Math.max(Math.round(dueUs), this.lastArrivalUs + 1);
      this.lastArrivalUs = atUs;
    }
    const arrivals = [{ atUs, isCopy: false, hops }];
    if (!isCalm && facts.duplicate !== null && random.chance(facts.duplicate.ratio)) {
      arrivals.push({
        atUs: Math.round(atUs + random.uniform(...facts.duplicate.afterUs)),
        isCopy: true,
        hops,
      });
    }
    return { arrivals };
  }

  /** Propagation, queue and the packet's own share, µs. */
  private delayUs(sentUs: number): number {
    const { facts } = this;
    const second = Math.min(Math.floor(sentUs / 1e6), this.queueUs.length - 2);
    const share = sentUs / 1e6 - second;
    const queue = this.queueUs[second]! * (1 - share) + this.queueUs[second + 1]! * share;
    const base = facts.routeChanges.reduce(
      (sum, change) => sum + (sentUs >= change.atSeconds * 1e6 ? change.deltaUs : 0),
      facts.baseUs,
    );
    return base + queue + this.random.exponential(facts.perPacketUs);
  }

  private isLost(): boolean {
    const { loss } = this.facts;
    if (loss === null) return false;
    this.isBad = this.random.chance(this.isBad ? 1 - loss.leave : loss.enter);
    return this.random.chance(this.isBad ? loss.lossInBad : loss.lossInGood);
  }
}
