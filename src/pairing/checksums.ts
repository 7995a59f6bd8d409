/**
 * What became of transport checksums on the way. A sender's capture often shows them unfinished, because its card fills them in
 * later: only what is right where it leaves can be broken by the path.
 */

import { CHECKSUM } from '../engine/pair.ts';
import type { ChecksumFigures } from './types.ts';

export type ChecksumFate = keyof ChecksumFigures;

export function checksumFate(sender: number, receiver: number, isOtherPayload: boolean): ChecksumFate {
  const { right, wrong, absent, partial } = CHECKSUM;
  if (sender === right)
    switch (receiver) {
      case right:
        return 'correct';
      case wrong:
        return isOtherPayload ? 'broken_with_payload' : 'broken';
      case absent:
        return 'removed';
      default:
        return 'not_checkable';
    }
  if (sender === absent) {
    if (receiver === absent) return 'absent';
    return receiver === right ? 'added' : 'not_checkable';
  }
  if (sender === wrong && receiver === wrong) return 'wrong_at_both';
  return (sender === partial || sender === wrong) && receiver === right ? 'unfinished' : 'not_checkable';
}

export class ChecksumCounts {
  readonly figures: Record<ChecksumFate, number> = {
    correct: 0,
    unfinished: 0,
    broken: 0,
    broken_with_payload: 0,
    broken_unmatched: 0,
    removed: 0,
    added: 0,
    absent: 0,
    wrong_at_both: 0,
    not_checkable: 0,
  };

  add(fate: ChecksumFate): void {
    this.figures[fate] += 1;
  }
}

/** The path itself did it. */
export function isPathsDoing(fate: ChecksumFate): boolean {
  return fate.startsWith('broken') || fate === 'removed' || fate === 'added';
}
