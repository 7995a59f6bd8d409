/**
 * The one word and the one sentence on top.
 *
 * 1. DEGRADED if a headline row is DEGRADED with q < .05. Metrics in the order of HEADLINE_METRICS decide; among
 *    cohorts the one moved by the most margins is named, or all clients when every cohort with an answer is
 *    DEGRADED, or when no single cohort is.
 * 2. INSUFFICIENT if the rows of `all` cannot be judged: the first measurable headline row, RTT median before others.
 * 3. IMPROVED if a headline row of `all` is IMPROVED and no headline row anywhere is worse by more than nothing.
 * 4. EQUIVALENT if every judged row of a primary metric, of `all` and of each cohort, is EQUIVALENT, none of `all` that
 *    could be measured is INSUFFICIENT, and no derived row is worse. Derived metrics that stay open are named.
 * 5. MINOR if every such row is EQUIVALENT, MINOR or IMPROVED; else INCONCLUSIVE.
 *
 * Primary are connection failures, loss per direction and RTT. Derived are deadline misses and SLO breaches: thresholds laid
 * over the same RTT and loss, counted from a few dozen RTT samples per player-minute (host delay included), so that
 * their intervals are several times wider. They can raise an alarm; their width alone cannot take an answer away.
 *
 * Loss is tested per direction, since pooling both halves a loss that is in one; the pooled `loss_ratio` is their mean,
 * is reported beside them, and would only count the same loss again.
 *
 * A few connection attempts without one failure cannot exclude a point; such a row holds 4 and 5 back no more than
 * its limitation says. A metric without a value in either period (no loss evidence in opaque UDP) takes no part, and is named as such
 * in the limitations.
 */
import { NS_PER_MS } from '../units.ts';
import { isDuration } from './rounding.ts';
import type { Comparison, ComparisonRow, Metric, Verdict } from './types.ts';

/** Decide on EQUIVALENT, in this order. */
const PRIMARY_METRICS: readonly Metric[] = [
  'connect_failure_ratio',
  'loss_to_client_ratio',
  'loss_to_server_ratio',
  'rtt_p50_ns',
  'rtt_p95_ns',
];

/** Tested together (S7), in the order in which they decide. */
export const HEADLINE_METRICS: readonly Metric[] = [
  ...PRIMARY_METRICS,
  'deadline_miss_ratio',
  'slo_breach_ratio',
];

export const NAMED_BELOW_Q = 0.05;

const WORDS: Readonly<Record<Metric, string>> = {
  rtt_p50_ns: 'RTT median',
  rtt_p95_ns: 'RTT 95th percentile',
  excess_delay_p50_ns: 'excess delay',
  pdv_p95_ns: 'round-trip PDV p95',
  loss_ratio: 'packet loss',
  loss_to_client_ratio: 'packet loss from server to client',
  loss_to_server_ratio: 'packet loss from client to server',
  deadline_miss_ratio: 'deadline misses',
  slo_breach_ratio: 'player-minutes above the threshold',
  connect_failure_ratio: 'failed connection attempts',
};

export interface Headline {
  readonly verdict: Verdict;
  readonly sentence: string;
  readonly row: Comparison['headline_row'];
  readonly undecided: readonly Metric[];
}

export function headlineOf(rows: readonly ComparisonRow[]): Headline {
  const headline = rows.filter((row) => HEADLINE_METRICS.includes(row.metric) && isMeasured(row));
  const named = nameDegraded(headline);
  if (named !== null) return say('DEGRADED', `DEGRADED for ${describe(named)}.`, named);

  const ofAll = headline.filter((row) => row.cohort === 'all');
  const decisive = ofAll.find((row) => row.metric === 'rtt_p50_ns') ?? ofAll[0];
  if (decisive === undefined) {
    return say(
      'INSUFFICIENT',
      'INSUFFICIENT: no metric has a value in both periods; see what to collect in each row.',
      null,
    );
  }
  if (decisive.verdict === 'INSUFFICIENT') {
    const needed = decisive.needed;
    const collect =
      needed === null
        ? ''
        : ` Collect at least ${needed.clients} clients and ${needed.minutes} minutes per period.`;
    return say('INSUFFICIENT', `INSUFFICIENT: ${needed?.reason ?? 'no interval'}.${collect}`, decisive);
  }

  const judged = headline.filter((row) => row.verdict !== 'INSUFFICIENT');
  const worse = judged.some(
    (row) => row.verdict === 'DEGRADED' || (row.verdict === 'MINOR' && row.difference! > 0),
  );
  const improved = HEADLINE_METRICS.map((metric) =>
    judged.find((row) => row.metric === metric && row.cohort === 'all' && row.verdict === 'IMPROVED'),
  ).find((row) => row !== undefined);
  if (improved !== undefined && !worse) {
    return say('IMPROVED', `IMPROVED for ${describe(improved)}.`, improved);
  }
  const required = judged.filter(
    (row) => !isConnectWithoutFailure(row) && (isPrimary(row) || row.verdict !== 'INCONCLUSIVE'),
  );
  const undecided = HEADLINE_METRICS.filter((metric) =>
    judged.some((row) => row.metric === metric && !isPrimary(row) && row.verdict === 'INCONCLUSIVE'),
  );
  const open =
    undecided.length === 0 ? '' : ` Undecided: ${undecided.map((metric) => WORDS[metric]).join(', ')}.`;
  const complete = ofAll
    .filter(isPrimary)
    .every((row) => row.verdict !== 'INSUFFICIENT' || isConnectWithoutFailure(row));
  if (complete && required.every((row) => row.verdict === 'EQUIVALENT')) {
    const metrics = HEADLINE_METRICS.filter((metric) => required.some((row) => row.metric === metric));
    const words = metrics.map((metric) => WORDS[metric]).join(', ');
    return say(
      'EQUIVALENT',
      `EQUIVALENT: no difference beyond the margins in ${words}. For example ${describe(decisive)}.${open}`,
      decisive,
      undecided,
    );
  }
  const calm: readonly Verdict[] = ['EQUIVALENT', 'MINOR', 'IMPROVED'];
  if (complete && required.every((row) => calm.includes(row.verdict))) {
    const minor = required.find((row) => row.verdict === 'MINOR') ?? decisive;
    return say(
      'MINOR',
      `MINOR: a difference within the margin or not clearly beyond it, ${describe(minor)}.${open}`,
      minor,
      undecided,
    );
  }
  const unsettled = required.find((row) => row.verdict === 'INCONCLUSIVE' || row.verdict === 'DEGRADED');
  const about = unsettled ?? ofAll.find((row) => row.verdict === 'INSUFFICIENT') ?? decisive;
  const needed = about.needed;
  const collect =
    needed === null
      ? ''
      : ` An answer needs about ${needed.clients} clients and ${needed.minutes} minutes per period.`;
  return say('INCONCLUSIVE', `INCONCLUSIVE: ${describe(about)}.${collect}`, about);
}

function say(
  verdict: Verdict,
  sentence: string,
  row: ComparisonRow | null,
  undecided: readonly Metric[] = [],
): Headline {
  return {
    verdict,
    sentence,
    row: row === null ? null : { cohort: row.cohort, metric: row.metric },
    undecided,
  };
}

function isPrimary(row: ComparisonRow): boolean {
  return PRIMARY_METRICS.includes(row.metric);
}

export function isConnectWithoutFailure(row: ComparisonRow): boolean {
  return row.metric === 'connect_failure_ratio' && row.baseline === 0 && row.evening === 0;
}

function isMeasured(row: ComparisonRow): boolean {
  return row.baseline !== null || row.evening !== null;
}

function nameDegraded(rows: readonly ComparisonRow[]): ComparisonRow | null {
  for (const metric of HEADLINE_METRICS) {
    const ofMetric = rows.filter((row) => row.metric === metric);
    const degraded = ofMetric.filter(
      (row) => row.verdict === 'DEGRADED' && row.q_value !== null && row.q_value < NAMED_BELOW_Q,
    );
    if (degraded.length === 0) continue;
    const cohorts = degraded.filter((row) => row.cohort !== 'all');
    const answered = ofMetric.filter((row) => row.cohort !== 'all' && row.verdict !== 'INSUFFICIENT');
    const all = degraded.find((row) => row.cohort === 'all');
    if (all !== undefined && cohorts.length === answered.length) return all;
    const byMargins = (row: ComparisonRow): number => row.difference! / row.margin;
    return (
      cohorts.sort((a, b) => byMargins(b) - byMargins(a) || (a.cohort < b.cohort ? -1 : 1))[0] ?? all ?? null
    );
  }
  return null;
}

/** A duration in ms, a ratio in per cent. */
function formatAmount(metric: Metric, value: number): string {
  return isDuration(metric) ? `${(value / NS_PER_MS).toFixed(1)} ms` : `${(value * 100).toFixed(2)} %`;
}

function formatDifference(metric: Metric, value: number): string {
  const sign = value > 0 ? '+' : '';
  return isDuration(metric)
    ? `${sign}${(value / NS_PER_MS).toFixed(1)} ms`
    : `${sign}${(value * 100).toFixed(2)} points`;
}

function describe(row: ComparisonRow): string {
  const who = row.cohort === 'all' ? 'all clients' : `cohort ${row.cohort}`;
  const value = (v: number | null): string => (v === null ? 'not measured' : formatAmount(row.metric, v));
  const change =
    row.difference === null || row.ci95 === null
      ? ''
      : `, difference ${formatDifference(row.metric, row.difference)} ` +
        `(95 % interval ${formatDifference(row.metric, row.ci95[0])} to ${formatDifference(row.metric, row.ci95[1])}, ` +
        `margin ${formatDifference(row.metric, row.margin).replace('+', '')}` +
        `${row.q_value === null ? '' : `, q ${row.q_value < 0.001 ? '< 0.001' : row.q_value.toFixed(3)}`})`;
  const sample =
    row.days !== undefined
      ? `${row.days.paired} paired days, ${row.days.degraded} of them degraded on their own`
      : row.paired
        ? `the same ${row.clients} clients`
        : `${row.clients} clients per period, unpaired`;
  return (
    `${who}: ${WORDS[row.metric]} ${value(row.baseline)} in the baseline, ${value(row.evening)} in the evening${change}; ` +
    `${sample}${row.days === undefined ? `, ${row.blocks} time blocks; this window only` : ''}`
  );
}
