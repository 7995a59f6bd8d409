//! Packets of one numbered stream: loss, reordering, duplicates.
//!
//! Loss is RFC 3550 A.3: highest minus first plus one, minus what came, so that a late packet undoes its loss;
//! duplicates are told first and count for nothing else (a negative loss is thereby impossible). Reordered is RFC 4737 3:
//! a number below the next expected. A jump is believed when the next packet goes on from it (RFC 3550 A.1).

use crate::state::state;

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
    /// Bit i: `highest - i` came.
    seen: u64,
    unique: i64,
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
    lost_before_restart,
    suspect,
    told,
    received,
    duplicates,
    reordered,
    good,
    bad,
});

/// The difference as a signed number of `bits` bits.
pub fn signed_difference(value: u64, from: u64, bits: u32) -> i64 {
    let shift = 64u32.saturating_sub(bits).min(63);
    (value.wrapping_sub(from).wrapping_shl(shift) as i64) >> shift
}

fn add(counter: &mut u32) {
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
        add(&mut self.received);
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
            self.highest = self.highest.saturating_add(step);
            self.seen = if step < 64 { self.seen << step } else { 0 } | 1;
            self.unique = self.unique.saturating_add(1);
            self.suspect = None;
            add(&mut self.received);
            add(if step <= PLAUSIBLE_STEP { &mut self.good } else { &mut self.bad });
            return Place::Next(step);
        }
        if step <= 0 && step > -MAX_MISORDER {
            return self.late(step.saturating_neg());
        }
        add(&mut self.bad);
        if self.suspect == Some(value) {
            self.lost_before_restart = self.lost();
            self.start(value);
            return Place::First;
        }
        let mask = u64::MAX >> 64u32.saturating_sub(bits).min(63);
        self.suspect = Some(value.wrapping_add(1) & mask);
        Place::Jump
    }

    fn late(&mut self, depth: i64) -> Place {
        let number = self.highest.saturating_sub(depth);
        let bit = if depth < 64 { 1u64 << depth } else { 0 };
        // Beyond the 64 remembered, a packet is believed new as long as one is missing.
        let is_known = if bit != 0 { self.seen & bit != 0 } else { self.lost_here() == 0 && number >= self.base };
        if is_known {
            add(&mut self.duplicates);
            return Place::Duplicate;
        }
        self.seen |= bit;
        self.unique = self.unique.saturating_add(1);
        add(&mut self.received);
        add(&mut self.reordered);
        self.base = self.base.min(number);
        Place::Late
    }

    /// Missing numbers not yet settled: they are lost when nothing more comes.
    pub fn unsettled(&self) -> i64 {
        if !self.started {
            return 0;
        }
        let ours = self.highest.saturating_sub(self.base).saturating_add(1).clamp(1, SETTLED);
        let came = self.seen & ((1u64 << ours) - 1);
        ours - i64::from(came.count_ones())
    }

    fn lost_here(&self) -> i64 {
        self.highest.saturating_sub(self.base).saturating_add(1).saturating_sub(self.unique).max(0)
    }

    /// The `count` numbers before the highest were never sent; what that takes off the settled loss.
    pub fn held_back(&mut self, count: u32) -> i64 {
        let before = ((1u64 << count.min(62)) - 1) << 1;
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
    use super::*;
    use alloc::vec::Vec;

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
}
