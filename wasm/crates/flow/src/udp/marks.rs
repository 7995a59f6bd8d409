//! What one side has asked and the other has not yet answered: round trips of any protocol that returns a key.

use crate::codes::RttMethod;
use crate::state::state;
use alloc::collections::VecDeque;

/// Enough for a third of a second at 384 packets a second; older questions are forgotten.
const MOST: usize = 128;
/// A question that is asked twice within this time is one question in several datagrams, timed from its first.
const BURST_NS: i64 = 2_000_000;
/// No answer is that late.
const LONGEST_NS: i64 = 30_000_000_000;

#[derive(Clone, Debug)]
struct Mark {
    key: u64,
    at_ns: i64,
    is_ambiguous: bool,
}

state!(Mark { key, at_ns, is_ambiguous });

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// What the answer returns.
    pub key: u64,
    /// May be asked in several datagrams at once (a first flight).
    pub may_burst: bool,
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The question's key.
    pub key: u64,
    /// How to call the sample.
    pub method: RttMethod,
    /// Time the answering host says it held the question.
    pub held_ns: i64,
    /// May others answer the same question (RTCP)?
    pub keeps: bool,
    /// The one packet that it acknowledges: stream and number.
    pub of: Option<(u32, u64)>,
}

/// Open questions of one side.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    open: VecDeque<Mark>,
}

state!(Marks { open });

impl Marks {
    /// A question leaves.
    pub fn ask(&mut self, ask: Ask, at_ns: i64) {
        if let Some(mark) = self.open.iter_mut().rev().find(|mark| mark.key == ask.key) {
            let is_burst = ask.may_burst && at_ns.saturating_sub(mark.at_ns) <= BURST_NS;
            if at_ns.saturating_sub(mark.at_ns) > LONGEST_NS {
                mark.at_ns = at_ns;
                mark.is_ambiguous = false;
            } else if !is_burst {
                // Karn: which of the two the answer belongs to cannot be told.
                mark.is_ambiguous = true;
            }
            return;
        }
        if self.open.len() >= MOST {
            self.open.pop_front();
        }
        self.open.push_back(Mark { key: ask.key, at_ns, is_ambiguous: false });
    }

    /// An answer of the other side passes: is there a question like it, and the round trip if it is unambiguous.
    pub fn answer(&mut self, answer: &Answer, at_ns: Option<i64>) -> (bool, Option<i64>) {
        let Some(place) = self.open.iter().rposition(|mark| mark.key == answer.key) else { return (false, None) };
        let Some(mark) = self.open.get(place) else { return (false, None) };
        let rtt_ns = at_ns
            .filter(|_| !mark.is_ambiguous)
            .map(|at_ns| at_ns.saturating_sub(mark.at_ns))
            .filter(|elapsed_ns| (0..=LONGEST_NS).contains(elapsed_ns))
            .map(|elapsed_ns| elapsed_ns.saturating_sub(answer.held_ns))
            .filter(|rtt_ns| *rtt_ns >= 0);
        if !answer.keeps {
            self.open.remove(place);
        }
        (true, rtt_ns)
    }
}
