/** RTT over time: per-minute cross-client median of each cohort, one panel per window; no data is a gap, never a line. */
import type { Comparison, TimelinePoint } from '../../comparison/types.ts';
import { NS_PER_MS } from '../../units.ts';
import { cutText, escapeMarkup, plainText } from '../text.ts';
import { instantMs, localParts } from '../time-text.ts';
import { cohortName } from '../words.ts';
import { frameFigure, round, toCsv } from './frame.ts';
import type { Figure } from './frame.ts';
import { COHORT_STYLES, drawPlot, Plot } from './plot.ts';

const WIDTH = 640;
const PANEL = 210;
const MINUTE_MS = 60_000;
const TICK_MINUTES = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080];

/** `order`: cohorts by importance; the first ones get a line when there are more than a picture can hold. */
export function timelineFigure(
  comparison: Comparison,
  timezone: string,
  order: readonly string[],
): Figure | null {
  const measured = comparison.timeline.filter((point) => point.rtt_p50_ns !== null);
  if (measured.length === 0) return null;
  const cohorts = pickCohorts(comparison.timeline, order);
  const drawn = cohorts.slice(0, COHORT_STYLES.length);
  const values = measured
    .filter(({ cohort }) => drawn.includes(cohort))
    .map((p) => p.rtt_p50_ns! / NS_PER_MS);
  const top = Math.max(...values) * 1.05;
  const periods = (['baseline', 'evening'] as const).filter((period) =>
    measured.some((p) => p.period === period),
  );
  const notes = drawn.map((cohort) => {
    const row = comparison.comparisons.find(
      (other) => other.cohort === cohort && other.metric === 'rtt_p50_ns',
    );
    return row ? `${nameOf(cohort)} ${row.clients} · ${row.blocks}` : `${nameOf(cohort)} not known`;
  });
  const hidden = cohorts.length - drawn.length;
  return frameFigure({
    id: 'rtt-over-time',
    title: 'RTT over time: median over clients, per minute',
    subtitle: `Same vertical scale in every panel; below each panel UTC, above it ${timezone}. A gap means no data.`,
    description: `Per-minute cross-client median RTT of ${drawn.map(nameOf).join(', ')}.`,
    legend: drawn.map((cohort, i) => ({
      label: nameOf(cohort),
      kind: 'line' as const,
      ...COHORT_STYLES[i]!,
    })),
    width: WIDTH,
    bodyHeight: periods.length * PANEL,
    csv: toCsv(
      ['cohort', 'period', 'minute', 'clients', 'rtt_p50_ns', 'rtt_p95_ns'],
      comparison.timeline.map((p) => [p.cohort, p.period, p.minute, p.clients, p.rtt_p50_ns, p.rtt_p95_ns]),
    ),
    notes: [
      `n = clients · time blocks of the smaller window: ${notes.join('; ')}`,
      ...(hidden > 0 ? [`${hidden} more cohorts are in the CSV only`] : []),
    ],
    body: (y) =>
      periods
        .map((period, i) =>
          drawPanel(
            comparison.timeline.filter((point) => point.period === period),
            drawn,
            { y: y + i * PANEL, title: period, top, timezone },
          ),
        )
        .join(''),
  });
}

function drawPanel(
  points: readonly TimelinePoint[],
  cohorts: readonly string[],
  { y, title, top, timezone }: { y: number; title: string; top: number; timezone: string },
): string {
  const minutes = points.map(({ minute }) => instantMs(minute));
  const start = minutes.reduce((a, b) => Math.min(a, b), Infinity);
  const end = minutes.reduce((a, b) => Math.max(a, b), -Infinity) + MINUTE_MS;
  const ticks = pickTicks(start, end);
  const manyDays = end - start > 1440 * MINUTE_MS;
  const utcLabel = (ms: number): string => {
    const text = new Date(ms).toISOString();
    return manyDays ? text.slice(5, 16).replace('T', ' ') : text.slice(11, 16);
  };
  const localLabel = (ms: number): string => {
    const { date, time } = localParts(ms, timezone);
    return manyDays ? `${date.slice(5)} ${time}` : time;
  };
  const day = new Date(start).toISOString().slice(0, 10);
  const { offset } = localParts(start, timezone);
  const plot = drawPlot(
    {
      width: WIDTH,
      height: PANEL,
      marginLeft: 52,
      marginRight: 24,
      marginTop: 46,
      marginBottom: 34,
      x: { type: 'utc', domain: [new Date(start), new Date(end)] },
      y: { domain: [0, top], label: null, grid: true, ticks: 5 },
      marks: [
        Plot.axisX(ticks, {
          anchor: 'bottom',
          label: 'UTC',
          labelArrow: 'none',
          tickFormat: (d: Date) => utcLabel(d.getTime()),
        }),
        Plot.axisX(ticks, { anchor: 'top', label: null, tickFormat: (d: Date) => localLabel(d.getTime()) }),
        ...cohorts.flatMap((cohort, i) => {
          const line = withGaps(points.filter((point) => point.cohort === cohort));
          const { color, dash } = COHORT_STYLES[i]!;
          return [
            Plot.lineY(line, {
              x: 'at',
              y: 'ms',
              stroke: color,
              strokeWidth: 1.8,
              ...(dash === '' ? {} : { strokeDasharray: dash }),
            }),
            Plot.dot(
              line.filter(({ lonely }) => lonely),
              { x: 'at', y: 'ms', r: 2, fill: color },
            ),
          ];
        }),
      ],
    },
    0,
    y,
  );
  return `<text x="12" y="${round(y + 15)}" font-size="12"><tspan font-weight="700">${title}</tspan> RTT in ms, ${escapeMarkup(`${day} (UTC); top axis ${timezone} ${offset}`)}</text>${plot}`;
}

/** A null between two minutes that do not touch, so that the line breaks; a minute with none beside it becomes a dot. */
function withGaps(points: readonly TimelinePoint[]): { at: Date; ms: number | null; lonely: boolean }[] {
  const known = points
    .filter((point) => point.rtt_p50_ns !== null)
    .map((point) => ({ at: instantMs(point.minute), ms: point.rtt_p50_ns! / NS_PER_MS }))
    .sort((a, b) => a.at - b.at);
  return known.flatMap(({ at, ms }, i) => {
    const joinsBefore = i > 0 && at - known[i - 1]!.at <= MINUTE_MS;
    const joinsAfter = i + 1 < known.length && known[i + 1]!.at - at <= MINUTE_MS;
    const point = { at: new Date(at), ms, lonely: !joinsBefore && !joinsAfter };
    return joinsBefore || i === 0 ? [point] : [{ at: new Date(at - 1), ms: null, lonely: false }, point];
  });
}

/** `all` is left out when there are cohorts to see. */
function pickCohorts(points: readonly TimelinePoint[], order: readonly string[]): string[] {
  const present = new Set(points.map(({ cohort }) => cohort));
  const names = [...new Set([...order, ...[...present].sort()])].filter((name) => present.has(name));
  const parts = names.filter((name) => name !== 'all');
  return parts.length > 0 ? parts : names;
}

export function pickTicks(start: number, end: number): Date[] {
  const step =
    (TICK_MINUTES.find((minutes) => (end - start) / (minutes * MINUTE_MS) <= 8) ?? 10_080) * MINUTE_MS;
  const ticks: Date[] = [];
  for (let at = Math.ceil(start / step) * step; at <= end; at += step) ticks.push(new Date(at));
  return ticks;
}

function nameOf(cohort: string): string {
  return cutText(plainText(cohortName(cohort).en), 24);
}
