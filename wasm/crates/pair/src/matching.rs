//! Packets of joined flows: which of one end is which of the other, which never came, which came twice.
//!
//! TCP data are ranges of the byte stream, because either capture may hold several segments as one (TSO, GRO, LRO). All
//! else has one key. Equal keys form a run; a run is aligned in order of time, by the delay that the flow showed last, and
//! marked where the content alone would allow another alignment. A packet waits for its like as long as `WINDOW_NS`.

use crate::associate::{Joined, Role, Way};
use crate::entry::{Entries, Entry, Head, State};
use crate::event::{flag, Event, What, NO_FLOW};
use crate::hash::{Key, Table};
use crate::print::{Kind, Print, MIN_FRAGMENTED};
use crate::recent::RecentMin;
use std::collections::VecDeque;

/// So long a packet may be under way: longer than any queue in use, and than a clock step of interest.
pub const WINDOW_NS: i64 = 10_000_000_000;
/// A copy made by the network follows its packet within this.
const COPY_NS: i64 = 2_000_000_000;
/// A copy made by the sender's own capture (two interfaces, a bridge) follows within this.
const CAPTURE_COPY_NS: i64 = 10_000_000;
/// So many mean distances, and so much, from the usual delay is a surprise.
const SURPRISES: i64 = 4;
const SURPRISE_NS: i64 = 200_000;
/// A copy, or a packet that was overtaken, comes within this of the usual delay.
const LATE_NS: i64 = 100_000_000;
/// A delay this far below the smallest seen is impossible; less is the grain of clocks.
const SLACK_NS: i64 = 1_000_000;
/// Segments of one way that are looked through for an overlap.
const MAX_SCAN: usize = 4096;

/// One way of a joined flow.
#[derive(Debug, Default)]
struct Lane {
    /// Receiver time minus sender time: what the votes saw at first, the smallest of late, and a slow mean.
    first: Option<i64>,
    floor: RecentMin,
    usual: Option<i64>,
    /// Mean distance from it.
    spread: i64,
    /// Waiting TCP data by end, oldest first: number and frame.
    ranges: [VecDeque<(u32, u32)>; 2],
    /// Behind the highest byte sent.
    sent_to: Option<u32>,
    /// Highest acknowledgment of this way's bytes.
    acked_to: Option<u32>,
    is_resegmented: bool,
    /// Two sendings of the same bytes differ in TSval.
    keeps_tsval: bool,
    /// Packets of this way that the sender's capture holds.
    sent: u32,
}

/// a is before b in sequence space.
fn before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

fn later(known: Option<u32>, next: u32) -> Option<u32> {
    Some(known.filter(|known| before(next, *known)).unwrap_or(next))
}

/// Bytes that two ranges share.
fn overlap(a: &Print, b: &Print) -> u32 {
    let skip = b.seq.wrapping_sub(a.seq) as i32;
    let (first, second, gap) = if skip >= 0 { (a, b, skip as u32) } else { (b, a, skip.unsigned_abs()) };
    first.len.saturating_sub(gap).min(second.len)
}

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
    waiting: [VecDeque<(i64, u32, u32)>; 2],
    matched: [VecDeque<(i64, u32, u32)>; 2],
    /// Times of all packets of an end, of late.
    times: [VecDeque<i64>; 2],
    /// Receiver time minus sender time of any flow, by way: of the flow that votes came for first, and the smallest of late.
    first: [Option<i64>; 2],
    floors: [RecentMin; 2],
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
                    entry.first_delay.map(|first| Lane { keeps_tsval: entry.keeps_tsval, first, ..Lane::default() })
                })
                .collect(),
            entries: Entries::default(),
            by_key: Default::default(),
            repeating,
            heads: Table::default(),
            spare: Vec::new(),
            waiting: Default::default(),
            matched: Default::default(),
            times: Default::default(),
            first: [0, 1].map(|way: usize| joined.iter().find_map(|entry| *entry.first_delay.get(way)?)),
            floors: Default::default(),
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

    /// Receiver time minus sender time of any flow of late; at the beginning what the votes found there.
    fn floor_of_way(&self, way: usize) -> Option<i64> {
        let floor = self.floors.get(way).and_then(RecentMin::get);
        floor.or_else(|| self.first.get(way).copied().flatten())
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
        let key =
            if own.is_aligned && print.protocol != 6 && print.alternative != 0 { print.alternative } else { print.key };
        if print.protocol == 6 && print.tcp_flags & packet::tcp_flag::ACK != 0 {
            if let Some(lane) = self.lanes.get_mut(flow as usize * 2 + (1 - way)) {
                lane.acked_to = later(lane.acked_to, print.ack);
            }
        }
        let lane = flow * 2 + way as u32;
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

    /// Those that are left of a run are as doubtful as the one that was taken out of it.
    fn mark_run(&mut self, entry: &Entry, taken: u32) {
        let other = 1 - usize::from(entry.end);
        let Some(chain) = self.by_key.get(other).and_then(|table| table.get(&entry.key)) else { return };
        for at in chain.iter().filter(|at| **at != taken) {
            if let Some(known) = self.entries.get_mut(*at) {
                known.is_run |= known.state == State::Waiting;
            }
        }
    }

    /// The datagram that was sent whole and came in fragments, told by the first of them.
    fn whole_of(&mut self, entry: &Entry) -> Option<u32> {
        if !entry.print.is_fragment || entry.print.head == 0 {
            return None;
        }
        let (at, frame) = self.heads.remove(&head_key(entry))?;
        let known = self.entries.get(at)?;
        let is_live = known.state == State::Waiting && known.print.frame == frame && known.way == entry.way;
        (is_live && known.print.len > entry.print.len).then_some(at)
    }

    /// Came the same packet before, and was it matched?
    fn is_copy_of_matched(&self, entry: &Entry) -> bool {
        let other = 1 - usize::from(entry.end);
        let twins = self.by_key.get(other).and_then(|table| table.get(&entry.key));
        twins.into_iter().flatten().filter_map(|at| self.entries.get(*at)).any(|known| {
            let differs = |a: Option<u32>, b: Option<u32>| matches!((a, b), (Some(a), Some(b)) if a != b);
            known.state == State::Matched
                && !differs(known.matched_ip_id, entry.print.ip_id)
                && !differs(known.matched_tsval, entry.print.tsval)
        })
    }

    /// Did the votes see this content more than once? One of it may be all that is here yet.
    fn is_repeating(&self, entry: &Entry) -> bool {
        let voted = match entry.print.protocol {
            6 => entry.print.vote_key(self.key),
            _ => entry.key ^ spread(entry.way),
        };
        self.repeating.contains_key(&voted)
    }

    /// A waiting entry of `end` with the same key, the likeliest; and whether another would do as well.
    fn choose(&self, entry: &Entry, end: usize) -> Option<(u32, bool)> {
        let chain = self.by_key.get(end)?.get(&entry.key)?;
        let lane = self.lanes.get(entry.way as usize)?;
        let is_other_sending =
            |like: &Print| lane.keeps_tsval && matches!((like.tsval, entry.print.tsval), (Some(a), Some(b)) if a != b);
        let is_sender = usize::from(entry.end) == entry.way as usize % 2;
        let delay = |like: &Print| {
            let difference = like.time.saturating_sub(entry.print.time);
            if is_sender {
                difference
            } else {
                -difference
            }
        };
        let floor_of_way = self.floor_of_way(entry.way as usize % 2);
        let floor = lane.floor.get().or(lane.first).or(floor_of_way);
        // Content that comes again and again: a twin that is too early is another one's, taken it would displace all that
        // follow. Content that is there once may be early, or a clock's step back would end all matching.
        let own_twins = self.by_key.get(1 - end).and_then(|table| table.get(&entry.key)).map_or(0, Vec::len);
        // Where nothing but repeats was ever there, no unique content vouches for the floor.
        let is_repeated = || chain.len() + own_twins > 1 || lane.first.is_some() && self.is_repeating(entry);
        let lowest = floor.into_iter().chain(floor_of_way).min();
        let is_too_early = |like: &Print| lowest.is_some_and(|lowest| delay(like) < lowest - SLACK_NS) && is_repeated();
        if let [only] = chain.as_slice() {
            // Nearly always there is one.
            let like = self.entries.get(*only)?;
            if is_other_sending(&like.print) || (like.state == State::Waiting && is_too_early(&like.print)) {
                return None;
            }
            let is_plain = like.state == State::Waiting && like.covered == 0 && !like.is_copy;
            if is_plain || like.state == State::Matched {
                return is_plain.then_some((*only, like.is_run));
            }
        }
        let waiting: Vec<(u32, &Print)> = chain
            .iter()
            .filter_map(|at| self.entries.get(*at).map(|like| (*at, like)))
            .filter(|(_, like)| like.state == State::Waiting && like.covered == 0 && !is_other_sending(&like.print))
            .filter(|(_, like)| !like.is_copy || floor.is_some_and(|floor| delay(&like.print) >= floor - SLACK_NS))
            .filter(|(_, like)| !is_too_early(&like.print))
            .map(|(at, like)| (at, &like.print))
            .collect();
        let own = &entry.print;
        let usual = lane.usual.or(floor);
        let differences: [fn(&Print, &Print) -> bool; 3] = [
            |a, b| matches!((a.tsval, b.tsval), (Some(a), Some(b)) if a != b),
            |a, b| (a.ack, a.window) != (b.ack, b.window),
            |a, b| a.ip_id.is_some() && b.ip_id.is_some() && a.ip_id != b.ip_id,
        ];
        // The IP id that a matched twin came with, where the sender numbers its packets: this is that one again.
        let is_known_copy = |twin: &Entry| {
            twin.state == State::Matched
                && twin.matched_ip_id == own.ip_id
                && !matches!((twin.matched_tsval, own.tsval), (Some(a), Some(b)) if a != b)
                && waiting.iter().all(|(_, like)| like.ip_id.is_some() && like.ip_id != twin.print.ip_id)
        };
        if !is_sender && own.ip_id.is_some() && chain.iter().filter_map(|at| self.entries.get(*at)).any(is_known_copy) {
            return None;
        }
        // A twin that was matched a moment ago: this may be its copy, or the copy may have been taken for it.
        let has_late_twin = chain.iter().filter_map(|at| self.entries.get(*at)).any(|twin| {
            twin.state == State::Matched
                && delay(&twin.print) <= usual.unwrap_or_default() + LATE_NS
                && !differences.iter().any(|differs| differs(own, &twin.print))
        });
        if let ([(_, like)], Some(usual), false) = (waiting.as_slice(), usual, is_sender) {
            // A copy of the twin, or the other packet? A copy only where the other would surprise, and by more.
            let surprise = (delay(like) - usual).abs();
            let after_twin = chain
                .iter()
                .filter_map(|at| self.entries.get(*at))
                .filter(|twin| has_late_twin && twin.state == State::Matched)
                .map(|twin| own.time.saturating_sub(twin.matched_time))
                .filter(|after| *after >= 0)
                .min();
            if after_twin.is_some_and(|after| {
                after < surprise && surprise > SURPRISES * lane.spread + SURPRISE_NS
                    || floor.is_some_and(|floor| delay(like) < floor - SLACK_NS)
            }) {
                return None;
            }
        }
        if let [(at, _)] = waiting.as_slice() {
            let is_run = self.entries.get(*at).is_some_and(|like| like.is_run);
            return Some((*at, has_late_twin || is_run));
        }
        let mut left = waiting;
        for differs in differences {
            let same: Vec<_> = left.iter().filter(|(_, like)| !differs(own, like)).copied().collect();
            if !same.is_empty() {
                left = same;
            }
        }
        if let Some(floor) = floor {
            let possible: Vec<_> = left.iter().filter(|(_, like)| delay(like) >= floor - SLACK_NS).copied().collect();
            if !possible.is_empty() {
                left = possible;
            }
        }
        let is_ambiguous = left.len() > 1 || has_late_twin;
        let best = match usual {
            Some(usual) => left.iter().min_by_key(|(_, like)| (delay(like) - usual).abs()),
            None => left.first(),
        };
        best.map(|(at, _)| (*at, is_ambiguous))
    }

    /// Ranges with other borders at the two ends. True when the entry needs to wait no more.
    fn cover(&mut self, mut entry: Entry) -> bool {
        let end = usize::from(entry.end);
        let is_sender = end == entry.way as usize % 2;
        let Some(lane) = self.lanes.get_mut(entry.way as usize) else { return false };
        let Some(list) = lane.ranges.get_mut(1 - end) else { return false };
        while let Some((at, frame)) = list.front() {
            let is_live = self.entries.get(*at).is_some_and(|known| {
                known.state == State::Waiting && known.print.frame == *frame && known.way == entry.way
            });
            if is_live {
                break;
            }
            list.pop_front();
        }
        let mut found: Vec<u32> = list
            .iter()
            .take(MAX_SCAN)
            .filter(|(at, frame)| {
                self.entries.get(*at).is_some_and(|known| {
                    known.state == State::Waiting
                        && known.print.frame == *frame
                        && known.way == entry.way
                        && overlap(&known.print, &entry.print) > 0
                })
            })
            .map(|(at, _)| *at)
            .collect();
        let is_same_time = |at: &u32| {
            self.entries
                .get(*at)
                .is_some_and(|known| known.print.tsval.is_some() && known.print.tsval == entry.print.tsval)
        };
        // Where timestamps pass unchanged, another one is another sending of the same bytes.
        let is_timed = |at: &u32| self.entries.get(*at).is_some_and(|known| known.print.tsval.is_some());
        if entry.print.tsval.is_some() && found.iter().any(is_same_time) {
            found.retain(is_same_time);
        } else if entry.print.tsval.is_some() && lane.keeps_tsval {
            found.retain(|at| !is_timed(at));
        }
        if !found.is_empty() {
            lane.is_resegmented = true;
        }
        let mut completed = Vec::new();
        for at in found {
            let left = entry.print.len.saturating_sub(entry.covered);
            let Some(known) = self.entries.get_mut(at) else { continue };
            let shared = overlap(&known.print, &entry.print).min(known.print.len - known.covered).min(left);
            if shared == 0 {
                continue;
            }
            known.covered += shared;
            entry.covered += shared;
            if known.print.seq == entry.print.seq {
                if is_sender {
                    entry.head = entry.head.or(Some(head(&known.print)));
                } else {
                    known.head = known.head.or(Some(head(&entry.print)));
                }
            }
            if known.covered >= known.print.len {
                completed.push(at);
            }
        }
        for at in completed {
            if is_sender {
                self.release(at);
            } else {
                if let Some(known) = self.entries.get_mut(at) {
                    known.state = State::Matched;
                }
                self.pair_covered(at, &entry.print);
            }
        }
        if entry.covered < entry.print.len {
            if !is_sender && entry.covered == 0 {
                return self.is_piece_again(&entry);
            }
            self.keep(entry, State::Waiting);
            return true;
        }
        if is_sender {
            let at = self.keep(entry, State::Matched);
            self.pair_covered(at, &entry.print);
        }
        true
    }

    /// A segment of a super-segment that came before: its bytes were sent and found already.
    fn is_piece_again(&mut self, entry: &Entry) -> bool {
        let Some(lane) = self.lanes.get(entry.way as usize) else { return false };
        let last = entry.print.seq.wrapping_add(entry.print.len);
        let is_known = lane.is_resegmented && lane.sent_to.is_some_and(|sent| !before(sent, last));
        if is_known {
            let (flow, way) = (entry.way / 2, entry.way as usize % 2);
            self.tell(What::Duplicate, flag::AMBIGUOUS, flow, way, usize::from(entry.end), &entry.print, 0);
        }
        is_known
    }

    fn mark_sent_again(&mut self, entry: &Entry, twins: &[u32]) -> bool {
        let print = &entry.print;
        let end = usize::from(entry.end);
        let Some(lane) = self.lanes.get_mut(entry.way as usize) else { return false };
        let is_again = lane.sent_to.is_some_and(|sent| before(print.seq, sent));
        lane.sent_to = later(lane.sent_to, print.seq.wrapping_add(print.sequence_len()));
        if !is_again {
            return false;
        }
        let ranges = lane.ranges.get(end).into_iter().flatten().take(MAX_SCAN).map(|(at, _)| *at);
        let numbers: Vec<u32> = ranges.chain(twins.iter().copied()).collect();
        for at in numbers {
            if let Some(known) = self.entries.get_mut(at) {
                let is_same = known.key == entry.key || overlap(&known.print, print) > 0;
                if known.state == State::Waiting && known.way == entry.way && known.end == entry.end && is_same {
                    known.is_sent_again = true;
                }
            }
        }
        true
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
        } else {
            self.learn(way, like.time.saturating_sub(own.time));
        }
        // Keys of TCP with moved numbers were made equal; a datagram's differ where its head was rewritten.
        if own.protocol != 6 && own.key != like.key && own.len == like.len {
            flags |= flag::REWRITTEN;
        }
        if own.len == like.len
            && own.protocol == 6
            && own.payload_hash != 0
            && like.payload_hash != 0
            && own.payload_hash != like.payload_hash
        {
            flags |= flag::REWRITTEN;
        }
        self.tell_pair(flags, way, index, &own, &head(like), like.mss);
    }

    /// `at` was sent and all its bytes came, in other segments; `like` holds the last of them.
    fn pair_covered(&mut self, at: u32, like: &Print) {
        let Some(sender) = self.entries.get_mut(at) else { return };
        sender.matched_tsval = like.tsval;
        let (way, own, end) = (sender.way, sender.print, usize::from(sender.end));
        let (found, index) = (sender.head, sender.index);
        if let Some(matched) = self.matched.get_mut(end) {
            matched.push_back((own.time, at, own.frame));
        }
        let timed = if found.is_some() { flag::TIMED } else { 0 };
        if let Some(found) = found {
            self.learn(way, found.time.saturating_sub(own.time));
        }
        self.tell_pair(flag::RESEGMENTED | timed, way, index, &own, &found.unwrap_or_else(|| head(like)), 0);
    }

    fn learn(&mut self, way: u32, delay: i64) {
        if let Some(floor) = self.floors.get_mut(way as usize % 2) {
            floor.add(delay);
        }
        if let Some(lane) = self.lanes.get_mut(way as usize) {
            // The first packets may have stood in a queue: their smallest is no floor yet, where unique contents were faster.
            if let (None, Some(first)) = (lane.floor.get(), lane.first) {
                lane.floor.add(first);
            }
            lane.floor.add(delay);
            let usual = lane.usual.unwrap_or(delay);
            lane.spread += ((delay - usual).abs() - lane.spread) / 8;
            lane.usual = Some(usual + (delay - usual) / 8);
        }
    }

    fn expire(&mut self, now: i64, middle: i64) {
        for end in 0..2 {
            let local = if end == 0 { now } else { now.saturating_add(middle) };
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
                if is_this {
                    self.give_up(&entry);
                    self.release(at);
                }
            }
        }
    }

    /// Nothing like it came.
    fn give_up(&mut self, entry: &Entry) {
        let (flow, way, end) = (entry.way / 2, entry.way as usize % 2, usize::from(entry.end));
        let print = &entry.print;
        if end != way {
            if print.is_fragment && !entry.is_copy {
                // The rest of what a router cut: its first part was compared.
            } else if entry.is_copy {
                self.tell(What::Duplicate, 0, flow, way, end, print, 0);
            } else if entry.covered == 0 {
                self.tell(What::Extra, 0, flow, way, end, print, 0);
            }
            return;
        }
        let mut flags = 0;
        if print.protocol == 6 && print.sequence_len() > 0 {
            let last = print.seq.wrapping_add(print.sequence_len());
            let acked = self.lanes.get(entry.way as usize).and_then(|lane| lane.acked_to);
            // What was sent before may have been acknowledged for the first sending.
            if entry.is_sent_again {
                flags |= flag::SENT_AGAIN;
            } else if !entry.is_again && acked.is_some_and(|acked| !before(acked, last)) {
                flags |= flag::ACKNOWLEDGED;
            }
        }
        if entry.covered > 0 {
            flags |= flag::PARTLY;
        }
        // Of a missing packet the last word but one is free: it says which of its way it was.
        self.tell(What::Missing, flags, flow, way, end, print, entry.index);
    }

    /// The silence at the other end around the time that a packet of `end` was there.
    fn silence(&self, lane: Option<u32>, way: usize, end: usize, time: i64) -> Option<(i64, i64)> {
        let usual = lane
            .and_then(|lane| self.lanes.get(lane as usize))
            .and_then(|lane| lane.usual)
            .or_else(|| self.floor_of_way(way))?;
        let due = if end == way { time.saturating_add(usual) } else { time.saturating_sub(usual) };
        let times = self.times.get(1 - end)?;
        let next = times.partition_point(|known| *known <= due);
        let before = *times.get(next.checked_sub(1)?)?;
        let after = *times.get(next)?;
        Some((before, after.saturating_sub(before)))
    }

    #[allow(clippy::too_many_arguments)]
    fn tell(&mut self, what: What, flags: u32, flow: u32, way: usize, end: usize, print: &Print, extra: u32) {
        let lane = (flow != NO_FLOW).then(|| flow * 2 + way as u32);
        let silence = match what {
            What::Missing | What::Extra => self.silence(lane, way, end, print.time),
            _ => None,
        };
        let time = if end == 0 { print.time } else { print.time.saturating_sub(self.offset) };
        let frames = if end == 0 { (print.frame, 0) } else { (0, print.frame) };
        let event = Event {
            what,
            flags: flags | own_flags(print),
            flow,
            way: way as u32,
            time,
            difference: None,
            silence,
            client_frame: frames.0,
            server_frame: frames.1,
            ip_len: print.ip_len,
            header: [print.ttl, print.ttl, print.traffic_class, print.traffic_class],
            mss: [print.mss; 2],
            payload_len: print.len,
            protocol: print.protocol,
            extra,
            index: 0,
        };
        event.encode(self.base, &mut self.events);
    }

    fn tell_pair(&mut self, flags: u32, lane: u32, index: u32, sent: &Print, came: &Head, mss: u16) {
        let way = lane % 2;
        let (client, server) = if way == 0 {
            ((sent.time, sent.frame), (came.time, came.frame))
        } else {
            ((came.time, came.frame), (sent.time, sent.frame))
        };
        let event = Event {
            what: What::Pair,
            flags: flags | own_flags(sent),
            flow: lane / 2,
            way,
            time: client.0,
            difference: Some(server.0.saturating_sub(client.0).saturating_sub(self.offset)),
            silence: None,
            client_frame: client.1,
            server_frame: server.1,
            ip_len: sent.ip_len,
            header: [sent.ttl, came.ttl, sent.traffic_class, came.traffic_class],
            mss: [sent.mss, mss],
            payload_len: sent.len,
            protocol: sent.protocol,
            extra: came.ip_len,
            index,
        };
        event.encode(self.base, &mut self.events);
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

fn own_flags(print: &Print) -> u32 {
    use packet::tcp_flag::{ACK, SYN};
    let opens = print.protocol == 6 && print.tcp_flags & (SYN | ACK) == SYN;
    (if opens { flag::OPENS } else { 0 }) | if print.is_fragment { flag::FRAGMENT } else { 0 }
}
