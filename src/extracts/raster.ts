/** Tables of one period → what two figures show: RTT per client and minute, and packets lost per direction and minute. */
import type { Batch } from '../tables/batch.ts';
import { samplesByClient, type CaptureSet, type ClientsInput } from './plan.ts';

const MINUTE_NS = 60_000_000_000n;

export interface RasterCell {
  readonly client: string;
  readonly cohort: string;
  /** Minutes since the epoch. */
  readonly minute: number;
  /** Median of every RTT sample of that client in that minute. */
  readonly rtt_p50_ns: number;
  readonly samples: number;
}

export interface LossCell {
  readonly minute: number;
  readonly direction: 'to_client' | 'to_server';
  readonly packets: number;
  readonly lost: number;
}

export function rasterOf(
  set: CaptureSet,
  input: ClientsInput,
  cohortOf: (client: string) => string,
): RasterCell[] {
  const cells: RasterCell[] = [];
  for (const [client, samples] of samplesByClient(set, input)) {
    const minutes = new Map<number, number[]>();
    for (const { atNs, rttNs } of samples) {
      const minute = Number(atNs / MINUTE_NS);
      const list = minutes.get(minute);
      if (list) list.push(Number(rttNs));
      else minutes.set(minute, [Number(rttNs)]);
    }
    for (const [minute, values] of minutes) {
      // samplesByClient gives them ascending by RTT, so each minute's are, too.
      const rtt_p50_ns = values[values.length >> 1]!;
      cells.push({ client, cohort: cohortOf(client), minute, rtt_p50_ns, samples: values.length });
    }
  }
  return cells.sort((a, b) => (a.client < b.client ? -1 : a.client > b.client ? 1 : a.minute - b.minute));
}

/** Of the flows in which loss can be told: a bin whose loss is unknown counts no packet either. */
export function lossOf(
  flows: Batch,
  bins: readonly Batch[],
  isServer: (address: string) => boolean,
): LossCell[] {
  const ids = flows.u32('flow_id');
  const initiatorIsServer = new Map<number, boolean>();
  for (let row = 0; row < flows.rows; row++) {
    const initiator = isServer(flows.address('initiator', row));
    initiatorIsServer.set(ids[row] ?? 0, initiator && !isServer(flows.address('responder', row)));
  }
  const cells = new Map<
    string,
    { minute: number; direction: LossCell['direction']; packets: number; lost: number }
  >();
  for (const batch of bins) {
    const [flow, direction, start, packets, lost] = [
      batch.u32('flow_id'),
      batch.u8('direction'),
      batch.i64('bin_start_ns'),
      batch.u32('packets'),
      batch.u32('lost_packets'),
    ];
    for (let row = 0; row < batch.rows; row++) {
      if (batch.isNull('lost_packets', row)) continue;
      const minute = Number((start[row] ?? 0n) / MINUTE_NS);
      // Code 0 of the bins table's `direction` is forward: away from the initiator.
      const isToServer = (direction[row] === 0) !== (initiatorIsServer.get(flow[row] ?? 0) ?? false);
      const name = isToServer ? 'to_server' : 'to_client';
      const key = `${minute} ${name}`;
      const cell = cells.get(key) ?? { minute, direction: name, packets: 0, lost: 0 };
      cell.packets += packets[row] ?? 0;
      cell.lost += lost[row] ?? 0;
      cells.set(key, cell);
    }
  }
  return [...cells.values()].sort((a, b) => a.minute - b.minute || (a.direction < b.direction ? -1 : 1));
}
