/** Flows that lose more than the 5QI-3 packet error rate for real-time games, 10⁻³ (3GPP TS 23.501 table 5.7.4-1). */

import type { Batch } from '../../tables/batch.ts';
import { namedFlows, plural, rowsWhere } from '../select.ts';
import type { Rule } from '../types.ts';

const LIMIT = 0.001;
/** Fewer packets cannot tell 10⁻³ from nothing: 3 / n is the upper bound when nothing is lost. */
const MIN_PACKETS = 3000;

function lossOf(flows: Batch, direction: 'forward' | 'reverse'): (row: number) => number {
  const ratios = flows.f64(`${direction}_loss_ratio`);
  const packets = flows.u32(`${direction}_packets`);
  return (row) =>
    flows.isNull(`${direction}_loss_ratio`, row) || (packets[row] ?? 0) < MIN_PACKETS
      ? 0
      : (ratios[row] ?? 0);
}

export const loss: Rule = (flows) => {
  const forward = lossOf(flows, 'forward');
  const reverse = lossOf(flows, 'reverse');
  const rows = rowsWhere(flows, (row) => Math.max(forward(row), reverse(row)) > LIMIT);
  if (rows.length === 0) return null;
  const worst = rows.reduce((most, row) => Math.max(most, forward(row), reverse(row)), 0);
  return {
    id: 'loss/above-limit',
    severity: 'notice',
    claim: `${plural(rows.length, 'flow')} lose${rows.length === 1 ? 's' : ''} more than ${LIMIT * 100} % in a direction, up to ${(worst * 100).toFixed(2)} %`,
    threshold: `loss ratio > ${LIMIT} over at least ${MIN_PACKETS} packets; 3GPP 5QI 3`,
    limits: 'inferred at one point: drops by the capture itself look the same',
    count: rows.length,
    flow_ids: namedFlows(flows, rows),
  };
};
