/**
 * What else the tables and a pairing of both ends know: marks of the path per client, cadence per server, queueing per direction. Plain
 * numbers of both periods; `observations.ts` decides what they say.
 */
import type { FlowRow, PathMarks } from '../comparison/table-batches.ts';
import { medianOf } from '../statistics/quantile.ts';

/** Of one client's packets as they arrive at the capture. */
export interface ClientPath {
  readonly ttl: number | null;
  readonly dscp: number | null;
  readonly mss: number | null;
}

const SURE_OF_TICK = 0.8;

function mostFrequent(values: readonly number[]): number | null {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0]?.[0] ?? null;
}

interface Oriented {
  readonly client: string;
  readonly server: string;
  readonly fromClient: PathMarks | undefined;
  readonly fromServer: PathMarks | undefined;
}

function oriented(flow: FlowRow, servers: ReadonlySet<string> | null): Oriented {
  const { initiator, responder, forwardPath, reversePath } = flow;
  return servers?.has(initiator) === true
    ? { client: responder, server: initiator, fromClient: reversePath, fromServer: forwardPath }
    : { client: initiator, server: responder, fromClient: forwardPath, fromServer: reversePath };
}

/** By client address, the most frequent marks over its flows. */
export function clientPaths(
  flows: readonly FlowRow[],
  servers: readonly string[] | undefined,
): Map<string, ClientPath> {
  const known = servers === undefined ? null : new Set(servers);
  const byClient = new Map<string, PathMarks[]>();
  for (const flow of flows) {
    const { client, fromClient } = oriented(flow, known);
    if (fromClient === undefined) continue;
    const marks = byClient.get(client);
    if (marks === undefined) byClient.set(client, [fromClient]);
    else marks.push(fromClient);
  }
  return new Map(
    [...byClient].map(([client, marks]) => {
      const of = (read: (mark: PathMarks) => number | null): number | null =>
        mostFrequent(marks.map(read).filter((value) => value !== null));
      return [
        client,
        { ttl: of((m) => m.ttlMax), dscp: of((m) => m.dscpFirst), mss: of((m) => m.mssOptionBytes) },
      ];
    }),
  );
}

/** By server address, the median period at which it sends to its clients, over flows that keep a period. */
export function serverTicks(
  flows: readonly FlowRow[],
  servers: readonly string[] | undefined,
): Map<string, { readonly periodNs: number; readonly flows: number }> {
  const known = servers === undefined ? null : new Set(servers);
  const byServer = new Map<string, number[]>();
  for (const flow of flows) {
    const { server, fromServer } = oriented(flow, known);
    if (fromServer?.tickPeriodNs == null || (fromServer.tickConfidence ?? 0) < SURE_OF_TICK) continue;
    byServer.set(server, [...(byServer.get(server) ?? []), fromServer.tickPeriodNs]);
  }
  return new Map(
    [...byServer].map(([server, periods]) => [
      server,
      { periodNs: medianOf(periods)!, flows: periods.length },
    ]),
  );
}

/** 95th percentile of queueing per direction, as `pair` measures it between the two captures. */
export interface DirectionQueueing {
  readonly clientToServerNs: number | null;
  readonly serverToClientNs: number | null;
}

/** What this room reads of a `lagdiff/pair@1` document. */
export interface PairLike {
  readonly client_to_server: { readonly queueing_p95_ns: number | null };
  readonly server_to_client: { readonly queueing_p95_ns: number | null };
}

export function queueingOf(pair: PairLike): DirectionQueueing {
  return {
    clientToServerNs: pair.client_to_server.queueing_p95_ns,
    serverToClientNs: pair.server_to_client.queueing_p95_ns,
  };
}
