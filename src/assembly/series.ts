/** What the figures over time need of the kept tables. */

import type { KeptTables } from '../annex/kept-tables.ts';
import { lossOf, rasterOf } from '../extracts/raster.ts';
import type { ReportInput } from '../report/input.ts';

export interface SeriesInput {
  readonly isServer: (address: string) => boolean;
  readonly cohortOf: (address: string) => string;
  readonly toward: 'client' | 'server';
}

const RASTER_CLIENTS_PER_COHORT = 20;

/** What the figures over time need of the kept tables, both periods. */
export function seriesOf(
  tables: KeptTables,
  { isServer, cohortOf, toward }: SeriesInput,
): Required<Pick<ReportInput, 'raster' | 'rasterLeftOut' | 'lossTimeline'>> {
  const periods = ['baseline', 'evening'] as const;
  const clients = { isServer, isMeant: () => true, toward };
  const cells = periods.flatMap((period) =>
    rasterOf(tables.set(period), clients, cohortOf).map((cell) => ({ period, ...cell })),
  );
  // The first ones of every cohort: a picture holds few, and the tables hold all.
  const kept = new Set<string>();
  const perCohort = new Map<string, number>();
  for (const { client, cohort } of cells) {
    const count = perCohort.get(cohort) ?? 0;
    if (kept.has(client) || count >= RASTER_CLIENTS_PER_COHORT) continue;
    kept.add(client);
    perCohort.set(cohort, count + 1);
  }
  return {
    raster: cells.filter(({ client }) => kept.has(client)),
    rasterLeftOut: new Set(cells.map(({ client }) => client)).size - kept.size,
    lossTimeline: periods.flatMap((period) => {
      const { flows, bins } = tables.set(period);
      return lossOf(flows, bins, isServer).map((cell) => ({ period, ...cell }));
    }),
  };
}
