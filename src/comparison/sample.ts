/** One cohort's cells of both periods, laid out as client × block groups, paired where the same clients came twice. */
import { blockOf, type BlockPlan } from './blocks.ts';
import type { ConnectCell, PlayerCell, PlayerClient, PlayerMinutes } from './player-minutes.ts';

/**
 * From this many common clients on, the comparison is of the same people: the number below which no interval is
 * given at all. Unpaired, the spread of distances between few clients swamps any evening.
 */
export const MIN_PAIRED_CLIENTS = 6;

export interface AnyCell {
  readonly client: number;
  readonly minute: number;
}

/** Everything of one cohort in one period. */
export interface CohortPeriod {
  readonly minutes: number;
  /** Of clients, by their index in the cells: what pairs them between periods. */
  readonly ids: readonly string[];
  readonly cells: readonly PlayerCell[];
  readonly connects: readonly ConnectCell[];
}

export interface GroupedCell<C> {
  readonly cell: C;
  readonly group: number;
}

export interface ArmSample<C> {
  readonly clients: number;
  /** Blocks that hold at least one cell. */
  readonly filledBlocks: number;
  readonly cells: readonly GroupedCell<C>[];
}

export interface TwoArms<C> {
  readonly paired: boolean;
  readonly baseline: ArmSample<C>;
  readonly evening: ArmSample<C>;
}

export function cohortPeriod(
  period: PlayerMinutes,
  isMember: (client: PlayerClient) => boolean,
): CohortPeriod {
  const member = period.clients.map(isMember);
  return {
    minutes: period.minutes,
    ids: period.clients.map((client) => client.id),
    cells: period.cells.filter((cell) => member[cell.client]!),
    connects: period.connects.filter((cell) => member[cell.client]!),
  };
}

function idsOf(period: CohortPeriod, cells: readonly AnyCell[]): string[] {
  return [...new Set(cells.map((cell) => period.ids[cell.client]!))].sort();
}

function arrange<C extends AnyCell>(
  period: CohortPeriod,
  cells: readonly C[],
  clients: readonly string[],
  blocks: number,
): ArmSample<C> {
  const index = new Map(clients.map((id, i) => [id, i]));
  const grouped: GroupedCell<C>[] = [];
  const filled = new Set<number>();
  for (const cell of cells) {
    const client = index.get(period.ids[cell.client]!);
    if (client === undefined) continue;
    const block = blockOf(cell.minute, period.minutes, blocks);
    filled.add(block);
    grouped.push({ cell, group: client * blocks + block });
  }
  return { clients: clients.length, filledBlocks: filled.size, cells: grouped };
}

/** The primary sample (paired when enough clients are common) and, beside a paired one, the unpaired. */
export function arrangeArms<C extends AnyCell>(
  baseline: CohortPeriod,
  evening: CohortPeriod,
  select: (period: CohortPeriod) => readonly C[],
  blocks: BlockPlan,
): { primary: TwoArms<C>; unpaired: TwoArms<C> | null } {
  const cellsBaseline = select(baseline);
  const cellsEvening = select(evening);
  const clientsBaseline = idsOf(baseline, cellsBaseline);
  const clientsEvening = idsOf(evening, cellsEvening);
  const inEvening = new Set(clientsEvening);
  const common = clientsBaseline.filter((id) => inEvening.has(id));
  const unpaired: TwoArms<C> = {
    paired: false,
    baseline: arrange(baseline, cellsBaseline, clientsBaseline, blocks.blocksBaseline),
    evening: arrange(evening, cellsEvening, clientsEvening, blocks.blocksEvening),
  };
  if (common.length < MIN_PAIRED_CLIENTS) return { primary: unpaired, unpaired: null };
  const primary: TwoArms<C> = {
    paired: true,
    baseline: arrange(baseline, cellsBaseline, common, blocks.blocksBaseline),
    evening: arrange(evening, cellsEvening, common, blocks.blocksEvening),
  };
  return { primary, unpaired };
}
