//! One TCP connection: order of the steps for a packet, handshake, state. The rules live next door: `sequence`
//! (arithmetic, holes), `loss` (repeats), `rtt` (samples), `side` (what an end said), `reach` (which sizes arrive),
//! `clock` and `floor` (delay variation), `answers` (requests and responses).

mod answers;
mod clock;
mod floor;
mod loss;
mod reach;
mod rtt;
mod sequence;
mod side;
mod wireshark;

pub use answers::Answers;
pub use side::Side;
pub use wireshark::{is_told_here, Wireshark};

use crate::bins::BestSamples;
use crate::codes::{ConnectionState, Direction, EventKind, RttMethod, Toward};
use crate::state::state;
use alloc::boxed::Box;
use alloc::vec::Vec;
use clock::SenderClock;
use loss::Place;
use packet::{tcp_flag, Packet, Tcp};
use sequence::at_most;

/// Where the whole-path RTT is unknown, nothing is sent again within this time for a reason (as Wireshark).
const UNKNOWN_FEEDBACK_NS: i64 = 3_000_000;

/// What one packet has shown; its memory is used again for the next.
#[derive(Debug, Default)]
pub struct Notes {
    /// Events, in the order found.
    pub events: Vec<(EventKind, Option<i64>)>,
    /// RTT samples: direction of the timed data, method, ns.
    pub samples: Vec<(Direction, RttMethod, i64)>,
    /// Packets of (forward, reverse) newly inferred lost.
    pub lost: (u32, u32),
    /// Packets of this direction that came late.
    pub reordered: u32,
    /// Delay of this packet above its direction's floor.
    pub pdv_ns: Option<i64>,
    duplicate_ack: bool,
}

impl Notes {
    /// Empties the notes.
    #[inline(always)]
    pub fn clear(&mut self) {
        self.events.clear();
        self.samples.clear();
        self.lost = (0, 0);
        self.reordered = 0;
        self.pdv_ns = None;
        self.duplicate_ack = false;
    }

    /// Notes an event.
    pub fn event(&mut self, kind: EventKind, detail: Option<i64>) {
        self.events.push((kind, detail));
    }

    fn sample(&mut self, data: Direction, method: RttMethod, rtt_ns: i64) {
        self.samples.push((data, method, rtt_ns));
    }
}

/// A segment as the rules see it.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    direction: Direction,
    seq: u32,
    end: u32,
    /// Sequence space it takes: payload, SYN, FIN.
    len: u32,
    payload: u32,
    is_syn: bool,
    tsval: Option<u32>,
    /// None where the sender gives none.
    ip_id: Option<u16>,
    now_ns: Option<i64>,
}

impl Segment {
    fn of(packet: &Packet, tcp: &Tcp, direction: Direction) -> Self {
        let flag = |bit: u16| u32::from(tcp.flags & bit != 0);
        let payload = packet.payload_len_bytes;
        let len = payload.wrapping_add(flag(tcp_flag::SYN)).wrapping_add(flag(tcp_flag::FIN));
        Segment {
            direction,
            seq: tcp.seq,
            end: tcp.seq.wrapping_add(len),
            len,
            payload,
            is_syn: tcp.flags & tcp_flag::SYN != 0,
            tsval: tcp.timestamps.map(|(tsval, _)| tsval),
            ip_id: packet.ip_id.filter(|id| *id != 0).map(|id| id as u16),
            now_ns: packet.timestamp_ns,
        }
    }
}

/// A packet to which a later conclusion refers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Its frame number.
    pub frame_number: u32,
    /// Its time.
    pub timestamp_ns: Option<i64>,
    /// Was it sent by the responder?
    pub is_reverse: bool,
}
state!(Mark { frame_number, timestamp_ns, is_reverse });

/// One connection.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// initiator's side, responder's side.
    pub sides: (Side, Side),
    /// RTT toward (responder, initiator), so by the direction of the timed data.
    pub rtt: (BestSamples, BestSamples),
    syn_ns: Option<i64>,
    syn_ack_ns: Option<i64>,
    /// SYN → ACK of the SYN-ACK.
    pub rtt_handshake_ns: Option<i64>,
    handshake_done: bool,
    /// Where the opening was seen: did the responder send the first data?
    first_speaker: Option<bool>,
    established: bool,
    refused: bool,
    reset: bool,
    /// Direction of the first RST that was no refusal.
    reset_is_reverse: bool,
    responder_spoke: bool,
    /// Last SYN of the initiator.
    pub last_syn: Option<Mark>,
    /// First FIN.
    pub first_fin: Option<Mark>,
    /// Was an event half_closed given?
    pub told_half_closed: bool,
}

state!(Connection {
    sides,
    rtt,
    syn_ns,
    syn_ack_ns,
    rtt_handshake_ns,
    handshake_done,
    first_speaker,
    established,
    refused,
    reset,
    reset_is_reverse,
    responder_spoke,
    last_syn,
    first_fin,
    told_half_closed,
});

fn is_set(tcp: &Tcp, bit: u16) -> bool {
    tcp.flags & bit != 0
}

impl Connection {
    /// Does this packet open a new connection on the same ports? A SYN with another initial sequence number, on a
    /// connection that is past its own handshake.
    #[inline(always)]
    pub fn is_reused_by(&self, tcp: &Tcp, direction: Direction) -> bool {
        if tcp.flags & (tcp_flag::SYN | tcp_flag::ACK) != tcp_flag::SYN {
            return false;
        }
        let is_past_handshake = self.established || self.refused || self.reset;
        is_past_handshake && direction.of(&self.sides).isn != Some(tcp.seq)
    }

    /// Takes note of a packet of this connection.
    pub fn observe(&mut self, packet: &Packet, tcp: &Tcp, direction: Direction, frame_number: u32, notes: &mut Notes) {
        let segment = Segment::of(packet, tcp, direction);
        if packet.is_fragment {
            // The rest of the segment travels in packets without a TCP header: how long it is cannot be known.
            direction.of_mut(&mut self.sides).forget_edge();
            return;
        }
        let mark =
            Mark { frame_number, timestamp_ns: packet.timestamp_ns, is_reverse: direction == Direction::Reverse };
        if is_set(tcp, tcp_flag::RST) {
            self.observe_reset(direction, notes);
            return;
        }
        self.observe_handshake(&segment, tcp, mark, notes);
        let feedback_ns = self.feedback_ns();
        let (forward, reverse) = (&mut self.sides.0, &mut self.sides.1);
        let (sender, receiver) = if direction == Direction::Forward { (forward, reverse) } else { (reverse, forward) };

        let place = sender.place(&segment, feedback_ns, receiver.window, notes);
        let is_new = matches!(place, Place::New | Place::AfterHole);
        if segment.len > 0 {
            if is_new {
                sender.waiting.sent(segment.seq, segment.end, segment.tsval, segment.now_ns);
            } else if matches!(place, Place::Late | Place::Repeat) {
                sender.waiting.spoil(segment.seq, segment.tsval);
            }
            notes.pdv_ns = observe_clock(sender, &segment, place);
            sender.reach.sent(packet, &segment, place == Place::Repeat, mark);
        }
        receiver.reach.peer_spoke();
        if is_new && segment.payload > 0 && !segment.is_syn {
            if self.syn_ns.is_some() || self.syn_ack_ns.is_some() {
                self.first_speaker.get_or_insert(mark.is_reverse);
            }
            if is_set(tcp, tcp_flag::ACK) {
                receiver.answers.get_or_insert_default().hears(tcp.ack, segment.now_ns);
            }
            sender.answers.get_or_insert_default().asks(&segment);
        }
        if is_new && segment.payload > 0 && receiver.right_edge.is_some_and(|edge| at_most(edge, segment.end)) {
            notes.event(EventKind::WindowFull, Some(i64::from(segment.payload)));
        }
        if is_set(tcp, tcp_flag::ACK) {
            let is_plain = !segment.is_syn && !is_set(tcp, tcp_flag::FIN) && tcp.window != 0;
            let is_same_window = is_plain && sender.window == Some(tcp.window) && place == Place::Acknowledging;
            // An end that repairs its own data says what it has received on the repeats too; one that was lost on its
            // way here leaves no gap.
            let is_clean = matches!(place, Place::New | Place::Acknowledging) && !sender.is_repairing();
            receiver.acknowledge(&segment, tcp, is_clean, is_same_window, notes);
            receiver.reach.acknowledged(tcp.ack);
            if notes.duplicate_ack {
                sender.duplicate_acks_sent = sender.duplicate_acks_sent.saturating_add(1);
            }
            sender.window = Some(tcp.window);
            sender.right_edge = match (sender.isn, receiver.isn, segment.is_syn) {
                // The scale holds only if both SYNs carried it (RFC 7323 2.2), and never in a SYN (2.3).
                (Some(_), Some(_), false) => {
                    let both = sender.window_scale.zip(receiver.window_scale);
                    let shift = both.map_or(0, |(mine, _)| mine.min(14));
                    Some(tcp.ack.wrapping_add(u32::from(tcp.window) << shift))
                }
                _ => None,
            };
        }
        if tcp.window == 0 && !segment.is_syn && !is_set(tcp, tcp_flag::FIN) {
            sender.zero_windows = sender.zero_windows.saturating_add(1);
            notes.event(EventKind::ZeroWindow, None);
        }
        self.observe_close(&segment, tcp, mark, notes);
    }

    /// What is sent sooner than this after a hole opened is no answer to it: seven eighths of the shortest way around
    /// that was seen, since the handshake may have met a queue that is gone.
    fn feedback_ns(&self) -> i64 {
        let Some(handshake_ns) = self.rtt_handshake_ns else { return UNKNOWN_FEEDBACK_NS };
        let (there, back) = (self.rtt.0.samples.min_ns(), self.rtt.1.samples.min_ns());
        let around_ns = there.zip(back).map_or(handshake_ns, |(there, back)| there.saturating_add(back));
        let shortest_ns = handshake_ns.min(around_ns);
        shortest_ns.saturating_sub(shortest_ns >> 3)
    }

    fn observe_handshake(&mut self, segment: &Segment, tcp: &Tcp, mark: Mark, notes: &mut Notes) {
        let direction = segment.direction;
        if direction == Direction::Reverse {
            self.responder_spoke = true;
        }
        if segment.is_syn {
            let side = direction.of_mut(&mut self.sides);
            if side.isn != Some(segment.seq) {
                // A fresh attempt within one handshake: the edge moves, the count of attempts goes on.
                side.forget_edge();
                side.isn = Some(segment.seq);
            }
            side.syns = side.syns.saturating_add(1);
            side.window_scale = tcp.window_scale;
            direction.opposite().of_mut(&mut self.sides).reach.peer_mss = tcp.mss;
            let syns = (self.sides.0.syns, self.sides.1.syns);
            if !is_set(tcp, tcp_flag::ACK) {
                if direction == Direction::Forward {
                    self.last_syn = Some(mark);
                    self.syn_ns = segment.now_ns;
                }
            } else if direction == Direction::Reverse && syns.1 == 1 {
                self.syn_ack_ns = segment.now_ns;
                let is_answer = self.sides.0.isn.is_some_and(|isn| isn.wrapping_add(1) == tcp.ack);
                let is_single = syns.0 == 1 && is_answer;
                if let (true, Some(syn_ns), Some(now_ns)) = (is_single, self.syn_ns, segment.now_ns) {
                    if now_ns >= syn_ns {
                        notes.sample(Direction::Forward, RttMethod::Handshake, now_ns.saturating_sub(syn_ns));
                    }
                }
            }
            return;
        }
        if self.handshake_done || direction == Direction::Reverse || !is_set(tcp, tcp_flag::ACK) {
            self.established |= direction == Direction::Reverse || self.sides.0.isn.is_none();
            return;
        }
        self.handshake_done = true;
        self.established = true;
        // Karn: with a second SYN or SYN-ACK, which one was answered is unknown.
        let syns = (self.sides.0.syns, self.sides.1.syns);
        let is_answer = self.sides.1.isn.is_some_and(|isn| isn.wrapping_add(1) == tcp.ack);
        let (Some(syn_ack_ns), Some(now_ns)) = (self.syn_ack_ns, segment.now_ns) else { return };
        if is_answer && syns.1 == 1 && now_ns >= syn_ack_ns {
            notes.sample(Direction::Reverse, RttMethod::Handshake, now_ns.saturating_sub(syn_ack_ns));
            if syns.0 == 1 {
                self.rtt_handshake_ns = self.syn_ns.map(|syn_ns| now_ns.saturating_sub(syn_ns)).filter(|&rtt| rtt >= 0);
            }
        }
    }

    fn observe_reset(&mut self, direction: Direction, notes: &mut Notes) {
        let answers_syn = direction == Direction::Reverse && self.sides.0.syns > 0;
        if answers_syn && !self.responder_spoke && !self.established {
            if !self.refused {
                notes.event(EventKind::ConnectFailure, Some(i64::from(self.sides.0.syns)));
            }
            self.refused = true;
        } else {
            if !self.reset {
                notes.event(EventKind::Reset, None);
                self.reset_is_reverse = direction == Direction::Reverse;
            }
            self.reset = true;
        }
    }

    fn observe_close(&mut self, segment: &Segment, tcp: &Tcp, mark: Mark, notes: &mut Notes) {
        if is_set(tcp, tcp_flag::FIN) {
            let side = segment.direction.of_mut(&mut self.sides);
            side.fin_end.get_or_insert(segment.end);
            self.first_fin.get_or_insert(mark);
        }
        if self.told_half_closed || self.first_fin.is_none() || segment.payload == 0 {
            return;
        }
        // Not merely in flight when the FIN was sent: this end has acknowledged the FIN and still sends.
        let peer_fin = segment.direction.opposite().of(&self.sides).fin_end;
        if is_set(tcp, tcp_flag::ACK) && peer_fin.is_some_and(|fin_end| at_most(fin_end, tcp.ack)) {
            self.told_half_closed = true;
            notes.event(EventKind::HalfClosed, None);
        }
    }

    /// State as the packets so far show it.
    pub fn state(&self) -> ConnectionState {
        let fins = u8::from(self.sides.0.fin_end.is_some()) + u8::from(self.sides.1.fin_end.is_some());
        if fins == 2 {
            ConnectionState::Closed
        } else if self.refused && !self.established {
            ConnectionState::Refused
        } else if self.reset {
            ConnectionState::Reset
        } else if fins == 1 {
            ConnectionState::HalfClosed
        } else if self.established {
            ConnectionState::Established
        } else {
            ConnectionState::HalfOpen
        }
    }

    /// Who sent the first RST that was no refusal.
    pub fn reset_by(&self) -> Option<Toward> {
        let sender = if self.reset_is_reverse { Toward::Responder } else { Toward::Initiator };
        self.reset.then_some(sender)
    }

    /// Questions of a direction and their answers; None where that direction answers rather than asks. Who speaks first
    /// asks; where the opening was not seen, what is said sooner is the answer, and the other wait is the asker's.
    pub fn answers(&self, direction: Direction) -> Option<&Answers> {
        let median = |direction: Direction| direction.of(&self.sides).answers.as_deref()?.delays.quantile(500);
        let asks = match self.first_speaker {
            Some(is_reverse) => is_reverse == (direction == Direction::Reverse),
            None => median(direction.opposite()).is_none_or(|other| median(direction).is_some_and(|own| own < other)),
        };
        direction.of(&self.sides).answers.as_deref().filter(|answers| asks && answers.confidence().is_some())
    }

    /// The larger packets that vanish on the way: direction, size, the packet that shows it.
    pub fn black_hole(&self) -> Option<(Direction, u32, Mark)> {
        [Direction::Forward, Direction::Reverse].into_iter().find_map(|direction| {
            direction.of(&self.sides).reach.black_hole().map(|(bytes, mark)| (direction, bytes, mark))
        })
    }

    /// Largest IP packet that arrived at its far end: of the direction where larger ones vanish, else of either.
    pub fn arrived_bytes(&self) -> Option<u32> {
        let arrived = |direction: Direction| direction.of(&self.sides).reach.arrived_bytes;
        let bytes = match self.black_hole() {
            Some((direction, ..)) => arrived(direction),
            None => arrived(Direction::Forward).max(arrived(Direction::Reverse)),
        };
        (bytes > 0).then_some(bytes)
    }

    /// The SYN that nobody answered, if that is how the connection ended.
    pub fn unanswered_syn(&self) -> Option<Mark> {
        let is_unanswered = !self.responder_spoke && !self.established && !self.refused && !self.reset;
        self.last_syn.filter(|_| is_unanswered)
    }

    /// The FIN that was never matched by one of the other end, unless that was told already.
    pub fn unmatched_fin(&self) -> Option<Mark> {
        self.first_fin.filter(|_| self.state() == ConnectionState::HalfClosed && !self.told_half_closed)
    }
}

/// Shows a segment to its sender's clock; returns its PDV.
fn observe_clock(sender: &mut Side, segment: &Segment, place: Place) -> Option<i64> {
    match (place, segment.tsval, segment.now_ns) {
        (Place::New, Some(tsval), Some(now_ns)) if segment.payload > 0 => {
            sender.clock.get_or_insert_with(|| Box::new(SenderClock::default())).sent(tsval, now_ns)
        }
        (Place::New, ..) => None,
        _ => {
            if let Some(clock) = &mut sender.clock {
                clock.interrupt();
            }
            None
        }
    }
}
