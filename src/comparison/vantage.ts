/** Where the capture was taken, read from which side answers at once. The reason is printed beside the answer. */
import { medianOf } from '../statistics/quantile.ts';
import { NS_PER_MS } from '../units.ts';

export type Vantage = 'server' | 'client' | 'middle';

/** A host beside the capture point answers within this; a network path to a player rarely does. */
const NEAR_NS = 2 * NS_PER_MS;
/** The far side must be this many times the near one, else both may be host delay or both path. */
const FAR_FACTOR = 3;

/**
 * Decides on the median over flows of each flow's smallest RTT per side: minima, because delayed acknowledgements
 * and think time put tens of milliseconds on a median beside the host.
 */
export function decideVantage(
  towardClientMinNs: readonly number[],
  towardServerMinNs: readonly number[],
): { readonly vantage: Vantage; readonly reason: string } {
  const client = medianOf(towardClientMinNs);
  const server = medianOf(towardServerMinNs);
  const ms = (ns: number): string => `${(ns / NS_PER_MS).toFixed(2)} ms`;
  if (client === null && server === null) {
    return { vantage: 'server', reason: 'no RTT sample on either side; taken to be at the server' };
  }
  if (client === null || server === null) {
    const vantage = server === null ? 'server' : 'client';
    const side = server === null ? 'client' : 'server';
    return { vantage, reason: `RTT samples only toward the ${side}s; taken to be at the ${vantage}` };
  }
  const facts = `median of flow minima: ${ms(client)} toward clients, ${ms(server)} toward servers`;
  if (server <= NEAR_NS && client >= FAR_FACTOR * server) return { vantage: 'server', reason: facts };
  if (client <= NEAR_NS && server >= FAR_FACTOR * client) return { vantage: 'client', reason: facts };
  return { vantage: 'middle', reason: `${facts}; neither side is near` };
}
