/**
 * The A/A control beside every headline: the baseline split in two where nothing can differ but chance. A method that finds a
 * difference there would find one anywhere. Alternating blocks keep the clients; every second client keeps the time.
 */
import { planBlocks } from './blocks.ts';
import { estimateFamily } from './estimate.ts';
import { excessSeries, rttCells } from './metric-cells.ts';
import { marginOf, type Profile } from './profiles.ts';
import { roundNs } from './rounding.ts';
import { arrangeArms, type CohortPeriod } from './sample.ts';
import type { ControlRow } from './types.ts';
import { judge } from './verdict.ts';

const CONTROL_REPLICATES = 400;
const BLOCK_MINUTES = 5;

/** Alternating five-minute blocks, each side set end to end; minutes of an odd last block are left out. */
export function alternatingBlocks(period: CohortPeriod): [CohortPeriod, CohortPeriod] {
  const pairs = Math.floor(period.minutes / (2 * BLOCK_MINUTES));
  const half = (side: number): CohortPeriod => ({
    ...period,
    minutes: pairs * BLOCK_MINUTES,
    connects: [],
    cells: period.cells.flatMap((cell) => {
      const block = Math.floor(cell.minute / BLOCK_MINUTES);
      if (block % 2 !== side || block >= 2 * pairs) return [];
      const minute = ((block - side) / 2) * BLOCK_MINUTES + (cell.minute % BLOCK_MINUTES);
      return [{ ...cell, minute }];
    }),
  });
  return [half(0), half(1)];
}

function everySecondClient(period: CohortPeriod): [CohortPeriod, CohortPeriod] {
  const half = (side: number): CohortPeriod => ({
    ...period,
    connects: [],
    cells: period.cells.filter(({ client }) => client % 2 === side),
  });
  return [half(0), half(1)];
}

export function controlsOf(
  baseline: CohortPeriod,
  profile: Profile,
  seed: number,
  replicates: number,
): ControlRow[] {
  const splits = [
    ['alternating blocks', alternatingBlocks(baseline)],
    ['every second client', everySecondClient(baseline)],
  ] as const;
  return splits.map(([split, [one, other]]) => {
    const blocks = planBlocks(excessSeries(one), excessSeries(other), one.minutes, other.minutes);
    const { primary } = arrangeArms(one, other, (period) => rttCells(period, Infinity), blocks);
    const family = estimateFamily(
      primary,
      [{ kind: 'quantiles', quantiles: [0.5], value: (cell) => cell.rtt }],
      {
        blocks,
        replicates: Math.min(CONTROL_REPLICATES, replicates),
        seed,
        stream: JSON.stringify(['control', split]),
      },
    );
    const { baseline: before, difference, error } = family.estimates[0]!;
    if (difference === null || error === null) {
      const known = difference === null ? null : roundNs(difference);
      return { split, metric: 'rtt_p50_ns', difference: known, ci95: null, verdict: 'INSUFFICIENT' };
    }
    const { ci95, verdict } = judge({
      difference,
      error,
      margin: marginOf('rtt_p50_ns', profile, before).value,
      round: roundNs,
    });
    return { split, metric: 'rtt_p50_ns', difference: roundNs(difference), ci95, verdict };
  });
}
