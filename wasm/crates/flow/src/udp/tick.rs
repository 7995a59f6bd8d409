//! Opaque UDP: is it sent on a clock, how fast does that clock tick, and how late and how often missing are its ticks.
//!
//! 64 arrivals are laid on a grid t = φ + k·T by least squares, T tried from the quartiles of their distances. The grid
//! is believed when arrivals lie within an eighth of a tick of it on average (a quarter is what chance gives) and at
//! least half of its ticks are there. From then on every arrival is a tick and its delay over the earliest of the
//! interval; T is measured anew from earliest arrival to earliest arrival, over ever longer intervals, up to 10 s: the
//! lower hull, which queues do not move. Arrivals that stray from the grid take the belief away. Where no grid is found again
//! and again, the period may still be (`spectrum`): then it is told without one, and neither delays nor missed ticks are.

use super::spectrum::Spectrum;
use crate::histogram::Samples;
use crate::state::state;
use crate::udp::sequence::add;
use crate::udp::DEADLINE_NS;
use alloc::boxed::Box;
use alloc::vec::Vec;

const ARRIVALS: usize = 64;
const FEWEST: usize = 24;
/// Several datagrams of one tick leave within this time.
const BURST_NS: i64 = 1_000_000;
const SHORTEST_NS: i64 = 4_000_000;
const LONGEST_NS: i64 = 1_000_000_000;
const INTERVAL_NS: i64 = 10_000_000_000;
/// So many ticks of silence are a pause and no loss.
const PAUSE_TICKS: i64 = 64;
/// Mean distance from the grid, in thousandths of a tick, above which there is none.
const STRAY_PERMILLE: i64 = 125;
const STRAY_PERMILLE_FEW: i64 = 70;
const LOST_PERMILLE: i64 = 220;
/// A sender that has shown no clock so often is asked again after ever more arrivals, up to 2¹⁰ of them: a search costs
/// as much as two hundred packets.
const PATIENCE: u8 = 8;
const LONGEST_REST_BITS: u8 = 10;
/// While its spectrum is asked for the first time.
const SHORT_REST: u32 = 32;

/// The clock of one direction's sender, as its arrivals show it.
#[derive(Clone, Debug, Default)]
pub struct Tick {
    /// Arrivals not yet on a grid.
    early: Vec<i64>,
    /// Made when a search has failed.
    spectrum: Option<Box<Spectrum>>,
    /// Searches that failed since the last grid, and arrivals to let pass before the next.
    failures: u8,
    rest: u32,
    /// Arrivals that were merged into the one before, and all.
    merged: u32,
    arrivals: u32,
    last_ns: Option<i64>,
    /// Period in 1/256 ns; 0 = no grid.
    period: i64,
    /// Last believed period, ns.
    found_ns: i64,
    base_ns: i64,
    base_tick: i64,
    tick: i64,
    interval_ends_tick: i64,
    interval_ticks: i64,
    least_ns: Option<i64>,
    least_at: (i64, i64),
    hull_start: (i64, i64),
    deficit: i64,
    last_delay_ns: Option<i64>,
    stray_16th: i64,
    /// Sum and number of all.
    strays: (i64, i64),
    jitter_16th: i64,
    /// Arrivals on a grid.
    pub on_grid: u32,
    /// Ticks without an arrival.
    pub missed: u32,
    /// Ticks later than the deadline.
    pub late: u32,
    /// |IPDV| of consecutive ticks.
    pub ipdv: Samples,
    /// Delay over the earliest.
    pub pdv: Samples,
}

state!(Tick {
    early,
    spectrum,
    failures,
    rest,
    merged,
    arrivals,
    last_ns,
    period,
    found_ns,
    base_ns,
    base_tick,
    tick,
    interval_ends_tick,
    interval_ticks,
    least_ns,
    least_at,
    hull_start,
    deficit,
    last_delay_ns,
    stray_16th,
    strays,
    jitter_16th,
    on_grid,
    missed,
    late,
    ipdv,
    pdv,
});

/// What can be said of a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Period.
    pub period_ns: i64,
    /// 1 − mean delay over the earliest arrival of the interval, over that of chance (half a tick), in thousandths; without a
    /// grid: see `spectrum`.
    pub confidence_permille: i64,
}

struct Grid {
    phase_ns: f64,
    period_ns: f64,
    stray_permille: i64,
    ticks: i64,
}

fn round(value: f64) -> i64 {
    (if value < 0.0 { value - 0.5 } else { value + 0.5 }) as i64
}

/// Least squares through the arrivals of a grid begun with `period_ns`, taken in over growing spans so that a period
/// that is a little off does not slip.
fn fit(arrivals: &[i64], period_ns: f64) -> Option<Grid> {
    let first = *arrivals.first()?;
    let mut grid = Grid { phase_ns: 0.0, period_ns, stray_permille: 1000, ticks: 0 };
    let mut count = 8usize;
    loop {
        let span = arrivals.get(..count.min(arrivals.len()))?;
        for _ in 0..2 {
            let (mut n, mut sum_k, mut sum_t, mut sum_kk, mut sum_kt) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for &at in span {
                let t = at.saturating_sub(first) as f64;
                let k = round((t - grid.phase_ns) / grid.period_ns) as f64;
                n += 1.0;
                sum_k += k;
                sum_t += t;
                sum_kk += k * k;
                sum_kt += k * t;
            }
            let spread = n * sum_kk - sum_k * sum_k;
            if spread <= 0.0 {
                return None;
            }
            grid.period_ns = (n * sum_kt - sum_k * sum_t) / spread;
            grid.phase_ns = (sum_t - grid.period_ns * sum_k) / n;
            if grid.period_ns < SHORTEST_NS as f64 || grid.period_ns > LONGEST_NS as f64 {
                return None;
            }
        }
        if count >= arrivals.len() {
            break;
        }
        count *= 2;
    }
    let mut stray = 0.0;
    let (mut taken, mut last) = (0i64, None);
    for &at in arrivals {
        let t = at.saturating_sub(first) as f64;
        let k = round((t - grid.phase_ns) / grid.period_ns);
        let off = t - grid.phase_ns - k as f64 * grid.period_ns;
        stray += if off < 0.0 { -off } else { off };
        if last != Some(k) {
            taken += 1;
            grid.ticks = k;
        }
        last = Some(k);
    }
    grid.stray_permille = round(stray / arrivals.len() as f64 / grid.period_ns * 1000.0);
    (taken * 2 > grid.ticks).then_some(grid)
}

/// The best grid from the quartiles of the distances.
fn search(arrivals: &[i64]) -> Option<Grid> {
    let mut distances: Vec<i64> =
        arrivals.iter().zip(arrivals.iter().skip(1)).map(|(a, b)| b.saturating_sub(*a)).collect();
    distances.sort_unstable();
    let quartile = |part: usize| distances.get(distances.len() * part / 4).copied();
    let mut best: Option<Grid> = None;
    for distance in [2, 1, 3].into_iter().filter_map(quartile).filter(|distance| *distance >= SHORTEST_NS) {
        if let Some(grid) = fit(arrivals, distance as f64) {
            if best.as_ref().is_none_or(|best| grid.stray_permille < best.stray_permille) {
                best = Some(grid);
            }
        }
    }
    best
}

impl Tick {
    /// One datagram. Gives its delay over the earliest, where there is a grid, and whether that is too late.
    pub fn observe(&mut self, at_ns: i64) -> Option<(i64, bool)> {
        add(&mut self.arrivals);
        let gap_ns = self.last_ns.map(|last| at_ns.saturating_sub(last));
        if gap_ns.is_some_and(|gap_ns| gap_ns < 0) {
            return None;
        }
        let is_burst = gap_ns.is_some_and(|gap_ns| gap_ns < BURST_NS);
        if self.period != 0 {
            self.last_ns = Some(at_ns);
            return self.follow(at_ns, is_burst);
        }
        if is_burst {
            add(&mut self.merged);
            return None;
        }
        self.last_ns = Some(at_ns);
        if gap_ns.is_some_and(|gap_ns| gap_ns > LONGEST_NS.saturating_mul(2)) {
            self.early.clear();
        }
        if self.rest > 0 {
            self.rest -= 1;
            return None;
        }
        self.early.push(at_ns);
        if self.early.len() >= ARRIVALS {
            match search(&self.early).filter(|grid| grid.stray_permille < STRAY_PERMILLE) {
                Some(grid) => self.lock(&grid),
                None => {
                    self.failures = self.failures.saturating_add(1);
                    if self.failures > PATIENCE {
                        self.rest_after_spectrum();
                    } else {
                        // Its windows have no arrival in common.
                        if self.failures % 2 == 1 {
                            self.spectrum.get_or_insert_default().ask(&self.early);
                        }
                        self.early.drain(..ARRIVALS / 2);
                    }
                }
            }
        }
        None
    }

    fn rest_after_spectrum(&mut self) {
        let early = core::mem::take(&mut self.early);
        let spectrum = self.spectrum.get_or_insert_default();
        let is_worth_asking = spectrum.ask(&early) && !spectrum.is_settled();
        if is_worth_asking && self.failures == PATIENCE + 1 {
            // The failures do not count while it is asked for the first time.
            (self.rest, self.failures) = (SHORT_REST, PATIENCE);
        } else {
            self.rest = 1 << (self.failures - PATIENCE).saturating_add(5).min(LONGEST_REST_BITS);
        }
    }

    /// Takes up a grid and lays the arrivals that led to it on it.
    fn lock(&mut self, grid: &Grid) {
        let early = core::mem::take(&mut self.early);
        let Some(&first) = early.first() else { return };
        self.failures = 0;
        self.period = round(grid.period_ns * 256.0);
        self.found_ns = round(grid.period_ns);
        self.base_ns = first.saturating_add(round(grid.phase_ns));
        self.base_tick = 0;
        self.tick = -1;
        self.interval_ticks = 32;
        self.interval_ends_tick = 32;
        self.least_ns = None;
        self.hull_start = (0, i64::MIN);
        self.deficit = 0;
        self.last_delay_ns = None;
        self.stray_16th = 0;
        for at_ns in early {
            self.follow(at_ns, false);
        }
    }

    fn grid_ns(&self, tick: i64) -> i64 {
        let steps = tick.saturating_sub(self.base_tick);
        self.base_ns.saturating_add(steps.saturating_mul(self.period) >> 8)
    }

    fn follow(&mut self, at_ns: i64, is_burst: bool) -> Option<(i64, bool)> {
        let period_ns = (self.period >> 8).max(1);
        let since = at_ns.saturating_sub(self.grid_ns(self.tick));
        // Packets are late and not early: what comes long before its tick is a late one of the tick before.
        let mut step = since.saturating_add(period_ns / 4).div_euclid(period_ns);
        if step > PAUSE_TICKS {
            self.period = 0;
            self.early.push(at_ns);
            return None;
        }
        let is_single = self.merged.saturating_mul(10) < self.arrivals;
        let mut behind = 0;
        if step <= 0 {
            if self.deficit <= 0 || !is_single {
                return None;
            }
            // After a stall the ticks that were thought missing come at once, in order.
            behind = self.deficit;
            self.deficit -= 1;
            self.missed = self.missed.saturating_sub(1);
            step = 0;
        } else if is_burst && !is_single {
            return None;
        } else {
            self.deficit = step - 1;
            self.missed = self.missed.saturating_add(self.deficit.max(0) as u32);
        }
        self.tick = self.tick.saturating_add(step);
        add(&mut self.on_grid);
        let off_ns = at_ns.saturating_sub(self.grid_ns(self.tick));
        if behind == 0 {
            self.stray(off_ns, period_ns);
        }
        let delay_ns = off_ns.saturating_add(behind.saturating_mul(period_ns));
        if self.least_ns.is_none_or(|least| delay_ns < least) {
            self.least_ns = Some(delay_ns);
            self.least_at = (at_ns, self.tick);
        }
        let before = self.last_delay_ns.replace(delay_ns);
        if let Some(before_ns) = before.filter(|_| step <= 1) {
            let variation_ns = delay_ns.saturating_sub(before_ns).saturating_abs();
            self.ipdv.add(variation_ns);
            let decay = self.jitter_16th.saturating_add(8) >> 4;
            self.jitter_16th = self.jitter_16th.saturating_add(variation_ns).saturating_sub(decay);
        }
        let floor_ns = self.least_ns.unwrap_or(delay_ns).min(if self.hull_start.1 == i64::MIN { i64::MAX } else { 0 });
        let pdv_ns = delay_ns.saturating_sub(floor_ns).max(0);
        self.pdv.add(pdv_ns);
        let is_late = pdv_ns > DEADLINE_NS.max(period_ns);
        if is_late {
            add(&mut self.late);
        }
        if self.tick >= self.interval_ends_tick {
            self.next_interval(period_ns);
        }
        Some((pdv_ns, is_late))
    }

    /// Belief fades as arrivals stray.
    fn stray(&mut self, off_ns: i64, period_ns: i64) {
        let least_ns = self.least_ns.unwrap_or(off_ns);
        let permille = off_ns.saturating_sub(least_ns).saturating_abs().min(period_ns).saturating_mul(1000) / period_ns;
        self.strays = (self.strays.0.saturating_add(permille), self.strays.1.saturating_add(1));
        self.stray_16th = self.stray_16th.saturating_add(permille).saturating_sub(self.stray_16th >> 4);
        if self.stray_16th >> 4 > LOST_PERMILLE * 2 {
            self.period = 0;
        }
    }

    /// The period from hull to hull, the phase on the latest one.
    fn next_interval(&mut self, period_ns: i64) {
        let (at_ns, tick) = self.least_at;
        if self.hull_start.1 == i64::MIN {
            self.hull_start = (at_ns, tick);
        } else {
            let (start_ns, start) = self.hull_start;
            let ticks = tick.saturating_sub(start);
            if ticks > 16 && self.period != 0 {
                let period = at_ns.saturating_sub(start_ns).saturating_mul(256) / ticks;
                // More than a thousandth is no correction but another clock.
                if period.saturating_sub(self.period).saturating_abs() < self.period / 1000 {
                    self.period = period;
                    self.found_ns = period >> 8;
                }
            }
        }
        self.base_ns = at_ns;
        self.base_tick = tick;
        self.least_ns = None;
        self.last_delay_ns = None;
        if self.interval_ticks.saturating_mul(period_ns) < INTERVAL_NS {
            self.interval_ticks = self.interval_ticks.saturating_mul(2);
        }
        self.interval_ends_tick = self.tick.saturating_add(self.interval_ticks);
    }

    /// Were at least half of all arrivals on a grid?
    pub fn has_grid(&self) -> bool {
        let counted = self.arrivals.saturating_sub(self.merged);
        self.found_ns > 0 && self.on_grid > 0 && self.on_grid.saturating_mul(2) >= counted
    }

    /// The period, when at least half of all arrivals were on its grid; of a short flow, when its few arrivals are
    /// nearer to one than those of a long flow have to be.
    pub fn found(&self) -> Option<Found> {
        let counted = self.arrivals.saturating_sub(self.merged);
        if self.has_grid() {
            let confidence_permille = 1000 - (self.strays.0.saturating_mul(2) / self.strays.1.max(1)).min(1000);
            return Some(Found { period_ns: self.found_ns, confidence_permille });
        }
        if let Some((period_ns, confidence_permille)) = self.spectrum.as_ref().and_then(|spectrum| spectrum.found()) {
            // A grid that held for a while is the finer measure.
            let is_alike = self.found_ns.saturating_sub(period_ns).saturating_abs() < period_ns / 64;
            let period_ns = if is_alike { self.found_ns } else { period_ns };
            return Some(Found { period_ns, confidence_permille });
        }
        if self.on_grid > 0 || self.early.len() < FEWEST || self.early.len() * 2 < counted as usize {
            return None;
        }
        let grid = search(&self.early).filter(|grid| grid.stray_permille < STRAY_PERMILLE_FEW)?;
        let confidence_permille = 1000 - grid.stray_permille * 4;
        Some(Found { period_ns: round(grid.period_ns), confidence_permille })
    }

    /// Interarrival jitter against the grid.
    pub fn jitter_ns(&self) -> Option<i64> {
        (!self.ipdv.is_empty()).then_some(self.jitter_16th >> 4)
    }

    /// Late and missed ticks over all.
    pub fn miss(&self) -> Option<(u32, u32)> {
        (self.on_grid > 0).then(|| (self.late.saturating_add(self.missed), self.on_grid.saturating_add(self.missed)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::chance::Random;
    use super::*;

    fn run(arrivals: impl Iterator<Item = i64>) -> Tick {
        let mut tick = Tick::default();
        for at_ns in arrivals {
            tick.observe(at_ns);
        }
        tick
    }

    #[test]
    fn a_steady_sender_is_found_with_its_missing_ticks() {
        for period_ns in [7_812_500i64, 15_625_000, 16_666_667, 33_333_333, 50_000_000, 100_000_000] {
            let mut random = Random(period_ns as u64);
            let kept = (0..2000i64).filter(|k| k % 50 != 49);
            let times: Vec<i64> = kept.map(|k| k * period_ns + random.below(1_000_000)).collect();
            let tick = run(times.into_iter());
            let found = tick.found().map(|found| found.period_ns).unwrap_or(0);
            assert!((found - period_ns).abs() * 10_000 < period_ns, "{period_ns}: {found}");
            assert_eq!(tick.missed, 39, "{period_ns}");
            assert!(tick.pdv.quantile(950).is_some_and(|pdv| pdv < 1_100_000), "{:?}", tick.pdv.quantile(950));
        }
    }

    #[test]
    fn a_sender_without_a_clock_is_refused() {
        for seed in 1..200u64 {
            let mut random = Random(seed);
            let mut at_ns = 0i64;
            let times: Vec<i64> = (0..600)
                .map(|_| {
                    // Sum of few uniforms: gaps that look like those of requests.
                    at_ns += 2_000_000 + random.below(30_000_000) + random.below(30_000_000) / (1 + random.below(3));
                    at_ns
                })
                .collect();
            assert_eq!(run(times.into_iter()).found(), None, "seed {seed}");
        }
    }

    #[test]
    fn a_stall_is_delay_and_not_loss() {
        let period_ns = 20_000_000i64;
        let times =
            (0..1000i64).map(|k| if (500..506).contains(&k) { 506 * period_ns - 1000 + k } else { k * period_ns });
        let tick = run(times);
        assert_eq!(tick.missed, 0);
        assert!(tick.late >= 4, "{}", tick.late);
    }
}
