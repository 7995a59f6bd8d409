/** The A/A panel: the baseline against itself, beside the headline. It shows what the method says where nothing differs. */
import type { Comparison } from '../../comparison/types.ts';
import { NS_PER_MS } from '../../units.ts';
import { countOf, formatDifference, formatInterval } from '../format-value.ts';
import { METRICS, VERDICTS } from '../words.ts';
import { frameFigure, toCsv, type Figure } from './frame.ts';
import { COLORS, drawPlot, Plot } from './plot.ts';

const WIDTH = 640;
const ROW = 34;

export function controlsFigure(comparison: Comparison): Figure | null {
  const { controls, headline_row: headline } = comparison;
  const metric = headline?.metric ?? controls[0]?.metric;
  const shown = controls.filter((control) => control.metric === metric && control.ci95 !== null);
  if (metric === undefined || shown.length === 0 || METRICS[metric].kind !== 'duration') return null;
  const real = comparison.comparisons.find((row) => row.cohort === headline?.cohort && row.metric === metric);
  const rows = [
    ...(real?.ci95 == null
      ? []
      : [
          {
            name: 'evening against baseline',
            difference: real.difference,
            ci95: real.ci95,
            verdict: real.verdict,
          },
        ]),
    ...shown.map(({ split, difference, ci95, verdict }) => ({
      name: `baseline: ${split}`,
      difference,
      ci95: ci95!,
      verdict,
    })),
  ].map((row) => ({
    ...row,
    low: row.ci95[0] / NS_PER_MS,
    high: row.ci95[1] / NS_PER_MS,
    middle: (row.difference ?? 0) / NS_PER_MS,
  }));
  const margin = (real?.margin ?? 0) / NS_PER_MS;
  const edges = rows.flatMap(({ low, high }) => [low, high]);
  const reach = [Math.min(...edges, -margin), Math.max(...edges, margin)] as const;
  const space = (reach[1] - reach[0]) * 0.06;
  return frameFigure({
    id: 'controls',
    title: `Control: the baseline compared with itself (${METRICS[metric].short})`,
    subtitle:
      'Where nothing differs, the interval should hold zero: a control that says DEGRADED speaks against the headline.',
    description: rows
      .map(
        ({ name, verdict, difference, ci95 }) =>
          `${name}: ${verdict}, ${formatDifference(metric, difference)} ${formatInterval(metric, ci95)}`,
      )
      .join('; '),
    legend: [{ label: 'margin ±δ', color: COLORS.margin, kind: 'band' }],
    width: WIDTH,
    bodyHeight: rows.length * ROW + 50,
    csv: toCsv(
      ['comparison', 'metric', 'difference', 'ci95_low', 'ci95_high', 'verdict'],
      rows.map(({ name, difference, ci95, verdict }) => [
        name,
        metric,
        difference,
        ci95[0],
        ci95[1],
        verdict,
      ]),
    ),
    notes: [
      `${countOf(comparison.periods.baseline.clients, 'baseline client')}, blocks of ${comparison.block_minutes ?? 'n/a'} min`,
    ],
    body: (y) =>
      drawPlot(
        {
          width: WIDTH,
          height: rows.length * ROW + 50,
          marginLeft: 220,
          marginRight: 130,
          marginTop: 8,
          marginBottom: 40,
          x: {
            domain: [reach[0] - space, reach[1] + space],
            label: 'difference (ms)',
            labelArrow: 'none',
            grid: true,
          },
          y: { domain: rows.map(({ name }) => name), label: null, tickSize: 0 },
          marks: [
            Plot.rectX([{ x1: -margin, x2: margin }], {
              x1: 'x1',
              x2: 'x2',
              fill: COLORS.margin,
              fillOpacity: 0.2,
            }),
            Plot.ruleX([0]),
            Plot.ruleY(rows, {
              y: 'name',
              x1: 'low',
              x2: 'high',
              stroke: (row: { verdict: keyof typeof VERDICTS }) => VERDICTS[row.verdict].color,
              strokeWidth: 2.5,
            }),
            Plot.dot(rows, {
              y: 'name',
              x: 'middle',
              r: 5,
              fill: (row: { verdict: keyof typeof VERDICTS }) => VERDICTS[row.verdict].color,
            }),
            Plot.text(rows, {
              y: 'name',
              x: () => reach[1] + space,
              dx: 10,
              textAnchor: 'start',
              text: 'verdict',
            }),
          ],
        },
        0,
        y,
      ),
  });
}
