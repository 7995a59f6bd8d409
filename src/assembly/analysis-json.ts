/** analysis.json of an annex. */

import { indentedJson, type Json } from '../annex/json.ts';
import { engineManifest } from '../engine/load.ts';
import type { ReportInput } from '../report/input.ts';

export function analysisJson(report: ReportInput): string {
  const document: Json = JSON.parse(
    JSON.stringify({
      schema: 'lagdiff/case@1',
      version: report.version,
      core: engineManifest(),
      tier: report.tier,
      case: report.case,
      captures: report.captures,
      quality: report.quality,
      findings: report.findings,
      traces: report.traces,
      examples: report.examples,
      ends: report.ends,
      localisation: report.localisation,
      comparison: report.comparison,
    }),
  ) as Json;
  return indentedJson(document);
}
