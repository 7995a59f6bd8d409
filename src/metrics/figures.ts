/** What `diff` compares and what `pair` answers, in the same words as the columns of tables: definition, unit, note. */

import type { Note } from './notes.ts';

export interface Figure {
  readonly document: 'diff' | 'pair';
  readonly name: string;
  readonly unit: string | null;
  readonly definition: string;
  readonly note: Note;
}

const TWO_WAY =
  'interval: two-way bootstrap over clients × time blocks, averaged over what the queue may remember';
const MINUTES = `over player-minutes: one client’s whole UTC minute is one cell, every cell weighs alike, cells need 5 samples; ${TWO_WAY}`;
const RTT_METHOD =
  'as the rtt table; one kind of round trip per client in both periods (kernel before game before handshake)';
const NO_RTT = 'no cell has an RTT, or the comparison is refused (the row says why)';

const diff = (
  name: string,
  unit: string,
  definition: string,
  formula: string,
  source: string,
  bias: string,
  null_when: string,
): Figure => ({
  document: 'diff',
  name,
  unit,
  definition,
  note: { formula, source, bias, null_when },
});

const pair = (
  name: string,
  unit: string | null,
  definition: string,
  formula: string,
  source: string,
  bias: string,
  null_when: string,
): Figure => ({ document: 'pair', name, unit, definition, note: { formula, source, bias, null_when } });

const QUEUEING = {
  definition: 'delay of a direction above the least its path allows: what queues add, free of clock offset',
  formula:
    'arrival − departure of each matched packet, less offset, skew and steps of the fitted clocks, less the minimum of its path; at most 2¹⁸ packets a direction, chosen evenly; quantile type 7',
  source: 'RFC 5481 4.2 (PDV), RFC 7679; hulls as Moon, Skelly, Towsley 1999',
  bias: 'low by a queue that never empties while both captures run; a path longer than another of the same direction counts as queueing',
  null_when: 'the clocks could not be joined (`withheld` says why), or nothing was matched',
} as const;

const queueing = (name: string, which: string): Figure =>
  pair(
    name,
    'ns',
    `${QUEUEING.definition}; ${which}`,
    QUEUEING.formula,
    QUEUEING.source,
    QUEUEING.bias,
    QUEUEING.null_when,
  );

const WINDOW = 'inside the common window of both captures, edges left out';

export const FIGURES: readonly Figure[] = [
  diff(
    'rtt_p50_ns',
    'ns',
    'median round trip of a player’s minute',
    `median ${MINUTES}`,
    RTT_METHOD,
    'high by the answering host’s delay, in both periods alike: the difference is freer of it than either level',
    NO_RTT,
  ),
  diff(
    'rtt_p95_ns',
    'ns',
    'round trip that one player-minute in twenty exceeds',
    `95th percentile of the cells’ medians ${MINUTES}`,
    RTT_METHOD,
    'as rtt_p50_ns; few clients carry a tail, so it needs more of them',
    `${NO_RTT}, or too few cells or clients lie beyond the quantile`,
  ),
  diff(
    'excess_delay_p50_ns',
    'ns',
    'how far a player’s minute lies above that player’s best minute of the period',
    `median of (cell − least cell of the same client and period) ${MINUTES}`,
    'last-mile congestion as in Fontugne et al., IMC 2020: distance is taken out, queues remain',
    'low where a queue stands through the whole period: the best minute holds it too',
    NO_RTT,
  ),
  diff(
    'pdv_p95_ns',
    'ns',
    'delay variation of a player’s minute over the round trip',
    `median of (p95 − minimum of the cell’s samples) ${MINUTES}`,
    'RFC 5481 4.2, over the round trip instead of one way',
    'high by the variation of the answering host; low with few samples a minute',
    NO_RTT,
  ),
  diff(
    'loss_ratio',
    'ratio',
    'lost over sent packets of both directions',
    `Σ lost / Σ (captured + lost) over player-minutes; ${TWO_WAY}`,
    'RFC 7680; loss as in lost_packets of flows',
    'as lost_packets; what the capture itself dropped looks like loss',
    'no flow tells its losses, or only one direction was captured',
  ),
  diff(
    'loss_to_client_ratio',
    'ratio',
    'lost over sent packets, server to client',
    'as loss_ratio, of that direction',
    'RFC 7680',
    'as loss_ratio',
    'as loss_ratio',
  ),
  diff(
    'loss_to_server_ratio',
    'ratio',
    'lost over sent packets, client to server',
    'as loss_ratio, of that direction',
    'RFC 7680',
    'as loss_ratio',
    'as loss_ratio',
  ),
  diff(
    'deadline_miss_ratio',
    'ratio',
    'share of packets lost, or too late for an interpolation buffer',
    `L + (1 − L) · share of RTT samples later than the flow’s minimum of the period + max(1 tick, 15 ms); ${TWO_WAY}`,
    'interpolation buffers of games: an engineering default, not a standard',
    'low where a queue stands through the whole period, high where hosts answer late',
    'no RTT sample',
  ),
  diff(
    'slo_breach_ratio',
    'ratio',
    'share of player-minutes that the profile calls degraded',
    `cells whose median RTT exceeds the profile’s threshold / cells with an RTT; ${TWO_WAY}`,
    'thresholds of the profile (`profile` in the document)',
    'a threshold: a shift that crosses it for nobody does not show',
    NO_RTT,
  ),
  diff(
    'connect_failure_ratio',
    'ratio',
    'share of TCP connection attempts without a reply within 3 s',
    'first SYNs without SYN-ACK or RST within 3 s / first SYNs; interval: bootstrap over clients, which are the clusters',
    'RFC 9293 3.5; 3 s: the second repeat of a SYN (RFC 6298 2)',
    'players who never reached the capture are invisible',
    'no attempt was captured',
  ),
  pair(
    'match_ratio',
    'ratio',
    'share of the packets sent that were found in both captures',
    'matched / sent, both directions together',
    'content, never addresses: TCP by byte ranges, others by keyed hash of the payload',
    'low by loss, too, and where captures are cut to few bytes and packets repeat',
    'nothing was sent inside the common window',
  ),
  pair(
    'rtt_min_ns',
    'ns',
    'smallest round trip between the two capture points',
    'least (arrival − departure) of one direction + least of the other, clocks’ skew and steps removed: offsets cancel',
    'RFC 2681; NTP’s clock filter (RFC 5905 10)',
    'high by a queue that never empties',
    'one direction has no matched packet',
  ),
  pair(
    'offset_ns',
    'ns',
    'clock of the server less clock of the client at the first common instant: the middle of [offset_low_ns, offset_high_ns]',
    'delays are not negative, in either direction; bounds of NTP or chrony in the case file narrow the interval',
    'RFC 5905 10; definitions of one-way delay in RFC 7679',
    'none for the interval; the middle is the truth only where both ways are equally long',
    'one direction has no matched packet',
  ),
  pair(
    'skew_ppm',
    'ppm',
    'rate of change of the offset',
    'slope that the lower hulls of both directions share with opposite signs',
    'Moon, Skelly, Towsley 1999; Paxson 1998',
    'doubt: skew_doubt_ppm; a drift that both queues share with opposite signs looks alike',
    'one direction does not bound it, or the window is too short (UNIDENTIFIED)',
  ),
  pair(
    'step_detectable_ns',
    'ns',
    'a clock step of this size or more would have been found at 99 % of all instants',
    'how far both directions moved the same way by chance, which no clock does',
    'own method: coincidences of queues as decoys',
    'none known; speaks of instants 20 s or more from the captures’ ends',
    'too few packets or too little time',
  ),
  pair(
    'sent',
    'packets',
    `IP packets of the sender’s capture, ${WINDOW}`,
    'a count; ICMP errors of routers on the way are left out',
    'RFC 7680',
    'segments that a host joined before its capture count as they stand there',
    'never',
  ),
  pair(
    'matched',
    'packets',
    'packets of `sent` found in the receiver’s capture',
    'one to one where packets travel whole, by byte range where segments were cut or joined',
    'content and order within the window that delays allow',
    'low where content cannot tell packets apart (ambiguous)',
    'never',
  ),
  pair(
    'lost',
    'packets',
    'packets of `sent` that the receiver’s capture lacks without a sign that the capture missed them',
    'sent − matched − ambiguous − capture drops',
    'RFC 7680',
    'high where a capture drops packets and says nothing of it',
    'never',
  ),
  pair(
    'ambiguous',
    'packets',
    'packets that content and time cannot tell apart from their neighbours',
    'members of runs of equal contents that another alignment would fit as well; in no delay figure',
    'own method',
    'high with short snaplens and idle repeats',
    'never',
  ),
  pair(
    'capture_drops',
    'packets',
    'packets that were there although one capture lacks them',
    'bytes acknowledged but absent, drop counters of pcapng, all flows missing at one instant',
    'RFC 9293 3.4 (acknowledgments), pcapng interface statistics',
    'low: a lone UDP packet that a capture missed leaves no sign',
    'never',
  ),
  pair(
    'duplicated',
    'packets',
    'packets that arrived more often than they were sent',
    'copies beyond the first in the receiver’s capture',
    'RFC 5560',
    'a mirror port that shows packets twice looks alike (--drop-copies)',
    'never',
  ),
  pair(
    'reordered',
    'packets',
    'packets that arrived behind one that was sent later',
    'departure below that of an earlier arrival of the same flow',
    'RFC 4737 3',
    'none known',
    'never',
  ),
  queueing('queueing_p50_ns', 'median'),
  queueing('queueing_p95_ns', '95th percentile'),
  queueing('queueing_p99_ns', '99th percentile'),
  pair(
    'ipdv_p95_ns',
    'ns',
    '95th percentile of the delay’s change from packet to packet',
    '|D(i) − D(i−1)| of consecutive matched packets of a flow',
    'RFC 5481 4.1, RFC 3393',
    'free of offset; holds skew between two packets, which is nothing',
    'nothing was matched',
  ),
  pair(
    'deadline_miss_ratio',
    'ratio',
    'share of a direction’s packets lost, or too late for an interpolation buffer',
    'L + (1 − L) · share of queueing delays above 15 ms, L = loss_ratio',
    'interpolation buffers of games, max(1 tick, 15 ms): an engineering default, not a standard',
    'as queueing; high for games whose tick is longer than 15 ms',
    QUEUEING.null_when,
  ),
  pair(
    'ttl_delta',
    'hops',
    'hops between the capture points',
    'TTL at the sender − TTL at the receiver; the most frequent value',
    'RFC 791, RFC 8200 3',
    'tunnels hide hops; ttl_delta_changes counts changes',
    'nothing was matched',
  ),
  pair(
    'black_hole_above_bytes',
    'bytes',
    'packets above this size never arrive: the largest IP packet that did',
    'at least 3 larger packets sent and all lost, which ordinary loss does with a chance below 0.001',
    'RFC 2923 2.1',
    'low: the limit lies between it and the smallest packet that vanished',
    'larger packets arrive, or none was sent',
  ),
];
