/** Connections drawn from a seed: every application, with and without timestamps, half of what can go wrong. */

import { Random } from '../../../samples/generate/simulate/random.ts';
import { simulateConnection } from './connection.ts';
import type { Application, ConnectionTruth } from './connection.ts';
import type { Leg } from './wire.ts';

export const START_NS = 1_795_255_200_000_000_000n;
/** Client ports count up from here. */
export const FIRST_PORT = 40_000;

const APPLICATIONS: readonly Application[] = ['ask', 'push', 'bursts', 'both'];

export function anyLeg(random: Random): Leg {
  const some = <T>(values: readonly T[], otherwise: T): T =>
    random.chance(0.5) ? random.pick(values) : otherwise;
  return {
    delayUs: random.integer(300, 60_000),
    jitterUs: some([300, 2_000], 0),
    loss: some([0.01, 0.05], 0),
    reorder: some([0.03], 0),
    overtakenUs: random.pick([100, 250]),
    duplicate: some([0.02], 0),
  };
}

export function anyConnections(seed: number, losesAcks = false): ConnectionTruth[] {
  return Array.from({ length: 6 }, (_, at) => {
    const random = new Random(`connection ${seed} ${at}`);
    return simulateConnection({
      name: `${seed} ${at}`,
      application: APPLICATIONS[(seed + at) % APPLICATIONS.length] ?? 'ask',
      timestamps: random.chance(0.5),
      path: { near: anyLeg(random), far: anyLeg(random) },
      clientPort: FIRST_PORT + at,
      seconds: 12,
      losesAcks,
      startNs: START_NS + BigInt(at) * 7_000n,
    });
  });
}
