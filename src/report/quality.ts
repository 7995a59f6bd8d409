/** What the captures cannot carry, said before any number: grouped by cause, with the rows of the comparison that it concerns. */
import type { Quality } from '../diagnostics/quality.ts';
import type { QualityFacts } from './input.ts';

/** Rows that rest on a measured quantity. Quantities without a row here have none in a comparison. */
const ROWS: Readonly<Record<string, readonly string[]>> = {
  rtt: ['RTT p50', 'RTT p95', 'excess delay p50', 'SLO breach'],
  delay_variation: ['PDV p95'],
  deadline_miss: ['deadline miss'],
  loss: ['loss', 'loss to client', 'loss to server', 'deadline miss'],
  connections: ['connect failure'],
};

export interface QualityLine {
  readonly effect: 'withheld' | 'weakened';
  /** Quantities, in the words of the quality rules. */
  readonly metrics: readonly string[];
  readonly periods: readonly string[];
  readonly reason: string;
  readonly because: string;
  /** Rows of the comparison that rest on them; empty when none does. */
  readonly rows: readonly string[];
}

export function qualityFacts(
  period: QualityFacts['period'],
  { withheld, weakened }: Quality,
): QualityFacts[] {
  return [...withheld, ...weakened].map(({ metric, effect, because, reason }) => ({
    period,
    metric,
    effect,
    because,
    reason,
  }));
}

/** Withheld first; causes in the order in which they were found. */
export function qualityLines(facts: readonly QualityFacts[]): QualityLine[] {
  const groups = new Map<string, QualityFacts[]>();
  for (const fact of facts) {
    const key = `${fact.effect} ${fact.because}`;
    groups.set(key, [...(groups.get(key) ?? []), fact]);
  }
  const lines = [...groups.values()].map((group) => {
    const metrics = [...new Set(group.map(({ metric }) => metric))];
    return {
      effect: group[0]!.effect,
      metrics: metrics.map((metric) => metric.replaceAll('_', ' ')),
      periods: [...new Set(group.map(({ period }) => period))],
      reason: group[0]!.reason,
      because: group[0]!.because,
      rows: [...new Set(metrics.flatMap((metric) => ROWS[metric] ?? []))],
    };
  });
  return lines.sort((a, b) => Number(a.effect === 'weakened') - Number(b.effect === 'weakened'));
}

/** One line in a sentence: `withheld: delay variation (evening): the clock is coarser … [capture/coarse-clock]; rows: PDV p95`. */
export function qualitySentence({ effect, metrics, periods, reason, because, rows }: QualityLine): string {
  const concerned = rows.length === 0 ? 'no row of this comparison rests on it' : `rows: ${rows.join(', ')}`;
  return `${effect}: ${metrics.join(', ')} (${periods.join(' and ')}): ${reason} [${because}]; ${concerned}`;
}
