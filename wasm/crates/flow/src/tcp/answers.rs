//! Request and response: how long a host takes to answer, apart from the path.
//!
//! A question is what one side sends while nothing of the other is due; its answer is the first data of the other side that
//! acknowledges all of it. The time between holds path and host; less the round trip toward the answering end (which never
//! holds an application) it is the host's. Sides that speak unasked, as a game that sends on its tick does, answer nothing:
//! where such turns are more than one of eight, nothing is said.

use crate::histogram::Samples;
use crate::state::state;

use super::sequence::at_most;
use super::Segment;

/// Fewest answers.
const FEWEST: u32 = 5;
/// One turn of so many may be unasked.
const MOST_UNASKED: u32 = 8;

/// The questions of one side.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// The byte after the latest question, and when its last segment was seen.
    pending: Option<(u32, Option<i64>)>,
    /// From a question's last segment to the first of its answer.
    pub delays: Samples,
    /// Turns of the other side that no question went before.
    unasked: u32,
    /// Has the other side the turn?
    is_answering: bool,
}

state!(Answers { pending, delays, unasked, is_answering });

impl Answers {
    /// This side sends new data.
    pub fn asks(&mut self, segment: &Segment) {
        self.pending = Some((segment.end, segment.now_ns));
        self.is_answering = false;
    }

    /// The other side sends new data that acknowledges up to `ack`.
    pub fn hears(&mut self, ack: u32, now_ns: Option<i64>) {
        match self.pending {
            Some((end, asked_ns)) if at_most(end, ack) => {
                if let Some((asked_ns, now_ns)) = asked_ns.zip(now_ns) {
                    self.delays.add(now_ns.saturating_sub(asked_ns));
                }
                self.pending = None;
                self.is_answering = true;
            }
            _ if !self.is_answering => {
                self.unasked = self.unasked.saturating_add(1);
                self.is_answering = true;
            }
            _ => {}
        }
    }

    /// Share of the other side's turns that were answers; None where too few were.
    pub fn confidence(&self) -> Option<f64> {
        let answers = self.delays.len();
        let turns = answers.saturating_add(self.unasked);
        let is_believed = answers >= FEWEST && self.unasked.saturating_mul(MOST_UNASKED) <= turns;
        is_believed.then(|| f64::from(answers) / f64::from(turns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::Direction;

    fn segment(end: u32, at_ms: i64) -> Segment {
        Segment {
            direction: Direction::Forward,
            seq: end.wrapping_sub(10),
            end,
            len: 10,
            payload: 10,
            is_syn: false,
            tsval: None,
            now_ns: Some(at_ms * 1_000_000),
            ip_id: None,
        }
    }

    #[test]
    fn an_answer_is_timed_from_the_last_segment_of_its_question() {
        let mut answers = Answers::default();
        for turn in 0..6u32 {
            let at_ms = i64::from(turn) * 1000;
            answers.asks(&segment(turn * 20 + 10, at_ms));
            answers.asks(&segment(turn * 20 + 20, at_ms + 5));
            answers.hears(turn * 20 + 20, Some((at_ms + 45) * 1_000_000));
            answers.hears(turn * 20 + 20, Some((at_ms + 90) * 1_000_000));
        }
        assert_eq!((answers.delays.len(), answers.confidence()), (6, Some(1.0)));
        assert!(answers.delays.quantile(500).is_some_and(|ns| (ns - 40_000_000).abs() < 100_000));
    }

    #[test]
    fn a_side_that_speaks_on_its_own_clock_answers_nothing() {
        let mut answers = Answers::default();
        for tick in 0..40u32 {
            let at_ms = i64::from(tick) * 50;
            answers.asks(&segment(tick * 10 + 10, at_ms));
            // Sent before the question came: it acknowledges the one before.
            answers.hears(tick * 10, Some((at_ms + 20) * 1_000_000));
        }
        assert_eq!(answers.confidence(), None);
    }

    #[test]
    fn few_answers_say_nothing() {
        let mut answers = Answers::default();
        for turn in 0..FEWEST - 1 {
            answers.asks(&segment(turn * 10 + 10, i64::from(turn)));
            answers.hears(turn * 10 + 10, Some(i64::from(turn) * 1_000_000));
        }
        assert_eq!(answers.confidence(), None);
    }
}
