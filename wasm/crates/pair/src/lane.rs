//! What is known of one way of a joined flow: its delays of late, and where its TCP stream stands.

use crate::answers::Answers;
use crate::print::Print;
use crate::recent::RecentMin;
use std::collections::VecDeque;

/// One way of a joined flow.
#[derive(Debug, Default)]
pub struct Lane {
    /// Receiver time minus sender time: what the votes saw at first, the smallest of late, and a slow mean.
    pub first: Option<i64>,
    pub floor: RecentMin,
    pub usual: Option<i64>,
    /// The last delay, where it was far from the usual one.
    pub strange: Option<i64>,
    /// When the last of these came, by the receiver's clock.
    pub learned_at: i64,
    pub learned: u32,
    /// Sent and received, of arrivals of late; each was sent after all before it.
    pub arrivals: VecDeque<(i64, i64)>,
    /// Mean distance from it.
    pub spread: i64,
    /// Waiting TCP data by end, oldest first: number and frame.
    pub ranges: [VecDeque<(u32, u32)>; 2],
    /// Behind the highest byte sent.
    pub sent_to: Option<u32>,
    /// Highest acknowledgment of this way's bytes.
    pub acked_to: Option<u32>,
    /// Of the host that this way reaches.
    pub answers: Answers,
    /// Two sendings of the same bytes differ in TSval.
    pub keeps_tsval: bool,
    /// Acknowledgments of other length, window or report are other ones.
    pub keeps_acks: bool,
    /// Packets of this way that the sender's capture holds.
    pub sent: u32,
}

/// A packet is not overtaken for longer than this: routes that differ by more are none for one flow.
const OVERTAKEN_NS: i64 = 300_000_000;
/// Of arrivals that follow each other closer one is remembered, and so long.
const ARRIVALS_APART_NS: i64 = 20_000_000;
const REMEMBERED_NS: i64 = 10_500_000_000;
/// A delay this far below the smallest seen is impossible; less is the grain of clocks.
pub const SLACK_NS: i64 = 1_000_000;
/// After so few delays the smallest of them is not yet the smallest that there are.
const FEW_LEARNED: u32 = 16;
const FEW_SLACK_NS: i64 = 4_000_000;
/// What a lane showed so long ago is no longer how its packets fare: those of its way speak for it, too.
const FRESH_NS: i64 = 2_000_000_000;
/// So many mean distances, and so much, from the usual delay is a surprise.
const SURPRISES: i64 = 4;
const SURPRISE_NS: i64 = 200_000;
/// A queue that the first packets of a flow may stand in.
const EARLY_QUEUE_NS: i64 = 10_000_000;
/// The usual delay follows a queue; what is so far from it is another level or another packet.
const LEVEL_NS: i64 = 5_000_000;

impl Lane {
    /// Takes in a delay.
    pub fn learn(&mut self, delay: i64, received_at: i64) {
        // The first packets may have stood in a queue: their smallest is no floor yet, where unique contents were faster.
        if let (None, Some(first)) = (self.floor.get(), self.first) {
            self.floor.add(first);
        }
        self.floor.add(delay);
        let usual = self.usual.unwrap_or(delay);
        let distance = (delay - usual).abs();
        if distance > LEVEL_NS && self.is_surprised(distance) {
            // One packet took another way; two that agree are a new level, whether a route or a clock made it.
            let is_again = self.strange.is_some_and(|strange| (delay - strange).abs() < distance / 4);
            self.strange = if is_again { None } else { Some(delay) };
            self.usual = Some(if is_again { delay } else { usual });
        } else {
            self.strange = None;
            self.spread += (distance - self.spread) / 8;
            self.usual = Some(usual + (delay - usual) / 8);
        }
        self.learned_at = received_at;
        self.learned = self.learned.saturating_add(1);
    }

    /// A packet that was surely this one came.
    pub fn arrived(&mut self, sent_at: i64, received_at: i64) {
        while self.arrivals.front().is_some_and(|(_, first)| received_at - first > REMEMBERED_NS) {
            self.arrivals.pop_front();
        }
        let is_later = self
            .arrivals
            .back()
            .is_none_or(|(sent, received)| sent_at > *sent && received_at - received >= ARRIVALS_APART_NS);
        if is_later {
            self.arrivals.push_back((sent_at, received_at));
        }
    }

    /// Came what was sent later so long before `received_at` that this one cannot be on its way any more?
    pub fn is_overtaken(&self, sent_at: i64, received_at: i64) -> bool {
        let next = self.arrivals.partition_point(|(sent, _)| *sent <= sent_at);
        self.arrivals.get(next).is_some_and(|(_, received)| received_at - received > OVERTAKEN_NS)
    }

    /// So far below the smallest delay of late one may be, as these delays scatter.
    pub fn slack(&self) -> i64 {
        SLACK_NS + SURPRISES * self.spread + if self.learned < FEW_LEARNED { FEW_SLACK_NS } else { 0 }
    }

    /// No packet that came about now was faster; `of_way` is the same of all flows.
    pub fn floor_at(&self, received_at: i64, of_way: Option<i64>) -> Option<i64> {
        let own = self.floor.get().or(self.first);
        match (own, of_way) {
            (Some(own), Some(of_way)) if received_at - self.learned_at > FRESH_NS => Some(own.min(of_way)),
            _ => own.or(of_way),
        }
    }

    /// Is this about the usual delay? While none is known, is it not far above the smallest that other flows had?
    pub fn expects(&self, delay: i64) -> bool {
        match (self.usual, self.first) {
            (Some(usual), _) => !self.is_surprised((delay - usual).abs()),
            (None, Some(first)) => (first - SLACK_NS..first + EARLY_QUEUE_NS).contains(&delay),
            (None, None) => false,
        }
    }

    /// Is this distance from the usual delay more than the lane showed of late?
    pub fn is_surprised(&self, distance: i64) -> bool {
        distance > SURPRISES * self.spread + SURPRISE_NS
    }

    /// Do headers that pass unchanged say that these are two packets, though their key is one?
    pub fn tells_apart(&self, a: &Print, b: &Print) -> bool {
        self.keeps_tsval && matches!((a.tsval, b.tsval), (Some(a), Some(b)) if a != b)
            || self.keeps_acks && matches!((a.bare_ack(), b.bare_ack()), (Some(a), Some(b)) if a.differs(b))
    }
}

/// a is before b in sequence space.
pub fn before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

/// The one that is further on.
pub fn later(known: Option<u32>, next: u32) -> Option<u32> {
    Some(known.filter(|known| before(next, *known)).unwrap_or(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    #[test]
    fn one_packet_far_off_is_another_way_and_two_that_agree_are_a_level() {
        let mut lane = Lane::default();
        for at in 0..50 {
            lane.learn(40 * MS + at % 3 * 50_000, at * 20 * MS);
        }
        assert!(lane.expects(40 * MS) && !lane.expects(70 * MS));
        lane.learn(70 * MS, 1000 * MS);
        assert!(lane.expects(40 * MS) && !lane.expects(70 * MS));
        lane.learn(40 * MS, 1020 * MS);
        lane.learn(440 * MS, 1040 * MS);
        lane.learn(441 * MS, 1060 * MS);
        assert!(lane.expects(441 * MS) && !lane.expects(40 * MS));
    }

    #[test]
    fn a_flow_that_learned_nothing_expects_what_others_had_and_a_queue() {
        let lane = Lane { first: Some(40 * MS), ..Lane::default() };
        assert!(lane.expects(40 * MS) && lane.expects(45 * MS));
        assert!(!lane.expects(30 * MS) && !lane.expects(240 * MS));
        assert!(!Lane::default().expects(40 * MS));
    }
}
