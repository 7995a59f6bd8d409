/** ECDF overlay of one cohort: share of player-minutes at or below an RTT, baseline against evening, linear in ms. */
import type { Comparison, EcdfSeries } from '../../comparison/types.ts';
import { NS_PER_MS } from '../../units.ts';
import { countOf, formatMilliseconds, formatShare } from '../format-value.ts';
import { cutText, fileStem, plainText } from '../text.ts';
import { cohortName } from '../words.ts';
import { frameFigure, toCsv } from './frame.ts';
import type { Figure, LegendEntry } from './frame.ts';
import { COLORS, drawPlot, Plot } from './plot.ts';

const WIDTH = 640;
const HEIGHT = 300;
/** For a printed page with little room. */
const SHORT_HEIGHT = 200;
/** The axis ends a little beyond this share of the slower window; what lies further is said in words, not squeezed in. */
const SHOWN_SHARE = 0.99;

export function ecdfFigure(
  comparison: Comparison,
  cohort: string,
  threshold: { readonly rtt_ns: number; readonly label: string } | null,
  options: { readonly id?: string; readonly short?: boolean } = {},
): Figure | null {
  const find = (period: string): EcdfSeries | undefined =>
    comparison.ecdf.find((series) => series.cohort === cohort && series.period === period);
  const baseline = find('baseline');
  const evening = find('evening');
  if (!baseline || !evening || baseline.rtt_ns.length === 0 || evening.rtt_ns.length === 0) return null;
  const arms = [baseline, evening];
  const edge = Math.max(...arms.map(shownEdge), (threshold?.rtt_ns ?? 0) * 1.04) * 1.03;
  const start = Math.min(...arms.map(({ rtt_ns }) => rtt_ns[0]!)) * 0.9;
  const points = arms.map((arm) => stepPoints(arm, start, edge));
  const beyond = arms.map((arm) => 1 - shareAt(arm, edge));
  const height = options.short ? SHORT_HEIGHT : HEIGHT;
  const name = cutText(plainText(cohortName(cohort).en), 40);
  const legend: LegendEntry[] = [
    { label: 'baseline', color: COLORS.baseline, kind: 'line', dash: '7 3' },
    { label: 'evening', color: COLORS.evening, kind: 'line' },
  ];
  if (threshold) legend.push({ label: threshold.label, color: COLORS.margin, kind: 'line', dash: '2 3' });
  const blocks = comparison.comparisons.find((row) => row.cohort === cohort && row.metric === 'rtt_p50_ns');
  const notes = [
    `baseline ${countOf(baseline.clients, 'client')}, ${countOf(baseline.cells, 'player-minute')}; evening ${countOf(evening.clients, 'client')}, ${countOf(evening.cells, 'player-minute')}; ` +
      (blocks
        ? `time blocks ${blocks.blocks_baseline} and ${blocks.blocks_evening}`
        : 'number of time blocks not known'),
  ];
  const far = arms.flatMap((arm, i) =>
    beyond[i]! > 0
      ? [
          `${formatShare(beyond[i]!)} of ${arm.period} player-minutes (to ${formatMilliseconds(arm.rtt_ns.at(-1)!)})`,
        ]
      : [],
  );
  if (far.length > 0) notes.push(`beyond the right edge: ${far.join('; ')}`);
  return frameFigure({
    id: options.id ?? `ecdf-${fileStem(cohort)}`,
    title: `RTT of ${name}: how many player-minutes stayed below each value`,
    subtitle: 'A curve further right is slower. Player-minute = median RTT of one client in one minute.',
    description: `Cumulative share of player-minutes by RTT for ${name}, baseline and evening.`,
    legend,
    width: WIDTH,
    bodyHeight: height,
    csv: toCsv(
      ['cohort', 'period', 'rtt_ns', 'share'],
      arms.flatMap((arm) => arm.rtt_ns.map((rtt, i) => [cohort, arm.period, rtt, arm.share[i]!])),
    ),
    notes,
    body: (y) =>
      drawPlot(
        {
          width: WIDTH,
          height,
          marginLeft: 52,
          marginBottom: 40,
          marginTop: 14,
          marginRight: 16,
          x: { domain: [start / NS_PER_MS, edge / NS_PER_MS], label: 'RTT (ms)', labelArrow: 'none' },
          y: { domain: [0, 1], tickFormat: '.0%', label: null, grid: true },
          marks: [
            ...(threshold
              ? [
                  Plot.ruleX([threshold.rtt_ns / NS_PER_MS], {
                    stroke: COLORS.margin,
                    strokeWidth: 1.5,
                    strokeDasharray: '2 3',
                  }),
                ]
              : []),
            ...points.map((line, i) =>
              Plot.line(line, {
                x: 'ms',
                y: 'share',
                curve: 'step-after',
                stroke: i === 0 ? COLORS.baseline : COLORS.evening,
                strokeWidth: 2.2,
                ...(i === 0 ? { strokeDasharray: '7 3' } : {}),
              }),
            ),
          ],
        },
        0,
        y,
      ),
  });
}

function shownEdge({ rtt_ns, share }: EcdfSeries): number {
  const at = share.findIndex((value) => value >= SHOWN_SHARE);
  return rtt_ns[at === -1 ? rtt_ns.length - 1 : at]!;
}

function shareAt({ rtt_ns, share }: EcdfSeries, limit: number): number {
  const at = rtt_ns.findLastIndex((value) => value <= limit);
  return at === -1 ? 0 : share[at]!;
}

function stepPoints(series: EcdfSeries, start: number, edge: number): { ms: number; share: number }[] {
  const inside = series.rtt_ns.flatMap((rtt, i) =>
    rtt <= edge ? [{ ms: rtt / NS_PER_MS, share: series.share[i]! }] : [],
  );
  return [
    { ms: start / NS_PER_MS, share: 0 },
    ...inside,
    { ms: edge / NS_PER_MS, share: inside.at(-1)?.share ?? 0 },
  ];
}
