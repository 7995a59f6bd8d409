/** Shift function: how far each decile of player-minute RTT moved, with its interval, against the margin ±δ. */
import type { Comparison } from '../../comparison/types.ts';
import { NS_PER_MS } from '../../units.ts';
import { countOf, formatMargin } from '../format-value.ts';
import { cutText, fileStem, plainText } from '../text.ts';
import { cohortName } from '../words.ts';
import { frameFigure, toCsv } from './frame.ts';
import type { Figure } from './frame.ts';
import { COLORS, drawPlot, Plot } from './plot.ts';

const WIDTH = 640;
const HEIGHT = 280;

export function shiftFigure(comparison: Comparison, cohort: string): Figure | null {
  const points = comparison.shift_function
    .filter((point) => point.cohort === cohort)
    .sort((a, b) => a.quantile - b.quantile);
  if (points.length === 0) return null;
  const row = comparison.comparisons.find(
    (other) => other.cohort === cohort && other.metric === 'rtt_p50_ns',
  );
  const margin = row ? row.margin / NS_PER_MS : null;
  const name = cutText(plainText(cohortName(cohort).en), 40);
  const drawn = points.map((point) => ({
    q: point.quantile * 100,
    ms: point.difference_ns / NS_PER_MS,
    low: point.ci95[0] / NS_PER_MS,
    high: point.ci95[1] / NS_PER_MS,
  }));
  return frameFigure({
    id: `shift-${fileStem(cohort)}`,
    title: `Where RTT moved for ${name}: each decile, evening minus baseline`,
    subtitle: 'Left: the fast player-minutes; right: the slow ones. Above zero is slower in the evening.',
    description: `Difference of each decile of player-minute RTT for ${name}, with 95% intervals.`,
    legend: [
      { label: 'difference with 95% interval (pointwise)', color: COLORS.evening, kind: 'dot' },
      ...(row
        ? [
            {
              label: `margin δ ${formatMargin('rtt_p50_ns', row.margin)}`,
              color: COLORS.margin,
              kind: 'band' as const,
            },
          ]
        : []),
    ],
    width: WIDTH,
    bodyHeight: HEIGHT,
    csv: toCsv(
      ['cohort', 'quantile', 'baseline_ns', 'evening_ns', 'difference_ns', 'ci95_low_ns', 'ci95_high_ns'],
      points.map((p) => [
        cohort,
        p.quantile,
        p.baseline_ns,
        p.evening_ns,
        p.difference_ns,
        p.ci95[0],
        p.ci95[1],
      ]),
    ),
    notes: [
      row
        ? `${countOf(row.clients, 'client')}, ${countOf(row.blocks, 'time block')} (the smaller window); quantiles by Harrell–Davis`
        : 'number of clients not known; quantiles by Harrell–Davis',
    ],
    body: (y) =>
      drawPlot(
        {
          width: WIDTH,
          height: HEIGHT,
          marginLeft: 52,
          marginBottom: 40,
          marginTop: 26,
          marginRight: 16,
          x: {
            domain: [0, 100],
            ticks: drawn.map(({ q }) => q),
            tickFormat: (q: number) => String(Math.round(q)),
            label: 'percentile of player-minutes',
            labelArrow: 'none',
            labelAnchor: 'right',
          },
          y: { label: 'difference (ms)', labelArrow: 'none', grid: true, nice: true, zero: true },
          marks: [
            ...(margin === null
              ? []
              : [
                  Plot.rectY([{}], {
                    x1: 0,
                    x2: 100,
                    y1: -margin,
                    y2: margin,
                    fill: COLORS.margin,
                    fillOpacity: 0.25,
                  }),
                ]),
            Plot.ruleY([0], { strokeWidth: 1 }),
            Plot.ruleX(drawn, { x: 'q', y1: 'low', y2: 'high', stroke: COLORS.evening, strokeWidth: 2.5 }),
            Plot.line(drawn, { x: 'q', y: 'ms', stroke: COLORS.evening, strokeOpacity: 0.5 }),
            Plot.dot(drawn, { x: 'q', y: 'ms', r: 4.5, fill: COLORS.evening }),
          ],
        },
        0,
        y,
      ),
  });
}
