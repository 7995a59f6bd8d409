//! One open flow: what its packets say at the internet layer, per direction, and the TCP and bin state it may own.

use crate::bins::Bin;
use crate::codes::{Direction, EventKind};
use crate::duplicates::Duplicates;
use crate::key::{self, FlowKey};
use crate::state::state;
use crate::tcp::{Connection, Wireshark};
use crate::udp::Talk;
use alloc::boxed::Box;
use packet::Packet;

/// What one direction's packets have shown so far.
#[derive(Clone, Debug, Default)]
pub struct DirectionState {
    /// Packets seen.
    pub packets: u32,
    /// Sum of IP lengths.
    pub bytes: i64,
    /// Sum of payload lengths.
    pub payload_bytes: i64,
    /// DSCP of the first packet.
    pub dscp_first: Option<u8>,
    dscp_last: u8,
    /// Times it changed.
    pub dscp_changes: u32,
    /// Packets marked CE.
    pub ecn_ce_packets: u32,
    /// Smallest TTL.
    pub ttl_min: u8,
    /// Largest TTL.
    pub ttl_max: u8,
    ttl_last: u8,
    /// Times it changed.
    pub ttl_changes: u32,
    /// MSS option of this side's SYN or SYN-ACK.
    pub mss_option_bytes: Option<u16>,
    /// Sequence number and MSS option of the last one.
    syn_mss: Option<(u32, u16)>,
    /// Times the same SYN came with a smaller MSS.
    pub mss_clamps: u32,
    /// Largest IP length.
    pub max_ip_len_bytes: u32,
    /// Packets that are fragments.
    pub fragments: u32,
    /// Copies of packets.
    pub duplicates: Duplicates,
}

state!(DirectionState {
    packets,
    bytes,
    payload_bytes,
    dscp_first,
    dscp_last,
    dscp_changes,
    ecn_ce_packets,
    ttl_min,
    ttl_max,
    ttl_last,
    ttl_changes,
    mss_option_bytes,
    syn_mss,
    mss_clamps,
    max_ip_len_bytes,
    fragments,
    duplicates,
});

fn count(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}

fn before_and_after(before: u8, after: u8) -> Option<i64> {
    Some(i64::from(before) * 256 + i64::from(after))
}

impl DirectionState {
    /// Counts a packet and names what is remarkable about its IP header.
    #[inline]
    pub fn observe(&mut self, packet: &Packet, mut event: impl FnMut(EventKind, Option<i64>)) {
        if self.packets == 0 {
            self.dscp_first = Some(packet.dscp);
            self.dscp_last = packet.dscp;
            self.ttl_min = packet.ttl;
            self.ttl_max = packet.ttl;
            self.ttl_last = packet.ttl;
        }
        count(&mut self.packets);
        self.bytes = self.bytes.saturating_add(i64::from(packet.ip_len_bytes));
        self.payload_bytes = self.payload_bytes.saturating_add(i64::from(packet.payload_len_bytes));
        self.max_ip_len_bytes = self.max_ip_len_bytes.max(packet.ip_len_bytes);
        if packet.dscp != self.dscp_last {
            count(&mut self.dscp_changes);
            event(EventKind::DscpChange, before_and_after(self.dscp_last, packet.dscp));
            self.dscp_last = packet.dscp;
        }
        if packet.ttl != self.ttl_last {
            count(&mut self.ttl_changes);
            event(EventKind::TtlChange, before_and_after(self.ttl_last, packet.ttl));
            self.ttl_last = packet.ttl;
            self.ttl_min = self.ttl_min.min(packet.ttl);
            self.ttl_max = self.ttl_max.max(packet.ttl);
        }
        if packet.ecn == 3 {
            count(&mut self.ecn_ce_packets);
            event(EventKind::EcnCe, None);
        }
        if packet.is_fragment {
            count(&mut self.fragments);
            event(EventKind::Fragment, Some(i64::from(packet.fragment_offset_bytes)));
        }
        if let Some((seq, mss)) = packet.tcp.as_ref().and_then(|tcp| tcp.mss.map(|mss| (tcp.seq, mss))) {
            // The same SYN on both sides of whoever rewrote it (RFC 9293 3.7.1 leaves the option to the sender).
            match self.syn_mss {
                Some((known, before)) if known == seq && mss < before => {
                    count(&mut self.mss_clamps);
                    event(EventKind::MssClamp, Some(i64::from(before) << 16 | i64::from(mss)));
                }
                _ => {}
            }
            self.syn_mss = Some((seq, mss));
            self.mss_option_bytes.get_or_insert(mss);
        }
    }
}

/// One open flow.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Its key.
    pub key: FlowKey,
    /// Frame number of its first packet.
    pub flow_id: u32,
    /// Is the initiator the key's `low` end?
    pub initiator_is_low: bool,
    /// Time of the first packet that has one.
    pub first_timestamp_ns: Option<i64>,
    /// Latest time of any packet.
    pub last_timestamp_ns: Option<i64>,
    /// forward, reverse.
    pub directions: (DirectionState, DirectionState),
    /// ICMP errors that called a packet of this flow too big, and the smallest MTU they named.
    pub too_big_reports: u32,
    /// See above.
    pub told_mtu_bytes: Option<u32>,
    /// Only for TCP.
    pub tcp: Option<Box<Connection>>,
    /// Only for UDP.
    pub talk: Option<Box<Talk>>,
    /// The same as Wireshark reads it; only when asked for.
    pub wireshark: Option<Box<Wireshark>>,
    /// Only when bins are asked for.
    pub bin: Option<Box<Bin>>,
}

state!(Flow {
    key,
    flow_id,
    initiator_is_low,
    first_timestamp_ns,
    last_timestamp_ns,
    directions,
    too_big_reports,
    told_mtu_bytes,
    tcp,
    talk,
    wireshark,
    bin
});

impl Flow {
    /// The flow that a packet opens.
    pub fn open(
        key: FlowKey,
        src_is_low: bool,
        packet: &Packet,
        ports: Option<(u16, u16)>,
        frame_number: u32,
    ) -> Box<Self> {
        Box::new(Flow {
            key,
            flow_id: frame_number,
            initiator_is_low: key::sender_is_initiator(packet, ports) == src_is_low,
            first_timestamp_ns: packet.timestamp_ns,
            last_timestamp_ns: packet.timestamp_ns,
            directions: Default::default(),
            too_big_reports: 0,
            told_mtu_bytes: None,
            tcp: None,
            talk: None,
            wireshark: None,
            bin: None,
        })
    }

    /// Can losses of (forward, reverse) be counted?
    pub fn has_loss(protocol: u8, talk: Option<&Talk>) -> (bool, bool) {
        let is_tcp = protocol == key::protocol::TCP;
        let by_number = |direction| is_tcp || talk.is_some_and(|talk| talk.has_loss(direction));
        (by_number(Direction::Forward), by_number(Direction::Reverse))
    }

    /// Direction of a packet whose source is, or is not, the key's `low` end.
    #[inline(always)]
    pub fn direction(&self, src_is_low: bool) -> Direction {
        if src_is_low == self.initiator_is_low {
            Direction::Forward
        } else {
            Direction::Reverse
        }
    }

    /// An ICMP error called a packet too big.
    #[cold]
    pub fn hear_too_big(&mut self, mtu: Option<u32>) {
        count(&mut self.too_big_reports);
        self.told_mtu_bytes = match (self.told_mtu_bytes, mtu) {
            (Some(known), Some(mtu)) => Some(known.min(mtu)),
            (known, mtu) => known.or(mtu),
        };
    }

    /// Takes note of a packet's time.
    #[inline(always)]
    pub fn touch(&mut self, timestamp_ns: Option<i64>) {
        if let Some(now) = timestamp_ns {
            self.first_timestamp_ns.get_or_insert(now);
            self.last_timestamp_ns = Some(self.last_timestamp_ns.map_or(now, |last| last.max(now)));
        }
    }

    /// Has the flow been silent for more than `limit_ns` at `now_ns`?
    #[inline(always)]
    pub fn is_idle(&self, now_ns: i64, limit_ns: i64) -> bool {
        self.last_timestamp_ns.is_some_and(|last| now_ns.saturating_sub(last) > limit_ns)
    }
}
