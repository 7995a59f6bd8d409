//! Which of several packets with one key is the one: alignment of runs by time, and what is said to be ambiguous.

use super::{head_key, spread, Matcher, SLACK_NS};
use crate::entry::{Entry, State};
use crate::print::Print;

/// So many mean distances, and so much, from the usual delay is a surprise.
const SURPRISES: i64 = 4;
const SURPRISE_NS: i64 = 200_000;
/// A copy, or a packet that was overtaken, comes within this of the usual delay.
const LATE_NS: i64 = 100_000_000;

impl Matcher {
    /// Those that are left of a run are as doubtful as the one that was taken out of it.
    pub(super) fn mark_run(&mut self, entry: &Entry, taken: u32) {
        let other = 1 - usize::from(entry.end);
        let Some(chain) = self.by_key.get(other).and_then(|table| table.get(&entry.key)) else { return };
        for at in chain.iter().filter(|at| **at != taken) {
            if let Some(known) = self.entries.get_mut(*at) {
                known.is_run |= known.state == State::Waiting && !known.print.is_denied_by(&entry.print);
            }
        }
    }

    /// The datagram that was sent whole and came in fragments, told by the first of them.
    pub(super) fn whole_of(&mut self, entry: &Entry) -> Option<u32> {
        if !entry.print.is_fragment || entry.print.head == 0 {
            return None;
        }
        let (at, frame) = self.heads.remove(&head_key(entry))?;
        let known = self.entries.get(at)?;
        let is_live = known.state == State::Waiting && known.print.frame == frame && known.way == entry.way;
        (is_live && known.print.len > entry.print.len).then_some(at)
    }

    /// Came the same packet before, and was it matched?
    pub(super) fn is_copy_of_matched(&self, entry: &Entry) -> bool {
        let other = 1 - usize::from(entry.end);
        let twins = self.by_key.get(other).and_then(|table| table.get(&entry.key));
        twins.into_iter().flatten().filter_map(|at| self.entries.get(*at)).any(|known| {
            let differs = |a: Option<u32>, b: Option<u32>| matches!((a, b), (Some(a), Some(b)) if a != b);
            known.state == State::Matched
                && !known.print.is_denied_by(&entry.print)
                && !differs(known.matched_ip_id, entry.print.ip_id)
                && !differs(known.matched_tsval, entry.print.tsval)
        })
    }

    /// Did the votes see this content more than once? One of it may be all that is here yet.
    pub(super) fn is_repeating(&self, entry: &Entry) -> bool {
        let voted = match entry.print.protocol {
            6 => entry.print.vote_key(self.key),
            _ => entry.key ^ spread(entry.way),
        };
        self.repeating.contains_key(&voted)
    }

    /// A waiting entry of `end` with the same key, the likeliest; and whether another would do as well.
    pub(super) fn choose(&self, entry: &Entry, end: usize) -> Option<(u32, bool)> {
        let chain = self.by_key.get(end)?.get(&entry.key)?;
        let lane = self.lanes.get(entry.way as usize)?;
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
        // A checksum that alone differs was damaged; of contents that repeat it says which is which.
        let is_other_sending = |like: &Print| {
            lane.keeps_tsval && matches!((like.tsval, entry.print.tsval), (Some(a), Some(b)) if a != b)
                || like.is_denied_by(&entry.print) && is_repeated()
        };
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
                && !twin.print.is_denied_by(own)
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
                && !twin.print.is_denied_by(own)
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
}
