/** Who belongs to which cohort, as the case says it. */

import type { Case } from '../case/read-case.ts';
import { createCohortMap } from '../cohorts/classify.ts';
import { parsePrefix } from '../cohorts/prefix.ts';
import { readCohorts } from '../diff.ts';
import { EngineError } from '../errors.ts';

export type CohortOf = (address: string) => string;

/** Null where the case names no cohorts. */
export function caseCohorts({ cohorts }: Case): CohortOf | null {
  if (cohorts === null) return null;
  if (cohorts.kind === 'file') return readCohorts(cohorts.path);
  const map = createCohortMap(
    cohorts.prefixes.map(({ prefix, cohort }) => {
      const parsed = parsePrefix(prefix);
      // The case file was checked when it was read.
      if (!parsed.ok)
        throw new EngineError({
          code: 'case/prefix',
          message: `${prefix} passed the check and cannot be read`,
        });
      return { prefix: parsed.prefix, cohort };
    }),
  );
  return (address) => map.classify(address);
}
