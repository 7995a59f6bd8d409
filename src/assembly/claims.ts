/** What is to be shown by packets: the verdict, then every finding. */

import type { KeptTables } from '../annex/kept-tables.ts';
import type { Comparison } from '../comparison/types.ts';
import { planFinding, planVerdict, type Claim } from '../extracts/plan.ts';
import type { ReportInput } from '../report/input.ts';
import { buildReport } from '../report/model.ts';
import type { LabelledFinding } from './facts.ts';

export interface ClaimsInput {
  readonly comparison: Comparison;
  readonly report: ReportInput;
  readonly tables: KeptTables;
  readonly findings: readonly LabelledFinding[];
  readonly servers: readonly string[];
  readonly cohortOf: (address: string) => string;
}

/** The verdict first, then every finding. */
export function planClaims({
  comparison,
  report,
  tables,
  findings,
  servers,
  cohortOf,
}: ClaimsInput): Claim[] {
  const row = buildReport(report).headlineRow;
  const verdict = planVerdict({
    text: comparison.headline,
    baseline: tables.set('baseline'),
    evening: tables.set('evening'),
    isServer: (address) => servers.includes(address),
    isMeant: (client) => row === null || row.cohort === 'all' || cohortOf(client) === row.cohort,
    toward: comparison.vantage === 'client' ? 'server' : 'client',
  });
  return [verdict, ...findings.map((finding) => planFinding(tables.set(finding.label), finding))];
}
