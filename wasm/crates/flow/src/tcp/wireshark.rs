//! The TCP analysis flags of Wireshark 4.0, for whoever must agree with it flag for flag (`--compat wireshark`).
//!
//! A second reading of the same packets, with Wireshark's rules and its limits: fixed times (3 ms, 20 ms), whatever
//! number a header holds although its flag is clear, 0 as "not known", copies made by the capture taken for repeats.
//! What the strict reading does better is said in `loss`. Rules: Wireshark User's Guide, "TCP Analysis"; where the
//! guide is silent, the behaviour of tshark 4.0 itself, against which every capture of the tests is compared.
//! Not followed: MPTCP, TCP headers quoted in ICMP errors, and windows scaled by preference.
//!
//! How it is built: a `View` is one segment between the two ends as the packets before it left them. Every flag is one
//! question to the view (`FLAGS`, then `seen_again`); no question changes anything. What the segment changes, it changes
//! before (`hear`: what its ACK says of the other end) or after (`send`).

use super::Notes;
use crate::codes::{Direction, EventKind, RttMethod};
use crate::state::state;
use alloc::boxed::Box;
use alloc::vec::Vec;
use packet::{tcp_flag, Packet, Tcp};

/// Segments remembered while they wait for their ACK.
const MOST_UNACKED: usize = 10_000;
/// A repeat so soon after the ACK that asks for it is a fast one.
const FAST_NS: u64 = 20_000_000;
/// Duplicate ACKs that ask for a repeat.
const ENOUGH_DUPLICATES: u32 = 2;
/// So long something may come late where the handshake was not seen.
const UNKNOWN_RTT_NS: u64 = 3_000_000;
const LARGEST_SHIFT: u8 = 14;

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
#[derive(Clone, Debug, Default)]
pub struct End {
    base: Option<u32>,
    /// The highest byte so far, plus one, and when it came; 0: not known.
    next: u32,
    next_ns: i64,
    /// The same without a gap.
    contiguous: u32,
    last_ack: u32,
    last_ack_ns: i64,
    /// How often it has repeated its last ACK.
    duplicates: u32,
    /// It has acknowledged what was never seen, and that was told.
    has_told_unseen: bool,
    /// As last advertised; None: nothing yet.
    window: Option<u32>,
    /// None: no SYN seen. Some(None): windows are not scaled.
    scale: Option<Option<u8>>,
    /// Nothing but its SYN has been acknowledged: the window it advertised there is not scaled.
    is_first_ack: bool,
    was_keep_alive: bool,
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
    has_told_unseen,
    window,
    scale,
    is_first_ack,
    was_keep_alive,
    unacked,
    retransmissions,
    out_of_order,
    duplicate_acks,
    zero_windows,
});

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

    /// One more number than bytes, where it opens or closes.
    fn flag_len(&self) -> u32 {
        u32::from(self.has(tcp_flag::SYN | tcp_flag::FIN))
    }

    fn bytes_end(&self) -> u32 {
        self.seq.wrapping_add(self.len)
    }

    fn bytes(&self) -> Option<i64> {
        Some(i64::from(self.len))
    }
}

fn since(now_ns: i64, then_ns: i64) -> u64 {
    // Time that ran backwards is a very long time.
    now_ns.wrapping_sub(then_ns) as u64
}

/// Kinds that this reading tells instead of the strict one.
pub fn is_told_here(kind: EventKind) -> bool {
    kind as u8 <= EventKind::KeepAlive as u8
}

/// One segment, and both ends before it.
struct View<'a> {
    own: &'a End,
    peer: &'a End,
    segment: &'a Segment,
    feedback_ns: u64,
}

/// A question to a view: the event's detail where the answer is yes.
type Question = fn(&View) -> Option<Option<i64>>;

/// Flags that do not exclude each other; a probe of a closed window has none of them.
const FLAGS: &[(EventKind, Question)] = &[
    (EventKind::ZeroWindow, |view| view.closes_window().then_some(None)),
    (EventKind::PreviousSegmentNotCaptured, |view| view.skipped().map(|bytes| Some(i64::from(bytes)))),
    (EventKind::KeepAlive, |view| view.is_keep_alive().then_some(None)),
    (EventKind::WindowFull, |view| view.fills_window().then(|| view.segment.bytes())),
    (EventKind::DuplicateAck, |view| view.repeats_ack().then(|| Some(i64::from(view.own.duplicates) + 1))),
];

impl View<'_> {
    /// One byte at the edge, offered to a closed window.
    fn is_probe(&self) -> bool {
        self.peer.window == Some(0) && self.segment.len == 1 && self.segment.seq == self.own.next
    }

    fn closes_window(&self) -> bool {
        self.segment.is_plain() && self.segment.window == 0
    }

    /// Bytes between the edge and the segment.
    fn skipped(&self) -> Option<u32> {
        let Segment { seq, .. } = *self.segment;
        let is_ahead = self.own.next != 0 && after(seq, self.own.next);
        (is_ahead && !self.segment.has(tcp_flag::RST)).then(|| seq.wrapping_sub(self.own.next))
    }

    /// At most one byte, and that the last one before the edge.
    fn is_keep_alive(&self) -> bool {
        let is_before_edge = self.segment.seq.wrapping_add(1) == self.own.next;
        is_before_edge && self.segment.len <= 1 && self.segment.is_plain()
    }

    /// Does it end exactly where the other end's window does?
    fn fills_window(&self) -> bool {
        let Some(scale) = self.peer.scale else { return false };
        if self.segment.len == 0 || !self.segment.is_plain() {
            return false;
        }
        let shift = scale.filter(|_| !self.peer.is_first_ack).map_or(0, |shift| shift.min(LARGEST_SHIFT));
        let window = self.peer.window.unwrap_or(u32::MAX) << shift;
        self.segment.bytes_end() == self.peer.last_ack.wrapping_add(window)
    }

    /// Nothing in it is new, and it answers neither a keep-alive nor a probe.
    fn repeats_ack(&self) -> bool {
        let Segment { seq, ack, len, window, .. } = *self.segment;
        let is_same = len == 0 && seq == self.own.next && ack == self.own.last_ack && Some(window) == self.own.window;
        is_same && window != 0 && self.segment.is_plain() && !self.peer.was_keep_alive
    }

    /// Was it sent before, or does it come late? Kinds that exclude each other; asked of what takes sequence numbers.
    fn seen_again(&self) -> Option<EventKind> {
        let Segment { seq, len, now_ns, .. } = *self.segment;
        let (own, peer) = (self.own, self.peer);
        let is_acked = peer.last_ack != 0 && !after(self.segment.bytes_end(), peer.last_ack);
        if len > 0 && is_acked {
            return Some(EventKind::SpuriousRetransmission);
        }
        // Data that begins with the byte of a keep-alive is new.
        let follows_keep_alive = len > 1 && seq.wrapping_add(1) == own.next;
        if own.next == 0 || !after(own.next, seq) || follows_keep_alive {
            return None;
        }
        let is_asked_for = peer.has_told_unseen || peer.duplicates >= ENOUGH_DUPLICATES;
        if is_asked_for && peer.last_ack == seq && since(now_ns, peer.last_ack_ns) < FAST_NS {
            return Some(EventKind::FastRetransmission);
        }
        let ends_at_edge = self.segment.bytes_end().wrapping_add(self.segment.flag_len()) == own.next;
        let is_soon = since(now_ns, own.next_ns) < self.feedback_ns;
        Some(if is_soon && !ends_at_edge { EventKind::OutOfOrder } else { EventKind::Retransmission })
    }
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

    /// Sender and receiver of a segment.
    fn between(&mut self, direction: Direction) -> (&mut End, &mut End) {
        match direction {
            Direction::Forward => (&mut self.ends.0, &mut self.ends.1),
            Direction::Reverse => (&mut self.ends.1, &mut self.ends.0),
        }
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
        match (segment.has(tcp_flag::SYN), segment.has(tcp_flag::ACK)) {
            (true, false) => self.open(&segment),
            (true, true) => {
                let base = &mut direction.of_mut(&mut self.ends).base;
                *base = base.map(|_| segment.seq);
            }
            _ => {}
        }
        if !packet.is_fragment {
            self.tell(&segment, notes);
        }
        self.conclude(&segment, tcp);
    }

    /// A SYN begins a conversation of its own, unless it is the one that began this, sent again.
    fn open(&mut self, segment: &Segment) {
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

    fn tell(&mut self, segment: &Segment, notes: &mut Notes) {
        let first_rtt_ns = self.first_rtt_ns.filter(|&rtt_ns| rtt_ns != 0);
        let feedback_ns = first_rtt_ns.map_or(UNKNOWN_RTT_NS, |rtt_ns| rtt_ns as u64);
        let (own, peer) = self.between(segment.direction);
        let base = if segment.has(tcp_flag::SYN) { segment.seq } else { segment.seq.wrapping_sub(1) };
        own.base.get_or_insert(base);
        if segment.has(tcp_flag::ACK) {
            peer.base.get_or_insert(segment.ack.wrapping_sub(1));
        }
        let unseen = peer.hear(segment);
        let view = View { own: &*own, peer: &*peer, segment, feedback_ns };
        let is_probe = view.is_probe();
        let mut told = [None; FLAGS.len()];
        if !is_probe {
            for (place, (kind, question)) in told.iter_mut().zip(FLAGS) {
                *place = question(&view).map(|detail| (*kind, detail));
            }
        }
        let is_keep_alive = !is_probe && view.is_keep_alive();
        let takes_numbers = segment.len > 0 || segment.flag_len() > 0;
        let again = if takes_numbers && !is_keep_alive { view.seen_again() } else { None };
        let unseen = unseen.map(|bytes| (EventKind::AckedUnseenSegment, Some(bytes)));
        let again = again.map(|kind| (kind, segment.bytes()));
        for (kind, detail) in told.into_iter().chain([unseen, again]).flatten() {
            own.count(kind);
            notes.event(kind, detail);
        }
        own.send(segment, is_keep_alive, is_probe);
        if let Some(at_ns) = peer.take_acked(segment.ack) {
            let rtt_ns = segment.now_ns.saturating_sub(at_ns);
            if rtt_ns > 0 {
                notes.sample(segment.direction.opposite(), RttMethod::Ack, rtt_ns);
            }
        }
    }

    /// What Wireshark takes note of only when the flags of the packet are decided.
    fn conclude(&mut self, segment: &Segment, tcp: &Tcp) {
        let (is_syn, is_ack) = (segment.has(tcp_flag::SYN), segment.has(tcp_flag::ACK));
        if is_syn && !is_ack {
            self.syn_ns = Some(segment.now_ns);
        }
        if is_ack && !is_syn && self.first_rtt_ns.is_none_or(|rtt_ns| rtt_ns == 0) {
            self.first_rtt_ns = self.syn_ns.map(|syn_ns| segment.now_ns.saturating_sub(syn_ns));
        }
        let (own, peer) = self.between(segment.direction);
        if is_syn || is_ack {
            own.is_first_ack = is_syn;
        }
        if let Some(shift) = tcp.window_scale {
            own.scale = Some(Some(shift.min(LARGEST_SHIFT)));
        }
        if is_syn {
            if own.scale.is_none() {
                (own.scale, peer.scale) = (Some(None), Some(None));
            } else if is_ack && peer.scale == Some(None) {
                own.scale = Some(None);
            }
        }
    }
}

impl End {
    /// The other end acknowledges; how many bytes of what nobody saw, where that is news.
    fn hear(&mut self, segment: &Segment) -> Option<i64> {
        let is_beyond = self.contiguous != 0 && after(segment.ack, self.contiguous);
        if !is_beyond || !segment.has(tcp_flag::ACK) {
            return None;
        }
        let unseen = i64::from(segment.ack.wrapping_sub(self.contiguous));
        if after(self.next, self.contiguous) {
            // There was a gap, and the ACK closes it.
            self.contiguous = self.next;
            return Some(unseen);
        }
        let is_news = self.duplicates == 0 && !self.has_told_unseen;
        (self.duplicates, self.has_told_unseen) = (0, true);
        is_news.then_some(unseen)
    }

    fn count(&mut self, kind: EventKind) {
        let counter = match kind {
            EventKind::Retransmission | EventKind::FastRetransmission | EventKind::SpuriousRetransmission => {
                &mut self.retransmissions
            }
            EventKind::OutOfOrder => &mut self.out_of_order,
            EventKind::ZeroWindow => &mut self.zero_windows,
            EventKind::DuplicateAck => {
                self.duplicates = self.duplicates.saturating_add(1);
                self.has_told_unseen = false;
                &mut self.duplicate_acks
            }
            _ => return,
        };
        *counter = counter.saturating_add(1);
    }

    /// The segment has been sent: edges, ACK and window are its.
    fn send(&mut self, segment: &Segment, is_keep_alive: bool, is_probe: bool) {
        if segment.ack != self.last_ack {
            (self.duplicates, self.has_told_unseen) = (0, false);
        }
        let mut next = segment.bytes_end();
        if (segment.len > 0 || segment.flag_len() > 0) && self.unacked.len() < MOST_UNACKED {
            next = next.wrapping_add(segment.flag_len());
            self.unacked.push(Unacked { next, at_ns: segment.now_ns });
        }
        if !is_probe {
            if self.next == 0 || after(next, self.next) {
                (self.next, self.next_ns) = (next, segment.now_ns);
            }
            if self.contiguous == 0 || self.contiguous == segment.seq {
                self.contiguous = self.next;
            }
        }
        self.window = Some(segment.window);
        (self.last_ack, self.last_ack_ns) = (segment.ack, segment.now_ns);
        self.was_keep_alive = is_keep_alive;
    }

    /// Forgets what an ACK covers; returns when the first segment was sent that ends exactly there.
    fn take_acked(&mut self, ack: u32) -> Option<i64> {
        let exact = self.unacked.iter().find(|unacked| unacked.next == ack).map(|unacked| unacked.at_ns);
        self.unacked.retain(|unacked| after(unacked.next, ack));
        exact
    }
}
