//! A sender's TCP timestamp clock as the time base of one-way delay variation.
//!
//! d = arrival − TSval × tick is the one-way delay up to a constant. The tick is read from the flow's own slope.
//! - IPDV (RFC 5481 4.1): d of consecutive segments; selection function: in-order data segments sent once that are
//!   the first to carry their TSval, with no gap, late segment or repeat between the two.
//! - interarrival jitter (RFC 3550 6.4.1, A.8 integer form) over the same pairs, in ns.
//!
//! - PDV (RFC 5481 4.2): d above its floor, skew removed (`floor`), of in-order data segments sent once that are the
//!   first to carry their TSval.
//!
//! Limits: TSval counts whole ticks, so each d is quantised by one tick: |IPDV|, PDV and jitter are too high by up to
//! one tick and cannot resolve less. Known ticks above 4 ms are therefore not used.

use super::floor::Floor;
use crate::histogram::Samples;
use crate::state::state;

/// Ticks that senders are known to use.
const TICKS_NS: &[i64] = &[1_000_000, 2_000_000, 4_000_000, 5_000_000, 8_000_000, 10_000_000, 16_000_000, 100_000_000];
/// Coarsest tick that still tells something about a network.
const COARSEST_NS: i64 = 4_000_000;
const FEWEST_SEGMENTS: u32 = 20;
const SHORTEST_NS: i64 = 2_000_000_000;
/// The slope must agree with a known tick within 1/50.
const TOLERANCE: i64 = 50;

/// The clock of one sender.
#[derive(Clone, Debug, Default)]
pub struct SenderClock {
    started: bool,
    first_ns: i64,
    last_tsval: u32,
    /// Ticks since the first segment, unwrapped.
    ticks: i64,
    segments: u32,
    tick_ns: Option<i64>,
    last_transit_ns: Option<i64>,
    /// 16 × jitter, as in RFC 3550 A.8.
    jitter_16th: i64,
    /// |IPDV|.
    pub ipdv: Samples,
    floor: Floor,
    /// PDV.
    pub pdv: Samples,
}

state!(SenderClock {
    started,
    first_ns,
    last_tsval,
    ticks,
    segments,
    tick_ns,
    last_transit_ns,
    jitter_16th,
    ipdv,
    floor,
    pdv,
});

impl SenderClock {
    /// A data segment seen in order, once. Returns its PDV.
    #[inline]
    pub fn sent(&mut self, tsval: u32, now_ns: i64) -> Option<i64> {
        if !self.started {
            self.started = true;
            self.first_ns = now_ns;
            self.last_tsval = tsval;
            return None;
        }
        let step = tsval.wrapping_sub(self.last_tsval) as i32;
        if step <= 0 {
            return None;
        }
        self.last_tsval = tsval;
        self.ticks = self.ticks.saturating_add(i64::from(step));
        self.segments = self.segments.saturating_add(1);
        let elapsed_ns = now_ns.saturating_sub(self.first_ns);
        let Some(tick_ns) = self.tick_ns else {
            if self.segments >= FEWEST_SEGMENTS && elapsed_ns >= SHORTEST_NS && self.segments & 3 == 0 {
                self.tick_ns = known_tick(elapsed_ns / self.ticks.max(1));
            }
            return None;
        };
        let transit_ns = elapsed_ns.saturating_sub(self.ticks.saturating_mul(tick_ns));
        if let Some(last_ns) = self.last_transit_ns {
            let variation_ns = transit_ns.saturating_sub(last_ns).saturating_abs();
            self.ipdv.add(variation_ns);
            self.jitter_16th =
                self.jitter_16th.saturating_add(variation_ns).saturating_sub(self.jitter_16th.saturating_add(8) >> 4);
        }
        self.last_transit_ns = Some(transit_ns);
        if tick_ns > COARSEST_NS {
            return None;
        }
        let above_ns = self.floor.above(elapsed_ns, transit_ns);
        self.pdv.add(above_ns);
        Some(above_ns)
    }

    /// A gap, a late segment or a repeat: the next segment has no predecessor.
    pub fn interrupt(&mut self) {
        self.last_transit_ns = None;
    }

    /// Does the clock give anything to report?
    pub fn is_usable(&self) -> bool {
        self.tick_ns.is_some_and(|tick_ns| tick_ns <= COARSEST_NS) && !self.ipdv.is_empty()
    }

    /// Interarrival jitter.
    pub fn jitter_ns(&self) -> i64 {
        self.jitter_16th >> 4
    }
}

fn known_tick(slope_ns: i64) -> Option<i64> {
    TICKS_NS
        .iter()
        .copied()
        .find(|&tick_ns| slope_ns.saturating_sub(tick_ns).saturating_abs().saturating_mul(TOLERANCE) <= tick_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_delay_has_no_variation_and_an_alternating_one_has_its_step() {
        let mut clock = SenderClock::default();
        for at in 0..400i64 {
            let sent_ns = at * 20_000_000;
            let delay_ns = if at >= 300 { (at % 2) * 6_000_000 } else { 0 };
            clock.sent((u32::MAX - 50).wrapping_add((sent_ns / 1_000_000) as u32), sent_ns + delay_ns);
            if at == 299 {
                assert_eq!((clock.jitter_ns(), clock.ipdv.quantile(1000)), (0, Some(0)));
            }
        }
        assert_eq!(clock.tick_ns, Some(1_000_000));
        assert_eq!(clock.ipdv.quantile(1000), Some(6_000_000));
        assert!((5_900_000..=6_000_000).contains(&clock.jitter_ns()), "{}", clock.jitter_ns());
    }

    #[test]
    fn a_slope_that_fits_no_known_tick_gives_nothing() {
        let mut clock = SenderClock::default();
        for at in 0..400i64 {
            clock.sent(at as u32 * 7, at * 21_000_000);
        }
        assert!(!clock.is_usable());
    }
}
