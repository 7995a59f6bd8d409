/**
 * From the whole capture to the shortest window, cohort and clients that show the effect: a bisection of who and when.
 *
 * Every step tries each way of cutting what is left (cohorts, access types, servers, IP versions, one stretch of minutes) and takes
 * the cut that parts slow from not slow best. This is exploration: what is found was looked for. So it looks only at every
 * second client; the others, held out, confirm what was found, with p multiplied by the windows tried, since minutes cannot be
 * held out: all clients share them.
 */
import { planBlocks } from '../comparison/blocks.ts';
import { estimateFamily } from '../comparison/estimate.ts';
import { excessSeries, rttCells } from '../comparison/metric-cells.ts';
import type { PlayerCell, PlayerMinutes } from '../comparison/player-minutes.ts';
import { marginOf, PROFILES, type ProfileName } from '../comparison/profiles.ts';
import { roundNs, roundRatio } from '../comparison/rounding.ts';
import { arrangeArms, type CohortPeriod } from '../comparison/sample.ts';
import { judge } from '../comparison/verdict.ts';
import { medianOf } from '../statistics/quantile.ts';
import { formatInstant } from '../units.ts';
import { steepestStretch } from './stretch.ts';

export interface NarrowInput {
  readonly baseline: PlayerMinutes;
  readonly evening: PlayerMinutes;
  readonly profile: ProfileName;
  readonly seed: number;
  readonly replicates: number;
  /** Ways to group clients, by name; null where the address belongs to none. */
  readonly groupings: readonly {
    readonly dimension: string;
    readonly of: (address: string) => string | null;
  }[];
}

export interface NarrowStep {
  /** `cohort = isp-b`, `minutes = 12 … 55`. */
  readonly cut: string;
  readonly dimension: string;
  readonly value: string;
  readonly clients: number;
  readonly minutes: number;
  /** Median shift of player-minute RTT against each client's own baseline, inside the cut and outside of it; of a group, in its worst minutes. */
  readonly inside_ns: number;
  readonly outside_ns: number | null;
  /** Cuts tried at this step. */
  readonly tried: number;
}

export interface NarrowedClient {
  readonly client: string;
  readonly address: string;
  readonly shift_ns: number;
  readonly player_minutes: number;
  readonly held_out: boolean;
}

export interface Narrowing {
  readonly schema: 'lagdiff/narrow@1';
  readonly verdict: 'CONFIRMED' | 'NOT_CONFIRMED' | 'INSUFFICIENT' | 'NOTHING_FOUND';
  readonly sentence: string;
  /** What was left to look at before the first cut. */
  readonly whole: { readonly clients: number; readonly minutes: number; readonly shift_ns: number | null };
  readonly steps: readonly NarrowStep[];
  readonly window: {
    readonly first: string | null;
    /** End of the last minute. */
    readonly last: string | null;
    readonly minutes: number;
    /** Whole minutes since the epoch, the end outside. */
    readonly first_minute: number;
    readonly end_minute: number;
  } | null;
  readonly groups: Readonly<Record<string, string>>;
  readonly confirmation: {
    readonly clients: number;
    readonly difference_ns: number | null;
    readonly ci95: readonly [number, number] | null;
    readonly margin_ns: number;
    readonly p_value: number | null;
    /** p_value times the windows tried, at most 1. */
    readonly p_adjusted: number | null;
    readonly windows_tried: number;
    readonly reason: string | null;
  };
  /** The slowest first; both halves. */
  readonly clients: readonly NarrowedClient[];
  readonly cuts_tried: number;
  readonly seed: number;
  readonly limitations: readonly string[];
}

interface Shifted {
  readonly client: number;
  readonly minute: number;
  readonly shift: number;
}

interface Cut {
  readonly dimension: string;
  readonly value: string;
  readonly keeps: (cell: Shifted) => boolean;
  /** Minutes in which inside and outside are held against each other; a group may be slow for a third of the evening only. */
  readonly during: (cell: Shifted) => boolean;
}

const FEWEST_CLIENTS = 3;
const FEWEST_MINUTES = 10;
const MOST_STEPS = 6;
/** A cut must leave at most this share of the effect outside. */
const OUTSIDE_SHARE = 0.5;
const LISTED_CLIENTS = 20;

export function narrow(input: NarrowInput): Narrowing {
  const { baseline, evening } = input;
  const cells = shiftedCells(baseline, evening);
  const common = [...new Set(cells.map(({ client }) => client))].sort((a, b) => a - b);
  const explored = new Set(common.filter((_, i) => i % 2 === 0));
  const deltaNs = marginOf(
    'rtt_p50_ns',
    PROFILES[input.profile],
    medianOf(baseline.cells.flatMap((cell) => cell.rttP50Ns ?? [])),
  ).value;

  let left = cells.filter(({ client }) => explored.has(client));
  const whole = {
    clients: common.length,
    minutes: evening.minutes,
    shift_ns: roundOrNull(shiftOf(cells)),
  };
  const steps: NarrowStep[] = [];
  const kept: Cut[] = [];
  let windowsTried = 0;
  let cutsTried = 0;
  let window = { from: 0, to: evening.minutes };
  while (steps.length < MOST_STEPS && left.length > 0) {
    const cuts = [
      ...groupCuts(input, left, window, deltaNs, kept),
      ...windowCut(left, window, deltaNs, kept),
    ];
    cutsTried += cuts.length;
    // Every cut by group looked at that group's own stretch.
    windowsTried += cuts.length;
    const best = bestCut(cuts, left, deltaNs);
    if (best === null) break;
    left = left.filter(best.cut.keeps);
    kept.push(best.cut);
    if (best.cut.dimension === 'minutes') window = windowOf(best.cut.value);
    steps.push({
      cut: `${best.cut.dimension} = ${best.cut.value}`,
      dimension: best.cut.dimension,
      value: best.cut.value,
      clients: distinct(left),
      minutes: window.to - window.from,
      inside_ns: roundNs(best.inside),
      outside_ns: roundOrNull(best.outside),
      tried: cuts.length,
    });
  }
  const found = cells.filter((cell) => kept.every(({ keeps }) => keeps(cell)));
  const shift = shiftOf(left);
  const shows = shift !== null && shift > deltaNs;
  const confirmation = confirm(input, found, explored, window, Math.max(1, windowsTried), deltaNs);
  const verdict: Narrowing['verdict'] = !shows
    ? 'NOTHING_FOUND'
    : confirmation.p_adjusted === null
      ? 'INSUFFICIENT'
      : confirmation.p_adjusted < 0.05
        ? 'CONFIRMED'
        : 'NOT_CONFIRMED';
  const groups = Object.fromEntries(
    kept.filter(({ dimension }) => dimension !== 'minutes').map(({ dimension, value }) => [dimension, value]),
  );
  const at = (minute: number): string | null =>
    formatInstant(BigInt(evening.firstMinute + minute) * 60_000_000_000n);
  return {
    schema: 'lagdiff/narrow@1',
    verdict,
    sentence: sentenceOf(verdict, groups, shift, deltaNs, window, at, confirmation),
    whole,
    steps,
    window: shows
      ? {
          first: at(window.from),
          last: at(window.to),
          minutes: window.to - window.from,
          first_minute: evening.firstMinute + window.from,
          end_minute: evening.firstMinute + window.to,
        }
      : null,
    groups,
    confirmation,
    clients: shows ? clientsOf(found, explored, evening) : [],
    cuts_tried: cutsTried,
    seed: input.seed,
    limitations: [
      'Exploratory: the place was chosen because it stands out, so its size is likely too large; only the held-out clients speak without that choice.',
      'Held out are clients, not minutes: a swing that all clients share is not averaged away by holding some of them out.',
      'Shifts are against the median of each client in the baseline; clients of one period only take no part.',
    ],
  };
}

/** Evening cells of clients that the baseline has too, less that client's own baseline median. */
function shiftedCells(baseline: PlayerMinutes, evening: PlayerMinutes): Shifted[] {
  const usual = new Map<string, number>();
  const byClient = new Map<string, number[]>();
  for (const { client, rttP50Ns } of baseline.cells) {
    if (rttP50Ns === null) continue;
    const { id } = baseline.clients[client]!;
    const values = byClient.get(id);
    if (values === undefined) byClient.set(id, [rttP50Ns]);
    else values.push(rttP50Ns);
  }
  for (const [id, values] of byClient) usual.set(id, medianOf(values)!);
  return evening.cells.flatMap(({ client, minute, rttP50Ns }) => {
    const before = usual.get(evening.clients[client]!.id);
    return rttP50Ns === null || before === undefined ? [] : [{ client, minute, shift: rttP50Ns - before }];
  });
}

const shiftOf = (cells: readonly Shifted[]): number | null => medianOf(cells.map(({ shift }) => shift));
const distinct = (cells: readonly Shifted[]): number => new Set(cells.map(({ client }) => client)).size;
const roundOrNull = (value: number | null): number | null => (value === null ? null : roundNs(value));

interface Window {
  readonly from: number;
  /** Outside. */
  readonly to: number;
}

function groupCuts(
  input: NarrowInput,
  left: readonly Shifted[],
  window: Window,
  deltaNs: number,
  kept: readonly Cut[],
): Cut[] {
  return input.groupings
    .filter(({ dimension }) => kept.every((cut) => cut.dimension !== dimension))
    .flatMap(({ dimension, of }) => {
      const groupOf = (cell: Shifted): string | null => of(input.evening.clients[cell.client]!.address);
      const values = new Set(left.map(groupOf).filter((value) => value !== null));
      return [...values].sort().map((value): Cut => {
        const keeps = (cell: Shifted): boolean => groupOf(cell) === value;
        const stretch = stretchOf(left.filter(keeps), window, deltaNs);
        return {
          dimension,
          value,
          keeps,
          during:
            stretch === null ? () => true : ({ minute }) => minute >= stretch.from && minute < stretch.to,
        };
      });
    });
}

/** The minutes in which these clients are furthest above half of their worst level; null where they stand out nowhere. */
function stretchOf(cells: readonly Shifted[], window: Window, deltaNs: number): Window | null {
  const byMinute: number[][] = Array.from({ length: window.to - window.from }, () => []);
  for (const { minute, shift } of cells) byMinute[minute - window.from]?.push(shift);
  const series = byMinute.map(medianOf);
  const present = Float64Array.from(series.filter((value) => value !== null)).sort();
  if (present.length < 2 * FEWEST_MINUTES) return null;
  const worst = present[Math.floor(0.95 * (present.length - 1))]!;
  const stretch = steepestStretch(series, Math.max(deltaNs, worst / 2), FEWEST_MINUTES);
  return stretch === null ? null : { from: window.from + stretch.from, to: window.from + stretch.to };
}

function windowCut(left: readonly Shifted[], window: Window, deltaNs: number, kept: readonly Cut[]): Cut[] {
  if (kept.some(({ dimension }) => dimension === 'minutes')) return [];
  const stretch = stretchOf(left, window, deltaNs);
  if (stretch === null || stretch.to - stretch.from > 0.8 * (window.to - window.from)) return [];
  const { from, to } = stretch;
  return [
    {
      dimension: 'minutes',
      value: `${from} … ${to}`,
      keeps: ({ minute }) => minute >= from && minute < to,
      during: () => true,
    },
  ];
}

function windowOf(value: string): { from: number; to: number } {
  const [from, to] = value.split(' … ').map(Number) as [number, number];
  return { from, to };
}

function bestCut(
  cuts: readonly Cut[],
  left: readonly Shifted[],
  deltaNs: number,
): { cut: Cut; inside: number; outside: number | null } | null {
  let best: { cut: Cut; inside: number; outside: number } | null = null;
  for (const cut of cuts) {
    const held = left.filter(cut.during);
    const kept = held.filter(cut.keeps);
    const rest = held.filter((cell) => !cut.keeps(cell));
    const inside = shiftOf(kept);
    const outside = shiftOf(rest);
    if (inside === null || outside === null || distinct(kept) < FEWEST_CLIENTS) continue;
    if (cut.dimension !== 'minutes' && distinct(rest) < FEWEST_CLIENTS) continue;
    if (inside <= deltaNs || outside > OUTSIDE_SHARE * inside) continue;
    // First of equals: cuts come in a fixed order.
    if (best === null || inside - outside > best.inside - best.outside) best = { cut, inside, outside };
  }
  return best;
}

/** The held-out clients of the found place against their whole baseline, by the method of `diff`. */
function confirm(
  input: NarrowInput,
  found: readonly Shifted[],
  explored: ReadonlySet<number>,
  window: Window,
  windowsTried: number,
  marginNs: number,
): Narrowing['confirmation'] {
  const { baseline, evening } = input;
  const heldOut = new Set(
    found.filter(({ client }) => !explored.has(client)).map(({ client }) => evening.clients[client]!.id),
  );
  const periodOf = (period: PlayerMinutes, from: number, to: number): CohortPeriod => ({
    minutes: to - from,
    ids: period.clients.map(({ id }) => id),
    connects: [],
    cells: period.cells.flatMap((cell): PlayerCell[] =>
      cell.minute >= from && cell.minute < to && heldOut.has(period.clients[cell.client]!.id)
        ? [{ ...cell, minute: cell.minute - from }]
        : [],
    ),
  });
  const before = periodOf(baseline, 0, baseline.minutes);
  const after = periodOf(evening, window.from, window.to);
  const blocks = planBlocks(excessSeries(before), excessSeries(after), before.minutes, after.minutes);
  const { primary } = arrangeArms(before, after, (period) => rttCells(period, Infinity), blocks);
  const family = estimateFamily(
    primary,
    [{ kind: 'quantiles', quantiles: [0.5], value: (cell) => cell.rtt }],
    { blocks, replicates: input.replicates, seed: input.seed, stream: 'narrowing' },
  );
  const { difference, error } = family.estimates[0]!;
  const shared = {
    clients: heldOut.size,
    difference_ns: roundOrNull(difference),
    margin_ns: marginNs,
    windows_tried: windowsTried,
  };
  if (difference === null || error === null) {
    const reason = family.gates.join('; ') || 'the held-out clients have nothing to compare';
    return { ...shared, ci95: null, p_value: null, p_adjusted: null, reason };
  }
  const { ci95, pValue } = judge({ difference, error, margin: marginNs, round: roundNs });
  return {
    ...shared,
    ci95,
    p_value: roundRatio(pValue),
    p_adjusted: roundRatio(Math.min(1, windowsTried * pValue)),
    reason: null,
  };
}

function clientsOf(
  found: readonly Shifted[],
  explored: ReadonlySet<number>,
  evening: PlayerMinutes,
): NarrowedClient[] {
  const byClient = new Map<number, number[]>();
  for (const { client, shift } of found) byClient.set(client, [...(byClient.get(client) ?? []), shift]);
  return [...byClient]
    .map(([client, shifts]) => ({
      client: evening.clients[client]!.id,
      address: evening.clients[client]!.address,
      shift_ns: roundNs(medianOf(shifts)!),
      player_minutes: shifts.length,
      held_out: !explored.has(client),
    }))
    .sort((a, b) => b.shift_ns - a.shift_ns || (a.client < b.client ? -1 : 1))
    .slice(0, LISTED_CLIENTS);
}

const ms = (ns: number): string => `${(ns / 1e6).toFixed(1)} ms`;

function sentenceOf(
  verdict: Narrowing['verdict'],
  groups: Narrowing['groups'],
  shift: number | null,
  deltaNs: number,
  window: Window,
  at: (minute: number) => string | null,
  { clients, difference_ns, ci95, p_adjusted, reason }: Narrowing['confirmation'],
): string {
  const who = Object.entries(groups).map(([dimension, value]) => `${dimension} ${value}`);
  const place = `${who.length === 0 ? 'all clients' : who.join(', ')}, ${at(window.from) ?? 'unknown'} to ${at(window.to) ?? 'unknown'} (${window.to - window.from} min)`;
  if (verdict === 'NOTHING_FOUND')
    return `NOTHING FOUND: the largest shift left is ${shift === null ? 'not measured' : ms(shift)}, within the margin of ${ms(deltaNs)}.`;
  const found = `${place}: ${ms(shift!)} above the clients' own baseline`;
  if (verdict === 'INSUFFICIENT')
    return `FOUND, NOT TESTED: ${found}. The ${clients} held-out clients cannot confirm it: ${reason}.`;
  const tested = `on ${clients} held-out clients ${ms(difference_ns!)} (95 % interval ${ms(ci95![0])} to ${ms(ci95![1])}), p ${p_adjusted! < 0.001 ? '< 0.001' : `= ${p_adjusted!.toFixed(3)}`} for more than the margin of ${ms(deltaNs)}`;
  return verdict === 'CONFIRMED' ? `CONFIRMED: ${found}; ${tested}.` : `NOT CONFIRMED: ${found}; ${tested}.`;
}
