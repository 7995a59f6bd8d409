/** Which figures a report has, in the order in which they are shown. */
import { METRIC_ORDER } from '../words.ts';
import type { ReportModel } from '../model.ts';
import { controlsFigure } from './controls.ts';
import { daysFigure } from './days.ts';
import { ecdfFigure } from './ecdf.ts';
import { forestFigure } from './forest.ts';
import type { Figure } from './frame.ts';
import { lossFigure } from './loss.ts';
import { rasterFigure } from './raster.ts';
import { shiftFigure } from './shift.ts';
import { timelineFigure } from './timeline.ts';

/** Distributions are drawn for the cohorts that matter; every cohort is in the forests and the tables. */
const MAX_DISTRIBUTIONS = 4;
const SUMMARY_COHORTS = 5;

export function planFigures(model: ReportModel): Figure[] {
  const { comparison, rows, headlineRow } = model;
  const order = [...new Set(rows.map((row) => row.cohort))];
  const cohorts = [...new Set([...(headlineRow ? [headlineRow.cohort] : []), ...order])].slice(
    0,
    MAX_DISTRIBUTIONS,
  );
  const metrics = [...new Set([...(headlineRow ? [headlineRow.metric] : []), ...METRIC_ORDER])];
  const [first, ...others] = metrics.map((metric) => forestFigure(metric, rows));
  return [
    first ?? null,
    // Beside the headline, what the method says where nothing differs.
    controlsFigure(comparison),
    daysFigure(comparison),
    timelineFigure(comparison, model.timezone, order),
    rasterFigure(model),
    lossFigure(model),
    ...(model.input.endsFigures ?? []),
    ...cohorts.flatMap((cohort) => [
      ecdfFigure(comparison, cohort, model.input.threshold),
      shiftFigure(comparison, cohort),
    ]),
    ...others,
  ].filter((figure) => figure !== null);
}

/** The two pictures of the one-page summary: the headline cohort's distribution, and the first five cohorts. */
export function planSummaryFigures(model: ReportModel): { ecdf: Figure | null; forest: Figure | null } {
  const { comparison, rows, headlineRow, input } = model;
  const metric = headlineRow?.metric ?? 'rtt_p50_ns';
  const ofMetric = rows.filter((row) => row.metric === metric);
  return {
    ecdf: ecdfFigure(comparison, headlineRow?.cohort ?? 'all', input.threshold, {
      id: 'summary-ecdf',
      short: true,
    }),
    forest: forestFigure(metric, ofMetric.slice(0, SUMMARY_COHORTS), {
      id: 'summary-forest',
      left: Math.max(0, ofMetric.length - SUMMARY_COHORTS),
    }),
  };
}
