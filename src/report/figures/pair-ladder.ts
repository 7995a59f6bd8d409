/**
 * A few packets of one flow as they went: two lines for the two captures, time downwards, an arrow for each packet from
 * where it left to where it arrived. The example is the packet that queued longest; its neighbours show what was around it.
 */
import type { Direction, LostPackets, Pairing, PairDocument, PairSamples } from '../../pairing/types.ts';
import { DIRECTIONS } from '../../pairing/types.ts';
import { NS_PER_MS } from '../../units.ts';
import { formatMilliseconds } from '../format-value.ts';
import { cutText, escapeMarkup } from '../text.ts';
import { frameFigure, round, toCsv } from './frame.ts';
import type { Figure } from './frame.ts';
import { DIRECTION_STYLES, seriesMs, WIDTH } from './pair-axis.ts';

const CLIENT_X = 210;
const SERVER_X = 430;
const TOP = 40;
const HEIGHT = 470;
const LABEL_GAP = 13;
const MOST_PACKETS = 14;
const LEAST_PACKETS = 2;
const REACH = 6;

interface Rung {
  readonly direction: Direction;
  /** Null at the end that a lost packet never reached. */
  readonly clientFrame: number | null;
  readonly serverFrame: number | null;
  readonly ipLenBytes: number;
  /** ns since the series' zero, on the client's clock; of a lost packet when it was due. */
  readonly sentNs: number;
  readonly receivedNs: number;
  readonly queueingNs: number | null;
}

const isLost = ({ queueingNs }: Rung): boolean => queueingNs === null;

export function ladderFigure({ document, series }: Pairing): Figure | null {
  const worst = DIRECTIONS.flatMap((direction) => {
    const samples = series.samples[direction];
    const at = indexOfLargest(samples.queueingNs);
    return at === null ? [] : [{ direction, at, queueingNs: samples.queueingNs[at]! }];
  }).reduce<{ direction: Direction; at: number; queueingNs: number } | null>(
    (a, b) => (a === null || b.queueingNs > a.queueingNs ? b : a),
    null,
  );
  if (worst === null) return null;
  const example = series.samples[worst.direction];
  const flow = example.flow[worst.at]!;
  const baseNs = (document.rtt_min_ns ?? 0) / 2;
  const all = DIRECTIONS.flatMap((direction) => [
    ...rungsOf(direction, series.samples[direction], flow, baseNs),
    ...lostRungs(direction, series.lost[direction], flow, baseNs),
  ]);
  const isExample = (rung: Rung): boolean =>
    rung.direction === worst.direction &&
    rung.clientFrame === example.clientFrame[worst.at] &&
    rung.serverFrame === example.serverFrame[worst.at];
  const rungs = neighbours(all, all.find(isExample)!);
  if (rungs.length < 2) return null;
  const lost = rungs.filter(isLost).length;
  const firstNs = rungs.reduce((least, { sentNs }) => Math.min(least, sentNs), Infinity);
  const lastNs = rungs.reduce((most, { receivedNs }) => Math.max(most, receivedNs), -Infinity);
  const start = new Date(seriesMs(series, firstNs)).toISOString();
  const { label } = DIRECTION_STYLES[worst.direction];
  return frameFigure({
    id: 'pair-ladder',
    title: `The packet that queued longest, and those around it`,
    subtitle: `${capitalised(label)}, ${formatMilliseconds(worst.queueingNs)} above the smallest delay: frame ${example.clientFrame[worst.at]} of the client’s capture, frame ${example.serverFrame[worst.at]} of the server’s (thick).`,
    description: `Packets of one flow between the two captures from ${start}; ${rungs.length} packets.`,
    legend: DIRECTIONS.map((direction) => {
      const { label: text, color, dash } = DIRECTION_STYLES[direction];
      return { label: text, color, dash, kind: 'line' as const };
    }),
    width: WIDTH,
    bodyHeight: HEIGHT + TOP,
    csv: toCsv(
      [
        ...['direction', 'client_frame', 'server_frame', 'ip_len_bytes'],
        ...['sent_ns', 'received_ns', 'queueing_ns', 'is_example', 'is_lost'],
      ],
      rungs.map((rung) => [
        rung.direction,
        rung.clientFrame ?? '',
        rung.serverFrame ?? '',
        rung.ipLenBytes,
        Math.round(rung.sentNs - firstNs),
        isLost(rung) ? '' : Math.round(rung.receivedNs - firstNs),
        rung.queueingNs === null ? '' : Math.round(rung.queueingNs),
        isExample(rung) ? 'true' : 'false',
        isLost(rung) ? 'true' : 'false',
      ]),
    ),
    notes: [
      `${rungs.length} packets of ${flowText(document, flow)}; the numbers are frames of each capture; time 0 is ${start.slice(0, 23).replace('T', ' ')} UTC by the client’s clock`,
      document.rtt_min_ns === null
        ? 'the smallest round trip is not known: arrows show queueing alone'
        : `arrows take half of the smallest round trip (${formatMilliseconds(document.rtt_min_ns)}) each way plus queueing: how it splits nobody can know from packets alone`,
      ...(lost === 0
        ? []
        : [`${lost} of these packets never arrived: their lines end in a cross, where is not known`]),
    ],
    body: (y) => drawLadder(rungs, isExample, { y: y + TOP, firstNs, lastNs }),
  });
}

/** Those nearest to the example, and only as far away as a few of its own delays: beyond, arrows would be flat lines. */
function neighbours(all: readonly Rung[], example: Rung): Rung[] {
  const middle = (example.sentNs + example.receivedNs) / 2;
  const far = (rung: Rung): number => Math.abs((rung.sentNs + rung.receivedNs) / 2 - middle);
  const place = ({ clientFrame, serverFrame }: Rung): number => clientFrame ?? serverFrame ?? 0;
  const nearest = [...all].sort((a, b) => far(a) - far(b) || place(a) - place(b));
  const reach = REACH * (example.receivedNs - example.sentNs);
  const close = nearest.filter((rung) => far(rung) <= reach).slice(0, MOST_PACKETS);
  const kept = close.length >= LEAST_PACKETS ? close : nearest.slice(0, LEAST_PACKETS);
  return kept.sort((a, b) => a.sentNs - b.sentNs || place(a) - place(b));
}

function lostRungs(direction: Direction, lost: LostPackets, flow: number, baseNs: number): Rung[] {
  const rungs: Rung[] = [];
  lost.flow.forEach((owner, i) => {
    if (owner !== flow) return;
    const isUp = direction === 'client_to_server';
    rungs.push({
      direction,
      clientFrame: isUp ? lost.frame[i]! : null,
      serverFrame: isUp ? null : lost.frame[i]!,
      ipLenBytes: lost.ipLenBytes[i]!,
      sentNs: lost.sentNs[i]!,
      receivedNs: lost.sentNs[i]! + baseNs,
      queueingNs: null,
    });
  });
  return rungs;
}

function rungsOf(direction: Direction, samples: PairSamples, flow: number, baseNs: number): Rung[] {
  const rungs: Rung[] = [];
  samples.flow.forEach((owner, i) => {
    if (owner !== flow) return;
    const queueingNs = samples.queueingNs[i]!;
    const delayNs = baseNs + queueingNs;
    // Times are those of the client's capture: there a packet leaves in one direction and arrives in the other.
    const atClientNs = samples.timeNs[i]!;
    const sentNs = direction === 'client_to_server' ? atClientNs : atClientNs - delayNs;
    rungs.push({
      direction,
      clientFrame: samples.clientFrame[i]!,
      serverFrame: samples.serverFrame[i]!,
      ipLenBytes: samples.ipLenBytes[i]!,
      sentNs,
      receivedNs: sentNs + delayNs,
      queueingNs,
    });
  });
  return rungs;
}

function drawLadder(
  rungs: readonly Rung[],
  isExample: (rung: Rung) => boolean,
  { y, firstNs, lastNs }: { readonly y: number; readonly firstNs: number; readonly lastNs: number },
): string {
  const span = Math.max(lastNs - firstNs, 1);
  const yOf = (ns: number): number => y + 8 + ((ns - firstNs) / span) * (HEIGHT - 24);
  const parts = [
    lifeline(CLIENT_X, y, 'client’s capture'),
    lifeline(SERVER_X, y, 'server’s capture'),
    ...timeTicks(span).map((ns) => {
      const at = round(yOf(firstNs + ns));
      return (
        `<line x1="${CLIENT_X}" x2="${SERVER_X}" y1="${at}" y2="${at}" stroke="currentColor" stroke-opacity="0.1"/>` +
        `<text x="12" y="${round(at + 4)}" font-size="11" fill-opacity="0.8">${escapeMarkup(tickText(ns, span))}</text>`
      );
    }),
  ];
  for (const rung of rungs) {
    const isUp = rung.direction === 'client_to_server';
    const { color, dash } = DIRECTION_STYLES[rung.direction];
    const from = { x: isUp ? CLIENT_X : SERVER_X, y: yOf(rung.sentNs) };
    const to = { x: isUp ? SERVER_X : CLIENT_X, y: yOf(rung.receivedNs) };
    parts.push(
      isLost(rung)
        ? cross(from, { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 }, color, dash)
        : arrow(from, to, color, dash, isExample(rung) ? 3 : 1.4),
    );
  }
  const ends = (side: 'client' | 'server') =>
    rungs
      .flatMap((rung) => {
        const isAtSender = (rung.direction === 'client_to_server') === (side === 'client');
        const frame = side === 'client' ? rung.clientFrame : rung.serverFrame;
        if (frame === null) return [];
        return {
          at: yOf(isAtSender ? rung.sentNs : rung.receivedNs),
          text: isAtSender ? `${frame} · ${rung.ipLenBytes} bytes` : `${frame}`,
          isBold: isExample(rung),
        };
      })
      .sort((a, b) => a.at - b.at);
  parts.push(labels(ends('client'), CLIENT_X, -1, y), labels(ends('server'), SERVER_X, 1, y));
  return parts.join('');
}

function lifeline(x: number, y: number, text: string): string {
  return (
    `<text x="${x}" y="${round(y - 12)}" font-size="12" font-weight="700" text-anchor="middle">${text}</text>` +
    `<line x1="${x}" x2="${x}" y1="${round(y - 4)}" y2="${round(y + HEIGHT - 8)}" stroke="currentColor" stroke-width="1.5"/>`
  );
}

interface PointAt {
  readonly x: number;
  readonly y: number;
}

/** A line with a filled head drawn as a path: markers would need ids, which two figures on a page might share. */
function arrow(from: PointAt, to: PointAt, color: string, dash: string, width: number): string {
  const length = Math.sqrt((to.x - from.x) ** 2 + (to.y - from.y) ** 2);
  const ux = (to.x - from.x) / length;
  const uy = (to.y - from.y) / length;
  const head = 6 + width;
  const foot = { x: to.x - ux * head, y: to.y - uy * head };
  const wing = head * 0.42;
  const points = [
    to,
    { x: foot.x - uy * wing, y: foot.y + ux * wing },
    { x: foot.x + uy * wing, y: foot.y - ux * wing },
  ]
    .map((point) => `${round(point.x)},${round(point.y)}`)
    .join(' ');
  return (
    `<line x1="${round(from.x)}" y1="${round(from.y)}" x2="${round(foot.x)}" y2="${round(foot.y)}" stroke="${color}" stroke-width="${width}"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}/>` +
    `<polygon points="${points}" fill="${color}"/>`
  );
}

/** A line that ends on the way. */
function cross(from: PointAt, to: PointAt, color: string, dash: string): string {
  const arm = 4.5;
  const bar = (slope: 1 | -1): string =>
    `<line x1="${round(to.x - arm)}" y1="${round(to.y - slope * arm)}" x2="${round(to.x + arm)}" y2="${round(to.y + slope * arm)}" stroke="${color}" stroke-width="2"/>`;
  return (
    `<line x1="${round(from.x)}" y1="${round(from.y)}" x2="${round(to.x)}" y2="${round(to.y)}" stroke="${color}" stroke-width="1.4"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}/>` +
    bar(1) +
    bar(-1)
  );
}

/** Frame numbers beside a line; those too close together are moved apart and tied to their place by a thin line. */
function labels(
  ends: readonly { readonly at: number; readonly text: string; readonly isBold: boolean }[],
  x: number,
  side: 1 | -1,
  y: number,
): string {
  const placed: number[] = [];
  for (const { at } of ends) placed.push(Math.max(at, (placed.at(-1) ?? -Infinity) + LABEL_GAP));
  // Pushed down past the end: push back up from below.
  let limit = y + HEIGHT - 10;
  for (let i = placed.length - 1; i >= 0; i--) {
    placed[i] = Math.min(placed[i]!, limit);
    limit = placed[i]! - LABEL_GAP;
  }
  return ends
    .map(({ at, text, isBold }, i) => {
      const tie = `<line x1="${x + side * 2}" y1="${round(at)}" x2="${x + side * 16}" y2="${round(placed[i]!)}" stroke="currentColor" stroke-opacity="0.35"/>`;
      const anchor = side === 1 ? 'start' : 'end';
      return `${tie}<text x="${x + side * 20}" y="${round(placed[i]! + 4)}" font-size="11" text-anchor="${anchor}"${isBold ? ' font-weight="700"' : ''}>${escapeMarkup(text)}</text>`;
    })
    .join('');
}

function timeTicks(spanNs: number): number[] {
  const raw = spanNs / 6;
  let step = 1000;
  for (const factor of [2, 2.5, 2]) if (step < raw) step *= factor;
  while (step < raw) {
    for (const factor of [2, 2.5, 2]) if (step < raw) step *= factor;
  }
  const ticks: number[] = [];
  for (let at = 0; at <= spanNs; at += step) ticks.push(at);
  return ticks;
}

function tickText(ns: number, spanNs: number): string {
  return spanNs >= 10 * NS_PER_MS
    ? `${Math.round(ns / NS_PER_MS)} ms`
    : `${Number((ns / NS_PER_MS).toFixed(3))} ms`;
}

function indexOfLargest(values: Float64Array): number | null {
  let at: number | null = null;
  for (let i = 0; i < values.length; i++) if (at === null || values[i]! > values[at]!) at = i;
  return at;
}

function flowText(document: PairDocument, index: number): string {
  const flow = document.flows[index];
  if (flow === undefined) return 'one flow';
  const { src, src_port, dst, dst_port } = flow.client_view;
  const end = (address: string, port: number | null): string =>
    port === null ? address : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  return cutText(`${end(src, src_port)} and ${end(dst, dst_port)}, as the client’s capture has them`, 120);
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
