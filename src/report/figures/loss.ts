/** Loss over time, one panel per period and a line per direction; the packets it was counted over are in the CSV. */
import type { LossFacts } from '../input.ts';
import type { ReportModel } from '../model.ts';
import { formatCount, formatShare } from '../format-value.ts';
import { escapeMarkup } from '../text.ts';
import { localParts } from '../time-text.ts';
import { frameFigure, round, toCsv, type Figure } from './frame.ts';
import { drawPlot, Plot } from './plot.ts';
import { pickTicks } from './timeline.ts';

const WIDTH = 640;
const PANEL = 170;
const MINUTE_MS = 60_000;
const DIRECTIONS = {
  to_client: { label: 'server to client', color: '#d55e00', dash: '' },
  to_server: { label: 'client to server', color: '#0072b2', dash: '7 3' },
} as const;

export function lossFigure({ input, comparison, timezone }: ReportModel): Figure | null {
  const cells = input.lossTimeline ?? [];
  if (cells.length === 0) return null;
  const share = ({ lost, packets }: LossFacts): number => (packets === 0 ? 0 : (100 * lost) / packets);
  const top = Math.max(0.1, ...cells.map(share)) * 1.05;
  const periods = (['baseline', 'evening'] as const).filter((period) =>
    cells.some((cell) => cell.period === period),
  );
  const totals = periods.flatMap((period) =>
    (['to_client', 'to_server'] as const).map((direction) => {
      const list = cells.filter((cell) => cell.period === period && cell.direction === direction);
      const packets = list.reduce((sum, cell) => sum + cell.packets, 0);
      const lost = list.reduce((sum, cell) => sum + cell.lost, 0);
      return `${period} ${DIRECTIONS[direction].label} ${formatCount(lost)} of ${formatCount(packets)} (${formatShare(packets === 0 ? null : lost / packets)})`;
    }),
  );
  const drops = comparison.diagnostics.filter(({ id }) => /^capture\/(reported-drops|gap)$/.test(id));
  return frameFigure({
    id: 'loss-over-time',
    title: 'Loss over time, per minute and direction, all clients',
    subtitle: `Inferred from sequence holes and retransmissions. Same scale in every panel; below each panel UTC, above it ${timezone}.`,
    description: totals.join('; '),
    legend: Object.values(DIRECTIONS).map(({ label, color, dash }) => ({
      label,
      color,
      kind: 'line' as const,
      ...(dash === '' ? {} : { dash }),
    })),
    width: WIDTH,
    bodyHeight: periods.length * PANEL,
    csv: toCsv(
      ['period', 'minute_utc', 'direction', 'packets', 'lost'],
      cells.map((cell) => [
        cell.period,
        new Date(cell.minute * MINUTE_MS).toISOString(),
        cell.direction,
        cell.packets,
        cell.lost,
      ]),
    ),
    notes: [
      totals.join('; '),
      `${comparison.periods.baseline.clients} and ${comparison.periods.evening.clients} clients; time blocks of ${comparison.block_minutes ?? 'n/a'} min`,
      drops.length === 0
        ? 'no capture reports drops or a gap of its own'
        : `the captures lost packets themselves: ${drops.map(({ id, count }) => `${id} ${formatCount(count)} ×`).join(', ')}; loss is an upper bound`,
    ],
    body: (y) =>
      periods
        .map((period, index) =>
          drawPanel(
            cells.filter((cell) => cell.period === period).map((cell) => ({ ...cell, share: share(cell) })),
            { y: y + index * PANEL, title: period, top, timezone },
          ),
        )
        .join(''),
  });
}

function drawPanel(
  cells: readonly (LossFacts & { readonly share: number })[],
  { y, title, top, timezone }: { y: number; title: string; top: number; timezone: string },
): string {
  const minutes = cells.map(({ minute }) => minute);
  const start = minutes.reduce((a, b) => Math.min(a, b), Infinity) * MINUTE_MS;
  const end = (minutes.reduce((a, b) => Math.max(a, b), -Infinity) + 1) * MINUTE_MS;
  const ticks = pickTicks(start, end);
  const plot = drawPlot(
    {
      width: WIDTH,
      height: PANEL,
      marginLeft: 52,
      marginRight: 24,
      marginTop: 42,
      marginBottom: 34,
      x: { type: 'utc', domain: [new Date(start), new Date(end)] },
      y: { domain: [0, top], label: null, grid: true, ticks: 4 },
      marks: [
        Plot.axisX(ticks, {
          anchor: 'bottom',
          label: 'UTC',
          labelArrow: 'none',
          tickFormat: (d: Date) => d.toISOString().slice(11, 16),
        }),
        Plot.axisX(ticks, {
          anchor: 'top',
          label: null,
          tickFormat: (d: Date) => localParts(d.getTime(), timezone).time,
        }),
        ...(['to_client', 'to_server'] as const).flatMap((direction) => {
          const { color, dash } = DIRECTIONS[direction];
          const line = withGaps(cells.filter((cell) => cell.direction === direction));
          return [
            Plot.lineY(line, {
              x: 'at',
              y: 'share',
              curve: 'step-after',
              stroke: color,
              strokeWidth: 1.8,
              ...(dash === '' ? {} : { strokeDasharray: dash }),
            }),
          ];
        }),
      ],
    },
    0,
    y,
  );
  const { offset } = localParts(start, timezone);
  const day = new Date(start).toISOString().slice(0, 10);
  return `<text x="12" y="${round(y + 15)}" font-size="12"><tspan font-weight="700">${title}</tspan> loss in %, ${escapeMarkup(`${day} (UTC); top axis ${timezone} ${offset}`)}</text>${plot}`;
}

/** Each minute is a step as long as itself; minutes that do not touch leave a gap. */
function withGaps(cells: readonly { minute: number; share: number }[]): { at: Date; share: number | null }[] {
  return cells.flatMap(({ minute, share }, index) => {
    const next = cells[index + 1];
    const point = { at: new Date(minute * MINUTE_MS), share };
    if (next !== undefined && next.minute === minute + 1) return [point];
    const end = (minute + 1) * MINUTE_MS;
    return [point, { at: new Date(end), share }, { at: new Date(end), share: null }];
  });
}
