/**
 * One period minute by minute: the median over clients, its change points, and the change log laid over them. A logged change
 * *coincides* with a step or does not; the shuffled log says how many would by chance.
 */
import type { PlayerMinutes } from '../comparison/player-minutes.ts';
import { medianOf } from '../statistics/quantile.ts';
import { createRandom } from '../statistics/random.ts';
import { formatInstant } from '../units.ts';
import { changePoints } from './change-points.ts';
import type { LoggedChange } from './change-log.ts';

const MINUTE_NS = 60_000_000_000n;
const MINUTE_MS = 60_000;
/** A step is dated to a minute; a change within this many of it coincides. */
const ALIGN_MINUTES = 2;
const SHUFFLES = 500;
const LEAST_STEP_NS = 5e6;

export interface TimelineMinute {
  readonly minute: string;
  readonly clients: number;
  readonly rtt_p50_ns: number | null;
}

export interface TimelineChange {
  readonly at: string;
  readonly before_ns: number;
  readonly after_ns: number;
  readonly difference_ns: number;
  readonly clients: number;
  readonly coincides: readonly {
    readonly what: string;
    readonly at: string;
    readonly lead_minutes: number;
  }[];
}

export interface Timeline {
  readonly schema: 'lagdiff/timeline@1';
  readonly first: string | null;
  readonly clients: number;
  readonly method: string;
  readonly minutes: readonly TimelineMinute[];
  readonly changes: readonly TimelineChange[];
  readonly log: {
    readonly entries: number;
    readonly coinciding: number;
    /** Mean number that coincide when the same entries fall on random minutes; share of shuffles with at least as many as found. */
    readonly by_chance: number | null;
    readonly share_by_chance: number | null;
  };
  readonly seed: number;
  readonly limitations: readonly string[];
}

export function timelineFrom(period: PlayerMinutes, log: readonly LoggedChange[], seed: number): Timeline {
  const perMinute = Array.from({ length: period.minutes }, () => [] as number[]);
  for (const cell of period.cells) if (cell.rttP50Ns !== null) perMinute[cell.minute]!.push(cell.rttP50Ns);
  const instant = (minute: number): string =>
    formatInstant(BigInt(period.firstMinute + minute) * MINUTE_NS) ?? '';
  const minutes = perMinute.map((values, minute) => {
    const median = medianOf(values);
    return {
      minute: instant(minute),
      clients: values.length,
      rtt_p50_ns: median === null ? null : Math.round(median),
    };
  });
  // Distances differ by client: who came and went must not look like a step, so levels are compared above each one's least.
  const excess = excessByMinute(period);
  const present = excess.flatMap((value, minute) => (value === null ? [] : [{ value, minute }]));
  const found = changePoints(
    present.map(({ value }) => value),
    LEAST_STEP_NS,
  ).map((point) => ({ ...point, minute: present[point.index]!.minute }));
  const inside = log.filter(({ at }) => {
    const minute = at / MINUTE_MS - period.firstMinute;
    return minute >= 0 && minute < period.minutes;
  });
  const lead = (at: number, minute: number): number => minute - (at / MINUTE_MS - period.firstMinute);
  const coincides = (at: number): boolean =>
    found.some(({ minute }) => Math.abs(lead(at, minute)) <= ALIGN_MINUTES);
  const coinciding = inside.filter(({ at }) => coincides(at)).length;
  return {
    schema: 'lagdiff/timeline@1',
    first: period.minutes === 0 ? null : instant(0),
    clients: period.clients.length,
    method: `median over clients of player-minute RTT above each client's least; PELT on ranks, segments of at least 5 min, steps under ${LEAST_STEP_NS / 1e6} ms merged`,
    minutes,
    changes: found.map(({ minute, before, after }) => ({
      at: instant(minute),
      before_ns: Math.round(before),
      after_ns: Math.round(after),
      difference_ns: Math.round(after - before),
      clients: perMinute[minute]!.length,
      coincides: inside
        .filter(({ at }) => Math.abs(lead(at, minute)) <= ALIGN_MINUTES)
        .map(({ at, what }) => ({
          what,
          at: new Date(at).toISOString(),
          lead_minutes: Math.round(10 * lead(at, minute)) / 10,
        })),
    })),
    log: {
      entries: inside.length,
      coinciding,
      ...shuffled(inside.length, coinciding, period, coincides, seed),
    },
    seed,
    limitations: [
      'A step that coincides with a logged change is a hypothesis to test, not its cause.',
      'Steps are found by looking; that the evening is worse is for diff to say, with windows fixed beforehand.',
    ],
  };
}

function excessByMinute(period: PlayerMinutes): (number | null)[] {
  const least = new Map<number, number>();
  for (const { client, rttP50Ns } of period.cells)
    if (rttP50Ns !== null) least.set(client, Math.min(least.get(client) ?? Infinity, rttP50Ns));
  const perMinute = Array.from({ length: period.minutes }, () => [] as number[]);
  for (const { client, minute, rttP50Ns } of period.cells)
    if (rttP50Ns !== null) perMinute[minute]!.push(rttP50Ns - least.get(client)!);
  return perMinute.map(medianOf);
}

function shuffled(
  entries: number,
  coinciding: number,
  period: PlayerMinutes,
  coincides: (at: number) => boolean,
  seed: number,
): { by_chance: number | null; share_by_chance: number | null } {
  if (entries === 0) return { by_chance: null, share_by_chance: null };
  const random = createRandom(seed, 'shuffled change log');
  let total = 0;
  let asMany = 0;
  for (let shuffle = 0; shuffle < SHUFFLES; shuffle++) {
    let hits = 0;
    for (let i = 0; i < entries; i++)
      if (coincides((period.firstMinute + random.unit() * period.minutes) * MINUTE_MS)) hits++;
    total += hits;
    if (hits >= coinciding) asMany++;
  }
  return { by_chance: total / SHUFFLES, share_by_chance: asMany / SHUFFLES };
}

const ms = (ns: number): string => `${(ns / 1e6).toFixed(1)} ms`;

export function timelineText(timeline: Timeline): string {
  const known = timeline.minutes.filter(({ rtt_p50_ns }) => rtt_p50_ns !== null).length;
  const lines = [
    `${timeline.clients} clients, ${known} of ${timeline.minutes.length} minutes with RTT, from ${timeline.first ?? 'nowhere'}`,
  ];
  if (timeline.changes.length === 0) lines.push('no step of 5 ms or more');
  for (const change of timeline.changes) {
    const sign = change.difference_ns > 0 ? '+' : '';
    lines.push(
      `${change.at}  ${sign}${ms(change.difference_ns)} (delay above minimum ${ms(change.before_ns)} to ${ms(change.after_ns)}, ${change.clients} clients)`,
    );
    for (const { what, at, lead_minutes } of change.coincides)
      lines.push(
        `  coincides with: ${what.replace(/\p{Cc}/gu, ' ')} (${at}, the step is ${Math.abs(lead_minutes)} min ${lead_minutes < 0 ? 'before' : 'after'} it)`,
      );
  }
  const { entries, coinciding, by_chance, share_by_chance } = timeline.log;
  if (entries > 0)
    lines.push(
      `${coinciding} of ${entries} logged changes coincide with a step; at random minutes ${by_chance!.toFixed(2)} would, and as many or more in ${(100 * share_by_chance!).toFixed(1)} % of shuffles`,
    );
  return `${[...lines, ...timeline.limitations].join('\n')}\n`;
}
