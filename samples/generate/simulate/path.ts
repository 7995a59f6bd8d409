/** One client's way to the server and back: propagation, queues that remember, first in first out, bursty loss. */

import { autoregressive, exp } from './random.ts';
import type { Random } from './random.ts';

export type Direction = 'client_to_server' | 'server_to_client';

/** Loss as a two-state chain over packets (Gilbert–Elliott with everything lost in the bad state). */
export interface LossModel {
  /** Long-run share of packets lost, 0–1. */
  readonly ratio: number;
  /** Mean packets per loss run, ≥ 1. */
  readonly meanBurstPackets: number;
}

export interface DirectionFacts {
  /** Delay of an empty path, µs. */
  readonly propagationUs: number;
  /** Queueing at each second of the period, µs; between seconds it is interpolated. */
  readonly queueUs: Float64Array;
  /** Mean of an exponential delay drawn for each packet, µs. */
  readonly perPacketMeanUs: number;
  readonly loss: LossModel | null;
}

/** Bursts do not outlive a pause: a retransmission after a timeout meets a fresh draw, as does the next exchange. */
const LOSS_MEMORY_US = 100_000;

class Lane {
  private lastSentUs = -Infinity;
  private lastArrivalUs = -1;
  private isBad = false;
  private readonly facts: DirectionFacts;
  private readonly random: Random;

  constructor(facts: DirectionFacts, random: Random) {
    this.facts = facts;
    this.random = random;
  }

  /** When a packet sent now arrives; null where it is lost. */
  arrivalUs(sentUs: number): number | null {
    if (this.facts.loss !== null && this.isLost(this.facts.loss, sentUs)) return null;
    const { queueUs } = this.facts;
    const second = Math.min(Math.floor(sentUs / 1_000_000), queueUs.length - 2);
    const share = sentUs / 1_000_000 - second;
    const queue = queueUs[second]! * (1 - share) + queueUs[second + 1]! * share;
    const delay = this.facts.propagationUs + queue + this.random.exponential(this.facts.perPacketMeanUs);
    this.lastArrivalUs = Math.max(Math.round(sentUs + delay), this.lastArrivalUs + 1);
    return this.lastArrivalUs;
  }

  private isLost(loss: LossModel, sentUs: number): boolean {
    const leave = 1 / loss.meanBurstPackets;
    const enter = (loss.ratio * leave) / (1 - loss.ratio);
    const isFresh = sentUs - this.lastSentUs > LOSS_MEMORY_US;
    this.lastSentUs = sentUs;
    if (isFresh) this.isBad = this.random.chance(loss.ratio);
    else if (this.isBad) this.isBad = !this.random.chance(leave);
    else this.isBad = this.random.chance(enter);
    return this.isBad;
  }
}

export class Path {
  private readonly lanes: Record<Direction, Lane>;

  constructor(facts: Readonly<Record<Direction, DirectionFacts>>, random: Random) {
    this.lanes = {
      client_to_server: new Lane(facts.client_to_server, random),
      server_to_client: new Lane(facts.server_to_client, random),
    };
  }

  arrivalUs(direction: Direction, sentUs: number): number | null {
    return this.lanes[direction].arrivalUs(sentUs);
  }
}

/** A queue that is mostly short and sometimes not: median × exp(sigma × AR(1)), one value a second, µs. */
export function queueSeries(
  random: Random,
  seconds: number,
  shape: { readonly medianUs: number; readonly sigma: number; readonly correlationSeconds: number },
): Float64Array {
  const rho = exp(-1 / shape.correlationSeconds);
  return autoregressive(random, seconds + 2, rho).map((value) => shape.medianUs * exp(shape.sigma * value));
}

/** An added standing queue: `meanUs` with symmetric slow wander of `spreadUs` (never below zero), one value a second. */
export function standingQueue(
  random: Random,
  seconds: number,
  shape: { readonly meanUs: number; readonly spreadUs: number; readonly correlationSeconds: number },
): Float64Array {
  const rho = exp(-1 / shape.correlationSeconds);
  return autoregressive(random, seconds + 2, rho).map((value) =>
    Math.max(0, shape.meanUs + shape.spreadUs * value),
  );
}
