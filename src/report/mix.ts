/** What the check of the mix of clients says (S5), in one sentence. */

import type { SimpsonCheck } from '../comparison/types.ts';
import { formatDifference } from './format-value.ts';
import { METRICS } from './words.ts';

export function mixSentence(check: SimpsonCheck): string {
  const { metric, raw_difference, standardised_difference, reweighted_difference, flagged, mix_changed } = check;
  const of = (value: number | null): string => formatDifference(metric, value);
  const pooled = `${METRICS[metric].short} over all clients moved ${of(raw_difference)}`;
  if (!flagged) return `${pooled}, the cohorts ${of(standardised_difference)} on average: the total speaks for them`;
  return mix_changed
    ? `${pooled}, but ${of(reweighted_difference)} with the baseline's mix of cohorts: who played changed, not only the network`
    : `${pooled}, the cohorts ${of(standardised_difference)} on average: they moved differently while their shares stayed, so read the cohorts, not the total`;
}
