/**
 * The whole case: case.yaml → an annex. The server-side captures of both periods carry the comparison (the client-side
 * ones do where there are none); every other capture is read, checked and listed. Then everything is packed and signed.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { analyze, type Analysis, type AnalyzeOptions } from './analyze.ts';
import type { EvidenceEntry, EvidenceFile } from './annex/evidence-log.ts';
import { indentedJson, type Json } from './annex/json.ts';
import { writeAnnex, type AnnexResult, type AnnexTable } from './annex/package.ts';
import { readCase, type Case } from './case/read-case.ts';
import type { CaseCapture } from './case/check.ts';
import { createCohortMap } from './cohorts/classify.ts';
import { parsePrefix } from './cohorts/prefix.ts';
import { PROFILES } from './comparison/profiles.ts';
import type { Comparison } from './comparison/types.ts';
import { diff, readCohorts, type DiffResult } from './diff.ts';
import { engineManifest, packageVersion } from './engine/load.ts';
import type { TableName } from './engine/abi.generated.ts';
import { EngineError } from './errors.ts';
import { findingsOf } from './findings/catalog.ts';
import type { CaptureFacts, FindingFacts, ReportInput } from './report/input.ts';
import { arrowBatch, arrowSchema } from './tables/arrow.ts';
import type { Batch } from './tables/batch.ts';
import { sortedFlows } from './tables/flows.ts';
import { parquetBytes } from './tables/parquet.ts';

/** Rows of one table that an annex holds; larger tables stay out, and the report says so. */
const MAX_TABLE_ROWS = 4_000_000;
const KEPT: readonly TableName[] = ['flows', 'rtt', 'bins'];

export interface RunCaseOptions {
  readonly out: string;
  readonly keyPath: string;
  /** RFC 3339 UTC; asked for each line of the evidence log. */
  readonly now: () => string;
  readonly workers?: number;
  readonly segmentBytes?: number;
  readonly onProgress?: NonNullable<AnalyzeOptions['onProgress']>;
}

export interface CaseResult {
  readonly comparison: Comparison;
  readonly annex: AnnexResult;
}

type Period = CaseCapture['period'];

/** @throws InputError for a case or capture that cannot be used, UsageError for a target that may not be replaced. */
export async function runCase(casePath: string, options: RunCaseOptions): Promise<CaseResult> {
  const given = await readCase(casePath);
  const version = packageVersion();
  const actor = `lagdiff ${version} (core sha256:${engineManifest().wasm_sha256})`;
  const evidence: EvidenceEntry[] = [];
  const log = (action: string, argv: readonly string[], inputs: readonly EvidenceFile[]): void => {
    evidence.push({ utc: options.now(), actor, action, argv, inputs, outputs: [] });
  };
  const tables = new KeptTables();
  const names = new Map(given.captures.map((capture) => [capture.path, capture.given]));
  const nameOf = (path: string): string => names.get(path) ?? relative(given.folder, path);
  const reading = {
    nameOf,
    ...(options.workers === undefined ? {} : { workers: options.workers }),
    ...(options.segmentBytes === undefined ? {} : { segmentBytes: options.segmentBytes }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  };

  const end = hasBoth(given, 'server') ? 'server' : 'client';
  const pathsOf = (period: Period): string[] =>
    given.captures
      .filter((capture) => capture.period === period && capture.end === end)
      .map(({ path }) => path);
  const { document } = given;
  const compared: DiffResult = await diff(pathsOf('baseline'), pathsOf('evening'), {
    ...reading,
    profile: document.profile,
    seed: document.seed,
    servers: document.servers.map(({ address }) => address),
    ...(document.replicates === undefined ? {} : { replicates: document.replicates }),
    ...cohortsOf(given),
    vantage: end,
    onBatch: (period, batch) => tables.keep(period, batch),
  });
  log(
    'compare',
    ['diff', '--profile', document.profile, '--seed', String(document.seed)],
    [...evidenceOf(compared.baseline), ...evidenceOf(compared.evening)],
  );

  const facts = [
    ...captureFacts(given, compared.baseline, 'baseline', end),
    ...captureFacts(given, compared.evening, 'evening', end),
  ];
  const findings = [
    ...findingFacts(compared.baseline, 'baseline'),
    ...findingFacts(compared.evening, 'evening'),
  ];
  for (const capture of given.captures.filter((other) => other.end !== end)) {
    const label = `${capture.period}-${capture.end}`;
    const analysis = await analyze([capture.path], { ...reading, label, hash: true });
    log('analyze', ['analyze', capture.given], evidenceOf(analysis));
    tables.keep(label, sortedFlows(analysis.flows));
    facts.push(...captureFacts(given, analysis, capture.period, capture.end));
    findings.push(...findingFacts(analysis, label));
  }

  const comparison: Comparison = {
    ...compared.comparison,
    limitations: [
      ...compared.comparison.limitations,
      ...(end === 'server' && given.captures.some((capture) => capture.end === 'client')
        ? [
            'Client-side captures were read, checked and listed; pairing both ends is not part of this version, so they take no part in the verdict.',
          ]
        : []),
      ...tables.leftOut(),
    ],
  };
  const report: ReportInput = {
    comparison,
    version,
    case: document,
    captures: facts,
    findings,
    threshold: thresholdOf(given),
    headline: comparison.headline_row,
  };
  const inputs = inputFiles(given, facts);
  const annex = await writeAnnex({
    dir: options.out,
    keyPath: options.keyPath,
    report,
    analysis: analysisText(given, report),
    tables: tables.parquet(),
    evidence,
    packaging: { utc: options.now(), actor, argv: ['run', relative(given.folder, given.file)] },
    reproduce: { argv: ['run', relative(given.folder, given.file)], inputs },
  });
  return { comparison, annex };
}

function hasBoth(given: Case, end: CaseCapture['end']): boolean {
  return (['baseline', 'evening'] as const).every((period) =>
    given.captures.some((capture) => capture.period === period && capture.end === end),
  );
}

function cohortsOf({ cohorts }: Case): { cohortOf?: (address: string) => string } {
  if (cohorts === null) return {};
  if (cohorts.kind === 'file') return { cohortOf: readCohorts(cohorts.path) };
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
  return { cohortOf: (address) => map.classify(address) };
}

function evidenceOf(analysis: Analysis): EvidenceFile[] {
  return analysis.captures.map(({ path, sha256 }) => ({ path, sha256: sha256 ?? '' }));
}

function captureFacts(
  given: Case,
  analysis: Analysis,
  period: Period,
  end: CaseCapture['end'],
): CaptureFacts[] {
  return analysis.captures.map((capture) => {
    const clock = given.captures.find((entry) => entry.given === capture.path)?.clock ?? null;
    const bound = clock?.bound_ms == null ? '' : `, claimed within ${clock.bound_ms} ms of UTC`;
    return {
      path: capture.path,
      sha256: capture.sha256 ?? '',
      format: capture.format,
      period,
      end,
      records: capture.records,
      decoded: capture.decoded,
      diagnosed: capture.diagnosed,
      first: capture.first,
      last: capture.last,
      clock: clock === null ? null : `${clock.source}${bound}`,
    };
  });
}

function findingFacts(analysis: Analysis, label: string): FindingFacts[] {
  return findingsOf(sortedFlows(analysis.flows)).map((finding) => ({
    ...finding,
    claim: `${label}: ${finding.claim}`,
  }));
}

function thresholdOf({ document }: Case): ReportInput['threshold'] {
  if (document.slo !== undefined)
    return { rtt_ns: document.slo.rtt_ms * 1e6, label: `SLO of the case: ${document.slo.rtt_ms} ms` };
  const { rttDegradedNs } = PROFILES[document.profile];
  return {
    rtt_ns: rttDegradedNs.value,
    label: `profile ${document.profile}: ${rttDegradedNs.value / 1e6} ms`,
  };
}

/** Everything that decides the answer, with its hash: what reproduce.sh checks first. */
function inputFiles(given: Case, facts: readonly CaptureFacts[]): EvidenceFile[] {
  const cohorts =
    given.cohorts?.kind === 'file'
      ? [{ path: given.cohorts.given, sha256: sha256File(given.cohorts.path) }]
      : [];
  return [
    { path: relative(given.folder, given.file), sha256: given.sha256 },
    ...cohorts,
    ...facts.map(({ path, sha256 }) => ({ path, sha256 })),
  ];
}

function sha256File(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function analysisText(given: Case, report: ReportInput): string {
  const { document } = given;
  const document_: Json = JSON.parse(
    JSON.stringify({
      schema: 'lagdiff/case@1',
      version: report.version,
      core: engineManifest(),
      case: document,
      captures: report.captures,
      findings: report.findings,
      comparison: report.comparison,
    }),
  ) as Json;
  return indentedJson(document_);
}

/** Table pieces on their way into the annex; a table that grows past the limit is let go, and that is said. */
class KeptTables {
  readonly #batches = new Map<TableName, { readonly label: string; readonly batch: Batch }[]>();
  readonly #rows = new Map<TableName, number>();

  keep(label: string, batch: Batch): void {
    if (!KEPT.includes(batch.table)) return;
    const rows = (this.#rows.get(batch.table) ?? 0) + batch.rows;
    this.#rows.set(batch.table, rows);
    if (rows > MAX_TABLE_ROWS) {
      this.#batches.delete(batch.table);
      return;
    }
    const list = this.#batches.get(batch.table) ?? [];
    list.push({ label, batch });
    this.#batches.set(batch.table, list);
  }

  parquet(): AnnexTable[] {
    return [...this.#batches].map(([name, pieces]) => ({
      name,
      parquet: parquetBytes({
        schema: arrowSchema(name),
        batches: pieces.map(({ label, batch }) => arrowBatch(batch, label)),
      }),
    }));
  }

  leftOut(): string[] {
    return [...this.#rows]
      .filter(([, rows]) => rows > MAX_TABLE_ROWS)
      .map(
        ([name, rows]) =>
          `Table ${name} has ${rows} rows and was left out of the annex; lagdiff export writes it.`,
      );
  }
}
