//! Packets that the capture (or the network) shows twice: the same packet, not the same data sent again.
//! Recognised before TCP analysis, so that a mirror port that delivers copies yields no retransmissions.

use crate::state::state;
use packet::{tcp_flag, Packet};

/// A copy follows its packet within this time. A sender's retransmission of data takes an RTO or a round trip and
/// has an IP identification of its own. 5 ms, in units of 1024 ns.
const WITH_ID: u32 = 5_000_000 / 1024;
/// Without an identification only what takes sequence numbers can tell, and less time is granted: 1 ms.
const WITHOUT_ID: u32 = 1_000_000 / 1024;

/// They are sent again after an RTO at the earliest, as data are.
const OPENS_OR_CLOSES: u16 = tcp_flag::SYN | tcp_flag::FIN;

/// The last packets of one direction, as fingerprints.
#[derive(Clone, Debug, Default)]
pub struct Duplicates {
    /// (fingerprint, time in units of 1024 ns, modulo 2³²).
    recent: [(u32, u32); 4],
    next: u8,
    /// Was there any packet that could have been told from its copy?
    pub can_tell: bool,
    /// Copies seen.
    pub count: u32,
}

state!(Duplicates { recent, next, can_tell, count });

/// Everything the sender decides about a packet, in 32 bits; and how long a copy is looked for.
///
/// An identification of 0 is no identification (RFC 6864 4.1: atomic datagrams). A UDP datagram without one may be
/// sent twice on purpose, and a pure ACK without one repeated in earnest: of those nothing can be told.
#[inline]
fn fingerprint(packet: &Packet) -> Option<(u32, u32)> {
    let id = packet.ip_id.unwrap_or(0);
    let window = if id != 0 {
        WITH_ID
    } else if packet.tcp.as_ref().is_some_and(|tcp| packet.payload_len_bytes > 0 || tcp.flags & OPENS_OR_CLOSES != 0) {
        WITHOUT_ID
    } else {
        return None;
    };
    let mut print = u64::from(id) << 32 | u64::from(packet.payload_hash);
    print = print.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ (u64::from(packet.ip_len_bytes) << 20 | u64::from(packet.fragment_offset_bytes));
    if let Some(tcp) = &packet.tcp {
        let (tsval, tsecr) = tcp.timestamps.unwrap_or_default();
        print =
            print.rotate_left(29).wrapping_mul(0xd6e8_feb8_6659_fd93) ^ (u64::from(tcp.seq) << 32 | u64::from(tcp.ack));
        print = print.rotate_left(31).wrapping_mul(0xa076_1d64_78bd_642f)
            ^ (u64::from(tsval) << 32 | u64::from(tsecr))
            ^ (u64::from(tcp.flags) << 48 | u64::from(tcp.window) << 16);
    } else if let Some(icmp) = &packet.icmp {
        print ^= u64::from(icmp.rest) << 16 | u64::from(icmp.kind);
    }
    print = (print ^ print >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Some(((print >> 32) as u32 | 1, window))
}

impl Duplicates {
    /// Is this packet a copy of one of the last four of its direction?
    #[inline]
    pub fn is_copy(&mut self, packet: &Packet) -> bool {
        let (Some((print, window)), Some(now_ns)) = (fingerprint(packet), packet.timestamp_ns) else {
            return false;
        };
        self.can_tell = true;
        let now = (now_ns >> 10) as u32;
        for &(earlier, at) in &self.recent {
            if earlier == print && (now.wrapping_sub(at) as i32).unsigned_abs() <= window {
                self.count = self.count.saturating_add(1);
                return true;
            }
        }
        if let Some(place) = self.recent.get_mut(usize::from(self.next & 3)) {
            *place = (print, now);
        }
        self.next = self.next.wrapping_add(1);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use packet::Tcp;

    fn segment(ip_id: Option<u32>, timestamp_ns: i64) -> Packet {
        Packet {
            timestamp_ns: Some(timestamp_ns),
            ip_id,
            payload_len_bytes: 100,
            payload_hash: 7,
            tcp: Some(Tcp { seq: 1, ..Tcp::default() }),
            ..Packet::default()
        }
    }

    #[test]
    fn a_copy_has_the_same_identification_and_comes_at_once() {
        let mut seen = Duplicates::default();
        assert!(!seen.is_copy(&segment(Some(9), 0)));
        assert!(seen.is_copy(&segment(Some(9), 30_000)));
        assert!(!seen.is_copy(&segment(Some(10), 60_000)));
        assert!(!seen.is_copy(&segment(Some(9), 200_000_000)));
    }

    #[test]
    fn a_fin_without_identification_is_a_copy_and_a_bare_ack_may_be_repeated_in_earnest() {
        let bare = |flags: u16, timestamp_ns: i64| Packet {
            timestamp_ns: Some(timestamp_ns),
            ip_id: Some(0),
            tcp: Some(Tcp { seq: 1, flags, ..Tcp::default() }),
            ..Packet::default()
        };
        let mut seen = Duplicates::default();
        assert!(!seen.is_copy(&bare(tcp_flag::ACK, 0)) && !seen.is_copy(&bare(tcp_flag::ACK, 0)));
        assert!(!seen.is_copy(&bare(tcp_flag::FIN, 0)) && seen.is_copy(&bare(tcp_flag::FIN, 0)));
        assert!(!seen.is_copy(&bare(tcp_flag::FIN, 200_000_000)));
    }

    #[test]
    fn of_a_datagram_without_identification_nothing_can_be_told() {
        let mut seen = Duplicates::default();
        let datagram = Packet { timestamp_ns: Some(0), ip_id: Some(0), payload_len_bytes: 5, ..Packet::default() };
        assert!(!seen.is_copy(&datagram) && !seen.is_copy(&datagram) && !seen.can_tell);
    }
}
