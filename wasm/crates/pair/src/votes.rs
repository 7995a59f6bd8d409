//! Which flow of one end is which of the other: contents that are seen once at each end within the window vote for their
//! two flows. Contents that repeat do not vote. Nothing else is asked: NAT, carrier NAT and load balancers may rename.

use crate::hash::Table;
use crate::print::{Ack, Print, MIN_FRAGMENTED};
use std::collections::VecDeque;

/// How a packet of one end waits for its like.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    lane: u32,
    time: i64,
    source: u64,
    tsval: Option<u32>,
    field: Option<u16>,
    ack: Option<Ack>,
    seq: u32,
    ttl: u8,
    is_distinctive: bool,
    /// Seen again at its end, or met already: it votes no more.
    is_spent: bool,
    /// The view before this one: lane and time.
    first: Option<(u32, i64)>,
}

impl Waiting {
    /// Both views of the packet.
    fn views(self) -> impl Iterator<Item = Waiting> {
        let first = self.first.map(|(lane, time)| Waiting { lane, time, field: None, first: None, ..self });
        [Some(self), first].into_iter().flatten()
    }
}

/// Votes for one lane by what a gateway leaves alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Aligned {
    /// Votes that agree on `delta`, less those that do not.
    pub votes: u32,
    /// Sequence number at the server minus that at the client.
    pub delta: u32,
}

/// So many checksums must agree for them to be witnesses, and so many of a hundred.
const MIN_WITNESSES: u32 = 8;
const WITNESS_PERCENT: u32 = 95;

/// A checksum in one's complement, where 0 and 0xffff are one number.
pub fn checksum_minus(a: u16, b: u16) -> u16 {
    ((u32::from(a) + 0xffff - u32::from(b) % 0xffff) % 0xffff) as u16
}

/// By how much the UDP checksums of a lane differ between the ends: a translator that puts other addresses and ports in moves
/// all of a flow by one number (RFC 1624), so that what is left of them speaks of every payload byte, captured or not. Where a
/// card was still to fill them in they differ at random.
#[derive(Clone, Copy, Debug, Default)]
pub struct Witness {
    delta: u16,
    /// Field at the client of the vote before: what never changes is no witness.
    last: u16,
    /// That agree with it less those that do not, as far as it held.
    lead: u32,
    agreed: u32,
    seen: u32,
}

impl Witness {
    fn add(&mut self, client: u16, server: u16) {
        if core::mem::replace(&mut self.last, client) == client {
            return;
        }
        let delta = checksum_minus(server, client);
        self.seen += 1;
        if self.lead == 0 && self.delta != delta {
            self.delta = delta;
            self.agreed = 0;
        }
        if self.delta == delta {
            self.lead += 1;
            self.agreed += 1;
        } else {
            self.lead = self.lead.saturating_sub(1);
        }
    }

    /// Server minus client, where it is the same for the whole lane.
    pub fn delta(&self) -> Option<u16> {
        let is_sure = self.agreed >= MIN_WITNESSES && self.agreed * 100 >= self.seen * WITNESS_PERCENT;
        is_sure.then_some(self.delta)
    }
}

/// Differences of a lane that are kept for what its delay was at first.
const EARLY: usize = 8;
/// Of the earliest differences, those further than this from their median are another packet's.
const EARLY_ASTRAY_NS: i64 = 100_000_000;

/// Server time minus client time of a lane's first votes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Early {
    differences: [(i64, u64); EARLY],
    count: usize,
}

impl Early {
    fn add(&mut self, difference: i64, key: u64) {
        if let Some(place) = self.differences.get_mut(self.count) {
            *place = (difference, key);
            self.count += 1;
        }
    }

    /// The smallest delay of them: the smallest difference of what travels toward the server, else the largest, negated. What
    /// turned out to repeat may have voted for another one's time.
    pub fn smallest_delay(&self, is_toward_server: bool, repeating: &Table<u64, ()>) -> Option<i64> {
        let sign = if is_toward_server { 1 } else { -1 };
        let votes = self.differences.iter().take(self.count);
        let mut known: Vec<i64> =
            votes.filter(|(_, key)| !repeating.contains_key(key)).map(|(difference, _)| sign * difference).collect();
        known.sort_unstable();
        let median = *known.get(known.len() / 2)?;
        known.iter().copied().find(|delay| median.saturating_sub(*delay) <= EARLY_ASTRAY_NS)
    }
}

/// Votes of one flow of the client's end for one of the server's, and of what travels which way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Votes.
    pub votes: u32,
    /// Of those, by contents that no two flows share by chance.
    pub distinctive: u32,
    /// Positive: lane 0 of the client's flow passes the client first. From differences of times: those of packets that travel
    /// toward the server are the larger ones, whatever the offset.
    pub time_order: i64,
    /// The same from TTLs, which fall on the way.
    pub ttl_order: i64,
    /// Server time minus client time by lane of the client's flow: sum over votes, offset taken off, and votes.
    pub sums: [(i64, u32); 2],
    /// The first of them, by lane of the client's flow.
    pub early: [Early; 2],
    last: [Option<i64>; 2],
    /// By lane of the client's flow.
    pub aligned: [Aligned; 2],
    /// By lane of the client's flow.
    pub witness: [Witness; 2],
    /// Contents that repeat, in both flows at a time: they count only where nothing else can be meant.
    pub repeated: u32,
    /// Votes by packets that an end shows twice.
    pub views: u32,
    /// Votes of bare acknowledgments that are the same in length, window and options at both ends, and that are not.
    pub same_acks: [u32; 2],
    /// Votes whose TSval is the same at both ends, less those whose is not: a firewall may move it.
    pub same_tsval: i64,
}

impl Tally {
    /// Do acknowledgments pass as they are? Then another length, window or report is another acknowledgment.
    pub fn keeps_acks(&self) -> bool {
        let [same, other] = self.same_acks;
        same >= MIN_WITNESSES && other * 100 <= same * (100 - WITNESS_PERCENT)
    }

    /// What the two ends' times make of the round trip: smaller for the views next to the path. None without both ways.
    pub fn round_trip(&self) -> Option<i64> {
        let mean = |(sum, count): (i64, u32)| (count > 0).then(|| sum / i64::from(count));
        Some((mean(self.sums[0])? - mean(self.sums[1])?).abs())
    }

    /// Votes that the joining counts: by lane what is unique, or what is aligned where nothing is unique.
    pub fn support(&self) -> u32 {
        let unique = |lane: usize| self.sums.get(lane).map_or(0, |(_, count)| *count);
        let aligned = |lane: usize| self.aligned.get(lane).map_or(0, |aligned| aligned.votes);
        (0..2).map(|lane| if unique(lane) > 0 { unique(lane) } else { aligned(lane) }).sum()
    }
}

/// A lane with so many votes is known: then one content in sixteen is enough to notice that it is no longer so.
const KNOWN_VOTES: u32 = 512;
const SPARSE_MASK: u64 = 15;
/// A lane with so many unique contents needs no other votes.
const ENOUGH_UNIQUE: u32 = 64;

/// The flow of the server's end times two, and in the last bit whether its lanes are the other way round.
fn oriented(client: u32, server: u32) -> u32 {
    server & !1 | ((client ^ server) & 1)
}

fn way_of(client: u32) -> i64 {
    if client & 1 == 0 {
        1
    } else {
        -1
    }
}

/// Contents that are remembered as repeating.
const MAX_REPEATING: usize = 1 << 16;

/// Two views of one packet in one capture are this near.
const VIEW_NS: i64 = 50_000_000;

/// Who votes for whom.
#[derive(Debug, Default)]
pub struct Votes {
    waiting: [Table<u64, Waiting>; 2],
    order: [VecDeque<(i64, u64)>; 2],
    tallies: Table<(u32, u32), Tally>,
    window: i64,
    offset: i64,
    /// Taken off differences before they are summed: what the probe found.
    base: i64,
    /// Smallest and largest difference of any vote.
    pub range: Option<(i64, i64)>,
    recent: Vec<i64>,
    /// Unique votes by end and lane.
    lanes: [Vec<u32>; 2],
    /// Contents that an end showed twice within the window, the first ones.
    repeating: Table<u64, ()>,
}

impl Votes {
    /// Packets wait for `window` ns; `offset` is what the probe found.
    pub fn new(window: i64, offset: i64) -> Self {
        Votes { window, offset, base: offset, ..Votes::default() }
    }

    /// Contents that come again and again; the matcher is told before it sees the second of them.
    pub fn take_repeating(&mut self) -> Table<u64, ()> {
        core::mem::take(&mut self.repeating)
    }

    /// Only what the report needs: the rest is memory.
    pub fn emptied(&self) -> Self {
        Votes { range: self.range, ..Votes::default() }
    }

    /// The offset by the latest votes: follows skew and steps.
    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// Takes in a packet of an end, in the order of time.
    pub fn add(&mut self, end: usize, print: &Print, key: u64) {
        let known = self.lanes.get(end).and_then(|lanes| lanes.get(print.lane as usize)).copied().unwrap_or_default();
        if known < KNOWN_VOTES || key & SPARSE_MASK == 0 {
            self.take(end, print, key, false);
        }
        if known < ENOUGH_UNIQUE && print.alternative != 0 {
            self.take(end, print, print.alternative, true);
        }
        if known < ENOUGH_UNIQUE && print.head != 0 && (print.is_fragment || print.ip_len >= MIN_FRAGMENTED) {
            // Whole at one end and in fragments at the other, or cut again on the way.
            self.take(end, print, print.head, true);
        }
    }

    fn take(&mut self, end: usize, print: &Print, key: u64, is_aligned: bool) {
        self.forget(end, print.time);
        let now_there =
            if end == 0 { print.time.saturating_add(self.offset) } else { print.time.saturating_sub(self.offset) };
        self.forget(1 - end, now_there);
        let [a, b] = &mut self.waiting;
        let (own, other) = if end == 0 { (a, b) } else { (b, a) };
        let mut waiting = Waiting {
            lane: print.lane,
            time: print.time,
            source: print.source,
            tsval: print.tsval,
            field: print.field,
            ack: print.bare_ack(),
            seq: print.seq,
            ttl: print.ttl,
            is_distinctive: print.is_distinctive,
            is_spent: false,
            first: None,
        };
        if let Some(known) = own.get_mut(&key) {
            // A host may show a packet twice, inside a tunnel and outside, on both sides of its own NAT, or handed on to a
            // process of its own: the last view of what leaves and the first of what comes is the outer one. The same
            // datagram from one socket to many is no view of one packet.
            let is_other_view = known.lane != print.lane
                && (print.protocol == 6 || known.source != print.source)
                && print.time.saturating_sub(known.time).abs() <= VIEW_NS;
            if !is_other_view {
                known.is_spent = true;
                waiting.is_spent = true;
                if self.repeating.len() < MAX_REPEATING {
                    self.repeating.insert(key, ());
                }
            } else {
                waiting.is_spent = known.is_spent;
                waiting.first = known.first.or(Some((known.lane, known.time)));
            }
        }
        let met = match other.get_mut(&key) {
            Some(like) if !like.is_spent && !waiting.is_spent => {
                like.is_spent = true;
                waiting.is_spent = true;
                Some(*like)
            }
            Some(like) => {
                let pair = if end == 0 { (waiting.lane, like.lane) } else { (like.lane, waiting.lane) };
                if !is_aligned {
                    let tally = self.tallies.entry((pair.0 / 2, oriented(pair.0, pair.1))).or_default();
                    tally.repeated += 1;
                    let (client, server) = if end == 0 { (&waiting, &*like) } else { (&*like, &waiting) };
                    tally.ttl_order += way_of(pair.0) * (i64::from(client.ttl) - i64::from(server.ttl)).signum();
                }
                None
            }
            None => None,
        };
        own.insert(key, waiting);
        if let Some(order) = self.order.get_mut(end) {
            order.push_back((print.time, key));
        }
        if let Some(like) = met {
            let (client, server) = if end == 0 { (waiting, like) } else { (like, waiting) };
            for client in client.views() {
                for server in server.views() {
                    self.vote(&client, &server, is_aligned, key);
                }
            }
        }
    }

    fn forget(&mut self, end: usize, now: i64) {
        let (Some(order), Some(waiting)) = (self.order.get_mut(end), self.waiting.get_mut(end)) else { return };
        while let Some(&(time, key)) = order.front() {
            if now.saturating_sub(time) <= self.window {
                break;
            }
            order.pop_front();
            if waiting.get(&key).is_some_and(|known| known.time == time) {
                waiting.remove(&key);
            }
        }
    }

    fn vote(&mut self, client: &Waiting, server: &Waiting, is_aligned: bool, key: u64) {
        let difference = server.time.saturating_sub(client.time);
        let tally = self.tallies.entry((client.lane / 2, oriented(client.lane, server.lane))).or_default();
        let lane = client.lane as usize & 1;
        let way = way_of(client.lane);
        if let (Some(a), Some(b)) = (client.tsval, server.tsval) {
            tally.same_tsval += if a == b { 1 } else { -1 };
        }
        if let (Some(a), Some(b), Some(witness)) = (client.field, server.field, tally.witness.get_mut(lane)) {
            witness.add(a, b);
        }
        if let (Some(a), Some(b)) = (client.ack, server.ack) {
            if let Some(count) = tally.same_acks.get_mut(usize::from(a.differs(b))) {
                *count = count.saturating_add(1);
            }
        }
        tally.views += u32::from(client.first.is_some() || server.first.is_some());
        if is_aligned {
            let delta = server.seq.wrapping_sub(client.seq);
            if let Some(aligned) = tally.aligned.get_mut(lane) {
                if aligned.votes == 0 {
                    aligned.delta = delta;
                }
                aligned.votes =
                    if aligned.delta == delta { aligned.votes + 1 } else { aligned.votes.saturating_sub(1) };
            }
        }
        tally.distinctive += u32::from(is_aligned || client.is_distinctive && server.is_distinctive);
        tally.ttl_order += way * (i64::from(client.ttl) - i64::from(server.ttl)).signum();
        if let Some(last) = tally.last.get(1 - lane).copied().flatten() {
            tally.time_order += way * (difference - last).signum();
        }
        if let Some(last) = tally.last.get_mut(lane) {
            *last = Some(difference);
        }
        if is_aligned {
            return;
        }
        tally.votes += 1;
        for (lanes, lane) in self.lanes.iter_mut().zip([client.lane, server.lane]) {
            if lanes.len() <= lane as usize {
                lanes.resize(lane as usize + 1, 0);
            }
            if let Some(votes) = lanes.get_mut(lane as usize) {
                *votes = votes.saturating_add(1);
            }
        }
        if let Some(early) = tally.early.get_mut(lane) {
            early.add(difference, key);
        }
        if let Some((sum, count)) = tally.sums.get_mut(lane) {
            *sum = sum.saturating_add(difference.saturating_sub(self.base));
            *count += 1;
        }
        self.range = Some(match self.range {
            Some((low, high)) => (low.min(difference), high.max(difference)),
            None => (difference, difference),
        });
        self.recent.push(difference);
        if self.recent.len() >= 64 {
            self.recent.sort_unstable();
            self.offset = self.recent.get(32).copied().unwrap_or(self.offset);
            self.recent.clear();
        }
    }

    /// All tallies, by flow of the client and (flow of the server, turned round).
    pub fn tallies(&self) -> Vec<((u32, u32), Tally)> {
        let mut list: Vec<_> = self.tallies.iter().map(|(key, tally)| (*key, *tally)).collect();
        list.sort_unstable_by_key(|(key, _)| *key);
        list
    }
}
