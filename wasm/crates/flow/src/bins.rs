//! The open time bin of a flow, both directions.
//!
//! A bin closes when a packet of its flow falls into a later bin, or with the flow. A packet whose time lies before
//! the open bin (time went backwards) counts in the open bin: a closed bin is never opened again.

use crate::codes::{Direction, RttMethod};
use crate::histogram::Samples;
use crate::state::state;

/// Samples of one method; a better method drives out a worse one.
#[derive(Clone, Debug, Default)]
pub struct BestSamples {
    rank: u8,
    method: u8,
    /// Samples of the method.
    pub samples: Samples,
    /// Those later than the running minimum by more than the deadline.
    pub late: u32,
}

state!(BestSamples { rank, method, samples, late });

impl BestSamples {
    /// The method of the samples kept; None while there are none.
    pub fn method(&self) -> Option<RttMethod> {
        if self.rank == 0 {
            return None;
        }
        RttMethod::from_code(self.method)
    }

    /// Adds a sample, unless a better method has given some. Returns whether it was kept.
    #[inline]
    pub fn add(&mut self, method: RttMethod, rtt_ns: i64) -> bool {
        let rank = method.rank();
        if rank < self.rank {
            return false;
        }
        if rank > self.rank {
            self.rank = rank;
            self.method = method as u8;
            self.samples.clear();
            self.late = 0;
        }
        self.samples.add(rtt_ns);
        true
    }

    /// Counts the last sample as late.
    pub fn count_late(&mut self) {
        self.late = self.late.saturating_add(1);
    }

    fn clear(&mut self) {
        self.rank = 0;
        self.samples.clear();
        self.late = 0;
    }
}

/// One direction of the open bin.
#[derive(Clone, Debug, Default)]
pub struct DirectionBin {
    /// Packets in the bin.
    pub packets: u32,
    /// Sum of their IP lengths.
    pub bytes: i64,
    /// Packets inferred lost.
    pub lost_packets: u32,
    /// Packets that came late.
    pub reordered_packets: u32,
    /// RTT toward the end this direction goes to.
    pub rtt: BestSamples,
    /// Delay of packets over the smallest, where there is a sender's clock or a grid.
    pub pdv: Samples,
    /// Packets whose own delay missed the deadline; None where packets are not judged by it.
    pub late: Option<u32>,
}

state!(DirectionBin { packets, bytes, lost_packets, reordered_packets, rtt, pdv, late });

impl DirectionBin {
    /// Is there nothing to tell?
    pub fn is_empty(&self) -> bool {
        self.packets == 0 && self.lost_packets == 0 && self.rtt.samples.is_empty()
    }

    fn clear(&mut self) {
        self.packets = 0;
        self.bytes = 0;
        self.lost_packets = 0;
        self.reordered_packets = 0;
        self.rtt.clear();
        self.pdv.clear();
        self.late = None;
    }
}

/// The open bin of a flow.
#[derive(Clone, Debug, Default)]
pub struct Bin {
    /// Start, a multiple of the width; None before the first packet with a time.
    pub start_ns: Option<i64>,
    end_ns: i64,
    /// forward, reverse.
    pub directions: (DirectionBin, DirectionBin),
    /// Losses taken back that closed bins have: as many of the next to come are not counted, so that sums are right.
    debts: (i64, i64),
}

state!(Bin { start_ns, end_ns, directions, debts });

impl Bin {
    /// Does a packet at this time close the open bin?
    #[inline(always)]
    pub fn ends_before(&self, now_ns: i64) -> bool {
        self.start_ns.is_some() && now_ns >= self.end_ns
    }

    /// Opens the bin that holds `now_ns`, unless one is open.
    #[inline]
    pub fn open(&mut self, now_ns: i64, width_ns: i64) {
        if self.start_ns.is_some() {
            return;
        }
        let width_ns = width_ns.max(1);
        let start_ns = now_ns.saturating_sub(now_ns.rem_euclid(width_ns));
        self.start_ns = Some(start_ns);
        self.end_ns = start_ns.saturating_add(width_ns);
    }

    /// Empties the bin for the next one.
    pub fn clear(&mut self) {
        self.start_ns = None;
        self.directions.0.clear();
        self.directions.1.clear();
    }

    /// Losses of (forward, reverse) that became certain, or were taken back.
    pub fn add_settled(&mut self, lost: (i64, i64)) {
        for direction in [Direction::Forward, Direction::Reverse] {
            let debt = direction.of_mut(&mut self.debts);
            let half = direction.of_mut(&mut self.directions);
            let sum = i64::from(half.lost_packets).saturating_add(*direction.of(&lost)).saturating_sub(*debt);
            *debt = sum.saturating_neg().max(0);
            half.lost_packets = sum.clamp(0, i64::from(u32::MAX)) as u32;
        }
    }

    /// One direction of it.
    #[inline(always)]
    pub fn direction_mut(&mut self, direction: Direction) -> &mut DirectionBin {
        direction.of_mut(&mut self.directions)
    }
}
