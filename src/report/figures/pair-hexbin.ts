/**
 * Queueing forward against queueing back at the same moment: packets along one axis say that one direction queues alone,
 * along the diagonal that both do. Counted in hexagons, because ten thousand dots on each other show none.
 */
import type { Pairing, PairSamples } from '../../pairing/types.ts';
import { NS_PER_MS } from '../../units.ts';
import { formatCount, formatMilliseconds } from '../format-value.ts';
import { frameFigure, round, toCsv } from './frame.ts';
import type { Figure } from './frame.ts';
import { WIDTH } from './pair-axis.ts';
import { COLORS, drawPlot, Plot } from './plot.ts';

const HEIGHT = 430;
const MARGIN = { left: 64, right: 176, top: 14, bottom: 44 } as const;
const RADIUS = 6;
/** A packet and its companion of the other direction: further apart they do not meet the same queue. */
const TOGETHER_NS = 500e6;
/** Fewer pairs than this say nothing about a shape; then parts of the window stand for packets. */
const LEAST_PAIRS = 50;
const SHOWN_SHARE = 0.995;
const LEAST_EDGE_MS = 0.1;
const FILL = '#0072b2';

interface Point {
  readonly forward: number;
  readonly back: number;
}

export function hexbinFigure({ series }: Pairing): Figure | null {
  const { client_to_server: forward, server_to_client: back } = series.samples;
  let points = nearestPairs(forward, back);
  let unit = 'packet';
  if (points.length < LEAST_PAIRS) {
    const parts = series.bins.client_to_server.flatMap(({ p50Ns }, i) => {
      const other = series.bins.server_to_client[i]?.p50Ns ?? null;
      return p50Ns === null || other === null ? [] : [{ forward: p50Ns, back: other }];
    });
    if (parts.length <= points.length || parts.length === 0) {
      if (points.length === 0) return null;
    } else {
      points = parts;
      unit = 'part of the window (its medians)';
    }
  }
  const edgeMs = Math.max(LEAST_EDGE_MS, shownEdge(points) / NS_PER_MS) * 1.06;
  const inside = points.filter((p) => p.forward / NS_PER_MS <= edgeMs && p.back / NS_PER_MS <= edgeMs);
  const side = HEIGHT - MARGIN.top - MARGIN.bottom;
  const cells = hexagons(inside, edgeMs, side);
  const most = cells.reduce((max, { count }) => Math.max(max, count), 0);
  const beyond = points.length - inside.length;
  return frameFigure({
    id: 'pair-forward-against-return',
    title: 'Queueing forward against queueing back, at the same moment',
    subtitle:
      'Along the bottom only client to server queues; along the left only server to client; on the diagonal both do.',
    description: `Hexagons count moments by the queueing delay of client to server and of server to client; ${formatCount(points.length)} moments.`,
    legend: [{ label: 'both alike', color: COLORS.margin, kind: 'line', dash: '2 3' }],
    width: WIDTH,
    bodyHeight: HEIGHT + 26,
    csv: toCsv(
      ['client_to_server_queueing_ns', 'server_to_client_queueing_ns', 'count'],
      cells.map(({ x, y, count }) => [Math.round(x * NS_PER_MS), Math.round(y * NS_PER_MS), count]),
    ),
    notes: [
      `n = ${formatCount(points.length)}: each ${unit}${
        unit === 'packet'
          ? ` of the direction that has fewer, with the nearest of the other direction, at most ${formatMilliseconds(TOGETHER_NS)} away`
          : ''
      }; the CSV has the middle of each hexagon`,
      ...(beyond > 0 ? [`${formatCount(beyond)} beyond the edges are not drawn`] : []),
    ],
    body: (y) =>
      drawPlot(
        {
          width: WIDTH,
          height: HEIGHT,
          marginLeft: MARGIN.left,
          marginRight: MARGIN.right,
          marginTop: MARGIN.top,
          marginBottom: MARGIN.bottom,
          x: {
            domain: [0, edgeMs],
            label: 'client to server, ms',
            labelArrow: 'none',
            labelAnchor: 'center',
            ticks: 6,
          },
          y: {
            domain: [0, edgeMs],
            label: 'server to client, ms',
            labelArrow: 'none',
            labelAnchor: 'center',
            ticks: 6,
          },
          marks: [
            Plot.dot(cells, {
              x: 'x',
              y: 'y',
              r: RADIUS,
              symbol: 'hexagon',
              fill: FILL,
              fillOpacity: (cell: Cell) => shade(cell.count, most),
              stroke: 'none',
            }),
            Plot.line(
              [
                [0, 0],
                [edgeMs, edgeMs],
              ],
              { stroke: COLORS.margin, strokeWidth: 1.2, strokeDasharray: '2 3' },
            ),
          ],
        },
        0,
        y,
      ) + drawRamp(y + HEIGHT, most),
  });
}

/** Each sample of the direction that has fewer, with the nearest in time of the other. */
function nearestPairs(forward: PairSamples, back: PairSamples): Point[] {
  const isForwardFewer = forward.timeNs.length <= back.timeNs.length;
  const [few, many] = isForwardFewer ? [forward, back] : [back, forward];
  const order = sortedByTime(few);
  const others = sortedByTime(many);
  const points: Point[] = [];
  let at = 0;
  for (const i of order) {
    const time = few.timeNs[i]!;
    const gap = (k: number): number => Math.abs(many.timeNs[others[k]!]! - time);
    while (at + 1 < others.length && gap(at + 1) <= gap(at)) at++;
    if (others.length === 0 || gap(at) > TOGETHER_NS) continue;
    const mine = few.queueingNs[i]!;
    const other = many.queueingNs[others[at]!]!;
    points.push(isForwardFewer ? { forward: mine, back: other } : { forward: other, back: mine });
  }
  return points;
}

function sortedByTime({ timeNs }: PairSamples): Uint32Array {
  const order = Uint32Array.from(timeNs, (_, i) => i);
  return order.sort((a, b) => timeNs[a]! - timeNs[b]! || a - b);
}

function shownEdge(points: readonly Point[]): number {
  const at = (values: Float64Array): number =>
    values.sort()[Math.floor((values.length - 1) * SHOWN_SHARE)] ?? 0;
  return Math.max(
    at(Float64Array.from(points, ({ forward }) => forward)),
    at(Float64Array.from(points, ({ back }) => back)),
  );
}

interface Cell {
  /** Middle, ms. */
  readonly x: number;
  readonly y: number;
  readonly count: number;
}

/** Pointy-top hexagons of RADIUS pixels over a square of `side` pixels that is `edgeMs` wide; in rows from below. */
function hexagons(points: readonly Point[], edgeMs: number, side: number): Cell[] {
  const width = WIDTH - MARGIN.left - MARGIN.right;
  const dx = RADIUS * Math.sqrt(3);
  const dy = RADIUS * 1.5;
  const counts = new Map<number, { column: number; row: number; count: number }>();
  for (const { forward, back } of points) {
    const px = (forward / NS_PER_MS / edgeMs) * width;
    const py = (back / NS_PER_MS / edgeMs) * side;
    const { column, row } = nearestCell(px, py, dx, dy);
    const key = row * 4096 + column;
    const cell = counts.get(key);
    if (cell === undefined) counts.set(key, { column, row, count: 1 });
    else cell.count++;
  }
  return [...counts.entries()]
    .sort(([a], [b]) => a - b)
    .map(([, { column, row, count }]) => ({
      x: ((column + (row & 1) / 2) * dx * edgeMs) / width,
      y: (row * dy * edgeMs) / side,
      count,
    }));
}

/** Rows are dy apart and every other one is shifted by half a column: of the two nearest rows, the nearer centre. */
function nearestCell(px: number, py: number, dx: number, dy: number): { column: number; row: number } {
  const near = Math.floor(py / dy);
  const candidates = [near, near + 1].map((row) => {
    const column = Math.round(px / dx - (row & 1) / 2);
    const x = (column + (row & 1) / 2) * dx - px;
    const y = row * dy - py;
    return { column: Math.max(0, column), row, distance: x * x + y * y };
  });
  return candidates[0]!.distance <= candidates[1]!.distance ? candidates[0]! : candidates[1]!;
}

/** Counts differ by orders of magnitude: one is still to be seen, and the most is full. */
function shade(count: number, most: number): number {
  if (most <= 1) return 0.8;
  return Math.round(100 * (0.18 + (0.82 * Math.log(count)) / Math.log(most))) / 100;
}

function drawRamp(y: number, most: number): string {
  const counts = [...new Set([1, Math.round(Math.sqrt(most)), most])].filter((count) => count >= 1);
  let x = MARGIN.left;
  const parts = counts.map((count) => {
    const label = formatCount(count);
    const drawn =
      `<rect x="${round(x)}" y="${round(y + 6)}" width="14" height="12" fill="${FILL}" fill-opacity="${shade(count, most)}"/>` +
      `<text x="${round(x + 19)}" y="${round(y + 16)}" font-size="12">${label}</text>`;
    x += 34 + label.length * 8;
    return drawn;
  });
  return `${parts.join('')}<text x="${round(x)}" y="${round(y + 16)}" font-size="12" fill-opacity="0.8">per hexagon</text>`;
}
