//! Quantiles of durations in bounded memory: exact up to 64 samples, then a sparse log-linear histogram.
//! The same for RTT, IPDV and PDV, so that their quantiles mean the same.

use crate::state::state;
use alloc::vec::Vec;

/// Samples kept as they are before the fold.
const EXACT: usize = 64;

/// Durations in ns, with their quantiles.
///
/// Quantile definition: nearest rank, the smallest x such that at least ceil(q · n) samples are ≤ x.
/// Up to 64 samples it is exact. Beyond, a value v ≥ 256 falls into bin `256 · shift + (v >> shift)` with
/// `shift = floor(log2 v) − 8` (256 bins per octave; v < 256 has its own bin), and stands for the bin's midpoint,
/// clamped to the true minimum and maximum: relative error at most 1/512 < 0.2 %. Two histograms merge by adding
/// counts.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    n: u32,
    min_ns: i64,
    max_ns: i64,
    exact: Vec<i64>,
    /// (bin, count), by bin.
    bins: Vec<(u32, u32)>,
}

state!(Samples { n, min_ns, max_ns, exact, bins });

/// Bin of a value.
#[inline]
fn bin_of(value: u64) -> u32 {
    if value < 256 {
        return value as u32;
    }
    let shift = 55 - value.leading_zeros();
    256 * shift + (value >> shift) as u32
}

/// Midpoint of a bin.
fn midpoint(bin: u32) -> u64 {
    if bin < 512 {
        return u64::from(bin);
    }
    let shift = (bin / 256 - 1).min(55);
    let low = u64::from(bin.wrapping_sub(256 * shift) & 0x1ff) << shift;
    low + ((1u64 << shift) - 1) / 2
}

impl Samples {
    /// Number of samples.
    pub fn len(&self) -> u32 {
        self.n
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// Smallest sample.
    pub fn min_ns(&self) -> Option<i64> {
        (self.n > 0).then_some(self.min_ns)
    }

    /// Forgets all samples and keeps the memory.
    pub fn clear(&mut self) {
        self.n = 0;
        self.exact.clear();
        self.bins.clear();
    }

    /// Adds one; negative durations are no durations and are left out.
    pub fn add(&mut self, value_ns: i64) {
        if value_ns < 0 {
            return;
        }
        if self.n == 0 {
            self.min_ns = value_ns;
            self.max_ns = value_ns;
        } else {
            self.min_ns = self.min_ns.min(value_ns);
            self.max_ns = self.max_ns.max(value_ns);
        }
        self.n = self.n.saturating_add(1);
        if self.bins.is_empty() {
            if self.exact.len() < EXACT {
                self.exact.push(value_ns);
                return;
            }
            for value in core::mem::take(&mut self.exact) {
                self.count(value);
            }
        }
        self.count(value_ns);
    }

    fn count(&mut self, value_ns: i64) {
        let bin = bin_of(value_ns.max(0) as u64);
        match self.bins.binary_search_by_key(&bin, |&(bin, _)| bin) {
            Ok(at) => {
                if let Some((_, count)) = self.bins.get_mut(at) {
                    *count = count.saturating_add(1);
                }
            }
            Err(at) => self.bins.insert(at.min(self.bins.len()), (bin, 1)),
        }
    }

    /// The quantile `permille / 1000`; None without samples.
    pub fn quantile(&self, permille: u32) -> Option<i64> {
        if self.n == 0 {
            return None;
        }
        let rank = (u64::from(self.n) * u64::from(permille)).div_ceil(1000).max(1);
        if self.bins.is_empty() {
            let mut sorted = self.exact.clone();
            sorted.sort_unstable();
            return sorted.get(rank as usize - 1).copied().or(Some(self.max_ns));
        }
        let mut seen = 0u64;
        for &(bin, count) in &self.bins {
            seen += u64::from(count);
            if seen >= rank {
                return Some((midpoint(bin) as i64).clamp(self.min_ns, self.max_ns.max(self.min_ns)));
            }
        }
        Some(self.max_ns)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    fn nearest_rank(sorted: &[i64], permille: usize) -> i64 {
        sorted[(sorted.len() * permille).div_ceil(1000).max(1) - 1]
    }

    #[test]
    fn up_to_64_samples_every_quantile_is_the_nearest_rank() {
        for n in 1..=64i64 {
            let mut samples = Samples::default();
            let mut values: Vec<i64> = (0..n).map(|at| (at * 7919 + 13) % 10_007).collect();
            values.iter().for_each(|&value| samples.add(value));
            values.sort_unstable();
            for permille in [1, 500, 950, 990, 1000] {
                assert_eq!(samples.quantile(permille as u32), Some(nearest_rank(&values, permille)));
            }
        }
    }

    #[test]
    fn beyond_64_samples_the_relative_error_stays_below_two_per_mille() {
        let mut samples = Samples::default();
        let mut values = Vec::new();
        let mut seed = 1u64;
        for _ in 0..5000 {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let value = ((seed >> 20) >> (seed % 40)) as i64;
            values.push(value);
            samples.add(value);
        }
        values.sort_unstable();
        for permille in [10, 100, 500, 900, 950, 990, 999] {
            let truth = nearest_rank(&values, permille);
            let error = (samples.quantile(permille as u32).unwrap_or(-1) - truth).abs();
            assert!(error * 500 <= truth, "q {permille}: {error} off {truth}");
        }
        assert_eq!(samples.min_ns(), values.first().copied());
    }

    #[test]
    fn bins_are_contiguous_and_hold_their_midpoint() {
        for value in [0, 1, 255, 256, 511, 512, 513, 1023, 1024, 1 << 20, u64::MAX >> 1] {
            assert_eq!(bin_of(midpoint(bin_of(value))), bin_of(value), "{value}");
        }
        assert_eq!(bin_of(512), 512);
        assert_eq!(bin_of(1023), 767);
        assert_eq!(bin_of(1024), 768);
    }
}
