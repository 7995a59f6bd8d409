/** (a)–(i) of the protocol, applied to what was simulated. A cell that mostly answers INSUFFICIENT has kept its word by silence. */
import { clopperPearson } from '../../src/statistics/binomial.ts';
import type { FalseDiscovery, Share } from './others.ts';
import type { LossTally } from './loss.ts';
import type { WindowTally } from './windows.ts';

export interface Check {
  readonly id: string;
  readonly wanted: string;
  readonly found: string;
  readonly passed: boolean;
}

export interface Simulated {
  readonly windows: readonly WindowTally[];
  readonly loss: readonly LossTally[];
  readonly days: readonly Share[];
  readonly discovery: FalseDiscovery;
  readonly itself: readonly (Share & { readonly refused: number })[];
  readonly packets: Share;
}

export function isGated({ pairs, refused }: { readonly pairs: number; readonly refused: number }): boolean {
  return refused >= pairs / 2;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

type Counts = Omit<LossTally, 'id' | 'pairs' | 'halfWidth'>;

/** One cell of either grid and one of its estimands. */
interface Cell {
  readonly name: string;
  readonly headline: boolean;
  readonly pairs: number;
  readonly refused: number;
  readonly counts: Counts;
}

function cellsOf({ windows, loss }: Simulated): Cell[] {
  return [
    ...windows.flatMap(({ id, headline, pairs, quantiles }) =>
      quantiles.map((counts, at) => ({
        name: `${id} ${at === 0 ? 'p50' : 'p95'}`,
        headline,
        pairs,
        refused: counts.refused,
        counts,
      })),
    ),
    ...loss.map((counts) => ({ name: counts.id, headline: false, ...counts, counts })),
  ].filter(({ pairs }) => pairs > 0);
}

/** (a)–(c): how often a word may be said that is not true, and what the exact upper bound of a headline cell may reach. */
export const RATE_LIMITS = [
  { id: 'a', wanted: 'nothing differs: DEGRADED <= 1 %', count: 'degradedAtZero', limit: 0.01, upper: 0.02 },
  {
    id: 'b',
    wanted: 'difference = margin: DEGRADED <= 5 %, upper bound <= 7 %',
    count: 'degradedAtMargin',
    limit: 0.05,
    upper: 0.07,
  },
  {
    id: 'c',
    wanted: 'difference = margin: EQUIVALENT <= 5 %, upper bound <= 7 %',
    count: 'equivalentAtMargin',
    limit: 0.05,
    upper: 0.07,
  },
] as const;

/** Worst cell by share of all pairs; passed when no cell's exact lower bound is above the limit, and no headline cell's upper bound above `upper`. */
function rate(
  { id, wanted, count, limit, upper }: (typeof RATE_LIMITS)[number],
  cells: readonly Cell[],
): Check {
  const share = ({ counts, pairs }: Cell): number => counts[count] / pairs;
  const worst = cells.reduce((a, b) => (share(b) > share(a) ? b : a));
  const failed = cells.filter((cell) => {
    const [low, high] = clopperPearson(cell.counts[count], cell.pairs);
    return cell.headline && cell.pairs >= 1000 ? high > upper : low > limit;
  });
  return {
    id,
    wanted,
    found:
      `worst ${percent(share(worst))} (${worst.counts[count]}/${worst.pairs}, ${worst.name})` +
      (failed.length === 0 ? '' : `; over the bound: ${failed.map(({ name }) => name).join(', ')}`),
    passed: failed.length === 0,
  };
}

export function accept(simulated: Simulated): Check[] {
  const { windows, days, discovery, itself, packets } = simulated;
  const cells = cellsOf(simulated);
  const coverage = cells
    .filter(({ pairs, refused }) => pairs > refused)
    .map((cell) => ({
      name: cell.name,
      gated: isGated(cell),
      covered: cell.counts.covered,
      intervals: cell.pairs - cell.refused,
      share: cell.counts.covered / (cell.pairs - cell.refused),
    }));
  const pooled =
    coverage.reduce((sum, c) => sum + c.covered, 0) / coverage.reduce((sum, c) => sum + c.intervals, 0);
  const low = coverage.filter((c) => c.share < 0.9 && !c.gated);
  const lowest = coverage.reduce((a, b) => (b.share < a.share ? b : a));
  const power = windows.find(({ id }) => id === 'C=40 T=60 shared=2 tau=5');
  const powerShare = power === undefined ? null : power.quantiles[0]!.degradedAtTwice / power.pairs;
  const flips = days.every(({ events, trials }) => clopperPearson(events, trials)[0] <= 0.05);
  const worstDay = days.reduce((a, b) => (b.share > a.share ? b : a));
  return [
    ...RATE_LIMITS.map((limit) => rate(limit, cells)),
    {
      id: 'd',
      wanted: 'CI95 covers >= 93 % pooled, no cell < 90 % unless gated',
      found:
        `pooled ${percent(pooled)}; lowest ${percent(lowest.share)} (${lowest.name})` +
        (low.length === 0 ? '' : `; below 90 %: ${low.map(({ name }) => name).join(', ')}`),
      passed: pooled >= 0.93 && low.length === 0,
    },
    {
      id: 'e',
      wanted: 'difference = 2 margins, 40 paired clients, 60 min, p50: DEGRADED >= 80 % of all pairs',
      found: powerShare === null ? 'not run' : percent(powerShare),
      passed: powerShare !== null && powerShare >= 0.8,
    },
    {
      id: 'f',
      wanted: 'sign-flip false alarms <= 5 %',
      found: `worst ${percent(worstDay.share)} (${worstDay.id})`,
      passed: flips,
    },
    {
      id: 'g',
      wanted: '30 cohorts, 5 true, nulls on the margin: false discovery rate <= 5 %',
      found: `${percent(discovery.rate)} ± ${percent(1.96 * discovery.standardError)} over ${discovery.families} families; ${percent(discovery.found)} of the true ones named`,
      passed: discovery.rate - 1.96 * discovery.standardError <= 0.05,
    },
    {
      id: 'h',
      wanted: 'negative control: a packet test must fail here',
      found: `${percent(packets.share)} false alarms of ${packets.trials}`,
      passed: packets.share > 0.3,
    },
    {
      id: 'i',
      wanted: 'a baseline against itself is DEGRADED in <= 1 %',
      found: itself.map((s) => `${s.id}: ${s.events}/${s.trials} (${s.refused} INSUFFICIENT)`).join('; '),
      passed: itself.every(({ events, trials }) => clopperPearson(events, trials)[0] <= 0.01),
    },
  ];
}
