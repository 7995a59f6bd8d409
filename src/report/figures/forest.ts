/** Cohort forest of one metric: every cohort with its interval, its verdict in words, and n, also those without an answer. */
import type { ComparisonRow, Metric } from '../../comparison/types.ts';
import { NS_PER_MS } from '../../units.ts';
import { formatDifference, formatInterval, formatMargin } from '../format-value.ts';
import { cutText, escapeMarkup, plainText } from '../text.ts';
import { cohortName, METRICS, VERDICTS } from '../words.ts';
import { frameFigure, round, toCsv } from './frame.ts';
import type { Figure } from './frame.ts';
import { COLORS, drawPlot, Plot } from './plot.ts';

const WIDTH = 640;
const ROW = 38;
const LEFT = 128;
const RIGHT = 196;
const TOP = 8;
const BOTTOM = 40;

/** `rows` in the order to draw; `left` says how many more there are elsewhere. */
export function forestFigure(
  metric: Metric,
  rows: readonly ComparisonRow[],
  options: { readonly id?: string; readonly left?: number } = {},
): Figure | null {
  const shown = rows.filter((row) => row.metric === metric);
  if (shown.length === 0) return null;
  const words = METRICS[metric];
  const scale = words.kind === 'duration' ? NS_PER_MS : 0.01;
  const unit = words.kind === 'duration' ? 'ms' : 'percentage points';
  const height = TOP + shown.length * ROW + BOTTOM;
  const drawn = shown.map((row, i) => ({
    key: String(i),
    name: cutText(plainText(cohortName(row.cohort).en), 17),
    color: VERDICTS[row.verdict].color,
    value: row.difference === null ? null : row.difference / scale,
    low: row.ci95 === null ? null : row.ci95[0] / scale,
    high: row.ci95 === null ? null : row.ci95[1] / scale,
    margin: row.margin / scale,
  }));
  const answered = drawn.filter(({ value, low, high }) => value !== null && low !== null && high !== null);
  const ends = [
    0,
    ...answered.flatMap(({ low, high }) => [low!, high!]),
    ...drawn.flatMap((d) => [-d.margin, d.margin]),
  ];
  const pad = (Math.max(...ends) - Math.min(...ends)) * 0.06;
  const margins = [...new Set(shown.map((row) => formatMargin(metric, row.margin)))];
  return frameFigure({
    id: options.id ?? `forest-${metric.replaceAll('_', '-')}`,
    title: `${capital(words.en)}: evening minus baseline, every cohort`,
    subtitle: 'Point and 95% interval; the grey band is the margin ±δ inside which a change does not matter.',
    description: shown
      .map((row) => `${plainText(row.cohort)}: ${row.verdict}, ${formatDifference(metric, row.difference)}.`)
      .join(' '),
    legend: [],
    width: WIDTH,
    bodyHeight: height,
    csv: toCsv(
      [
        'cohort',
        'metric',
        'claim',
        'verdict',
        'baseline',
        'evening',
        'difference',
        'ci95_low',
        'ci95_high',
        'ci90_low',
        'ci90_high',
        'margin',
        'q_value',
        'clients',
        'blocks',
        'cells',
      ],
      shown.map((row) => [
        row.cohort,
        row.metric,
        row.claim,
        row.verdict,
        row.baseline,
        row.evening,
        row.difference,
        ...(row.ci95 ?? [null, null]),
        ...(row.ci90 ?? [null, null]),
        row.margin,
        row.q_value,
        row.clients,
        row.blocks,
        row.cells,
      ]),
    ),
    notes: [
      `n = clients · time blocks of the smaller window. δ ${margins.join(', ')}. No interval is drawn where there is none.`,
      ...(options.left ? [`${options.left} more in report.html`] : []),
    ],
    body: (y) => {
      const center = (i: number): number => y + TOP + i * ROW + ROW / 2;
      const plot = drawPlot(
        {
          width: WIDTH,
          height,
          marginLeft: LEFT,
          marginRight: RIGHT,
          marginTop: TOP,
          marginBottom: BOTTOM,
          x: {
            domain: [Math.min(...ends) - pad, Math.max(...ends) + pad],
            label: `difference (${unit})`,
            labelArrow: 'none',
            labelAnchor: 'center',
            grid: true,
            ticks: 5,
          },
          y: { type: 'band', domain: drawn.map(({ key }) => key), axis: null, padding: 0 },
          marks: [
            Plot.barX(drawn, {
              y: 'key',
              x1: (d: (typeof drawn)[number]) => -d.margin,
              x2: 'margin',
              fill: COLORS.margin,
              fillOpacity: 0.2,
            }),
            Plot.ruleX([0]),
            Plot.ruleY(answered, { y: 'key', x1: 'low', x2: 'high', stroke: 'color', strokeWidth: 3 }),
            Plot.dot(answered, { y: 'key', x: 'value', r: 5.5, fill: 'color' }),
          ],
          color: { type: 'identity' },
        },
        0,
        y,
      );
      const texts = shown.map((row, i) => {
        const right = WIDTH - RIGHT + 10;
        const number =
          row.ci95 === null
            ? 'no interval'
            : `${formatDifference(metric, row.difference)} ${formatInterval(metric, row.ci95).replace(/ [^ ]+$/, '')}`;
        return (
          `<text x="${LEFT - 10}" y="${round(center(i) + 4)}" font-size="12" text-anchor="end">${escapeMarkup(drawn[i]!.name)}</text>` +
          `<circle cx="${right + 4}" cy="${round(center(i) - 6)}" r="4.5" fill="${drawn[i]!.color}"/>` +
          `<text x="${right + 14}" y="${round(center(i) - 2)}" font-size="12"><tspan font-weight="700">${row.verdict}</tspan> n ${row.clients} · ${row.blocks}</text>` +
          `<text x="${right}" y="${round(center(i) + 13)}" font-size="11.5">${escapeMarkup(number)}</text>`
        );
      });
      return plot + texts.join('');
    },
  });
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
