//! Packets of joined flows: which of one end is which of the other, which never came, which came twice.
//!
//! TCP data are ranges of the byte stream, because either capture may hold several segments as one (TSO, GRO, LRO). All
//! else has one key. Equal keys form a run; a run is aligned in order of time, by the delay that the flow showed last, and
//! marked where the content alone would allow another alignment. A packet waits for its like as long as `WINDOW_NS`.

use crate::associate::{Joined, Role, Way};
use crate::entry::{Entries, Entry, Head, State};
use crate::event::{flag, What, NO_FLOW};
use crate::hash::{Key, Table};
use crate::lane::{later, Lane, SLACK_NS};
use crate::pieces::Pieces;
use crate::print::{Kind, Print, MIN_FRAGMENTED};
use crate::recent::RecentMin;
use crate::steps::Steps;
use crate::votes::checksum_minus;
use packet::Checksum;
use std::collections::VecDeque;

mod choosing;
mod ranges;
mod telling;

/// So long a packet may be under way: longer than any queue in use, and than a clock step of interest.
pub const WINDOW_NS: i64 = 10_000_000_000;
/// A copy made by the network follows its packet within this.
const COPY_NS: i64 = 2_000_000_000;
/// A copy made by the sender's own capture (two interfaces, a bridge) follows within this.
const CAPTURE_COPY_NS: i64 = 10_000_000;
/// See the head of the file.
#[derive(Debug)]
pub struct Matcher {
    key: Key,
    roles: [Vec<Role>; 2],
    /// By flow.
    ways: Vec<[Way; 2]>,
    lanes: Vec<Lane>,
    entries: Entries,
    by_key: [Table<u64, Vec<u32>>; 2],
    /// Contents that come again and again, as the votes saw them.
    repeating: Table<u64, ()>,
    /// Large datagrams that were sent whole, by way and first bytes: number and frame.
    heads: Table<u64, (u32, u32)>,
    spare: Vec<Vec<u32>>,
    /// By the end that they came to.
    pieces: [Pieces; 2],
    waiting: [VecDeque<(i64, u32, u32)>; 2],
    matched: [VecDeque<(i64, u32, u32)>; 2],
    /// Times of all packets of an end, of late.
    times: [VecDeque<i64>; 2],
    /// Smallest receiver time minus sender time of any flow of late, by way; at the beginning what the votes found there.
    floors: [RecentMin; 2],
    /// Already taken off the times of all packets; what is told has them.
    steps: Steps,
    offset: i64,
    base: i64,
    events: Vec<u8>,
}

impl Matcher {
    /// `offset` is what the votes found; times of events are relative to `base`.
    pub fn new(
        key: Key,
        roles: [Vec<Role>; 2],
        joined: &[Joined],
        repeating: Table<u64, ()>,
        steps: Steps,
        offset: i64,
        base: i64,
    ) -> Self {
        Matcher {
            key,
            roles,
            ways: joined.iter().map(|entry| entry.ways).collect(),
            lanes: joined
                .iter()
                .flat_map(|entry| {
                    entry.first_delay.map(|first| Lane {
                        keeps_tsval: entry.keeps_tsval,
                        keeps_acks: entry.keeps_acks,
                        first,
                        ..Lane::default()
                    })
                })
                .collect(),
            entries: Entries::default(),
            by_key: Default::default(),
            repeating,
            heads: Table::default(),
            spare: Vec::new(),
            pieces: Default::default(),
            waiting: Default::default(),
            matched: Default::default(),
            times: Default::default(),
            floors: [0, 1].map(|way: usize| {
                let mut floor = RecentMin::default();
                joined
                    .iter()
                    .filter_map(|entry| *entry.first_delay.get(way)?)
                    .min()
                    .into_iter()
                    .for_each(|first| floor.add(first));
                floor
            }),
            steps,
            offset,
            base,
            events: Vec::new(),
        }
    }

    /// Server clock minus client clock, in the middle between what both ways show: senders come before receivers in it.
    pub fn middle(&self) -> i64 {
        match (self.floor_of_way(0), self.floor_of_way(1)) {
            (Some(there), Some(back)) => (there - back) / 2,
            (Some(there), None) => there - SLACK_NS / 10,
            (None, Some(back)) => SLACK_NS / 10 - back,
            (None, None) => self.offset,
        }
    }

    /// See `floors`.
    fn floor_of_way(&self, way: usize) -> Option<i64> {
        self.floors.get(way).and_then(RecentMin::get)
    }

    /// What another matcher needs of this one.
    pub fn into_repeating(self) -> Table<u64, ()> {
        self.repeating
    }

    /// Better known than before.
    pub fn know_steps(&mut self, steps: Steps) {
        self.steps = steps;
    }

    /// The time that a packet's capture shows.
    fn shown(&self, end: usize, time: i64, frame: u32) -> i64 {
        time.saturating_add(self.steps.gained(end, frame))
    }

    /// Records since the last call.
    pub fn take(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.events)
    }

    /// The next packet in the order of time.
    pub fn add(&mut self, end: usize, mut print: Print) {
        let middle = self.middle();
        let now = if end == 0 { print.time } else { print.time.saturating_sub(middle) };
        self.expire(now, middle);
        if let Some(times) = self.times.get_mut(end) {
            if times.back().is_none_or(|last| *last < print.time) {
                times.push_back(print.time);
            }
            while times.front().is_some_and(|first| print.time - first > WINDOW_NS + WINDOW_NS / 2) {
                times.pop_front();
            }
        }
        if print.kind == Kind::LinkLocal {
            return;
        }
        if print.kind == Kind::IcmpError {
            if print.mtu != 0 {
                self.tell(What::TooBig, 0, NO_FLOW, end, end, &print, print.mtu);
            }
            return;
        }
        let role = self.roles.get(end).and_then(|roles| roles.get(print.lane as usize)).copied();
        let (flow, way) = match role {
            Some(Role::Joined(flow, way)) => (flow, way),
            Some(Role::OnPath(way)) => {
                self.tell(What::Missing, 0, NO_FLOW, way, end, &print, 0);
                return;
            }
            _ => return,
        };
        if print.kind == Kind::Unkeyable {
            self.tell(What::Unkeyable, 0, flow, way, end, &print, 0);
            return;
        }
        let ways = self.ways.get(flow as usize).copied().unwrap_or_default();
        let own = ways.get(way).copied().unwrap_or_default();
        if print.protocol == 6 && end == 1 && (ways[0].is_aligned || ways[1].is_aligned) {
            // In the client's numbers, so that both ends speak of the same bytes.
            print.seq = print.seq.wrapping_sub(own.delta);
            if print.tcp_flags & packet::tcp_flag::ACK != 0 {
                print.ack = print.ack.wrapping_sub(ways.get(1 - way).map_or(0, |other| other.delta));
            }
            print.key = print.tcp_key(self.key, print.seq, print.ack);
        }
        // What was damaged on the way has the checksum that it left with.
        if let (Some(delta), Some(field), false) = (own.checksum, print.field, print.checksum == Checksum::Wrong) {
            print.witness = Some(checksum_minus(field, if end == 1 { delta } else { 0 }));
        }
        let key =
            if own.is_aligned && print.protocol != 6 && print.alternative != 0 { print.alternative } else { print.key };
        if print.protocol == 6 && print.tcp_flags & packet::tcp_flag::ACK != 0 {
            if let Some(lane) = self.lanes.get_mut(flow as usize * 2 + (1 - way)) {
                lane.acked_to = later(lane.acked_to, print.ack);
                let answer =
                    if end == way { lane.answers.acknowledged(print.ack, print.window, print.time) } else { None };
                if let Some(answer) = answer {
                    self.tell_answer(flow, 1 - way, end, answer, print.frame);
                }
            }
        }
        let lane = flow * 2 + way as u32;
        if print.protocol == 6 && print.len > 0 && end != way {
            if let Some(lane) = self.lanes.get_mut(lane as usize) {
                lane.answers.arrived(print.seq, print.len, print.time, print.frame);
            }
        }
        let entry = Entry {
            key: key ^ spread(lane),
            print,
            way: lane,
            end: end as u8,
            state: State::Waiting,
            index: 0,
            covered: 0,
            head: None,
            is_sent_again: false,
            is_again: false,
            is_copy: false,
            is_run: false,
            matched_time: 0,
            matched_ip_id: None,
            matched_tsval: None,
        };
        if end == way {
            self.sent(entry);
        } else {
            self.received(entry);
        }
    }

    /// Both captures are over.
    pub fn finish(&mut self) {
        let middle = self.middle();
        self.expire(i64::MAX, middle);
    }

    fn sent(&mut self, mut entry: Entry) {
        let end = usize::from(entry.end);
        let print = entry.print;
        let twins = self.by_key.get(end).and_then(|table| table.get(&entry.key)).cloned().unwrap_or_default();
        let is_copy = twins.iter().any(|at| {
            self.entries.get(*at).is_some_and(|known| {
                let known = &known.print;
                known.ip_id.is_some()
                    && !known.is_denied_by(&print)
                    && (known.ip_id, known.tsval, known.ack, known.window, known.seq, known.traffic_class)
                        == (print.ip_id, print.tsval, print.ack, print.window, print.seq, print.traffic_class)
                    && print.time.saturating_sub(known.time).abs() <= CAPTURE_COPY_NS
            })
        });
        if is_copy {
            self.tell(What::CaptureCopy, 0, entry.way / 2, entry.way as usize % 2, end, &print, 0);
            return;
        }
        if let Some(lane) = self.lanes.get_mut(entry.way as usize) {
            entry.index = lane.sent;
            lane.sent = lane.sent.wrapping_add(1);
        }
        if print.protocol == 6 {
            entry.is_again = self.mark_sent_again(&entry, &twins);
        }
        if let Some((at, is_ambiguous)) = self.choose(&entry, 1 - end) {
            let Some(like) = self.entries.get(at).copied() else { return };
            self.release(at);
            let sender = self.keep(entry, State::Matched);
            self.pair(sender, &like.print, is_ambiguous);
        } else if print.kind != Kind::Range || !self.cover(entry) {
            self.keep(entry, State::Waiting);
        }
    }

    fn received(&mut self, entry: Entry) {
        let end = usize::from(entry.end);
        if let Some((at, is_ambiguous)) = self.choose(&entry, 1 - end) {
            if is_ambiguous {
                self.mark_run(&entry, at);
            }
            if let Some(sender) = self.entries.get_mut(at) {
                sender.state = State::Matched;
            }
            self.pair(at, &entry.print, is_ambiguous);
            return;
        }
        if let Some(at) = self.whole_of(&entry) {
            if let Some(sender) = self.entries.get_mut(at) {
                sender.state = State::Matched;
            }
            self.pair(at, &entry.print, false);
            return;
        }
        if self.is_copy_of_matched(&entry) {
            // Or its own packet is yet to be read: between hosts that are microseconds apart the order is chance.
            let copy = Entry { is_copy: true, ..entry };
            self.keep(copy, State::Waiting);
            return;
        }
        if entry.print.kind == Kind::Range && self.cover(entry) {
            return;
        }
        self.keep(entry, State::Waiting);
    }

    /// Takes an entry in.
    fn keep(&mut self, mut entry: Entry, state: State) -> u32 {
        entry.state = state;
        let end = usize::from(entry.end);
        let (time, frame) = (entry.print.time, entry.print.frame);
        let at = self.entries.insert(entry);
        if let Some(table) = self.by_key.get_mut(end) {
            let spare = &mut self.spare;
            table.entry(entry.key).or_insert_with(|| spare.pop().unwrap_or_default()).push(at);
        }
        if state == State::Waiting {
            if let Some(waiting) = self.waiting.get_mut(end) {
                waiting.push_back((time, at, frame));
            }
            if is_cuttable(&entry) {
                self.heads.insert(head_key(&entry), (at, frame));
            }
            if entry.print.kind == Kind::Range {
                if let Some(list) = self.lanes.get_mut(entry.way as usize).and_then(|lane| lane.ranges.get_mut(end)) {
                    list.push_back((at, frame));
                }
            }
        }
        at
    }

    /// Forgets an entry.
    fn release(&mut self, at: u32) {
        let Some(entry) = self.entries.get(at) else { return };
        let (key, end) = (entry.key, usize::from(entry.end));
        if is_cuttable(entry) {
            let head = head_key(entry);
            if self.heads.get(&head).is_some_and(|(known, _)| *known == at) {
                self.heads.remove(&head);
            }
        }
        if let Some(table) = self.by_key.get_mut(end) {
            if let Some(chain) = table.get_mut(&key) {
                chain.retain(|known| *known != at);
                if chain.is_empty() {
                    if let Some(chain) = table.remove(&key) {
                        if self.spare.len() < 4096 {
                            self.spare.push(chain);
                        }
                    }
                }
            }
        }
        self.entries.free(at);
    }

    /// `at` was sent and `like` is what came.
    fn pair(&mut self, at: u32, like: &Print, is_ambiguous: bool) {
        let Some(sender) = self.entries.get_mut(at) else { return };
        sender.matched_time = like.time;
        sender.matched_ip_id = like.ip_id;
        sender.matched_tsval = like.tsval;
        let (way, own, end, index) = (sender.way, sender.print, usize::from(sender.end), sender.index);
        if let Some(matched) = self.matched.get_mut(end) {
            matched.push_back((own.time, at, own.frame));
        }
        let mut flags = flag::TIMED;
        if like.is_fragment && like.len < own.len {
            flags |= flag::FRAGMENT | flag::RESEGMENTED;
        }
        if is_ambiguous {
            flags |= flag::AMBIGUOUS;
            // As always, so probably the right one: flows that only repeat themselves would else know old delays alone.
            let delay = like.time.saturating_sub(own.time);
            if let Some(lane) = self.lanes.get_mut(way as usize).filter(|lane| lane.expects(delay)) {
                lane.learn(delay, like.time);
                lane.arrived(own.time, like.time);
            }
        } else {
            self.learn(way, like.time.saturating_sub(own.time), like.time);
            if let Some(lane) = self.lanes.get_mut(way as usize) {
                lane.arrived(own.time, like.time);
            }
        }
        // Keys of TCP with moved numbers were made equal; a datagram's differ where its head was rewritten.
        if own.protocol != 6 && own.key != like.key && own.len == like.len {
            flags |= flag::REWRITTEN;
        }
        if own.len == like.len && own.protocol == 6 && own.is_other_payload(like) {
            flags |= flag::REWRITTEN;
        }
        let checksums = [own.checksum, like.checksum];
        self.tell_pair(flags, way, index, &own, &head(like), like.mss, checksums);
    }

    fn learn(&mut self, way: u32, delay: i64, received_at: i64) {
        if let Some(floor) = self.floors.get_mut(way as usize % 2) {
            floor.add(delay);
        }
        if let Some(lane) = self.lanes.get_mut(way as usize) {
            lane.learn(delay, received_at);
        }
    }

    fn expire(&mut self, now: i64, middle: i64) {
        for end in 0..2 {
            let local = if end == 0 { now } else { now.saturating_add(middle) };
            if let Some(pieces) = self.pieces.get_mut(end) {
                pieces.forget(local.saturating_sub(COPY_NS));
            }
            while let Some(&(time, at, frame)) = self.matched.get(end).and_then(VecDeque::front) {
                if local.saturating_sub(time) <= COPY_NS {
                    break;
                }
                if let Some(matched) = self.matched.get_mut(end) {
                    matched.pop_front();
                }
                if self.entries.get(at).is_some_and(|entry| entry.state == State::Matched && entry.print.frame == frame)
                {
                    self.release(at);
                }
            }
            while let Some(&(time, at, frame)) = self.waiting.get(end).and_then(VecDeque::front) {
                if local.saturating_sub(time) <= WINDOW_NS {
                    break;
                }
                if let Some(waiting) = self.waiting.get_mut(end) {
                    waiting.pop_front();
                }
                let Some(entry) = self.entries.get(at).copied() else { continue };
                let is_this =
                    entry.state == State::Waiting && entry.print.frame == frame && usize::from(entry.end) == end;
                if is_this && !self.reconcile(at, &entry) {
                    self.give_up(&entry);
                    self.release(at);
                }
            }
        }
    }
}

/// Parts the contents of one lane from those of another.
fn spread(lane: u32) -> u64 {
    u64::from(lane + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// May it have been sent as one and come in fragments?
fn is_cuttable(entry: &Entry) -> bool {
    let is_sender = usize::from(entry.end) == entry.way as usize % 2;
    is_sender && entry.print.head != 0 && entry.print.ip_len >= MIN_FRAGMENTED
}

fn head_key(entry: &Entry) -> u64 {
    entry.print.head ^ u64::from(entry.way + 1).wrapping_mul(0x85eb_ca6b_27d4_eb4f)
}

fn head(print: &Print) -> Head {
    Head {
        time: print.time,
        frame: print.frame,
        ttl: print.ttl,
        traffic_class: print.traffic_class,
        ip_len: print.ip_len,
    }
}
