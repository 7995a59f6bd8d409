//! Which flow of one end is which of the other: contents that are seen once at each end within the window vote for their
//! two flows. Contents that repeat do not vote. Nothing else is asked: NAT, carrier NAT and load balancers may rename.

use crate::hash::Table;
use crate::print::Print;
use std::collections::VecDeque;

/// How a packet of one end waits for its like.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    lane: u32,
    time: i64,
    ttl: u8,
    is_distinctive: bool,
    /// Seen again at its end, or met already: it votes no more.
    is_spent: bool,
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
    last: [Option<i64>; 2],
}

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
}

impl Votes {
    /// Packets wait for `window` ns; `offset` is what the probe found.
    pub fn new(window: i64, offset: i64) -> Self {
        Votes { window, offset, base: offset, ..Votes::default() }
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
        self.forget(end, print.time);
        let now_there =
            if end == 0 { print.time.saturating_add(self.offset) } else { print.time.saturating_sub(self.offset) };
        self.forget(1 - end, now_there);
        let [a, b] = &mut self.waiting;
        let (own, other) = if end == 0 { (a, b) } else { (b, a) };
        let mut waiting = Waiting {
            lane: print.lane,
            time: print.time,
            ttl: print.ttl,
            is_distinctive: print.is_distinctive,
            is_spent: false,
        };
        if let Some(known) = own.get_mut(&key) {
            known.is_spent = true;
            waiting.is_spent = true;
        }
        let met = match other.get_mut(&key) {
            Some(like) if !like.is_spent && !waiting.is_spent => {
                like.is_spent = true;
                waiting.is_spent = true;
                Some(*like)
            }
            _ => None,
        };
        own.insert(key, waiting);
        if let Some(order) = self.order.get_mut(end) {
            order.push_back((print.time, key));
        }
        if let Some(like) = met {
            let (client, server) = if end == 0 { (waiting, like) } else { (like, waiting) };
            self.vote(&client, &server);
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

    fn vote(&mut self, client: &Waiting, server: &Waiting) {
        let difference = server.time.saturating_sub(client.time);
        // The flow of the server's end, and whether its lanes are the other way round.
        let other = server.lane & !1 | ((client.lane ^ server.lane) & 1);
        let tally = self.tallies.entry((client.lane / 2, other)).or_default();
        let lane = client.lane as usize & 1;
        let way = if lane == 0 { 1 } else { -1 };
        tally.votes += 1;
        tally.distinctive += u32::from(client.is_distinctive && server.is_distinctive);
        tally.ttl_order += way * (i64::from(client.ttl) - i64::from(server.ttl)).signum();
        if let Some(last) = tally.last.get(1 - lane).copied().flatten() {
            tally.time_order += way * (difference - last).signum();
        }
        if let Some(last) = tally.last.get_mut(lane) {
            *last = Some(difference);
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
