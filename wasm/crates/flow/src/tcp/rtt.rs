//! Round-trip times of data that one end sends, as seen at the capture point: capture point → receiver → capture
//! point, the receiver's own delay included.
//!
//! Method `timestamp` (RFC 7323; passive use as in pping):
//!   rtt = time(first packet that acknowledges the segment and echoes TSval v) − time(first segment carrying v)
//! - A pure ACK's TSval is never timed: its echo comes with the peer's next data, so the difference would be think
//!   time. Only segments with payload, SYN or FIN, and only the first of them that carries v.
//! - The echo must acknowledge at least the segment's first byte: an echo of a pure ACK that carried the same v
//!   cannot be taken for the segment's, so no sample is too small.
//! - A v whose first segment was a repeat, came late, or shares its tick with a repeat is spoiled: the receiver
//!   echoes the segment that advanced the left edge, and which copy that was is unknown (Karn).
//! - An echo on a packet that is itself a repeat, late, or follows a gap in the capture ends v without a sample.
//! - Each v is used once; older ones fall with it; after 10 s it is forgotten; at most 32 are kept.
//!
//! Bias: high, never low. By the receiver's delayed ACK (≤ 40 ms Linux, ≤ 200 ms Windows, ≤ 500 ms RFC 9293
//! 3.8.6.3) where a lone segment waits for a timer, or for the peer's answer if that comes sooner; and by think
//! time where the capture missed the pure ACK and the answer is the first echo it holds.
//!
//! Method `ack`:
//!   rtt = time(first ACK covering a segment's last byte) − time(segment)
//! - Only segments sent exactly once (Karn), and none that had to wait for an earlier hole to be repaired
//!   (tcptrace's NOSAMP).
//! - One sample per ACK, from the newest segment it covers: the older ones may have waited for the newer.
//!
//! Bias: as above; there is no clock to tell which copy is acknowledged, hence the exclusions.

use super::sequence::{at_most, before};
use crate::state::state;
use alloc::collections::VecDeque;

const MOST_TIMED: usize = 32;
const MOST_OUTSTANDING: usize = 64;
const OLDEST_NS: i64 = 10_000_000_000;

#[derive(Clone, Copy, Debug)]
struct Timed {
    tsval: u32,
    start: u32,
    at_ns: i64,
}
state!(Timed { tsval, start, at_ns });

#[derive(Clone, Copy, Debug)]
struct Outstanding {
    end: u32,
    is_usable: bool,
    at_ns: i64,
}
state!(Outstanding { end, is_usable, at_ns });

/// Segments of one direction that wait for their echo and their acknowledgment.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    newest_tsval: Option<u32>,
    timed: VecDeque<Timed>,
    outstanding: VecDeque<Outstanding>,
}

state!(Waiting { newest_tsval, timed, outstanding });

impl Waiting {
    /// A segment with payload, SYN or FIN, seen in order, once.
    #[inline]
    pub fn sent(&mut self, start: u32, end: u32, tsval: Option<u32>, now_ns: Option<i64>) {
        let Some(at_ns) = now_ns else {
            self.spoil(start, tsval);
            return;
        };
        if let Some(tsval) = tsval.filter(|&tsval| self.is_first_of(tsval)) {
            if self.timed.len() >= MOST_TIMED {
                self.timed.pop_front();
            }
            self.timed.push_back(Timed { tsval, start, at_ns });
        }
        if self.outstanding.len() < MOST_OUTSTANDING {
            self.outstanding.push_back(Outstanding { end, is_usable: true, at_ns });
        }
    }

    fn is_first_of(&mut self, tsval: u32) -> bool {
        let is_first = self.newest_tsval.is_none_or(|newest| before(newest, tsval));
        if is_first {
            self.newest_tsval = Some(tsval);
        }
        is_first
    }

    /// A repeat, or a late segment, that starts at `start`: what it and all later ones wait for is no longer one
    /// thing.
    pub fn spoil(&mut self, start: u32, tsval: Option<u32>) {
        for segment in &mut self.outstanding {
            if before(start, segment.end) {
                segment.is_usable = false;
            }
        }
        if let Some(tsval) = tsval {
            if !self.is_first_of(tsval) {
                self.timed.retain(|timed| timed.tsval != tsval);
            }
        }
    }

    /// The RTT that an echo completes. `is_clean`: the echoing packet was sent once and in order.
    #[inline]
    pub fn echoed(&mut self, tsecr: u32, ack: u32, now_ns: Option<i64>, is_clean: bool) -> Option<i64> {
        while let Some(timed) = self.timed.front().copied() {
            if before(timed.tsval, tsecr) {
                self.timed.pop_front();
                continue;
            }
            if timed.tsval != tsecr || !before(timed.start, ack) {
                return None;
            }
            self.timed.pop_front();
            let rtt_ns = now_ns?.saturating_sub(timed.at_ns);
            return (is_clean && (0..=OLDEST_NS).contains(&rtt_ns)).then_some(rtt_ns);
        }
        None
    }

    /// The RTT that an acknowledgment completes.
    #[inline]
    pub fn acknowledged(&mut self, ack: u32, now_ns: Option<i64>, is_clean: bool) -> Option<i64> {
        let mut newest = None;
        while let Some(segment) = self.outstanding.front().copied() {
            if !at_most(segment.end, ack) {
                break;
            }
            newest = Some(segment);
            self.outstanding.pop_front();
        }
        let newest = newest.filter(|segment| segment.is_usable && is_clean)?;
        let rtt_ns = now_ns?.saturating_sub(newest.at_ns);
        (rtt_ns >= 0).then_some(rtt_ns)
    }

    /// Forgets everything that waits.
    pub fn clear(&mut self) {
        self.timed.clear();
        self.outstanding.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_is_used_once_and_only_by_an_exact_match() {
        let mut waiting = Waiting::default();
        waiting.sent(0, 10, Some(5), Some(100));
        waiting.sent(10, 20, Some(5), Some(110));
        assert_eq!(waiting.echoed(4, 10, Some(150), true), None);
        assert_eq!(waiting.echoed(5, 10, Some(160), true), Some(60));
        assert_eq!(waiting.echoed(5, 20, Some(170), true), None);
    }

    #[test]
    fn an_echo_that_acknowledges_nothing_of_the_segment_waits_for_the_one_that_does() {
        let mut waiting = Waiting::default();
        waiting.sent(100, 200, Some(5), Some(0));
        assert_eq!(waiting.echoed(5, 100, Some(1), true), None);
        assert_eq!(waiting.echoed(5, 200, Some(30), true), Some(30));
    }

    #[test]
    fn a_tick_shared_with_a_repeat_is_spoiled() {
        let mut waiting = Waiting::default();
        waiting.sent(0, 10, Some(5), Some(0));
        waiting.spoil(0, Some(5));
        assert_eq!(waiting.echoed(5, 10, Some(9), true), None);
        waiting.spoil(0, Some(6));
        waiting.sent(10, 20, Some(6), Some(10));
        assert_eq!(waiting.echoed(6, 20, Some(19), true), None);
    }

    #[test]
    fn one_ack_of_several_segments_times_the_newest() {
        let mut waiting = Waiting::default();
        waiting.sent(u32::MAX - 4, 5, None, Some(0));
        waiting.sent(5, 15, None, Some(40));
        assert_eq!(waiting.acknowledged(15, Some(70), true), Some(30));
        assert_eq!(waiting.acknowledged(15, Some(90), true), None);
    }

    #[test]
    fn a_segment_that_waited_for_the_repair_of_an_earlier_hole_yields_no_sample() {
        let mut waiting = Waiting::default();
        waiting.sent(0, 10, None, Some(0));
        waiting.sent(10, 20, None, Some(1));
        waiting.spoil(0, None);
        assert_eq!(waiting.acknowledged(20, Some(50), true), None);
    }
}
