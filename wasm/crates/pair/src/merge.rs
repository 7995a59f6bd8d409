//! Packets of both ends in one order of time, however they were handed in. The server's times are moved by what is known of
//! the clocks; each end's own order is kept.

use crate::print::Print;
use std::collections::VecDeque;

/// One end's packets that wait for the other end.
#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Print>,
    /// Times of a capture may step back; the order of reading does not.
    latest: Option<i64>,
    is_over: bool,
}

/// Both ends.
#[derive(Debug, Default)]
pub struct Merge {
    ends: [Queue; 2],
    turn: usize,
}

impl Merge {
    /// The next packet when time is no order yet: the ends take turns, and one that is over lets the other go on.
    pub fn next_in_turn(&mut self) -> Option<(usize, Print)> {
        for _ in 0..2 {
            let end = self.turn;
            if self.is_starved(end) {
                return None;
            }
            self.turn = 1 - end;
            if let Some(print) = self.ends.get_mut(end).and_then(|queue| queue.waiting.pop_front()) {
                return Some((end, print));
            }
        }
        None
    }

    /// Adds packets of an end in capture order.
    pub fn add(&mut self, end: usize, prints: impl IntoIterator<Item = Print>) {
        if let Some(queue) = self.ends.get_mut(end) {
            queue.waiting.extend(prints);
        }
    }

    /// An end has no more packets.
    pub fn end(&mut self, end: usize) {
        if let Some(queue) = self.ends.get_mut(end) {
            queue.is_over = true;
        }
    }

    /// Which end must be read on; None when both are over.
    pub fn wanted(&self) -> Option<usize> {
        (0..2).filter(|end| self.is_starved(*end)).min_by_key(|end| *end).or_else(|| {
            // Neither is empty: whoever is not over may come.
            (0..2).find(|end| self.ends.get(*end).is_some_and(|queue| !queue.is_over))
        })
    }

    fn is_starved(&self, end: usize) -> bool {
        self.ends.get(end).is_some_and(|queue| queue.waiting.is_empty() && !queue.is_over)
    }

    /// The next packet and its end; `offset` is taken from times of end 1. None until more is known.
    pub fn next(&mut self, offset: i64) -> Option<(usize, Print)> {
        if self.is_starved(0) || self.is_starved(1) {
            return None;
        }
        let [a, b] = &mut self.ends;
        let at = |queue: &Queue, offset: i64| {
            queue.waiting.front().map(|print| print.time.max(queue.latest.unwrap_or(i64::MIN)).saturating_sub(offset))
        };
        let end = match (at(a, 0), at(b, offset)) {
            (Some(first), Some(second)) => usize::from(second < first),
            (Some(_), None) => 0,
            (None, Some(_)) => 1,
            (None, None) => return None,
        };
        let queue = if end == 0 { a } else { b };
        let print = queue.waiting.pop_front()?;
        queue.latest = Some(queue.latest.map_or(print.time, |latest| latest.max(print.time)));
        Some((end, print))
    }
}
