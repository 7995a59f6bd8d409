//! One end of a connection: what it has sent, and what the other end has said about that.

use super::answers::Answers;
use super::clock::SenderClock;
use super::reach::Reach;
use super::rtt::Waiting;
use super::sequence::{at_most, before, later, Hole, Holes, Received, LARGEST_STEP};
use super::{Notes, Segment};
use crate::codes::{EventKind, RttMethod};
use crate::state::state;
use alloc::boxed::Box;
use alloc::vec::Vec;
use packet::Tcp;

/// A repeat that was counted as loss and may yet prove needless.
#[derive(Clone, Copy, Debug)]
pub struct Repeat {
    /// First byte.
    pub seq: u32,
    /// First byte after.
    pub end: u32,
    /// TSval of the repeat.
    pub tsval: Option<u32>,
    /// Was the original never seen?
    pub fills_hole: bool,
    /// Has an ACK covered it?
    pub is_covered: bool,
    /// Was it known to be needless when it passed, and not counted?
    pub is_spurious: bool,
}

state!(Repeat { seq, end, tsval, fills_hole, is_covered, is_spurious });

/// Repeats remembered for DSACK and Eifel.
const MOST_REPEATS: usize = 32;

/// What only a side with loss or reordering needs.
#[derive(Clone, Debug, Default)]
pub struct Trouble {
    /// What was jumped over.
    pub holes: Holes,
    repeats: Vec<Repeat>,
    received: Received,
}

state!(Trouble { holes, repeats, received });

/// One end of a connection.
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// Initial sequence number, where its SYN was seen.
    pub isn: Option<u32>,
    /// SYNs and SYN-ACKs sent.
    pub syns: u32,
    /// Edge: the byte after the last one seen. None: the next segment sets it.
    pub nxt: Option<u32>,
    /// When the edge was reached, and the IP identification of the packet that reached it.
    pub edge_ns: Option<i64>,
    /// See above; None for 0, which is none (RFC 6864 4.1).
    pub edge_id: Option<u16>,
    /// Was a byte at the edge offered to a closed window?
    pub is_probing: bool,
    /// Highest acknowledgment received.
    pub acked: Option<u32>,
    /// Sequence number after its FIN.
    pub fin_end: Option<u32>,
    /// Window scale option of its SYN.
    pub window_scale: Option<u8>,
    /// Raw window last advertised.
    pub window: Option<u16>,
    /// Right edge of the window it last advertised; only where the scale is known.
    pub right_edge: Option<u32>,
    /// Duplicate ACKs received for `acked`.
    pub duplicate_acks_received: u32,
    /// Right end of the highest SACK block received.
    pub highest_sacked: Option<u32>,
    /// When the receiver last asked, by duplicate ACK or SACK.
    pub asked_ns: Option<i64>,
    /// What waits for echo and acknowledgment.
    pub waiting: Waiting,
    /// Made with the first hole or repeat.
    trouble: Option<Box<Trouble>>,
    /// Its clock; made with the first timestamped data.
    pub clock: Option<Box<SenderClock>>,
    /// Packets with payload, SYN or FIN.
    pub data_packets: u32,
    /// Repeats of every kind.
    pub retransmissions: u32,
    /// Originals that came late.
    pub out_of_order: u32,
    /// Largest number of segments that such a one came too late (RFC 4737 4.2.1).
    pub extent: u32,
    /// What was asked and answered; made with the first data.
    pub answers: Option<Box<Answers>>,
    /// Duplicate ACKs sent.
    pub duplicate_acks_sent: u32,
    /// Loss inferred from repeats of data that was seen.
    pub lost_beyond: u32,
    /// Loss inferred from holes that a repeat filled.
    pub lost_before: u32,
    /// Repeated SYNs while none was answered.
    pub unanswered_syn_repeats: u32,
    /// Packets that advertised a zero window.
    pub zero_windows: u32,
    /// Which sizes of its packets arrive.
    pub reach: Reach,
}

state!(Side {
    isn,
    syns,
    nxt,
    edge_ns,
    edge_id,
    is_probing,
    acked,
    fin_end,
    window_scale,
    window,
    right_edge,
    duplicate_acks_received,
    highest_sacked,
    asked_ns,
    waiting,
    trouble,
    clock,
    data_packets,
    retransmissions,
    out_of_order,
    extent,
    answers,
    duplicate_acks_sent,
    lost_beyond,
    lost_before,
    unanswered_syn_repeats,
    zero_windows,
    reach,
});

impl Side {
    /// The next segment sets the edge anew.
    pub fn forget_edge(&mut self) {
        self.nxt = None;
        self.acked = None;
        self.right_edge = None;
        self.highest_sacked = None;
        self.forget_holes();
        self.waiting.clear();
    }

    /// The stream begins anew.
    pub fn forget_holes(&mut self) {
        if let Some(trouble) = &mut self.trouble {
            trouble.holes.clear();
            trouble.received.clear();
        }
    }

    /// Has the receiver said, by acknowledgment or SACK, that it has [start, end)?
    pub fn has_arrived(&self, start: u32, end: u32) -> bool {
        self.acked.is_some_and(|acked| at_most(end, acked))
            || self.trouble.as_ref().is_some_and(|trouble| trouble.received.covers(start, end))
    }

    /// Is some of its data missing, here or at the receiver?
    pub fn is_repairing(&self) -> bool {
        self.highest_sacked.is_some() || self.trouble.as_ref().is_some_and(|trouble| trouble.holes.any_open())
    }

    /// Opens a hole.
    pub fn open_hole(&mut self, hole: Hole) {
        self.trouble.get_or_insert_default().holes.open(hole);
    }

    /// Takes [start, end) out of the holes; returns the first it touched.
    pub fn fill_hole(&mut self, start: u32, end: u32) -> Option<Hole> {
        self.trouble.as_mut()?.holes.fill(start, end)
    }

    /// Takes note of a repeat and counts it as one lost packet, unless it is known to be needless.
    pub fn repeated(&mut self, repeat: Repeat) {
        if !repeat.is_spurious {
            let lost = if repeat.fills_hole { &mut self.lost_before } else { &mut self.lost_beyond };
            *lost = lost.saturating_add(1);
        }
        let repeats = &mut self.trouble.get_or_insert_default().repeats;
        if repeats.len() >= MOST_REPEATS {
            repeats.remove(0);
        }
        repeats.push(repeat);
    }

    /// Takes back the loss of a repeat that proved needless.
    fn take_back(&mut self, repeat: Repeat) {
        if repeat.is_spurious {
            return;
        }
        let lost = if repeat.fills_hole { &mut self.lost_before } else { &mut self.lost_beyond };
        *lost = lost.saturating_sub(1);
    }

    /// The other side's segment acknowledges data of this one.
    #[inline]
    pub fn acknowledge(
        &mut self,
        segment: &Segment,
        tcp: &Tcp,
        is_clean: bool,
        is_same_window: bool,
        notes: &mut Notes,
    ) {
        let ack = tcp.ack;
        let mut is_clean = is_clean;
        let sender = segment.direction.opposite();
        if let Some(nxt) = self.nxt {
            let unseen = ack.wrapping_sub(nxt);
            if unseen == 1 && self.is_probing {
                self.nxt = Some(ack);
            } else if unseen != 0 && unseen <= LARGEST_STEP {
                notes.event(EventKind::AckedUnseenSegment, Some(i64::from(unseen)));
                // What it answers was not seen, so it times nothing that was.
                is_clean = false;
                self.open_hole(Hole {
                    start: nxt,
                    end: ack,
                    opened_ns: segment.now_ns,
                    edge_ns: self.edge_ns,
                    tsval: None,
                    opened_at: self.data_packets,
                    ids: None,
                    is_acked: true,
                });
                self.nxt = Some(ack);
            } else if unseen != 0 && nxt.wrapping_sub(ack) > LARGEST_STEP {
                return;
            }
        }
        let tsecr = tcp.timestamps.map(|(_, tsecr)| tsecr);
        let completed = self.waiting.acknowledged(ack, tsecr, segment.now_ns, is_clean);
        if let Some(rtt_ns) = completed.timestamp_ns {
            notes.sample(sender, RttMethod::Timestamp, rtt_ns);
        }
        if let Some(rtt_ns) = completed.ack_ns {
            notes.sample(sender, RttMethod::Ack, rtt_ns);
        }
        if tcp.sack_count > 0 {
            self.observe_sack(tcp, segment.now_ns);
        }
        match self.acked {
            Some(acked) if !before(acked, ack) => {
                if acked == ack && is_same_window && segment.len == 0 && self.nxt.is_some_and(|nxt| before(ack, nxt)) {
                    self.duplicate_acks_received = self.duplicate_acks_received.saturating_add(1);
                    self.asked_ns = segment.now_ns.or(self.asked_ns);
                    notes.duplicate_ack = true;
                    notes.event(EventKind::DuplicateAck, Some(i64::from(self.duplicate_acks_received)));
                }
            }
            _ => self.advance(ack, segment, tcp, notes),
        }
    }

    fn advance(&mut self, ack: u32, segment: &Segment, tcp: &Tcp, notes: &mut Notes) {
        let sender = segment.direction.opposite();
        self.acked = Some(ack);
        self.is_probing = false;
        self.duplicate_acks_received = 0;
        if self.highest_sacked.is_some_and(|sacked| at_most(sacked, ack)) {
            self.highest_sacked = None;
        }
        if self.unanswered_syn_repeats > 0 {
            let repeats = core::mem::take(&mut self.unanswered_syn_repeats);
            self.lost_beyond = self.lost_beyond.saturating_add(repeats);
            let lost = sender.of_mut(&mut notes.lost);
            *lost = lost.saturating_add(repeats);
        }
        if let Some(trouble) = &mut self.trouble {
            let unseen = trouble.holes.acknowledge(ack, segment.now_ns);
            trouble.received.acknowledge(ack);
            if unseen > 0 {
                notes.event(EventKind::AckedUnseenSegment, Some(i64::from(unseen)));
            }
            self.observe_eifel(ack, tcp.timestamps.map(|(_, tsecr)| tsecr));
        }
    }

    /// Eifel (RFC 3522 3.2): the first ACK that covers a repeat echoes a clock older than the repeat, so the
    /// original had arrived.
    fn observe_eifel(&mut self, ack: u32, tsecr: Option<u32>) {
        let Some(trouble) = &mut self.trouble else { return };
        let (lost_before, lost_beyond) = (&mut self.lost_before, &mut self.lost_beyond);
        trouble.repeats.retain_mut(|repeat| {
            if repeat.is_covered || !at_most(repeat.end, ack) {
                return true;
            }
            repeat.is_covered = true;
            let is_needless = repeat.tsval.zip(tsecr).is_some_and(|(tsval, tsecr)| before(tsecr, tsval));
            if is_needless {
                let lost = if repeat.fills_hole { &mut *lost_before } else { &mut *lost_beyond };
                *lost = lost.saturating_sub(1);
            }
            !is_needless
        });
    }

    /// DSACK (RFC 2883 4): a first block at or below the ACK, or inside the second block, reports data that arrived
    /// twice. Any other block is data that waits for an earlier hole (RFC 2018 3).
    fn observe_sack(&mut self, tcp: &Tcp, now_ns: Option<i64>) {
        let mut blocks = tcp.sack.iter().take(usize::from(tcp.sack_count)).copied();
        let (first, second) = (blocks.next(), tcp.sack.get(1).filter(|_| tcp.sack_count > 1));
        let duplicate = first.filter(|&(left, right)| {
            at_most(right, tcp.ack) || second.is_some_and(|&(outer, end)| at_most(outer, left) && at_most(right, end))
        });
        if let (Some((left, right)), Some(trouble)) = (duplicate, &mut self.trouble) {
            let is_twice = |repeat: &Repeat| before(left, repeat.end) && before(repeat.seq, right);
            let at = |spurious: bool| {
                let alike = |repeat: &Repeat| repeat.is_spurious == spurious && is_twice(repeat);
                trouble.repeats.iter().position(alike)
            };
            // What was needless before it came is what came twice; only beyond that others were needless, too.
            if let Some(at) = at(true).or_else(|| at(false)) {
                let repeat = trouble.repeats.remove(at);
                self.take_back(repeat);
            }
        }
        let waiting = first.filter(|_| duplicate.is_none()).into_iter().chain(blocks);
        for (left, right) in waiting.filter(|&(_, right)| before(tcp.ack, right)) {
            self.trouble.get_or_insert_default().received.add(left, right);
            self.highest_sacked = Some(self.highest_sacked.map_or(right, |highest| later(highest, right)));
            self.asked_ns = now_ns.or(self.asked_ns);
        }
    }
}
