/** Collected flows and flow rows → one period's player-minutes: window, clients, vantage, cells. */
import { NS_PER_MS } from '../units.ts';
import { byAddress, type Identify, type IdentifiedBy } from '../cohorts/identity.ts';
import { countConnects } from './connects.ts';
import {
  bestSide,
  MIN_SAMPLES_PER_CELL,
  minuteOf,
  MINUTE_NS,
  sidesOf,
  type FlowData,
  type Side,
  type Sides,
} from './flow-samples.ts';
import { buildCells, type FlowView } from './player-cells.ts';
import type { PlayerClient, PlayerMinutes } from './player-minutes.ts';
import { RTT_TIERS, sharedTier, type SpeakingTier, type TierMinutes } from './rtt-tier.ts';
import type { FlowRow } from './table-batches.ts';
import { decideVantage, type Vantage } from './vantage.ts';

const EDGE_NS = 30_000_000_000n;
const DEFAULT_DEADLINE_BUFFER_NS = 15 * NS_PER_MS;

export interface CollectorOptions {
  /** Addresses of servers: the other side is the client. Without it, the initiator is. */
  readonly servers?: readonly string[];
  readonly vantage?: Vantage;
  /** Who is one client; without it, an address is. */
  readonly identify?: Identify;
  /** What kind of round trip speaks for a client; null or absent: what covers it best in this period. */
  readonly tierOf?: (client: string) => SpeakingTier | null;
  /** max(1 tick, 15 ms) of the game. */
  readonly deadlineBufferNs?: number;
  /** The capture's own range, when it is wider than the flows'. */
  readonly firstTimestampNs?: bigint;
  readonly lastTimestampNs?: bigint;
  /** Only these whole minutes since the epoch, `end` outside; the edges of a window cut from a longer capture are kept. */
  readonly only?: { readonly startMinute: number; readonly endMinute: number };
}

function periodOf(
  flows: readonly FlowRow[],
  options: CollectorOptions,
): { first: bigint | null; last: bigint | null; firstMinute: number; minutes: number } {
  let first = options.firstTimestampNs ?? null;
  let last = options.lastTimestampNs ?? null;
  for (const flow of flows) {
    if (first === null || flow.firstTimestampNs < first) first = flow.firstTimestampNs;
    if (last === null || flow.lastTimestampNs > last) last = flow.lastTimestampNs;
  }
  if (first === null || last === null) return { first, last, firstMinute: 0, minutes: 0 };
  let firstMinute = minuteOf(first + EDGE_NS + MINUTE_NS - 1n);
  let endMinute = minuteOf(last - EDGE_NS);
  const { only } = options;
  if (only !== undefined) {
    firstMinute = Math.max(firstMinute, only.startMinute);
    endMinute = Math.min(endMinute, only.endMinute);
    const from = BigInt(only.startMinute) * MINUTE_NS;
    const to = BigInt(only.endMinute) * MINUTE_NS - 1n;
    if (from > first) first = from;
    if (to < last) last = to;
  }
  return { first, last, firstMinute, minutes: Math.max(0, endMinute - firstMinute) };
}

/** Flows that meet the window; connection attempts outside it belong to another day. */
function insideWindow(flows: readonly FlowRow[], { only }: CollectorOptions): readonly FlowRow[] {
  if (only === undefined) return flows;
  const from = BigInt(only.startMinute) * MINUTE_NS;
  const to = BigInt(only.endMinute) * MINUTE_NS;
  return flows
    .filter((flow) => flow.lastTimestampNs >= from && flow.firstTimestampNs < to)
    .map((flow) => (flow.firstTimestampNs >= from ? flow : { ...flow, handshakeAttempts: 0 }));
}

export function assemblePlayerMinutes(
  data: ReadonlyMap<number, FlowData>,
  rttSamples: number,
  allFlows: readonly FlowRow[],
  options: CollectorOptions,
): PlayerMinutes {
  const flows = insideWindow(allFlows, options);
  const { first, last, firstMinute, minutes } = periodOf(flows, options);
  const serverSet = options.servers === undefined ? null : new Set(options.servers);
  const clientIsInitiator = (row: FlowRow): boolean => serverSet === null || !serverSet.has(row.initiator);
  const relevant = flows.filter(
    (row) => serverSet === null || serverSet.has(row.initiator) !== serverSet.has(row.responder),
  );
  const identify = options.identify ?? byAddress;
  const known = new Map<string, KnownClient>();
  const clientOf = (row: FlowRow): string => {
    const isInitiator = clientIsInitiator(row);
    const address = isInitiator ? row.initiator : row.responder;
    const { id, by } = identify(address, isInitiator ? row.initiatorPort : row.responderPort);
    const before = known.get(id);
    if (before === undefined || address < before.address) known.set(id, { id, by, address });
    return id;
  };
  const ids = relevant.map(clientOf);
  const identities = [...known.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  const index = new Map(identities.map(({ id }, i) => [id, i]));

  const measured = relevant.map((row, at): MeasuredFlow => {
    const flow = data.get(row.flowId);
    const toward = clientIsInitiator(row) ? 0 : 1;
    const sides = (side: number): Sides =>
      flow === undefined ? {} : sidesOf(flow, side, firstMinute, minutes);
    return {
      client: index.get(ids[at]!)!,
      towardClient: sides(toward),
      towardServer: sides(1 - toward),
    };
  });
  const minimaOf = (side: 'towardClient' | 'towardServer'): number[] =>
    measured.flatMap((flow) => bestSide(flow[side])?.minNs ?? []);
  const decided = decideVantage(minimaOf('towardClient'), minimaOf('towardServer'));
  const vantage = options.vantage ?? decided.vantage;
  const vantageReason =
    options.vantage === undefined ? decided.reason : `given by the caller (${decided.reason})`;
  const timed = vantage === 'client' ? 'towardServer' : 'towardClient';
  const covered = tierMinutesOf(measured, timed, identities.length);
  const tiers = identities.map(({ id }, at) => options.tierOf?.(id) ?? sharedTier([covered[at]!]));
  const views: FlowView[] = relevant.map((row, at) => {
    const { client, towardClient, towardServer } = measured[at]!;
    const tier = tiers[client]!;
    const side = (sides: Sides): Side | null => {
      if (tier === null) return bestSide(sides);
      return tier === 'none' ? null : (sides[tier] ?? null);
    };
    return {
      row,
      client,
      toServerDirection: clientIsInitiator(row) ? 0 : 1,
      data: data.get(row.flowId),
      towardClient: side(towardClient),
      towardServer: side(towardServer),
    };
  });
  const deadlineBufferNs = options.deadlineBufferNs ?? DEFAULT_DEADLINE_BUFFER_NS;

  const named = new Set(allFlows.map((row) => row.flowId));
  const servers = new Set(relevant.map((row) => (clientIsInitiator(row) ? row.responder : row.initiator)));
  return {
    firstTimestampNs: first,
    lastTimestampNs: last,
    firstMinute,
    minutes,
    vantage,
    vantageReason,
    clients: describeClients(identities, views, clientIsInitiator).map((client, at) => ({
      ...client,
      rttTier: tiers[at]!,
      rttMinutes: covered[at]!,
    })),
    servers: [...servers].sort(),
    cells: buildCells(views, vantage, deadlineBufferNs, firstMinute, minutes),
    connects: countConnects(views, last, firstMinute, minutes, clientIsInitiator),
    rttSamples,
    methods: countMethods(views, vantage),
    deadlineBufferNs,
    oneSidedFlows: views.filter((v) => v.data !== undefined && v.data.directions.size === 1).length,
    orphanRows: [...data.keys()].filter((id) => !named.has(id)).length,
  };
}

interface MeasuredFlow {
  readonly client: number;
  readonly towardClient: Sides;
  readonly towardServer: Sides;
}

/** Per client: the minutes in which all its flows together give a tier's cell. */
function tierMinutesOf(
  flows: readonly MeasuredFlow[],
  timed: 'towardClient' | 'towardServer',
  clients: number,
): TierMinutes[] {
  const counts = Array.from({ length: clients }, () => ({
    network: new Map<number, number>(),
    application: new Map<number, number>(),
    handshake: new Map<number, number>(),
  }));
  for (const flow of flows)
    for (const tier of RTT_TIERS) {
      const perMinute = counts[flow.client]![tier];
      for (const [minute, samples] of flow[timed][tier]?.minutes ?? [])
        perMinute.set(minute, (perMinute.get(minute) ?? 0) + samples.count);
    }
  const enough = (perMinute: ReadonlyMap<number, number>): number =>
    [...perMinute.values()].filter((count) => count >= MIN_SAMPLES_PER_CELL).length;
  return counts.map(({ network, application, handshake }) => ({
    network: enough(network),
    application: enough(application),
    handshake: enough(handshake),
  }));
}

function countMethods(views: readonly FlowView[], vantage: Vantage): { method: string; flows: number }[] {
  const counts = new Map<string, number>();
  for (const view of views) {
    const side = vantage === 'client' ? view.towardServer : view.towardClient;
    if (side !== null) counts.set(side.method, (counts.get(side.method) ?? 0) + 1);
  }
  return [...counts]
    .map(([method, flows]) => ({ method, flows }))
    .sort((a, b) => (a.method < b.method ? -1 : 1));
}

interface KnownClient {
  readonly id: string;
  readonly by: IdentifiedBy;
  readonly address: string;
}

function describeClients(
  identities: readonly KnownClient[],
  views: readonly FlowView[],
  clientIsInitiator: (row: FlowRow) => boolean,
): Omit<PlayerClient, 'rttTier' | 'rttMinutes'>[] {
  const seen = identities.map(() => new Map<number, number>());
  const servers = identities.map(() => new Set<string>());
  for (const { row, client } of views) {
    servers[client]!.add(clientIsInitiator(row) ? row.responder : row.initiator);
    if (row.forwardMssOptionBytes === null || !clientIsInitiator(row)) continue;
    const counts = seen[client]!;
    counts.set(row.forwardMssOptionBytes, (counts.get(row.forwardMssOptionBytes) ?? 0) + 1);
  }
  return identities.map(({ id, by, address }, i) => {
    const ranked = [...seen[i]!].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([mss]) => mss);
    return {
      id,
      identifiedBy: by,
      address,
      mssOptionBytes: ranked[0] ?? null,
      otherMssOptionBytes: ranked.slice(1).sort((a, b) => a - b),
      servers: [...servers[i]!].sort(),
    };
  });
}
