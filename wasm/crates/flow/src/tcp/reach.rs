//! Which sizes of one side's packets have reached the other end, and the black hole (RFC 2923 2.1): packets above a
//! size vanish without an ICMP error while smaller ones arrive.
//!
//! Told from one capture point, and therefore only where nothing else explains it. A segment that must not be
//! fragmented, larger than any of its direction that was acknowledged, was
//! - sent at least twice, then again in smaller packets, and those were acknowledged (RFC 4821 7.7); or
//! - sent at least four times and never acknowledged, while the other end went on sending and a smaller packet of the
//!   same direction had arrived.
//!
//! An outage of the whole direction is not told apart from the second until it ends: then the large segment arrives, and
//! nothing is said.

use super::sequence::at_most;
use super::{Mark, Segment};
use crate::state::state;
use packet::Packet;

/// Transmissions of a segment that never arrived, after which chance is no explanation.
const NEVER_ARRIVED: u8 = 4;
/// The same where smaller packets then did.
const SMALLER_ARRIVED: u8 = 2;
/// Without the other end's MSS option, what is larger was not one packet on the wire.
const ORDINARY_BYTES: u32 = 1500;

/// A segment that is sent again and again.
#[derive(Clone, Copy, Debug, Default)]
struct Stuck {
    seq: u32,
    end: u32,
    ip_len_bytes: u32,
    times: u8,
    was_cut_smaller: bool,
    has_peer_spoken: bool,
    mark: Mark,
}
state!(Stuck { seq, end, ip_len_bytes, times, was_cut_smaller, has_peer_spoken, mark });

/// One direction.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Largest IP packet of this side that the other end has acknowledged; 0 before the first.
    pub arrived_bytes: u32,
    /// MSS option of the other end's SYN.
    pub peer_mss: Option<u16>,
    /// A larger one on its way: the byte after it, and its size.
    waiting: Option<(u32, u32)>,
    stuck: Option<Stuck>,
    /// Size that vanished, and the packet that proved it.
    vanished: Option<(u32, Mark)>,
}
state!(Reach { arrived_bytes, peer_mss, waiting, stuck, vanished });

impl Reach {
    /// A segment with sequence space passes.
    #[inline]
    pub fn sent(&mut self, packet: &Packet, segment: &Segment, is_repeat: bool, mark: Mark) {
        let ip_len_bytes = packet.ip_len_bytes;
        let is_offloaded = match self.peer_mss {
            Some(mss) => segment.payload > u32::from(mss),
            None => ip_len_bytes > ORDINARY_BYTES,
        };
        if is_offloaded {
            return;
        }
        if self.waiting.is_none() && ip_len_bytes > self.arrived_bytes {
            self.waiting = Some((segment.end, ip_len_bytes));
        }
        if is_repeat {
            self.sent_again(packet, segment, mark);
        }
    }

    #[cold]
    fn sent_again(&mut self, packet: &Packet, segment: &Segment, mark: Mark) {
        if let Some((end, ip_len_bytes)) = &mut self.waiting {
            // In which size it will have arrived is not known: the smaller one is certain.
            if *end == segment.end || at_most(segment.seq, end.wrapping_sub(1)) {
                *ip_len_bytes = (*ip_len_bytes).min(packet.ip_len_bytes);
                *end = segment.end;
            }
        }
        let ip_len_bytes = packet.ip_len_bytes;
        match &mut self.stuck {
            Some(stuck) if stuck.seq == segment.seq => {
                if ip_len_bytes < stuck.ip_len_bytes {
                    stuck.was_cut_smaller = true;
                } else if !stuck.was_cut_smaller {
                    stuck.times = stuck.times.saturating_add(1);
                    stuck.mark = mark;
                }
            }
            _ if ip_len_bytes > self.arrived_bytes && packet.dont_fragment != Some(false) => {
                self.stuck = Some(Stuck {
                    seq: segment.seq,
                    end: segment.end,
                    ip_len_bytes,
                    times: 2,
                    mark,
                    ..Stuck::default()
                });
            }
            _ => {}
        }
    }

    /// The other end says anything at all.
    #[inline(always)]
    pub fn peer_spoke(&mut self) {
        if let Some(stuck) = &mut self.stuck {
            stuck.has_peer_spoken = true;
        }
    }

    /// The other end has everything before `ack`.
    #[inline]
    pub fn acknowledged(&mut self, ack: u32) {
        if let Some((_, ip_len_bytes)) = self.waiting.filter(|&(end, _)| at_most(end, ack)) {
            self.arrived_bytes = self.arrived_bytes.max(ip_len_bytes);
            self.waiting = None;
        }
        if let Some(stuck) = self.stuck.filter(|stuck| at_most(stuck.end, ack)) {
            self.stuck = None;
            if stuck.was_cut_smaller && stuck.times >= SMALLER_ARRIVED && stuck.ip_len_bytes > self.arrived_bytes {
                self.vanished.get_or_insert((stuck.ip_len_bytes, stuck.mark));
            }
        }
    }

    /// The size that vanishes on the way and the packet that shows it, as far as the capture goes.
    pub fn black_hole(&self) -> Option<(u32, Mark)> {
        let never = self.stuck.filter(|stuck| {
            stuck.times >= NEVER_ARRIVED && stuck.has_peer_spoken && !stuck.was_cut_smaller && self.arrived_bytes > 0
        });
        let found = self.vanished.or(never.map(|stuck| (stuck.ip_len_bytes, stuck.mark)));
        found.filter(|&(ip_len_bytes, _)| ip_len_bytes > self.arrived_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::Direction;

    fn segment(seq: u32, payload: u32) -> (Packet, Segment) {
        let packet = Packet {
            ip_len_bytes: payload + 40,
            payload_len_bytes: payload,
            dont_fragment: Some(true),
            ..Packet::default()
        };
        let segment = Segment {
            direction: Direction::Forward,
            seq,
            end: seq + payload,
            len: payload,
            payload,
            is_syn: false,
            tsval: None,
            ip_id: None,
            now_ns: Some(0),
        };
        (packet, segment)
    }

    fn send(reach: &mut Reach, seq: u32, payload: u32, is_repeat: bool) {
        let (packet, segment) = segment(seq, payload);
        reach.sent(&packet, &segment, is_repeat, Mark { frame_number: seq, ..Mark::default() });
    }

    /// 100 bytes arrive, 1400 are sent `times` times.
    fn stuck(times: u32) -> Reach {
        let mut reach = Reach::default();
        send(&mut reach, 1000, 100, false);
        reach.acknowledged(1100);
        (0..times).for_each(|at| send(&mut reach, 1100, 1400, at > 0));
        reach
    }

    #[test]
    fn a_large_segment_that_never_arrives_is_a_black_hole_only_if_the_other_end_lives() {
        let mut reach = stuck(4);
        assert_eq!(reach.black_hole(), None);
        reach.peer_spoke();
        assert_eq!(reach.black_hole().map(|found| found.0), Some(1440));
        assert_eq!(reach.arrived_bytes, 140);
        let mut few = stuck(3);
        few.peer_spoke();
        assert_eq!(few.black_hole(), None);
    }

    #[test]
    fn an_outage_that_ends_is_none() {
        let mut reach = stuck(6);
        reach.peer_spoke();
        reach.acknowledged(2500);
        assert_eq!((reach.black_hole(), reach.arrived_bytes), (None, 1440));
    }

    #[test]
    fn smaller_pieces_that_arrive_prove_it() {
        let mut reach = stuck(2);
        send(&mut reach, 1100, 512, true);
        reach.acknowledged(1612);
        send(&mut reach, 1612, 512, true);
        reach.acknowledged(2124);
        send(&mut reach, 2124, 376, true);
        reach.acknowledged(2500);
        assert_eq!(reach.black_hole().map(|found| found.0), Some(1440));
        assert_eq!(reach.arrived_bytes, 552);
    }

    #[test]
    fn what_may_be_fragmented_does_not_vanish() {
        let mut reach = Reach::default();
        send(&mut reach, 1000, 100, false);
        reach.acknowledged(1100);
        for at in 0..5 {
            let (packet, segment) = segment(1100, 1400);
            let packet = Packet { dont_fragment: Some(false), ..packet };
            reach.sent(&packet, &segment, at > 0, Mark::default());
        }
        reach.peer_spoke();
        assert_eq!(reach.black_hole(), None);
    }
}
