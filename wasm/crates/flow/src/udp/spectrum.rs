//! A clock that wanders, or that its sender only sometimes keeps: no grid holds for a minute, but arrivals still favour one
//! phase for seconds. Windows of arrivals are asked for every period (the power of the arrivals as pulses, averaged over windows
//! whose phases need not agree); a period is believed when it stands out of the average and most windows, each for itself,
//! have it too: as their strongest, or, where it stands out far, beside a stronger one (a server's own clock, and that of the
//! client it answers). What is no clock favours another period in every window. A sender may begin with something else (a world
//! that is loaded): windows that led to nothing are forgotten, and the next ones asked by themselves.

use crate::state::state;
use alloc::vec::Vec;

/// Windows that must have been asked, those after which a believed period is not asked again, and all at most.
const FEWEST: usize = 4;
const ENOUGH: usize = 8;
const MOST: usize = 32;
/// Periods between a third of the mean distance and three times that.
const SLOWEST: f64 = 0.3;
const FASTEST: f64 = 3.0;
/// Steps a window's span allows to be told apart: half of one is lost on the way.
const STEPS_A_TURN: f64 = 2.0;
/// Mean power that a believed period has: chance gives 1, and more than this once in e⁶ windows; 64 arrivals at best 64.
const LEAST_POWER: f64 = 6.0;
/// From this mean on a window may have a stronger period, as long as it has so much of this one: chance gives more once in e⁴.
const FAR_OUT_POWER: f64 = 9.0;
const PRESENT_POWER: f64 = 4.0;
/// Where no more stands out of so many windows, there is no clock: chance alone gives 2 somewhere.
const HOPELESS: f64 = 3.0;
const ENOUGH_TO_GIVE_UP: usize = 16;
/// A window has the period when its own strongest is so near: one in so many.
const NEARNESS: f64 = 40.0;
/// The slowest and the fastest clock looked for; slower than the slowest that is told, lest its harmonics are.
const LOWEST_HZ: f64 = 0.2;
const HIGHEST_HZ: f64 = 250.0;
const SLOWEST_TOLD_HZ: f64 = 1.0;
/// Pulses of one clock are as strong at its harmonics: what is so strong at a half or a third of the strongest is the clock.
const STRONG_AS_HARMONIC: f64 = 0.6;

/// Powers of one direction's windows.
#[derive(Clone, Debug, Default)]
pub struct Spectrum {
    /// First frequency and step, in µHz.
    first: i64,
    step: i64,
    /// Thousandths, summed over windows.
    powers: Vec<i64>,
    /// Strongest place of each window.
    strongest: Vec<u32>,
    /// Windows with `PRESENT_POWER` near a place.
    present: Vec<u8>,
    arrivals: u32,
}

state!(Spectrum { first, step, powers, strongest, present, arrivals });

/// Cosine and sine of so many turns.
fn phasor(turns: f64) -> (f64, f64) {
    let whole = turns as i64 as f64;
    let quarters = (turns - whole) * 4.0;
    let nearest = (if quarters < 0.0 { quarters - 0.5 } else { quarters + 0.5 }) as i64;
    // At most an eighth of a turn is left: the series are exact to 1e-10.
    let x = (quarters - nearest as f64) * core::f64::consts::FRAC_PI_2;
    let y = x * x;
    let sin = x * (1.0 - y / 6.0 * (1.0 - y / 20.0 * (1.0 - y / 42.0 * (1.0 - y / 72.0 * (1.0 - y / 110.0)))));
    let cos = 1.0 - y / 2.0 * (1.0 - y / 12.0 * (1.0 - y / 30.0 * (1.0 - y / 56.0 * (1.0 - y / 90.0))));
    match nearest.rem_euclid(4) {
        0 => (cos, sin),
        1 => (-sin, cos),
        2 => (-cos, -sin),
        _ => (sin, -cos),
    }
}

/// Arrivals that one instruction turns together.
const LANES: usize = 4;

/// Where some arrivals stand in the turn of a frequency, and how much further at the next.
#[derive(Clone, Copy, Default)]
struct Pulses {
    re: [f32; LANES],
    im: [f32; LANES],
    step_re: [f32; LANES],
    step_im: [f32; LANES],
}

impl Pulses {
    fn set(&mut self, lane: usize, at: (f64, f64), step: (f64, f64)) {
        let lanes = [&mut self.re, &mut self.im, &mut self.step_re, &mut self.step_im];
        for (lanes, value) in lanes.into_iter().zip([at.0, at.1, step.0, step.1]) {
            if let Some(place) = lanes.get_mut(lane) {
                *place = value as f32;
            }
        }
    }

    #[inline(always)]
    #[allow(clippy::indexing_slicing)] // constant bounds
    fn add_and_turn(&mut self, re_sum: &mut [f32; LANES], im_sum: &mut [f32; LANES]) {
        for lane in 0..LANES {
            let (re, im) = (self.re[lane], self.im[lane]);
            re_sum[lane] += re;
            im_sum[lane] += im;
            self.re[lane] = re * self.step_re[lane] - im * self.step_im[lane];
            self.im[lane] = re * self.step_im[lane] + im * self.step_re[lane];
        }
    }
}

impl Spectrum {
    /// Is a period believed, by windows enough?
    pub fn is_settled(&self) -> bool {
        self.strongest.len() >= ENOUGH && self.found().is_some()
    }

    /// Asks one window of arrivals. The first decides which periods are looked for. False: so far all were asked in vain, and
    /// are forgotten.
    pub fn ask(&mut self, arrivals: &[i64]) -> bool {
        if !self.is_settled() {
            self.add(arrivals);
        }
        let windows = self.strongest.len();
        let most = || self.powers.iter().max().copied().unwrap_or(0) as f64 / 1000.0 / windows as f64;
        let is_over = windows >= MOST || windows >= ENOUGH_TO_GIVE_UP && most() < HOPELESS;
        let is_vain = is_over && self.found().is_none();
        if is_vain {
            *self = Self::default();
        }
        !is_vain
    }

    fn add(&mut self, arrivals: &[i64]) {
        let (Some(&first_ns), Some(&last_ns)) = (arrivals.first(), arrivals.last()) else { return };
        let span_s = last_ns.saturating_sub(first_ns) as f64 / 1e9;
        if span_s <= 0.0 {
            return;
        }
        if self.powers.is_empty() {
            let rate_hz = (arrivals.len() as f64 - 1.0) / span_s;
            let step_hz = 1.0 / (STEPS_A_TURN * span_s);
            let first_hz = (SLOWEST * rate_hz).max(LOWEST_HZ);
            let last_hz = (FASTEST * rate_hz).min(HIGHEST_HZ);
            self.first = (first_hz * 1e6) as i64;
            self.step = ((step_hz * 1e6) as i64).max(1);
            let count = ((last_hz - first_hz) / step_hz).clamp(0.0, 1024.0) as usize;
            self.powers.resize(count, 0);
            self.present.resize(count, 0);
        }
        let (first_hz, step_hz) = (self.first as f64 / 1e6, self.step as f64 / 1e6);
        let mut pulses: Vec<Pulses> = Vec::with_capacity(arrivals.len().div_ceil(LANES));
        for few in arrivals.chunks(LANES) {
            let mut pulse = Pulses::default();
            for (lane, &at_ns) in few.iter().enumerate() {
                let at_s = at_ns.saturating_sub(first_ns) as f64 / 1e9;
                pulse.set(lane, phasor(at_s * first_hz), phasor(at_s * step_hz));
            }
            pulses.push(pulse);
        }
        let mut best = (0.0, 0);
        let mut marked = 0;
        for (place, power) in self.powers.iter_mut().enumerate() {
            let (mut re, mut im) = ([0.0f32; LANES], [0.0f32; LANES]);
            pulses.iter_mut().for_each(|pulse| pulse.add_and_turn(&mut re, &mut im));
            let (re, im) = (re.iter().sum::<f32>(), im.iter().sum::<f32>());
            let here = f64::from(re * re + im * im) / arrivals.len() as f64;
            *power = power.saturating_add((here * 1000.0) as i64);
            if here >= PRESENT_POWER {
                let near = ((first_hz / step_hz + place as f64) / NEARNESS) as usize;
                let from = place.saturating_sub(near).max(marked);
                marked = place.saturating_add(near + 1).min(self.present.len());
                for windows in self.present.get_mut(from..marked).into_iter().flatten() {
                    *windows = windows.saturating_add(1);
                }
            }
            if here > best.0 {
                best = (here, place as u32);
            }
        }
        self.strongest.push(best.1);
        self.arrivals = self.arrivals.saturating_add(arrivals.len() as u32);
    }

    /// Period in ns, and thousandths of belief: the mean length of the arrivals' phases, 0 for chance, 1000 for a strict
    /// clock. None: refused.
    pub fn found(&self) -> Option<(i64, i64)> {
        let windows = self.strongest.len();
        if windows < FEWEST {
            return None;
        }
        let (place, &most) = self.powers.iter().enumerate().max_by_key(|(_, power)| **power)?;
        let hz_at = |place: f64| (self.first as f64 + place * self.step as f64) / 1e6;
        let (place, most) = self.fundamental(place, most);
        let mean = |power: i64| power as f64 / 1000.0 / windows as f64;
        // Between its neighbours, where a parabola through the three is highest.
        let beside = |step: usize| self.powers.get(place.wrapping_add(step)).copied().unwrap_or(0) as f64;
        let (before, after) = (beside(usize::MAX), beside(1));
        let bend = before - 2.0 * most as f64 + after;
        let shift = if bend < 0.0 { ((before - after) / (2.0 * bend)).clamp(-0.5, 0.5) } else { 0.0 };
        let hz = hz_at(place as f64 + shift);
        let is_near = |other: f64| (other - hz) * NEARNESS <= hz && (hz - other) * NEARNESS <= hz;
        let has_it = |at: &&u32| [1.0, 2.0, 3.0].iter().any(|times| is_near(hz_at(f64::from(**at)) / times));
        let agreeing = self.strongest.iter().filter(has_it).count();
        let has_it_beside = mean(most) >= FAR_OUT_POWER
            && self.present.get(place).is_some_and(|present| usize::from(*present) * 4 >= windows * 3);
        let is_in_most = agreeing * 4 >= windows * 3 || has_it_beside;
        if mean(most) < LEAST_POWER || !is_in_most || hz < SLOWEST_TOLD_HZ {
            return None;
        }
        // Power is arrivals × length², and 1 by chance.
        let arrivals = f64::from(self.arrivals) / windows as f64;
        let square = ((mean(most) - 1.0) / (arrivals - 1.0)).clamp(0.0, 1.0) * 1e6;
        Some(((1e9 / hz + 0.5) as i64, (square as u64).isqrt() as i64))
    }
}

impl Spectrum {
    /// The slowest of the strongest and its half and third that is about as strong: place and power.
    fn fundamental(&self, place: usize, most: i64) -> (usize, i64) {
        let strongest = self.first.saturating_add((place as i64).saturating_mul(self.step));
        let of = |part: i64| {
            let at = (strongest / part).saturating_sub(self.first) / self.step.max(1);
            let around = (at.saturating_sub(1)..=at.saturating_add(2)).filter_map(|at| usize::try_from(at).ok());
            around.filter_map(|at| self.powers.get(at).map(|power| (at, *power))).max_by_key(|(_, power)| *power)
        };
        let is_strong = |(_, power): &(usize, i64)| *power as f64 > most as f64 * STRONG_AS_HARMONIC;
        of(3).filter(is_strong).or_else(|| of(2).filter(is_strong)).unwrap_or((place, most))
    }
}

#[cfg(test)]
mod tests {
    use super::super::chance::Random;
    use super::*;

    fn of(arrivals: &[i64]) -> Spectrum {
        let mut spectrum = Spectrum::default();
        for window in arrivals.chunks_exact(64) {
            spectrum.ask(window);
        }
        spectrum
    }

    #[test]
    fn turns_become_phases() {
        for at in -1000..1000i32 {
            let turns = f64::from(at) / 97.0;
            let (cos, sin) = phasor(turns);
            let angle = turns * core::f64::consts::TAU;
            assert!((cos - angle.cos()).abs() < 1e-9 && (sin - angle.sin()).abs() < 1e-9, "{turns}");
        }
    }

    /// A loop that sleeps for 90 ms and a little more each time; what it has to say leaves up to 30 ms later, and it has
    /// something to say in two of three rounds.
    #[test]
    fn a_loop_that_sleeps_and_is_not_always_heard_is_found() {
        for seed in 1..60u64 {
            let mut random = Random(seed);
            let mut at_ns = 0;
            let mut arrivals = Vec::new();
            while arrivals.len() < 512 {
                at_ns += 90_000_000 + random.below(800_000);
                if random.below(3) > 0 {
                    arrivals.push(at_ns + random.below(30_000_000));
                }
            }
            let found = of(&arrivals).found();
            assert!(found.is_some_and(|(period_ns, _)| (period_ns - 90_400_000).abs() < 900_000), "{seed}: {found:?}");
            assert!(found.is_some_and(|(_, belief)| (500..900).contains(&belief)), "{seed}: {found:?}");
        }
    }

    #[test]
    fn no_harmonic_is_told_of_a_clock_that_is_too_slow_or_strict() {
        for seed in 1..60u64 {
            let mut random = Random(seed);
            let mut slow_ns = 0;
            let slow: Vec<i64> = (0..512)
                .map(|_| {
                    slow_ns += 1_023_900_000 + random.below(if seed % 2 == 0 { 900_000 } else { 20_000_000 });
                    slow_ns
                })
                .collect();
            assert_eq!(of(&slow).found(), None, "{seed}");
            let strict: Vec<i64> = (0..512).map(|at| at * 50_000_000 + random.below(300_000)).collect();
            let found = of(&strict).found();
            assert!(found.is_some_and(|(period_ns, _)| (period_ns - 50_000_000).abs() < 300_000), "{seed}: {found:?}");
        }
    }

    /// First a burst of loading at another pace, which would decide the periods looked for.
    #[test]
    fn a_clock_that_begins_late_is_found() {
        for seed in 1..60u64 {
            let mut random = Random(seed);
            let mut at_ns = 0;
            let mut arrivals = Vec::new();
            while arrivals.len() < 64 * 10 {
                at_ns += 1_000_000 + random.below(900_000_000);
                arrivals.push(at_ns);
            }
            while arrivals.len() < 64 * 80 {
                at_ns += 90_000_000 + random.below(800_000);
                if random.below(3) > 0 {
                    arrivals.push(at_ns + random.below(30_000_000));
                }
            }
            let found = of(&arrivals).found();
            assert!(found.is_some_and(|(period_ns, _)| (period_ns - 90_400_000).abs() < 900_000), "{seed}: {found:?}");
        }
    }

    #[test]
    fn senders_without_a_clock_are_refused() {
        for seed in 1..400u64 {
            let mut random = Random(seed);
            let mut at_ns = 0;
            let narrow = 1 + random.below(6);
            let arrivals: Vec<i64> = (0..64 * 50)
                .map(|_| {
                    at_ns += 4_000_000 * narrow + random.below(60_000_000);
                    at_ns
                })
                .collect();
            let mut spectrum = Spectrum::default();
            for (place, window) in arrivals.chunks_exact(64).enumerate() {
                spectrum.ask(window);
                assert_eq!(spectrum.found(), None, "{seed} after {place}");
            }
        }
    }
}
