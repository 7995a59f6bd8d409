/** What `pair` says in sentences, and what weakens the answer. */

import type { DiagnosticRecord } from '../diagnostics/types.ts';
import type { JudgeInput, PairFacts } from './facts.ts';
import { milliseconds, percent } from './format.ts';
import { captureMissRatio } from './blame.ts';
import type { Blame, PairDocument } from './types.ts';

const HOUR_NS = 3600e9;
/** Clocks that differ by more than this are set to different zones, or not at all. */
const HOURS_APART_NS = 0.5 * HOUR_NS;
/** Shorter overlaps give counts, and hardly a distribution. */
const SHORT_NS = 10e9;

/** What was done to find the same packets, step by step, with its outcome. */
export function tried({ report, jumpsTakenOff }: JudgeInput): string[] {
  const udp =
    report.trimBytes === null
      ? 'payload and length of UDP'
      : `length and the first ${report.trimBytes} payload bytes of UDP (no more was captured of some)`;
  const lines = [
    `contents were compared by ${udp}, sequence and acknowledgment numbers of TCP, sequence of ICMP echo; never by address, port, TTL, checksum or IP id`,
    report.common === 0
      ? 'no content that one capture holds once is in the other one, at any distance of their clocks'
      : `${report.common} sampled contents are in both captures; ${report.agreeing} of them agree on one offset of the clocks`,
  ];
  if (report.common > 0)
    lines.push(
      `${report.joined.length} flows were joined by votes (8 or more, 90 % of all, twice the second best; small flows: every vote, at least half of the packets), of ${report.flows[0]} at the client and ${report.flows[1]} at the server`,
    );
  if (jumpsTakenOff > 0)
    lines.push(
      `packets were matched a second time, with ${jumpsTakenOff} jump${jumpsTakenOff === 1 ? '' : 's'} of the clocks taken off that the first time showed`,
    );
  return lines;
}

/** The first sentence of the answer. */
export function wordsOf(facts: PairFacts, blame: Blame): string {
  const { matchRatio, clock, rttMin, flows } = facts;
  const share = matchRatio === null ? 'no packet' : percent(matchRatio);
  const joined = `${flows.length} flow${flows.length === 1 ? '' : 's'} paired, ${share} of their packets found at both ends`;
  const offset =
    clock.offset_low_ns === null || clock.offset_high_ns === null
      ? 'the clocks’ offset is not known'
      : `server clock minus client clock between ${milliseconds(clock.offset_low_ns)} and ${milliseconds(clock.offset_high_ns)}`;
  const rtt = rttMin === null ? '' : `; smallest round trip ${milliseconds(rttMin)}`;
  return `${blame.sentence} ${joined}; ${offset}${rtt}.`;
}

/** Why the clocks' offset is not known, where it is not. */
export function whyNoOffset({ client_to_server: up, server_to_client: down }: PairDocument): string {
  return up.matched > 0 && down.matched > 0
    ? 'the smallest delays of both directions contradict each other'
    : 'one direction has no packets at both ends';
}

function record(
  id: string,
  severity: DiagnosticRecord['severity'],
  count: number,
  message: string,
): DiagnosticRecord {
  return { id, severity, count, message, first: null };
}

export function pairDiagnostics(facts: PairFacts): DiagnosticRecord[] {
  const { clock, totals, window, input, matchRatio, directions } = facts;
  const found: DiagnosticRecord[] = [];
  const offset = clock.offset_ns ?? Number(input.report.offsetNs);
  if (Math.abs(offset) >= HOURS_APART_NS) {
    const hours = offset / HOUR_NS;
    found.push(
      record(
        'pair/hours-apart',
        'notice',
        1,
        `the clocks are ${hours.toFixed(2)} hours apart, as when one capture was written with local time: contents were matched across that distance; delays stay relative`,
      ),
    );
  }
  if (looksSwapped(facts))
    found.push(
      record(
        'pair/ends-swapped',
        'notice',
        1,
        'connections are opened from the end that was named server: the ends look swapped; client and server stand here as they were named',
      ),
    );
  for (const [way, direction] of directions.entries()) {
    if (direction.matched > 0) continue;
    found.push(
      record(
        'pair/one-way',
        'data-loss',
        1,
        `no packet ${way === 0 ? 'from client to server' : 'from server to client'} is in both captures: offset and skew cannot be told, and queueing only with the clocks' drift in it`,
      ),
    );
  }
  if (window === null || window.duration_ns < SHORT_NS)
    found.push(
      record(
        'pair/short-overlap',
        'notice',
        1,
        `the captures share ${window === null ? 'no time' : `${(window.duration_ns / 1e9).toFixed(1)} s`}: counts hold, quantiles and skew rest on little`,
      ),
    );
  if (matchRatio !== null && matchRatio < 0.9)
    found.push(
      record(
        'pair/low-match',
        'data-loss',
        1,
        `only ${percent(matchRatio)} of the packets of shared flows are in both captures: delays are withheld`,
      ),
    );
  for (const [way, direction] of directions.entries()) {
    const missed = captureMissRatio(directions[way === 0 ? 1 : 0]);
    if (direction.lost === 0 || missed <= 0.5 * (direction.loss_ratio ?? 0)) continue;
    found.push(
      record(
        'pair/loss-inconclusive',
        'data-loss',
        direction.lost,
        `the capture at the ${way === 0 ? 'server' : 'client'} misses ${percent(missed)} of what its own host sends, which explains half or more of the ${percent(direction.loss_ratio ?? 0)} that seem lost on the way to it`,
      ),
    );
  }
  const unkeyable = input.report.unkeyable[0] + input.report.unkeyable[1];
  if (unkeyable > 0)
    found.push(
      record(
        'pair/unkeyable',
        'data-loss',
        unkeyable,
        'packets of which too little was captured to tell them from others: they are in no figure',
      ),
    );
  const copies = totals.ways[0].captureCopies + totals.ways[1].captureCopies;
  if (copies > 0)
    found.push(
      record(
        'pair/capture-copies',
        'notice',
        copies,
        'packets that the sender’s capture holds twice (two interfaces, a bridge): counted once',
      ),
    );
  const renamed = input.report.joined.reduce((sum, { otherNames }) => sum + otherNames, 0);
  if (renamed > 0)
    found.push(
      record(
        'pair/flow-renamed',
        'notice',
        renamed,
        'times a flow went on under another address or port at one end (a translator made its mapping anew): counted as one flow, listed under its most frequent name',
      ),
    );
  const guessed = input.report.joined.filter(({ isWayKnown }) => !isWayKnown).length;
  if (guessed > 0)
    found.push(
      record(
        'pair/way-supposed',
        'notice',
        guessed,
        'flows whose direction neither times nor TTLs show: the side with the higher port was taken for the client',
      ),
    );
  if (clock.offset_ns === null && directions.every(({ matched }) => matched > 0))
    found.push(
      record(
        'pair/clock-contradiction',
        'error',
        1,
        'the smallest delays of both directions sum up to less than nothing: a clock moved in a way that was not found, or contents of other packets were taken for the same; no offset is told',
      ),
    );
  if (clock.bounds.length > 0 && !boundsFit(facts))
    found.push(
      record(
        'pair/clock-bounds-contradict',
        'error',
        1,
        'the clock bounds given and the packets exclude each other: wrong time zone, wrong bound, or captures of other traffic; the bounds were left out',
      ),
    );
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}

function boundsFit({ clock, fit, input }: PairFacts): boolean {
  const ends = new Set(clock.bounds.map(({ end }) => end));
  if (ends.size < 2 || fit.lowNs === null || fit.highNs === null) return true;
  const least = (end: 'client' | 'server'): number =>
    Math.min(...clock.bounds.filter((bound) => bound.end === end).map(({ bound_ns }) => bound_ns));
  const limit = least('client') + least('server');
  const base = Number(input.report.offsetNs);
  return fit.lowNs + base <= limit && fit.highNs + base >= -limit;
}

/** More connections opened toward the client's end, or without any, flows whose lower port is at the client's end. */
export function looksSwapped({ totals, flows }: PairFacts): boolean {
  const [there, back] = [totals.ways[0].opens, totals.ways[1].opens];
  if (there + back > 0) return back > 2 * there;
  const ported = flows.filter(
    ({ client_view: view }) =>
      view.src_port !== null && view.dst_port !== null && view.src_port !== view.dst_port,
  );
  const lower = ported.filter(({ client_view: view }) => view.src_port! < 10_000 && view.dst_port! >= 10_000);
  return ported.length > 0 && lower.length * 2 > ported.length;
}
