/** What a problem does to which metric, as data: the verdict that stands before any number. */

import type { DiagnosticRecord } from './types.ts';
import { verdictOf, type Verdict } from './capture-facts.ts';

/** `withheld`: the metric must not be used as it stands; `weakened`: it stands, with a bias that is named. */
export type Effect = 'withheld' | 'weakened';

export interface MetricEffect {
  readonly metric: string;
  readonly effect: Effect;
  /** The diagnostic that says why. */
  readonly because: string;
  readonly reason: string;
}

interface Rule {
  readonly diagnostic: string;
  readonly effect: Effect;
  readonly metrics: readonly string[];
  readonly reason: string;
}

const DELAY = ['rtt', 'delay_variation', 'deadline_miss'] as const;

/** Ordered by how much they cost. */
const QUALITY_RULES: readonly Rule[] = [
  {
    diagnostic: 'capture/corrupt-record',
    effect: 'weakened',
    metrics: ['loss', 'connections', 'duration'],
    reason: 'the capture could be read only up to a damaged record',
  },
  {
    diagnostic: 'capture/compression-damaged',
    effect: 'weakened',
    metrics: ['loss', 'connections', 'duration'],
    reason: 'the compressed file could be unpacked only in part',
  },
  {
    diagnostic: 'capture/reported-drops',
    effect: 'weakened',
    metrics: ['loss', 'reordering', 'rtt'],
    reason:
      'the capturing host dropped packets: loss is an upper bound, and the worst moments may be missing',
  },
  {
    diagnostic: 'capture/no-timestamp',
    effect: 'withheld',
    metrics: [...DELAY, 'rates'],
    reason: 'packets without a time take part in nothing that needs one',
  },
  {
    diagnostic: 'capture/clock-step',
    effect: 'weakened',
    metrics: [...DELAY, 'rates'],
    reason: 'the clock was stepped: delays across the step are wrong',
  },
  {
    diagnostic: 'capture/time-backwards',
    effect: 'weakened',
    metrics: [...DELAY, 'reordering'],
    reason: 'packets were written out of time order: order on the wire is not known for them',
  },
  {
    diagnostic: 'capture/implausible-timestamp',
    effect: 'weakened',
    metrics: [...DELAY],
    reason: 'some times cannot be right',
  },
  {
    diagnostic: 'capture/coarse-clock',
    effect: 'withheld',
    metrics: ['delay_variation', 'deadline_miss'],
    reason: 'the clock is coarser than what is measured',
  },
  {
    diagnostic: 'capture/coarse-clock',
    effect: 'weakened',
    metrics: ['rtt'],
    reason: 'RTT is known to the clock’s step and no better',
  },
  {
    diagnostic: 'capture/gap',
    effect: 'weakened',
    metrics: ['loss', 'rates', 'duration'],
    reason: 'a stretch of time is missing',
  },
  {
    diagnostic: 'capture/overlap',
    effect: 'weakened',
    metrics: ['loss', 'reordering', 'rates'],
    reason: 'files overlap in time: packets may count twice and out of order',
  },
  {
    diagnostic: 'capture/duplicate-packets',
    effect: 'weakened',
    metrics: ['rates', 'reordering'],
    reason: 'packets were captured twice',
  },
  {
    diagnostic: 'capture/offload-segments',
    effect: 'weakened',
    metrics: ['loss', 'reordering', 'path_mtu'],
    reason: 'the packets are those of the host, not of the wire',
  },
  {
    diagnostic: 'capture/snaplen-cut',
    effect: 'weakened',
    metrics: ['application'],
    reason: 'payload was not captured',
  },
  {
    diagnostic: 'packet/header-cut',
    effect: 'weakened',
    metrics: ['loss', 'rtt', 'rates'],
    reason: 'some packets were cut inside their headers and are not counted',
  },
  {
    diagnostic: 'capture/unknown-link-type',
    effect: 'weakened',
    metrics: ['loss', 'rates', 'connections'],
    reason: 'some records could not be decoded',
  },
];

export interface Quality {
  readonly verdict: Verdict;
  readonly withheld: readonly MetricEffect[];
  readonly weakened: readonly MetricEffect[];
}

/** What captures with these problems can and cannot tell. */
export function qualityOf(records: readonly DiagnosticRecord[]): Quality {
  const found = new Set(records.map(({ id }) => id));
  const effects = QUALITY_RULES.filter(({ diagnostic }) => found.has(diagnostic)).flatMap((rule) =>
    rule.metrics.map((metric) => ({
      metric,
      effect: rule.effect,
      because: rule.diagnostic,
      reason: rule.reason,
    })),
  );
  return {
    verdict: verdictOf(records.map(({ severity }) => severity)),
    withheld: effects.filter(({ effect }) => effect === 'withheld'),
    weakened: effects.filter(({ effect }) => effect === 'weakened'),
  };
}
