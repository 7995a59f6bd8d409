/** Clopper–Pearson: the exact interval of a binomial share, never narrower than it says. */
import { incompleteBeta } from './beta.ts';

export function clopperPearson(events: number, trials: number, level = 0.95): readonly [number, number] {
  const tail = (1 - level) / 2;
  const lower = events === 0 ? 0 : betaQuantile(tail, events, trials - events + 1);
  const upper = events === trials ? 1 : betaQuantile(1 - tail, events + 1, trials - events);
  return [lower, upper];
}

function betaQuantile(p: number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  for (;;) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return middle;
    if (incompleteBeta(middle, a, b) < p) low = middle;
    else high = middle;
  }
}
