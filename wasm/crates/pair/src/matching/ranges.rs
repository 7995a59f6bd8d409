//! TCP data as ranges of the byte stream: found in other segments at the other end, or sent again.

use super::{head, Matcher};
use crate::entry::{Entry, State};
use crate::event::{flag, What};
use crate::lane::{before, later};
use crate::print::Print;
use packet::Checksum;

/// Segments of one way that are looked through for an overlap.
const MAX_SCAN: usize = 4096;

/// Bytes that two ranges share.
fn overlap(a: &Print, b: &Print) -> u32 {
    let skip = b.seq.wrapping_sub(a.seq) as i32;
    let (first, second, gap) = if skip >= 0 { (a, b, skip as u32) } else { (b, a, skip.unsigned_abs()) };
    first.len.saturating_sub(gap).min(second.len)
}

impl Matcher {
    /// Ranges with other borders at the two ends. True when the entry needs to wait no more.
    pub(super) fn cover(&mut self, mut entry: Entry) -> bool {
        let end = usize::from(entry.end);
        let is_sender = end == entry.way as usize % 2;
        let floor_of_way = self.floor_of_way(entry.way as usize % 2);
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
        if is_sender {
            // Copies belong to what came before them.
            found.retain(|at| self.entries.get(*at).is_some_and(|known| !known.is_copy));
        } else {
            // What was sent later came long ago: these bytes are of the sending after that, where there is one.
            let is_overtaken = |at: &u32| {
                self.entries.get(*at).is_some_and(|known| lane.is_overtaken(known.print.time, entry.print.time))
            };
            if !found.iter().all(is_overtaken) {
                found.retain(|at| !is_overtaken(at));
            }
            // Of several sendings of these bytes, the one that was as long under way as others.
            let usual = lane.usual.or(lane.first).or(floor_of_way);
            if let (Some(usual), true) = (usual, found.len() > 1) {
                let surprise = |at: &u32| {
                    let sent = self.entries.get(*at).map_or(0, |known| known.print.time);
                    (entry.print.time.saturating_sub(sent) - usual).abs()
                };
                found.sort_by_key(surprise);
            }
        }
        let print = entry.print;
        let Some(pieces) = self.pieces.get_mut(1 - entry.way as usize % 2) else { return false };
        if !is_sender {
            // What it has of these very bytes it has: this is a copy of them.
            found.retain(|at| {
                self.entries.get(*at).is_none_or(|known| !pieces.has(entry.way, &print, known.print.frame))
            });
        }
        let mut completed = Vec::new();
        let mut taken: Vec<(u32, u32)> = Vec::new();
        for at in found {
            let left = entry.print.len.saturating_sub(entry.covered);
            let Some(known) = self.entries.get_mut(at) else { continue };
            let shared = overlap(&known.print, &entry.print).min(known.print.len - known.covered).min(left);
            if shared == 0 {
                continue;
            }
            if is_sender {
                let piece = (known.print.seq, known.print.len);
                if taken.contains(&piece) {
                    known.is_copy = true;
                    continue;
                }
                taken.push(piece);
            }
            let (sent, came) = if is_sender { (&entry.print, &known.print) } else { (&known.print, &entry.print) };
            pieces.add(entry.way, came, sent.frame);
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

    /// A segment of a super-segment that came before.
    pub(super) fn is_piece_again(&mut self, entry: &Entry) -> bool {
        let pieces = self.pieces.get(usize::from(entry.end));
        let is_known = pieces.is_some_and(|pieces| pieces.has_any(entry.way, &entry.print));
        if is_known {
            let (flow, way) = (entry.way / 2, entry.way as usize % 2);
            self.tell(What::Duplicate, flag::AMBIGUOUS, flow, way, usize::from(entry.end), &entry.print, 0);
        }
        is_known
    }

    pub(super) fn mark_sent_again(&mut self, entry: &Entry, twins: &[u32]) -> bool {
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

    /// `at` was sent and all its bytes came, in other segments; `like` holds the last of them.
    pub(super) fn pair_covered(&mut self, at: u32, like: &Print) {
        let Some(sender) = self.entries.get_mut(at) else { return };
        sender.matched_tsval = like.tsval;
        let (way, own, end) = (sender.way, sender.print, usize::from(sender.end));
        let (found, index) = (sender.head, sender.index);
        if let Some(matched) = self.matched.get_mut(end) {
            matched.push_back((own.time, at, own.frame));
        }
        let timed = if found.is_some() { flag::TIMED } else { 0 };
        if let Some(found) = found {
            self.learn(way, found.time.saturating_sub(own.time), found.time);
        }
        let came = found.unwrap_or_else(|| head(like));
        self.tell_pair(flag::RESEGMENTED | timed, way, index, &own, &came, 0, [Checksum::Unknown; 2]);
    }
}
