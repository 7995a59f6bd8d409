/** Flows of known clients → cells per client and minute: RTT, PDV, loss, deadline misses. */
import { MIN_SAMPLES_PER_CELL, type FlowData, type LossMinute, type Side } from './flow-samples.ts';
import { MinuteSamples } from './minute-samples.ts';
import type { PlayerCell } from './player-minutes.ts';
import type { FlowRow } from './table-batches.ts';
import type { Vantage } from './vantage.ts';

export interface FlowView {
  readonly row: FlowRow;
  readonly client: number;
  /** Of a bin: 0 forward, 1 reverse. */
  readonly toServerDirection: 0 | 1;
  readonly data: FlowData | undefined;
  readonly towardClient: Side | null;
  readonly towardServer: Side | null;
}

interface CellParts {
  readonly client: number;
  readonly minute: number;
  towardClient: MinuteSamples[];
  towardServer: MinuteSamples[];
  /** By whether the packets go to the server (1) or to the client (0). */
  loss: [LossMinute | null, LossMinute | null];
  late: number;
}

export function buildCells(
  views: readonly FlowView[],
  vantage: Vantage,
  deadlineBufferNs: number,
  firstMinute: number,
  minutes: number,
): PlayerCell[] {
  return gatherParts(views, vantage, deadlineBufferNs, firstMinute, minutes).map((part) =>
    toCell(part, vantage),
  );
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
        loss: [null, null],
        late: 0,
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
        if (side === timed) part.late += samples.countAbove(side.minNs + deadlineBufferNs);
      }
    };
    if (vantage !== 'client') add(view.towardClient, 'towardClient');
    if (vantage !== 'server') add(view.towardServer, 'towardServer');
    // Loss is read off both directions together; with one missing, a gap may be the capture's.
    if (view.data === undefined || view.data.directions.size < 2) continue;
    for (const direction of [0, 1] as const) {
      const toServer = direction === view.toServerDirection ? 1 : 0;
      for (const [minute, loss] of view.data.loss[direction]) {
        if (minute < firstMinute || minute >= firstMinute + minutes) continue;
        const part = partOf(view.client, minute - firstMinute);
        const sum = (part.loss[toServer] ??= { sent: 0, lost: 0 });
        sum.sent += loss.sent;
        sum.lost += loss.lost;
      }
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
  const measured = part.loss.filter((loss) => loss !== null);
  return {
    client: part.client,
    minute: part.minute,
    samples,
    rttP50Ns: rtt === null ? null : Math.round(rtt.p50),
    rttP95Ns: rtt === null ? null : Math.round(rtt.p95),
    rttMinNs: rtt === null ? null : rtt.min,
    pdvP95Ns: rtt === null ? null : Math.round(rtt.p95 - rtt.min),
    sentPackets: measured.length === 0 ? null : measured.reduce((sum, { sent }) => sum + sent, 0),
    lostPackets: measured.length === 0 ? null : measured.reduce((sum, { lost }) => sum + lost, 0),
    toClient: part.loss[0],
    toServer: part.loss[1],
    lateSamples: part.late,
    timedSamples: samples,
  };
}
