/**
 * A value that changed once and stayed, and did so in several flows at the same instant: what one flow alone cannot show,
 * because a device that answers for its host changes the same fields.
 */

import type { Batch } from '../tables/batch.ts';
import { NS_PER_S } from '../units.ts';
import { KEPT_CHANGES, type Change, type ChangeKind, type Changes } from './changes.ts';
import { codeOf, countOf } from './select.ts';
import { directionsOf, networkOf, receiverOf, senderOf, type Direction } from './sides.ts';

/** A value is kept when it holds this long; default. */
export const LASTING_S = 5;
/** Steps of one cause are seen within this time: flows show it with their next packet; default. */
export const TOGETHER_S = 5;
/** Packets that a flow's mean rate lets expect on either side of a step. */
const PACKETS_ON_EITHER_SIDE = 3;

const LASTING_NS = BigInt(LASTING_S * NS_PER_S);
const TOGETHER_NS = BigInt(TOGETHER_S * NS_PER_S);

export interface Step extends Change {
  readonly direction: Direction;
}

export interface SharedStep {
  /** In order of time. */
  readonly steps: readonly Step[];
  /** What they have in common. */
  readonly end: 'sender' | 'receiver';
}

/** Steps after and before which the value held for five seconds and, at the flow's mean rate, three packets. */
export function lastingSteps(flows: Batch, changes: Changes, kind: ChangeKind): Step[] {
  const counts = {
    forward: countOf(flows, `forward_${kind}_changes`),
    reverse: countOf(flows, `reverse_${kind}_changes`),
  };
  const state = codeOf(flows, 'connection_state');
  return directionsOf(flows).flatMap((direction) => {
    const { row, side, flowId, packets, fromNs, untilNs } = direction;
    const count = counts[side](row);
    // The packets of a reset may be another's (RFC 9293 3.10.7 asks only for the right number), and nothing follows to tell.
    if (count === 0 || count > KEPT_CHANGES || state(row) === 'reset') return [];
    const kept = changes.of(kind, flowId, side);
    const isEnough = (ns: bigint): boolean =>
      ns >= LASTING_NS && BigInt(packets) * ns >= BigInt(PACKETS_ON_EITHER_SIDE) * (untilNs - fromNs);
    return kept.flatMap((change, index) => {
      const before = change.timestampNs - (kept[index - 1]?.timestampNs ?? fromNs);
      const after = (kept[index + 1]?.timestampNs ?? untilNs) - change.timestampNs;
      return isEnough(before) && isEnough(after) ? [{ ...change, direction }] : [];
    });
  });
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

const distinct = (steps: readonly Step[], of: (step: Step) => string | number): number =>
  new Set(steps.map(of)).size;

/** Runs of steps of which none is further than `TOGETHER_S` from the first. */
function together(steps: readonly Step[]): Step[][] {
  const runs: Step[][] = [];
  for (const step of steps) {
    const run = runs.at(-1);
    if (run?.[0] !== undefined && step.timestampNs - run[0].timestampNs <= TOGETHER_NS) run.push(step);
    else runs.push([step]);
  }
  return runs;
}

/**
 * Steps of one kind (`sameOf` says which are alike) that several flows show together: two flows from one network, or three
 * flows from two and more networks to one receiver.
 */
export function sharedSteps(
  flows: Batch,
  steps: readonly Step[],
  sameOf: (step: Step) => string,
): SharedStep[] {
  const inTime = [...steps].sort(
    (a, b) => Number(a.timestampNs - b.timestampNs) || a.direction.row - b.direction.row,
  );
  const senderNetwork = ({ direction }: Step): string => networkOf(flows, senderOf(direction), direction.row);
  const receiver = ({ direction }: Step): string => flows.address(receiverOf(direction), direction.row);
  const flowOf = ({ direction }: Step): number => direction.row;
  const fromOne = groupBy(inTime, (step) => `${senderNetwork(step)} ${sameOf(step)}`)
    .flatMap(together)
    .filter((run) => distinct(run, flowOf) >= 2);
  const taken = new Set(fromOne.flat());
  const rest = inTime.filter((step) => !taken.has(step));
  const toOne = groupBy(rest, (step) => `${receiver(step)} ${sameOf(step)}`)
    .flatMap(together)
    .filter((run) => distinct(run, flowOf) >= 3 && distinct(run, senderNetwork) >= 2);
  return [
    ...fromOne.map((run) => ({ steps: run, end: 'sender' as const })),
    ...toOne.map((run) => ({ steps: run, end: 'receiver' as const })),
  ];
}

/** The one with most flows first; at equal size the earlier one. */
export function largestFirst(shared: readonly SharedStep[]): SharedStep[] {
  return [...shared].sort(
    (a, b) =>
      b.steps.length - a.steps.length ||
      Number((a.steps[0]?.timestampNs ?? 0n) - (b.steps[0]?.timestampNs ?? 0n)),
  );
}
