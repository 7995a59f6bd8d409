/** Periods with a stated truth: clients at fixed distances, an AR(1) queue each, timestamp RTT at the server. */
import { PlayerMinutesCollector } from '../../../src/comparison/player-minutes-collector.ts';
import type { CollectorOptions } from '../../../src/comparison/player-minutes-assembly.ts';
import type { PlayerMinutes } from '../../../src/comparison/player-minutes.ts';
import type { BinBatch, FlowRow, RttBatch } from '../../../src/comparison/table-batches.ts';
import { createRandom } from '../../../src/statistics/random.ts';

export const MINUTE_NS = 60_000_000_000n;
/** 2026-11-20T10:00:00Z, 19:00 in Japan. */
export const EVENING_START_NS = 1_795_168_800_000_000_000n;
export const BASELINE_START_NS = EVENING_START_NS - 6n * 3_600_000_000_000n;

export interface SyntheticClient {
  readonly address: string;
  readonly baseMs: number;
  readonly shiftMs?: number;
  readonly lossRatio?: number;
}

export interface SyntheticPeriod {
  readonly clients: readonly SyntheticClient[];
  readonly startNs: bigint;
  readonly minutes: number;
  readonly seed: number;
  readonly samplesPerMinute?: number;
  readonly queueMs?: number;
  readonly servers?: readonly string[];
}

export interface RttRow {
  readonly flowId: number;
  readonly timestampNs: bigint;
  readonly toward: number;
  readonly method: number;
  readonly rttNs: bigint;
}

export interface BinRow {
  readonly flowId: number;
  readonly direction: number;
  readonly binStartNs: bigint;
  readonly packets: number;
  readonly lostPackets: number | null;
}

export interface Rows {
  readonly rtt: RttRow[];
  readonly bins: BinRow[];
  readonly flows: FlowRow[];
}

export function generate(period: SyntheticPeriod): Rows {
  const rows: Rows = { rtt: [], bins: [], flows: [] };
  const perMinute = period.samplesPerMinute ?? 8;
  const queueMs = period.queueMs ?? 2;
  period.clients.forEach((client, flowId) => {
    const random = createRandom(period.seed, client.address);
    const gauss = (): number =>
      Math.sqrt(-2 * Math.log(Math.max(random.unit(), 1e-12))) * Math.cos(2 * Math.PI * random.unit());
    let queue = gauss() * queueMs;
    for (let minute = 0; minute < period.minutes; minute++) {
      const startNs = period.startNs + BigInt(minute) * MINUTE_NS;
      queue = 0.7 * queue + Math.sqrt(1 - 0.49) * queueMs * gauss();
      const center = client.baseMs + (client.shiftMs ?? 0) + Math.abs(queue);
      for (let k = 0; k < perMinute; k++) {
        const timestampNs = startNs + (MINUTE_NS * BigInt(k)) / BigInt(perMinute);
        const rttMs = Math.max(1, center + 0.5 * gauss());
        rows.rtt.push({ flowId, timestampNs, toward: 0, method: 1, rttNs: BigInt(Math.round(rttMs * 1e6)) });
        rows.rtt.push({ flowId, timestampNs, toward: 1, method: 1, rttNs: 200_000n });
      }
      for (const direction of [0, 1]) {
        let lost = 0;
        for (let k = 0; k < 600; k++) if (random.unit() < (client.lossRatio ?? 0.001)) lost++;
        rows.bins.push({ flowId, direction, binStartNs: startNs, packets: 600 - lost, lostPackets: lost });
      }
    }
    rows.flows.push({
      flowId,
      initiator: client.address,
      responder: period.servers?.[flowId % period.servers.length] ?? '192.0.2.10',
      initiatorPort: 50_000 + flowId,
      responderPort: 7777,
      protocol: 6,
      connectionState: 'established',
      handshakeAttempts: 1,
      rttHandshakeNs: 30_000_000,
      forwardMssOptionBytes: 1414,
      firstTimestampNs: period.startNs,
      lastTimestampNs: period.startNs + BigInt(period.minutes) * MINUTE_NS - 1n,
      reversePackets: 10,
    });
  });
  return rows;
}

export function rttBatch(rows: readonly RttRow[]): RttBatch {
  return {
    rows: rows.length,
    flowId: Uint32Array.from(rows, (r) => r.flowId),
    timestampNs: BigInt64Array.from(rows, (r) => r.timestampNs),
    toward: Uint8Array.from(rows, (r) => r.toward),
    method: Uint8Array.from(rows, (r) => r.method),
    rttNs: BigInt64Array.from(rows, (r) => r.rttNs),
  };
}

export function binBatch(rows: readonly BinRow[]): BinBatch {
  return {
    rows: rows.length,
    flowId: Uint32Array.from(rows, (r) => r.flowId),
    direction: Uint8Array.from(rows, (r) => r.direction),
    binStartNs: BigInt64Array.from(rows, (r) => r.binStartNs),
    packets: Uint32Array.from(rows, (r) => r.packets),
    lostPackets: Uint32Array.from(rows, (r) => r.lostPackets ?? 0),
    lostValid: Uint8Array.from(rows, (r) => (r.lostPackets === null ? 0 : 1)),
  };
}

export function collect(rows: Rows, options: CollectorOptions = {}): PlayerMinutes {
  const collector = new PlayerMinutesCollector();
  collector.addRtt(rttBatch(rows.rtt));
  collector.addBins(binBatch(rows.bins));
  return collector.finish(rows.flows, options);
}

/** `count` clients of 203.0.113.0/24 upward from `from`, at distances spread from 15 to 45 ms. */
export function clientsOf(
  count: number,
  from: number,
  change: Partial<SyntheticClient> = {},
): SyntheticClient[] {
  return Array.from({ length: count }, (_, i) => ({
    address: `203.0.113.${from + i}`,
    baseMs: 15 + (30 * ((i * 7) % count)) / count,
    ...change,
  }));
}

/** Cohorts of eight neighbours: a, b, c. */
export function cohortOf(address: string): string {
  return ['a', 'b', 'c'][Math.floor((Number(address.split('.')[3]) - 1) / 8)] ?? 'unknown';
}
