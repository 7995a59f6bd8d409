/**
 * The front door: what the command line and other programs may call.
 *
 * Stories that bring heavy companions (figures, Parquet, schemas) are loaded when they are called: `analyze` of a small
 * capture must not wait for a library that draws.
 */

import type { VerifyOptions, AnnexCheck } from './annex/verify.ts';
import type * as Casebook from './casebook/front.ts';
import type { CaseResult, RunCaseOptions } from './case.ts';
import type { DiffOptions, DiffResult, NarrowResult } from './diff.ts';
import type { ExportOptions } from './export.ts';
import type { LoggedChange } from './timeline/change-log.ts';
import type { Timeline } from './timeline/timeline.ts';
import type { Comparison } from './comparison/types.ts';
import type { Analysis } from './analyze.ts';
import type { PairOptions } from './pair.ts';
import type { Pairing } from './pairing/types.ts';
import type { Figure } from './report/figures/frame.ts';

export { analyze, type Analysis, type AnalyzeOptions, type CaptureSummary } from './analyze.ts';
export { catalogue, explain, explanationText, type Explanation } from './explain.ts';
export { EXPORT_FORMATS, isSpecial, type ExportFormat } from './tables/formats.ts';
export { makePlan, planText, type Plan } from './planning/plan.ts';
export { closeCase, closeText, type CloseResult } from './planning/close.ts';
export type { Narrowing } from './narrowing/narrow.ts';
export { narrowingText } from './narrowing/text.ts';
export { timelineText, type Timeline } from './timeline/timeline.ts';
export { parseWindow, type DailyWindow } from './calendar/window.ts';
export { captureInfo, type CaptureInfo, type Info, type InfoOptions } from './info.ts';
export { renderPair } from './report/pair-terminal.ts';
export type { ClockBound, PairDocument, Pairing, PairSeries } from './pairing/types.ts';
export type { PairOptions } from './pair.ts';
export type { Figure } from './report/figures/frame.ts';
export { renderInfo } from './report/info-terminal.ts';
export { findingsOf } from './findings/catalog.ts';
export type { Finding } from './findings/types.ts';
export { analysisDocument } from './report/analysis-document.ts';
export { renderAnalysis } from './report/analysis-terminal.ts';
export { Glance } from './report/glance.ts';
export { qualityFacts } from './report/quality.ts';
export { renderTerminal } from './report/terminal.ts';
export { sortedFlows } from './tables/flows.ts';
export { Batch } from './tables/batch.ts';
export { TABLE_NAMES, type TableName } from './tables/names.ts';
export { EngineError, InputError, LagdiffError, UsageError, type ErrorFacts } from './errors.ts';
export { COMPATS, type Compat } from './engine/flow.ts';
export { removePartials } from './partial.ts';
export { packageVersion } from './engine/load.ts';
export { PROFILE_NAMES, type ProfileName } from './comparison/profiles.ts';
export type { Comparison, ComparisonRow, Verdict } from './comparison/types.ts';
export type {
  AnnexCheck,
  CaseResult,
  DiffOptions,
  DiffResult,
  NarrowResult,
  ExportOptions,
  RunCaseOptions,
  VerifyOptions,
};

/** One table of a capture set, written out; see src/export.ts. */
export async function exportTable(inputs: readonly string[], options: ExportOptions): Promise<Analysis> {
  return (await import('./export.ts')).exportTable(inputs, options);
}

/** Two periods → did it get worse, for whom, by how much; see src/diff.ts. */
export async function diff(
  baseline: readonly string[],
  evening: readonly string[],
  options?: DiffOptions,
): Promise<DiffResult> {
  return (await import('./diff.ts')).diff(baseline, evening, options);
}

/** Both ends of one path; see src/pair.ts. */
export async function pair(
  client: readonly string[],
  server: readonly string[],
  options?: PairOptions,
): Promise<Pairing> {
  return (await import('./pair.ts')).pair(client, server, options);
}

/** Two or more places on one path, from the client on; see src/pair.ts. */
export async function pairChain(
  points: readonly (readonly string[])[],
  options?: PairOptions,
): Promise<Pairing> {
  return (await import('./pair.ts')).pairChain(points, options);
}

/** Figures of a pairing, each an SVG with its CSV; drawn on demand, because the drawing code is large. */
export async function pairFigures(pairing: Pairing): Promise<readonly Figure[]> {
  return (await import('./report/figures/pair-plan.ts')).planPairFigures(pairing);
}

/** From the whole capture to the window, cohort and flows that show the effect; see src/diff.ts. */
export async function narrow(
  baseline: readonly string[],
  evening: readonly string[],
  options?: DiffOptions,
): Promise<NarrowResult> {
  return (await import('./diff.ts')).narrow(baseline, evening, options);
}

/** Reads what `pair --format json` wrote, for `DiffOptions.pairs`; see src/diff.ts. @throws InputError. */
export async function readPairing(path: string): Promise<NonNullable<DiffOptions['pairs']>['evening']> {
  return (await import('./diff.ts')).readPairing(path);
}

/** Reads a file of players (CSV address,port,player); see src/diff.ts. */
export async function readPlayers(
  path: string,
): Promise<(address: string, port: number | null) => string | null> {
  return (await import('./diff.ts')).readPlayers(path);
}

/** Reads a cohort file (CSV, YAML or MaxMind DB) into a classifier; see src/diff.ts. */
export async function readCohorts(path: string): Promise<(address: string) => string> {
  return (await import('./diff.ts')).readCohorts(path);
}

/** One period minute by minute; see src/diff.ts. */
export async function timeline(
  inputs: readonly string[],
  options?: DiffOptions & { readonly changes?: readonly LoggedChange[] },
): Promise<Timeline> {
  return (await import('./diff.ts')).timeline(inputs, options);
}

/** Reads a change log (CSV, JSON or git log); see src/diff.ts. */
export async function readChangeLog(path: string): Promise<readonly LoggedChange[]> {
  return (await import('./diff.ts')).readChangeLog(path);
}

/** Reads what `diff --format json` wrote; see src/diff.ts. */
export async function readComparison(path: string): Promise<Comparison> {
  return (await import('./diff.ts')).readComparison(path);
}

/** The whole case: case.yaml → an annex; see src/case.ts. */
export async function runCase(casePath: string, options: RunCaseOptions): Promise<CaseResult> {
  return (await import('./case.ts')).runCase(casePath, options);
}

/** What a receiver runs; see src/annex/verify.ts. */
export async function verifyAnnex(path: string, options?: VerifyOptions): Promise<AnnexCheck> {
  return (await import('./annex/verify.ts')).verifyAnnex(path, options);
}

/** Documents that have a JSON Schema; see src/schemas/catalog.ts. */
export const SCHEMA_NAMES = [
  'case',
  'analyze',
  'annex',
  'diff',
  'extracts',
  'manifest',
  'pair',
  'verify',
] as const;

/** The JSON Schema of a document by its name, null for a name that is none; see src/schemas/catalog.ts. */
export async function jsonSchema(name: string): Promise<Record<string, unknown> | null> {
  return (await import('./schemas/catalog.ts')).jsonSchema(name);
}

/** Opens a case: answers → a folder with case.yaml and its log; see src/casebook/. */
export type { Answers, Question } from './casebook/intake.ts';
export { caseFolderOf, isCaseFolder } from './casebook/folder.ts';
export async function casebook(): Promise<typeof Casebook> {
  return import('./casebook/front.ts');
}
