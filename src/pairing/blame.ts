/**
 * Whose network it is, as far as two capture points can say. Scored, not guessed: each segment has what speaks for it; a
 * verdict needs a clear lead, else it is UNDETERMINED.
 */

import { quantileType7 } from '../statistics/quantile.ts';
import type { PairFacts } from './facts.ts';
import type { Samples } from './samples.ts';
import type { Blame, Blamed, DirectionSummary } from './types.ts';
import { milliseconds, percent } from './format.ts';
import { LATE_ANSWER_NS } from './host-delay.ts';

/** Queueing below this is ordinary; DESIGN's margins for fast games start here. */
const QUEUE_LIMIT_NS = 5_000_000;
/** 3GPP TS 23.501 table 5.7.4-1, 5QI 3. */
const LOSS_LIMIT = 0.001;
const MIN_LOST = 5;
/** A direction is blamed when it shows so many times what the other shows. */
const LEAD = 3;
/** A server that sends its ticks this much later than usual stretches them by itself. */
const STRETCH_LIMIT_NS = 10_000_000;
const MIN_GAPS = 200;
/** Quartiles of fewer are a guess. */
const MIN_GAPS_OF_FLOW = 20;
/** One client's access is told from a shared path when so many others take the same path without trouble. */
const MIN_PATHS = 3;

interface Score {
  readonly segment: Blamed;
  readonly score: number;
  readonly why: string;
}

export function blameOf(facts: PairFacts): Blame {
  const { directions } = facts;
  if (directions.some(({ withheld }) => withheld.length > 0))
    return undetermined('too few packets were found at both ends', []);
  const scores: Score[] = [
    path(facts, 0),
    path(facts, 1),
    host(facts, 0),
    host(facts, 1),
    access(facts),
  ].sort((a, b) => (a.segment < b.segment ? -1 : 1));
  const ranked = [...scores].sort((a, b) => b.score - a.score || (a.segment < b.segment ? -1 : 1));
  const [first] = ranked;
  if (first === undefined || first.score < 1)
    return undetermined('nothing between the two captures is above its limit', scores);
  // The access is part of both paths: when it leads it explains them.
  const rivals = ranked.filter(
    ({ segment }) => segment !== first.segment && first.segment !== 'client access',
  );
  const rival = rivals[0];
  if (rival !== undefined && rival.score >= 1 && rival.score * 1.5 > first.score)
    return undetermined(
      `${first.segment} (${first.why}) and ${rival.segment} (${rival.why}) both stand out`,
      scores,
    );
  return {
    verdict: first.segment,
    sentence: `${first.segment}: ${first.why}.`,
    reasons: ranked.filter(({ score }) => score > 0).map(({ segment, why }) => `${segment}: ${why}`),
    scores: scores.map((entry) => ({ ...entry, score: Math.min(1, entry.score / 4) })),
  };
}

function undetermined(reason: string, scores: readonly Score[]): Blame {
  return {
    verdict: 'UNDETERMINED',
    sentence: `UNDETERMINED: ${reason}.`,
    reasons: [reason],
    scores: scores.map((entry) => ({ ...entry, score: Math.min(1, entry.score / 4) })),
  };
}

/** In multiples of the limits: 1 is at the limit. */
function path({ directions }: PairFacts, way: 0 | 1): Score {
  const own = directions[way];
  const other = directions[way === 0 ? 1 : 0];
  const segment = way === 0 ? 'path forward' : 'path return';
  const queue = own.queueing_p95_ns ?? 0;
  const otherQueue = other.queueing_p95_ns ?? 0;
  const queueScore =
    queue > LEAD * otherQueue || queue - otherQueue > 2 * QUEUE_LIMIT_NS ? queue / QUEUE_LIMIT_NS : 0;
  const missed = captureMissRatio(other);
  // Where the receiver's own capture misses half as much, the rest proves nothing.
  const isTold = own.lost >= MIN_LOST && missed <= 0.5 * (own.loss_ratio ?? 0);
  const loss = isTold ? (own.loss_ratio ?? 0) : 0;
  const otherLoss = other.loss_ratio ?? 0;
  const lossScore = loss > LEAD * otherLoss ? loss / LOSS_LIMIT : 0;
  const hole = own.black_hole_above_bytes === null ? 0 : 4;
  const score = Math.max(queueScore, Math.min(lossScore, 20), hole);
  const parts = [
    ...(queueScore >= 1
      ? [
          `95 % of packets queue up to ${milliseconds(queue)}, against ${milliseconds(otherQueue)} the other way`,
        ]
      : []),
    ...(lossScore >= 1 ? [`${percent(loss)} lost, against ${percent(otherLoss)} the other way`] : []),
    ...(hole > 0 ? [`nothing above ${own.black_hole_above_bytes} bytes arrives`] : []),
  ];
  return {
    segment,
    score,
    why: parts.join('; ') || 'no more queueing or loss than the other way, or below the limits',
  };
}

/**
 * Share of packets that a capture misses, by what it lacks of the packets that its own host sent.
 *
 * @param back the direction in which that host sends.
 */
export function captureMissRatio(back: DirectionSummary): number {
  const all = back.sent + back.capture_drops_at_sender;
  return all === 0 ? 0 : back.capture_drops_at_sender / all;
}

/**
 * Ticks that leave late are the host's, before any network. Each flow is held against its own rhythm: a host that serves
 * several games has several, and what it sends when something happens has none and says nothing.
 */
function host(facts: PairFacts, way: 0 | 1): Score {
  const [ticks, answers] = [ticksOf(facts, way), answersOf(facts, way)];
  if (answers.score === 0) return ticks;
  return answers.score >= ticks.score ? answers : { ...ticks, why: `${ticks.why}; ${answers.why}` };
}

/** Acknowledgments that may not wait, and do. */
function answersOf({ hosts }: PairFacts, way: 0 | 1): Score {
  const segment = way === 0 ? 'client host' : 'server host';
  const { figures, lateStretches, stretches } = hosts[way];
  const late = figures.late_p50_ns;
  if (late === null)
    return { segment, score: 0, why: 'what it must acknowledge at once it does, or none was seen' };
  return {
    segment,
    score: late / LATE_ANSWER_NS,
    why: `segments that it must acknowledge at once wait ${milliseconds(late)} at the median in ${lateStretches} of ${stretches} stretches of 10 s, against ${milliseconds(figures.otherwise_p50_ns ?? 0)} in the others, from arrival to departure at its own capture`,
  };
}

function ticksOf({ totals }: PairFacts, way: 0 | 1): Score {
  const segment = way === 0 ? 'client host' : 'server host';
  const rhythms = rhythmsOf(totals.ways[way].gaps);
  if (rhythms.gaps < MIN_GAPS)
    return { segment, score: 0, why: 'too few regular datagrams to see how it sends' };
  if (rhythms.lateNs.length === 0) return { segment, score: 0, why: 'it does not send at regular intervals' };
  const median = quantileType7(rhythms.medianNs, 0.5) ?? 0;
  const stretch = quantileType7(rhythms.stretchNs, 0.99) ?? 0;
  return stretch > STRETCH_LIMIT_NS
    ? {
        segment,
        score: stretch / STRETCH_LIMIT_NS,
        why: `1 % of its ticks of ${milliseconds(median)} leave more than ${milliseconds(quantileType7(rhythms.lateNs, 0.99) ?? 0)} late, seen at its own capture`,
      }
    : { segment, score: 0, why: `its ticks of ${milliseconds(median)} leave in time` };
}

interface Rhythms {
  /** Of all flows, those without a rhythm too. */
  readonly gaps: number;
  /** One per gap of the flows that have a rhythm, ascending: the flow's median gap, what the gap is longer than that, and than twice that. */
  readonly medianNs: Float64Array;
  readonly lateNs: Float64Array;
  readonly stretchNs: Float64Array;
}

function rhythmsOf(gaps: Samples): Rhythms {
  const byFlow = new Map<number, number[]>();
  let count = 0;
  for (let at = 0; at < gaps.length; at++) {
    const gap = gaps.delayNs[at] ?? 0;
    if (gap <= 0) continue;
    count += 1;
    const flow = gaps.flow[at] ?? 0;
    const list = byFlow.get(flow);
    if (list === undefined) byFlow.set(flow, [gap]);
    else list.push(gap);
  }
  const medians: number[] = [];
  const late: number[] = [];
  const stretch: number[] = [];
  for (const list of byFlow.values()) {
    const sorted = Float64Array.from(list).sort();
    const median = quantileType7(sorted, 0.5) ?? 0;
    const spread = (quantileType7(sorted, 0.75) ?? 0) - (quantileType7(sorted, 0.25) ?? 0);
    // Only a sender with a rhythm can fall out of it.
    if (sorted.length < MIN_GAPS_OF_FLOW || spread > 0.5 * median) continue;
    for (const gap of sorted) {
      medians.push(median);
      late.push(gap - median);
      stretch.push(gap - 2 * median);
    }
  }
  const sorted = (values: readonly number[]): Float64Array => Float64Array.from(values).sort();
  return { gaps: count, medianNs: sorted(medians), lateNs: sorted(late), stretchNs: sorted(stretch) };
}

/** One client of several that take the same way, and only that one. */
function access({ flows, directions }: PairFacts): Score {
  const segment = 'client access';
  const clients = new Map<string, number>();
  for (const flow of flows) {
    const worst = Math.max(
      flow.client_to_server.queueing_p95_ns ?? 0,
      flow.server_to_client.queueing_p95_ns ?? 0,
    );
    const enough = flow.client_to_server.queueing_samples + flow.server_to_client.queueing_samples >= 50;
    if (enough) clients.set(flow.client_view.src, Math.max(clients.get(flow.client_view.src) ?? 0, worst));
  }
  if (clients.size < MIN_PATHS)
    return {
      segment,
      score: 0,
      why: 'one or two clients: their access is not told from the rest of the path',
    };
  const bad = [...clients].filter(([, queue]) => queue >= QUEUE_LIMIT_NS);
  const overall = Math.max(...directions.map(({ queueing_p95_ns }) => queueing_p95_ns ?? 0));
  if (bad.length === 0 || bad.length * 3 > clients.size)
    return { segment, score: 0, why: `${bad.length} of ${clients.size} clients queue above the limit` };
  const worst = Math.max(...bad.map(([, queue]) => queue));
  return {
    segment,
    score: Math.max(worst, overall) / QUEUE_LIMIT_NS,
    why: `${bad.length} of ${clients.size} clients on the same path queue up to ${milliseconds(worst)}, the others do not`,
  };
}
