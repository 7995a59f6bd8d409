/** Delays of both directions of a queued path, without packets around them: hours of them take milliseconds. */

import { Random } from '../../../samples/generate/simulate/random.ts';
import type { Points } from '../../../src/pairing/points.ts';
import { clockErrorNs } from './capture.ts';
import { Lane } from './lane.ts';
import { quietLane, trueClock } from './scenario.ts';
import type { Clock } from './scenario.ts';

export interface QueuedPath {
  readonly seed: number;
  readonly seconds: number;
  /** Datagrams a second, there and back. */
  readonly hz: readonly [number, number];
  readonly queueUs: readonly [number, number];
  readonly correlationSeconds: readonly [number, number];
  readonly client?: Partial<Clock>;
  readonly server?: Partial<Clock>;
}

export function delaysOf(given: QueuedPath): readonly [Points, Points] {
  const random = new Random(`queued path ${given.seed}`);
  const client = { ...trueClock, ...given.client };
  const server = { ...trueClock, ...given.server };
  const shows = (clock: Clock, atUs: number): number => atUs * 1000 + clockErrorNs(clock, atUs);
  const ways = ([0, 1] as const).map((way) => {
    const queue = {
      meanUs: 0,
      spreadUs: given.queueUs[way],
      correlationSeconds: given.correlationSeconds[way],
    };
    const lane = new Lane({ ...quietLane, baseUs: [8_000, 11_000][way]!, queue }, random, given.seconds);
    const periodUs = 1e6 / given.hz[way];
    const waver = way === 0 ? 0.3 : 0.01;
    const first = random.uniform(0, periodUs);
    const rows: { readonly client: number; readonly server: number; readonly way: 0 | 1 }[] = [];
    for (let count = 0; first + count * periodUs < given.seconds * 1e6; count++) {
      const tick = first + (count + waver * random.uniform(-0.5, 0.5)) * periodUs;
      const sent = Math.max(0, Math.round(tick));
      const [arrival] = lane.pass(sent, 120).arrivals;
      const came = arrival!.atUs;
      rows.push(way === 0 ? { client: sent, server: came, way } : { client: came, server: sent, way });
    }
    return rows;
  });
  const all = ways.flat();
  const place = (end: 'client' | 'server') =>
    new Map([...all].sort((a, b) => a[end] - b[end]).map((row, index) => [row, index + 1]));
  const [atClient, atServer] = [place('client'), place('server')];
  const points = ways.map((rows): Points => {
    const timed = rows
      .map((row) => ({ row, time: shows(client, row.client) }))
      .sort((a, b) => a.time - b.time);
    return {
      timeNs: Float64Array.from(timed, ({ time }) => time),
      delayNs: Float64Array.from(
        timed,
        ({ row, time }) => (shows(server, row.server) - time) * (row.way === 0 ? 1 : -1),
      ),
      clientFrame: Uint32Array.from(timed, ({ row }) => atClient.get(row)!),
      serverFrame: Uint32Array.from(timed, ({ row }) => atServer.get(row)!),
      path: new Uint32Array(timed.length),
      source: Uint32Array.from(timed.keys()),
    };
  });
  return [points[0]!, points[1]!];
}
