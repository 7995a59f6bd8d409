/**
 * What two clocks can be, given that nothing arrives before it was sent: every constant-rate relation that no packet
 * contradicts, found by trying rates one after the other.
 */

import type { Match, PairMatches } from './match.ts';

export interface ClockBounds {
  /** Client's clock at the earliest match, ns since the epoch: the instant the offset speaks of. */
  readonly atNs: bigint;
  /** Server minus client, ns: the widest interval over all rates, and the interval if the rates were equal. */
  readonly lowNs: number;
  readonly highNs: number;
  readonly equalRates: { readonly lowNs: number; readonly highNs: number } | null;
  /** Rates that no packet contradicts, ppm; null when none of those tried fits (a step, or wrong matches). */
  readonly skewPpm: { readonly low: number; readonly high: number } | null;
}

const TRIED_PPM = 300;
const STEP_PPM = 0.1;

/** Null where a direction has no match: then only one side is bounded. */
export function clockBounds({
  client_to_server: up,
  server_to_client: down,
}: PairMatches): ClockBounds | null {
  if (up.matches.length === 0 || down.matches.length === 0) return null;
  const all = [...up.matches, ...down.matches];
  const atNs = all.reduce((least, { clientNs }) => (clientNs < least ? clientNs : least), all[0]!.clientNs);
  // Parts of segments arrive with the whole of a joined one: late, never early, so they bound as well.
  const line = ({ clientNs, serverNs }: Match) => ({
    t: Number(clientNs - atNs),
    apart: Number(serverNs - clientNs),
  });
  const above = up.matches.map(line);
  const below = down.matches.map(line);
  const at = (ppm: number) => {
    let high = Infinity;
    let low = -Infinity;
    for (const { t, apart } of above) high = Math.min(high, apart - (ppm * t) / 1e6);
    for (const { t, apart } of below) low = Math.max(low, apart - (ppm * t) / 1e6);
    return { lowNs: low, highNs: high };
  };
  let lowNs = Infinity;
  let highNs = -Infinity;
  const fitting: number[] = [];
  for (let i = -TRIED_PPM / STEP_PPM; i <= TRIED_PPM / STEP_PPM; i++) {
    const interval = at(i * STEP_PPM);
    if (interval.lowNs > interval.highNs) continue;
    fitting.push(i * STEP_PPM);
    lowNs = Math.min(lowNs, interval.lowNs);
    highNs = Math.max(highNs, interval.highNs);
  }
  const equal = at(0);
  return {
    atNs,
    lowNs,
    highNs,
    equalRates: equal.lowNs <= equal.highNs ? equal : null,
    skewPpm: fitting.length === 0 ? null : { low: fitting[0]!, high: fitting.at(-1)! },
  };
}
