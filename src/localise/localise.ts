/**
 * Whose segment is it? Hypotheses as a table of what each must show and must not show (Kepner–Tregoe: IS and IS NOT), held against
 * the observations. One is named only if nothing contradicts it, enough speaks for it, and every other is contradicted by
 * something; else the answer is UNDETERMINED, with what would tell the rest apart.
 */
import {
  observe,
  OBSERVATIONS,
  type LocaliseInput,
  type Observation,
  type Observed,
} from './observations.ts';

export type Segment = 'client' | 'access' | 'peering' | 'datacentre' | 'host' | 'detour';

interface Hypothesis {
  readonly segment: Segment;
  readonly name: string;
  readonly predicts: Partial<Readonly<Record<Observation, 'yes' | 'no'>>>;
}

const HYPOTHESES: readonly Hypothesis[] = [
  {
    segment: 'client',
    name: 'home networks of single clients (Wi-Fi, own uplink)',
    predicts: {
      all_clients: 'no',
      few_scattered: 'yes',
      whole_cohorts: 'no',
      moves_together: 'no',
      one_server: 'no',
      tick_stretched: 'no',
      path_changed: 'no',
    },
  },
  {
    segment: 'access',
    name: 'access equipment of one access type (PPPoE termination, MAP-E or DS-Lite gateway)',
    predicts: {
      all_clients: 'no',
      few_scattered: 'no',
      whole_cohorts: 'yes',
      access_explains: 'yes',
      moves_together: 'yes',
      one_server: 'no',
      tick_stretched: 'no',
      path_changed: 'no',
      network_queues: 'yes',
    },
  },
  {
    segment: 'peering',
    name: 'peering or transit of one provider, whatever the access type',
    predicts: {
      all_clients: 'no',
      few_scattered: 'no',
      whole_cohorts: 'yes',
      access_explains: 'no',
      moves_together: 'yes',
      one_server: 'no',
      tick_stretched: 'no',
      network_queues: 'yes',
    },
  },
  {
    segment: 'datacentre',
    name: "the data centre's uplink, shared by all servers there",
    predicts: {
      all_clients: 'yes',
      few_scattered: 'no',
      whole_cohorts: 'no',
      moves_together: 'yes',
      one_server: 'no',
      tick_stretched: 'no',
      network_queues: 'yes',
      toward_client: 'yes',
    },
  },
  {
    segment: 'host',
    name: 'one server host or process (its link, its CPU)',
    predicts: { few_scattered: 'no', whole_cohorts: 'no', moves_together: 'yes', one_server: 'yes' },
  },
  {
    segment: 'detour',
    name: 'a detour (rerouting, scrubbing tunnel)',
    predicts: { path_changed: 'yes', few_scattered: 'no', moves_together: 'no', tick_stretched: 'no' },
  },
];

const MIN_SUPPORT = 4;

export interface ScoredHypothesis {
  readonly segment: Segment;
  readonly hypothesis: string;
  readonly status: 'named' | 'possible' | 'refuted';
  readonly supported: number;
  readonly contradicted: number;
  readonly table: readonly {
    readonly observation: string;
    readonly predicted: 'IS' | 'IS NOT';
    readonly observed: 'IS' | 'IS NOT' | 'UNKNOWN';
    readonly evidence: string;
  }[];
}

export interface Localisation {
  readonly answer: Segment | 'UNDETERMINED';
  readonly sentence: string;
  /** Best first; refuted ones stay, with what refuted them. */
  readonly hypotheses: readonly ScoredHypothesis[];
  /** Observations that were not made and would tell the remaining hypotheses apart. */
  readonly missing: readonly string[];
}

export function localise(input: LocaliseInput): Localisation {
  return weigh(observe(input));
}

export function weigh(observed: Observed): Localisation {
  const scored = HYPOTHESES.map((hypothesis) => score(hypothesis, observed)).sort(
    (a, b) =>
      a.contradicted - b.contradicted || b.supported - a.supported || (a.segment < b.segment ? -1 : 1),
  );
  const possible = scored.filter(({ contradicted }) => contradicted === 0);
  // A detour without a measured path is neither shown nor excluded; it stays on the list but blocks no other answer.
  const rivals = possible.filter(
    ({ segment }) => segment !== 'detour' || observed.path_changed.answer === 'yes',
  );
  const best = rivals.length === 1 && rivals[0]!.supported >= MIN_SUPPORT ? rivals[0]! : null;
  const hypotheses = scored.map((entry): ScoredHypothesis => ({
    ...entry,
    status: entry === best ? 'named' : entry.contradicted > 0 ? 'refuted' : 'possible',
  }));
  const missing = (Object.keys(OBSERVATIONS) as Observation[]).filter(
    (name) =>
      observed[name].answer === 'unknown' &&
      HYPOTHESES.some(
        ({ segment, predicts }) =>
          predicts[name] !== undefined && possible.some((p) => p.segment === segment),
      ),
  );
  return {
    answer: best?.segment ?? 'UNDETERMINED',
    sentence:
      best === null
        ? possible.length === 0
          ? 'UNDETERMINED: every hypothesis is contradicted by something observed; more than one thing may be wrong.'
          : `UNDETERMINED: the observations fit ${possible.map(({ hypothesis }) => hypothesis).join('; and ')}.`
        : `The observations fit ${best.hypothesis}: ${best.supported} of ${best.table.length} predictions seen, none contradicted. It is where to look, not proof.`,
    hypotheses,
    missing: missing.map((name) => OBSERVATIONS[name]),
  };
}

function score({ segment, name, predicts }: Hypothesis, observed: Observed): ScoredHypothesis {
  const word = (answer: string): 'IS' | 'IS NOT' | 'UNKNOWN' =>
    answer === 'yes' ? 'IS' : answer === 'no' ? 'IS NOT' : 'UNKNOWN';
  const table = (Object.keys(predicts) as Observation[]).map((observation) => ({
    observation: OBSERVATIONS[observation],
    predicted: word(predicts[observation]!) as 'IS' | 'IS NOT',
    observed: word(observed[observation].answer),
    evidence: observed[observation].evidence,
  }));
  return {
    segment,
    hypothesis: name,
    status: 'possible',
    supported: table.filter((row) => row.predicted === row.observed).length,
    contradicted: table.filter((row) => row.observed !== 'UNKNOWN' && row.predicted !== row.observed).length,
    table,
  };
}
