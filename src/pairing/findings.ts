/** Claims about the path between two captures, each with the packets that show it, at both ends. */

import type { PairFacts } from './facts.ts';
import { addressText } from '../tables/address.ts';
import { DEADLINE_NS, holesOfPaths, lateRatio } from './direction.ts';
import { LATE_ANSWER_NS } from './host-delay.ts';
import { DIRECTIONS, type Direction, type PacketEvidence, type PairFinding } from './types.ts';
import { milliseconds, percent } from './format.ts';

type Draft = Omit<PairFinding, 'client_filter' | 'server_filter'>;

const TOWARD: Readonly<Record<Direction, string>> = {
  client_to_server: 'from client to server',
  server_to_client: 'from server to client',
};

export function findingsOfPair(facts: PairFacts): PairFinding[] {
  const drafts = DIRECTIONS.flatMap((direction, way) => ofDirection(facts, direction, way as 0 | 1));
  return [...drafts, ...ofHosts(facts), ...ofClock(facts)].map((draft) => ({
    ...draft,
    client_filter: filterOf(draft.packets.map(({ client_frame }) => client_frame)),
    server_filter: filterOf(draft.packets.map(({ server_frame }) => server_frame)),
  }));
}

/** Frame numbers of a set of rotated files run on: the filter is for one file, or for the merged set. */
function filterOf(frames: readonly (number | null)[]): string | null {
  const known = [...new Set(frames.filter((frame) => frame !== null))].sort((a, b) => a - b);
  return known.length === 0 ? null : `frame.number in {${known.join(', ')}}`;
}

function ofDirection(facts: PairFacts, direction: Direction, way: 0 | 1): Draft[] {
  const figures = facts.directions[way];
  const { exemplars } = facts.totals;
  const toward = TOWARD[direction];
  const packets = (id: string): readonly PacketEvidence[] => exemplars.get(`${id} ${way}`);
  const drafts: Draft[] = [];
  const add = (draft: Omit<Draft, 'direction'>): void => void drafts.push({ ...draft, direction });
  if (figures.lost > 0)
    add({
      id: 'path/loss',
      severity: (figures.loss_ratio ?? 0) > 0.001 ? 'warning' : 'notice',
      claim: `${figures.lost} of ${figures.sent} packets ${toward} were lost (${percent(figures.loss_ratio ?? 0)}), in ${figures.loss_bursts.bursts} bursts of up to ${figures.loss_bursts.max_packets}`,
      threshold: 'any loss is told; above 0.1 % it is a warning (3GPP 5QI 3)',
      limits:
        'a UDP packet that the receiver’s capture alone missed looks the same, unless everything is missing at that instant',
      count: figures.lost,
      packets: packets('lost'),
    });
  if ((figures.queueing_p95_ns ?? 0) > 5_000_000)
    add({
      id: 'path/queueing',
      severity: 'warning',
      claim: `packets ${toward} queue: ${milliseconds(figures.queueing_p50_ns ?? 0)} at the median, ${milliseconds(figures.queueing_p95_ns ?? 0)} at 95 %, above the path’s smallest delay`,
      threshold: 'p95 of queueing above 5 ms',
      limits: 'a queue that never drained while the captures ran is part of the smallest delay and not seen',
      count: figures.queueing_samples,
      packets: slowest(facts, way),
    });
  const late = lateRatio(figures);
  if (late > 0.01)
    add({
      id: 'path/late',
      severity: 'notice',
      claim: `${percent(late)} of packets ${toward} come more than ${milliseconds(DEADLINE_NS)} after the fastest could`,
      threshold: `1 % later than ${milliseconds(DEADLINE_NS)}`,
      limits: 'the game’s own deadline may be another',
      count: Math.round(late * figures.queueing_samples),
      packets: slowest(facts, way),
    });
  if (figures.duplicated > 0)
    add({
      id: 'path/duplicates',
      severity: 'notice',
      claim: `${figures.duplicated} packets ${toward} arrived more than once`,
      threshold: 'any',
      limits: 'a receiver’s capture on two interfaces looks the same',
      count: figures.duplicated,
      packets: packets('duplicated'),
    });
  if (figures.reordered > 0)
    add({
      id: 'path/reordering',
      severity: 'notice',
      claim: `${figures.reordered} packets ${toward} arrived behind one that was sent later`,
      threshold: 'any; RFC 4737 section 3',
      limits: 'captures of several receive queues may write packets out of order by microseconds',
      count: figures.reordered,
      packets: packets('reordered'),
    });
  const remarked = figures.dscp_transitions.filter(({ from, to }) => from !== to);
  if (remarked.length > 0)
    add({
      id: 'path/dscp-rewritten',
      severity: 'notice',
      claim: `DSCP is rewritten ${toward}: ${remarked.map(({ from, to, packets: n }) => `${from} becomes ${to} (${n} packets)`).join(', ')}; ${[...new Set(remarked.map(({ behaviour }) => behaviour))].join('; ')}`,
      threshold: 'any packet whose DSCP differs between the ends',
      limits: 'values alone do not tell which mechanism did it (RFC 9435)',
      count: remarked.reduce((sum, { packets: n }) => sum + n, 0),
      packets: packets('dscp'),
    });
  const ecn = figures.ecn_transitions.filter(({ from, to }) => from !== to);
  if (ecn.length > 0)
    add({
      id: 'path/ecn-rewritten',
      severity: ecn.every(({ to }) => to === 3) ? 'info' : 'notice',
      claim: `ECN changes ${toward}: ${ecn.map(({ from, to, packets: n }) => `${from} becomes ${to} (${n} packets)`).join(', ')}`,
      threshold: 'any packet whose ECN field differs between the ends',
      limits: 'CE (3) is a mark of congestion (RFC 3168), anything else a fault of a router',
      count: ecn.reduce((sum, { packets: n }) => sum + n, 0),
      packets: packets('ecn'),
    });
  if (figures.ttl_delta_changes > 0)
    add({
      id: 'path/hops-changed',
      severity: 'notice',
      claim: `the number of hops ${toward} changed ${figures.ttl_delta_changes} times within flows`,
      threshold: 'any change of the TTL difference within a flow',
      limits: 'a sender that varies its TTL does not look like this: the difference of both ends is compared',
      count: figures.ttl_delta_changes,
      packets: packets('ttl'),
    });
  if (figures.mss_rewrites.length > 0)
    add({
      id: 'path/mss-clamped',
      severity: 'info',
      claim: `the MSS option of SYNs ${toward} is rewritten between the captures: ${figures.mss_rewrites.map(({ from, to }) => `${from} to ${to}`).join(', ')}`,
      threshold: 'any SYN whose MSS differs between the ends',
      limits: 'the clamp is somewhere between the two captures',
      count: figures.mss_rewrites.reduce((sum, { packets: n }) => sum + n, 0),
      packets: packets('mss'),
    });
  if (figures.black_hole_above_bytes !== null)
    add({
      id: 'path/mtu-black-hole',
      severity: 'warning',
      claim: `no packet ${toward} above ${figures.black_hole_above_bytes} bytes arrives; ${
        figures.packet_too_big_messages > 0
          ? `${figures.packet_too_big_messages} messages said so (MTU ${figures.path_mtu_bytes})`
          : 'and no message says so'
      }`,
      threshold:
        'at least 3 larger packets, all lost, which the loss of smaller ones explains with less than 0.1 %',
      limits: 'the limit lies between the largest that arrived and the smallest that did not',
      count: figures.lost,
      packets: packets('lost'),
    });
  // A hole behind one client of several is none of the whole direction. Where a message says so, senders know.
  if (figures.black_hole_above_bytes === null && figures.packet_too_big_messages === 0)
    for (const { path, aboveBytes, packets: larger } of holesOfPaths(facts.totals.ways[way], facts.pathOf)) {
      const joined = facts.input.report.joined.find((_, flow) => facts.pathOf(flow) === path);
      if (joined === undefined) continue;
      const [client, server] = joined.addresses;
      add({
        id: 'path/mtu-black-hole',
        severity: 'warning',
        claim: `no packet ${toward} above ${aboveBytes} bytes arrives on the way between ${addressText(client)} and ${addressText(server)}: all ${larger} larger ones were lost, and no message says so; other ways carry larger ones`,
        threshold:
          'at least 3 larger packets, all lost, which the loss of smaller ones explains with less than 0.1 %',
        limits: 'the limit lies between the largest that arrived and the smallest that did not',
        count: larger,
        packets: packets('lost'),
      });
    }
  if (figures.payload_rewrites > 0)
    add({
      id: 'path/payload-rewritten',
      severity: 'warning',
      claim: `${figures.payload_rewrites} packets ${toward} carry other bytes at the other end`,
      threshold: 'same place in the stream, other content',
      limits: 'a proxy, an application gateway or a fault; lengths are the same',
      count: figures.payload_rewrites,
      packets: packets('rewritten'),
    });
  const { checksums } = figures;
  const broken = checksums.broken + checksums.broken_with_payload + checksums.broken_unmatched;
  if (broken > 0)
    add({
      id: 'path/checksum-broken',
      severity: 'warning',
      claim: `${broken} packets ${toward} left with a right checksum and arrived with a wrong one (${checksums.broken} with the same payload, ${checksums.broken_with_payload + checksums.broken_unmatched} with another); ${checksums.correct} arrived right`,
      threshold:
        'any packet whose TCP or UDP checksum is right at the sender’s capture and wrong at the receiver’s',
      limits:
        'a receiver drops such packets, so that to its game they are lost; what a sender’s card was still to fill in is not judged',
      count: broken,
      packets: (['broken', 'broken_with_payload', 'broken_unmatched'] as const)
        .flatMap((fate) => packets(`checksum-${fate}`))
        .slice(0, 20),
    });
  if (checksums.removed + checksums.added > 0)
    add({
      id: 'path/checksum-zeroed',
      severity: 'notice',
      claim: `UDP checksums are not passed on ${toward}: ${checksums.removed} were set to zero, ${checksums.added} were added`,
      threshold: 'any datagram with a checksum at one end only',
      limits:
        'a translator or tunnel may do so (RFC 6936); damage on the rest of the way is then not noticed',
      count: checksums.removed + checksums.added,
      packets: [...packets('checksum-removed'), ...packets('checksum-added')].slice(0, 20),
    });
  if (figures.fragmented > 0)
    add({
      id: 'path/fragmented',
      severity: 'notice',
      claim: `${figures.fragmented} packets ${toward} left whole and arrived in fragments`,
      threshold: 'any',
      limits: 'only the first fragment is compared by content',
      count: figures.fragmented,
      packets: packets('fragmented'),
    });
  if (figures.capture_drops > 0)
    add({
      id: 'capture/drops',
      severity: 'notice',
      claim: `${figures.capture_drops} packets ${toward} passed and are missing in a capture (${figures.capture_drops_at_receiver} at the receiver’s, ${figures.capture_drops_at_sender} at the sender’s): no network loss`,
      threshold:
        'bytes acknowledged and never sent again, or everything missing in one silence, or at the receiver and not at the sender',
      limits: 'UDP that the capture missed one by one is counted as lost',
      count: figures.capture_drops,
      packets: [...packets('drop-at-receiver'), ...packets('drop-at-sender')].slice(0, 20),
    });
  return drafts;
}

function ofHosts({ hosts }: PairFacts): Draft[] {
  return (['client', 'server'] as const).flatMap((end, index) => {
    const { figures, lateStretches, stretches, exemplars } = hosts[index]!;
    if (figures.late_p50_ns === null) return [];
    const field = `${end}_frame` as const;
    const packets = exemplars
      .flat()
      .map((frame): PacketEvidence => ({ client_frame: null, server_frame: null, [field]: frame }));
    return [
      {
        id: 'host/slow-to-acknowledge',
        severity: 'warning' as const,
        direction: null,
        claim: `the ${end}’s host takes ${milliseconds(figures.late_p50_ns)} at the median from the arrival of a segment to its acknowledgment, in ${lateStretches} of ${stretches} stretches of 10 s, and ${milliseconds(figures.otherwise_p50_ns ?? 0)} in the others: a round trip is longer by that, and no network is part of it`,
        threshold: `half of the acknowledgments of a second full-sized segment (RFC 9293 3.8.6.3) later than ${milliseconds(LATE_ANSWER_NS)}, at least 20 of them, and four times what they take at other times`,
        limits:
          'lone segments, which may wait for the delayed-acknowledgment timer, acknowledgments with a smaller window, which may wait for the application to read, and answers of applications are not judged; a capture far from the host’s own card sees the link to it, too',
        count: figures.late_samples,
        packets,
      },
    ];
  });
}

function ofClock({ clock }: PairFacts): Draft[] {
  const drafts: Draft[] = [];
  if (clock.steps.length > 0)
    drafts.push({
      id: 'clock/stepped',
      severity: 'notice',
      direction: null,
      claim: `one of the clocks was stepped ${clock.steps.length} times: ${clock.steps.map(({ at, delta_ns }) => `${milliseconds(delta_ns)} at ${at}`).join(', ')}`,
      threshold:
        'both directions move by opposite amounts at one instant, by 2.5 times what these queues move them together, and stay moved',
      limits: `which of the two clocks it was is not told; steps of less than ${milliseconds(clock.step_detectable_ns ?? 0)} may be missed`,
      count: clock.steps.length,
      packets: [],
    });
  if (clock.route_changes.length > 0)
    drafts.push({
      id: 'path/level-changed',
      severity: 'notice',
      direction: null,
      claim: `the smallest delay changed ${clock.route_changes.length} times for at least half a minute: ${clock.route_changes
        .map(
          (change) =>
            `${milliseconds(change.client_to_server_ns)} there and ${milliseconds(change.server_to_client_ns)} back at ${change.at}`,
        )
        .join(', ')}`,
      threshold: 'one direction, or both the same way, by more than 1 ms and eight times the noise',
      limits: 'another route and a queue that stands look the same; a clock’s step does not',
      count: clock.route_changes.length,
      packets: [],
    });
  return drafts;
}

/** Packets with the longest queueing. */
function slowest({ queueing }: PairFacts, way: 0 | 1): PacketEvidence[] {
  const { queueingNs, clientFrame, serverFrame } = queueing[way].samples;
  return Array.from(queueingNs.keys())
    .sort((a, b) => queueingNs[b]! - queueingNs[a]! || clientFrame[a]! - clientFrame[b]!)
    .slice(0, 5)
    .map((at) => ({ client_frame: clientFrame[at]!, server_frame: serverFrame[at]! }));
}
