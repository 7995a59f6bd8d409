//! What a capture's records say about the capture itself: counted per segment, added up by the host at the joins.

use crate::row::Packet;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Silences kept per segment; the host keeps as many for a capture set.
pub const MAX_SILENCES: usize = 8;
/// Shorter silences are the rhythm of traffic.
const MIN_SILENCE_NS: i64 = 1_000_000_000;
/// The largest IP packet of a link without jumbo frames.
const MAX_ORDINARY_IP_BYTES: u32 = 1500;

/// A time without a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Silence {
    ns: i64,
    offset: u64,
    record: u32,
}

/// Counts over one segment.
#[derive(Clone, Debug, Default)]
pub struct Quality {
    wire_bytes: u64,
    captured_bytes: u64,
    cut_records: u32,
    max_captured_len: u32,
    large_packets: u32,
    tunnelled_packets: u32,
    tagged_packets: u32,
    /// Greatest common divisor of all times, in ns; 0 before the first.
    granularity_ns: u64,
    largest_step_back_ns: u64,
    silences: Vec<Silence>,
    /// Packets by their way down to IP (`Packet::layers`); the last way is looked at first.
    ways: BTreeMap<u64, u32>,
    last_way: (u64, u32),
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl Quality {
    /// A record's lengths.
    #[inline(always)]
    pub(crate) fn lengths(&mut self, captured: u32, original: u32) {
        self.wire_bytes += u64::from(original.max(captured));
        self.captured_bytes += u64::from(captured);
        self.cut_records += u32::from(captured < original);
        self.max_captured_len = self.max_captured_len.max(captured);
    }

    /// A record's time, and that of the record with a time before it.
    #[inline(always)]
    pub(crate) fn time(&mut self, now: i64, before: Option<i64>, offset: u64, record: u32) {
        // One or a few ns as the common divisor is as fine as it gets: no need to go on dividing.
        if self.granularity_ns != 1 {
            self.granularity_ns = greatest_common_divisor(now.unsigned_abs(), self.granularity_ns);
        }
        let Some(before) = before else { return };
        let step = now.saturating_sub(before);
        if step < 0 {
            self.largest_step_back_ns = self.largest_step_back_ns.max(step.unsigned_abs());
        } else if step >= MIN_SILENCE_NS {
            self.silence(Silence { ns: step, offset, record });
        }
    }

    #[cold]
    fn silence(&mut self, silence: Silence) {
        // Longest first, earlier before later: the same whatever the cut.
        let place = self.silences.partition_point(|known| known.ns >= silence.ns);
        if place < MAX_SILENCES {
            self.silences.truncate(MAX_SILENCES - 1);
            self.silences.insert(place, silence);
        }
    }

    /// A decoded packet.
    #[inline(always)]
    pub(crate) fn packet(&mut self, packet: &Packet) {
        self.large_packets += u32::from(packet.tcp.is_some() && packet.ip_len_bytes > MAX_ORDINARY_IP_BYTES);
        self.tunnelled_packets += u32::from(packet.layer_path != 0);
        self.tagged_packets += u32::from(packet.vlan_id.is_some());
        if packet.layers != self.last_way.0 {
            self.change_way(packet.layers);
        }
        self.last_way.1 += 1;
    }

    /// IPv4 and IPv6, or the inside of a tunnel and its control traffic, take turns.
    #[inline(never)]
    fn change_way(&mut self, way: u64) {
        let (before, packets) = core::mem::replace(&mut self.last_way, (way, 0));
        if packets > 0 {
            *self.ways.entry(before).or_insert(0) += packets;
        }
    }

    fn all_ways(&self) -> BTreeMap<u64, u32> {
        let mut ways = self.ways.clone();
        if self.last_way.1 > 0 {
            *ways.entry(self.last_way.0).or_insert(0) += self.last_way.1;
        }
        ways
    }

    /// wire bytes, captured bytes, granularity, largest step back u64; cut records, largest captured length, large,
    /// tunnelled and tagged packets, silences, ways u32; then per silence ns u64, byte offset u64, record u32; then per
    /// way its layers u64 and packets u32. Little-endian.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for word in [self.wire_bytes, self.captured_bytes, self.granularity_ns, self.largest_step_back_ns] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        let ways = self.all_ways();
        let counts = [
            self.cut_records,
            self.max_captured_len,
            self.large_packets,
            self.tunnelled_packets,
            self.tagged_packets,
            self.silences.len() as u32,
            ways.len() as u32,
        ];
        for word in counts {
            out.extend_from_slice(&word.to_le_bytes());
        }
        for Silence { ns, offset, record } in &self.silences {
            out.extend_from_slice(&ns.to_le_bytes());
            out.extend_from_slice(&offset.to_le_bytes());
            out.extend_from_slice(&record.to_le_bytes());
        }
        for (layers, packets) in ways {
            out.extend_from_slice(&layers.to_le_bytes());
            out.extend_from_slice(&packets.to_le_bytes());
        }
        out
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn granularity_is_the_common_divisor_of_all_times() {
        let mut quality = Quality::default();
        for (now, expected) in [(5_000_000, 5_000_000), (12_000_000, 1_000_000), (13_500_000, 500_000), (7, 1)] {
            quality.time(now, None, 0, 0);
            assert_eq!(quality.granularity_ns, expected);
        }
    }

    #[test]
    fn the_longest_silences_are_kept_longest_first() {
        let mut quality = Quality::default();
        let mut now = 0;
        for step in [3, 9, 1, 7, 8, 2, 5, 6, 4, 10, 9] {
            quality.time(now + step * MIN_SILENCE_NS, Some(now), now as u64, 0);
            now += step * MIN_SILENCE_NS;
        }
        let seconds: Vec<i64> = quality.silences.iter().map(|silence| silence.ns / MIN_SILENCE_NS).collect();
        assert_eq!(seconds, [10, 9, 9, 8, 7, 6, 5, 4]);
        assert!(quality.silences[1].offset < quality.silences[2].offset);
    }
}
