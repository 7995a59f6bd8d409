/** How a count ran over the capture: equal parts of its time, and one word for the direction. */

import type { Batch } from '../tables/batch.ts';
import { formatInstant } from '../units.ts';
import type { Trend } from './types.ts';

const PARTS = 12;
/** Fewer than this many more in the last third than in the first is no trend; default. */
const LEAST_STEP = 10;

/** First and last instant of any flow; null without times. */
export function spanOf(flows: Batch): readonly [bigint, bigint] | null {
  const first = flows.i64('first_timestamp_ns');
  const last = flows.i64('last_timestamp_ns');
  let span: [bigint, bigint] | null = null;
  for (let row = 0; row < flows.rows; row++) {
    const [from, to] = [first[row], last[row]];
    if (from === undefined || to === undefined || flows.isNull('first_timestamp_ns', row)) continue;
    if (span === null) span = [from, to];
    if (from < span[0]) span[0] = from;
    if (to > span[1]) span[1] = to;
  }
  return span;
}

function directionOf(counts: readonly number[]): Trend['direction'] {
  const third = Math.floor(counts.length / 3);
  const sum = (part: readonly number[]): number => part.reduce((total, count) => total + count, 0);
  const [early, late] = [sum(counts.slice(0, third)), sum(counts.slice(-third))];
  if (late >= 2 * early && late - early >= LEAST_STEP) return 'rising';
  if (early >= 2 * late && early - late >= LEAST_STEP) return 'falling';
  return 'steady';
}

/** What `countIn(from, to)` gives for twelve equal parts of the span. */
export function trendOver(
  span: readonly [bigint, bigint] | null,
  countIn: (from: bigint, to: bigint) => number,
): Trend | null {
  if (span === null || span[1] <= span[0]) return null;
  const [from, to] = span;
  // One more than the length, so that the last instant falls into the last part.
  const width = (to - from) / BigInt(PARTS) + 1n;
  const counts = Array.from({ length: PARTS }, (_, part) => {
    const start = from + BigInt(part) * width;
    return countIn(start, start + width);
  });
  return { from: formatInstant(from), part_ns: Number(width), counts, direction: directionOf(counts) };
}

/** How many of `rows` began in each part. */
export function trendOfBegins(flows: Batch, rows: readonly number[]): Trend | null {
  const first = flows.i64('first_timestamp_ns');
  const times = rows.map((row) => first[row] ?? 0n);
  return trendOver(spanOf(flows), (from, to) => times.filter((time) => time >= from && time < to).length);
}
