/** Two periods of player-minutes → what may be said about them (S0–S8). The story of `diff`, once tables exist. */
import { inferAccess } from '../cohorts/access.ts';
import { parseAddress } from '../cohorts/prefix.ts';
import { benjaminiHochberg } from '../statistics/multiplicity.ts';
import { formatInstant } from '../units.ts';
import { compareCohort } from './cohort-rows.ts';
import { controlsOf } from './controls.ts';
import { lossCells } from './metric-cells.ts';
import type { CohortInput, DraftRow } from './row.ts';
import type { GameRtt } from './game-rtt.ts';
import { checkPeriods } from './period-checks.ts';
import { distancesOf, ecdfOf, timelineOf } from './display.ts';
import { headlineOf, HEADLINE_METRICS } from './headline.ts';
import { limitationsOf } from './limitations.ts';
import { lossDetail, overdispersion } from './loss-detail.ts';
import type { PlayerClient, PlayerMinutes } from './player-minutes.ts';
import { marginOf, PROFILES, type ProfileName } from './profiles.ts';
import { roundRatio } from './rounding.ts';
import { cohortPeriod, type CohortPeriod } from './sample.ts';
import { simpsonCheck } from './simpson.ts';
import type {
  AccessInference,
  Comparison,
  ComparisonRow,
  DiagnosticRecord,
  LossDetail,
  PeriodSummary,
} from './types.ts';

export const DEFAULT_REPLICATES = 2000;
const ALL_CLIENTS = 'all';

type Captures = PeriodSummary['captures'];

export interface CompareOptions {
  readonly profile: ProfileName;
  readonly seed: number;
  readonly replicates?: number;
  /** Cohort of an address; without it only `all` is compared. */
  readonly cohortOf?: (address: string) => string;
  /** Instead of `cohortOf`: cohorts by the access type inferred from each client's SYN. */
  readonly byAccess?: boolean;
  readonly captures?: { readonly baseline: Captures; readonly evening: Captures };
  /** Share of packets each capture is known to have missed. */
  readonly captureDropRatio?: { readonly baseline: number | null; readonly evening: number | null };
  /** How the game's own round trips moved beside the kernel's. */
  readonly gameRtt?: GameRtt | null;
  /** Diagnostics of the stages before, printed with ours. */
  readonly diagnostics?: readonly DiagnosticRecord[];
}

interface Cohort {
  readonly cohort: string;
  readonly baseline: CohortPeriod;
  readonly evening: CohortPeriod;
}

export function compare(
  baseline: PlayerMinutes,
  evening: PlayerMinutes,
  options: CompareOptions,
): Comparison {
  const replicates = options.replicates ?? DEFAULT_REPLICATES;
  const profile = PROFILES[options.profile];
  const checks = checkPeriods(baseline, evening);
  const drops = options.captureDropRatio ?? { baseline: null, evening: null };
  const rttMethod = describeMethods(baseline, evening);

  const all: Cohort = {
    cohort: ALL_CLIENTS,
    baseline: cohortPeriod(baseline, () => true),
    evening: cohortPeriod(evening, () => true),
  };
  const access = accessOf(baseline, evening);
  const accessByClient = new Map(access.map((entry) => [entry.client, entry.access]));
  const { byAccess, cohortOf: prefixCohortOf } = options;
  const accessOfClient = ({ id }: PlayerClient): string => accessByClient.get(id) ?? 'unknown';
  // Both together: an ISP is no cohort, an ISP over one kind of access is.
  const cohortOf =
    byAccess === true
      ? (client: PlayerClient): string =>
          prefixCohortOf === undefined
            ? accessOfClient(client)
            : `${prefixCohortOf(client.address)} ${accessOfClient(client)}`
      : prefixCohortOf === undefined
        ? undefined
        : (client: PlayerClient): string => prefixCohortOf(client.address);
  const named = splitCohorts(baseline, evening, cohortOf);
  const cohorts = [all, ...named];
  const results = cohorts.map((cohort) => {
    const input: CohortInput = {
      ...cohort,
      profile,
      seed: options.seed,
      replicates,
      refusals: checks.refusals,
      rttMethod,
      captureDropRatio: drops.evening,
    };
    return compareCohort(input);
  });
  const rows = adjust(results.flatMap((result) => result.rows));
  const rttRow = rows.find((row) => row.cohort === ALL_CLIENTS && row.metric === 'rtt_p50_ns')!;
  const margin = marginOf('rtt_p50_ns', profile, rttRow.baseline).value;
  const simpson = simpsonCheck(all, named, margin);
  const headline = headlineOf(rows);
  const { blocks } = results[0]!;

  return {
    schema: 'lagdiff/diff@1',
    verdict: headline.verdict,
    headline: headline.sentence,
    headline_row: headline.row,
    undecided_metrics: headline.undecided,
    scope: 'window: these two captures differ, or not; nothing is said about other evenings',
    profile: profile.name,
    seed: options.seed,
    replicates,
    block_minutes: blocks.refusal === null ? blocks.blockMinutes : null,
    tau_minutes: blocks.tauMinutes === null ? null : roundRatio(blocks.tauMinutes),
    vantage: evening.vantage,
    vantage_reason:
      baseline.vantageReason === evening.vantageReason
        ? evening.vantageReason
        : `baseline: ${baseline.vantageReason}; evening: ${evening.vantageReason}`,
    client_identity: identityOf(baseline, evening),
    periods: {
      baseline: summarize(baseline, options.captures?.baseline ?? []),
      evening: summarize(evening, options.captures?.evening ?? []),
    },
    comparisons: rows,
    shift_function: results.flatMap((result) => result.shift),
    simpson,
    loss: cohorts.flatMap(lossDetails),
    distances: cohorts.flatMap((c) => distancesOf(c.cohort, c.baseline, c.evening) ?? []),
    access,
    ecdf: cohorts.flatMap((c) => [
      ecdfOf(c.cohort, 'baseline', c.baseline),
      ecdfOf(c.cohort, 'evening', c.evening),
    ]),
    timeline: cohorts.flatMap((c) => [
      ...timelineOf(c.cohort, 'baseline', c.baseline, baseline.firstMinute),
      ...timelineOf(c.cohort, 'evening', c.evening, evening.firstMinute),
    ]),
    controls: controlsOf(all.baseline, profile, options.seed, replicates),
    days: [],
    limitations: limitationsOf({
      baseline,
      evening,
      rows,
      simpson,
      gameRtt: options.gameRtt ?? null,
      marginNs: margin,
      captureDropsKnown: drops.baseline !== null && drops.evening !== null,
    }),
    diagnostics: [...(options.diagnostics ?? []), ...checks.diagnostics],
  };
}

const IDENTITY_WORDS = {
  player: 'player id',
  port_set: 'address and MAP-E port set',
  address: 'address',
} as const;

/** `address`, or which way served how many. */
function identityOf(baseline: PlayerMinutes, evening: PlayerMinutes): string {
  const by = new Map(
    [...baseline.clients, ...evening.clients].map((client) => [client.id, client.identifiedBy]),
  );
  const counts = (['player', 'port_set', 'address'] as const).map(
    (kind) => [kind, [...by.values()].filter((found) => found === kind).length] as const,
  );
  const used = counts.filter(([, count]) => count > 0);
  if (used.length <= 1) return IDENTITY_WORDS[used[0]?.[0] ?? 'address'];
  return used.map(([kind, count]) => `${IDENTITY_WORDS[kind]} (${count})`).join(', ');
}

function splitCohorts(
  baseline: PlayerMinutes,
  evening: PlayerMinutes,
  cohortOf: ((client: PlayerClient) => string) | undefined,
): Cohort[] {
  if (cohortOf === undefined) return [];
  const names = new Set([...baseline.clients, ...evening.clients].map(cohortOf));
  return [...names].sort().map((cohort) => ({
    cohort,
    baseline: cohortPeriod(baseline, (client) => cohortOf(client) === cohort),
    evening: cohortPeriod(evening, (client) => cohortOf(client) === cohort),
  }));
}

/**
 * False discovery rate over cohorts × headline metrics (S7); other metrics keep their p and get no q. A ratio without one
 * event in either period cannot be rejected whatever the truth, so it is no test and costs the others nothing.
 */
function adjust(drafts: readonly DraftRow[]): ComparisonRow[] {
  const tested = drafts.map((row) =>
    HEADLINE_METRICS.includes(row.metric) && !(row.baseline === 0 && row.evening === 0) ? row.p_value : null,
  );
  const q = benjaminiHochberg(tested);
  return drafts.map((row, i) => ({
    ...row,
    p_value: row.p_value === null ? null : roundRatio(row.p_value),
    q_value: q[i] === null ? null : roundRatio(q[i]!),
  }));
}

function describeMethods(baseline: PlayerMinutes, evening: PlayerMinutes): string {
  const names = new Set([...baseline.methods, ...evening.methods].map(({ method }) => method));
  const list = names.size === 0 ? 'no samples' : [...names].sort().join(', ');
  return evening.vantage === 'middle' ? `by ${list}, sides added` : `by ${list}`;
}

function summarize(period: PlayerMinutes, captures: Captures): PeriodSummary {
  const instant = (ns: bigint | null): string | null => (ns === null ? null : formatInstant(ns));
  return {
    first: instant(period.firstTimestampNs),
    last: instant(period.lastTimestampNs),
    clients: period.clients.length,
    cells: period.cells.filter((cell) => cell.rttP50Ns !== null).length,
    rtt_samples: period.rttSamples,
    captures,
  };
}

function lossDetails({ cohort, baseline, evening }: Cohort): LossDetail[] {
  const before = lossCells(baseline);
  const after = lossCells(evening);
  const phiBefore = overdispersion(before);
  const phiAfter = overdispersion(after);
  return [lossDetail(cohort, 'baseline', before, phiAfter), lossDetail(cohort, 'evening', after, phiBefore)];
}

/** Access type per client of either period, ascending by address. */
export function accessOf(baseline: PlayerMinutes, evening: PlayerMinutes): AccessInference[] {
  const clients = new Map([...baseline.clients, ...evening.clients].map((client) => [client.id, client]));
  for (const client of baseline.clients) {
    if (clients.get(client.id)?.mssOptionBytes === null) clients.set(client.id, client);
  }
  return [...clients.keys()].sort().map((id) => {
    const { address, mssOptionBytes, otherMssOptionBytes } = clients.get(id)!;
    const family = parseAddress(address)?.family ?? 4;
    const inferred = inferAccess(family, mssOptionBytes, evening.vantage === 'client');
    const others = otherMssOptionBytes.length === 0 ? '' : `; also saw MSS ${otherMssOptionBytes.join(', ')}`;
    return {
      client: id,
      access: inferred.access,
      confidence: inferred.confidence,
      mss_option_bytes: mssOptionBytes,
      reason: inferred.reason + others,
    };
  });
}
