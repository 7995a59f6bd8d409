//! Serial arithmetic modulo 2³² (RFC 9293 3.4, RFC 7323 4) and the list of holes in what was seen.

use crate::state::state;
use alloc::vec::Vec;

/// Is `a` before `b`?
#[inline(always)]
pub fn before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

/// Is `a` before or at `b`?
#[inline(always)]
pub fn at_most(a: u32, b: u32) -> bool {
    !before(b, a)
}

/// The later of two.
#[inline(always)]
pub fn later(a: u32, b: u32) -> u32 {
    if before(a, b) {
        b
    } else {
        a
    }
}

/// A step of sequence space larger than the largest window (RFC 7323 2.3: 2³⁰) is no step of this stream.
pub const LARGEST_STEP: u32 = 1 << 30;

/// Sequence space that was jumped over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    /// First byte missing.
    pub start: u32,
    /// First byte after.
    pub end: u32,
    /// When it opened.
    pub opened_ns: Option<i64>,
    /// When the edge before it was reached: what is missing was sent after that.
    pub edge_ns: Option<i64>,
    /// TSval of the segment that opened it.
    pub tsval: Option<u32>,
    /// Which segment of its side that was.
    pub opened_at: u32,
    /// IP identification of the packet before it and of the one that opened it.
    pub ids: Option<(u16, u16)>,
    /// The receiver has acknowledged it: the data arrived, only the capture lacks it.
    pub is_acked: bool,
}

state!(Hole { start, end, opened_ns, edge_ns, tsval, opened_at, ids, is_acked });

/// Holes of one direction, at most 64; beyond that the oldest is forgotten, and data that fills it counts as seen
/// before.
#[derive(Clone, Debug, Default)]
pub struct Holes {
    list: Vec<Hole>,
}

state!(Holes { list });

const LARGEST_LIST: usize = 64;
/// How long a hole that the receiver has acknowledged is remembered: long enough for a packet that the capture put
/// in the wrong order.
const ACKED_HOLE_NS: i64 = 1_000_000_000;

impl Holes {
    /// Forgets all.
    pub fn clear(&mut self) {
        self.list.clear();
    }

    /// Opens one.
    pub fn open(&mut self, hole: Hole) {
        if self.list.len() >= LARGEST_LIST {
            self.list.remove(0);
        }
        self.list.push(hole);
    }

    /// Is there one that nobody has acknowledged?
    pub fn any_open(&self) -> bool {
        self.list.iter().any(|hole| !hole.is_acked)
    }

    /// Takes [start, end) out of every hole; returns the first hole it touched, as it was.
    pub fn fill(&mut self, start: u32, end: u32) -> Option<Hole> {
        if self.list.is_empty() || !before(start, end) {
            return None;
        }
        let mut touched = None;
        let mut kept = Vec::with_capacity(self.list.len() + 1);
        for hole in self.list.drain(..) {
            if !before(start, hole.end) || !before(hole.start, end) {
                kept.push(hole);
                continue;
            }
            touched.get_or_insert(hole);
            if before(hole.start, start) {
                kept.push(Hole { end: start, ..hole });
            }
            if before(end, hole.end) {
                kept.push(Hole { start: end, ..hole });
            }
        }
        kept.truncate(LARGEST_LIST);
        self.list = kept;
        touched
    }

    /// The receiver has acknowledged everything before `ack`; returns how many bytes in holes that newly covers.
    pub fn acknowledge(&mut self, ack: u32, now_ns: Option<i64>) -> u32 {
        let mut unseen = 0u32;
        self.list.retain_mut(|hole| {
            if !at_most(hole.end, ack) {
                return true;
            }
            if !hole.is_acked {
                unseen = unseen.saturating_add(hole.end.wrapping_sub(hole.start));
                hole.is_acked = true;
            }
            match (hole.opened_ns, now_ns) {
                (Some(opened), Some(now)) => now.saturating_sub(opened) < ACKED_HOLE_NS,
                _ => false,
            }
        });
        unseen
    }
}

/// What the receiver has of the data beyond its acknowledgment, as its SACK blocks said (RFC 2018 3): at most 32 ranges,
/// none touching another; beyond that the oldest is forgotten. That a receiver may take its word back (8) is left aside.
#[derive(Clone, Debug, Default)]
pub struct Received {
    list: Vec<(u32, u32)>,
}

state!(Received { list });

const MOST_RANGES: usize = 32;

impl Received {
    /// Forgets all.
    pub fn clear(&mut self) {
        self.list.clear();
    }

    /// The receiver has [start, end).
    pub fn add(&mut self, start: u32, end: u32) {
        if !before(start, end) || self.covers(start, end) {
            return;
        }
        let (mut start, mut end) = (start, end);
        self.list.retain(|&(left, right)| {
            let is_apart = before(right, start) || before(end, left);
            if !is_apart {
                start = if before(left, start) { left } else { start };
                end = later(right, end);
            }
            is_apart
        });
        if self.list.len() >= MOST_RANGES {
            self.list.remove(0);
        }
        self.list.push((start, end));
    }

    /// Has the receiver said that it has all of [start, end)?
    pub fn covers(&self, start: u32, end: u32) -> bool {
        self.list.iter().any(|&(left, right)| at_most(left, start) && at_most(end, right))
    }

    /// All before `ack` is acknowledged: no block needs to say so.
    pub fn acknowledge(&mut self, ack: u32) {
        self.list.retain(|&(_, right)| before(ack, right));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    fn hole(start: u32, end: u32) -> Hole {
        Hole { start, end, opened_ns: Some(0), edge_ns: None, tsval: None, opened_at: 0, ids: None, is_acked: false }
    }

    #[test]
    fn serial_order_holds_across_the_wrap() {
        assert!(before(u32::MAX, 0) && !before(0, u32::MAX) && at_most(5, 5));
        assert_eq!(later(u32::MAX - 1, 3), 3);
    }

    #[test]
    fn filling_the_middle_leaves_both_ends_open() {
        let mut holes = Holes::default();
        holes.open(hole(u32::MAX - 9, 10));
        assert_eq!(holes.fill(u32::MAX, 2), Some(hole(u32::MAX - 9, 10)));
        assert_eq!(holes.list, [hole(u32::MAX - 9, u32::MAX), hole(2, 10)]);
        assert_eq!(holes.fill(u32::MAX, 2), None);
    }

    #[test]
    fn what_was_received_grows_together_over_the_wrap_and_leaves_when_it_is_acknowledged() {
        let mut received = Received::default();
        received.add(u32::MAX - 99, u32::MAX - 49);
        received.add(u32::MAX - 9, 10);
        assert!(!received.covers(u32::MAX - 99, 10) && received.covers(u32::MAX, 5));
        received.add(u32::MAX - 49, u32::MAX - 9);
        assert_eq!(received.list, [(u32::MAX - 99, 10)]);
        received.acknowledge(5);
        assert!(received.covers(6, 10));
        received.acknowledge(10);
        assert!(received.list.is_empty());
        (0..100).for_each(|at| received.add(at * 10, at * 10 + 5));
        assert_eq!(received.list.len(), MOST_RANGES);
    }

    #[test]
    fn the_list_is_bounded() {
        let mut holes = Holes::default();
        for at in 0..1000 {
            holes.open(hole(at * 10, at * 10 + 5));
        }
        assert_eq!(holes.list.len(), LARGEST_LIST);
    }
}
