/**
 * Two periods → did it get worse, for whom, by how much. Each period is analysed once; its RTT samples and one-minute
 * bins stream into player-minutes, and only those are compared.
 */

import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { analyze, type Analysis, type AnalyzeOptions } from './analyze.ts';
import { dayKind, daysOf, type DailyWindow, type DayRange } from './calendar/window.ts';
import { identifyBy, parsePlayers, type Identify } from './cohorts/identity.ts';
import { isMmdb, parseMmdb } from './cohorts/mmdb.ts';
import { parseCohorts } from './cohorts/parse.ts';
import { accessOf, compare, DEFAULT_REPLICATES, type CompareOptions } from './comparison/compare.ts';
import { headlineOf } from './comparison/headline.ts';
import { dayComparisons, MIN_PAIRED_DAYS, patternRows, type Day } from './comparison/pattern.ts';
import { gameAgainstNetwork, type GameRtt } from './comparison/game-rtt.ts';
import { PlayerMinutesCollector } from './comparison/player-minutes-collector.ts';
import type { PlayerMinutes } from './comparison/player-minutes.ts';
import type { ProfileName } from './comparison/profiles.ts';
import { sharedTier, type SpeakingTier, type TierMinutes } from './comparison/rtt-tier.ts';
import type { BinBatch, FlowRow, PathMarks, RttBatch } from './comparison/table-batches.ts';
import type { AccessInference, Comparison } from './comparison/types.ts';
import type { Vantage } from './comparison/vantage.ts';
import type { DiagnosticRecord } from './diagnostics/types.ts';
import { InputError, UsageError } from './errors.ts';
import type { Batch } from './tables/batch.ts';
import { sortedFlows } from './tables/flows.ts';
import { cellReaders, type Cell } from './tables/values.ts';
import { clientPaths, queueingOf, serverTicks, type PairLike } from './localise/facts.ts';
import { localise, type Localisation } from './localise/localise.ts';
import type { Periods } from './localise/observations.ts';
import { narrow as narrowPeriods, type Narrowing } from './narrowing/narrow.ts';
import { parseChangeLog, type LoggedChange } from './timeline/change-log.ts';
import { timelineFrom, type Timeline } from './timeline/timeline.ts';
import { formatInstant, NS_PER_S } from './units.ts';

const DEFAULT_PROFILE: ProfileName = 'fps_competitive';
const DEFAULT_SEED = 1;
const MINUTE_NS = 60 * NS_PER_S;
const MINUTE = BigInt(MINUTE_NS);

export interface DiffOptions {
  readonly profile?: ProfileName;
  readonly seed?: number;
  readonly replicates?: number;
  /** Address → cohort; without it only `all` is compared. */
  readonly cohortOf?: (address: string) => string;
  /** Player of an address and port; null where nobody is known. */
  readonly playerOf?: (address: string, port: number | null) => string | null;
  /** Cohorts by inferred access type, together with `cohortOf` where that is given. */
  readonly byAccess?: boolean;
  /** Hours to cut out of the evening captures, day by day; needs `baselineWindow` too. Days present in both are paired by date. */
  readonly window?: DailyWindow;
  readonly baselineWindow?: DailyWindow;
  /** Only days of this kind; `holidays` (YYYY-MM-DD) count as weekend. */
  readonly onlyDays?: 'weekday' | 'weekend';
  readonly holidays?: readonly string[];
  /** Server addresses; without them the initiator of a flow is the client. */
  readonly servers?: readonly string[];
  readonly vantage?: Vantage;
  readonly workers?: number;
  readonly segmentBytes?: number;
  readonly stdin?: Readable;
  readonly filter?: string;
  readonly nameOf?: NonNullable<AnalyzeOptions['nameOf']>;
  readonly onProgress?: NonNullable<AnalyzeOptions['onProgress']>;
  /** What `pair` answered about both ends, in both periods: direction for the localiser. */
  readonly pairs?: Periods<PairLike>;
  /** Sees every table piece of both periods on its way; for callers that keep the tables. */
  readonly onBatch?: (period: 'baseline' | 'evening', batch: Batch) => void;
}

export interface DiffResult {
  readonly comparison: Comparison;
  /** Whose segment it is, where two whole periods were compared; null for windows of several days. */
  readonly localisation: Localisation | null;
  readonly baseline: Analysis;
  readonly evening: Analysis;
}

/** Reads a cohort file (CSV, YAML or MaxMind DB) into a classifier. @throws InputError with path and line. */
export function readCohorts(path: string): (address: string) => string {
  const bytes = readBytes(
    path,
    'cohorts/unreadable',
    'name a CSV file with the header prefix,cohort, or the same in YAML',
  );
  if (isMmdb(bytes)) return parseMmdb(bytes, path);
  const map = parseCohorts(bytes.toString('utf8'), path);
  return (address) => map.classify(address);
}

/** Reads a file of players (CSV address,port,player). @throws InputError with path and line. */
export function readPlayers(path: string): (address: string, port: number | null) => string | null {
  const bytes = readBytes(path, 'players/unreadable', 'name a CSV file with the header address,port,player');
  return parsePlayers(bytes.toString('utf8'), path);
}

function readBytes(path: string, code: string, help: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new InputError(
      { code, message: `${path} cannot be read: ${(cause as Error).message}`, help, path },
      { cause },
    );
  }
}

/** Reads a change log (CSV, JSON or git log). @throws InputError with path and line. */
export function readChangeLog(path: string): LoggedChange[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new InputError(
      {
        code: 'timeline/unreadable',
        message: `${path} cannot be read: ${(cause as Error).message}`,
        help: 'name a CSV file with lines time,what',
        path,
      },
      { cause },
    );
  }
  return parseChangeLog(text, path);
}

/** Reads what `diff --format json` wrote. @throws InputError for anything else. */
export function readComparison(path: string): Comparison {
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new InputError(
      {
        code: 'diff/unreadable',
        message: `${path} cannot be read: ${(cause as Error).message}`,
        help: 'name a file that lagdiff diff --format json --out FILE wrote',
        path,
      },
      { cause },
    );
  }
  const { schema, comparisons } = (document ?? {}) as Partial<Comparison>;
  if (schema !== 'lagdiff/diff@1' || !Array.isArray(comparisons)) {
    throw new InputError({
      code: 'diff/not-a-comparison',
      message: `${path} is no comparison: its schema is ${JSON.stringify(schema ?? null)}`,
      help: 'name a file that lagdiff diff --format json --out FILE wrote',
      path,
    });
  }
  return document as Comparison;
}

/** Reads what `pair --format json` wrote. @throws InputError for anything else, and for captures that share nothing. */
export function readPairing(path: string): PairLike {
  const help = 'name a file that lagdiff pair --format json --out FILE wrote';
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const message = `${path} cannot be read: ${(cause as Error).message}`;
    throw new InputError({ code: 'diff/unreadable', message, help, path }, { cause });
  }
  const { schema, status, ...ends } = (document ?? {}) as Partial<PairLike> & {
    readonly schema?: unknown;
    readonly status?: unknown;
  };
  const { client_to_server: there, server_to_client: back } = ends;
  if (schema !== 'lagdiff/pair@1' || there === undefined || back === undefined) {
    const message = `${path} is no answer of pair: its schema is ${JSON.stringify(schema ?? null)}`;
    throw new InputError({ code: 'diff/not-a-pairing', message, help, path });
  }
  if (status === 'unrelated')
    throw new InputError({
      code: 'diff/unrelated-ends',
      message: `${path} says that its two captures share no traffic, so it tells nothing of either direction`,
      help: 'leave it out, or pair captures of both ends taken at the same time',
      path,
    });
  return { client_to_server: there, server_to_client: back };
}

/** One period minute by minute. @throws InputError, UsageError as `analyze` does. */
export async function timeline(
  inputs: readonly string[],
  options: DiffOptions & { readonly changes?: readonly LoggedChange[] } = {},
): Promise<Timeline> {
  const [measured] = alike(identityOver([await measure('evening', inputs, options)], options)) as [Measured];
  return timelineFrom(measured.minutes(), options.changes ?? [], options.seed ?? DEFAULT_SEED);
}

function refuseSameCapture(baseline: readonly string[], evening: readonly string[]): void {
  const both = baseline.find((path) => evening.includes(path));
  if (both === undefined) return;
  throw new UsageError({
    code: 'usage/same-capture',
    message: `${both} is named as baseline and as evening: a capture does not differ from itself`,
    help: 'name the capture of the good period with --baseline and that of the bad one with --evening',
    path: both,
  });
}

/** @throws InputError, UsageError as `analyze` does. */
export async function diff(
  baselineInputs: readonly string[],
  eveningInputs: readonly string[],
  options: DiffOptions = {},
): Promise<DiffResult> {
  refuseSameCapture(baselineInputs, eveningInputs);
  const [before, after] = await measureBoth(baselineInputs, eveningInputs, options);
  const settings: CompareOptions = {
    profile: options.profile ?? DEFAULT_PROFILE,
    seed: options.seed ?? DEFAULT_SEED,
    ...(options.replicates === undefined ? {} : { replicates: options.replicates }),
    ...(options.cohortOf === undefined ? {} : { cohortOf: options.cohortOf }),
    ...(options.byAccess === undefined ? {} : { byAccess: options.byAccess }),
    gameRtt: gameRttOf(before, after),
    captures: { baseline: capturesOf(before.analysis), evening: capturesOf(after.analysis) },
    diagnostics: [...labelled('baseline', before.analysis), ...labelled('evening', after.analysis)],
  };
  const isWhole = options.window === undefined || options.baselineWindow === undefined;
  const comparison = isWhole
    ? compare(before.minutes(), after.minutes(), settings)
    : compareDays(before, after, options.window, options.baselineWindow, options, settings);
  const localisation = isWhole
    ? locate(
        before.minutes(),
        after.minutes(),
        comparison,
        { baseline: before.flows, evening: after.flows },
        options,
      )
    : null;
  return { comparison, localisation, baseline: before.analysis, evening: after.analysis };
}

export interface NarrowResult {
  readonly narrowing: Narrowing;
  /** Flows of the clients that were found, inside the window that was found; at most `MOST_FLOWS`. */
  readonly flows: readonly NarrowedFlow[];
}

export interface NarrowedFlow {
  readonly flow_id: number;
  readonly protocol: number;
  readonly client: string;
  readonly client_port: number | null;
  readonly server: string;
  readonly server_port: number | null;
  readonly first: string | null;
  readonly last: string | null;
}

const MOST_FLOWS = 100;

/** From the whole capture to the window, the cohort and the flows that show the effect. @throws InputError, UsageError as `diff` does. */
export async function narrow(
  baselineInputs: readonly string[],
  eveningInputs: readonly string[],
  options: DiffOptions = {},
): Promise<NarrowResult> {
  refuseSameCapture(baselineInputs, eveningInputs);
  const [before, after] = await measureBoth(baselineInputs, eveningInputs, options);
  const [baseline, evening] = [before.minutes(), after.minutes()];
  const access = accessByAddress(accessOf(baseline, evening), evening);
  const clients = new Map(evening.clients.map((client) => [client.address, client]));
  const narrowing = narrowPeriods({
    baseline,
    evening,
    profile: options.profile ?? DEFAULT_PROFILE,
    seed: options.seed ?? DEFAULT_SEED,
    replicates: options.replicates ?? DEFAULT_REPLICATES,
    groupings: [
      ...(options.cohortOf === undefined ? [] : [{ dimension: 'cohort', of: options.cohortOf }]),
      { dimension: 'access', of: (address) => access.get(address) ?? null },
      {
        dimension: 'server',
        of: (address) => {
          const met = clients.get(address)?.servers ?? [];
          return met.length === 1 ? met[0]! : null;
        },
      },
      { dimension: 'IP version', of: (address) => (address.includes(':') ? '6' : '4') },
    ],
  });
  return { narrowing, flows: flowsOf(narrowing, after.flows) };
}

function flowsOf({ clients, window }: Narrowing, flows: readonly FlowRow[]): NarrowedFlow[] {
  if (window === null) return [];
  const wanted = new Map(clients.map(({ address }, rank) => [address, rank]));
  const [from, to] = [BigInt(window.first_minute) * MINUTE, BigInt(window.end_minute) * MINUTE];
  return flows
    .filter((flow) => flow.lastTimestampNs >= from && flow.firstTimestampNs < to)
    .flatMap((flow) => {
      const isInitiator = wanted.has(flow.initiator);
      const client = isInitiator ? flow.initiator : flow.responder;
      const rank = wanted.get(client);
      if (rank === undefined) return [];
      return [
        {
          rank,
          row: {
            flow_id: flow.flowId,
            protocol: flow.protocol,
            client,
            client_port: isInitiator ? flow.initiatorPort : flow.responderPort,
            server: isInitiator ? flow.responder : flow.initiator,
            server_port: isInitiator ? flow.responderPort : flow.initiatorPort,
            first: formatInstant(flow.firstTimestampNs),
            last: formatInstant(flow.lastTimestampNs),
          },
        },
      ];
    })
    .sort((a, b) => a.rank - b.rank || a.row.flow_id - b.row.flow_id)
    .slice(0, MOST_FLOWS)
    .map(({ row }) => row);
}

async function measureBoth(
  baselineInputs: readonly string[],
  eveningInputs: readonly string[],
  options: DiffOptions,
): Promise<[Measured, Measured]> {
  const baseline = await measure('baseline', baselineInputs, options);
  const evening = await measure('evening', eveningInputs, options);
  const [before, after] = alike(identityOver([baseline, evening], options));
  return [before!, after!];
}

/** One kind of round trip per client for all periods, else a shift of the mix would look like one of the network. */
function alike(periods: readonly IdentifiedPeriod[]): Measured[] {
  const covered = new Map<string, TierMinutes[]>();
  for (const period of periods)
    for (const { id, rttMinutes } of period.minutes().clients)
      covered.set(id, [...(covered.get(id) ?? []), rttMinutes]);
  const tiers = new Map([...covered].map(([id, minutes]) => [id, sharedTier(minutes)]));
  return periods.map((period) => {
    const tierOf = (id: string): SpeakingTier | null => tiers.get(id) ?? null;
    // Asked for by the comparison, the localiser and the game's own round trips.
    let whole: PlayerMinutes | undefined;
    return {
      ...period,
      minutes: (only) =>
        only === undefined ? (whole ??= period.minutes(undefined, tierOf)) : period.minutes(only, tierOf),
      gameMinutes: () =>
        period.minutes(undefined, (id) => (tiers.get(id) === 'network' ? 'application' : 'none')),
    };
  });
}

function gameRttOf(before: Measured, after: Measured): GameRtt | null {
  return gameAgainstNetwork(
    { baseline: before.minutes(), evening: after.minutes() },
    { baseline: before.gameMinutes(), evening: after.gameMinutes() },
  );
}

/** One way to tell clients apart for all periods, else the same home would bear two names. */
function identityOver(periods: readonly MeasuredPeriod[], options: DiffOptions): IdentifiedPeriod[] {
  const ports = new Map<string, Set<number>>();
  const note = (address: string, port: number | null): void => {
    if (port === null) return;
    const used = ports.get(address) ?? new Set<number>();
    ports.set(address, used.add(port));
  };
  const servers = new Set(options.servers ?? []);
  for (const { flows } of periods)
    for (const flow of flows) {
      if (servers.has(flow.initiator)) note(flow.responder, flow.responderPort);
      else note(flow.initiator, flow.initiatorPort);
    }
  const identify = identifyBy(options.playerOf ?? ((): null => null), ports);
  return periods.map((period) => ({
    ...period,
    minutes: (only, tierOf) => period.minutes(identify, only, tierOf),
  }));
}

async function measure(
  period: 'baseline' | 'evening',
  inputs: readonly string[],
  options: DiffOptions,
): Promise<MeasuredPeriod> {
  const collector = new PlayerMinutesCollector();
  const analysis = await analyze(inputs, {
    label: period,
    tables: ['rtt', 'bins'],
    binNs: MINUTE_NS,
    hash: true,
    ...(options.workers === undefined ? {} : { workers: options.workers }),
    ...(options.segmentBytes === undefined ? {} : { segmentBytes: options.segmentBytes }),
    ...(options.nameOf === undefined ? {} : { nameOf: options.nameOf }),
    ...(options.filter === undefined ? {} : { filter: options.filter }),
    ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    onBatch: (batch) => {
      if (batch.table === 'rtt') collector.addRtt(rttBatch(batch));
      if (batch.table === 'bins') collector.addBins(binBatch(batch));
      options.onBatch?.(period, batch);
    },
  });
  const flows = sortedFlows(analysis.flows);
  options.onBatch?.(period, flows);
  const rows = flowRows(flows);
  const minutes = (identify: Identify, only?: DayRange, tierOf?: TierOf): PlayerMinutes =>
    collector.finish(rows, {
      identify,
      ...(tierOf === undefined ? {} : { tierOf }),
      ...(only === undefined ? {} : { only }),
      ...(options.servers === undefined ? {} : { servers: options.servers }),
      ...(options.vantage === undefined ? {} : { vantage: options.vantage }),
    });
  return { minutes, analysis, flows: rows };
}

function accessByAddress(
  inferred: readonly AccessInference[],
  { clients }: PlayerMinutes,
): Map<string, string> {
  const byId = new Map(inferred.map((entry) => [entry.client, entry.access]));
  return new Map(clients.map(({ id, address }) => [address, byId.get(id) ?? 'unknown']));
}

function locate(
  baseline: PlayerMinutes,
  evening: PlayerMinutes,
  comparison: Comparison,
  flows: Periods<readonly FlowRow[]>,
  options: DiffOptions,
): Localisation {
  const access = accessByAddress(comparison.access, evening);
  const accessOf = (address: string): string => access.get(address) ?? 'unknown';
  const servers = new Map(evening.clients.map((client) => [client.address, client.servers]));
  return localise({
    baseline,
    evening,
    cohortOf: options.byAccess === true ? accessOf : (options.cohortOf ?? ((): string => 'all')),
    accessOf,
    serverOf: (address) => {
      const met = servers.get(address) ?? [];
      return met.length === 1 ? met[0]! : null;
    },
    // A tick is the server's own only where nothing lies between its port and the capture.
    ticks:
      evening.vantage === 'server'
        ? {
            baseline: serverTicks(flows.baseline, options.servers),
            evening: serverTicks(flows.evening, options.servers),
          }
        : null,
    paths: {
      baseline: clientPaths(flows.baseline, options.servers),
      evening: clientPaths(flows.evening, options.servers),
    },
    queueing:
      options.pairs === undefined
        ? null
        : { baseline: queueingOf(options.pairs.baseline), evening: queueingOf(options.pairs.evening) },
  });
}

type TierOf = (client: string) => SpeakingTier | null;

interface PeriodAnalysis {
  readonly flows: readonly FlowRow[];
  readonly analysis: Analysis;
}

interface MeasuredPeriod extends PeriodAnalysis {
  readonly minutes: (identify: Identify, only?: DayRange, tierOf?: TierOf) => PlayerMinutes;
}

interface IdentifiedPeriod extends PeriodAnalysis {
  readonly minutes: (only?: DayRange, tierOf?: TierOf) => PlayerMinutes;
}

interface Measured extends PeriodAnalysis {
  /** Of everything, or of one day's window. */
  readonly minutes: (only?: DayRange) => PlayerMinutes;
  /** Of everything, by the game's acknowledgements, for clients that the kernel's speak for. */
  readonly gameMinutes: () => PlayerMinutes;
}

/** Windows of several days, paired by date; claims about evenings from six days on, else about the last one. */
function compareDays(
  before: Measured,
  after: Measured,
  eveningWindow: DailyWindow,
  baselineWindow: DailyWindow,
  options: DiffOptions,
  settings: CompareOptions,
): Comparison {
  const holidays = new Set(options.holidays ?? []);
  const rangesOf = (measured: Measured, window: DailyWindow): Map<string, DayRange> => {
    const { firstMinute, minutes } = measured.minutes();
    const ranges = minutes === 0 ? [] : daysOf(window, firstMinute, firstMinute + minutes - 1);
    return new Map(ranges.map((range) => [range.date, range]));
  };
  const evenings = rangesOf(after, eveningWindow);
  const baselines = rangesOf(before, baselineWindow);
  const dates = [...evenings.keys()].filter(
    (date) =>
      baselines.has(date) && (options.onlyDays === undefined || dayKind(date, holidays) === options.onlyDays),
  );
  if (dates.length === 0) {
    throw new InputError({
      code: 'diff/no-paired-day',
      message: 'no date has both a baseline window and an evening window',
      help: `evenings: ${[...evenings.keys()].join(', ') || 'none'}; baselines: ${[...baselines.keys()].join(', ') || 'none'}`,
    });
  }
  const days: Day[] = dates.map((date) => ({
    date,
    comparison: compare(before.minutes(baselines.get(date)), after.minutes(evenings.get(date)), settings),
  }));
  const last = days.at(-1)!.comparison;
  const rows = patternRows(days);
  const isPattern = days.length >= MIN_PAIRED_DAYS;
  const headline = isPattern ? headlineOf(rows) : null;
  const found = `${days.length} paired ${days.length === 1 ? 'day' : 'days'} (${dates.join(', ')})`;
  return {
    ...last,
    verdict: headline?.verdict ?? last.verdict,
    headline:
      headline?.sentence ??
      `${last.headline} Of ${dates.at(-1)!} alone: a pattern needs ${MIN_PAIRED_DAYS} paired days, there are ${days.length}.`,
    headline_row: headline === null ? last.headline_row : headline.row,
    undecided_metrics: headline?.undecided ?? last.undecided_metrics,
    scope: isPattern
      ? `pattern: the evenings of ${found}, in ${eveningWindow.zone}; distributions and timelines show the last of them`
      : `window: ${dates.at(-1)!}, in ${eveningWindow.zone}; ${found} are too few for a claim about evenings`,
    comparisons: isPattern ? rows : last.comparisons,
    days: dayComparisons(days),
    limitations: isPattern
      ? [
          'PATTERN claim: about the measured days; days to come may differ, and days were taken as independent of each other.',
          ...last.limitations.filter((sentence) => !sentence.startsWith('WINDOW claim only')),
        ]
      : last.limitations,
  };
}

/** Rows of the rtt table as the comparison takes them. */
export function rttBatch(batch: Batch): RttBatch {
  return {
    rows: batch.rows,
    flowId: batch.u32('flow_id'),
    timestampNs: batch.i64('timestamp_ns'),
    toward: batch.u8('toward'),
    method: batch.u8('method'),
    rttNs: batch.i64('rtt_ns'),
  };
}

function binBatch(batch: Batch): BinBatch {
  const lostValid = Uint8Array.from({ length: batch.rows }, (_, row) =>
    batch.isNull('lost_packets', row) ? 0 : 1,
  );
  return {
    rows: batch.rows,
    flowId: batch.u32('flow_id'),
    direction: batch.u8('direction'),
    binStartNs: batch.i64('bin_start_ns'),
    packets: batch.u32('packets'),
    lostPackets: batch.u32('lost_packets'),
    lostValid,
  };
}

/** Flows without a time take part in nothing that a comparison says. */
export function flowRows(flows: Batch): FlowRow[] {
  const readers = new Map(cellReaders(flows, '').map(({ column, read }) => [column.name, read]));
  const cell = (name: string, row: number): Cell => readers.get(name)?.(row) ?? null;
  const number = (name: string, row: number): number | null => {
    const value = cell(name, row);
    return value === null ? null : Number(value);
  };
  const marks = (direction: 'forward' | 'reverse', row: number): PathMarks => ({
    ttlMax: number(`${direction}_ttl_max`, row),
    dscpFirst: number(`${direction}_dscp_first`, row),
    mssOptionBytes: number(`${direction}_mss_option_bytes`, row),
    tickPeriodNs: number(`${direction}_tick_period_ns`, row),
    tickConfidence: number(`${direction}_tick_confidence`, row),
  });
  const rows: FlowRow[] = [];
  for (let row = 0; row < flows.rows; row++) {
    const first = cell('first_timestamp_ns', row);
    const last = cell('last_timestamp_ns', row);
    if (typeof first !== 'bigint' || typeof last !== 'bigint') continue;
    rows.push({
      flowId: number('flow_id', row) ?? 0,
      initiator: String(cell('initiator', row)),
      responder: String(cell('responder', row)),
      initiatorPort: number('initiator_port', row),
      responderPort: number('responder_port', row),
      protocol: number('protocol', row) ?? 0,
      connectionState: cell('connection_state', row) as string | null,
      handshakeAttempts: number('handshake_attempts', row),
      rttHandshakeNs: number('rtt_handshake_ns', row),
      forwardMssOptionBytes: number('forward_mss_option_bytes', row),
      firstTimestampNs: first,
      lastTimestampNs: last,
      reversePackets: number('reverse_packets', row),
      forwardPath: marks('forward', row),
      reversePath: marks('reverse', row),
    });
  }
  return rows;
}

function capturesOf(analysis: Analysis): { path: string; sha256: string; records: number }[] {
  return analysis.captures.map(({ path, sha256, records }) => ({ path, sha256: sha256 ?? '', records }));
}

function labelled(period: string, analysis: Analysis): DiagnosticRecord[] {
  return analysis.diagnostics.map((record) => ({ ...record, message: `${period}: ${record.message}` }));
}
