//! Packets of one numbered stream: loss and its bursts, reordering and its extent, duplicates.
//!
//! Loss is RFC 3550 A.3: highest minus first plus one, minus what came, so that a late packet undoes its loss;
//! duplicates are told first and count for nothing else (a negative loss is thereby impossible). Reordered is RFC 4737 3:
//! a number below the next expected. A jump is believed when the next packet goes on from it (RFC 3550 A.1).
//! The extent of a reordered packet (RFC 4737 4.2.1) is how many packets ago the first with a greater number came: the
//! one that stepped over it.

use crate::state::state;
use alloc::vec::Vec;

/// RFC 3550 A.1: a step this large is a new beginning and no loss.
const MAX_DROPOUT: i64 = 3000;
/// RFC 3550 A.1: so far back a packet may be late.
const MAX_MISORDER: i64 = 100;
/// A packet that so many newer ones have overtaken counts as lost for the bin; if it comes after all, that is taken back.
const SETTLED: i64 = 16;
/// A step up to this speaks for the stream being numbered at all.
const PLAUSIBLE_STEP: i64 = 16;

/// What a packet was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// The first of its stream, or of it after a restart.
    #[default]
    First,
    /// One or more steps on.
    Next(i64),
    /// Came after a newer one.
    Late,
    /// Came before.
    Duplicate,
    /// Too far from the others; nothing was counted.
    Jump,
}

/// One numbered stream of one direction.
#[derive(Clone, Debug, Default)]
pub struct Sequence {
    started: bool,
    /// First and highest number, counted on across wraps.
    base: i64,
    highest: i64,
    /// Bit i: `highest - i` came. Wider than the latest packet may be late.
    seen: u128,
    unique: i64,
    /// Packets that stepped over numbers still within reach: their number, and how many had come by then.
    steps: Vec<(i64, u32)>,
    /// Runs of lost numbers among those beyond reach, and whether the latest of these was lost.
    settled_bursts: u32,
    is_in_burst: bool,
    /// First packets: of the stream, and of it after each restart; and how many had come with the latest.
    begins: u32,
    began: u32,
    lost_before_restart: u32,
    /// Where a jump would go on.
    suspect: Option<u64>,
    /// Settled losses told so far.
    told: i64,
    /// Packets, without duplicates.
    pub received: u32,
    /// Packets that came twice.
    pub duplicates: u32,
    /// Packets that came late.
    pub reordered: u32,
    /// Largest extent of one.
    pub extent: u32,
    /// Steps that speak for and against this being a numbered stream.
    pub good: u32,
    /// Steps against it.
    pub bad: u32,
}

state!(Sequence {
    started,
    base,
    highest,
    seen,
    unique,
    steps,
    settled_bursts,
    is_in_burst,
    begins,
    began,
    lost_before_restart,
    suspect,
    told,
    received,
    duplicates,
    reordered,
    extent,
    good,
    bad,
});

/// Numbers that `seen` remembers.
const REACH: i64 = 128;

/// The difference as a signed number of `bits` bits.
pub fn signed_difference(value: u64, from: u64, bits: u32) -> i64 {
    let shift = 64u32.saturating_sub(bits).min(63);
    (value.wrapping_sub(from).wrapping_shl(shift) as i64) >> shift
}

/// One more.
pub(super) fn add(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}

impl Sequence {
    fn start(&mut self, value: u64) {
        self.started = true;
        self.base = (value & (u64::MAX >> 1)) as i64;
        self.highest = self.base;
        self.seen = 1;
        self.unique = 1;
        self.suspect = None;
        self.steps.clear();
        self.is_in_burst = false;
        add(&mut self.begins);
        add(&mut self.received);
        self.began = self.received;
    }

    /// One packet; the second value is what it adds to the settled loss (see `SETTLED`).
    pub fn observe(&mut self, value: u64, bits: u32) -> (Place, i64) {
        let place = self.place(value, bits);
        let settled = i64::from(self.lost()).saturating_sub(self.unsettled());
        let told = core::mem::replace(&mut self.told, settled);
        (place, settled.saturating_sub(told))
    }

    fn place(&mut self, value: u64, bits: u32) -> Place {
        if !self.started {
            self.start(value);
            return Place::First;
        }
        let step = signed_difference(value, self.highest as u64, bits);
        if step > 0 && step <= MAX_DROPOUT {
            self.settle(step);
            self.highest = self.highest.saturating_add(step);
            self.seen = if step < REACH { self.seen << step } else { 0 } | 1;
            self.unique = self.unique.saturating_add(1);
            self.suspect = None;
            add(&mut self.received);
            if step > 1 || !self.steps.is_empty() {
                let oldest = self.highest.saturating_sub(MAX_MISORDER);
                self.steps.retain(|(number, _)| *number > oldest);
                if step > 1 {
                    self.steps.push((self.highest, self.received));
                }
            }
            add(if step <= PLAUSIBLE_STEP { &mut self.good } else { &mut self.bad });
            return Place::Next(step);
        }
        if step <= 0 && step > -MAX_MISORDER {
            return self.late(step.saturating_neg());
        }
        add(&mut self.bad);
        if self.suspect == Some(value) {
            self.lost_before_restart = self.lost();
            self.settled_bursts = self.bursts();
            self.start(value);
            return Place::First;
        }
        let mask = u64::MAX >> 64u32.saturating_sub(bits).min(63);
        self.suspect = Some(value.wrapping_add(1) & mask);
        Place::Jump
    }

    fn late(&mut self, depth: i64) -> Place {
        let number = self.highest.saturating_sub(depth);
        let bit = 1u128 << depth.clamp(0, REACH - 1);
        if self.seen & bit != 0 {
            add(&mut self.duplicates);
            return Place::Duplicate;
        }
        self.seen |= bit;
        self.unique = self.unique.saturating_add(1);
        add(&mut self.received);
        add(&mut self.reordered);
        // What is before the first was stepped over by it.
        let is_before_first = number < self.base;
        let stepped_over = self.steps.iter().find(|(over, _)| *over > number).map(|(_, came)| *came);
        let came = if is_before_first { self.began } else { stepped_over.unwrap_or(self.received) };
        self.extent = self.extent.max(self.received.saturating_sub(came));
        self.base = self.base.min(number);
        Place::Late
    }

    /// Counts the bursts among the numbers that a step puts out of reach.
    fn settle(&mut self, step: i64) {
        let known = self.highest.saturating_sub(self.base).saturating_add(1).min(REACH);
        let leaving = known.saturating_add(step).saturating_sub(REACH);
        if leaving <= 0 {
            return;
        }
        for depth in (known.saturating_sub(leaving).max(0)..known).rev() {
            self.pass(self.seen >> depth & 1 == 1);
        }
        if leaving > known {
            self.pass(false);
        }
    }

    fn pass(&mut self, came: bool) {
        if !came && !self.is_in_burst {
            add(&mut self.settled_bursts);
        }
        self.is_in_burst = !came;
    }

    /// Runs of numbers that never came.
    pub fn bursts(&self) -> u32 {
        if !self.started {
            return self.settled_bursts;
        }
        let known = self.highest.saturating_sub(self.base).saturating_add(1).clamp(1, REACH);
        let missing = !self.seen & (u128::MAX >> (REACH - known));
        // A run begins where the number before it came, or lies beyond reach and did.
        let before = missing >> 1;
        let oldest_goes_on = self.is_in_burst && missing >> (known - 1) & 1 == 1;
        let runs = (missing & !before).count_ones();
        self.settled_bursts.saturating_add(runs).saturating_sub(u32::from(oldest_goes_on))
    }

    /// Packets after which a number follows that came or was lost: all but the last of each beginning.
    pub fn followed(&self) -> u32 {
        self.received.saturating_sub(self.begins)
    }

    /// Missing numbers not yet settled: they are lost when nothing more comes.
    pub fn unsettled(&self) -> i64 {
        if !self.started {
            return 0;
        }
        let ours = self.highest.saturating_sub(self.base).saturating_add(1).clamp(1, SETTLED);
        let came = self.seen & ((1u128 << ours) - 1);
        ours - i64::from(came.count_ones())
    }

    fn lost_here(&self) -> i64 {
        self.highest.saturating_sub(self.base).saturating_add(1).saturating_sub(self.unique).max(0)
    }

    /// The `count` numbers before the highest were never sent; what that takes off the settled loss.
    pub fn held_back(&mut self, count: u32) -> i64 {
        let before = ((1u128 << count.min(62)) - 1) << 1;
        let missing = (before & !self.seen).count_ones();
        self.seen |= before;
        self.unique = self.unique.saturating_add(i64::from(missing));
        let settled = i64::from(self.lost()).saturating_sub(self.unsettled());
        let told = core::mem::replace(&mut self.told, settled);
        settled.saturating_sub(told)
    }

    /// The highest number.
    pub fn highest(&self) -> i64 {
        self.highest
    }

    /// Numbers between first and highest that never came.
    pub fn lost(&self) -> u32 {
        let here = if self.started { self.lost_here() } else { 0 };
        self.lost_before_restart.saturating_add(here.min(i64::from(u32::MAX)) as u32)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::unwrap_used)]
    use super::*;

    fn run(values: &[u64], bits: u32) -> (Sequence, i64) {
        let mut sequence = Sequence::default();
        let settled = values.iter().map(|&value| sequence.observe(value, bits).1).sum();
        (sequence, settled)
    }

    #[test]
    fn a_wrap_is_no_loss_for_any_width() {
        for bits in [8, 14, 16, 24, 31, 32, 48] {
            let top = u64::MAX >> (64 - bits);
            let values: Vec<u64> = (0..40).map(|at| (top - 20).wrapping_add(at) & top).collect();
            let (sequence, _) = run(&values, bits);
            assert_eq!((sequence.lost(), sequence.received, sequence.bad), (0, 40, 0), "{bits} bits");
        }
    }

    #[test]
    fn a_late_packet_undoes_its_loss_and_a_duplicate_does_not() {
        // pjsip/pjproject#3653
        let (sequence, _) = run(&[1, 2, 5, 4, 5, 6], 16);
        assert_eq!((sequence.lost(), sequence.reordered, sequence.duplicates), (1, 1, 1));
    }

    #[test]
    fn settled_and_unsettled_losses_add_up_to_the_loss() {
        let mut values: Vec<u64> = (65_500..65_536u64).chain(0..200).filter(|value| value % 7 != 3).collect();
        values.swap(3, 4);
        values.push(150 + 7 * 7);
        let (sequence, settled) = run(&values, 16);
        assert_eq!(settled + sequence.unsettled(), i64::from(sequence.lost()));
        assert!(sequence.lost() > 30);
    }

    #[test]
    fn a_restart_is_believed_when_it_goes_on() {
        let (sequence, _) = run(&[10, 11, 13, 40_000, 40_001, 40_002], 16);
        assert_eq!((sequence.lost(), sequence.received, sequence.bad), (1, 5, 2));
        let (sequence, _) = run(&[10, 11, 40_000, 12, 13], 16);
        assert_eq!((sequence.lost(), sequence.received), (0, 4));
    }

    /// RFC 4737 4.2.1 as it is written: i - j, j the first arrival of a greater number.
    fn extent_by_the_text(arrivals: &[u64]) -> u32 {
        let extent = |(i, s): (usize, &u64)| arrivals[..i].iter().position(|earlier| earlier > s).map_or(0, |j| i - j);
        arrivals.iter().enumerate().map(extent).max().unwrap_or(0) as u32
    }

    fn bursts_by_the_text(arrivals: &[u64]) -> u32 {
        let (least, most) = (*arrivals.iter().min().unwrap(), *arrivals.iter().max().unwrap());
        let is_lost = |number: u64| !arrivals.contains(&number);
        (least + 1..=most).filter(|&number| is_lost(number) && !is_lost(number - 1)).count() as u32
    }

    #[test]
    fn bursts_and_extents_are_those_of_the_text() {
        for seed in 1..400u64 {
            let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut below = |limit: u64| {
                random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (random >> 33) % limit
            };
            let (loss, late, far) = (1 + below(30), 1 + below(20), 1 + below(90));
            let mut is_bad = false;
            let mut sent: Vec<(u64, u64)> = Vec::new();
            for number in 1000..1600u64 {
                is_bad = if is_bad { below(3) > 0 } else { below(100) < loss };
                if number == 1000 || number == 1599 || !is_bad {
                    let held = if number > 1000 && below(100) < late { below(far) } else { 0 };
                    sent.push((number + held, number));
                }
            }
            sent.sort();
            let arrivals: Vec<u64> = sent.into_iter().map(|(_, number)| number).collect();
            let (sequence, _) = run(&arrivals, 16);
            assert_eq!(sequence.bursts(), bursts_by_the_text(&arrivals), "seed {seed}");
            assert_eq!(sequence.extent, extent_by_the_text(&arrivals), "seed {seed}");
            assert_eq!(sequence.followed(), arrivals.len() as u32 - 1);
        }
    }

    #[test]
    fn what_comes_before_the_first_was_stepped_over_by_it() {
        let (sequence, _) = run(&[10, 11, 12, 9, 13], 16);
        assert_eq!((sequence.extent, sequence.bursts(), sequence.lost()), (3, 0, 0));
    }

    #[test]
    fn a_restart_ends_a_burst_and_keeps_it() {
        let (sequence, _) = run(&[10, 13, 14, 40_000, 40_001, 40_004], 16);
        assert_eq!((sequence.bursts(), sequence.lost(), sequence.followed()), (2, 4, 3));
    }
}
