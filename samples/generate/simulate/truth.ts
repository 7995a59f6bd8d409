/** What the simulator knows and a measurer should find: written beside the captures as truth.json. */

import type { Client, EveningFault } from './client.ts';
import { CLIENT_CLOCK_AHEAD_NS } from './scenario.ts';
import type { PeriodName, Scenario } from './scenario.ts';
import type { SessionResult } from './session.ts';
import type { Direction } from './path.ts';

/** Cells with fewer RTT samples say nothing (the comparison drops them too). */
const MIN_SAMPLES_PER_CELL = 5;

export type PeriodSessions = ReadonlyMap<Client, SessionResult>;

interface Minute {
  readonly rtt: number[];
  readonly network: number[];
}

const definitions = {
  rtt_p50_by_minute_ns:
    'median, per UTC minute since the period began, of RTT samples on the game connection: server data leaving to the first client packet that acknowledges it, both at the server-side capture, by the minute in which the sample ends; no segment sent twice, none acknowledged together with one sent twice; null below 5 samples',
  network_rtt_p50_by_minute_ns: 'the same samples without the time the client took to acknowledge',
  rtt_p50_of_minutes_ns:
    'median over all clients and minutes that have a value, each player-minute counting once',
  handshake_rtt_ns:
    'game connection, SYN to ACK of the SYN-ACK at the server-side capture; null where one was repeated',
  packets: 'IP packets of every connection of the client that left the sender before the capture ended',
  lost: 'of those, dropped by the network',
  in_flight_at_end:
    'of those, due to arrive after the capture ended, so absent from the far end without being lost',
  retransmissions: 'TCP segments sent again, all connections of the client',
} as const;

export function truthOf(
  scenario: Scenario,
  clients: readonly Client[],
  sessions: Readonly<Record<PeriodName, PeriodSessions>>,
) {
  const perClient = clients.map((client) => ({
    client,
    baseline: periodTruth(sessions.baseline.get(client)!, scenario.durationSeconds),
    evening: periodTruth(sessions.evening.get(client)!, scenario.durationSeconds),
  }));
  const groups = [...scenario.cohorts.map((cohort) => cohort.name), 'all'].map((name) => {
    const members = perClient.filter(({ client }) => name === 'all' || client.cohort.name === name);
    const baseline = groupTruth(members.map((member) => member.baseline));
    const evening = groupTruth(members.map((member) => member.evening));
    const shift =
      baseline.rtt_p50_of_minutes_ns === null || evening.rtt_p50_of_minutes_ns === null
        ? null
        : evening.rtt_p50_of_minutes_ns - baseline.rtt_p50_of_minutes_ns;
    return { cohort: name, clients: members.length, rtt_p50_shift_ns: shift, baseline, evening };
  });
  return {
    schema: 'lagdiff/sample-truth@1',
    case: scenario.name,
    question: scenario.question,
    seed: scenario.seed,
    definitions,
    duration_ns: scenario.durationSeconds * 1e9,
    clock: {
      offset_ns: -Number(CLIENT_CLOCK_AHEAD_NS),
      skew_ppm: 0,
      note: 'server clock minus client clock',
    },
    injected: scenario.fault === null ? null : injected(scenario.fault),
    cohorts: groups,
    clients: perClient.map(({ client, baseline, evening }) => ({
      address: client.publicAddress,
      private_address: client.privateAddress,
      cohort: client.cohort.name,
      mss_bytes: Math.min(client.isIpv6 ? 1440 : 1460, client.cohort.mssBytes),
      captured_at_client: client.isVolunteer,
      timestamps: client.host !== 'windows',
      delayed_ack_share: client.delayedAckShare,
      delayed_ack_max_ns: client.delayedAckMaxUs * 1000,
      base_rtt_ns: 2 * Math.round(client.propagationRttUs / 2) * 1000,
      ttl_delta: { client_to_server: client.hopsToServer, server_to_client: client.hopsToClient },
      dscp_rewrite: client.cohort.dscp,
      baseline,
      evening,
    })),
  };
}

function injected(fault: EveningFault) {
  return {
    cohort: fault.cohort,
    period: 'evening',
    direction: fault.direction,
    queueing_mean_ns: fault.queue === null ? 0 : fault.queue.meanUs * 1000,
    queueing_wander_ns: fault.queue === null ? 0 : fault.queue.spreadUs * 1000,
    loss_ratio: fault.loss?.ratio ?? null,
    loss_mean_burst_packets: fault.loss?.meanBurstPackets ?? null,
  };
}

function periodTruth(session: SessionResult, durationSeconds: number) {
  const minutes: Minute[] = Array.from({ length: Math.ceil(durationSeconds / 60) }, () => ({
    rtt: [],
    network: [],
  }));
  for (const sample of session.rttSamples) {
    const minute = minutes[Math.floor(sample.completedUs / 60e6)];
    minute?.rtt.push(sample.rttUs);
    minute?.network.push(sample.networkUs);
  }
  const cell = (values: readonly number[]) =>
    values.length < MIN_SAMPLES_PER_CELL ? null : medianNs(values);
  return {
    handshake_rtt_ns: session.handshakeUs === null ? null : session.handshakeUs * 1000,
    rtt_samples: session.rttSamples.length,
    client_to_server: directionTruth(session, 'client_to_server', durationSeconds),
    server_to_client: directionTruth(session, 'server_to_client', durationSeconds),
    rtt_p50_by_minute_ns: minutes.map((minute) => cell(minute.rtt)),
    network_rtt_p50_by_minute_ns: minutes.map((minute) => cell(minute.network)),
  };
}

function directionTruth(session: SessionResult, direction: Direction, durationSeconds: number) {
  const sent = session.transits.filter((transit) => transit.direction === direction);
  const endUs = durationSeconds * 1e6;
  return {
    packets: sent.length,
    lost: sent.filter((transit) => transit.arrivedUs === null).length,
    in_flight_at_end: sent.filter((transit) => transit.arrivedUs !== null && transit.arrivedUs > endUs)
      .length,
    retransmissions: session.retransmissions[direction],
  };
}

function groupTruth(periods: readonly ReturnType<typeof periodTruth>[]) {
  const cells = periods.flatMap((period) => period.rtt_p50_by_minute_ns).filter((value) => value !== null);
  const sum = (of: (period: ReturnType<typeof periodTruth>) => number) =>
    periods.reduce((total, period) => total + of(period), 0);
  const direction = (name: Direction) => {
    const packets = sum((period) => period[name].packets);
    const lost = sum((period) => period[name].lost);
    const retransmissions = sum((period) => period[name].retransmissions);
    return { packets, lost, loss_ratio: packets === 0 ? null : lost / packets, retransmissions };
  };
  return {
    player_minutes: cells.length,
    rtt_p50_of_minutes_ns: cells.length === 0 ? null : medianNs(cells, 1),
    client_to_server: direction('client_to_server'),
    server_to_client: direction('server_to_client'),
  };
}

/** Median of µs (or, with `unitNs` 1, ns) as whole ns. */
function medianNs(values: readonly number[], unitNs = 1000): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[upper]! : (sorted[upper - 1]! + sorted[upper]!) / 2;
  return Math.round(median * unitNs);
}
