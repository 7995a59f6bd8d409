// Printed by `cargo run -p abi --bin emit_abi` from the Rust lists; `npm run wasm:build` writes it. Never edited.

export const ABI_VERSION = 1;

export type ColumnType = 'i64' | 'u32' | 'u16' | 'u8' | 'f64' | 'bool' | 'address' | 'code' | 'host';

export interface ColumnDef {
  readonly name: string;
  readonly type: ColumnType;
  readonly unit: string;
  readonly definition: string;
  readonly codes?: readonly string[];
}

export type TableName = 'packets' | 'flows' | 'rtt' | 'bins' | 'events';

export const TABLES: Readonly<
  Record<TableName, { readonly id: number; readonly columns: readonly ColumnDef[] }>
> = {
  packets: {
    id: 0,
    columns: [
      {
        name: 'order',
        type: 'u32',
        unit: '',
        definition:
          'frame number that completed the row, 4294967295 where no packet did (idle limit, end of capture); the host merges by it and drops it',
      },
      {
        name: 'capture',
        type: 'host',
        unit: '',
        definition: 'label of the capture set the packet was read from',
      },
      {
        name: 'frame_number',
        type: 'u32',
        unit: '',
        definition:
          '1-based number over packet records and blocks, running on across a rotated set in time order',
      },
      {
        name: 'timestamp_ns',
        type: 'i64',
        unit: 'ns',
        definition: 'capture time, ns since the Unix epoch (UTC); null for a block without a time (SPB)',
      },
      {
        name: 'captured_len_bytes',
        type: 'u32',
        unit: 'bytes',
        definition: 'bytes of the frame that the capture holds',
      },
      {
        name: 'original_len_bytes',
        type: 'u32',
        unit: 'bytes',
        definition: 'bytes of the frame on the wire',
      },
      {
        name: 'vlan_id',
        type: 'u16',
        unit: '',
        definition: 'VLAN id of the innermost 802.1Q tag (IEEE 802.1Q 9.6); null without a tag',
      },
      { name: 'ip_version', type: 'u8', unit: '', definition: '4 or 6, of the innermost IP layer' },
      { name: 'src', type: 'address', unit: '', definition: 'source address (RFC 5952 text)' },
      { name: 'dst', type: 'address', unit: '', definition: 'destination address (RFC 5952 text)' },
      {
        name: 'protocol',
        type: 'u8',
        unit: '',
        definition: 'IANA protocol number of the transport (after IPv6 extension headers)',
      },
      {
        name: 'src_port',
        type: 'u16',
        unit: '',
        definition: 'TCP, UDP or SCTP source port; null for other protocols and non-first fragments',
      },
      { name: 'dst_port', type: 'u16', unit: '', definition: 'destination port; null likewise' },
      {
        name: 'ip_len_bytes',
        type: 'u32',
        unit: 'bytes',
        definition:
          "IP packet length by its own header (IPv4 total length; IPv6 40 + payload length); the frame's where the field is 0 (segmentation offload)",
      },
      {
        name: 'payload_len_bytes',
        type: 'u32',
        unit: 'bytes',
        definition:
          'transport payload by the IP length, not cut by snaplen, never more than the frame could hold',
      },
      { name: 'dscp', type: 'u8', unit: '', definition: 'differentiated services code point (RFC 2474)' },
      {
        name: 'ecn',
        type: 'u8',
        unit: '',
        definition: 'ECN field (RFC 3168): 0 Not-ECT, 1 ECT(1), 2 ECT(0), 3 CE',
      },
      { name: 'ttl', type: 'u8', unit: 'hops', definition: 'IPv4 TTL or IPv6 hop limit' },
      {
        name: 'ip_id',
        type: 'u32',
        unit: '',
        definition: 'IPv4 identification, or that of the IPv6 fragment header; null for other IPv6',
      },
      { name: 'dont_fragment', type: 'bool', unit: '', definition: 'IPv4 DF; null for IPv6' },
      {
        name: 'more_fragments',
        type: 'bool',
        unit: '',
        definition: "IPv4 MF or the IPv6 fragment header's M",
      },
      {
        name: 'fragment_offset',
        type: 'u16',
        unit: 'bytes',
        definition: "offset of this fragment's data in bytes; 0 when not a fragment",
      },
      { name: 'tcp_seq', type: 'u32', unit: '', definition: 'raw sequence number' },
      { name: 'tcp_ack', type: 'u32', unit: '', definition: 'raw acknowledgment number' },
      {
        name: 'tcp_flags',
        type: 'u16',
        unit: '',
        definition: 'flag bits as a number, AE in bit 8 (RFC 9293 3.1, RFC 9768)',
      },
      { name: 'tcp_window', type: 'u16', unit: '', definition: 'raw window, not scaled' },
      {
        name: 'tcp_tsval',
        type: 'u32',
        unit: '',
        definition: 'TSval (RFC 7323 3.2); null without the option',
      },
      { name: 'tcp_tsecr', type: 'u32', unit: '', definition: 'TSecr; null without the option' },
      {
        name: 'flow_id',
        type: 'u32',
        unit: '',
        definition: "flow of the packet: the frame number of the flow's first packet",
      },
      {
        name: 'direction',
        type: 'code',
        unit: '',
        definition: 'forward = initiator → responder (RFC 5103)',
        codes: ['forward', 'reverse'],
      },
    ],
  },
  flows: {
    id: 1,
    columns: [
      {
        name: 'order',
        type: 'u32',
        unit: '',
        definition:
          'frame number that completed the row, 4294967295 where no packet did (idle limit, end of capture); the host merges by it and drops it',
      },
      {
        name: 'flow_id',
        type: 'u32',
        unit: '',
        definition:
          "frame number of the flow's first packet: unique in the capture set, the same for any cut",
      },
      {
        name: 'community_id',
        type: 'host',
        unit: '',
        definition: 'Community ID v1, seed 0; null where no such id is defined',
      },
      { name: 'capture', type: 'host', unit: '', definition: 'label of the capture set' },
      { name: 'ip_version', type: 'u8', unit: '', definition: '4 or 6' },
      { name: 'protocol', type: 'u8', unit: '', definition: 'IANA protocol number' },
      {
        name: 'application',
        type: 'host',
        unit: '',
        definition: 'application protocol where its structure was recognised; null otherwise',
      },
      {
        name: 'initiator',
        type: 'address',
        unit: '',
        definition:
          'sender of the SYN; else the client of a known protocol; else the side with the higher port; else the first sender',
      },
      { name: 'initiator_port', type: 'u16', unit: '', definition: "initiator's port; ICMP and others null" },
      { name: 'responder', type: 'address', unit: '', definition: 'the other end' },
      { name: 'responder_port', type: 'u16', unit: '', definition: "responder's port" },
      { name: 'first_timestamp_ns', type: 'i64', unit: 'ns', definition: 'time of the first packet' },
      { name: 'last_timestamp_ns', type: 'i64', unit: 'ns', definition: 'latest time of any packet' },
      { name: 'forward_packets', type: 'u32', unit: 'packets', definition: 'packets of this direction' },
      { name: 'forward_bytes', type: 'i64', unit: 'bytes', definition: 'sum of ip_len_bytes' },
      { name: 'forward_payload_bytes', type: 'i64', unit: 'bytes', definition: 'sum of payload_len_bytes' },
      {
        name: 'forward_retransmissions',
        type: 'u32',
        unit: 'packets',
        definition:
          'TCP segments sent again: plain (a repeat that fills a hole among them), fast and spurious; null unless TCP',
      },
      {
        name: 'forward_out_of_order',
        type: 'u32',
        unit: 'packets',
        definition: 'TCP segments that arrived late without being sent again; null unless TCP',
      },
      {
        name: 'forward_duplicate_acks',
        type: 'u32',
        unit: 'packets',
        definition: 'duplicate acknowledgments sent in this direction (RFC 5681 2); null unless TCP',
      },
      {
        name: 'forward_lost_packets',
        type: 'u32',
        unit: 'packets',
        definition:
          'packets of this direction inferred lost: by repeats of data seen, and by holes that a repeat filled; spurious repeats and unanswered SYNs are none; null where no method applies',
      },
      {
        name: 'forward_loss_ratio',
        type: 'f64',
        unit: 'ratio',
        definition: 'lost_packets over packets sent as far as the method can know',
      },
      {
        name: 'forward_loss_method',
        type: 'code',
        unit: '',
        definition: 'how loss was inferred; where both TCP methods found some, the one that found more',
        codes: ['tcp_retransmission', 'tcp_sequence_hole', 'sequence_gap'],
      },
      {
        name: 'forward_reordered_packets',
        type: 'u32',
        unit: 'packets',
        definition: 'packets with a sequence below the next expected, duplicates removed first (RFC 4737 3)',
      },
      {
        name: 'forward_duplicated_packets',
        type: 'u32',
        unit: 'packets',
        definition: 'packets seen twice with the same content on the wire; null where it cannot be told',
      },
      { name: 'forward_dscp_first', type: 'u8', unit: '', definition: 'DSCP of the first packet' },
      {
        name: 'forward_dscp_changes',
        type: 'u32',
        unit: '',
        definition: 'times the DSCP differed from the packet before',
      },
      {
        name: 'forward_ecn_ce_packets',
        type: 'u32',
        unit: 'packets',
        definition: 'packets marked CE (RFC 3168)',
      },
      { name: 'forward_ttl_min', type: 'u8', unit: 'hops', definition: 'smallest TTL or hop limit' },
      { name: 'forward_ttl_max', type: 'u8', unit: 'hops', definition: 'largest TTL or hop limit' },
      {
        name: 'forward_ttl_changes',
        type: 'u32',
        unit: '',
        definition: 'times the TTL differed from the packet before',
      },
      {
        name: 'forward_mss_option_bytes',
        type: 'u16',
        unit: 'bytes',
        definition: "MSS option of this side's SYN or SYN-ACK (RFC 9293 3.2)",
      },
      { name: 'forward_max_ip_len_bytes', type: 'u32', unit: 'bytes', definition: 'largest ip_len_bytes' },
      { name: 'forward_fragments', type: 'u32', unit: 'packets', definition: 'packets that are fragments' },
      {
        name: 'forward_ipdv_p50_ns',
        type: 'i64',
        unit: 'ns',
        definition:
          'median of |IPDV| (RFC 5481 4.1, consecutive packets of the sender clock), quantised by its tick; null without a sender clock',
      },
      {
        name: 'forward_pdv_p95_ns',
        type: 'i64',
        unit: 'ns',
        definition:
          "95th percentile of PDV (RFC 5481 4.2, delay over the flow's minimum); null without a sender clock",
      },
      {
        name: 'forward_interarrival_jitter_ns',
        type: 'i64',
        unit: 'ns',
        definition:
          "interarrival jitter at the end of the flow (RFC 3550 A.8), quantised by the sender's tick; null without a sender clock",
      },
      {
        name: 'forward_jitter_method',
        type: 'code',
        unit: '',
        definition: 'the sender clock used',
        codes: ['tcp_timestamp', 'rtp_timestamp', 'app_timestamp', 'tick_grid'],
      },
      {
        name: 'forward_tick_period_ns',
        type: 'i64',
        unit: 'ns',
        definition: 'send period found by periodicity; null when the test refuses',
      },
      {
        name: 'forward_deadline_miss_ratio',
        type: 'f64',
        unit: 'ratio',
        definition:
          "share later than the flow's minimum + max(1 tick, 15 ms), or lost; TCP: RTT samples beyond the minimum so far, and lost packets, over both; null without a sample",
      },
      {
        name: 'forward_zero_window_events',
        type: 'u32',
        unit: 'packets',
        definition: 'packets that advertise a zero window outside SYN, FIN and RST',
      },
      { name: 'reverse_packets', type: 'u32', unit: 'packets', definition: 'packets of this direction' },
      { name: 'reverse_bytes', type: 'i64', unit: 'bytes', definition: 'sum of ip_len_bytes' },
      { name: 'reverse_payload_bytes', type: 'i64', unit: 'bytes', definition: 'sum of payload_len_bytes' },
      {
        name: 'reverse_retransmissions',
        type: 'u32',
        unit: 'packets',
        definition:
          'TCP segments sent again: plain (a repeat that fills a hole among them), fast and spurious; null unless TCP',
      },
      {
        name: 'reverse_out_of_order',
        type: 'u32',
        unit: 'packets',
        definition: 'TCP segments that arrived late without being sent again; null unless TCP',
      },
      {
        name: 'reverse_duplicate_acks',
        type: 'u32',
        unit: 'packets',
        definition: 'duplicate acknowledgments sent in this direction (RFC 5681 2); null unless TCP',
      },
      {
        name: 'reverse_lost_packets',
        type: 'u32',
        unit: 'packets',
        definition:
          'packets of this direction inferred lost: by repeats of data seen, and by holes that a repeat filled; spurious repeats and unanswered SYNs are none; null where no method applies',
      },
      {
        name: 'reverse_loss_ratio',
        type: 'f64',
        unit: 'ratio',
        definition: 'lost_packets over packets sent as far as the method can know',
      },
      {
        name: 'reverse_loss_method',
        type: 'code',
        unit: '',
        definition: 'how loss was inferred; where both TCP methods found some, the one that found more',
        codes: ['tcp_retransmission', 'tcp_sequence_hole', 'sequence_gap'],
      },
      {
        name: 'reverse_reordered_packets',
        type: 'u32',
        unit: 'packets',
        definition: 'packets with a sequence below the next expected, duplicates removed first (RFC 4737 3)',
      },
      {
        name: 'reverse_duplicated_packets',
        type: 'u32',
        unit: 'packets',
        definition: 'packets seen twice with the same content on the wire; null where it cannot be told',
      },
      { name: 'reverse_dscp_first', type: 'u8', unit: '', definition: 'DSCP of the first packet' },
      {
        name: 'reverse_dscp_changes',
        type: 'u32',
        unit: '',
        definition: 'times the DSCP differed from the packet before',
      },
      {
        name: 'reverse_ecn_ce_packets',
        type: 'u32',
        unit: 'packets',
        definition: 'packets marked CE (RFC 3168)',
      },
      { name: 'reverse_ttl_min', type: 'u8', unit: 'hops', definition: 'smallest TTL or hop limit' },
      { name: 'reverse_ttl_max', type: 'u8', unit: 'hops', definition: 'largest TTL or hop limit' },
      {
        name: 'reverse_ttl_changes',
        type: 'u32',
        unit: '',
        definition: 'times the TTL differed from the packet before',
      },
      {
        name: 'reverse_mss_option_bytes',
        type: 'u16',
        unit: 'bytes',
        definition: "MSS option of this side's SYN or SYN-ACK (RFC 9293 3.2)",
      },
      { name: 'reverse_max_ip_len_bytes', type: 'u32', unit: 'bytes', definition: 'largest ip_len_bytes' },
      { name: 'reverse_fragments', type: 'u32', unit: 'packets', definition: 'packets that are fragments' },
      {
        name: 'reverse_ipdv_p50_ns',
        type: 'i64',
        unit: 'ns',
        definition:
          'median of |IPDV| (RFC 5481 4.1, consecutive packets of the sender clock), quantised by its tick; null without a sender clock',
      },
      {
        name: 'reverse_pdv_p95_ns',
        type: 'i64',
        unit: 'ns',
        definition:
          "95th percentile of PDV (RFC 5481 4.2, delay over the flow's minimum); null without a sender clock",
      },
      {
        name: 'reverse_interarrival_jitter_ns',
        type: 'i64',
        unit: 'ns',
        definition:
          "interarrival jitter at the end of the flow (RFC 3550 A.8), quantised by the sender's tick; null without a sender clock",
      },
      {
        name: 'reverse_jitter_method',
        type: 'code',
        unit: '',
        definition: 'the sender clock used',
        codes: ['tcp_timestamp', 'rtp_timestamp', 'app_timestamp', 'tick_grid'],
      },
      {
        name: 'reverse_tick_period_ns',
        type: 'i64',
        unit: 'ns',
        definition: 'send period found by periodicity; null when the test refuses',
      },
      {
        name: 'reverse_deadline_miss_ratio',
        type: 'f64',
        unit: 'ratio',
        definition:
          "share later than the flow's minimum + max(1 tick, 15 ms), or lost; TCP: RTT samples beyond the minimum so far, and lost packets, over both; null without a sample",
      },
      {
        name: 'reverse_zero_window_events',
        type: 'u32',
        unit: 'packets',
        definition: 'packets that advertise a zero window outside SYN, FIN and RST',
      },
      {
        name: 'rtt_to_responder_method',
        type: 'code',
        unit: '',
        definition:
          'method of the samples summarised here: the best that gave any (timestamp, ack, handshake)',
        codes: [
          'handshake',
          'timestamp',
          'ack',
          'quic_spin',
          'quic_handshake',
          'app_ack',
          'icmp_echo',
          'rtcp',
          'stun',
        ],
      },
      {
        name: 'rtt_to_responder_samples',
        type: 'u32',
        unit: 'samples',
        definition: 'accepted samples of that method',
      },
      { name: 'rtt_to_responder_min_ns', type: 'i64', unit: 'ns', definition: 'smallest sample' },
      {
        name: 'rtt_to_responder_p50_ns',
        type: 'i64',
        unit: 'ns',
        definition: 'median; log-linear histogram, relative error at most 0.2 %',
      },
      { name: 'rtt_to_responder_p95_ns', type: 'i64', unit: 'ns', definition: '95th percentile, likewise' },
      { name: 'rtt_to_responder_p99_ns', type: 'i64', unit: 'ns', definition: '99th percentile, likewise' },
      {
        name: 'rtt_to_initiator_method',
        type: 'code',
        unit: '',
        definition:
          'method of the samples summarised here: the best that gave any (timestamp, ack, handshake)',
        codes: [
          'handshake',
          'timestamp',
          'ack',
          'quic_spin',
          'quic_handshake',
          'app_ack',
          'icmp_echo',
          'rtcp',
          'stun',
        ],
      },
      {
        name: 'rtt_to_initiator_samples',
        type: 'u32',
        unit: 'samples',
        definition: 'accepted samples of that method',
      },
      { name: 'rtt_to_initiator_min_ns', type: 'i64', unit: 'ns', definition: 'smallest sample' },
      {
        name: 'rtt_to_initiator_p50_ns',
        type: 'i64',
        unit: 'ns',
        definition: 'median; log-linear histogram, relative error at most 0.2 %',
      },
      { name: 'rtt_to_initiator_p95_ns', type: 'i64', unit: 'ns', definition: '95th percentile, likewise' },
      { name: 'rtt_to_initiator_p99_ns', type: 'i64', unit: 'ns', definition: '99th percentile, likewise' },
      {
        name: 'rtt_handshake_ns',
        type: 'i64',
        unit: 'ns',
        definition: 'SYN → ACK of the SYN-ACK: the whole path; null where SYN or SYN-ACK was repeated (Karn)',
      },
      {
        name: 'connection_state',
        type: 'code',
        unit: '',
        definition: 'state at the last packet; null unless TCP',
        codes: ['established', 'half_open', 'half_closed', 'closed', 'reset', 'refused'],
      },
      {
        name: 'handshake_attempts',
        type: 'u32',
        unit: 'packets',
        definition: 'SYNs sent by the initiator; null unless TCP',
      },
      {
        name: 'path_mtu_bytes',
        type: 'u32',
        unit: 'bytes',
        definition: 'largest IP packet the path is known to carry or told to carry; null when unknown',
      },
      {
        name: 'mtu_finding',
        type: 'code',
        unit: '',
        definition: 'what was concluded about the path MTU',
        codes: ['none', 'clamped', 'packet_too_big', 'fragmented', 'black_hole'],
      },
    ],
  },
  rtt: {
    id: 2,
    columns: [
      {
        name: 'order',
        type: 'u32',
        unit: '',
        definition:
          'frame number that completed the row, 4294967295 where no packet did (idle limit, end of capture); the host merges by it and drops it',
      },
      { name: 'flow_id', type: 'u32', unit: '', definition: 'the flow' },
      { name: 'timestamp_ns', type: 'i64', unit: 'ns', definition: 'when the sample completed' },
      {
        name: 'toward',
        type: 'code',
        unit: '',
        definition: "which end's half of the path",
        codes: ['initiator', 'responder'],
      },
      {
        name: 'method',
        type: 'code',
        unit: '',
        definition: 'how it was taken',
        codes: [
          'handshake',
          'timestamp',
          'ack',
          'quic_spin',
          'quic_handshake',
          'app_ack',
          'icmp_echo',
          'rtcp',
          'stun',
        ],
      },
      {
        name: 'rtt_ns',
        type: 'i64',
        unit: 'ns',
        definition: "capture point → end → capture point, that host's delay included",
      },
    ],
  },
  bins: {
    id: 3,
    columns: [
      {
        name: 'order',
        type: 'u32',
        unit: '',
        definition:
          'frame number that completed the row, 4294967295 where no packet did (idle limit, end of capture); the host merges by it and drops it',
      },
      { name: 'flow_id', type: 'u32', unit: '', definition: 'the flow' },
      {
        name: 'direction',
        type: 'code',
        unit: '',
        definition: 'of the packets; RTT columns describe the end this direction goes to',
        codes: ['forward', 'reverse'],
      },
      {
        name: 'bin_start_ns',
        type: 'i64',
        unit: 'ns',
        definition: 'start of the bin, a multiple of its width since the epoch',
      },
      { name: 'packets', type: 'u32', unit: 'packets', definition: 'packets in the bin' },
      { name: 'bytes', type: 'i64', unit: 'bytes', definition: 'sum of ip_len_bytes' },
      {
        name: 'lost_packets',
        type: 'u32',
        unit: 'packets',
        definition: 'packets inferred lost in the bin; null where no method applies',
      },
      { name: 'reordered_packets', type: 'u32', unit: 'packets', definition: 'as in flows' },
      {
        name: 'rtt_samples',
        type: 'u32',
        unit: 'samples',
        definition: 'accepted RTT samples toward the end this direction goes to',
      },
      { name: 'rtt_min_ns', type: 'i64', unit: 'ns', definition: 'smallest of them' },
      { name: 'rtt_p50_ns', type: 'i64', unit: 'ns', definition: 'their median' },
      { name: 'rtt_p95_ns', type: 'i64', unit: 'ns', definition: 'their 95th percentile' },
      {
        name: 'pdv_p95_ns',
        type: 'i64',
        unit: 'ns',
        definition: "95th percentile of PDV against the flow's minimum so far",
      },
      {
        name: 'deadline_misses',
        type: 'u32',
        unit: 'packets',
        definition: "packets later than the flow's minimum so far + max(1 tick, 15 ms), or lost",
      },
    ],
  },
  events: {
    id: 4,
    columns: [
      {
        name: 'order',
        type: 'u32',
        unit: '',
        definition:
          'frame number that completed the row, 4294967295 where no packet did (idle limit, end of capture); the host merges by it and drops it',
      },
      { name: 'flow_id', type: 'u32', unit: '', definition: 'the flow' },
      {
        name: 'direction',
        type: 'code',
        unit: '',
        definition: 'of the packet that shows the event',
        codes: ['forward', 'reverse'],
      },
      { name: 'timestamp_ns', type: 'i64', unit: 'ns', definition: 'time of that packet' },
      { name: 'frame_number', type: 'u32', unit: '', definition: 'that packet' },
      {
        name: 'kind',
        type: 'code',
        unit: '',
        definition: 'what happened',
        codes: [
          'retransmission',
          'fast_retransmission',
          'spurious_retransmission',
          'out_of_order',
          'duplicate_ack',
          'previous_segment_not_captured',
          'acked_unseen_segment',
          'zero_window',
          'window_full',
          'keep_alive',
          'dscp_change',
          'ecn_ce',
          'ttl_change',
          'fragment',
          'packet_too_big',
          'mtu_black_hole',
          'mss_clamp',
          'half_closed',
          'reset',
          'connect_failure',
          'clock_step',
          'capture_gap',
        ],
      },
      {
        name: 'detail',
        type: 'i64',
        unit: '',
        definition:
          'a number that belongs to the kind: DSCP or TTL before × 256 + after, fragment offset, MTU, duplicate ACK ordinal, bytes; null otherwise',
      },
    ],
  },
};

export type Severity = 'info' | 'notice' | 'data-loss' | 'error';

/** Survivable problems by their ABI code. */
export const DIAGNOSTICS: Readonly<Record<number, { readonly id: string; readonly severity: Severity }>> = {
  1: { id: 'capture/truncated-record', severity: 'data-loss' },
  2: { id: 'capture/corrupt-record', severity: 'error' },
  3: { id: 'capture/unknown-link-type', severity: 'data-loss' },
  4: { id: 'capture/unknown-interface', severity: 'data-loss' },
  5: { id: 'capture/no-timestamp', severity: 'notice' },
  6: { id: 'capture/time-backwards', severity: 'notice' },
  7: { id: 'capture/implausible-timestamp', severity: 'notice' },
  8: { id: 'capture/skipped-block', severity: 'info' },
  9: { id: 'capture/reported-drops', severity: 'data-loss' },
  10: { id: 'capture/trailing-bytes', severity: 'data-loss' },
  11: { id: 'capture/not-a-packet', severity: 'info' },
  32: { id: 'packet/not-ip', severity: 'info' },
  33: { id: 'packet/header-cut', severity: 'data-loss' },
  34: { id: 'packet/bad-ip-header', severity: 'data-loss' },
  35: { id: 'packet/transport-header-cut', severity: 'notice' },
  36: { id: 'packet/too-deep', severity: 'notice' },
  64: { id: 'flow/idle-split', severity: 'info' },
};

/** Errors that end the reading of a capture, by their ABI code. */
export const CAPTURE_ERRORS: Readonly<Record<number, string>> = {
  1: 'capture/empty-file',
  2: 'capture/unknown-format',
  3: 'capture/header-truncated',
  4: 'capture/unsupported-version',
  5: 'capture/bad-section-header',
  6: 'capture/bad-context',
  7: 'capture/bad-segment',
};
