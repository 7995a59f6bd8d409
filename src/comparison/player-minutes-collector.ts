/**
 * Table batches → player-minutes, in memory bounded by flows × minutes. Batches may come in any order and any cut;
 * flow rows come once, at the end, and say who is the client. One RTT method per flow and side, never mixed.
 */
import { minuteOf, MINUTE_NS, type FlowData } from './flow-samples.ts';
import { MinuteSamples } from './minute-samples.ts';
import { assemblePlayerMinutes, type CollectorOptions } from './player-minutes-assembly.ts';
import type { PlayerMinutes } from './player-minutes.ts';
import type { BinBatch, FlowRow, RttBatch } from './table-batches.ts';

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
      if (minutes === undefined) rtt.set(key, (minutes = new Map<number, MinuteSamples>()));
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
      const loss = flow.loss[batch.direction[row] === 0 ? 0 : 1];
      const cell = loss.get(minute) ?? { sent: 0, lost: 0 };
      // Captured + lost keeps the ratio ≤ 1 whether the loss lies before the capture point or after it.
      cell.sent += batch.packets[row]! + lost;
      cell.lost += lost;
      loss.set(minute, cell);
    }
  }

  /** Call once, with every flow of the period. */
  finish(flows: readonly FlowRow[], options: CollectorOptions = {}): PlayerMinutes {
    return assemblePlayerMinutes(this.flows, this.samples, flows, options);
  }

  private flow(id: number): FlowData {
    let flow = this.flows.get(id);
    if (flow === undefined) {
      flow = { rtt: new Map(), loss: [new Map(), new Map()], directions: new Set() };
      this.flows.set(id, flow);
    }
    return flow;
  }
}
