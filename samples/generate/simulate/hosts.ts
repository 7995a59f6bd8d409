/** TCP stacks as the connections here meet them: what they offer, and how they delay acknowledgements. */

import type { Client } from './client.ts';
import type { Random } from './random.ts';
import type { EndpointConfig } from './segment.ts';

export function clientConfig(client: Client, random: Random, initialSequence: number): EndpointConfig {
  const { delayedAckShare, delayedAckMaxUs } = client;
  const isWindows = client.host === 'windows';
  return {
    initialSequence,
    useTimestamps: !isWindows,
    timestampOffset: random.u32(),
    synWindow: isWindows ? 64240 : 64800,
    window: isWindows ? 1026 : 507,
    delayedAckShare,
    // Linux waits the full timer; Windows' timer ticks on its own, so the wait is anything up to one tick.
    delayedAckUs: (draw) => (isWindows ? draw.uniform(1000, delayedAckMaxUs) : delayedAckMaxUs),
    promptAckUs: (draw) => draw.uniform(30, 150),
  };
}

/** The server answers timestamps only where the client offered them, and always waits for data to ride on. */
export function serverConfig(client: Client, random: Random, initialSequence: number): EndpointConfig {
  return {
    initialSequence,
    useTimestamps: client.host !== 'windows',
    timestampOffset: random.u32(),
    synWindow: 65160,
    window: 509,
    delayedAckShare: 1,
    delayedAckUs: () => 40_000,
    promptAckUs: (draw) => draw.uniform(15, 60),
  };
}
