/** Which figures a pairing has, in the order in which they are shown; one that would be empty is left out. */
import type { Pairing } from '../../pairing/types.ts';
import type { Figure } from './frame.ts';
import { hexbinFigure } from './pair-hexbin.ts';
import { ladderFigure } from './pair-ladder.ts';
import { queueingFigure } from './pair-queueing.ts';

export function planPairFigures(pairing: Pairing): Figure[] {
  return [queueingFigure(pairing), hexbinFigure(pairing), ladderFigure(pairing)].filter(
    (figure) => figure !== null,
  );
}

/** Those that show no single packet: for an annex, whose receiver knows no addresses. */
export function planEndsFigures(pairing: Pairing): Figure[] {
  return [queueingFigure(pairing), hexbinFigure(pairing)].filter((figure) => figure !== null);
}
