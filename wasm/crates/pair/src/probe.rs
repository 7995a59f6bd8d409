//! How far are the two clocks apart? Both captures are sampled by content, so that both samples hold the same packets
//! wherever the captures overlap: the keys that hash lowest, each seen once. What the differences of their times agree on
//! is the offset, be it hours. Memory is the size of the sample.

use crate::hash::{keyed, Key, Table};
use std::collections::BTreeMap;

/// Packets kept of each end.
const SAMPLE: usize = 1 << 15;
/// Differences that agree within this speak of one offset: delays, queues and steps are smaller.
const AGREE_NS: i64 = 2_000_000_000;
/// So many that agree end the search.
const ENOUGH: usize = 64;

/// What agreed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Found {
    /// Server clock minus client clock, with delays in it.
    pub offset: i64,
    /// Contents that say so.
    pub agreeing: usize,
    /// Contents seen once in each sample.
    pub common: usize,
}

/// Contents whose occurrences are counted, for captures in which all contents repeat.
const COUNTED: usize = 1 << 14;
/// Fewer common contents than this, and occurrences are asked as well.
const FEW: usize = 8;

/// The samples.
#[derive(Debug, Default)]
pub struct Probe {
    /// Key → time; None when seen twice.
    samples: [BTreeMap<u64, Option<i64>>; 2],
    /// The same of (key, how often it was seen before).
    occurrences: [BTreeMap<u64, Option<i64>>; 2],
    counts: [Table<u64, u64>; 2],
}

fn insert(sample: &mut BTreeMap<u64, Option<i64>>, key: u64, time: i64) {
    if sample.len() >= SAMPLE && sample.last_key_value().is_some_and(|(last, _)| key > *last) {
        return;
    }
    sample.entry(key).and_modify(|known| *known = None).or_insert(Some(time));
    if sample.len() > SAMPLE {
        sample.pop_last();
    }
}

fn densest([a, b]: &[BTreeMap<u64, Option<i64>>; 2]) -> Option<Found> {
    let mut differences: Vec<i64> =
        a.iter().filter_map(|(key, at)| Some((*b.get(key)?)?.saturating_sub((*at)?))).collect();
    differences.sort_unstable();
    let mut best = (0, 0);
    let mut start = 0;
    for (end, late) in differences.iter().enumerate() {
        while differences.get(start).is_some_and(|early| late.saturating_sub(*early) > AGREE_NS) {
            start += 1;
        }
        if end + 1 - start > best.1 {
            best = (start, end + 1 - start);
        }
    }
    let (start, agreeing) = best;
    let offset = *differences.get(start + agreeing / 2)?;
    Some(Found { offset, agreeing, common: differences.len() })
}

impl Probe {
    /// Takes in a packet.
    pub fn add(&mut self, end: usize, key: u64, time: i64) {
        let (Some(sample), Some(occurrences), Some(counts)) =
            (self.samples.get_mut(end), self.occurrences.get_mut(end), self.counts.get_mut(end))
        else {
            return;
        };
        insert(sample, key, time);
        if counts.len() < COUNTED || counts.contains_key(&key) {
            let count = counts.entry(key).or_insert(0);
            *count += 1;
            insert(occurrences, keyed(Key(key, *count), &[], &[]), time);
        }
    }

    /// The offset that most contents agree on; None without any common content. Where hardly any content is seen once, the
    /// first, second, third … of equal ones are taken for the same packets.
    pub fn found(&self) -> Option<Found> {
        let unique = densest(&self.samples);
        match (unique, densest(&self.occurrences)) {
            (Some(unique), _) if unique.agreeing >= FEW => Some(unique),
            (Some(unique), Some(ordered)) if ordered.agreeing <= 2 * unique.agreeing => Some(unique),
            (_, Some(ordered)) => Some(ordered),
            (unique, None) => unique,
        }
    }

    /// Is it settled before the end of the captures?
    pub fn is_settled(&self) -> bool {
        densest(&self.samples).is_some_and(|found| found.agreeing >= ENOUGH && found.agreeing * 2 > found.common)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_in_both_samples_agree_on_the_offset_and_chance_does_not() {
        let mut probe = Probe::default();
        let hours = 9 * 3_600_000_000_000;
        for index in 0..100_u64 {
            let key = index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let time = index as i64 * 20_000_000;
            probe.add(0, key, time);
            // A tenth has a content that says nothing: it is at another time.
            let shift = if index % 10 == 0 { index as i64 * 77_000_000_000 } else { hours + index as i64 % 7 };
            probe.add(1, key, time + shift);
        }
        let found = probe.found().unwrap_or_default();
        assert_eq!(found.common, 100);
        assert_eq!(found.agreeing, 90);
        assert!((found.offset - hours).abs() < 10);
        assert!(probe.is_settled());
    }

    #[test]
    fn samples_keep_the_same_packets_of_captures_that_are_longer_than_the_sample() {
        let mut probe = Probe::default();
        for index in 0..200_000_u64 {
            let key = index.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17).wrapping_mul(0x85eb_ca6b_27d4_eb4f);
            probe.add(0, key, index as i64);
            if index >= 100_000 {
                probe.add(1, key, index as i64 + 5);
            }
        }
        assert!(probe.found().unwrap_or_default().agreeing > 10_000);
    }
}
