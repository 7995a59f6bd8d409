/**
 * The error of an estimate when its size is itself uncertain: a mixture of scaled t distributions around 0.
 *
 *   P(error ≤ x) = Σ w_k · T_{ν_k}(x / s_k)
 */
import { studentTQuantile, studentTUpperTail } from './student-t.ts';

export interface ErrorComponent {
  /** Sum to 1 over a mixture. */
  readonly weight: number;
  /** ≥ 0. */
  readonly scale: number;
  readonly degreesOfFreedom: number;
}

export type ErrorMixture = readonly ErrorComponent[];

/** One scaled t. */
export function scaledT(scale: number, degreesOfFreedom: number): ErrorMixture {
  return [{ weight: 1, scale, degreesOfFreedom }];
}

/** P(error > x). A component of scale 0 is a point at 0. */
export function upperTail(mixture: ErrorMixture, x: number): number {
  let sum = 0;
  for (const { weight, scale, degreesOfFreedom } of mixture) {
    const tail = scale > 0 ? studentTUpperTail(x / scale, degreesOfFreedom) : x > 0 ? 0 : 1;
    sum += weight * tail;
  }
  return sum;
}

/** The x ≥ 0 with P(error > x) = tail, for 0 < tail < .5. */
export function upperQuantile(mixture: ErrorMixture, tail: number): number {
  const only = mixture.length === 1 ? mixture[0]! : null;
  if (only !== null) return only.scale * studentTQuantile(1 - tail, only.degreesOfFreedom);
  const scales = mixture.map(({ scale }) => scale);
  const degrees = mixture.map(({ degreesOfFreedom }) => degreesOfFreedom);
  let low = Math.min(...scales) * studentTQuantile(1 - tail, Math.max(...degrees));
  let high = Math.max(...scales) * studentTQuantile(1 - tail, Math.min(...degrees));
  // Secant rule of Illinois on the logarithm of the tail, which bends little.
  const target = Math.log(tail);
  const excess = (x: number): number => Math.log(upperTail(mixture, x)) - target;
  let atLow = excess(low);
  let atHigh = excess(high);
  if (!(atLow > 0)) return low;
  if (!(atHigh < 0)) return high;
  let side = 0;
  for (let round = 0; round < 200 && high - low > 1e-13 * high; round++) {
    const at = low + ((high - low) * atLow) / (atLow - atHigh);
    const x = at > low && at < high ? at : low + (high - low) / 2;
    const value = excess(x);
    if (value === 0) return x;
    if (value > 0) {
      low = x;
      atLow = value;
      if (side === 1) atHigh /= 2;
      side = 1;
    } else {
      high = x;
      atHigh = value;
      if (side === -1) atLow /= 2;
      side = -1;
    }
  }
  return low + (high - low) / 2;
}
