//! How long a host takes for what it must do at once, seen in its own capture: no path and no other clock is part of it.
//!
//! A lone segment may wait for the delayed-acknowledgment timer, and an answer for the application. The acknowledgment of a
//! second full-sized segment may wait for neither (RFC 9293 3.8.6.3): only that is timed.

use crate::lane::before;
use std::collections::VecDeque;

/// Payload that counts as a full-sized segment, whatever the path's MTU; and from which on several were joined.
const FULL_BYTES: u32 = 1000;
const JOINED_BYTES: u32 = 1500;
/// Segments that wait for an acknowledgment; in a longer train the first ones are forgotten.
const MOST_WAITING: usize = 64;

#[derive(Clone, Copy, Debug)]
struct Arrived {
    end: u32,
    full: u32,
    time: i64,
    frame: u32,
}

/// One way of a connection at the host that it reaches.
#[derive(Debug, Default)]
pub struct Answers {
    waiting: VecDeque<Arrived>,
    /// Behind the highest byte that came.
    next: Option<u32>,
    /// What the host offered last: a window that shrinks holds bytes that its application has not read, and then a stack may wait.
    window: u16,
}

/// An acknowledgment that had to leave at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// When the segment came that called for it, its frame, and how long it took.
    pub time: i64,
    pub frame: u32,
    pub took: i64,
}

impl Answers {
    /// Data reached the host.
    pub fn arrived(&mut self, seq: u32, len: u32, time: i64, frame: u32) {
        let end = seq.wrapping_add(len);
        let is_next = self.next.is_none_or(|next| next == seq);
        if !is_next {
            // A hole or a repeat is answered by other rules: begin anew behind it.
            self.waiting.clear();
        }
        if self.next.is_none_or(|next| before(next, end)) {
            self.next = Some(end);
        }
        if is_next {
            if self.waiting.len() >= MOST_WAITING {
                self.waiting.pop_front();
            }
            let full = if len > JOINED_BYTES { 2 } else { u32::from(len >= FULL_BYTES) };
            self.waiting.push_back(Arrived { end, full, time, frame });
        }
    }

    /// The host acknowledged: was there something that had to be, at once?
    pub fn acknowledged(&mut self, ack: u32, window: u16, time: i64) -> Option<Answer> {
        let is_unread = window < core::mem::replace(&mut self.window, window);
        let mut full = 0;
        let mut called = None;
        while let Some(first) = self.waiting.front().filter(|first| !before(ack, first.end)).copied() {
            self.waiting.pop_front();
            full += first.full;
            if full >= 2 && called.is_none() {
                called = Some(first);
            }
        }
        let called = called.filter(|_| !is_unread)?;
        Some(Answer { time: called.time, frame: called.frame, took: time.saturating_sub(called.time) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_acknowledgment_of_a_second_full_segment_is_timed() {
        let mut answers = Answers::default();
        answers.arrived(0, 100, 0, 1);
        assert_eq!(answers.acknowledged(100, 500, 40_000_000), None, "a lone small segment may wait");
        answers.arrived(100, 1448, 50_000_000, 2);
        assert_eq!(answers.acknowledged(1548, 500, 90_000_000), None, "a lone full one, too");
        answers.arrived(1548, 1448, 100_000_000, 3);
        answers.arrived(2996, 1448, 100_100_000, 4);
        answers.arrived(4444, 1448, 100_200_000, 5);
        let answer = Answer { time: 100_100_000, frame: 4, took: 20_000_000 };
        assert_eq!(answers.acknowledged(5892, 500, 120_100_000), Some(answer));
        answers.arrived(5892, 2896, 200_000_000, 6);
        assert_eq!(
            answers.acknowledged(8788, 500, 200_050_000).map(|answer| answer.took),
            Some(50_000),
            "joined segments"
        );
    }

    #[test]
    fn a_window_that_shrinks_may_wait_for_the_application() {
        let mut answers = Answers::default();
        for (window, took) in [(500, Some(30_000_000)), (480, None), (480, Some(30_000_000)), (490, Some(30_000_000))] {
            answers.arrived(0, 2896, 0, 1);
            assert_eq!(answers.acknowledged(2896, window, 30_000_000).map(|answer| answer.took), took, "{window}");
            answers.next = None;
        }
    }

    #[test]
    fn behind_a_hole_and_after_a_repeat_nothing_is_timed() {
        let mut answers = Answers::default();
        answers.arrived(0, 1448, 0, 1);
        answers.arrived(2896, 1448, 1_000, 2);
        assert_eq!(answers.acknowledged(1448, 500, 30_000_000), None);
        answers.arrived(1448, 1448, 50_000_000, 3);
        assert_eq!(answers.acknowledged(4344, 500, 80_000_000), None);
    }
}
