/**
 * Table batches → player-minutes, in memory bounded by flows × minutes. Batches may come in any order and any cut;
 * flow rows come once, at the end, and say who is the client. One RTT method per flow and side, never mixed.
 */
import { NS_PER_MS } from '../units.ts';
import { MinuteSamples } from './minute-samples.ts';
import type { ConnectCell, PlayerCell, PlayerClient, PlayerMinutes } from './player-minutes.ts';
import { decideVantage, type Vantage } from './vantage.ts';

/** Codes of the `method` column, in the order of the rtt table's definition. */
export const RTT_METHODS = [
  'handshake',
  'timestamp',
  'ack',
  'quic_spin',
  'quic_handshake',
  'app_ack',
  'icmp_echo',
  'rtcp',
  'stun',
] as const;

/** Least host delay first; handshakes last, since a flow has at most one or two. */
const METHOD_PREFERENCE = [
  'timestamp',
  'ack',
  'app_ack',
  'quic_spin',
  'rtcp',
  'icmp_echo',
  'stun',
  'handshake',
  'quic_handshake',
];

const TCP = 6;
const MIN_SAMPLES_PER_CELL = 5;
const MINUTE_NS = 60_000_000_000n;
const EDGE_NS = 30_000_000_000n;
const CONNECT_TIMEOUT_NS = 3_000_000_000n;
export const DEFAULT_DEADLINE_BUFFER_NS = 15 * NS_PER_MS;

export interface RttBatch {
  readonly rows: number;
  readonly flowId: Uint32Array;
  readonly timestampNs: BigInt64Array;
  /** 0 initiator, 1 responder. */
  readonly toward: Uint8Array;
  readonly method: Uint8Array;
  readonly rttNs: BigInt64Array;
}

/** Bins of 60 s that begin on a UTC minute. */
export interface BinBatch {
  readonly rows: number;
  readonly flowId: Uint32Array;
  /** 0 forward, 1 reverse. */
  readonly direction: Uint8Array;
  readonly binStartNs: BigInt64Array;
  readonly packets: Uint32Array;
  readonly lostPackets: Uint32Array;
  /** 1 where loss was measurable; 0 is null. */
  readonly lostValid: Uint8Array;
}

export interface FlowRow {
  readonly flowId: number;
  readonly initiator: string;
  readonly responder: string;
  readonly initiatorPort: number | null;
  readonly responderPort: number | null;
  readonly protocol: number;
  readonly connectionState: string | null;
  readonly handshakeAttempts: number | null;
  readonly rttHandshakeNs: number | null;
  readonly forwardMssOptionBytes: number | null;
  readonly firstTimestampNs: bigint;
  readonly lastTimestampNs: bigint;
  /** Packets from the responder; tells a SYN without reply from a SYN-ACK without ACK. Null when not known. */
  readonly reversePackets?: number | null;
}

export interface CollectorOptions {
  /** Addresses of servers: the other side is the client. Without it, the initiator is. */
  readonly servers?: readonly string[];
  readonly vantage?: Vantage;
  /** max(1 tick, 15 ms) of the game. */
  readonly deadlineBufferNs?: number;
  /** The capture's own range, when it is wider than the flows'. */
  readonly firstTimestampNs?: bigint;
  readonly lastTimestampNs?: bigint;
}

type Minutes = Map<number, MinuteSamples>;
interface LossMinute {
  sent: number;
  lost: number;
  measurable: boolean;
}
interface FlowData {
  /** By toward × method. */
  readonly rtt: Map<number, Minutes>;
  readonly loss: Map<number, LossMinute>;
  readonly directions: Set<number>;
}

/** Floor division that is also right before 1970. */
function minuteOf(timestampNs: bigint): number {
  const quotient = timestampNs / MINUTE_NS;
  return Number(timestampNs % MINUTE_NS < 0n ? quotient - 1n : quotient);
}

export class PlayerMinutesCollector {
  private readonly flows = new Map<number, FlowData>();
  private samples = 0;

  addRtt(batch: RttBatch): void {
    let minute = 0;
    let from = 1n;
    let to = 0n;
    for (let row = 0; row < batch.rows; row++) {
      const at = batch.timestampNs[row]!;
      // Rows come mostly in time order: one division per minute, not per row.
      if (at < from || at >= to) {
        minute = minuteOf(at);
        from = BigInt(minute) * MINUTE_NS;
        to = from + MINUTE_NS;
      }
      const rttNs = Number(batch.rttNs[row]!);
      if (rttNs < 0) continue;
      const { rtt } = this.flow(batch.flowId[row]!);
      const key = batch.toward[row]! * 256 + batch.method[row]!;
      let minutes = rtt.get(key);
      if (minutes === undefined) rtt.set(key, (minutes = new Map()));
      let cell = minutes.get(minute);
      if (cell === undefined) minutes.set(minute, (cell = new MinuteSamples()));
      cell.add(rttNs);
      this.samples++;
    }
  }

  addBins(batch: BinBatch): void {
    for (let row = 0; row < batch.rows; row++) {
      const flow = this.flow(batch.flowId[row]!);
      const minute = minuteOf(batch.binStartNs[row]!);
      if (batch.packets[row]! > 0) flow.directions.add(batch.direction[row]!);
      if (batch.lostValid[row] === 0) continue;
      const lost = batch.lostPackets[row]!;
      const cell = flow.loss.get(minute) ?? { sent: 0, lost: 0, measurable: true };
      // Captured + lost keeps the ratio ≤ 1 whether the loss lies before the capture point or after it.
      cell.sent += batch.packets[row]! + lost;
      cell.lost += lost;
      flow.loss.set(minute, cell);
    }
  }

  /** Call once, with every flow of the period. */
  finish(flows: readonly FlowRow[], options: CollectorOptions = {}): PlayerMinutes {
    return assemble(this.flows, this.samples, flows, options);
  }

  private flow(id: number): FlowData {
    let flow = this.flows.get(id);
    if (flow === undefined) {
      flow = { rtt: new Map(), loss: new Map(), directions: new Set() };
      this.flows.set(id, flow);
    }
    return flow;
  }
}

interface Side {
  readonly method: string;
  readonly minutes: Minutes;
  readonly minNs: number;
}

/** The preferred method with at least five samples inside the window, else the preferred one with any. */
function chooseSide(flow: FlowData, toward: number, firstMinute: number, minutes: number): Side | null {
  let fallback: Side | null = null;
  for (const method of METHOD_PREFERENCE) {
    const all = flow.rtt.get(toward * 256 + (RTT_METHODS as readonly string[]).indexOf(method));
    if (all === undefined) continue;
    const inside: Minutes = new Map(
      [...all].filter(([minute]) => minute >= firstMinute && minute < firstMinute + minutes),
    );
    let count = 0;
    let minNs = Infinity;
    for (const cell of inside.values()) {
      count += cell.count;
      minNs = Math.min(minNs, cell.min);
    }
    if (count >= MIN_SAMPLES_PER_CELL) return { method, minutes: inside, minNs };
    if (count > 0) fallback ??= { method, minutes: inside, minNs };
  }
  return fallback;
}

interface CellParts {
  readonly client: number;
  readonly minute: number;
  towardClient: MinuteSamples[];
  towardServer: MinuteSamples[];
  sent: number;
  lost: number;
  measurable: boolean;
  misses: number;
}

interface FlowView {
  readonly row: FlowRow;
  readonly client: number;
  readonly data: FlowData | undefined;
  readonly towardClient: Side | null;
  readonly towardServer: Side | null;
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
  const firstMinute = minuteOf(first + EDGE_NS + MINUTE_NS - 1n);
  return { first, last, firstMinute, minutes: Math.max(0, minuteOf(last - EDGE_NS) - firstMinute) };
}

function assemble(
  data: ReadonlyMap<number, FlowData>,
  rttSamples: number,
  flows: readonly FlowRow[],
  options: CollectorOptions,
): PlayerMinutes {
  const { first, last, firstMinute, minutes } = periodOf(flows, options);
  const serverSet = options.servers === undefined ? null : new Set(options.servers);
  const clientIsInitiator = (row: FlowRow): boolean => serverSet === null || !serverSet.has(row.initiator);
  const relevant = flows.filter(
    (row) => serverSet === null || serverSet.has(row.initiator) !== serverSet.has(row.responder),
  );
  const clientOf = (row: FlowRow): string => (clientIsInitiator(row) ? row.initiator : row.responder);
  const addresses = [...new Set(relevant.map(clientOf))].sort();
  const index = new Map(addresses.map((address, i) => [address, i]));

  const views: FlowView[] = relevant.map((row) => {
    const flow = data.get(row.flowId);
    const toward = clientIsInitiator(row) ? 0 : 1;
    return {
      row,
      client: index.get(clientOf(row))!,
      data: flow,
      towardClient: flow === undefined ? null : chooseSide(flow, toward, firstMinute, minutes),
      towardServer: flow === undefined ? null : chooseSide(flow, 1 - toward, firstMinute, minutes),
    };
  });
  const decided = decideVantage(
    views.flatMap((v) => (v.towardClient === null ? [] : [v.towardClient.minNs])),
    views.flatMap((v) => (v.towardServer === null ? [] : [v.towardServer.minNs])),
  );
  const vantage = options.vantage ?? decided.vantage;
  const vantageReason =
    options.vantage === undefined ? decided.reason : `given by the caller (${decided.reason})`;
  const deadlineBufferNs = options.deadlineBufferNs ?? DEFAULT_DEADLINE_BUFFER_NS;

  const parts = gatherParts(views, vantage, deadlineBufferNs, firstMinute, minutes);
  const named = new Set(flows.map((row) => row.flowId));
  const servers = new Set(relevant.map((row) => (clientIsInitiator(row) ? row.responder : row.initiator)));
  return {
    firstTimestampNs: first,
    lastTimestampNs: last,
    firstMinute,
    minutes,
    vantage,
    vantageReason,
    clients: describeClients(addresses, views, clientIsInitiator),
    servers: [...servers].sort(),
    cells: parts.map((part) => toCell(part, vantage)),
    connects: countConnects(views, last, firstMinute, minutes, clientIsInitiator),
    rttSamples,
    methods: countMethods(views, vantage),
    deadlineBufferNs,
    oneSidedFlows: views.filter((v) => v.data !== undefined && v.data.directions.size === 1).length,
    orphanRows: [...data.keys()].filter((id) => !named.has(id)).length,
  };
}

function gatherParts(
  views: readonly FlowView[],
  vantage: Vantage,
  deadlineBufferNs: number,
  firstMinute: number,
  minutes: number,
): CellParts[] {
  const parts = new Map<number, CellParts>();
  const partOf = (client: number, minute: number): CellParts => {
    const key = client * minutes + minute;
    let part = parts.get(key);
    if (part === undefined) {
      part = {
        client,
        minute,
        towardClient: [],
        towardServer: [],
        sent: 0,
        lost: 0,
        measurable: false,
        misses: 0,
      };
      parts.set(key, part);
    }
    return part;
  };
  for (const view of views) {
    // The far side carries the deadline; in the middle the client's side does, whose queue is the usual suspect.
    const timed = vantage === 'client' ? view.towardServer : view.towardClient;
    const add = (side: Side | null, into: 'towardClient' | 'towardServer'): void => {
      if (side === null) return;
      for (const [minute, samples] of side.minutes) {
        const part = partOf(view.client, minute - firstMinute);
        part[into].push(samples);
        if (side === timed) part.misses += samples.countAbove(side.minNs + deadlineBufferNs);
      }
    };
    if (vantage !== 'client') add(view.towardClient, 'towardClient');
    if (vantage !== 'server') add(view.towardServer, 'towardServer');
    // Loss is read off both directions together; with one missing, a gap may be the capture's.
    if (view.data === undefined || view.data.directions.size < 2) continue;
    for (const [minute, loss] of view.data.loss) {
      if (minute < firstMinute || minute >= firstMinute + minutes) continue;
      const part = partOf(view.client, minute - firstMinute);
      part.sent += loss.sent;
      part.lost += loss.lost;
      part.measurable = true;
    }
  }
  return [...parts.values()].sort((a, b) => a.client - b.client || a.minute - b.minute);
}

interface CellRtt {
  readonly p50: number;
  readonly p95: number;
  readonly min: number;
}

function summarize(samples: readonly MinuteSamples[]): CellRtt | null {
  const count = samples.reduce((sum, s) => sum + s.count, 0);
  if (count < MIN_SAMPLES_PER_CELL) return null;
  const [p50, p95] = MinuteSamples.quantiles(samples, [0.5, 0.95]) as [number, number];
  return { p50, p95, min: Math.min(...samples.map((s) => s.min)) };
}

function toCell(part: CellParts, vantage: Vantage): PlayerCell {
  const near = vantage === 'server' ? null : summarize(part.towardServer);
  const far = vantage === 'client' ? null : summarize(part.towardClient);
  let rtt: CellRtt | null;
  if (vantage === 'middle') {
    // A middle capture sees no packet's whole path: the sides' figures are added.
    rtt =
      near === null || far === null
        ? null
        : { p50: near.p50 + far.p50, p95: near.p95 + far.p95, min: near.min + far.min };
  } else {
    rtt = vantage === 'server' ? far : near;
  }
  const timed = vantage === 'client' ? part.towardServer : part.towardClient;
  const samples = timed.reduce((sum, s) => sum + s.count, 0);
  const lost = part.measurable ? part.lost : null;
  return {
    client: part.client,
    minute: part.minute,
    samples,
    rttP50Ns: rtt === null ? null : Math.round(rtt.p50),
    rttP95Ns: rtt === null ? null : Math.round(rtt.p95),
    rttMinNs: rtt === null ? null : rtt.min,
    pdvP95Ns: rtt === null ? null : Math.round(rtt.p95 - rtt.min),
    sentPackets: part.measurable ? part.sent : null,
    lostPackets: lost,
    deadlineMisses: part.misses + (lost ?? 0),
    deadlineTotal: samples + (lost ?? 0),
  };
}

function countConnects(
  views: readonly FlowView[],
  lastNs: bigint | null,
  firstMinute: number,
  minutes: number,
  clientIsInitiator: (row: FlowRow) => boolean,
): ConnectCell[] {
  const cells = new Map<
    number,
    { client: number; minute: number; attempts: number; failures: number; refused: number }
  >();
  for (const { row, client } of views) {
    if (row.protocol !== TCP || (row.handshakeAttempts ?? 0) < 1 || !clientIsInitiator(row)) continue;
    const unanswered =
      row.connectionState === 'half_open' && row.rttHandshakeNs === null && (row.reversePackets ?? 0) === 0;
    // A SYN in the last three seconds of the capture has not had its time yet.
    if (unanswered && lastNs !== null && row.firstTimestampNs + CONNECT_TIMEOUT_NS > lastNs) continue;
    const minute = Math.min(
      Math.max(minuteOf(row.firstTimestampNs) - firstMinute, 0),
      Math.max(0, minutes - 1),
    );
    const key = client * (minutes + 1) + minute;
    const cell = cells.get(key) ?? { client, minute, attempts: 0, failures: 0, refused: 0 };
    cell.attempts++;
    if (unanswered) cell.failures++;
    if (row.connectionState === 'refused') cell.refused++;
    cells.set(key, cell);
  }
  return [...cells.values()].sort((a, b) => a.client - b.client || a.minute - b.minute);
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

function describeClients(
  addresses: readonly string[],
  views: readonly FlowView[],
  clientIsInitiator: (row: FlowRow) => boolean,
): PlayerClient[] {
  const seen = addresses.map(() => new Map<number, number>());
  for (const { row, client } of views) {
    if (row.forwardMssOptionBytes === null || !clientIsInitiator(row)) continue;
    const counts = seen[client]!;
    counts.set(row.forwardMssOptionBytes, (counts.get(row.forwardMssOptionBytes) ?? 0) + 1);
  }
  return addresses.map((address, i) => {
    const ranked = [...seen[i]!].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([mss]) => mss);
    return {
      address,
      mssOptionBytes: ranked[0] ?? null,
      otherMssOptionBytes: ranked.slice(1).sort((a, b) => a - b),
    };
  });
}
