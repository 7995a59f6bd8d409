//! Every table and column: name, type, unit, definition. TypeScript reads the printed copy
//! (`src/engine/abi.generated.ts`); Arrow field metadata and the catalogue come from it.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Value type of a column as it crosses the ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// 64-bit signed; all `_ns` columns.
    I64,
    /// 32-bit unsigned.
    U32,
    /// 16-bit unsigned.
    U16,
    /// 8-bit unsigned.
    U8,
    /// 64-bit float; ratios.
    F64,
    /// One byte, 0 or 1.
    Bool,
    /// 16 bytes, IPv4 as ::ffff:a.b.c.d; the host writes RFC 5952 text.
    Address,
    /// One byte, an index into the list.
    Code(&'static [&'static str]),
    /// Up to ten one-based indexes into the list, six bits each, the first in the highest bits; the host writes the
    /// names with slashes between.
    Path(&'static [&'static str]),
    /// Text that the host derives (labels, community id): no data crosses the ABI.
    Host,
}

impl Type {
    /// Bytes per value.
    pub fn width(self) -> usize {
        match self {
            Type::I64 | Type::F64 | Type::Path(_) => 8,
            Type::U32 => 4,
            Type::U16 => 2,
            Type::U8 | Type::Bool | Type::Code(_) => 1,
            Type::Address => 16,
            Type::Host => 0,
        }
    }
}

/// One column.
#[derive(Clone, Debug)]
pub struct ColumnDef {
    /// Public name, with its unit.
    pub name: String,
    /// Value type.
    pub ty: Type,
    /// Unit in words (`ns`, `bytes`, `packets`, `ratio`), empty for names and codes.
    pub unit: &'static str,
    /// What it means, with its source; printed in Arrow metadata.
    pub definition: &'static str,
}

/// The five tables of the public contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableId {
    /// One row per decoded IP packet.
    Packets = 0,
    /// One row per bidirectional flow.
    Flows = 1,
    /// One row per accepted RTT sample.
    Rtt = 2,
    /// Flow × direction × time bin.
    Bins = 3,
    /// One row per event.
    Events = 4,
}

/// All tables with their names, in id order.
pub const TABLES: &[(TableId, &str)] = &[
    (TableId::Packets, "packets"),
    (TableId::Flows, "flows"),
    (TableId::Rtt, "rtt"),
    (TableId::Bins, "bins"),
    (TableId::Events, "events"),
];

/// forward = initiator → responder (RFC 5103).
pub const DIRECTIONS: &[&str] = &["forward", "reverse"];
/// Which end's half of the path an RTT sample covers, seen from the capture point.
pub const TOWARD: &[&str] = &["initiator", "responder"];
/// How an RTT sample was taken.
pub const RTT_METHODS: &[&str] =
    &["handshake", "timestamp", "ack", "quic_spin", "quic_handshake", "app_ack", "icmp_echo", "rtcp", "stun"];
/// How loss was inferred.
pub const LOSS_METHODS: &[&str] = &["tcp_retransmission", "tcp_sequence_hole", "sequence_gap"];
/// Which clock a delay variation rests on.
pub const JITTER_METHODS: &[&str] = &["tcp_timestamp", "rtp_timestamp", "app_timestamp", "tick_grid"];
/// Layers that a frame is read through, in the order of their codes, from 1.
pub const LAYERS: &[&str] = &[
    "ip",
    "ipv6",
    "eth",
    "vlan",
    "mpls",
    "pppoe",
    "ppp",
    "sll",
    "null",
    "hdlc",
    "fr",
    "wlan",
    "fddi",
    "tr",
    "arcnet",
    "fc",
    "ib",
    "ieee1394",
    "atm",
    "nflog",
    "pflog",
    "enc",
    "erf",
    "pbb",
    "fabricpath",
    "isl",
    "vntag",
    "gre",
    "erspan",
    "etherip",
    "udp",
    "vxlan",
    "geneve",
    "gtp",
    "l2tp",
    "teredo",
    "ayiya",
    "lisp",
    "netlink",
];
/// Protocols over UDP that are told by their structure, never by a port.
pub const APPLICATIONS: &[&str] = &[
    "stun",
    "dtls",
    "rtp",
    "rtcp",
    "quic",
    "wireguard",
    "raknet",
    "source",
    "quakeworld",
    "quake3",
    "enet",
    "photon",
    "game_networking_sockets",
    "unreal",
    "luanti",
    "teeworlds",
];
/// Connection state at the end of the capture.
pub const CONNECTION_STATES: &[&str] = &["established", "half_open", "half_closed", "closed", "reset", "refused"];
/// What was concluded about the path MTU.
pub const MTU_FINDINGS: &[&str] = &["none", "clamped", "packet_too_big", "fragmented", "black_hole"];
/// Kinds of `events.kind`.
pub const EVENT_KINDS: &[&str] = &[
    "retransmission",
    "fast_retransmission",
    "spurious_retransmission",
    "out_of_order",
    "duplicate_ack",
    "previous_segment_not_captured",
    "acked_unseen_segment",
    "zero_window",
    "window_full",
    "keep_alive",
    "dscp_change",
    "ecn_ce",
    "ttl_change",
    "fragment",
    "packet_too_big",
    "mtu_black_hole",
    "mss_clamp",
    "half_closed",
    "reset",
    "connect_failure",
    "clock_step",
    "capture_gap",
];

type Row = (&'static str, Type, &'static str, &'static str);

const PACKETS: &[Row] = &[
    ("capture", Type::Host, "", "label of the capture set the packet was read from"),
    ("frame_number", Type::U32, "", "1-based number over packet records and blocks, running on across a rotated set in time order"),
    ("timestamp_ns", Type::I64, "ns", "capture time, ns since the Unix epoch (UTC); null for a block without a time (SPB)"),
    ("captured_len_bytes", Type::U32, "bytes", "bytes of the frame that the capture holds"),
    ("original_len_bytes", Type::U32, "bytes", "bytes of the frame on the wire"),
    ("vlan_id", Type::U16, "", "VLAN id of the innermost 802.1Q tag (IEEE 802.1Q 9.6); null without a tag"),
    ("ip_version", Type::U8, "", "4 or 6, of the innermost IP layer"),
    ("src", Type::Address, "", "source address (RFC 5952 text)"),
    ("dst", Type::Address, "", "destination address (RFC 5952 text)"),
    ("protocol", Type::U8, "", "IANA protocol number of the transport (after IPv6 extension headers)"),
    ("src_port", Type::U16, "", "TCP, UDP or SCTP source port; null for other protocols and non-first fragments"),
    ("dst_port", Type::U16, "", "destination port; null likewise"),
    ("ip_len_bytes", Type::U32, "bytes", "IP packet length by its own header (IPv4 total length; IPv6 40 + payload length); the frame's where the field is 0 (segmentation offload)"),
    ("payload_len_bytes", Type::U32, "bytes", "transport payload by the IP length, not cut by snaplen, never more than the frame could hold"),
    ("dscp", Type::U8, "", "differentiated services code point (RFC 2474)"),
    ("ecn", Type::U8, "", "ECN field (RFC 3168): 0 Not-ECT, 1 ECT(1), 2 ECT(0), 3 CE"),
    ("ttl", Type::U8, "hops", "IPv4 TTL or IPv6 hop limit"),
    ("ip_id", Type::U32, "", "IPv4 identification, or that of the IPv6 fragment header; null for other IPv6"),
    ("dont_fragment", Type::Bool, "", "IPv4 DF; null for IPv6"),
    ("more_fragments", Type::Bool, "", "IPv4 MF or the IPv6 fragment header's M"),
    ("fragment_offset", Type::U16, "bytes", "offset of this fragment's data in bytes; 0 when not a fragment"),
    ("tcp_seq", Type::U32, "", "raw sequence number"),
    ("tcp_ack", Type::U32, "", "raw acknowledgment number"),
    ("tcp_flags", Type::U16, "", "flag bits as a number, AE in bit 8 (RFC 9293 3.1, RFC 9768)"),
    ("tcp_window", Type::U16, "", "raw window, not scaled"),
    ("tcp_tsval", Type::U32, "", "TSval (RFC 7323 3.2); null without the option"),
    ("tcp_tsecr", Type::U32, "", "TSecr; null without the option"),
    ("flow_id", Type::U32, "", "flow of the packet: the frame number of the flow's first packet"),
    ("direction", Type::Code(DIRECTIONS), "", "forward = initiator → responder (RFC 5103)"),
    ("layers", Type::Path(LAYERS), "", "layers from the outside of the frame to the IP header of this row, such as eth/vlan/ip/gre/ip; a way through more than ten is cut at its inner end"),
];

const FLOW_HEAD: &[Row] = &[
    ("flow_id", Type::U32, "", "frame number of the flow's first packet: unique in the capture set, the same for any cut"),
    ("community_id", Type::Host, "", "Community ID v1, seed 0; null where no such id is defined"),
    ("capture", Type::Host, "", "label of the capture set"),
    ("ip_version", Type::U8, "", "4 or 6"),
    ("protocol", Type::U8, "", "IANA protocol number"),
    ("application", Type::Code(APPLICATIONS), "", "application protocol over UDP, recognised by its structure and numbers, never by a port; of several on one port (RFC 7983) the media; null where none is believed"),
    ("initiator", Type::Address, "", "sender of the SYN; else the client of a known protocol; else the side with the higher port; else the first sender"),
    ("initiator_port", Type::U16, "", "initiator's port; ICMP and others null"),
    ("responder", Type::Address, "", "the other end"),
    ("responder_port", Type::U16, "", "responder's port"),
    ("first_timestamp_ns", Type::I64, "ns", "time of the first packet"),
    ("last_timestamp_ns", Type::I64, "ns", "latest time of any packet"),
];

/// Per direction, prefixed `forward_` and `reverse_`.
const FLOW_DIRECTION: &[Row] = &[
    ("packets", Type::U32, "packets", "packets of this direction"),
    ("bytes", Type::I64, "bytes", "sum of ip_len_bytes"),
    ("payload_bytes", Type::I64, "bytes", "sum of payload_len_bytes"),
    ("retransmissions", Type::U32, "packets", "TCP segments sent again: plain (a repeat that fills a hole among them), fast and spurious; null unless TCP"),
    ("out_of_order", Type::U32, "packets", "TCP segments that arrived late without being sent again; null unless TCP"),
    (
        "duplicate_acks",
        Type::U32,
        "packets",
        "duplicate acknowledgments sent in this direction (RFC 5681 2); null unless TCP",
    ),
    (
        "lost_packets",
        Type::U32,
        "packets",
        "packets of this direction inferred lost: by repeats of data seen, and by holes that a repeat filled; spurious repeats and unanswered SYNs are none; UDP: numbers between a stream's first and highest that never came (RFC 3550 A.3, a late packet undoes its loss), but for choked_packets, ENet and Photon: reliable commands sent again; null where no method applies",
    ),
    ("loss_ratio", Type::F64, "ratio", "lost_packets over packets sent as far as the method can know"),
    ("loss_method", Type::Code(LOSS_METHODS), "", "how loss was inferred; where both TCP methods found some, the one that found more"),
    (
        "reordered_packets",
        Type::U32,
        "packets",
        "packets with a sequence below the next expected, duplicates removed first (RFC 4737 3)",
    ),
    (
        "duplicated_packets",
        Type::U32,
        "packets",
        "packets seen twice with the same content on the wire; null where it cannot be told",
    ),
    ("dscp_first", Type::U8, "", "DSCP of the first packet"),
    ("dscp_changes", Type::U32, "", "times the DSCP differed from the packet before"),
    ("ecn_ce_packets", Type::U32, "packets", "packets marked CE (RFC 3168)"),
    ("ttl_min", Type::U8, "hops", "smallest TTL or hop limit"),
    ("ttl_max", Type::U8, "hops", "largest TTL or hop limit"),
    ("ttl_changes", Type::U32, "", "times the TTL differed from the packet before"),
    ("mss_option_bytes", Type::U16, "bytes", "MSS option of this side's SYN or SYN-ACK (RFC 9293 3.2)"),
    ("max_ip_len_bytes", Type::U32, "bytes", "largest ip_len_bytes"),
    ("fragments", Type::U32, "packets", "packets that are fragments"),
    (
        "ipdv_p50_ns",
        Type::I64,
        "ns",
        "median of |IPDV| (RFC 5481 4.1) between packets that follow each other in number, against the clock of jitter_method (TCP: TSval × a tick of at most 4 ms, found from the flow's slope, too high by up to one tick); null without one",
    ),
    (
        "pdv_p95_ns",
        Type::I64,
        "ns",
        "95th percentile of PDV (RFC 5481 4.2). TCP: delay by TSval above its minimum of the last minute so far, the two clocks' skew removed by the lower hull of 5 s minima (before 30 s: minimum of the last 5 to 10 s); data segments in order, sent once, first of their TSval, tick at most 4 ms; too high by up to one tick, too low where a queue stands for longer than a minute. UDP: delay over the smallest of the current and the previous 10 s. null without a clock (TCP: 20 segments in 2 s infer it)",
    ),
    (
        "interarrival_jitter_ns",
        Type::I64,
        "ns",
        "interarrival jitter at the end of the flow (RFC 3550 A.8, 16ths, in ns, in order of arrival, packets of one timestamp once) against the clock of jitter_method (TCP: TSval, tick at most 4 ms, too high by up to one tick; tick_grid: between consecutive ticks); null without a clock",
    ),
    ("jitter_method", Type::Code(JITTER_METHODS), "", "the sender clock used"),
    ("tick_period_ns", Type::I64, "ns", "send period of UDP found by the periodicity of arrivals: a grid by least squares, then from earliest arrival to earliest arrival; where fewer than half of the arrivals lie on one, the period of the strongest line in the mean power of 4 to 8 windows of 64 arrivals (mean power at least 6 times chance, within 1/40 of the strongest line of three in four windows); null where neither is, or fewer than 24 came. What is known to answer at once (acknowledgements of Luanti and RakNet) is left out"),
    ("tick_confidence", Type::F64, "ratio", "1 − mean delay of arrivals over the earliest of their interval, over that of chance (half a tick); before 64 arrivals 1 − mean distance from the grid over a quarter of a tick; without a grid the mean length of the phases of a window's arrivals (0: chance, 1: strict); null without a period"),
    ("deadline_miss_ratio", Type::F64, "ratio", "share later than the flow's minimum + max(1 tick, 15 ms), or lost; TCP: RTT samples beyond the minimum so far, and lost packets, over both; UDP: packets whose PDV is beyond it, and lost packets (on a tick grid: missing ticks), over both; null without a sample or a clock"),
    ("choked_packets", Type::U32, "packets", "packets that this direction's sender says it held back at its rate limit although it had numbered them (Source 1); no part of lost_packets; null where it never says so"),
    ("reported_rtt_ns", Type::I64, "ns", "median of the round trips that this direction's sender reports in clear (GameNetworkingSockets, to a millisecond); null without a report"),
    ("reported_loss_ratio", Type::F64, "ratio", "mean of the loss that this direction's sender reports in clear of the packets that come to it (GameNetworkingSockets, to a hundredth); null without a report"),
    ("reported_jitter_ns", Type::I64, "ns", "largest peak jitter that this direction's sender reports in clear of the packets that come to it (GameNetworkingSockets); null without a report"),
    ("reported_frame_time_ns", Type::I64, "ns", "median of the times that this direction's sender, a server, says its frames take (Unreal, to a millisecond, 255 ms for longer); its trouble and not the network's; null without, and where its clock is not told apart"),
    ("answer_delay_ns", Type::I64, "ns", "TCP: median time from the last segment of a question of this direction to the first data of the other that acknowledges it, path and host together; null with fewer than 5 answers, where more than one of eight turns of the other side went unasked, and for the side that answers (who sends the first data asks; where the opening was not captured, the sooner answer is the answer). Opaque UDP: median time from a datagram of this direction to the next of the other, where the times alone prove that one answers the other: in windows of 64 exchanges the middle half of the delays is four times narrower than that of the distances between questions; too high by what the answering side takes; null where two thirds of the windows do not show it, as with questions on a strict clock"),
    ("answer_confidence", Type::F64, "ratio", "TCP: share of the other side's turns that were answers. Opaque UDP: 1 − √2 × width of the middle half of the delays over that of the distances, mean of the windows believed (0: senders that do not listen to each other); null without an answer_delay_ns"),
    ("loss_bursts", Type::U32, "", "runs of lost numbers that follow each other; null where losses are not told by numbers alone (TCP, reliable commands sent again)"),
    ("gilbert_p", Type::F64, "ratio", "chance that a loss burst begins behind a packet that came: loss_bursts over the packets after which a number follows (two-state chain, Gilbert 1960); null as loss_bursts"),
    ("gilbert_r", Type::F64, "ratio", "chance that a loss burst ends behind a lost packet: loss_bursts over lost_packets, one over the mean length of a burst; null without a loss"),
    ("reordering_extent_max", Type::U32, "packets", "largest reordering extent (RFC 4737 4.2.1): packets between a late one and the first that stepped over it, itself included; TCP: segments, repeats among them; 0 without a late one; null as reordered_packets, and where numbers were sent again"),
    ("missing_ticks", Type::U32, "", "UDP: ticks of tick_period_ns without an arrival, pauses of more than 64 ticks left out: loss, or a sender that had nothing to say or was choked; null without a period"),
    ("think_time_ns", Type::I64, "ns", "TCP: answer_delay_ns less the median RTT toward the answering end: what the host took, apart from the path; null without either"),
    ("zero_window_events", Type::U32, "packets", "packets that advertise a zero window outside SYN, FIN and RST"),
];

/// Per end, prefixed `rtt_to_responder_` and `rtt_to_initiator_`: capture point → that end → capture point.
const FLOW_RTT: &[Row] = &[
    (
        "method",
        Type::Code(RTT_METHODS),
        "",
        "method of the samples summarised here: the best that gave any (timestamp, app_ack, rtcp, quic_spin or icmp_echo; then ack or stun; then a handshake)",
    ),
    ("samples", Type::U32, "samples", "accepted samples of that method"),
    ("min_ns", Type::I64, "ns", "smallest sample"),
    ("p50_ns", Type::I64, "ns", "median; log-linear histogram, relative error at most 0.2 %"),
    ("p95_ns", Type::I64, "ns", "95th percentile, likewise"),
    ("p99_ns", Type::I64, "ns", "99th percentile, likewise"),
];

const FLOW_TAIL: &[Row] = &[
    (
        "rtt_handshake_ns",
        Type::I64,
        "ns",
        "SYN → ACK of the SYN-ACK: the whole path; null where SYN or SYN-ACK was repeated (Karn)",
    ),
    ("connection_state", Type::Code(CONNECTION_STATES), "", "state at the last packet; null unless TCP"),
    ("reset_by", Type::Code(TOWARD), "", "which end sent the first RST that was no refusal; null without one"),
    ("handshake_attempts", Type::U32, "packets", "SYNs sent by the initiator; null unless TCP"),
    (
        "path_mtu_bytes",
        Type::U32,
        "bytes",
        "smallest MTU that an ICMP error named for the flow; else the largest IP packet that its far end acknowledged (TCP; the path may carry more, unless mtu_finding is black_hole); null without either",
    ),
    ("mtu_finding", Type::Code(MTU_FINDINGS), "", "what limits the size of packets: an ICMP error named one too big; or larger ones vanish unanswered while smaller ones arrive (RFC 2923 2.1); or fragments; or one SYN seen twice, the second time with a smaller MSS; none = acknowledged TCP data and none of these; null where no packet could tell"),
];

const RTT: &[Row] = &[
    ("flow_id", Type::U32, "", "the flow"),
    ("timestamp_ns", Type::I64, "ns", "when the sample completed"),
    ("toward", Type::Code(TOWARD), "", "which end's half of the path"),
    ("method", Type::Code(RTT_METHODS), "", "how it was taken; never of a question or packet that was sent twice (Karn), nor of an answer that a missing packet may have told first. handshake: TCP, DTLS hellos, WireGuard initiation, RakNet and GameNetworkingSockets set-up; app_ack: up to one tick of the answering side above the path"),
    ("rtt_ns", Type::I64, "ns", "capture point → end → capture point, that host's delay included"),
];

const BINS: &[Row] = &[
    ("flow_id", Type::U32, "", "the flow"),
    ("direction", Type::Code(DIRECTIONS), "", "of the packets; RTT columns describe the end this direction goes to"),
    ("bin_start_ns", Type::I64, "ns", "start of the bin, a multiple of its width since the epoch"),
    ("packets", Type::U32, "packets", "packets in the bin"),
    ("bytes", Type::I64, "bytes", "sum of ip_len_bytes"),
    ("lost_packets", Type::U32, "packets", "packets inferred lost in the bin; null where no method applies"),
    ("reordered_packets", Type::U32, "packets", "as in flows"),
    ("rtt_samples", Type::U32, "samples", "accepted RTT samples toward the end this direction goes to"),
    ("rtt_min_ns", Type::I64, "ns", "smallest of them"),
    ("rtt_p50_ns", Type::I64, "ns", "their median"),
    ("rtt_p95_ns", Type::I64, "ns", "their 95th percentile"),
    ("pdv_p95_ns", Type::I64, "ns", "95th percentile of PDV in the bin, as in flows; null without a sender clock"),
    (
        "deadline_misses",
        Type::U32,
        "packets",
        "packets later than the flow's minimum so far + max(1 tick, 15 ms), or lost",
    ),
];

const EVENTS: &[Row] = &[
    ("flow_id", Type::U32, "", "the flow"),
    ("direction", Type::Code(DIRECTIONS), "", "of the packet that shows the event"),
    ("timestamp_ns", Type::I64, "ns", "time of that packet"),
    ("frame_number", Type::U32, "", "that packet"),
    ("kind", Type::Code(EVENT_KINDS), "", "what happened"),
    ("detail", Type::I64, "", "a number that belongs to the kind: DSCP or TTL before × 256 + after, fragment offset, MTU, duplicate ACK ordinal, bytes; null otherwise"),
];

/// Rows of a table are put in capture order by this hidden first column: the frame that completed the row.
const ORDER: Row = ("order", Type::U32, "", "frame number that completed the row, 4294967295 where no packet did (idle limit, end of capture); the host merges by it and drops it");

fn push(out: &mut Vec<ColumnDef>, prefix: &str, rows: &[Row]) {
    for &(name, ty, unit, definition) in rows {
        let mut full = prefix.to_string();
        full.push_str(name);
        out.push(ColumnDef { name: full, ty, unit, definition });
    }
}

/// The columns of a table in public order, after the hidden `order` column.
pub fn columns_of(table: TableId) -> Vec<ColumnDef> {
    let mut out = Vec::new();
    push(&mut out, "", &[ORDER]);
    match table {
        TableId::Packets => push(&mut out, "", PACKETS),
        TableId::Rtt => push(&mut out, "", RTT),
        TableId::Bins => push(&mut out, "", BINS),
        TableId::Events => push(&mut out, "", EVENTS),
        TableId::Flows => {
            push(&mut out, "", FLOW_HEAD);
            push(&mut out, "forward_", FLOW_DIRECTION);
            push(&mut out, "reverse_", FLOW_DIRECTION);
            push(&mut out, "rtt_to_responder_", FLOW_RTT);
            push(&mut out, "rtt_to_initiator_", FLOW_RTT);
            push(&mut out, "", FLOW_TAIL);
        }
    }
    out
}
