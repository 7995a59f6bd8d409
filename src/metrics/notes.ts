/**
 * What a reader must know of a metric beyond its one-line definition: how it is computed, whose definition that is, which
 * way it errs, and when it is null. By column name without `forward_`, `reverse_` and `rtt_to_*_`: both ends share a note.
 */

export interface Note {
  readonly formula: string;
  readonly source: string;
  readonly bias: string;
  readonly null_when: string;
}

const RTT_BIAS =
  'high, never low, while the capture missed nothing: the echoing host’s delay and delayed ACKs (40 to 500 ms) are in it';
const RTT_NULL = 'no sample toward that end: one direction missing, or nothing was acknowledged cleanly';
const QUANTILE =
  'nearest rank: the smallest sample with at least q·n samples at or below it; exact up to 64 samples, then a log-linear histogram within 0.2 %';
const NOT_TCP = 'the flow is not TCP, or no TCP header was captured';
const CLOCK_NULL =
  'no sender clock. TCP: no timestamps, fewer than 20 timestamped data segments in order or less than 2 s of them, a slope that fits no known tick within 2 %, or a tick above 4 ms. UDP: a protocol without a sender clock, and no steady tick found in its arrivals';

export const NOTES: Readonly<Record<string, Note>> = {
  pdv_p95_ns: {
    formula:
      'TCP: D(i) = arrival(i) − TSval(i)·tick (UDP: the protocol’s own clock, or the grid of its tick; its floor is said in the definition); PDV(i) = D(i) − floor, floor = min D of the last minute with the clocks’ skew removed (lower convex hull of 5 s minima); 95th percentile, nearest rank',
    source: 'RFC 5481 4.2 (PDV), RFC 7323 (timestamps); hull: Moon, Skelly, Towsley 1999',
    bias: 'high by up to one tick (TSval counts whole ticks); up to 0.5 ms more in the first 30 s at 50 ppm of skew, until the skew is known; low where a queue stands for over a minute',
    null_when: CLOCK_NULL,
  },
  ipdv_p50_ns: {
    formula: '|D(i) − D(i−1)| over consecutive data segments that are the first of their TSval; median',
    source: 'RFC 5481 4.1, RFC 3393',
    bias: 'high by up to one tick; pairs across a gap, a late or a repeated segment are left out',
    null_when: CLOCK_NULL,
  },
  interarrival_jitter_ns: {
    formula: 'J += (|D(i) − D(i−1)| − J) / 16 in order of arrival, integer form, at the end of the flow',
    source: 'RFC 3550 6.4.1 and A.8',
    bias: 'high by up to one tick; remembers about the last 16 packets',
    null_when: CLOCK_NULL,
  },
  min_ns: {
    formula: 'smallest accepted sample of the method named in the column beside it',
    source: 'RFC 7323 4 (timestamp), RFC 6298 3 (Karn), RFC 9293 3.5 (handshake)',
    bias: RTT_BIAS,
    null_when: RTT_NULL,
  },
  p50_ns: { formula: QUANTILE, source: 'as min_ns', bias: RTT_BIAS, null_when: RTT_NULL },
  p95_ns: { formula: QUANTILE, source: 'as min_ns', bias: RTT_BIAS, null_when: RTT_NULL },
  p99_ns: { formula: QUANTILE, source: 'as min_ns', bias: RTT_BIAS, null_when: RTT_NULL },
  rtt_ns: {
    formula:
      'handshake: SYN → SYN-ACK, SYN-ACK → ACK; timestamp: data segment → first packet that acknowledges any of it and echoes its TSval; ack: segment sent once → first ACK of its last byte',
    source: 'RFC 7323 4.3, RFC 6298 3 (Karn), RFC 9293 3.5; a pure ACK’s TSval is never timed (Strowes 2013)',
    bias: RTT_BIAS,
    null_when: 'never: a row is an accepted sample',
  },
  rtt_handshake_ns: {
    formula: 'time of the first ACK after the SYN-ACK − time of the SYN',
    source: 'RFC 9293 3.5; equals tcp.analysis.initial_rtt of Wireshark where neither was repeated',
    bias: 'high where a host was slow to answer; SYN proxies answer for a server',
    null_when: 'SYN, SYN-ACK or ACK was not seen, or SYN or SYN-ACK was sent more than once (Karn)',
  },
  lost_packets: {
    formula:
      'TCP: repeats of data that was seen (lost beyond the capture point) + repeats that filled a hole (lost before it) − those that DSACK or Eifel proved needless; UDP: gaps in the protocol’s own numbers',
    source: 'RFC 2883 (DSACK), RFC 3522 (Eifel), RFC 5681, RFC 6675',
    bias: 'high where repeats were needless and nothing proved it; low where one repeat carried several lost segments, and by losses never repaired',
    null_when:
      'neither TCP with a packet that takes sequence space, nor a UDP protocol that numbers its packets',
  },
  loss_ratio: {
    formula: 'lost_packets / (packets with payload, SYN or FIN + originals that only a hole betrays)',
    source: 'RFC 7680 (as far as one capture point can know)',
    bias: 'as lost_packets',
    null_when: 'as lost_packets',
  },
  retransmissions: {
    formula: 'plain + fast + spurious repeats; with --compat wireshark by Wireshark’s rules',
    source: 'RFC 5681 3.2, RFC 6675; Wireshark User’s Guide, TCP Analysis',
    bias: 'copies made by the capture are left out (strict); a repeat of what the capture missed counts',
    null_when: NOT_TCP,
  },
  out_of_order: {
    formula:
      'segments that fill a hole and are originals: TSval before that of the segment that opened it, or in less time than a repeat needs',
    source: 'RFC 4737 3; with --compat wireshark Wireshark’s 3 ms or initial RTT',
    bias: 'without timestamps a repeat quicker than the handshake RTT passes for reordering',
    null_when: NOT_TCP,
  },
  reordered_packets: {
    formula: 'packets with a sequence number below the next expected, duplicates removed first',
    source: 'RFC 4737 3',
    bias: 'as out_of_order for TCP',
    null_when: 'no sequence number to go by',
  },
  duplicate_acks: {
    formula:
      'ACKs without payload that repeat the last acknowledgment while data is outstanding, window unchanged',
    source: 'RFC 5681 2; with --compat wireshark Wireshark’s rule',
    bias: 'low where ACKs were missed',
    null_when: NOT_TCP,
  },
  deadline_miss_ratio: {
    formula:
      '(samples later than the minimum so far + max(1 tick, 15 ms), and lost packets) / (samples + lost packets)',
    source: '15 ms: one frame at 60 Hz, rounded down; default, not a standard',
    bias: 'low at the start of a flow, while the minimum is still high',
    null_when: 'no sample',
  },
  deadline_misses: {
    formula: 'as deadline_miss_ratio, counted in the bin',
    source: 'as deadline_miss_ratio',
    bias: 'as deadline_miss_ratio',
    null_when: 'neither a sample nor a loss in the bin',
  },
  connection_state: {
    formula:
      'both FINs: closed; RST to the SYN: refused; other RST: reset; one FIN: half_closed; ACK after the handshake: established; else half_open',
    source: 'RFC 9293 3.3.2 and 3.6',
    bias: 'what the capture missed did not happen: a missed FIN leaves half_closed',
    null_when: NOT_TCP,
  },
  reset_by: {
    formula: 'sender of the first RST that was no answer to a SYN',
    source: 'RFC 9293 3.10.7',
    bias: 'a middlebox can send it in the name of either end',
    null_when: 'no such RST',
  },
  dscp_changes: {
    formula: 'packets whose DSCP differs from that of the packet before, in one direction',
    source: 'RFC 2474',
    bias: 'senders may mark on purpose; re-marking on the path needs both ends',
    null_when: 'no packet in that direction',
  },
  ttl_changes: {
    formula: 'packets whose TTL or hop limit differs from that of the packet before, in one direction',
    source: 'RFC 791, RFC 8200 3',
    bias: 'a middlebox that answers for the host changes TTL without a change of route',
    null_when: 'no packet in that direction',
  },
  ttl_min: {
    formula: 'smallest TTL (IPv4) or hop limit (IPv6) of the direction’s packets as captured',
    source: 'RFC 791 3.1, RFC 8200 3: each router takes one',
    bias: 'routers passed = what the sender began with (64, 128 or 255 as a rule) − TTL; tunnels and MPLS hide routers',
    null_when: 'no packet in that direction',
  },
  ttl_max: {
    formula: 'largest TTL (IPv4) or hop limit (IPv6) of the direction’s packets as captured',
    source: 'as ttl_min',
    bias: 'as ttl_min; apart from ttl_min where the way or the sender changed: the events ttl_change say when',
    null_when: 'no packet in that direction',
  },
  ecn_ce_packets: {
    formula: 'packets whose ECN field is 3 (CE)',
    source: 'RFC 3168 5: a router marks CE where it would have dropped',
    bias: 'a sender that uses the TOS byte in the old way, or a device that rewrites it, sets the same bits: on every packet, as a rule',
    null_when: 'no packet in that direction',
  },
  dscp_first: {
    formula: 'DSCP of the direction’s first packet as captured',
    source: 'RFC 2474',
    bias: 'what the sender set and what the way left of it are not told apart by one end',
    null_when: 'no packet in that direction',
  },
  choked_packets: {
    formula:
      'sum of the counts that packets with the CHOKED flag carry, behind the checksum or in its place, wherever the step of the number allows it',
    source: 'engine/net_chan.cpp of Source 1 (SendDatagram)',
    bias: 'low: a count in a packet that was lost is not seen, and its packets are lost_packets',
    null_when: 'the protocol is another, or its sender never held a packet back',
  },
  reported_rtt_ns: {
    formula: QUANTILE,
    source: 'ping_ms of CMsgSteamDatagramLinkInstantaneousStats (GameNetworkingSockets)',
    bias: 'the host’s own measurement, whole milliseconds; not checked by the capture, and no sample of the rtt table',
    null_when: 'no report in clear',
  },
  reported_loss_ratio: {
    formula: 'mean of packets_dropped_pct / 100 over the reports',
    source: 'CMsgSteamDatagramLinkInstantaneousStats (GameNetworkingSockets)',
    bias: 'the host’s own measurement, whole hundredths; of the packets that come to the sender of this direction',
    null_when: 'no report in clear',
  },
  reported_jitter_ns: {
    formula: 'largest peak_jitter_usec of the reports',
    source: 'CMsgSteamDatagramLinkInstantaneousStats (GameNetworkingSockets)',
    bias: 'the host’s own measurement; of the packets that come to the sender of this direction',
    null_when: 'no report in clear',
  },
  answer_delay_ns: {
    formula:
      'TCP: median of (first data that acknowledges all of a question − last segment of the question). Opaque UDP: median of (next datagram of the other side − datagram), over the windows of 64 exchanges in which IQR(delays) · 4 < IQR(distances between questions) and at most one question in ten has no answer of its own',
    source:
      'TCP: RFC 9293 3.10.7.4. Opaque UDP: for senders that do not listen to each other IQR(delays) ≥ IQR(distances) / √2',
    bias: 'as a round trip high, never low: the answering side’s thinking and its tick are in it',
    null_when:
      'TCP: fewer than 5 answers, more than one turn of eight unasked, or the side that answers. Opaque UDP: the protocol is known, fewer than 24 exchanges, or two thirds of the windows do not prove it: questions on a strict clock never do',
  },
  duplicated_packets: {
    formula:
      'packets that repeat one of the last four of their direction in identification, length, header and content within 5 ms (1 ms without an identification), and numbers of a UDP protocol that had come before',
    source: 'RFC 5560; removed before reordering is counted (RFC 4737 3)',
    bias: 'low where copies come later than that; a mirror port that shows packets twice looks alike (--drop-copies)',
    null_when: 'nothing tells a copy: no identification (RFC 6864), no sequence space and no number',
  },
  loss_bursts: {
    formula: 'numbers that never came while the number before them did',
    source: 'Gilbert 1960 (two-state chain); numbers as in lost_packets',
    bias: 'as lost_packets; a stream that begins anew ends its burst',
    null_when: 'no proven numbers, or a reliable number was sent again, which hides when it was lost',
  },
  gilbert_p: {
    formula: 'loss_bursts / packets that came and have a successor in number',
    source: 'Gilbert 1960; the maximum-likelihood estimate of a two-state chain',
    bias: 'none known; uncertain by 1/√loss_bursts of itself',
    null_when: 'as loss_bursts, or fewer than two packets',
  },
  gilbert_r: {
    formula: 'loss_bursts / lost_packets = 1 / mean length of a burst',
    source: 'Gilbert 1960; the maximum-likelihood estimate of a two-state chain',
    bias: 'none known; uncertain by 1/√loss_bursts of itself',
    null_when: 'as loss_bursts, or nothing was lost',
  },
  reordering_extent_max: {
    formula:
      'max over late packets of i − j: i its place in the order of arrival, j that of the first greater number',
    source: 'RFC 4737 4.2.1; TCP in segments from the one that opened the hole',
    bias: 'TCP: high by repeats of other data in between; a number more than 99 behind is another stream’s and no late one',
    null_when: 'as reordered_packets',
  },
  tick_period_ns: {
    formula:
      '64 arrivals on a grid t = φ + k·T by least squares, T tried from the quartiles of their distances; then earliest arrival to earliest arrival over up to 10 s',
    source:
      'lower hull, as Moon, Skelly, Towsley 1999; the grid is our own method, held against simulated and recorded senders',
    bias: 'within a thousandth of T on a steady sender; a sender of two alternating clocks may show their sum',
    null_when:
      'arrivals stray from any grid by an eighth of a tick or more on average, or fewer than half lie on it, or fewer than 24 came',
  },
  tick_confidence: {
    formula: '1 − mean distance from the grid / (tick_period_ns / 4), at the end of the flow',
    source: 'a quarter of a tick is the mean distance of arrivals without a clock',
    bias: 'low where a queue spreads arrivals over a tick: the sender may be steady all the same',
    null_when: 'as tick_period_ns',
  },
  missing_ticks: {
    formula: 'ticks of the grid that no arrival fell on, less those whose packets came at once after a stall',
    source: 'as tick_period_ns',
    bias: 'high as a measure of loss: a sender that skips a tick looks alike; pauses of more than 64 ticks count for nothing',
    null_when: 'no grid was believed',
  },
  think_time_ns: {
    formula: 'answer_delay_ns − median RTT toward the answering end, at least 0',
    source: 'RFC 9293 3.10.7.4: an acknowledgment number proves that the answer came after the question',
    bias: 'low by what delayed ACKs add to the RTT; holds what the host and whatever it asked in turn took',
    null_when: 'as answer_delay_ns, or no RTT toward that end; opaque UDP',
  },
  answer_confidence: {
    formula: 'TCP: answers / turns of the answering side; opaque UDP: 1 − √2 · IQR(delays) / IQR(distances)',
    source: 'as answer_delay_ns',
    bias: 'none: it describes the samples at hand',
    null_when: 'as answer_delay_ns',
  },
  reported_frame_time_ns: {
    formula: QUANTILE,
    source: 'packet information of Unreal Engine 4.2x and 5 (FrameTimeByte)',
    bias: 'the server’s own measurement, whole milliseconds, never above 255',
    null_when:
      'the protocol is another, the direction is the client’s, or its clock of milliseconds was not believed',
  },
  samples: {
    formula: 'accepted samples of the method in the column beside it',
    source: 'as rtt_ns',
    bias: 'none: a count',
    null_when: RTT_NULL,
  },
  rtt_samples: {
    formula: 'accepted samples that completed in the bin, of every method',
    source: 'as rtt_ns',
    bias: 'none: a count',
    null_when: 'never',
  },
  mss_option_bytes: {
    formula: 'MSS option of the direction’s first SYN or SYN-ACK',
    source: 'RFC 9293 3.7.1',
    bias: 'as it stands at the capture point: a clamp on the way there has already changed it',
    null_when: 'no SYN of that side was captured, or it bears no such option',
  },
  max_ip_len_bytes: {
    formula: 'largest IP total length (IPv6: 40 + payload length)',
    source: 'RFC 791 3.1, RFC 8200 3',
    bias: 'high at a capturing host with segmentation offload: packets stand there before they are cut, or after they are joined',
    null_when: 'no packet in that direction',
  },
  fragments: {
    formula: 'packets with more fragments to come or an offset',
    source: 'RFC 791 3.2, RFC 8200 4.5',
    bias: 'none: counted as captured',
    null_when: 'never',
  },
  handshake_attempts: {
    formula: 'SYNs without ACK of the initiator',
    source: 'RFC 9293 3.5',
    bias: 'low where the capture began later',
    null_when: NOT_TCP,
  },
  path_mtu_bytes: {
    formula:
      'smallest MTU in an ICMP error that quotes the flow; else the largest IP packet whose data was acknowledged',
    source: 'RFC 1191, RFC 8201 (errors); RFC 8899 3 (what arrived)',
    bias: 'without an error low: the path may carry more than anybody sent',
    null_when: 'no such error, and no acknowledged TCP data',
  },
  mtu_finding: {
    formula: 'the gravest of: packet_too_big, black_hole, fragmented, clamped, none',
    source: 'RFC 2923 2.1 (black holes), RFC 1191, RFC 8201; clamp: one SYN seen with two MSS values',
    bias: 'a black hole is told only when larger packets stay unanswered again and again while smaller ones arrive',
    null_when: 'no packet could have shown anything',
  },
  zero_window_events: {
    formula: 'packets that advertise a window of 0 outside SYN, FIN and RST',
    source: 'RFC 9293 3.8.6',
    bias: 'none: counted as sent',
    null_when: NOT_TCP,
  },
};

/** The note of a column; null where the definition says it all. */
export function noteOf(column: string): Note | null {
  const bare = column.replace(/^(forward_|reverse_|rtt_to_responder_|rtt_to_initiator_)/, '');
  return NOTES[column] ?? NOTES[bare] ?? NOTES[column.replace(/^rtt_(?=min|p50|p95)/, '')] ?? null;
}
