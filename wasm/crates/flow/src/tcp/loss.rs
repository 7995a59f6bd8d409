//! Where a segment stands in its stream: new, late, or sent again; and what that says about loss.
//!
//! Strict classes (Wireshark's names, but decided by evidence rather than by fixed times where there is any):
//! - keep_alive: 0 or 1 byte at nxt − 1 without SYN or FIN; a single byte only when everything was acknowledged or
//!   the peer's window is closed (else it is a repeat of one byte).
//! - spurious_retransmission: all of it had been acknowledged, by number or by SACK, before it was seen again.
//! - out_of_order: it fills a hole, and it is the original: its TSval is before that of the segment that opened
//!   the hole (a repeat would carry the sender's later clock), or equal or absent while the sender's count of packets
//!   (IP identification, where it counts) says so, or, without one, less time has passed since
//!   the segment before the hole than feedback needs, or 3 ms since the one after it (feedback: seven eighths of the
//!   shortest whole-path RTT seen; 3 ms where no handshake was).
//! - fast_retransmission: a repeat for which the receiver had asked, by three duplicate ACKs (RFC 5681 3.2) or
//!   by SACK of later data (RFC 6675), less than 200 ms ago (an RTO is never shorter).
//! - acked_unseen_segment: an ACK of bytes beyond the edge, or of a hole: they arrived, only the capture lacks them.
//! - retransmission: any other repeat, and any other filling of a hole.
//!
//! Loss of a direction, at one capture point: every repeat of data that was seen (lost beyond the capture point)
//! plus every repeat that fills a hole (lost before it). One packet is counted once: a repeat is one or the other.
//! Not counted: spurious repeats; copies made by the capture; repeats that a DSACK (RFC 2883) or an echo older
//! than the repeat (Eifel, RFC 3522) later proves needless (taken back from the flow's sum, not from bins that
//! are closed); repeated SYNs until one is answered (a dead host is no loss).

use super::sequence::{at_most, before, Hole, LARGEST_STEP};
use super::side::{Repeat, Side};
use super::{Notes, Segment};
use crate::codes::EventKind;

/// A repeat later than this after the last duplicate ACK or SACK was not caused by it.
const FEEDBACK_NS: i64 = 200_000_000;

/// Where a segment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Next in order (or the first of its direction).
    New,
    /// Beyond the next in order.
    AfterHole,
    /// Carries no sequence space and stands at the edge.
    Acknowledging,
    /// An original that came late.
    Late,
    /// Sent again.
    Repeat,
    /// Anything else: keep-alive, old ACK, a sequence number from elsewhere.
    Aside,
}

fn elapsed(since: Option<i64>, now: Option<i64>) -> Option<i64> {
    Some(now?.saturating_sub(since?))
}

impl Side {
    /// Places a segment that this side sent, and takes note of what it shows.
    #[inline]
    pub fn place(&mut self, segment: &Segment, feedback_ns: i64, peer_window: Option<u16>, notes: &mut Notes) -> Place {
        if segment.len > 0 {
            self.data_packets = self.data_packets.saturating_add(1);
        }
        let Some(nxt) = self.nxt else {
            self.nxt = Some(match self.acked {
                Some(acked) if acked.wrapping_sub(segment.end) < LARGEST_STEP => acked,
                _ => segment.end,
            });
            self.forget_holes();
            self.edge_id = segment.ip_id;
            return if segment.len > 0 { Place::New } else { Place::Acknowledging };
        };
        let step = segment.seq.wrapping_sub(nxt);
        if step == 0 {
            if segment.payload == 1 && segment.len == 1 && peer_window == Some(0) {
                // A probe of a closed window: the receiver may take the byte or not (RFC 9293 3.8.6.1).
                self.is_probing = true;
                return Place::Aside;
            }
            self.nxt = Some(segment.end);
            if segment.len == 0 {
                return Place::Acknowledging;
            }
            (self.edge_ns, self.edge_id) = (segment.now_ns, segment.ip_id);
            return Place::New;
        }
        if step <= LARGEST_STEP {
            notes.event(EventKind::PreviousSegmentNotCaptured, Some(i64::from(step)));
            self.open_hole(Hole {
                start: nxt,
                end: segment.seq,
                opened_ns: segment.now_ns,
                edge_ns: self.edge_ns,
                tsval: segment.tsval,
                opened_at: self.data_packets,
                ids: self.edge_id.zip(segment.ip_id),
                is_acked: false,
            });
            self.nxt = Some(segment.end);
            (self.edge_ns, self.edge_id) = (segment.now_ns, segment.ip_id);
            return Place::AfterHole;
        }
        if nxt.wrapping_sub(segment.seq) > LARGEST_STEP {
            // From elsewhere: another stream, or a corrupt packet. The next one sets the edge anew.
            self.forget_edge();
            return Place::Aside;
        }
        self.place_behind(segment, nxt, feedback_ns, peer_window, notes)
    }

    /// The segment starts before the edge.
    fn place_behind(
        &mut self,
        segment: &Segment,
        nxt: u32,
        feedback_ns: i64,
        peer_window: Option<u16>,
        notes: &mut Notes,
    ) -> Place {
        let is_probe = segment.payload <= 1 && segment.len == segment.payload && segment.seq.wrapping_add(1) == nxt;
        if is_probe && (segment.payload == 0 || self.acked == Some(nxt) || peer_window == Some(0)) {
            notes.event(EventKind::KeepAlive, None);
            return Place::Aside;
        }
        if segment.len == 0 {
            return Place::Aside;
        }
        if before(nxt, segment.end) {
            self.nxt = Some(segment.end);
        }
        let was_acked = self.has_arrived(segment.seq, segment.end);
        let hole = self.fill_hole(segment.seq, segment.end);
        if let Some(hole) = hole {
            if is_original(segment, &hole, feedback_ns) {
                // Acknowledged already: then only the capture put it in this order, not the network.
                if !was_acked {
                    self.out_of_order = self.out_of_order.saturating_add(1);
                    self.extent = self.extent.max(self.data_packets.saturating_sub(hole.opened_at));
                    notes.reordered = notes.reordered.saturating_add(1);
                    notes.event(EventKind::OutOfOrder, Some(i64::from(segment.payload)));
                }
                return Place::Late;
            }
        }
        self.retransmissions = self.retransmissions.saturating_add(1);
        let bytes = Some(i64::from(segment.payload));
        let repeat = Repeat {
            seq: segment.seq,
            end: segment.end,
            tsval: segment.tsval,
            fills_hole: hole.is_some(),
            is_covered: was_acked,
            is_spurious: was_acked,
        };
        if was_acked {
            notes.event(EventKind::SpuriousRetransmission, bytes);
            self.repeated(repeat);
            return Place::Repeat;
        }
        let kind = if self.was_asked_for(segment) { EventKind::FastRetransmission } else { EventKind::Retransmission };
        notes.event(kind, bytes);
        if segment.is_syn {
            self.unanswered_syn_repeats = self.unanswered_syn_repeats.saturating_add(1);
        } else {
            self.repeated(repeat);
            *segment.direction.of_mut(&mut notes.lost) += 1;
        }
        Place::Repeat
    }

    fn was_asked_for(&self, segment: &Segment) -> bool {
        let by_duplicates = self.duplicate_acks_received >= 3 && self.acked == Some(segment.seq);
        let by_sack = self.highest_sacked.is_some_and(|sacked| at_most(segment.end, sacked));
        (by_duplicates || by_sack)
            && elapsed(self.asked_ns, segment.now_ns).is_none_or(|elapsed_ns| elapsed_ns < FEEDBACK_NS)
    }
}

/// Is the segment that fills the hole the original, and not a repeat?
///
/// Without a clock, a sender that counts its packets tells it (`told_by_id`). Else: a repeat takes a whole feedback longer than its original, which was sent between the edge before
/// the hole and the segment that opened it. A slow sender leaves much time between these; there an original may still
/// come at the heels of the one that overtook it.
fn is_original(segment: &Segment, hole: &Hole, feedback_ns: i64) -> bool {
    let within = |since_ns, limit_ns| elapsed(since_ns, segment.now_ns).is_some_and(|elapsed_ns| elapsed_ns < limit_ns);
    let in_time =
        || within(hole.edge_ns, feedback_ns) || within(hole.opened_ns, feedback_ns.min(super::UNKNOWN_FEEDBACK_NS));
    match (segment.tsval, hole.tsval) {
        (Some(mine), Some(opener)) if mine != opener => before(mine, opener),
        _ => told_by_id(segment.ip_id, hole.ids).unwrap_or_else(in_time),
    }
}

/// A sender that numbers its packets one after the other (RFC 791 leaves it the choice) has sent what fills the hole
/// either between the packets around it, or after both. None: the numbers do not show that it counts.
fn told_by_id(mine: Option<u16>, around: Option<(u16, u16)>) -> Option<bool> {
    const MOST_BETWEEN: u16 = 256;
    const MOST_SINCE: u16 = 2048;
    let (mine, (edge, opener)) = (mine?, around?);
    let width = opener.wrapping_sub(edge);
    let step = mine.wrapping_sub(edge);
    match (2..MOST_BETWEEN).contains(&width) {
        true if (1..width).contains(&step) => Some(true),
        true if (width + 1..width + MOST_SINCE).contains(&step) => Some(false),
        _ => None,
    }
}
