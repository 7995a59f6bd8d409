/**
 * Queueing of both directions over time, one above the other on one scale, and below them what the clocks may be.
 * Queueing is the delay above the smallest one seen, so no clock error is in it; how the smallest itself splits between
 * the directions nobody can know from packets alone, and the band says so.
 */
import type { Clock, Direction, Pairing, QueueingBin } from '../../pairing/types.ts';
import { DIRECTIONS } from '../../pairing/types.ts';
import { whyNoOffset } from '../../pairing/words.ts';
import { formatInstant, NS_PER_MS } from '../../units.ts';
import { formatCount, formatMilliseconds, formatShare } from '../format-value.ts';
import { frameFigure, round, toCsv } from './frame.ts';
import type { Figure } from './frame.ts';
import { DIRECTION_STYLES, preciseMs, seriesMs, timeAxis, WIDTH } from './pair-axis.ts';
import type { TimeAxis } from './pair-axis.ts';
import { COLORS, drawPlot, Plot } from './plot.ts';

const PANEL = 150;
const CLOCK_PANEL = 150;
const MARGINS = { marginLeft: 58, marginRight: 20, marginTop: 26, marginBottom: 26 } as const;
/** A scale in which less than this fills the panel would show the noise of the timestamps. */
const LEAST_TOP_MS = 0.1;

export function queueingFigure({ document, series }: Pairing): Figure | null {
  const all = DIRECTIONS.flatMap((direction) => series.bins[direction]);
  const measured = all.filter(({ p95Ns }) => p95Ns !== null);
  if (measured.length === 0) return null;
  const top = Math.max(LEAST_TOP_MS, ...measured.map(({ p95Ns }) => (p95Ns! / NS_PER_MS) * 1.08));
  const firstNs = all.reduce((least, { startNs }) => Math.min(least, startNs), Infinity);
  const lastNs = all.reduce((most, { startNs }) => Math.max(most, startNs), -Infinity) + series.binNs;
  const axis = timeAxis(seriesMs(series, firstNs), seriesMs(series, lastNs));
  const { clock } = document;
  const marks = [
    ...clock.steps.map(({ at }) => ({ ms: preciseMs(at), kind: 'step' as const })),
    ...clock.route_changes.map(({ at }) => ({ ms: preciseMs(at), kind: 'route' as const })),
  ];
  const hasClock = clock.offset_ns !== null;
  const lost = all.some((bin) => bin.lost > 0);
  return frameFigure({
    id: 'pair-queueing',
    title: 'Queueing of each direction over time',
    subtitle:
      'Delay above the smallest delay of the same direction, so no clock error is in it. Same scale in both panels; a gap means no packet.',
    description: `Queueing delay from client to server and from server to client in equal parts of ${formatMilliseconds(series.binNs)}, and the interval in which the clock offset lies.`,
    legend: [
      ...DIRECTIONS.map((direction) => {
        const { label, color, dash } = DIRECTION_STYLES[direction];
        return { label: `${label}: median, band up to p95`, color, dash, kind: 'line' as const };
      }),
      ...(lost ? [{ label: 'some were lost', color: LOSS, kind: 'dot' as const }] : []),
      ...(hasClock ? [{ label: 'what the offset may be', color: COLORS.margin, kind: 'band' as const }] : []),
      ...(marks.some(({ kind }) => kind === 'step')
        ? [{ label: 'clock step', color: COLORS.margin, kind: 'line' as const, dash: '2 3' }]
        : []),
      ...(marks.some(({ kind }) => kind === 'route')
        ? [{ label: 'route change', color: COLORS.margin, kind: 'line' as const, dash: '8 3 2 3' }]
        : []),
    ],
    width: WIDTH,
    bodyHeight: 2 * PANEL + (hasClock ? CLOCK_PANEL : 0),
    csv: toCsv(
      [
        ...['direction', 'start', 'duration_ns', 'samples', 'sent', 'lost'],
        ...['min_ns', 'queueing_p50_ns', 'queueing_p95_ns', 'queueing_p99_ns'],
      ],
      DIRECTIONS.flatMap((direction) =>
        series.bins[direction].map((bin) => [
          direction,
          formatInstant(series.base + BigInt(bin.startNs)),
          series.binNs,
          bin.samples,
          bin.sent,
          bin.lost,
          bin.minNs,
          bin.p50Ns,
          bin.p95Ns,
          bin.p99Ns,
        ]),
      ),
    ),
    notes: notesOf({ document, series }),
    body: (y) =>
      [
        ...DIRECTIONS.map((direction, i) =>
          drawDirection(direction, series.bins[direction], {
            y: y + i * PANEL,
            top,
            axis,
            marks,
            msOf: (bin) => seriesMs(series, bin.startNs + series.binNs / 2),
          }),
        ),
        ...(hasClock ? [drawClock(clock, { y: y + 2 * PANEL, axis, marks })] : []),
      ].join(''),
  });
}

const LOSS = '#c0397f';

interface Mark {
  readonly ms: number;
  readonly kind: 'step' | 'route';
}

interface Panel {
  readonly y: number;
  readonly axis: TimeAxis;
  readonly marks: readonly Mark[];
}

function drawDirection(
  direction: Direction,
  bins: readonly QueueingBin[],
  {
    y,
    top,
    axis,
    marks,
    msOf,
  }: Panel & { readonly top: number; readonly msOf: (bin: QueueingBin) => number },
): string {
  const { color, dash, label } = DIRECTION_STYLES[direction];
  const points = bins.map((bin) => ({
    at: new Date(msOf(bin)),
    p50: bin.p50Ns === null ? null : bin.p50Ns / NS_PER_MS,
    p95: bin.p95Ns === null ? null : bin.p95Ns / NS_PER_MS,
    lost: bin.lost,
  }));
  // A part with none beside it would vanish from a line.
  const lonely = points.filter(
    ({ p50 }, i) =>
      p50 !== null && (points[i - 1]?.p50 ?? null) === null && (points[i + 1]?.p50 ?? null) === null,
  );
  const plot = drawPlot(
    {
      width: WIDTH,
      height: PANEL,
      ...MARGINS,
      x: { type: 'utc', domain: [axis.start, axis.end] },
      y: { domain: [0, top], label: null, grid: true, ticks: 4 },
      marks: [
        Plot.axisX(axis.ticks, { anchor: 'bottom', label: null, tickFormat: axis.label }),
        ...markRules(marks),
        Plot.areaY(points, { x: 'at', y1: 'p50', y2: 'p95', fill: color, fillOpacity: 0.25 }),
        Plot.lineY(points, {
          x: 'at',
          y: 'p50',
          stroke: color,
          strokeWidth: 1.6,
          ...(dash === '' ? {} : { strokeDasharray: dash }),
        }),
        Plot.ruleX(lonely, { x: 'at', y1: 'p50', y2: 'p95', stroke: color, strokeOpacity: 0.4 }),
        Plot.dot(lonely, { x: 'at', y: 'p50', r: 2, fill: color }),
        Plot.dot(
          points.filter(({ lost }) => lost > 0),
          { x: 'at', y: top * 0.97, r: 2.4, fill: LOSS },
        ),
      ],
    },
    0,
    y,
  );
  return `<text x="12" y="${round(y + 15)}" font-size="12"><tspan font-weight="700">${label}</tspan> queueing in ms, ${axis.day}</text>${plot}`;
}

function drawClock(clock: Clock, { y, axis, marks }: Panel): string {
  const startMs = clock.at === null ? axis.start.getTime() : preciseMs(clock.at);
  const half = [
    (clock.offset_low_ns! - clock.offset_ns!) / NS_PER_MS,
    (clock.offset_high_ns! - clock.offset_ns!) / NS_PER_MS,
  ] as const;
  const steps = clock.steps.map(({ at, delta_ns }) => ({ ms: preciseMs(at), delta: delta_ns / NS_PER_MS }));
  // Relative to the first common instant: an offset of hours would hide what happens to it.
  const offsetAt = (ms: number, side: 'before' | 'after'): number =>
    ((clock.skew_ppm ?? 0) * (ms - startMs)) / 1e6 +
    steps
      .filter((step) => step.ms < ms || (side === 'after' && step.ms === ms))
      .reduce((sum, { delta }) => sum + delta, 0);
  const from = axis.start.getTime();
  const to = axis.end.getTime();
  const line = [
    { ms: from, value: offsetAt(from, 'after') },
    ...steps
      .filter(({ ms }) => ms > from && ms < to)
      .flatMap(({ ms }) => [
        { ms, value: offsetAt(ms, 'before') },
        { ms, value: offsetAt(ms, 'after') },
      ]),
    { ms: to, value: offsetAt(to, 'before') },
  ].map(({ ms, value }) => ({ at: new Date(ms), value, low: value + half[0], high: value + half[1] }));
  const low = Math.min(...line.map((point) => point.low));
  const high = Math.max(...line.map((point) => point.high));
  const room = Math.max((high - low) * 0.08, 1e-3);
  const plot = drawPlot(
    {
      width: WIDTH,
      height: CLOCK_PANEL,
      ...MARGINS,
      x: { type: 'utc', domain: [axis.start, axis.end] },
      y: { domain: [low - room, high + room], label: null, grid: true, ticks: 4 },
      marks: [
        Plot.axisX(axis.ticks, { anchor: 'bottom', label: null, tickFormat: axis.label }),
        ...markRules(marks),
        Plot.areaY(line, { x: 'at', y1: 'low', y2: 'high', fill: COLORS.margin, fillOpacity: 0.25 }),
        Plot.lineY(line, {
          x: 'at',
          y: 'value',
          stroke: COLORS.margin,
          strokeWidth: 1.4,
          strokeDasharray: '7 3',
        }),
      ],
    },
    0,
    y,
  );
  return (
    `<text x="12" y="${round(y + 15)}" font-size="12"><tspan font-weight="700">clock offset</tspan> server minus client in ms, ` +
    `relative to ${signedMs(clock.offset_ns!)}, the middle at the start</text>${plot}`
  );
}

function markRules(marks: readonly Mark[]) {
  return (['step', 'route'] as const).map((wanted) =>
    Plot.ruleX(
      marks.filter(({ kind }) => kind === wanted).map(({ ms }) => new Date(ms)),
      { stroke: COLORS.margin, strokeWidth: 1.2, strokeDasharray: wanted === 'step' ? '2 3' : '8 3 2 3' },
    ),
  );
}

function notesOf({ document, series }: Pairing): string[] {
  const counts = DIRECTIONS.map((direction) => {
    const { sent, matched, lost, loss_ratio } = document[direction];
    return `${DIRECTION_STYLES[direction].label} ${formatCount(matched)} of ${formatCount(sent)} packets at both ends, ${formatCount(lost)} lost (${formatShare(loss_ratio)})`;
  });
  const { clock } = document;
  const notes = [`n: ${counts.join('; ')}; parts of ${durationText(series.binNs)}`];
  if (clock.offset_low_ns !== null && clock.offset_high_ns !== null) {
    notes.push(
      `offset between ${signedMs(clock.offset_low_ns)} and ${signedMs(clock.offset_high_ns)} at the start, ${
        clock.bounds_used ? 'narrowed by clock records' : 'as wide as the smallest round trip'
      }: one-way delays are known to that much and no better`,
    );
  } else {
    notes.push(`offset not known: ${whyNoOffset(document)}`);
  }
  notes.push(
    clock.skew_ppm === null
      ? `rate difference UNIDENTIFIED${clock.skew_reason === null ? '' : `: ${clock.skew_reason}`}`
      : `rate difference ${clock.skew_ppm.toFixed(2).replace('-', '−')} ppm, removed`,
  );
  return notes;
}

function durationText(ns: number): string {
  return ns >= 1e9 ? `${Number((ns / 1e9).toFixed(1))} s` : `${Number((ns / 1e6).toFixed(1))} ms`;
}

function signedMs(ns: number): string {
  const ms = ns / NS_PER_MS;
  return `${ms < 0 ? '−' : '+'}${Math.abs(ms).toFixed(2)} ms`;
}
