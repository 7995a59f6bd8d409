/**
 * Clients whose path is measured by a kernel's acknowledgements while their game carries some too: did both move alike? Where
 * not, the path may treat the game apart (DSCP), or a frame rate changed.
 */
import { medianOf } from '../statistics/quantile.ts';
import type { PlayerMinutes } from './player-minutes.ts';

export interface GameRtt {
  /** Measured by both kinds in both periods. */
  readonly clients: number;
  /** Median over those clients of the evening's median minute less the baseline's, ns. */
  readonly networkShiftNs: number;
  readonly gameShiftNs: number;
}

interface TwoPeriods {
  readonly baseline: PlayerMinutes;
  readonly evening: PlayerMinutes;
}

/** `game` is the same traffic with the game's acknowledgements speaking for every client. Null where no client has both. */
export function gameAgainstNetwork(network: TwoPeriods, game: TwoPeriods): GameRtt | null {
  const byNetwork = shiftsOf(network);
  const byGame = shiftsOf(game);
  const both = [...byNetwork.keys()].filter((id) => byGame.has(id));
  const networkShiftNs = medianOf(both.map((id) => byNetwork.get(id)!));
  const gameShiftNs = medianOf(both.map((id) => byGame.get(id)!));
  if (networkShiftNs === null || gameShiftNs === null) return null;
  return { clients: both.length, networkShiftNs, gameShiftNs };
}

/** Only clients that the kernel's acknowledgements speak for count; the caller's `game` names them all the same way. */
function shiftsOf({ baseline, evening }: TwoPeriods): Map<string, number> {
  const before = mediansOf(baseline);
  const after = mediansOf(evening);
  return new Map(
    [...after].flatMap(([id, median]) => (before.has(id) ? [[id, median - before.get(id)!] as const] : [])),
  );
}

function mediansOf({ clients, cells }: PlayerMinutes): Map<string, number> {
  const values = new Map<string, number[]>();
  for (const { client, rttP50Ns } of cells) {
    if (rttP50Ns === null) continue;
    const { id } = clients[client]!;
    const minutes = values.get(id);
    if (minutes === undefined) values.set(id, [rttP50Ns]);
    else minutes.push(rttP50Ns);
  }
  return new Map([...values].map(([id, minutes]) => [id, medianOf(minutes)!]));
}
