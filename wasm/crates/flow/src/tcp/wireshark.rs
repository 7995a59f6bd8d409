//! The TCP analysis flags of Wireshark 4.0, for whoever must agree with it flag for flag (`--compat wireshark`).
//!
//! A second reading of the same packets, with Wireshark's rules and its limits: fixed times (3 ms, 20 ms), whatever
//! number a header holds although its flag is clear, 0 as "not known", copies made by the capture taken for repeats.
//! What the strict reading does better is said in `loss`. Rules: Wireshark User's Guide, "TCP Analysis"; where the
//! guide is silent, the behaviour of tshark 4.0 itself, against which every capture of the tests is compared.
//! Not followed: MPTCP, TCP headers quoted in ICMP errors, and windows scaled by preference.

use super::Notes;
use crate::codes::{Direction, EventKind, RttMethod};
use crate::state::state;
use alloc::boxed::Box;
use alloc::vec::Vec;
use packet::{tcp_flag, Packet, Tcp};

/// Segments remembered while they wait for their ACK.
const MOST_UNACKED: usize = 10_000;
const FAST_NS: u64 = 20_000_000;
const UNKNOWN_RTT_NS: u64 = 3_000_000;
/// Window scale of an end: none seen yet, or known to be unused.
const SCALE_UNKNOWN: i64 = -1;
const SCALE_UNUSED: i64 = -2;

/// Is `a` after `b`?
fn after(a: u32, b: u32) -> bool {
    (b.wrapping_sub(a) as i32) < 0
}

#[derive(Clone, Copy, Debug)]
struct Unacked {
    next: u32,
    at_ns: i64,
}
state!(Unacked { next, at_ns });

/// What one end has sent.
#[derive(Clone, Debug)]
pub struct End {
    base: Option<u32>,
    next: u32,
    next_ns: i64,
    /// Highest byte sent without a gap.
    contiguous: u32,
    last_ack: u32,
    last_ack_ns: i64,
    /// −1: told of an ACK beyond what was sent; it is not told twice. (For a fast retransmission −1 counts as many.)
    duplicates: i64,
    window: u32,
    scale: i64,
    is_first_ack: bool,
    was_keep_alive: bool,
    was_probe: bool,
    unacked: Vec<Unacked>,
    /// Repeats of the three kinds.
    pub retransmissions: u32,
    /// Segments called out of order.
    pub out_of_order: u32,
    /// Duplicate ACKs sent.
    pub duplicate_acks: u32,
    /// Zero windows advertised.
    pub zero_windows: u32,
}

state!(End {
    base,
    next,
    next_ns,
    contiguous,
    last_ack,
    last_ack_ns,
    duplicates,
    window,
    scale,
    is_first_ack,
    was_keep_alive,
    was_probe,
    unacked,
    retransmissions,
    out_of_order,
    duplicate_acks,
    zero_windows,
});

impl Default for End {
    fn default() -> Self {
        End {
            base: None,
            next: 0,
            next_ns: 0,
            contiguous: 0,
            last_ack: 0,
            last_ack_ns: 0,
            duplicates: 0,
            window: u32::MAX,
            scale: SCALE_UNKNOWN,
            is_first_ack: false,
            was_keep_alive: false,
            was_probe: false,
            unacked: Vec::new(),
            retransmissions: 0,
            out_of_order: 0,
            duplicate_acks: 0,
            zero_windows: 0,
        }
    }
}

/// One conversation as Wireshark sees it.
#[derive(Clone, Debug, Default)]
pub struct Wireshark {
    /// initiator's, responder's.
    pub ends: (End, End),
    syn_ns: Option<i64>,
    first_rtt_ns: Option<i64>,
}

state!(Wireshark { ends, syn_ns, first_rtt_ns });

struct Segment {
    direction: Direction,
    seq: u32,
    ack: u32,
    len: u32,
    flags: u16,
    window: u32,
    now_ns: i64,
}

impl Segment {
    fn has(&self, bits: u16) -> bool {
        self.flags & bits != 0
    }

    /// Is it one of those that neither open, close nor break the connection?
    fn is_plain(&self) -> bool {
        !self.has(tcp_flag::SYN | tcp_flag::FIN | tcp_flag::RST)
    }
}

/// What a segment was found to be, as far as later steps ask.
#[derive(Default)]
struct Found {
    is_keep_alive: bool,
    is_probe: bool,
}

fn since(now_ns: i64, then_ns: i64) -> u64 {
    // Time that ran backwards is a very long time.
    now_ns.wrapping_sub(then_ns) as u64
}

/// Kinds that this reading tells instead of the strict one.
pub fn is_told_here(kind: EventKind) -> bool {
    kind as u8 <= EventKind::KeepAlive as u8
}

impl Wireshark {
    /// The conversation goes on in another flow, whose counts begin anew; `is_turned`: the other end is its initiator.
    pub fn continued(mut self: Box<Self>, is_turned: bool) -> Box<Self> {
        if is_turned {
            core::mem::swap(&mut self.ends.0, &mut self.ends.1);
        }
        for end in [&mut self.ends.0, &mut self.ends.1] {
            (end.retransmissions, end.out_of_order, end.duplicate_acks, end.zero_windows) = (0, 0, 0, 0);
        }
        self
    }

    /// Takes note of a packet and tells its flags.
    pub fn observe(&mut self, packet: &Packet, tcp: &Tcp, direction: Direction, notes: &mut Notes) {
        let segment = Segment {
            direction,
            seq: tcp.seq,
            ack: tcp.ack,
            len: packet.payload_len_bytes,
            flags: tcp.flags,
            window: u32::from(tcp.window),
            now_ns: packet.timestamp_ns.unwrap_or(0),
        };
        let opening = segment.flags & (tcp_flag::SYN | tcp_flag::ACK);
        if opening == tcp_flag::SYN {
            self.observe_syn(&segment);
        } else if opening == tcp_flag::SYN | tcp_flag::ACK {
            let base = &mut direction.of_mut(&mut self.ends).base;
            *base = base.map(|_| segment.seq);
        }
        if !packet.is_fragment {
            self.analyze(&segment, notes);
        }
        self.observe_after(&segment, tcp);
    }

    /// A SYN begins a conversation of its own, unless it is the one that began this, sent again.
    fn observe_syn(&mut self, segment: &Segment) {
        let end = segment.direction.of_mut(&mut self.ends);
        match end.base {
            None => {}
            Some(base) if base == segment.seq => end.next = end.contiguous,
            Some(_) => {
                let counts = |end: &End| End {
                    retransmissions: end.retransmissions,
                    out_of_order: end.out_of_order,
                    duplicate_acks: end.duplicate_acks,
                    zero_windows: end.zero_windows,
                    ..End::default()
                };
                let ends = (counts(&self.ends.0), counts(&self.ends.1));
                *self = Wireshark { ends, ..Wireshark::default() };
            }
        }
    }

    fn analyze(&mut self, segment: &Segment, notes: &mut Notes) {
        let first_rtt_ns = self.first_rtt_ns.filter(|&rtt_ns| rtt_ns != 0);
        let feedback_ns = first_rtt_ns.map_or(UNKNOWN_RTT_NS, |rtt_ns| rtt_ns as u64);
        let (forward, reverse) = (&mut self.ends.0, &mut self.ends.1);
        let (own, peer) = if segment.direction == Direction::Forward { (forward, reverse) } else { (reverse, forward) };
        let base = if segment.has(tcp_flag::SYN) { segment.seq } else { segment.seq.wrapping_sub(1) };
        own.base.get_or_insert(base);
        if segment.has(tcp_flag::ACK) {
            peer.base.get_or_insert(segment.ack.wrapping_sub(1));
        }
        let mut found = Found::default();
        own.look_at_place(peer, segment, &mut found, notes);
        if segment.ack != own.last_ack {
            own.duplicates = 0;
        }
        own.look_at_ack(peer, segment, notes);
        if (segment.len > 0 || segment.has(tcp_flag::SYN | tcp_flag::FIN)) && !found.is_keep_alive {
            own.look_at_repeat(peer, segment, feedback_ns, notes);
        }
        own.remember(segment, &found);
        if let Some(at_ns) = peer.take_acked(segment.ack) {
            let rtt_ns = segment.now_ns.saturating_sub(at_ns);
            if rtt_ns > 0 {
                notes.sample(segment.direction.opposite(), RttMethod::Ack, rtt_ns);
            }
        }
    }

    /// What Wireshark takes note of only when the flags of the packet are decided.
    fn observe_after(&mut self, segment: &Segment, tcp: &Tcp) {
        let opening = segment.flags & (tcp_flag::SYN | tcp_flag::ACK);
        let (forward, reverse) = (&mut self.ends.0, &mut self.ends.1);
        let (own, peer) = if segment.direction == Direction::Forward { (forward, reverse) } else { (reverse, forward) };
        if segment.has(tcp_flag::SYN) {
            own.is_first_ack = true;
            if opening == tcp_flag::SYN {
                self.syn_ns = Some(segment.now_ns);
            }
        }
        if opening == tcp_flag::ACK {
            if self.first_rtt_ns.is_none_or(|rtt_ns| rtt_ns == 0) {
                self.first_rtt_ns = self.syn_ns.map(|syn_ns| segment.now_ns.saturating_sub(syn_ns));
            }
            own.is_first_ack = false;
        }
        if let Some(scale) = tcp.window_scale {
            own.scale = i64::from(scale.min(14));
        }
        if segment.has(tcp_flag::SYN) {
            if own.scale == SCALE_UNKNOWN {
                own.scale = SCALE_UNUSED;
                peer.scale = SCALE_UNUSED;
            } else if segment.has(tcp_flag::ACK) && peer.scale == SCALE_UNUSED {
                own.scale = SCALE_UNUSED;
            }
        }
    }
}

impl End {
    /// Flags that follow from where the segment stands and what window it meets.
    fn look_at_place(&mut self, peer: &End, segment: &Segment, found: &mut Found, notes: &mut Notes) {
        let len = Some(i64::from(segment.len));
        if segment.len == 1 && segment.seq == self.next && peer.window == 0 {
            found.is_probe = true;
            return;
        }
        if segment.window == 0 && segment.is_plain() {
            self.zero_windows = self.zero_windows.saturating_add(1);
            notes.event(EventKind::ZeroWindow, None);
        }
        if self.next != 0 && after(segment.seq, self.next) && !segment.has(tcp_flag::RST) {
            let missing = segment.seq.wrapping_sub(self.next);
            notes.event(EventKind::PreviousSegmentNotCaptured, Some(i64::from(missing)));
        }
        if segment.len <= 1 && segment.seq == self.next.wrapping_sub(1) && segment.is_plain() {
            found.is_keep_alive = true;
            notes.event(EventKind::KeepAlive, None);
        }
        if segment.len > 0 && peer.scale != SCALE_UNKNOWN && segment.is_plain() {
            let shift = if peer.is_first_ack { 0 } else { peer.scale.clamp(0, 14) };
            let edge = peer.last_ack.wrapping_add(peer.window << shift);
            if segment.seq.wrapping_add(segment.len) == edge {
                notes.event(EventKind::WindowFull, len);
            }
        }
        let repeats_itself = segment.len == 0
            && segment.window == self.window
            && segment.seq == self.next
            && segment.ack == self.last_ack
            && segment.is_plain();
        let answers_keep_alive = segment.window != 0 && peer.was_keep_alive;
        let answers_probe = segment.window == 0 && peer.was_probe;
        if repeats_itself && segment.window != 0 && !answers_keep_alive && !answers_probe {
            self.duplicates = self.duplicates.max(0).saturating_add(1);
            self.duplicate_acks = self.duplicate_acks.saturating_add(1);
            notes.event(EventKind::DuplicateAck, Some(self.duplicates));
        }
    }

    /// Does it acknowledge what was never seen?
    fn look_at_ack(&mut self, peer: &mut End, segment: &Segment, notes: &mut Notes) {
        let is_beyond = peer.contiguous != 0 && after(segment.ack, peer.contiguous) && segment.has(tcp_flag::ACK);
        if !is_beyond {
            return;
        }
        let unseen = Some(i64::from(segment.ack.wrapping_sub(peer.contiguous)));
        if after(peer.next, peer.contiguous) {
            peer.contiguous = peer.next;
            notes.event(EventKind::AckedUnseenSegment, unseen);
            return;
        }
        if peer.duplicates == 0 {
            notes.event(EventKind::AckedUnseenSegment, unseen);
        }
        peer.duplicates = -1;
    }

    /// Sent again, late, or neither?
    fn look_at_repeat(&mut self, peer: &End, segment: &Segment, feedback_ns: u64, notes: &mut Notes) {
        let Segment { seq, len, now_ns, .. } = *segment;
        let bytes = Some(i64::from(len));
        let end = seq.wrapping_add(len);
        let grows_probe = len > 1 && self.next.wrapping_sub(1) == seq;
        let is_behind = self.next != 0 && after(self.next, seq) && !grows_probe;
        if len > 0 && peer.last_ack != 0 && !after(end, peer.last_ack) {
            self.retransmissions = self.retransmissions.saturating_add(1);
            notes.event(EventKind::SpuriousRetransmission, bytes);
            return;
        }
        if !is_behind {
            return;
        }
        if !(0..2).contains(&peer.duplicates) && peer.last_ack == seq && since(now_ns, peer.last_ack_ns) < FAST_NS {
            self.retransmissions = self.retransmissions.saturating_add(1);
            notes.event(EventKind::FastRetransmission, bytes);
            return;
        }
        let flag = u32::from(segment.has(tcp_flag::SYN | tcp_flag::FIN));
        let ends_elsewhere = self.next != end.wrapping_add(flag);
        if since(now_ns, self.next_ns) < feedback_ns && ends_elsewhere {
            self.out_of_order = self.out_of_order.saturating_add(1);
            notes.event(EventKind::OutOfOrder, bytes);
            return;
        }
        self.retransmissions = self.retransmissions.saturating_add(1);
        notes.event(EventKind::Retransmission, bytes);
    }

    fn remember(&mut self, segment: &Segment, found: &Found) {
        let flag = u32::from(segment.has(tcp_flag::SYN | tcp_flag::FIN));
        let mut next = segment.seq.wrapping_add(segment.len);
        if (segment.len > 0 || flag > 0) && self.unacked.len() < MOST_UNACKED {
            next = next.wrapping_add(flag);
            self.unacked.push(Unacked { next, at_ns: segment.now_ns });
        }
        if (self.next == 0 || after(next, self.next)) && !found.is_probe {
            self.next = next;
            self.next_ns = segment.now_ns;
        }
        if (self.contiguous == 0 || segment.seq == self.contiguous) && !found.is_probe {
            self.contiguous = self.next;
        }
        self.window = segment.window;
        self.last_ack = segment.ack;
        self.last_ack_ns = segment.now_ns;
        self.was_keep_alive = found.is_keep_alive;
        self.was_probe = found.is_probe;
    }

    /// Forgets what an ACK covers; returns when the first segment was sent that ends exactly there.
    fn take_acked(&mut self, ack: u32) -> Option<i64> {
        let exact = self.unacked.iter().find(|unacked| unacked.next == ack).map(|unacked| unacked.at_ns);
        self.unacked.retain(|unacked| after(unacked.next, ack));
        exact
    }
}
