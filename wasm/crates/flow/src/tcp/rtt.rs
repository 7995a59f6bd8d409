//! Round-trip times of data that one end sends, as seen at the capture point: capture point → receiver → capture
//! point, the receiver's own delay included.
//!
//! Method `timestamp` (RFC 7323; passive use as in pping):
//!   rtt = time(first packet that acknowledges any of a segment and echoes its TSval v) − time(segment)
//! - Only segments with payload, SYN or FIN, and only the first of them that carries v. A pure ACK's TSval is never
//!   timed: its echo comes with the peer's next data, so the difference would be think time.
//! - The echo must acknowledge at least the segment's first byte: an echo of a pure ACK that carried the same v
//!   cannot be taken for the segment's, so no sample is too small. And it must be the first ACK that covers it
//!   whole, or an earlier one: what echoes v after that may have waited for the peer's application.
//! - A v whose first segment was a repeat, came late, or shares its tick with a repeat is spoiled: the receiver
//!   echoes the segment that advanced the left edge (RFC 7323 4.3), and which copy that was is unknown (Karn).
//! - An echo on a packet that is itself a repeat, late, or follows a gap in the capture ends v without a sample; so
//!   does one of an end that is repairing its own data: the first echo may have been on a repeat that got lost.
//! - Each v is used once, and not after 10 s.
//!
//! Bias: high, never low. By the receiver's delayed ACK (≤ 40 ms Linux, ≤ 200 ms Windows, ≤ 500 ms RFC 9293
//! 3.8.6.3) where a lone segment waits for the timer, or for the peer's answer if that comes sooner; and by think
//! time where the capture missed the pure ACK and the answer is the first echo it holds.
//!
//! Method `ack`:
//!   rtt = time(first ACK covering a segment's last byte) − time(segment)
//! - Only segments sent exactly once (Karn), and none that had to wait for an earlier hole to be repaired
//!   (tcptrace's NOSAMP).
//! - One sample per ACK, from the newest segment it covers: the older ones may have waited for the newer.
//!
//! Bias: as above; there is no clock to tell which copy is acknowledged, hence the exclusions.
//!
//! At most 256 segments wait per direction (8 before the first ACK: there may be no capture of the way back); those
//! beyond are not timed, and an ACK that covers one of them yields no sample by method `ack`.

use super::sequence::{at_most, before};
use crate::state::state;
use alloc::collections::VecDeque;

const MOST_WAITING: usize = 256;
const MOST_UNANSWERED: usize = 8;
const OLDEST_NS: i64 = 10_000_000_000;

#[derive(Clone, Copy, Debug)]
struct Sent {
    start: u32,
    end: u32,
    at_ns: i64,
    tsval: u32,
    /// May an echo of its TSval be timed?
    is_timed: bool,
    /// May the ACK that covers it be timed?
    is_single: bool,
}
state!(Sent { start, end, at_ns, tsval, is_timed, is_single });

/// The RTTs that one ACK completes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Completed {
    /// By method `timestamp`.
    pub timestamp_ns: Option<i64>,
    /// By method `ack`.
    pub ack_ns: Option<i64>,
}

/// Segments of one direction that wait for their acknowledgment.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    newest_tsval: Option<u32>,
    is_answered: bool,
    sent: VecDeque<Sent>,
    /// Sequence space from the first segment that found no place to the end of the last.
    untimed: Option<(u32, u32)>,
}

state!(Waiting { newest_tsval, is_answered, sent, untimed });

impl Waiting {
    /// A segment with payload, SYN or FIN, seen in order, once.
    #[inline]
    pub fn sent(&mut self, start: u32, end: u32, tsval: Option<u32>, now_ns: Option<i64>) {
        let Some(at_ns) = now_ns else {
            self.spoil(start, tsval);
            return;
        };
        let is_timed = tsval.is_some_and(|tsval| self.is_first_of(tsval));
        if self.sent.len() < if self.is_answered { MOST_WAITING } else { MOST_UNANSWERED } {
            self.sent.push_back(Sent { start, end, at_ns, tsval: tsval.unwrap_or(0), is_timed, is_single: true });
        } else {
            self.untimed = Some((self.untimed.map_or(start, |(first, _)| first), end));
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
        let spoiled = tsval.filter(|&tsval| !self.is_first_of(tsval));
        for segment in &mut self.sent {
            segment.is_single &= !before(start, segment.end);
            segment.is_timed &= spoiled != Some(segment.tsval);
        }
    }

    /// An ACK. `is_clean`: the packet that carries it was sent once and in order.
    #[inline]
    pub fn acknowledged(&mut self, ack: u32, tsecr: Option<u32>, now_ns: Option<i64>, is_clean: bool) -> Completed {
        self.is_answered = true;
        let mut timed_at_ns = None;
        let mut newest = None;
        while let Some(segment) = self.sent.front_mut() {
            if !before(segment.start, ack) {
                break;
            }
            if segment.is_timed && tsecr == Some(segment.tsval) {
                segment.is_timed = false;
                timed_at_ns = Some(segment.at_ns);
            }
            if !at_most(segment.end, ack) {
                break;
            }
            newest = self.sent.pop_front();
        }
        if let Some((first, last)) = self.untimed.filter(|&(first, _)| before(first, ack)) {
            newest = None;
            self.untimed = Some((first, last)).filter(|_| before(ack, last));
        }
        let since = |at_ns: i64| Some(now_ns?.saturating_sub(at_ns)).filter(|rtt_ns| is_clean && *rtt_ns >= 0);
        Completed {
            timestamp_ns: timed_at_ns.and_then(since).filter(|&rtt_ns| rtt_ns <= OLDEST_NS),
            ack_ns: newest.filter(|segment| segment.is_single).and_then(|segment| since(segment.at_ns)),
        }
    }

    /// Forgets everything that waits.
    pub fn clear(&mut self) {
        self.sent.clear();
        self.untimed = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(rtt_ns: i64) -> Completed {
        Completed { timestamp_ns: Some(rtt_ns), ack_ns: Some(rtt_ns) }
    }

    fn by_ack(rtt_ns: i64) -> Completed {
        Completed { timestamp_ns: None, ack_ns: Some(rtt_ns) }
    }

    #[test]
    fn only_the_first_segment_of_a_tick_is_timed_and_only_by_an_exact_echo() {
        let mut waiting = Waiting::default();
        waiting.sent(0, 10, Some(5), Some(100));
        waiting.sent(10, 20, Some(5), Some(110));
        waiting.sent(20, 30, Some(7), Some(120));
        assert_eq!(waiting.acknowledged(10, Some(5), Some(160), true), both(60));
        assert_eq!(waiting.acknowledged(20, Some(5), Some(170), true), by_ack(60));
        assert_eq!(waiting.acknowledged(30, Some(6), Some(180), true), by_ack(60));
        assert_eq!(waiting.acknowledged(30, Some(7), Some(190), true), Completed::default());
    }

    #[test]
    fn an_echo_that_acknowledges_nothing_of_the_segment_is_not_its_echo() {
        let mut waiting = Waiting::default();
        waiting.sent(100, 200, Some(5), Some(0));
        assert_eq!(waiting.acknowledged(100, Some(5), Some(1), true), Completed::default());
        assert_eq!(waiting.acknowledged(200, Some(5), Some(30), true), both(30));
    }

    #[test]
    fn an_ack_of_the_first_part_of_a_super_segment_is_its_echo_once() {
        let mut waiting = Waiting::default();
        waiting.sent(0, 60_000, Some(5), Some(0));
        let echo = Completed { timestamp_ns: Some(30), ack_ns: None };
        assert_eq!(waiting.acknowledged(1448, Some(5), Some(30), true), echo);
        assert_eq!(waiting.acknowledged(60_000, Some(5), Some(31), true), by_ack(31));
    }

    #[test]
    fn a_tick_shared_with_a_repeat_is_spoiled() {
        let mut waiting = Waiting::default();
        waiting.sent(0, 10, Some(5), Some(0));
        waiting.spoil(0, Some(5));
        assert_eq!(waiting.acknowledged(10, Some(5), Some(9), true), Completed::default());
        waiting.spoil(0, Some(6));
        waiting.sent(10, 20, Some(6), Some(10));
        assert_eq!(waiting.acknowledged(20, Some(6), Some(19), true), by_ack(9));
    }

    #[test]
    fn one_ack_of_several_segments_times_the_newest_across_the_wrap() {
        let mut waiting = Waiting::default();
        waiting.sent(u32::MAX - 4, 5, None, Some(0));
        waiting.sent(5, 15, None, Some(40));
        assert_eq!(waiting.acknowledged(15, None, Some(70), true), by_ack(30));
        assert_eq!(waiting.acknowledged(15, None, Some(90), true), Completed::default());
    }

    #[test]
    fn an_ack_beyond_what_could_be_remembered_is_not_timed_by_an_older_segment() {
        let mut waiting = Waiting::default();
        for at in 0..20 {
            waiting.sent(10 * at, 10 * at + 10, None, Some(i64::from(at)));
        }
        assert_eq!(waiting.acknowledged(80, None, Some(100), true), by_ack(93));
        assert_eq!(waiting.acknowledged(150, None, Some(110), true), Completed::default());
        waiting.sent(200, 210, None, Some(120));
        assert_eq!(waiting.acknowledged(200, None, Some(130), true), Completed::default());
        assert_eq!(waiting.acknowledged(210, None, Some(140), true), by_ack(20));
    }

    #[test]
    fn a_segment_that_waited_for_the_repair_of_an_earlier_hole_yields_no_sample() {
        let mut waiting = Waiting::default();
        waiting.sent(0, 10, None, Some(0));
        waiting.sent(10, 20, None, Some(1));
        waiting.spoil(0, None);
        assert_eq!(waiting.acknowledged(20, None, Some(50), true), Completed::default());
    }

    #[test]
    fn an_ack_on_a_packet_that_came_late_ends_the_wait_without_a_sample() {
        let mut waiting = Waiting::default();
        waiting.sent(0, 10, Some(5), Some(0));
        assert_eq!(waiting.acknowledged(10, Some(5), Some(50), false), Completed::default());
        assert_eq!(waiting.acknowledged(10, Some(5), Some(60), true), Completed::default());
    }
}
