//! Which of several packets with one key is the one: alignment of runs by time, and what is said to be ambiguous.

use super::{head_key, spread, Matcher};
use crate::entry::{Entry, State};
use crate::print::Print;

/// A copy, or a packet that was overtaken, comes within this of the usual delay.
const LATE_NS: i64 = 100_000_000;

impl Matcher {
    /// Those that are left of a run are as doubtful as the one that was taken out of it.
    pub(super) fn mark_run(&mut self, entry: &Entry, taken: u32) {
        let other = 1 - usize::from(entry.end);
        let Some(chain) = self.by_key.get(other).and_then(|table| table.get(&entry.key)) else { return };
        let Some(lane) = self.lanes.get(entry.way as usize) else { return };
        let is_other = |print: &Print| {
            lane.tells_apart(print, &entry.print)
                || print.is_denied_by(&entry.print)
                || lane.is_overtaken(print.time, entry.print.time)
        };
        for at in chain.iter().filter(|at| **at != taken) {
            if let Some(known) = self.entries.get_mut(*at) {
                known.is_run |= known.state == State::Waiting && !is_other(&known.print);
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
        let lane = self.lanes.get(entry.way as usize);
        twins.into_iter().flatten().filter_map(|at| self.entries.get(*at)).any(|known| {
            let differs = |a: Option<u32>, b: Option<u32>| matches!((a, b), (Some(a), Some(b)) if a != b);
            known.state == State::Matched
                && !lane.is_some_and(|lane| lane.tells_apart(&known.print, &entry.print))
                && !known.print.is_denied_by(&entry.print)
                && !differs(known.matched_ip_id, entry.print.ip_id)
                && !differs(known.matched_tsval, entry.print.tsval)
        })
    }

    /// A datagram is missing, and one like it that was taken for a copy could have been it: neither a loss nor a copy is
    /// then claimed.
    pub(super) fn reconcile(&mut self, at: u32, entry: &Entry) -> bool {
        let (end, way) = (usize::from(entry.end), entry.way as usize % 2);
        let is_sender = end == way;
        if entry.print.protocol == 6 || entry.covered > 0 || entry.is_copy == is_sender {
            return false;
        }
        let Some(lane) = self.lanes.get(entry.way as usize) else { return false };
        let chain = self.by_key.get(1 - end).and_then(|table| table.get(&entry.key));
        let floor_of_way = self.floor_of_way(way);
        let is_possible = |like: &Print| {
            let (sent, received) =
                if is_sender { (entry.print.time, like.time) } else { (like.time, entry.print.time) };
            let floor = lane.floor_at(received, floor_of_way);
            floor.is_some_and(|floor| received.saturating_sub(sent) >= floor - lane.slack())
                && !lane.is_overtaken(sent, received)
        };
        let like = chain.into_iter().flatten().find_map(|at| {
            let like = self.entries.get(*at)?;
            let is_left = like.state == State::Waiting && like.covered == 0 && like.is_copy == is_sender;
            let is_other = lane.tells_apart(&like.print, &entry.print) || like.print.is_denied_by(&entry.print);
            (is_left && !is_other && is_possible(&like.print)).then_some((*at, like.print))
        });
        let Some((other, print)) = like else { return false };
        let (sender, came, arrival) = if is_sender { (at, print, other) } else { (other, entry.print, at) };
        if let Some(sent) = self.entries.get_mut(sender) {
            sent.state = State::Matched;
        }
        self.pair(sender, &came, true);
        self.release(arrival);
        true
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
        let received_at = entry.print.time.saturating_add(if is_sender { lane.usual.unwrap_or_default() } else { 0 });
        let floor = lane.floor_at(received_at, floor_of_way);
        // Content that comes again and again: a twin that is too early is another one's, taken it would displace all that
        // follow. Content that is there once may be early, or a clock's step back would end all matching.
        let own_twins = self.by_key.get(1 - end).and_then(|table| table.get(&entry.key)).map_or(0, Vec::len);
        // Where nothing but repeats was ever there, no unique content vouches for the floor.
        let is_repeated = || chain.len() + own_twins > 1 || lane.first.is_some() && self.is_repeating(entry);
        // A checksum that alone differs was damaged; of contents that repeat it says which is which.
        let is_other_sending =
            |like: &Print| lane.tells_apart(like, &entry.print) || like.is_denied_by(&entry.print) && is_repeated();
        let lowest = floor.into_iter().chain(floor_of_way).min();
        let (slack, own_time) = (lane.slack(), entry.print.time);
        let is_too_early = |like: &Print| lowest.is_some_and(|lowest| delay(like) < lowest - slack) && is_repeated();
        let is_overtaken = |like: &Print| {
            let (sent, received) = if is_sender { (own_time, like.time) } else { (like.time, own_time) };
            is_repeated() && lane.is_overtaken(sent, received)
        };
        let is_impossible = |like: &Print| is_too_early(like) || is_overtaken(like);
        // Of contents that come again and again, one that surprises by being early may be another one's; and one that is
        // late, where the level may just have moved.
        let is_doubtful = |like: &Print| {
            let surprise = |usual: i64| {
                let distance = delay(like) - usual;
                lane.is_surprised(distance.abs()) && (distance < 0 || lane.strange.is_some())
            };
            lane.usual.is_some_and(surprise) && is_repeated()
        };
        if let [only] = chain.as_slice() {
            // Nearly always there is one.
            let like = self.entries.get(*only)?;
            if is_other_sending(&like.print) || (like.state == State::Waiting && is_impossible(&like.print)) {
                return None;
            }
            let is_plain = like.state == State::Waiting && like.covered == 0 && !like.is_copy;
            if is_plain || like.state == State::Matched {
                return is_plain.then(|| (*only, like.is_run || is_doubtful(&like.print)));
            }
        }
        let waiting: Vec<(u32, &Print)> = chain
            .iter()
            .filter_map(|at| self.entries.get(*at).map(|like| (*at, like)))
            .filter(|(_, like)| like.state == State::Waiting && like.covered == 0 && !is_other_sending(&like.print))
            .filter(|(_, like)| !like.is_copy || floor.is_some_and(|floor| delay(&like.print) >= floor - slack))
            .filter(|(_, like)| !is_impossible(&like.print))
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
                && !is_other_sending(&twin.print)
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
                && !is_other_sending(&twin.print)
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
                after < surprise && lane.is_surprised(surprise)
                    || floor.is_some_and(|floor| delay(like) < floor - slack)
            }) {
                return None;
            }
        }
        if let [(at, like)] = waiting.as_slice() {
            let is_run = self.entries.get(*at).is_some_and(|like| like.is_run);
            return Some((*at, has_late_twin || is_run || is_doubtful(like)));
        }
        let mut left = waiting;
        for differs in differences {
            let same: Vec<_> = left.iter().filter(|(_, like)| !differs(own, like)).copied().collect();
            if !same.is_empty() {
                left = same;
            }
        }
        if let Some(floor) = floor {
            let possible: Vec<_> = left.iter().filter(|(_, like)| delay(like) >= floor - slack).copied().collect();
            if !possible.is_empty() {
                left = possible;
            }
        }
        let is_ambiguous = left.len() > 1 || has_late_twin;
        // Of those that would surprise nobody the first: so a run is aligned in its order. Of others the nearest.
        let best = match usual {
            Some(usual) => left.iter().min_by_key(|(_, like)| {
                let distance = (delay(like) - usual).abs();
                let is_usual = lane.usual.is_some() && !lane.is_surprised(distance);
                (!is_usual, if is_usual { like.time } else { distance })
            }),
            None => left.first(),
        };
        best.map(|(at, _)| (*at, is_ambiguous))
    }
}
