/** One scenario → two capture files and the truth. Same scenario, same bytes. */

import { captureAt } from './capture.ts';
import { Network } from './network.ts';
import type { Scenario } from './scenario.ts';
import { startTraffic } from './traffic.ts';
import { truthOf } from './truth.ts';
import type { Truth } from './truth.ts';

export interface TwoEnded {
  /** Bytes of a pcap or pcapng file. */
  readonly client: Uint8Array;
  readonly server: Uint8Array;
  readonly truth: Truth;
}

export function simulateTwoEnded(scenario: Scenario): TwoEnded {
  const network = new Network(scenario);
  for (const traffic of scenario.traffic) startTraffic(network, traffic);
  network.queue.runUntil(scenario.durationSeconds * 1e6);
  const client = captureAt(network, 'client');
  const server = captureAt(network, 'server');
  return { client: client.bytes, server: server.bytes, truth: truthOf(network, client, server) };
}
