//! Delay variation against a sender's clock: interarrival jitter (RFC 3550 A.8, integer form, 16ths, here in ns so that
//! arrival times are not rounded to the sender's tick), IPDV (RFC 5481 4.1) and PDV (4.2).
//!
//! The transit time is a signed 64-bit difference from the first packet: no unsigned underflow
//! (voipmonitor/sniffer#29, nProbe#348, pion/interceptor#352). Packets of one video frame carry one timestamp and
//! only the first of them says something about the network (baresip/re#978).

use crate::histogram::Samples;
use crate::state::state;
use alloc::vec::Vec;

/// Rates of RTP clocks: RFC 3551 4.5, RFC 7587, and those that telephony adds.
const RATES_HZ: &[i64] = &[8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 90_000];
/// A measured rate must be this near to a known one: 1/64; the nearest two differ by 1/12.
const TOLERANCE: i64 = 64;
const FEWEST_FOR_RATE: usize = 24;
const SHORTEST_FOR_RATE_NS: i64 = 400_000_000;
const MOST_EARLY: usize = 64;
/// Three of four packets arrive within this of what the rate says.
const FARTHEST_NS: i64 = 100_000_000;
/// PDV is measured over the smallest delay of this interval and the one before: skew and route changes go out of sight.
const INTERVAL_NS: i64 = 10_000_000_000;

/// One stream against its sender's clock.
#[derive(Clone, Debug, Default)]
pub struct Delay {
    started: bool,
    first_ns: i64,
    last_ticks: u32,
    /// Ticks since the first packet, signed.
    ticks: i64,
    rate_hz: i64,
    /// (arrival, ticks) while the rate is not known.
    early: Vec<(i64, i64)>,
    last_transit_ns: Option<i64>,
    last_sent_ns: i64,
    /// Time between two consecutive packets by the sender's clock.
    tick_ns: i64,
    jitter_16th: i64,
    /// Has jitter been updated?
    pub updates: u32,
    interval_ends_ns: i64,
    least_now_ns: Option<i64>,
    least_before_ns: Option<i64>,
    /// |IPDV|.
    pub ipdv: Samples,
    /// PDV.
    pub pdv: Samples,
    /// Packets later than the deadline.
    pub late: u32,
}

state!(Delay {
    started,
    first_ns,
    last_ticks,
    ticks,
    rate_hz,
    early,
    last_transit_ns,
    last_sent_ns,
    tick_ns,
    jitter_16th,
    updates,
    interval_ends_ns,
    least_now_ns,
    least_before_ns,
    ipdv,
    pdv,
    late,
});

/// `ticks` of a clock at `rate_hz`, in ns.
fn nanoseconds(ticks: i64, rate_hz: i64) -> i64 {
    let rate_hz = rate_hz.max(1);
    let whole = ticks.div_euclid(rate_hz).saturating_mul(1_000_000_000);
    whole.saturating_add(ticks.rem_euclid(rate_hz).saturating_mul(1_000_000_000) / rate_hz)
}

impl Delay {
    /// A packet in order of arrival. `rate_hz` 0 = to be found. Gives the PDV once there is one.
    pub fn observe(
        &mut self,
        at_ns: i64,
        ticks: u32,
        rate_hz: i64,
        is_consecutive: bool,
        deadline_ns: i64,
    ) -> Option<i64> {
        if !self.started {
            self.started = true;
            self.first_ns = at_ns;
            self.last_ticks = ticks;
            self.rate_hz = rate_hz;
            if rate_hz == 0 {
                self.early.push((at_ns, 0));
                return None;
            }
            return self.update(at_ns, 0, false, deadline_ns);
        }
        let step = i64::from(ticks.wrapping_sub(self.last_ticks) as i32);
        if step == 0 {
            return None;
        }
        self.last_ticks = ticks;
        self.ticks = self.ticks.saturating_add(step);
        if self.rate_hz != 0 {
            return self.update(at_ns, self.ticks, is_consecutive, deadline_ns);
        }
        self.early.push((at_ns, self.ticks));
        self.find_rate(FEWEST_FOR_RATE, deadline_ns);
        if self.early.len() >= MOST_EARLY {
            self.early.clear();
            self.started = false;
            self.ticks = 0;
        }
        None
    }

    /// What was sent before this is on another clock: neither variation nor the least delay goes on.
    pub fn begin_anew(&mut self) {
        self.last_transit_ns = None;
        self.least_now_ns = None;
        self.least_before_ns = None;
    }

    /// Looks for a known rate in what has come so far and, if there is one, catches up.
    fn find_rate(&mut self, fewest: usize, deadline_ns: i64) {
        let (Some(&(first_ns, first)), Some(&(last_ns, last))) = (self.early.first(), self.early.last()) else {
            return;
        };
        let (elapsed_ns, ticks) = (last_ns.saturating_sub(first_ns), last.saturating_sub(first));
        if self.early.len() < fewest || elapsed_ns < SHORTEST_FOR_RATE_NS || ticks <= 0 {
            return;
        }
        let measured = ticks.saturating_mul(1_000_000) / (elapsed_ns / 1000).max(1);
        let near = |rate: &&i64| measured.saturating_sub(**rate).saturating_abs().saturating_mul(TOLERANCE) <= **rate;
        let Some(&rate_hz) = RATES_HZ.iter().find(near) else { return };
        // What only ends up at such a rate has wandered there.
        let strays = |(at_ns, ticks): &&(i64, i64)| {
            let sent_ns = nanoseconds(ticks.saturating_sub(first), rate_hz);
            at_ns.saturating_sub(first_ns).saturating_sub(sent_ns).saturating_abs() > FARTHEST_NS
        };
        if self.early.iter().filter(strays).count() * 4 > self.early.len() {
            return;
        }
        self.rate_hz = rate_hz;
        for (at, (at_ns, ticks)) in core::mem::take(&mut self.early).into_iter().enumerate() {
            self.update(at_ns, ticks, at > 0, deadline_ns);
        }
    }

    fn update(&mut self, at_ns: i64, ticks: i64, is_consecutive: bool, deadline_ns: i64) -> Option<i64> {
        let sent_ns = nanoseconds(ticks, self.rate_hz);
        let transit_ns = at_ns.saturating_sub(self.first_ns).saturating_sub(sent_ns);
        if let Some(last_ns) = self.last_transit_ns.replace(transit_ns) {
            let variation_ns = transit_ns.saturating_sub(last_ns).saturating_abs();
            let decay = self.jitter_16th.saturating_add(8) >> 4;
            self.jitter_16th = self.jitter_16th.saturating_add(variation_ns).saturating_sub(decay);
            self.updates = self.updates.saturating_add(1);
            if is_consecutive {
                self.ipdv.add(variation_ns);
                self.tick_ns = sent_ns.saturating_sub(self.last_sent_ns).clamp(0, 1_000_000_000);
            }
        }
        self.last_sent_ns = sent_ns;
        if at_ns >= self.interval_ends_ns {
            let is_next = at_ns.saturating_sub(self.interval_ends_ns) < INTERVAL_NS;
            self.least_before_ns = self.least_now_ns.take().filter(|_| is_next);
            self.interval_ends_ns = at_ns.saturating_add(INTERVAL_NS);
        }
        let now = self.least_now_ns.map_or(transit_ns, |least| least.min(transit_ns));
        self.least_now_ns = Some(now);
        let least_ns = self.least_before_ns.map_or(now, |before| before.min(now));
        let pdv_ns = transit_ns.saturating_sub(least_ns);
        self.pdv.add(pdv_ns);
        if pdv_ns > deadline_ns.max(self.tick_ns) {
            self.late = self.late.saturating_add(1);
        }
        Some(pdv_ns)
    }

    /// Is its rate known?
    pub fn runs(&self) -> bool {
        self.rate_hz != 0
    }

    /// What can be said at the end: a short stream's rate is looked for among what there is.
    pub fn concluded(&self) -> Self {
        let mut end = self.clone();
        if end.rate_hz == 0 {
            end.find_rate(8, crate::udp::DEADLINE_NS);
        }
        end
    }

    /// Interarrival jitter; null before two packets.
    pub fn jitter_ns(&self) -> Option<i64> {
        (self.updates > 0).then_some(self.jitter_16th >> 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jitter_of(arrivals: &[(i64, u32)], rate_hz: i64) -> Option<i64> {
        let mut delay = Delay::default();
        for &(at_ns, ticks) in arrivals {
            delay.observe(at_ns, ticks, rate_hz, true, i64::MAX);
        }
        delay.concluded().jitter_ns()
    }

    #[test]
    fn a_timestamp_that_wraps_or_steps_back_is_a_small_step() {
        // voipmonitor/sniffer#29, nProbe#348, pion/interceptor#352
        let steady: Vec<(i64, u32)> =
            (0..100u32).map(|at| (i64::from(at) * 20_000_000, 0xffff_f000u32.wrapping_add(at * 160))).collect();
        assert_eq!(jitter_of(&steady, 8000), Some(0));
        let mut swapped = steady;
        swapped.swap(40, 41);
        let ticks = |list: &mut Vec<(i64, u32)>| {
            let (a, b) = (list.get(40).map(|x| x.0), list.get(41).map(|x| x.0));
            if let (Some(a), Some(b)) = (a, b) {
                if let Some(x) = list.get_mut(40) {
                    x.0 = b.min(a)
                }
                if let Some(x) = list.get_mut(41) {
                    x.0 = a.max(b)
                }
            }
        };
        ticks(&mut swapped);
        assert!(jitter_of(&swapped, 8000).is_some_and(|jitter_ns| jitter_ns < 10_000_000));
    }

    #[test]
    fn packets_of_one_frame_update_once() {
        // baresip/re#978
        let frames: Vec<(i64, u32)> = (0..60u32)
            .flat_map(|at| (0..4).map(move |part| (i64::from(at) * 40_000_000 + part * 3_000_000, at * 3600)))
            .collect();
        assert_eq!(jitter_of(&frames, 90_000), Some(0));
    }

    #[test]
    fn the_rate_of_a_dynamic_type_is_found_and_nothing_is_lost_before() {
        let late = |at: u32| if at.is_multiple_of(5) { 4_000_000 } else { 0 };
        let packets: Vec<(i64, u32)> =
            (0..200u32).map(|at| (i64::from(at) * 20_000_000 + late(at), at * 960)).collect();
        assert_eq!(jitter_of(&packets, 0), jitter_of(&packets, 48_000));
        assert!(jitter_of(&packets, 0) > Some(1_000_000));
    }

    #[test]
    fn a_slope_that_fits_no_rate_gives_nothing() {
        let packets: Vec<(i64, u32)> = (0..200u32).map(|at| (i64::from(at) * 20_000_000, at * 7)).collect();
        assert_eq!(jitter_of(&packets, 0), None);
    }
}
