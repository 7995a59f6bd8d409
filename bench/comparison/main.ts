/**
 * How long from tables to the answer of `diff`: 40 clients × 3 h × two periods, five cohorts, 2000 replicates. Prints one row of
 * Markdown; the hash of the answer must be the same under every Node and is what `test/unit/comparison/bytes.test.ts` holds.
 *
 *   npm run build && node dist/bench/comparison/main.js
 */
import { createHash } from 'node:crypto';
import { compare } from '../../src/comparison/compare.ts';
import type { Comparison } from '../../src/comparison/types.ts';
import { CLIENTS, cohortOf, collect, makeTables, MINUTES, SAMPLES_PER_MINUTE, type Tables } from './periods.ts';

const RUNS = 7;

export function answer(baseline: Tables, evening: Tables): Comparison {
  return compare(collect(baseline), collect(evening), { profile: 'fps_competitive', seed: 1, cohortOf });
}

export function hashOf(comparison: Comparison): string {
  return createHash('sha256').update(JSON.stringify(comparison)).digest('hex');
}

if (process.argv[1]?.endsWith('bench/comparison/main.js') === true) {
  const [baseline, evening] = [makeTables('baseline'), makeTables('evening')];
  const seconds: number[] = [];
  const processor: number[] = [];
  let comparison: Comparison | null = null;
  for (let run = 0; run < RUNS; run++) {
    const start = process.hrtime.bigint();
    const used = process.cpuUsage();
    comparison = answer(baseline, evening);
    seconds.push(Number(process.hrtime.bigint() - start) / 1e9);
    const { user, system } = process.cpuUsage(used);
    processor.push((user + system) / 1e6);
  }
  // The first run is what a user waits for; the others show what the compiler still gains.
  const rows = 2 * CLIENTS * MINUTES * SAMPLES_PER_MINUTE;
  const median = (values: readonly number[]): string =>
    [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!.toFixed(2);
  process.stdout.write(
    `| ${process.version} | ${rows} | ${processor[0]!.toFixed(2)} | ${median(processor.slice(1))} | ` +
      `${seconds[0]!.toFixed(2)} | ${median(seconds.slice(1))} | ${hashOf(comparison!).slice(0, 16)} |\n`,
  );
}
