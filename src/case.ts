/**
 * The whole case: case.yaml → an annex. The server-side captures of both periods carry the comparison (the client-side
 * ones do where there are none); where both ends were captured they are paired, which gives it direction. Every other
 * capture is read, checked and listed. Then everything is packed and signed.
 */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { analyze, type Analysis, type AnalyzeOptions } from './analyze.ts';
import type { EvidenceEntry, EvidenceFile } from './annex/evidence-log.ts';
import { indentedJson, type Json } from './annex/json.ts';
import { KeptTables } from './annex/kept-tables.ts';
import { writeAnnex, type AnnexResult } from './annex/package.ts';
import { planPrivacy, type Tier } from './annex/privacy.ts';
import { CASE_LOG } from './casebook/folder.ts';
import { readCase, type Case } from './case/read-case.ts';
import type { CaseCapture } from './case/check.ts';
import { parseTrace, readTrace, type Trace } from './case/trace.ts';
import { createCohortMap } from './cohorts/classify.ts';
import { parsePrefix } from './cohorts/prefix.ts';
import { PROFILES } from './comparison/profiles.ts';
import type { Comparison } from './comparison/types.ts';
import { diff, readCohorts, type DiffResult } from './diff.ts';
import { engineManifest, packageVersion } from './engine/load.ts';
import { EngineError, InputError } from './errors.ts';
import { buildExtracts, type CaptureFiles } from './extracts/build.ts';
import { exampleFlows } from './extracts/examples.ts';
import { lossOf, rasterOf } from './extracts/raster.ts';
import { planFinding, planVerdict, type Claim } from './extracts/plan.ts';
import { findingsOf } from './findings/catalog.ts';
import { pair, type PairOptions } from './pair.ts';
import type { PairDocument, Pairing } from './pairing/types.ts';
import { planEndsFigures } from './report/figures/pair-plan.ts';
import type { CaptureFacts, EndsFacts, FindingFacts, ReportInput, TraceFacts } from './report/input.ts';
import { omit } from './redaction/case-view.ts';
import { parseAddress } from './redaction/pseudonyms.ts';
import { buildReport } from './report/model.ts';
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
  const caseLog = join(given.folder, CASE_LOG);
  if (existsSync(caseLog)) log('case log', [], [{ path: CASE_LOG, sha256: sha256File(caseLog) }]);
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
  const tier = options.tier ?? 'public';
  const hasBothEnds = hasBoth(given, 'server') && hasBoth(given, 'client');
  const paired = hasBothEnds
    ? {
        baseline: await pairEnds(given, 'baseline', reading),
        evening: await pairEnds(given, 'evening', reading),
      }
    : null;
  const compared: DiffResult = await diff(pathsOf('baseline'), pathsOf('evening'), {
    ...reading,
    profile: document.profile,
    seed: document.seed,
    servers: document.servers.map(({ address }) => address),
    ...(document.replicates === undefined ? {} : { replicates: document.replicates }),
    ...cohortsOf(given),
    vantage: end,
    ...(paired === null || !isPaired(paired.baseline) || !isPaired(paired.evening)
      ? {}
      : { pairs: { baseline: paired.baseline.document, evening: paired.evening.document } }),
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
  const labelOf = labels(given, end);
  if (paired !== null)
    for (const period of ['baseline', 'evening'] as const)
      log(
        'pair',
        ['pair', ...endArguments(given, period)],
        endCaptures(paired[period]).map(({ path, sha256 }) => ({
          path,
          sha256: sha256 ?? '',
        })),
      );
  for (const capture of given.captures.filter((other) => other.end !== end)) {
    const label = labelOf(capture);
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
      ...(paired === null
        ? end === 'server' && given.captures.some((capture) => capture.end === 'client')
          ? [
              'Client-side captures were read, checked and listed; they do not cover both periods, so they were not paired and take no part in the verdict.',
            ]
          : []
        : [
            'Direction rests on the clients that were captured at both ends; the others were seen from the server alone.',
          ]),
      ...tables.leftOut(),
    ],
  };
  const traces = await readTraces(given);
  const caseName = relative(given.folder, given.file);
  const privacy = await planPrivacy({
    tier,
    given,
    caseName,
    signingKeyPath: options.keyPath,
    redactionKeyPath: options.redactionKeyPath ?? null,
    addresses: [...tables.addresses(), ...traces.flatMap(({ trace }) => traceAddresses(trace))],
    captures: facts,
    shown: comparison.comparisons.map(({ cohort }) => cohort),
  });
  const report: ReportInput = {
    ...privacy.redact({
      comparison,
      findings: findings.map((finding) => omit(finding, 'flow_ids', 'label')),
      captures: withClocks(given, privacy.document, facts),
      headline: comparison.headline_row,
      quality: [
        ...qualityFacts('baseline', compared.baseline.quality),
        ...qualityFacts('evening', compared.evening.quality),
      ],
      // A router that is known by a name only shows no address: names stay out of the annex.
      traces: traces.map((trace, index) => ({ ...trace, name: `trace-${index + 1}` })),
      examples: exampleFlows(tables.set('evening').flows, comparison, {
        isServer: (address) => document.servers.some((server) => server.address === address),
        cohortOf: cohortsOf(given).cohortOf ?? (() => 'all'),
      }),
      localisation: compared.localisation,
      ...(paired === null
        ? {}
        : {
            ends: [
              endsFacts('baseline', paired.baseline.document),
              endsFacts('evening', paired.evening.document),
            ],
          }),
      ...seriesOf(tables, {
        isServer: (address) => document.servers.some((server) => server.address === address),
        cohortOf: cohortsOf(given).cohortOf ?? (() => 'all'),
        toward: comparison.vantage === 'client' ? 'server' : 'client',
      }),
    }),
    endsFigures: paired === null ? [] : planEndsFigures(paired.evening),
    version,
    // Rewritten already: a pseudonym of a pseudonym would match nothing.
    case: privacy.document,
    threshold: thresholdOf(given),
    tier,
  };
  const cohortOf = cohortsOf(given).cohortOf ?? (() => 'all');
  const extracts = await buildExtracts({
    claims: planClaims({
      comparison,
      report,
      tables,
      findings,
      servers: document.servers.map(({ address }) => address),
      cohortOf,
    }),
    captures: captureFiles(given, facts, tables, labelOf, nameOf),
    pseudonyms: privacy.pseudonyms,
    onName: privacy.metInPacket,
    rebaseTimestamps: options.rebaseTimestamps ?? false,
    version,
  });
  const inputs = inputFiles(given, facts);
  const argv = [
    'run',
    caseName,
    '--tier',
    tier,
    ...(options.rebaseTimestamps ? ['--rebase-timestamps'] : []),
  ];
  const annex = await writeAnnex({
    dir: options.out,
    keyPath: options.keyPath,
    wasmSha256: engineManifest().wasm_sha256,
    zip: options.zip ?? false,
    report: { ...report, extracts: extracts.map(({ entry }) => entry) },
    analysis: analysisText(report),
    tables: tables.parquet(privacy.pseudonyms),
    extracts,
    evidence: privacy.redact(evidence),
    packaging: privacy.redact({ utc: options.now(), actor, argv }),
    reproduce: privacy.redact({ argv, inputs, findByHash: tier === 'public' }),
    ...(privacy.inspect ? { inspect: privacy.inspect } : {}),
  });
  return { comparison, annex };
}

function hasBoth(given: Case, end: CaseCapture['end']): boolean {
  return (['baseline', 'evening'] as const).every((period) =>
    given.captures.some((capture) => capture.period === period && capture.end === end),
  );
}

function endPaths(given: Case, period: Period, end: 'client' | 'server'): CaseCapture[] {
  return given.captures.filter((capture) => capture.period === period && capture.end === end);
}

function endArguments(given: Case, period: Period): string[] {
  return (['client', 'server'] as const).flatMap((end) => [
    `--${end}`,
    ...endPaths(given, period, end).map((capture) => capture.given),
  ]);
}

/** Both ends of one period; how far the clocks are from UTC as far as the case says it for every capture of both. */
async function pairEnds(
  given: Case,
  period: Period,
  reading: Pick<PairOptions, 'workers' | 'segmentBytes' | 'nameOf' | 'onProgress'>,
): Promise<Pairing> {
  const sides = (['client', 'server'] as const).map((end) => ({
    end,
    captures: endPaths(given, period, end),
  }));
  const bounds = sides.flatMap(({ end, captures }) => {
    const promised = captures.map(({ clock }) => clock?.bound_ms ?? null);
    const largest = Math.max(...promised.map((bound) => bound ?? Infinity));
    const source = captures[0]?.clock?.source ?? 'case';
    return Number.isFinite(largest) ? [{ end, source, bound_ns: Math.round(largest * 1e6) }] : [];
  });
  const [client = [], server = []] = sides.map(({ captures }) => captures.map(({ path }) => path));
  return pair(client, server, { ...reading, bounds: bounds.length === 2 ? bounds : [] });
}

function isPaired({ document: { status } }: Pairing): boolean {
  return status !== 'unrelated';
}

function endCaptures({ document }: Pairing): PairDocument['client_captures'] {
  return [...document.client_captures, ...document.server_captures];
}

function endsFacts(period: Period, document: PairDocument): EndsFacts {
  const way = (figures: PairDocument['client_to_server']): EndsFacts['client_to_server'] => ({
    sent: figures.sent,
    matched: figures.matched,
    lost: figures.lost,
    capture_drops: figures.capture_drops,
    loss_ratio: figures.loss_ratio,
    queueing_p50_ns: figures.queueing_p50_ns,
    queueing_p95_ns: figures.queueing_p95_ns,
    queueing_p99_ns: figures.queueing_p99_ns,
    withheld: figures.withheld.map(({ metric }) => metric),
  });
  const { clock, blame } = document;
  return {
    period,
    status: document.status,
    flows: document.flows.length,
    match_ratio: document.match_ratio,
    rtt_min_ns: document.rtt_min_ns,
    offset_low_ns: clock.offset_low_ns,
    offset_high_ns: clock.offset_high_ns,
    skew_ppm: clock.skew_ppm,
    clock_steps: clock.steps.length,
    client_to_server: way(document.client_to_server),
    server_to_client: way(document.server_to_client),
    blame: { verdict: blame.verdict, sentence: blame.sentence },
  };
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

interface LabelledFinding extends FindingFacts {
  readonly label: string;
  readonly flow_ids: readonly number[];
}

function findingFacts(analysis: Analysis, label: string): LabelledFinding[] {
  return findingsOf(sortedFlows(analysis.flows)).map((finding) => ({
    ...finding,
    label,
    claim: `${label}: ${finding.claim}`,
  }));
}

/** What disciplined each capture's clock, in the words that this tier may show. */
function withClocks(given: Case, shown: Case['document'], facts: readonly CaptureFacts[]): CaptureFacts[] {
  return facts.map((fact) => {
    const index = given.captures.findIndex((entry) => entry.given === fact.path);
    const clock = shown.captures[index]?.clock;
    if (clock === undefined) return { ...fact, clock: null };
    const bound = clock.bound_ms === undefined ? '' : `, claimed within ${clock.bound_ms} ms of UTC`;
    return { ...fact, clock: `${clock.source}${bound}` };
  });
}

interface ClaimsInput {
  readonly comparison: Comparison;
  readonly report: ReportInput;
  readonly tables: KeptTables;
  readonly findings: readonly LabelledFinding[];
  readonly servers: readonly string[];
  readonly cohortOf: (address: string) => string;
}

/** The verdict first, then every finding. */
function planClaims({ comparison, report, tables, findings, servers, cohortOf }: ClaimsInput): Claim[] {
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

/** Table labels: the compared captures of a period are one set, every other capture is a set of its own. */
function labels(given: Case, end: CaseCapture['end']): (capture: CaseCapture) => string {
  return (capture) => {
    if (capture.end === end) return capture.period;
    const alike = given.captures.filter(
      (other) => other.period === capture.period && other.end === capture.end,
    );
    const number = alike.indexOf(capture) + 1;
    return `${capture.period}-${capture.end}${number > 1 ? `-${number}` : ''}`;
  };
}

/** Capture sets as extracts read them; labels are those of the tables. */
function captureFiles(
  given: Case,
  facts: readonly CaptureFacts[],
  tables: KeptTables,
  labelOf: (capture: CaseCapture) => string,
  nameOf: (path: string) => string,
): CaptureFiles[] {
  const describe = (path: string): { name: string; sha256: string } => {
    const name = nameOf(path);
    return { name, sha256: facts.find((fact) => fact.path === name)?.sha256 ?? '' };
  };
  const sets = new Map<string, CaptureFiles & { readonly paths: string[] }>();
  for (const capture of given.captures) {
    const label = labelOf(capture);
    const { flows } = tables.set(label);
    const set = sets.get(label) ?? {
      label,
      period: capture.period,
      end: capture.end,
      paths: [],
      flows,
      describe,
    };
    set.paths.push(capture.path);
    sets.set(label, set);
  }
  return [...sets.values()];
}

interface SeriesInput {
  readonly isServer: (address: string) => boolean;
  readonly cohortOf: (address: string) => string;
  readonly toward: 'client' | 'server';
}

const RASTER_CLIENTS_PER_COHORT = 20;

/** What the figures over time need of the kept tables, both periods. */
function seriesOf(
  tables: KeptTables,
  { isServer, cohortOf, toward }: SeriesInput,
): Required<Pick<ReportInput, 'raster' | 'rasterLeftOut' | 'lossTimeline'>> {
  const periods = ['baseline', 'evening'] as const;
  const clients = { isServer, isMeant: () => true, toward };
  const cells = periods.flatMap((period) =>
    rasterOf(tables.set(period), clients, cohortOf).map((cell) => ({ period, ...cell })),
  );
  // The first ones of every cohort: a picture holds few, and the tables hold all.
  const kept = new Set<string>();
  const perCohort = new Map<string, number>();
  for (const { client, cohort } of cells) {
    const count = perCohort.get(cohort) ?? 0;
    if (kept.has(client) || count >= RASTER_CLIENTS_PER_COHORT) continue;
    kept.add(client);
    perCohort.set(cohort, count + 1);
  }
  return {
    raster: cells.filter(({ client }) => kept.has(client)),
    rasterLeftOut: new Set(cells.map(({ client }) => client)).size - kept.size,
    lossTimeline: periods.flatMap((period) => {
      const { flows, bins } = tables.set(period);
      return lossOf(flows, bins, isServer).map((cell) => ({ period, ...cell }));
    }),
  };
}

async function readTraces(given: Case): Promise<TraceFacts[]> {
  const read = (given.document.traces ?? []).map(async ({ path, from, state, at }): Promise<TraceFacts> => {
    const full = resolve(given.folder, path);
    const text = await readFile(full, 'utf8').catch((cause: unknown) => {
      throw new InputError(
        {
          code: 'case/missing-file',
          message: `the trace ${path} cannot be read`,
          help: 'paths are relative to the case file',
          path: given.file,
        },
        { cause },
      );
    });
    const trace = parseTrace(text, path);
    return { name: path, from, state, at: at ?? null, trace, reading: readTrace(trace) };
  });
  return Promise.all(read);
}

function traceAddresses({ hops }: Trace): Uint8Array[] {
  return hops.flatMap(({ address }) => (address === null ? [] : (parseAddress(address) ?? [])));
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
    ...(given.document.traces ?? []).map(({ path }) => ({
      path,
      sha256: sha256File(resolve(given.folder, path)),
    })),
    ...facts.map(({ path, sha256 }) => ({ path, sha256 })),
  ];
}

function sha256File(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function analysisText(report: ReportInput): string {
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
