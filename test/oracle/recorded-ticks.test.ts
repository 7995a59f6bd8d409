/**
 * The tick of Luanti's server in recorded games: a loop that sleeps for `dedicated_server_step` (0.09 s) and a little more, whose
 * packets leave when the network thread next wakes. Between its acknowledgements, which answer at once, the loop has to be found.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { flowsOf } from '../helpers/flows.ts';
import { ROOT } from '../helpers/repository.ts';

const folder = join(ROOT, 'samples', 'recorded', 'evening');

const SITTINGS = ['baseline-1', 'baseline-2', 'evening-1', 'evening-2'];

describe.skipIf(!existsSync(folder))('Luanti in recorded games', () => {
  it('has the step of its server, or a refusal where the loop drifts too far', async () => {
    const ticksMs: number[] = [];
    for (const sitting of SITTINGS) {
      const capture = join(folder, `${sitting}-server.pcap.zst`);
      const flow = (await flowsOf(capture))?.find(({ application }) => application === 'luanti');
      expect(flow).toBeDefined();
      // It is no grid: nothing is said of delays by it.
      expect(flow!['reverse_jitter_method']).toBeNull();
      if (flow!['reverse_tick_period_ns'] !== null)
        ticksMs.push(Number(flow!['reverse_tick_period_ns']) / 1e6);
    }
    for (const tickMs of ticksMs) {
      expect(tickMs).toBeGreaterThan(90);
      expect(tickMs).toBeLessThan(91.5);
    }
    // One sitting of this recording is refused.
    expect(ticksMs.length).toBeGreaterThanOrEqual(3);
  });
});
