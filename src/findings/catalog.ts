/** The rules, in the order in which a reader should see their findings. */

import type { Batch } from '../tables/batch.ts';
import { churn } from './rules/churn.ts';
import { concurrent } from './rules/concurrent.ts';
import { refused, synRetransmitted, unanswered, unfinished } from './rules/connection-failures.ts';
import { halfClosed } from './rules/half-closed.ts';
import { loss } from './rules/loss.ts';
import { mssClamp, mtuBlackHole, packetTooBig } from './rules/path-mtu.ts';
import { dscpChanges, ttlChanges } from './rules/remarking.ts';
import { resetByInitiator, resetByResponder } from './rules/resets.ts';
import type { Finding, Rule } from './types.ts';

const RULES: readonly Rule[] = [
  ...[refused, unanswered, unfinished, synRetransmitted],
  ...[halfClosed, concurrent, churn, resetByResponder, resetByInitiator],
  ...[loss, mtuBlackHole, packetTooBig, mssClamp, ttlChanges, dscpChanges],
];

export function findingsOf(flows: Batch): Finding[] {
  return RULES.flatMap((rule) => rule(flows) ?? []);
}
