/** What chance makes of two queues at one instant, counted in the same capture: what a step must stand out from. */

import { quantileType7 } from '../statistics/quantile.ts';
import type { Merged } from './merged.ts';

/** Below it a jump of one direction is usual. */
export const USUAL_QUANTILE = 0.95;
/** Smaller jumps are not looked for. */
export const MIN_SHIFT_NS = 700_000;
/** What both directions share in a jump, against what they do not. */
const COMMON_SHARE = 0.4;
const BLOCK_NS = 10e9;
const MIN_BLOCKS = 32;
/** Decoys so many blocks away speak of the queues as they are now. */
const LOCAL_BLOCKS = 30;
const LOCAL_FACTOR = 2.5;
const GLOBAL_QUANTILE = 0.99;
const GLOBAL_FACTOR = 1.75;

/** At each boundary the smaller of both jumps where they are opposite and alike (targets), or the same and alike (decoys). */
export function coincidences(
  { before }: Merged,
  [there, back]: readonly [Float64Array, Float64Array],
): { readonly targets: Float64Array; readonly decoys: Float64Array } {
  const count = before[0].length;
  const [targets, decoys] = [new Float64Array(count), new Float64Array(count)];
  for (let boundary = 0; boundary < count; boundary++) {
    const a = there[before[0][boundary]!] ?? NaN;
    const b = back[before[1][boundary]!] ?? NaN;
    if (Number.isNaN(a) || Number.isNaN(b)) continue;
    const [size, least] = [(Math.abs(a) + Math.abs(b)) / 2, Math.min(Math.abs(a), Math.abs(b))];
    if (size - least > COMMON_SHARE * size) continue;
    (a * b < 0 ? targets : decoys)[boundary] = least;
  }
  return { targets, decoys };
}

export interface Blocks {
  readonly count: number;
  /** Block of each boundary. */
  readonly of: Uint32Array;
}

export function blocksOf({ time }: Merged): Blocks {
  let [from, to] = [Infinity, -Infinity];
  for (const at of time) [from, to] = [Math.min(from, at), Math.max(to, at)];
  const width = Math.max((to - from) / 1e5, Math.min(BLOCK_NS, (to - from) / MIN_BLOCKS), 1);
  const of = Uint32Array.from(time, (at) => Math.floor((at - from) / width));
  return { count: Math.floor((to - from) / width) + 1, of };
}

interface Limits {
  /** By block: what a coincidence must reach to stand out; and the size of a step that surely reaches it. */
  readonly needed: Float64Array;
  readonly seen: Float64Array;
}

export function limitsOf(
  decoys: Float64Array,
  { count, of }: Blocks,
  jumps: readonly [Float64Array, Float64Array],
): Limits {
  const largest = new Float64Array(count);
  decoys.forEach((size, boundary) => {
    largest[of[boundary]!] = Math.max(largest[of[boundary]!]!, size);
  });
  const overall = GLOBAL_FACTOR * (quantileType7(Float64Array.from(largest).sort(), GLOBAL_QUANTILE) ?? 0);
  // What the queues of either direction do at an edge they may take away from a step, or do to one direction alone.
  const usual = jumps.map((values) => {
    const sizes = values.filter((value) => !Number.isNaN(value)).map(Math.abs);
    return quantileType7(sizes.sort(), USUAL_QUANTILE) ?? 0;
  });
  const [needed, seen] = [new Float64Array(count), new Float64Array(count)];
  for (let block = 0; block < count; block++) {
    // Its own edge may ring in the blocks next to it.
    let near = 0;
    for (let at = Math.max(0, block - LOCAL_BLOCKS); at <= Math.min(count - 1, block + LOCAL_BLOCKS); at++)
      if (Math.abs(at - block) > 1) near = Math.max(near, largest[at]!);
    needed[block] = Math.max(MIN_SHIFT_NS, overall, LOCAL_FACTOR * near);
    seen[block] = Math.max(needed[block]! + Math.max(...usual), (usual[0]! + usual[1]!) / 2 / COMMON_SHARE);
  }
  return { needed, seen };
}
