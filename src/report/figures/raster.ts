/**
 * Client × time: each row a client, each cell how far its RTT lies above its own baseline. Something shared is a vertical
 * stripe through a cohort; trouble at one home is a lonely row. Cells without a sample stay blank, never zero.
 */
import { NS_PER_MS } from '../../units.ts';
import type { RasterFacts } from '../input.ts';
import type { ReportModel } from '../model.ts';
import { countOf } from '../format-value.ts';
import { cutText, escapeMarkup, plainText } from '../text.ts';
import { localParts } from '../time-text.ts';
import { cohortName } from '../words.ts';
import { frameFigure, round, toCsv, type Figure } from './frame.ts';
import { pickTicks } from './timeline.ts';

const WIDTH = 640;
const LEFT = 118;
const GAP = 16;
const MAX_CLIENTS = 60;
const MAX_COLUMNS = 48;
const MINUTE_MS = 60_000;
/** Cividis, from light to dark: told apart without colour vision, and in grey. */
const STEPS = ['#fde737', '#c8b866', '#948e77', '#666970', '#35456c', '#00204d'] as const;

export function rasterFigure(model: ReportModel): Figure | null {
  const cells = model.input.raster ?? [];
  const own = ownBaselines(cells);
  const drawable = cells.filter(({ client }) => own.has(client));
  if (drawable.length === 0) return null;
  const marginMs =
    (model.comparison.comparisons.find(({ cohort, metric }) => cohort === 'all' && metric === 'rtt_p50_ns')
      ?.margin ?? 5e6) / NS_PER_MS;
  const limits = [0.25, 0.5, 1, 2, 4].map((factor) => factor * marginMs);
  const leftOut = model.input.rasterLeftOut ?? 0;
  const { shown, hidden } = pickClients(
    drawable,
    model.rows.map(({ cohort }) => cohort),
  );
  const height = Math.max(5, Math.min(12, Math.floor(420 / shown.length)));
  const periods = (['baseline', 'evening'] as const).map((period) =>
    drawable.filter((cell) => cell.period === period),
  );
  const panel = (WIDTH - LEFT - GAP - 12) / 2;
  const ms = (limit: number): string => String(Number(limit.toFixed(2)));
  const labels = [`below +${ms(limits[0]!)} ms`, ...limits.map((limit) => `from +${ms(limit)} ms`)];
  return frameFigure({
    id: 'client-raster',
    title: 'RTT of each client over time, above its own baseline',
    subtitle: `A stripe down a cohort is shared; a lonely row is one home. Blank: no sample. Left baseline, right evening; UTC below, ${model.timezone} above.`,
    description: `Median RTT per client and time cell less the client’s median of the baseline, ${shown.length} clients.`,
    legend: labels.map((label, index) => ({ label, color: STEPS[index]!, kind: 'dot' as const })),
    width: WIDTH,
    bodyHeight: shown.length * height + 62,
    csv: toCsv(
      ['period', 'cohort', 'client', 'minute_utc', 'rtt_p50_ns', 'samples', 'baseline_median_ns'],
      drawable.map((cell) => [
        cell.period,
        cell.cohort,
        cell.client,
        new Date(cell.minute * MINUTE_MS).toISOString(),
        cell.rtt_p50_ns,
        cell.samples,
        own.get(cell.client)!,
      ]),
    ),
    notes: [
      `${countOf(shown.length, 'client')}; time blocks of ${model.comparison.block_minutes ?? 'n/a'} min; medians of all samples of a cell, by any method`,
      ...(hidden > 0 ? [`${hidden} more clients are in the CSV only`] : []),
      ...(leftOut > 0 ? [`${leftOut} more clients are in tables/rtt.parquet only`] : []),
    ],
    body: (y) => {
      const top = y + 22;
      const names = cohortLabels(shown, top, height);
      const panels = periods.map((list, index) =>
        drawPanel(list, {
          shown,
          own,
          limits,
          height,
          top,
          width: panel,
          x: LEFT + index * (panel + GAP),
          timezone: model.timezone,
        }),
      );
      return names + panels.join('');
    },
  });
}

interface Row {
  readonly client: string;
  readonly cohort: string;
}

function ownBaselines(cells: readonly RasterFacts[]): Map<string, number> {
  const values = new Map<string, number[]>();
  for (const { period, client, rtt_p50_ns } of cells)
    if (period === 'baseline') values.set(client, [...(values.get(client) ?? []), rtt_p50_ns]);
  return new Map(
    [...values].map(([client, list]) => [client, list.sort((a, b) => a - b)[list.length >> 1]!]),
  );
}

/** By cohort, in the order of the report; then by name. */
function pickClients(
  cells: readonly RasterFacts[],
  order: readonly string[],
): { shown: Row[]; hidden: number } {
  const rows = [...new Map(cells.map(({ client, cohort }) => [client, { client, cohort }])).values()];
  const place = (cohort: string): number => (order.includes(cohort) ? order.indexOf(cohort) : order.length);
  rows.sort((a, b) => place(a.cohort) - place(b.cohort) || (a.client < b.client ? -1 : 1));
  return { shown: rows.slice(0, MAX_CLIENTS), hidden: Math.max(0, rows.length - MAX_CLIENTS) };
}

function cohortLabels(shown: readonly Row[], top: number, height: number): string {
  const parts: string[] = [];
  shown.forEach(({ cohort }, index) => {
    if (index > 0 && shown[index - 1]!.cohort === cohort) return;
    const count = shown.filter((row) => row.cohort === cohort).length;
    const y = top + index * height;
    const name = cutText(plainText(cohortName(cohort).en), 16);
    parts.push(
      `<text x="12" y="${round(y + Math.min(11, count * height))}" font-size="11">${escapeMarkup(name)}</text>`,
    );
    if (index > 0)
      parts.push(
        `<line x1="12" x2="${WIDTH - 12}" y1="${round(y)}" y2="${round(y)}" stroke="currentColor" stroke-opacity="0.35"/>`,
      );
  });
  return parts.join('');
}

interface Panel {
  readonly shown: readonly Row[];
  readonly own: ReadonlyMap<string, number>;
  readonly limits: readonly number[];
  readonly height: number;
  readonly top: number;
  readonly width: number;
  readonly x: number;
  readonly timezone: string;
}

/** One path per colour: a rectangle element per cell would be five times the bytes. */
function drawPanel(
  cells: readonly RasterFacts[],
  { shown, own, limits, height, top, width, x, timezone }: Panel,
): string {
  if (cells.length === 0) return '';
  const first = cells.reduce((low, { minute }) => Math.min(low, minute), Infinity);
  const last = cells.reduce((high, { minute }) => Math.max(high, minute), -Infinity);
  const span = last - first + 1;
  const step = Math.ceil(span / MAX_COLUMNS);
  const columns = Math.ceil(span / step);
  const cell = width / columns;
  const rows = new Map(shown.map(({ client }, index) => [client, index]));
  const groups = new Map<string, number[]>();
  for (const { client, minute, rtt_p50_ns } of cells) {
    const row = rows.get(client);
    if (row === undefined) continue;
    const key = `${row} ${Math.floor((minute - first) / step)}`;
    groups.set(key, [...(groups.get(key) ?? []), (rtt_p50_ns - own.get(client)!) / NS_PER_MS]);
  }
  const paths = STEPS.map(() => '');
  for (const [key, values] of groups) {
    const [row = 0, column = 0] = key.split(' ').map(Number);
    const middle = values.sort((a, b) => a - b)[values.length >> 1]!;
    const at = limits.findLastIndex((limit) => middle >= limit) + 1;
    paths[at] +=
      `M${round(x + column * cell)} ${round(top + row * height)}h${round(cell)}v${height - 1}h-${round(cell)}z`;
  }
  const bottom = top + shown.length * height;
  const start = first * MINUTE_MS;
  const end = (first + columns * step) * MINUTE_MS;
  const place = (ms: number): number => x + ((ms - start) / (end - start)) * width;
  const ticks = pickTicks(start, end)
    .filter((_, index, all) => index % Math.ceil(all.length / 4) === 0)
    .map((tick) => {
      const at = round(place(tick.getTime()));
      const local = localParts(tick.getTime(), timezone).time;
      return `<line x1="${at}" x2="${at}" y1="${round(bottom)}" y2="${round(bottom + 4)}" stroke="currentColor"/><text x="${at}" y="${round(bottom + 16)}" font-size="10.5" text-anchor="middle">${tick.toISOString().slice(11, 16)}</text><text x="${at}" y="${round(top - 6)}" font-size="10.5" text-anchor="middle">${local}</text>`;
    });
  const day = new Date(start).toISOString().slice(0, 10);
  return (
    paths.map((path, index) => (path === '' ? '' : `<path d="${path}" fill="${STEPS[index]!}"/>`)).join('') +
    `<rect x="${round(x)}" y="${round(top)}" width="${round(width)}" height="${round(bottom - top)}" fill="none" stroke="currentColor" stroke-opacity="0.4"/>${ticks.join('')}` +
    `<text x="${round(x)}" y="${round(bottom + 32)}" font-size="10.5">${day} UTC; a column is ${step} min</text>`
  );
}
