/**
 * The whole case: case.yaml → an annex. The server-side captures of both periods carry the comparison (the client-side
 * ones do where there are none); where both ends were captured they are paired, which gives it direction. Every other
 * capture is read, checked and listed. Then everything is packed and signed.
 */

import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { analyze, type AnalyzeOptions } from './analyze.ts';
import type { EvidenceEntry, EvidenceFile } from './annex/evidence-log.ts';
import { KeptTables } from './annex/kept-tables.ts';
import { writeAnnex, type AnnexResult } from './annex/package.ts';
import { planPrivacy, type Privacy, type Tier } from './annex/privacy.ts';
import { analysisJson } from './assembly/analysis-json.ts';
import { planClaims } from './assembly/claims.ts';
import { caseCohorts, type CohortOf } from './assembly/cohorts.ts';
import * as ends from './assembly/ends.ts';
import * as facts from './assembly/facts.ts';
import { seriesOf } from './assembly/series.ts';
import * as sets from './assembly/sets.ts';
import { readTraces, traceAddresses } from './assembly/traces.ts';
import { readCase, type Case } from './case/read-case.ts';
import { CASE_LOG } from './casebook/folder.ts';
import type { Comparison } from './comparison/types.ts';
import { diff, type DiffResult } from './diff.ts';
import { engineManifest, packageVersion } from './engine/load.ts';
import { buildExtracts } from './extracts/build.ts';
import { exampleFlows } from './extracts/examples.ts';
import { pair } from './pair.ts';
import type { Pairing } from './pairing/types.ts';
import { omit } from './redaction/case-view.ts';
import { planEndsFigures } from './report/figures/pair-plan.ts';
import type { CaptureFacts, ReportInput, TraceFacts } from './report/input.ts';
import { qualityFacts } from './report/quality.ts';
import { sortedFlows } from './tables/flows.ts';

export interface RunCaseOptions {
  readonly out: string;
  readonly keyPath: string;
  /** `public` (default): names become pseudonyms, free text is withheld. `restricted`: everything as it is. */
  readonly tier?: Tier;
  /** Key of the pseudonyms; made there on first use. Default: redaction.key beside the case file. */
  readonly redactionKeyPath?: string;
  /** Takes an offset from TCP timestamps, which could tell hosts apart by their clocks. */
  readonly rebaseTimestamps?: boolean;
  /** Also as one file `<out>.zip`. */
  readonly zip?: boolean;
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

/** @throws InputError for a case or capture that cannot be used, UsageError for a target that may not be replaced. */
export async function runCase(casePath: string, options: RunCaseOptions): Promise<CaseResult> {
  const work = await openWork(casePath, options);
  const measured = await measure(work);
  const privacy = await planPrivacyOf(work, measured);
  const report = describe(work, measured, privacy);
  return { comparison: measured.comparison, annex: await pack(work, measured, privacy, report) };
}

/** What every step needs: the case, how captures are read, and where tables and evidence go. */
interface Work {
  readonly given: Case;
  readonly options: RunCaseOptions;
  readonly tier: Tier;
  readonly version: string;
  readonly actor: string;
  readonly tables: KeptTables;
  readonly cohortOf: CohortOf | null;
  readonly evidence: EvidenceEntry[];
  readonly reading: Pick<AnalyzeOptions, 'workers' | 'segmentBytes' | 'onProgress'> & {
    readonly nameOf: (path: string) => string;
  };
  readonly log: (action: string, argv: readonly string[], inputs: readonly EvidenceFile[]) => void;
}

async function openWork(casePath: string, options: RunCaseOptions): Promise<Work> {
  const given = await readCase(casePath);
  const version = packageVersion();
  const actor = `lagdiff ${version} (core sha256:${engineManifest().wasm_sha256})`;
  const evidence: EvidenceEntry[] = [];
  const log: Work['log'] = (action, argv, inputs) => {
    evidence.push({ utc: options.now(), actor, action, argv, inputs, outputs: [] });
  };
  const caseLog = join(given.folder, CASE_LOG);
  if (existsSync(caseLog)) log('case log', [], [{ path: CASE_LOG, sha256: sets.sha256File(caseLog) }]);
  const names = new Map(given.captures.map((capture) => [capture.path, capture.given]));
  return {
    given,
    options,
    tier: options.tier ?? 'public',
    version,
    actor,
    tables: new KeptTables(),
    cohortOf: caseCohorts(given),
    evidence,
    reading: {
      nameOf: (path) => names.get(path) ?? relative(given.folder, path),
      ...(options.workers === undefined ? {} : { workers: options.workers }),
      ...(options.segmentBytes === undefined ? {} : { segmentBytes: options.segmentBytes }),
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    },
    log,
  };
}

interface Measured {
  readonly end: ends.End;
  readonly paired: Readonly<Record<ends.Period, Pairing>> | null;
  readonly compared: DiffResult;
  readonly comparison: Comparison;
  readonly captures: readonly CaptureFacts[];
  readonly findings: readonly facts.LabelledFinding[];
  readonly traces: readonly TraceFacts[];
}

/** Pairs the ends, compares the periods, reads whatever is left. */
async function measure({ given, tables, cohortOf, reading, log }: Work): Promise<Measured> {
  const { document } = given;
  const end = ends.hasBoth(given, 'server') ? 'server' : 'client';
  const pairOf = (period: ends.Period): Promise<Pairing> =>
    pair(ends.endPaths(given, period, 'client'), ends.endPaths(given, period, 'server'), {
      ...reading,
      bounds: ends.clockBounds(given, period),
    });
  const paired =
    ends.hasBoth(given, 'server') && ends.hasBoth(given, 'client')
      ? { baseline: await pairOf('baseline'), evening: await pairOf('evening') }
      : null;
  const usable = paired !== null && ends.isPaired(paired.baseline) && ends.isPaired(paired.evening);
  const compared = await diff(ends.endPaths(given, 'baseline', end), ends.endPaths(given, 'evening', end), {
    ...reading,
    profile: document.profile,
    seed: document.seed,
    servers: document.servers.map(({ address }) => address),
    ...(document.replicates === undefined ? {} : { replicates: document.replicates }),
    ...(cohortOf === null ? {} : { cohortOf }),
    vantage: end,
    ...(usable ? { pairs: { baseline: paired.baseline.document, evening: paired.evening.document } } : {}),
    onBatch: (period, batch) => tables.keep(period, batch),
  });
  log(
    'compare',
    ['diff', '--profile', document.profile, '--seed', String(document.seed)],
    [...facts.evidenceOf(compared.baseline), ...facts.evidenceOf(compared.evening)],
  );
  const captures = [
    ...facts.captureFacts(given, compared.baseline, 'baseline', end),
    ...facts.captureFacts(given, compared.evening, 'evening', end),
  ];
  const findings = [
    ...facts.findingFacts(compared.baseline, 'baseline'),
    ...facts.findingFacts(compared.evening, 'evening'),
  ];
  if (paired !== null)
    for (const period of ['baseline', 'evening'] as const)
      log('pair', ['pair', ...ends.endArguments(given, period)], ends.evidenceOf(paired[period]));
  const labelOf = sets.labels(given, end);
  for (const capture of given.captures.filter((other) => other.end !== end)) {
    const label = labelOf(capture);
    const analysis = await analyze([capture.path], { ...reading, label, hash: true });
    log('analyze', ['analyze', capture.given], facts.evidenceOf(analysis));
    tables.keep(label, sortedFlows(analysis.flows));
    captures.push(...facts.captureFacts(given, analysis, capture.period, capture.end));
    findings.push(...facts.findingFacts(analysis, label));
  }
  const limitations = [
    ...compared.comparison.limitations,
    ...ends.limitations(given, end, paired !== null),
    ...tables.leftOut(),
  ];
  const comparison = { ...compared.comparison, limitations };
  return { end, paired, compared, comparison, captures, findings, traces: await readTraces(given) };
}

async function planPrivacyOf(
  { given, options, tier, tables }: Work,
  { captures, comparison, traces }: Measured,
): Promise<Privacy> {
  return planPrivacy({
    tier,
    given,
    caseName: relative(given.folder, given.file),
    signingKeyPath: options.keyPath,
    redactionKeyPath: options.redactionKeyPath ?? null,
    addresses: [...tables.addresses(), ...traces.flatMap(({ trace }) => traceAddresses(trace))],
    captures,
    shown: comparison.comparisons.map(({ cohort }) => cohort),
  });
}

/** What the report says, as this tier may say it. */
function describe(work: Work, measured: Measured, privacy: Privacy): ReportInput {
  const { given, tier, tables, version } = work;
  const { compared, comparison, paired } = measured;
  const isServer = (address: string): boolean =>
    given.document.servers.some((server) => server.address === address);
  const cohortOf = work.cohortOf ?? (() => 'all');
  return {
    ...privacy.redact({
      comparison,
      findings: measured.findings.map((finding) => omit(finding, 'flow_ids', 'label')),
      captures: facts.withClocks(given, privacy.document, measured.captures),
      headline: comparison.headline_row,
      quality: [
        ...qualityFacts('baseline', compared.baseline.quality),
        ...qualityFacts('evening', compared.evening.quality),
      ],
      // A router that is known by a name only shows no address: names stay out of the annex.
      traces: measured.traces.map((trace, index) => ({ ...trace, name: `trace-${index + 1}` })),
      examples: exampleFlows(tables.set('evening').flows, comparison, { isServer, cohortOf }),
      localisation: compared.localisation,
      ...(paired === null
        ? {}
        : {
            ends: [
              ends.endsFacts('baseline', paired.baseline.document),
              ends.endsFacts('evening', paired.evening.document),
            ],
          }),
      ...seriesOf(tables, {
        isServer,
        cohortOf,
        toward: comparison.vantage === 'client' ? 'server' : 'client',
      }),
    }),
    endsFigures: paired === null ? [] : planEndsFigures(paired.evening),
    version,
    // Rewritten already: a pseudonym of a pseudonym would match nothing.
    case: privacy.document,
    threshold: facts.thresholdOf(given),
    tier,
  };
}

async function pack(
  work: Work,
  { end, comparison, captures, findings }: Measured,
  privacy: Privacy,
  report: ReportInput,
): Promise<AnnexResult> {
  const { given, options, tier, tables, version, actor, evidence, reading } = work;
  const extracts = await buildExtracts({
    claims: planClaims({
      comparison,
      report,
      tables,
      findings,
      servers: given.document.servers.map(({ address }) => address),
      cohortOf: work.cohortOf ?? (() => 'all'),
    }),
    captures: sets.captureFiles(given, captures, tables, sets.labels(given, end), reading.nameOf),
    pseudonyms: privacy.pseudonyms,
    onName: privacy.metInPacket,
    rebaseTimestamps: options.rebaseTimestamps ?? false,
    version,
  });
  const inputs = sets.inputFiles(given, captures);
  const rebase = options.rebaseTimestamps ? ['--rebase-timestamps'] : [];
  const argv = ['run', relative(given.folder, given.file), '--tier', tier, ...rebase];
  return writeAnnex({
    dir: options.out,
    keyPath: options.keyPath,
    wasmSha256: engineManifest().wasm_sha256,
    zip: options.zip ?? false,
    report: { ...report, extracts: extracts.map(({ entry }) => entry) },
    analysis: analysisJson(report),
    tables: tables.parquet(privacy.pseudonyms),
    extracts,
    evidence: privacy.redact(evidence),
    packaging: privacy.redact({ utc: options.now(), actor, argv }),
    reproduce: privacy.redact({ argv, inputs, findByHash: tier === 'public' }),
    ...(privacy.inspect ? { inspect: privacy.inspect } : {}),
  });
}
