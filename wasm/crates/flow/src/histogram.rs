//! Quantiles of durations in bounded memory: exact up to 64 samples, then a sparse log-linear histogram.
//! The same for RTT, IPDV and PDV, so that their quantiles mean the same.

use crate::state::{state, Input, State};
use alloc::boxed::Box;
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
    bins: Option<Box<Bins>>,
}

state!(Samples { n, min_ns, max_ns, exact, bins });

/// Bins that are next to each other and counted together: an eighth of an octave.
const BLOCK: usize = 32;
/// Blocks up to the bin of `u64::MAX`.
const BLOCKS: usize = (256 * 55 + 512) / BLOCK;

/// Counts by bin: delays of one flow fill few blocks, and a block is found without a search.
#[derive(Clone, Debug)]
struct Bins {
    /// Place of a block in `counts` + 1; 0 = nothing was counted in it.
    places: [u16; BLOCKS],
    counts: Vec<[u32; BLOCK]>,
}

impl Default for Bins {
    fn default() -> Self {
        Bins { places: [0; BLOCKS], counts: Vec::new() }
    }
}

impl Bins {
    #[inline]
    fn add(&mut self, bin: u32, count: u32) {
        let Some(place) = self.places.get_mut(bin as usize / BLOCK) else { return };
        if *place == 0 {
            self.counts.push([0; BLOCK]);
            *place = self.counts.len() as u16;
        }
        let block = self.counts.get_mut(usize::from(*place).wrapping_sub(1));
        if let Some(sum) = block.and_then(|block| block.get_mut(bin as usize % BLOCK)) {
            *sum = sum.saturating_add(count);
        }
    }

    /// (bin, count) of those that are not empty, by bin.
    fn iter(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let block = |place: u16| self.counts.get(usize::from(place).wrapping_sub(1)).into_iter().flatten();
        let blocks = self.places.iter().enumerate();
        blocks
            .flat_map(move |(at, &place)| block(place).enumerate().map(move |(bin, &n)| ((at * BLOCK + bin) as u32, n)))
            .filter(|&(_, n)| n > 0)
    }

    fn clear(&mut self) {
        self.places = [0; BLOCKS];
        self.counts.clear();
    }

    fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

impl State for Bins {
    fn save(&self, out: &mut Vec<u8>) {
        self.iter().collect::<Vec<_>>().save(out);
    }
    fn load(input: &mut Input) -> Option<Self> {
        let mut bins = Bins::default();
        for (bin, count) in Vec::<(u32, u32)>::load(input)? {
            bins.add(bin, count);
        }
        Some(bins)
    }
}

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
        if let Some(bins) = &mut self.bins {
            bins.clear();
        }
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
        if self.is_exact() {
            if self.exact.len() < EXACT {
                self.exact.push(value_ns);
                return;
            }
            let bins = self.bins.get_or_insert_with(Box::default);
            for value in self.exact.drain(..) {
                bins.add(bin_of(value.max(0) as u64), 1);
            }
        }
        if let Some(bins) = &mut self.bins {
            bins.add(bin_of(value_ns.max(0) as u64), 1);
        }
    }

    fn is_exact(&self) -> bool {
        self.bins.as_ref().is_none_or(|bins| bins.is_empty())
    }

    /// The quantile `permille / 1000`; None without samples.
    pub fn quantile(&self, permille: u32) -> Option<i64> {
        if self.n == 0 {
            return None;
        }
        let rank = (u64::from(self.n) * u64::from(permille)).div_ceil(1000).max(1);
        let Some(bins) = self.bins.as_ref().filter(|bins| !bins.is_empty()) else {
            let mut sorted = self.exact.clone();
            sorted.sort_unstable();
            return sorted.get(rank as usize - 1).copied().or(Some(self.max_ns));
        };
        let mut seen = 0u64;
        for (bin, count) in bins.iter() {
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
