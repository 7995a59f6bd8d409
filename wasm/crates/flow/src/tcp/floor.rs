//! The floor under a sender's one-way delays: what the path takes when no queue stands in it, in the mixed time of two
//! clocks that drift apart. PDV (RFC 5481 4.2) is a delay above this floor.
//!
//! A lap is five seconds; of each, the smallest delay is kept with its instant.
//! - Skew: slope of the edge over the middle of the lower convex hull of all laps' minima (queues only lift points, so
//!   the hull lies on the unqueued path). Taken for 0 before the minima span 30 s, and beyond 500 ppm, which no clock
//!   drifts: then a wandering queue or a new route was seen.
//! - Floor: the smallest delay, skew removed, since 60 s before the lap began; while no skew is known, since the lap
//!   before, so that 50 ppm add less than 1/2 ms.

use crate::state::state;
use alloc::vec::Vec;

const LAP_NS: i64 = 5_000_000_000;
const WINDOW_NS: i64 = 60_000_000_000;
const SHORTEST_SPAN_NS: i64 = 30_000_000_000;
const STEEPEST_PPB: i64 = 500_000;
/// Points of the hull before every second inner one is dropped; a hull of real minima has a handful.
const MOST_POINTS: usize = 48;

/// (instant, delay), both up to a constant.
type Point = (i64, i64);

/// The floor of one direction.
#[derive(Clone, Debug, Default)]
pub struct Floor {
    lap: Option<i64>,
    /// Lower hull of the closed laps' minima.
    hull: Vec<Point>,
    /// Minima of the laps that the window still covers.
    recent: Vec<Point>,
    /// Minimum of the open lap.
    lowest: Option<Point>,
    skew_ppb: Option<i64>,
    /// Smallest of `recent`, skew removed.
    floor_before_ns: Option<i64>,
}

state!(Floor { lap, hull, recent, lowest, skew_ppb, floor_before_ns });

/// Does `middle` lie on or above the line from `first` to `last`?
fn is_above(first: Point, middle: Point, last: Point) -> bool {
    let step = |from: Point, to: Point| (i128::from(to.0) - i128::from(from.0), i128::from(to.1) - i128::from(from.1));
    let ((dx, dy), (ex, ey)) = (step(first, middle), step(first, last));
    dy * ex >= ey * dx
}

impl Floor {
    /// How far a delay lies above the floor; the delay counts toward the floor first, so never below 0.
    #[inline]
    pub fn above(&mut self, at_ns: i64, delay_ns: i64) -> i64 {
        let lap = at_ns.div_euclid(LAP_NS);
        if self.lap.is_none_or(|open| open < lap) {
            self.close_lap(at_ns);
            self.lap = Some(lap);
        }
        if self.lowest.is_none_or(|lowest| self.level(at_ns, delay_ns) < self.level(lowest.0, lowest.1)) {
            self.lowest = Some((at_ns, delay_ns));
        }
        let level_ns = self.level(at_ns, delay_ns);
        let lowest_ns = self.lowest.map_or(level_ns, |(at, delay)| self.level(at, delay));
        level_ns.saturating_sub(self.floor_before_ns.map_or(lowest_ns, |floor_ns| floor_ns.min(lowest_ns)))
    }

    /// A delay with the skew taken out.
    #[inline]
    fn level(&self, at_ns: i64, delay_ns: i64) -> i64 {
        match self.skew_ppb {
            Some(skew_ppb) => delay_ns.saturating_sub((at_ns / 1000).saturating_mul(skew_ppb) / 1_000_000),
            None => delay_ns,
        }
    }

    fn close_lap(&mut self, now_ns: i64) {
        if let Some(point) = self.lowest.take() {
            self.recent.push(point);
            self.add_to_hull(point);
            self.skew_ppb = self.skew();
        }
        let window_ns = if self.skew_ppb.is_some() { WINDOW_NS } else { 2 * LAP_NS };
        let start_ns = now_ns.saturating_sub(window_ns);
        self.recent.retain(|&(at_ns, _)| at_ns >= now_ns.saturating_sub(WINDOW_NS));
        let levels = self.recent.iter().filter(|point| point.0 >= start_ns).map(|&(at, delay)| self.level(at, delay));
        self.floor_before_ns = levels.min();
    }

    fn add_to_hull(&mut self, point: Point) {
        while let [.., first, middle] = self.hull.as_slice() {
            if !is_above(*first, *middle, point) {
                break;
            }
            self.hull.pop();
        }
        if self.hull.len() >= MOST_POINTS {
            let mut at = 0;
            self.hull.retain(|_| {
                at += 1;
                at % 2 == 1
            });
        }
        self.hull.push(point);
    }

    fn skew(&self) -> Option<i64> {
        let (&(first_ns, _), &(last_ns, _)) = (self.hull.first()?, self.hull.last()?);
        if last_ns.saturating_sub(first_ns) < SHORTEST_SPAN_NS {
            return None;
        }
        let middle_ns = first_ns.midpoint(last_ns);
        let edge = self.hull.windows(2).find(|edge| edge.last().is_some_and(|&(at_ns, _)| at_ns >= middle_ns))?;
        let [(start_ns, low_ns), (end_ns, high_ns)] = edge else { return None };
        let span_ns = i128::from(*end_ns) - i128::from(*start_ns);
        let rise_ns = i128::from(*high_ns) - i128::from(*low_ns);
        let skew_ppb = i64::try_from((rise_ns * 1_000_000_000).checked_div(span_ns)?).ok()?;
        (skew_ppb.saturating_abs() <= STEEPEST_PPB).then_some(skew_ppb)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A delay of 7 ms plus skew, every fifth packet queued for 30 ms.
    fn largest_error_ns(skew_ppb: i64, packets: i64) -> i64 {
        let mut floor = Floor::default();
        let mut worst_ns = 0;
        for at in 0..packets {
            let at_ns = at * 50_000_000;
            let queued_ns = if at % 5 == 4 { 30_000_000 } else { 0 };
            let found_ns = floor.above(at_ns, 7_000_000 + queued_ns + at_ns / 1000 * skew_ppb / 1_000_000);
            worst_ns = worst_ns.max((found_ns - queued_ns).abs());
        }
        worst_ns
    }

    #[test]
    fn skew_of_either_sign_does_not_pass_for_delay() {
        for skew_ppb in [0, 50_000, -50_000, 300_000] {
            assert!(largest_error_ns(skew_ppb, 8000) <= skew_ppb.abs() * 15 + 10, "{skew_ppb}");
        }
    }

    #[test]
    fn a_new_route_is_the_floor_a_minute_later() {
        let mut floor = Floor::default();
        let mut last_ns = 0;
        for at in 0..6000i64 {
            let route_ns = if at < 3000 { 0 } else { 10_000_000 };
            last_ns = floor.above(at * 50_000_000, route_ns);
            if at == 3000 {
                assert_eq!(last_ns, 10_000_000);
            }
        }
        assert!(last_ns < 3_000_000, "{last_ns}");
    }

    #[test]
    fn the_hull_is_bounded() {
        let mut floor = Floor::default();
        for at in 0..100_000i64 {
            floor.above(at * LAP_NS, at * at);
        }
        assert!(floor.hull.len() <= MOST_POINTS && floor.recent.len() <= 14);
    }
}
