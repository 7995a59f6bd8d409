/**
 * What a host takes by itself, between a segment's arrival at its own capture and the acknowledgment leaving there: no path, no
 * other clock. Only acknowledgments that may not wait are timed (`answers.rs`), so neither the delayed-acknowledgment timer nor an
 * application that thinks is in it. A stack that stretches acknowledgments lets some of them wait; so a stretch of time is late
 * only where half of them are. And it must be prompt at other times: a capture that stands behind the host's own shaper, or some
 * way off from it, shows the same delay always, and that is no host's trouble.
 */

import { quantileType7 } from '../statistics/quantile.ts';
import type { Samples } from './samples.ts';
import type { HostDelayFigures } from './types.ts';

/** No stack that runs takes so long. */
export const LATE_ANSWER_NS = 10_000_000;
const STRETCH_NS = 10e9;
const MIN_IN_STRETCH = 8;
/** Late ones, and prompt ones to compare them with; and how much faster those must be. */
const MIN_LATE = 20;
const PROMPT_SHARE = 0.25;
const EXEMPLARS = 10;

export interface HostDelay {
  readonly figures: HostDelayFigures;
  /** Of stretches that are long enough to be judged. */
  readonly lateStretches: number;
  readonly stretches: number;
  /** Frames of the host's capture: segment and acknowledgment, the slowest of the late stretches. */
  readonly exemplars: readonly (readonly [segment: number, acknowledgment: number])[];
}

export function hostDelayOf(answers: Samples): HostDelay {
  const byStretch = new Map<number, number[]>();
  for (let at = 0; at < answers.length; at++) {
    const stretch = Math.floor(answers.timeNs[at]! / STRETCH_NS);
    const list = byStretch.get(stretch);
    if (list === undefined) byStretch.set(stretch, [at]);
    else list.push(at);
  }
  const quantile = (list: readonly number[], share: number): number | null =>
    quantileType7(Float64Array.from(list, (at) => answers.delayNs[at]!).sort(), share);
  const judged = [...byStretch.values()].filter((list) => list.length >= MIN_IN_STRETCH);
  const late = judged.filter((list) => quantile(list, 0.5)! > LATE_ANSWER_NS);
  const slow = late.flat();
  const others = judged.filter((list) => !late.includes(list)).flat();
  const isLate =
    slow.length >= MIN_LATE &&
    others.length >= MIN_LATE &&
    quantile(others, 0.5)! < PROMPT_SHARE * quantile(slow, 0.5)!;
  const all = Array.from({ length: answers.length }, (_, at) => at);
  const whole = (value: number | null): number | null => (value === null ? null : Math.round(value));
  return {
    figures: {
      samples: answers.offered,
      p50_ns: whole(quantile(all, 0.5)),
      p95_ns: whole(quantile(all, 0.95)),
      late_samples: isLate ? slow.length : 0,
      late_p50_ns: isLate ? whole(quantile(slow, 0.5)) : null,
      otherwise_p50_ns: isLate ? whole(quantile(others, 0.5)) : null,
    },
    lateStretches: isLate ? late.length : 0,
    stretches: judged.length,
    exemplars: isLate
      ? slow
          .sort((a, b) => answers.delayNs[b]! - answers.delayNs[a]! || a - b)
          .slice(0, EXEMPLARS)
          .map((at) => [answers.clientFrame[at]!, answers.serverFrame[at]!] as const)
      : [],
  };
}
