/** One line per paired day, from baseline to evening: what a claim about evenings rests on, day by day. */
import type { Comparison } from '../../comparison/types.ts';
import { NS_PER_MS } from '../../units.ts';
import { countOf } from '../format-value.ts';
import { cohortName, METRICS, VERDICTS } from '../words.ts';
import { cutText, plainText } from '../text.ts';
import { frameFigure, toCsv, type Figure } from './frame.ts';
import { COLORS, drawPlot, Plot } from './plot.ts';

const WIDTH = 640;
const HEIGHT = 300;

export function daysFigure(comparison: Comparison): Figure | null {
  const { days, headline_row: headline } = comparison;
  if (days.length === 0 || headline === null || METRICS[headline.metric].kind !== 'duration') return null;
  const points = days.flatMap(({ date, rows }) => {
    const row = rows.find(({ cohort, metric }) => cohort === headline.cohort && metric === headline.metric);
    if (row?.difference == null) return [];
    return [
      {
        date,
        ms: row.difference / NS_PER_MS,
        low: (row.ci95?.[0] ?? row.difference) / NS_PER_MS,
        high: (row.ci95?.[1] ?? row.difference) / NS_PER_MS,
        verdict: row.verdict,
      },
    ];
  });
  if (points.length === 0) return null;
  const row = comparison.comparisons.find(
    ({ cohort, metric }) => cohort === headline.cohort && metric === headline.metric,
  );
  const margin = (row?.margin ?? 0) / NS_PER_MS;
  const name = cutText(plainText(cohortName(headline.cohort).en), 40);
  return frameFigure({
    id: 'days',
    title: `${METRICS[headline.metric].short} of ${name}: evening less baseline, each paired day`,
    subtitle: 'Point and 95% interval of the day; the grey band is the margin ±δ.',
    description: `Daily differences of ${points.length} paired days.`,
    legend: [{ label: 'margin ±δ', color: COLORS.margin, kind: 'band' }],
    width: WIDTH,
    bodyHeight: HEIGHT,
    csv: toCsv(
      ['date', 'cohort', 'metric', 'difference_ms', 'ci95_low_ms', 'ci95_high_ms', 'verdict'],
      points.map((p) => [p.date, headline.cohort, headline.metric, p.ms, p.low, p.high, p.verdict]),
    ),
    notes: [
      `${countOf(points.length, 'paired day')}; ${countOf(row?.clients ?? 0, 'client')} on the smaller side; a day without an interval shows its point alone`,
    ],
    body: (y) =>
      drawPlot(
        {
          width: WIDTH,
          height: HEIGHT,
          marginLeft: 52,
          marginBottom: 60,
          marginTop: 14,
          marginRight: 16,
          x: { domain: points.map(({ date }) => date), label: null, tickRotate: points.length > 8 ? -40 : 0 },
          y: { label: null, grid: true },
          marks: [
            Plot.rectY([{ y1: -margin, y2: margin }], {
              y1: 'y1',
              y2: 'y2',
              fill: COLORS.margin,
              fillOpacity: 0.2,
            }),
            Plot.ruleY([0]),
            Plot.ruleX(points, {
              x: 'date',
              y1: 'low',
              y2: 'high',
              stroke: (p: { verdict: keyof typeof VERDICTS }) => VERDICTS[p.verdict].color,
              strokeWidth: 2,
            }),
            Plot.dot(points, {
              x: 'date',
              y: 'ms',
              r: 4.5,
              fill: (p: { verdict: keyof typeof VERDICTS }) => VERDICTS[p.verdict].color,
            }),
          ],
        },
        0,
        y,
      ),
  });
}
