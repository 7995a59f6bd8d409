/** The rules, in the order in which a reader should see their findings. */

import type { Batch } from '../tables/batch.ts';
import { connectionFailures } from './rules/connection-failures.ts';
import { halfClosed } from './rules/half-closed.ts';
import { loss } from './rules/loss.ts';
import { dscpChanges, ttlChanges } from './rules/remarking.ts';
import type { Finding, Rule } from './types.ts';

const RULES: readonly Rule[] = [connectionFailures, halfClosed, loss, ttlChanges, dscpChanges];

export function findingsOf(flows: Batch): Finding[] {
  return RULES.flatMap((rule) => rule(flows) ?? []);
}
