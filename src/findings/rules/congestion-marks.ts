/** Congestion that routers told instead of dropping: CE in the ECN field (RFC 3168 5). */

import type { Changes } from '../changes.ts';
import type { Batch } from '../../tables/batch.ts';
import { countOf, namedFlows, plural } from '../select.ts';
import { directionsOf } from '../sides.ts';
import { spanOf, trendOver } from '../trend.ts';
import type { Rule, Trend } from '../types.ts';

/** Fewer in a direction may be damaged headers or an old use of the TOS byte; default. */
const MIN_MARKS = 3;

const EVER = 1n << 63n;

/** Marks by time; a cell of the counts may reach a little beyond the capture, and belongs to its first or last part. */
function trendOfMarks(flows: Batch, changes: Changes): Trend | null {
  const span = spanOf(flows);
  return trendOver(span, (from, to) =>
    changes.congestionMarks.countIn(from === span?.[0] ? -EVER : from, to > (span?.[1] ?? EVER) ? EVER : to),
  );
}

export const congestionMarks: Rule = (flows, changes) => {
  const marks = {
    forward: countOf(flows, 'forward_ecn_ce_packets'),
    reverse: countOf(flows, 'reverse_ecn_ce_packets'),
  };
  const carrying = directionsOf(flows)
    .map((direction) => ({ ...direction, marks: marks[direction.side](direction.row) }))
    .filter((direction) => direction.marks > 0);
  const marked = carrying.filter(({ marks: count, packets }) => count >= MIN_MARKS && count < packets);
  if (marked.length === 0) return null;
  const rows = [...new Set(marked.map(({ row }) => row))].sort((a, b) => a - b);
  const ways = (['forward', 'reverse'] as const).flatMap((side) => {
    const those = marked.filter((direction) => direction.side === side);
    const sum = (of: (direction: (typeof those)[number]) => number): number =>
      those.reduce((total, direction) => total + of(direction), 0);
    const share = ((100 * sum(({ marks: count }) => count)) / sum(({ packets }) => packets)).toFixed(2);
    return those.length === 0
      ? []
      : [
          `${plural(
            sum(({ marks: count }) => count),
            'packet',
          )} to the ${side === 'forward' ? 'responder' : 'initiator'} (${share} %)`,
        ];
  });
  return {
    id: 'path/congestion-marked',
    severity: 'notice',
    claim: `routers marked congestion (CE) in ${plural(rows.length, 'flow')}: ${ways.join(', ')}`,
    threshold: `at least ${MIN_MARKS} packets with CE in a direction whose other packets carry none (RFC 3168 5): a router on the way marked them instead of dropping them; the count is a default, not a standard`,
    limits:
      'which router is not shown; directions in which every packet carries CE are left out, since a sender or a rewriting device does that, no queue',
    count: marked.reduce((sum, { marks: count }) => sum + count, 0),
    // The time of marks is known of all flows together.
    ...(marked.length === carrying.length ? { trend: trendOfMarks(flows, changes) } : {}),
    flow_ids: namedFlows(flows, rows),
  };
};
