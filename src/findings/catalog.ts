/** The rules, in the order in which a reader should see their findings. */

import type { Batch } from '../tables/batch.ts';
import type { Changes } from './changes.ts';
import { churn } from './rules/churn.ts';
import { concurrent } from './rules/concurrent.ts';
import { refused, synRetransmitted, unanswered, unfinished } from './rules/connection-failures.ts';
import { congestionMarks } from './rules/congestion-marks.ts';
import { halfClosed } from './rules/half-closed.ts';
import { loss } from './rules/loss.ts';
import { lossBySize } from './rules/loss-by-size.ts';
import { parallelPaths } from './rules/parallel-paths.ts';
import { mssClamp, mtuBlackHole, packetTooBig } from './rules/path-mtu.ts';
import { dscpChanges, ttlChanges } from './rules/remarking.ts';
import { resetByInitiator, resetByResponder } from './rules/resets.ts';
import { routeChange } from './rules/route-change.ts';
import { wireguardMarking } from './rules/wireguard-marking.ts';
import type { Finding, Rule } from './types.ts';

const RULES: readonly Rule[] = [
  ...[refused, unanswered, unfinished, synRetransmitted],
  ...[halfClosed, concurrent, churn, resetByResponder, resetByInitiator],
  ...[loss, lossBySize, congestionMarks, mtuBlackHole, packetTooBig, mssClamp],
  ...[routeChange, parallelPaths, ttlChanges, wireguardMarking, dscpChanges],
];

/** @param changes when marks changed: `Analysis.changes`. */
export function findingsOf(flows: Batch, changes: Changes): Finding[] {
  return RULES.flatMap((rule) => rule(flows, changes) ?? []);
}
