/**
 * Real captures against themselves: first half and second half, by the library's own tables. Nothing was done between the halves, so
 * DEGRADED or IMPROVED by RTT would be a false alarm. Most are too short or have too few clients, and must say so.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { analyze } from '../../../src/analyze.ts';
import { compare } from '../../../src/comparison/compare.ts';
import { PlayerMinutesCollector } from '../../../src/comparison/player-minutes-collector.ts';
import { flowRows, rttBatch } from '../../../src/diff.ts';
import { sortedFlows } from '../../../src/tables/flows.ts';
import { captureIndex } from '../../helpers/captures-index.ts';
import { CAPTURES, haveCaptures } from '../../helpers/repository.ts';

/** Two halves of at least two minutes, and no file whose clock jumps by years. */
const SHORTEST_S = 300;
const LONGEST_S = 86_400;

test.skipIf(!haveCaptures)(
  'a real capture against itself is never called worse (skipped without the captures)',
  { timeout: 300_000 },
  async () => {
    const long = captureIndex().filter(
      ({ durationS, packets, name }) =>
        durationS >= SHORTEST_S && durationS <= LONGEST_S && packets >= 200 && !name.startsWith('malformed/'),
    );
    expect(long.length).toBeGreaterThan(5);
    const verdicts = new Map<string, number>();
    for (const { name } of long) {
      const collector = new PlayerMinutesCollector();
      const analysis = await analyze([join(CAPTURES, name)], {
        tables: ['rtt'],
        workers: 1,
        onBatch: (batch) => {
          if (batch.table === 'rtt') collector.addRtt(rttBatch(batch));
        },
      });
      const flows = flowRows(sortedFlows(analysis.flows));
      const { firstMinute, minutes } = collector.finish(flows);
      const half = Math.floor(minutes / 2);
      const [one, other] = [0, 1].map((side) =>
        collector.finish(flows, {
          only: {
            startMinute: firstMinute + side * half,
            endMinute: firstMinute + (side + 1) * half,
          },
        }),
      );
      const { comparisons } = compare(one!, other!, { profile: 'fps_competitive', seed: 1, replicates: 200 });
      for (const row of comparisons.filter(({ metric }) => metric.startsWith('rtt_'))) {
        expect([name, row.metric, row.verdict]).not.toEqual([name, row.metric, 'DEGRADED']);
        verdicts.set(row.verdict, (verdicts.get(row.verdict) ?? 0) + 1);
      }
    }
    expect([...verdicts.values()].reduce((a, b) => a + b, 0)).toBe(2 * long.length);
  },
);
