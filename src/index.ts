/** The front door: what the command line and other programs may call. */

export { analyze, type Analysis, type AnalyzeOptions, type CaptureSummary } from './analyze.ts';
export { exportTable, EXPORT_FORMATS, type ExportFormat, type ExportOptions } from './export.ts';
export { timelineText, type Timeline } from './timeline/timeline.ts';
export { makePlan, planText, type Plan } from './planning/plan.ts';
export { closeCase, closeText, type CloseResult } from './planning/close.ts';
export {
  diff,
  readComparison,
  readChangeLog,
  readCohorts,
  timeline,
  type DiffOptions,
  type DiffResult,
} from './diff.ts';
export { parseWindow, type DailyWindow } from './calendar/window.ts';
export { runCase, type RunCaseOptions, type CaseResult } from './case.ts';
export { verifyAnnex } from './annex/verify.ts';
export { findingsOf } from './findings/catalog.ts';
export type { Finding } from './findings/types.ts';
export { analysisDocument } from './report/analysis-document.ts';
export { renderAnalysis } from './report/analysis-terminal.ts';
export { renderTerminal } from './report/terminal.ts';
export { sortedFlows } from './tables/flows.ts';
export { Batch } from './tables/batch.ts';
export { TABLE_NAMES, type TableName } from './tables/names.ts';
export { EngineError, InputError, LagdiffError, UsageError, type ErrorFacts } from './errors.ts';
export { packageVersion } from './engine/load.ts';
export { PROFILE_NAMES, type ProfileName } from './comparison/profiles.ts';
export type { Comparison, ComparisonRow, Verdict } from './comparison/types.ts';
