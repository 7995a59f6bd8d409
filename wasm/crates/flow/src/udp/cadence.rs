//! Opaque UDP that asks and answers: how long the other side takes, told from the times of datagrams alone.
//!
//! A question is a datagram, its answer the next one of the other side. That any two senders take turns proves nothing:
//! two clocks of one rate do it for hours. What proves it is that answers follow questions that come irregularly. For
//! senders that do not listen to each other, the delay varies by at least 1/√2 of what the distances between questions
//! do, whatever their clocks; so a window of 64 exchanges is believed when the middle half of its delays is four times
//! narrower than the middle half of its distances, and at most one question in ten had no answer of its own. Questions
//! on a strict clock are thereby refused: nothing can be known of them.
//!
//! Bias: high by what the answering side takes to think and by its tick; never low.

use crate::histogram::Samples;
use crate::state::state;
use alloc::vec::Vec;

const WINDOW: usize = 64;
/// Exchanges of a short flow that suffice.
const FEWEST: usize = 24;
/// How much narrower delays must be than the distances between questions.
const NARROWER: i64 = 4;
/// No answer comes that late.
const LONGEST_NS: i64 = 2_000_000_000;

/// Questions of one direction and what came back.
#[derive(Clone, Debug, Default)]
pub struct Cadence {
    last_question_ns: Option<i64>,
    /// Distance of the open question from the one before.
    open_gap_ns: Option<i64>,
    is_open: bool,
    /// (distance, delay) of the window's exchanges.
    exchanges: Vec<(i64, i64)>,
    /// Questions without an answer, and answers without a question, in the window.
    strays: u32,
    windows: u32,
    believed: u32,
    confidence_sum: i64,
    delays: Samples,
}

state!(Cadence {
    last_question_ns,
    open_gap_ns,
    is_open,
    exchanges,
    strays,
    windows,
    believed,
    confidence_sum,
    delays,
});

/// What can be said of a direction's questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answering {
    /// Median delay from a question to its answer, both as they pass the capture point.
    pub delay_ns: i64,
    /// 1 − √2 × the delays' spread over the distances', in thousandths: 0 for senders that do not listen.
    pub confidence_permille: i64,
}

/// Width of the middle half.
fn middle_half(values: impl Iterator<Item = i64>) -> i64 {
    let mut sorted: Vec<i64> = values.collect();
    sorted.sort_unstable();
    let at = |part: usize| sorted.get(sorted.len() * part / 4).copied().unwrap_or(0);
    at(3).saturating_sub(at(1))
}

/// Thousandths of belief in these exchanges; None: refused.
fn judge(exchanges: &[(i64, i64)], strays: u32) -> Option<i64> {
    if (strays as usize).saturating_mul(10) > exchanges.len() {
        return None;
    }
    let gaps_ns = middle_half(exchanges.iter().map(|exchange| exchange.0));
    let delays_ns = middle_half(exchanges.iter().map(|exchange| exchange.1));
    let is_narrow = delays_ns.saturating_mul(NARROWER) < gaps_ns;
    is_narrow.then(|| 1000 - (delays_ns.saturating_mul(1414) / gaps_ns.max(1)).min(1000))
}

impl Cadence {
    /// A datagram of the side that asks.
    pub fn question(&mut self, at_ns: i64) {
        if self.is_open {
            self.strays = self.strays.saturating_add(1);
        }
        let gap_ns = self.last_question_ns.map(|last_ns| at_ns.saturating_sub(last_ns));
        self.open_gap_ns = gap_ns.filter(|gap_ns| *gap_ns >= 0);
        self.last_question_ns = Some(at_ns);
        self.is_open = true;
    }

    /// A datagram of the other side.
    pub fn answer(&mut self, at_ns: i64) {
        let delay_ns = self.last_question_ns.map(|asked_ns| at_ns.saturating_sub(asked_ns));
        let exchange = self.open_gap_ns.zip(delay_ns).filter(|_| core::mem::take(&mut self.is_open));
        match exchange.filter(|(_, delay_ns)| (0..=LONGEST_NS).contains(delay_ns)) {
            Some(exchange) => self.exchanges.push(exchange),
            None => self.strays = self.strays.saturating_add(1),
        }
        // Where nobody takes turns, strays fill the window.
        if self.exchanges.len() >= WINDOW || self.strays as usize >= WINDOW {
            self.windows = self.windows.saturating_add(1);
            if let Some(permille) = judge(&self.exchanges, self.strays) {
                self.believed = self.believed.saturating_add(1);
                self.confidence_sum = self.confidence_sum.saturating_add(permille);
                self.exchanges.iter().for_each(|exchange| self.delays.add(exchange.1));
            }
            self.exchanges.clear();
            self.strays = 0;
        }
    }

    /// The delay, if most windows bear it out; of a short flow, if its one window does.
    pub fn found(&self) -> Option<Answering> {
        if self.windows > 0 {
            let is_most = self.believed.saturating_mul(3) >= self.windows.saturating_mul(2);
            let delay_ns = self.delays.quantile(500).filter(|_| is_most)?;
            let confidence_permille = self.confidence_sum / i64::from(self.believed.max(1));
            return Some(Answering { delay_ns, confidence_permille });
        }
        if self.exchanges.len() < FEWEST {
            return None;
        }
        let confidence_permille = judge(&self.exchanges, self.strays)?;
        let mut delays = Samples::default();
        self.exchanges.iter().for_each(|exchange| delays.add(exchange.1));
        Some(Answering { delay_ns: delays.quantile(500)?, confidence_permille })
    }
}

#[cfg(test)]
mod tests {
    use super::super::chance::Random;
    use super::*;

    /// (time, is it a question), put in order.
    fn run(mut packets: Vec<(i64, bool)>) -> Option<Answering> {
        packets.sort_unstable();
        let mut cadence = Cadence::default();
        for (at_ns, is_question) in packets {
            if is_question {
                cadence.question(at_ns);
            } else {
                cadence.answer(at_ns);
            }
        }
        cadence.found()
    }

    #[test]
    fn irregular_questions_with_prompt_answers_tell_the_delay() {
        for (seed, count) in [(1, 1000), (2, 40), (3, 200)] {
            let mut random = Random(seed);
            let mut at_ns = 0;
            let mut packets = Vec::new();
            for _ in 0..count {
                at_ns += 60_000_000 + random.below(200_000_000);
                packets.push((at_ns, true));
                // One in thirty gets lost.
                if random.below(30) != 0 {
                    packets.push((at_ns + 31_000_000 + random.below(4_000_000), false));
                }
            }
            let found = run(packets);
            assert!(
                found.is_some_and(|found| (31_000_000..35_000_000).contains(&found.delay_ns)),
                "{count}: {found:?}"
            );
            assert!(found.is_some_and(|found| found.confidence_permille > 900), "{found:?}");
        }
    }

    #[test]
    fn senders_that_do_not_listen_are_refused_whatever_their_clocks() {
        for seed in 1..400u64 {
            let mut random = Random(seed);
            let period_ns = 20_000_000 + random.below(80_000_000);
            let waver = match seed % 4 {
                0 => 1,
                1 => 200_000,
                2 => 5_000_000,
                _ => period_ns,
            };
            let other_ns = if seed % 3 == 0 { period_ns } else { 20_000_000 + random.below(80_000_000) };
            let phase_ns = random.below(period_ns);
            let mut packets = Vec::new();
            for k in 0..700 {
                packets.push((k * period_ns + random.below(waver), true));
                packets.push((phase_ns + k * other_ns + random.below(waver), false));
            }
            assert_eq!(run(packets), None, "seed {seed}");
        }
    }

    #[test]
    fn two_clocks_of_one_rate_that_wander_are_refused() {
        // Each sender's clock drifts for itself: distances vary little, the phase wanders far.
        for seed in 1..100u64 {
            let mut random = Random(seed);
            let (mut a_ns, mut b_ns) = (0i64, 9_000_000i64);
            let mut packets = Vec::new();
            for _ in 0..900 {
                a_ns += 33_000_000 + random.below(2_000_000);
                b_ns += 33_000_000 + random.below(2_000_000);
                packets.push((a_ns, true));
                packets.push((b_ns, false));
            }
            assert_eq!(run(packets), None, "seed {seed}");
        }
    }

    #[test]
    fn questions_on_a_strict_clock_are_refused_though_they_are_answered() {
        let packets =
            (0..500i64).flat_map(|k| [(k * 50_000_000, true), (k * 50_000_000 + 31_000_000, false)]).collect();
        assert_eq!(run(packets), None);
    }
}
