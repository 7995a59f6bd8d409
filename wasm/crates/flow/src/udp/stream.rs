//! One numbered stream of one direction: its numbers, what became of those that are sent again, its sender's clock, and what it
//! all adds up to.

use super::delay::Delay;
use super::deliveries::{Again, Copy, Deliveries};
use super::facts::Number;
use super::sequence::{add, Place, Sequence};
use super::Notes;
use crate::state::state;
use alloc::boxed::Box;

/// Good steps after which a stream is no chance any more.
const PROVEN: u32 = 4;
/// One numbered stream.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    pub(super) id: u32,
    /// Its numbers.
    pub sequence: Sequence,
    /// Its sender's clock, if it shows one.
    pub delay: Option<Box<Delay>>,
    pub(super) kind: u8,
    pub(super) other_kinds: u8,
    /// Totals of streams that this one took the place of.
    pub(super) past: Counts,
    /// What became of numbers that are sent again, and how many of those came late or twice.
    pub(super) deliveries: Option<Box<Deliveries>>,
    pub(super) repeats: (u32, u32),
    /// Losses that the numbers before the last new beginning still owe to a bin.
    pub(super) owed: i64,
    /// Numbers that its sender says it never used.
    pub(super) choked: u32,
    /// How often either place of that count held what the numbers do not allow.
    pub(super) choke_faults: (u32, u32),
    /// Sum of the spacings that its sender told, µs, and packets in a row that have them.
    pub(super) spaced: (u32, u32),
    /// Datagrams of its side that could not be read, since the last that bore its number.
    pub(super) unread: u32,
}

state!(Stream {
    id,
    sequence,
    delay,
    kind,
    other_kinds,
    past,
    deliveries,
    repeats,
    owed,
    choked,
    choke_faults,
    spaced,
    unread
});

impl Stream {
    /// Has it shown that it is numbered?
    pub fn is_proven(&self) -> bool {
        self.sequence.good >= PROVEN && self.sequence.bad.saturating_mul(4) <= self.sequence.good
    }
}

/// What a direction's numbers say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub lost: u32,
    pub received: u32,
    pub reordered: u32,
    pub extent: u32,
    pub duplicates: u32,
    /// Runs of lost numbers, and packets after which a number follows.
    pub bursts: u32,
    pub followed: u32,
    /// Numbers that came late or twice because they were sent again: when they were lost is not known.
    pub repeats: u32,
}

state!(Counts { lost, received, reordered, extent, duplicates, bursts, followed, repeats });

impl Counts {
    pub(super) fn add(&mut self, other: &Counts) {
        self.lost = self.lost.saturating_add(other.lost);
        self.received = self.received.saturating_add(other.received);
        self.reordered = self.reordered.saturating_add(other.reordered);
        self.extent = self.extent.max(other.extent);
        self.duplicates = self.duplicates.saturating_add(other.duplicates);
        self.bursts = self.bursts.saturating_add(other.bursts);
        self.followed = self.followed.saturating_add(other.followed);
        self.repeats = self.repeats.saturating_add(other.repeats);
    }

    /// Runs of lost packets; None where their order is not known.
    pub fn loss_bursts(&self) -> Option<u32> {
        (self.repeats == 0).then_some(self.bursts)
    }

    /// Largest reordering extent; None where a repeat may pass for a late packet.
    pub fn reordering_extent(&self) -> Option<u32> {
        (self.repeats == 0).then_some(self.extent)
    }
}

impl Stream {
    /// A count of choked packets came along, in one of two places: of the numbers that this packet stepped over,
    /// so many were never sent. The place that has been wrong less often is believed; a wrong one is soon told, since it
    /// holds a checksum. What it takes off the settled loss.
    pub(super) fn choke(&mut self, [behind_checksum, bare]: [u8; 2], step: i64) -> i64 {
        let is_possible = |count: u8| count > 0 && i64::from(count) < step;
        if !is_possible(behind_checksum) {
            add(&mut self.choke_faults.0);
        }
        if !is_possible(bare) {
            add(&mut self.choke_faults.1);
        }
        let count = if self.choke_faults.0 <= self.choke_faults.1 { behind_checksum } else { bare };
        if !is_possible(count) {
            return 0;
        }
        self.choked = self.choked.saturating_add(u32::from(count));
        self.sequence.held_back(u32::from(count))
    }

    pub(super) fn numbers(&self) -> Counts {
        let sequence = &self.sequence;
        let (late, again) = self.repeats;
        Counts {
            lost: sequence.lost(),
            received: sequence.received,
            reordered: sequence.reordered.saturating_sub(late),
            extent: sequence.extent,
            duplicates: sequence.duplicates.saturating_sub(again),
            bursts: sequence.bursts(),
            followed: sequence.followed(),
            repeats: late.saturating_add(again),
        }
    }

    pub(super) fn counts(&self) -> Counts {
        let numbers = self.numbers();
        Counts { lost: numbers.lost.saturating_add(self.lost_again()), ..numbers }
    }

    /// A number that is sent again until it is acknowledged; what that adds to the losses.
    pub(super) fn send(
        &mut self,
        number: &Number,
        copy: Copy,
        place: Place,
        at_ns: Option<i64>,
        notes: &mut Notes,
    ) -> i64 {
        let deliveries = self.deliveries.get_or_insert_with(Box::default);
        // Without a time nothing tells a repeat from what the network does.
        let Some(at_ns) = at_ns else { return 0 };
        let what = match place {
            Place::First | Place::Next(_) => {
                if place == Place::First {
                    deliveries.begin();
                }
                deliveries.sent(number.value, copy.key, at_ns);
                return 0;
            }
            Place::Late => deliveries.came_late(number.value, number.bits, copy, at_ns),
            Place::Duplicate => deliveries.came_again(number.value, copy, at_ns),
            Place::Jump => return 0,
        };
        match what {
            Again::Repeat(change) => {
                add(if place == Place::Late { &mut self.repeats.0 } else { &mut self.repeats.1 });
                change
            }
            Again::Overtaken => {
                notes.reordered = notes.reordered.saturating_add(1);
                0
            }
            Again::Doubled => 0,
        }
    }

    /// Losses of numbers that were sent again.
    pub(super) fn lost_again(&self) -> u32 {
        self.deliveries.as_ref().map_or(0, |deliveries| deliveries.lost)
    }

    pub(super) fn tells_choke(&self) -> bool {
        self.choked > 0
    }

    /// Keeps the totals, if they were any, and begins again.
    pub(super) fn start_anew(&mut self) {
        if self.is_proven() {
            self.owed = self.owed.saturating_add(self.sequence.unsettled());
            // What was lost and sent again stays with the deliveries.
            let ended = self.numbers();
            self.past.add(&ended);
        }
        self.sequence = Sequence::default();
        self.repeats = (0, 0);
        if let Some(deliveries) = &mut self.deliveries {
            deliveries.begin();
        }
        self.delay = None;
        self.other_kinds = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_before_a_new_beginning_take_nothing_off_what_comes_late_after_it() {
        let mut stream = Stream::default();
        for value in [1, 2, 5, 6, 7, 3, 8, 9] {
            stream.sequence.observe(value, 16);
        }
        // The late one was sent again.
        stream.repeats = (1, 0);
        stream.start_anew();
        assert_eq!((stream.past.reordered, stream.past.repeats), (0, 1));
        for value in [1, 2, 4, 5, 3, 6, 7] {
            stream.sequence.observe(value, 16);
        }
        let now = stream.counts();
        assert_eq!((now.reordered, now.repeats, now.extent), (1, 0, 2));
    }
}
