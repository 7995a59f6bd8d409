//! Numbers of one stream that are sent again until they are acknowledged, one by one: how many of their copies were lost.
//!
//! A copy that is sent before any answer passes counts as a loss: of the one before it, or of its answer, which nothing
//! tells apart when only one answer passes. Each further answer takes one back: of so many copies and so many answers at most the
//! difference is lost. Answers that the network doubles would hide a loss that way; where numbers have more answers than
//! copies too often, second answers prove nothing.

use super::sequence::signed_difference;
use crate::state::state;
use alloc::collections::VecDeque;

/// Numbers remembered.
const MOST: usize = 128;
/// No sender repeats that soon (Luanti waits for 100 ms at least): a copy of the network, or overtaken by it. Where the
/// sender's time travels, that is told by the time.
const SOONEST_REPEAT_NS: i64 = 50_000_000;
/// Expected false proofs, in hundredths, above which second answers prove nothing.
const MOST_FALSE_PERCENT: u64 = 1;

/// One number.
#[derive(Clone, Debug, Default)]
struct Sending {
    value: u64,
    /// What its first and its last copy are answered by; the same where copies are alike.
    first_key: u64,
    last_key: u64,
    first_ns: i64,
    last_ns: i64,
    /// Copies known of, and those among them that were sent before any answer passed.
    copies: u32,
    repeats: u32,
    answers: u32,
    /// Were the first and the last copy answered, where they differ?
    was_answered: (bool, bool),
    lost: u32,
}

state!(Sending { value, first_key, last_key, first_ns, last_ns, copies, repeats, answers, was_answered, lost });

/// What tells one copy of a number from another: what answers it, and the width of the sender's time above the key's
/// lowest 32 bits; 0 where it does not travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    /// See above.
    pub key: u64,
    /// See above.
    pub time_bits: u32,
}

/// What a packet was whose number is not the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// The network doubled it.
    Doubled,
    /// The network let others pass it.
    Overtaken,
    /// Its sender sent it again; what that changes of the losses.
    Repeat(i64),
}

/// The numbers of one stream that were sent last.
#[derive(Clone, Debug, Default)]
pub struct Deliveries {
    recent: VecDeque<Sending>,
    /// All answers; those beyond the copies of their number; losses that a second answer took back.
    all_answers: u64,
    excess: u64,
    by_second: u32,
    distrusts: bool,
    /// Losses as told so far.
    pub lost: u32,
}

state!(Deliveries { recent, all_answers, excess, by_second, distrusts, lost });

impl Sending {
    /// Losses by what is known now.
    fn losses(&self, distrusts: bool) -> u32 {
        let answers = if distrusts { self.answers.min(1) } else { self.answers };
        self.copies.saturating_sub(answers).min(self.repeats)
    }
}

impl Deliveries {
    /// Numbers begin anew.
    pub fn begin(&mut self) {
        self.recent.clear();
    }

    fn push(&mut self, sending: Sending) {
        if self.recent.len() >= MOST {
            self.recent.pop_front();
        }
        self.recent.push_back(sending);
    }

    fn place(&self, value: u64) -> Option<usize> {
        self.recent.iter().rposition(|sending| sending.value == value)
    }

    /// A number that goes on.
    pub fn sent(&mut self, value: u64, key: u64, at_ns: i64) {
        self.push(Sending {
            value,
            first_key: key,
            last_key: key,
            first_ns: at_ns,
            last_ns: at_ns,
            copies: 1,
            ..Sending::default()
        });
    }

    /// A number below the highest that was not seen before.
    pub fn came_late(&mut self, value: u64, bits: u32, copy: Copy, at_ns: i64) -> Again {
        let ahead = |sending: &&Sending| signed_difference(sending.value, value, bits);
        let next = self.recent.iter().filter(|sending| ahead(sending) > 0).min_by_key(ahead);
        let is_overtaken = next.is_some_and(|next| match copy.time_bits {
            0 => at_ns.saturating_sub(next.first_ns) < SOONEST_REPEAT_NS,
            bits => signed_difference(copy.key >> 32, next.first_key >> 32, bits) <= 0,
        });
        self.sent(value, copy.key, at_ns);
        if is_overtaken {
            return Again::Overtaken;
        }
        // The one before it was lost on the way here.
        let Some(sending) = self.recent.back_mut() else { return Again::Overtaken };
        (sending.copies, sending.repeats, sending.lost) = (2, 1, 1);
        self.lost = self.lost.saturating_add(1);
        Again::Repeat(1)
    }

    /// A number that was seen before.
    pub fn came_again(&mut self, value: u64, copy: Copy, at_ns: i64) -> Again {
        let (distrusts, key) = (self.distrusts, copy.key);
        let Some(sending) = self.place(value).and_then(|place| self.recent.get_mut(place)) else {
            // Too old to know what became of it.
            self.lost = self.lost.saturating_add(1);
            return Again::Repeat(1);
        };
        let is_alike = key == sending.last_key || key == sending.first_key;
        if is_alike && (copy.time_bits > 0 || at_ns.saturating_sub(sending.last_ns) < SOONEST_REPEAT_NS) {
            return Again::Doubled;
        }
        sending.copies = sending.copies.saturating_add(1);
        if sending.answers == 0 {
            sending.repeats = sending.repeats.saturating_add(1);
        }
        (sending.last_key, sending.last_ns, sending.was_answered.1) = (key, at_ns, false);
        Again::Repeat(settle(sending, &mut self.lost, distrusts))
    }

    /// A number is acknowledged; what that changes of the losses.
    pub fn answered(&mut self, value: u64, key: u64) -> i64 {
        self.all_answers = self.all_answers.saturating_add(1);
        let distrusts = self.distrusts;
        let Some(sending) = self.place(value).and_then(|place| self.recent.get_mut(place)) else { return 0 };
        let are_alike = sending.first_key == sending.last_key;
        let (first, last) = (key == sending.first_key, key == sending.last_key);
        let was_answered = first && sending.was_answered.0 || last && sending.was_answered.1;
        if sending.answers >= sending.copies || !are_alike && was_answered {
            self.excess = self.excess.saturating_add(1);
            return self.doubt();
        }
        sending.was_answered.0 |= first;
        sending.was_answered.1 |= last;
        sending.answers = sending.answers.saturating_add(1);
        let is_second = sending.answers > 1;
        let change = settle(sending, &mut self.lost, distrusts);
        if is_second {
            self.by_second = self.by_second.saturating_add(change.unsigned_abs() as u32);
        }
        change
    }

    /// The network doubles answers: is it so often that second ones prove nothing?
    fn doubt(&mut self) -> i64 {
        let expected = self.excess.saturating_mul(u64::from(self.by_second.saturating_add(self.lost)));
        if self.distrusts || expected.saturating_mul(100) <= self.all_answers.saturating_mul(MOST_FALSE_PERCENT) {
            return 0;
        }
        self.distrusts = true;
        let back = core::mem::take(&mut self.by_second);
        self.lost = self.lost.saturating_add(back);
        self.recent.iter_mut().for_each(|sending| sending.lost = sending.losses(true));
        i64::from(back)
    }
}

fn settle(sending: &mut Sending, lost: &mut u32, distrusts: bool) -> i64 {
    let now = sending.losses(distrusts);
    let before = core::mem::replace(&mut sending.lost, now);
    *lost = lost.saturating_add(now).saturating_sub(before);
    i64::from(now) - i64::from(before)
}
