//! One direction of one access network: the queue before it, what it loses, and what it does to packets.
//!
//! Queue: the delay behind a load ρ is `service · ρ/(1 − ρ)` on average (M/M/1), ρ wandering around its mean with a memory
//! of two minutes. Around that average the delay is a sum of four squared Gaussians with memories of 0.05 to 4 s
//! (a Gamma of shape 2, so it empties now and then). It is the load of others: our packets do not add to it, so the same seed
//! gives the same evening whatever the games send. First in, first out: nothing leaves before what came before it.

use crate::random::{Random, Wander};

const STEP_NS: i64 = 1_000_000;
const LOAD_MEMORY_S: f64 = 120.0;
const BURST_MEMORIES_S: [f64; 4] = [0.05, 0.2, 1.0, 4.0];
const MOST_LOAD: f64 = 0.97;

#[derive(Clone, Debug, PartialEq)]
pub struct LinkRules {
    pub service_ns: f64,
    pub load: f64,
    /// Standard deviation of the load.
    pub load_wander: f64,
    /// A queue that would hold longer drops; 0 is none.
    pub most_queue_ns: i64,
    pub loss: f64,
    pub loss_burst: f64,
    pub reorder: f64,
    pub reorder_ns: i64,
    pub duplicate: f64,
    pub hops: u8,
    /// (from, to); from None is every other value.
    pub dscp: Vec<(Option<u8>, u8)>,
}

impl Default for LinkRules {
    fn default() -> LinkRules {
        LinkRules {
            service_ns: 0.0,
            load: 0.0,
            load_wander: 0.0,
            most_queue_ns: 0,
            loss: 0.0,
            loss_burst: 1.0,
            reorder: 0.0,
            reorder_ns: 0,
            duplicate: 0.0,
            hops: 1,
            dscp: Vec::new(),
        }
    }
}

#[derive(Debug)]
pub struct Queue {
    random: Random,
    load: Wander,
    bursts: Vec<Wander>,
    stepped_ns: i64,
    delay_ns: i64,
    last_departure_ns: i64,
}

impl Queue {
    pub fn new(seed: u64, name: &str) -> Queue {
        let mut random = Random::new(seed, name);
        let step_s = STEP_NS as f64 / 1e9;
        let load = Wander::new(LOAD_MEMORY_S, step_s, &mut random);
        let bursts = BURST_MEMORIES_S.iter().map(|&memory| Wander::new(memory, step_s, &mut random)).collect();
        Queue { random, load, bursts, stepped_ns: -STEP_NS, delay_ns: 0, last_departure_ns: 0 }
    }

    /// When a packet that comes now leaves; None when the queue is full. Times since the start, never going back.
    pub fn departure(&mut self, now_ns: i64, rules: &LinkRules) -> Option<i64> {
        while self.stepped_ns + STEP_NS <= now_ns {
            self.stepped_ns += STEP_NS;
            let load = (rules.load + rules.load_wander * self.load.step(&mut self.random)).clamp(0.0, MOST_LOAD);
            let mut burst = 0.0;
            for wander in &mut self.bursts {
                let value = wander.step(&mut self.random);
                burst += value * value;
            }
            let average = rules.service_ns * load / (1.0 - load);
            self.delay_ns = (average * burst / self.bursts.len() as f64) as i64;
        }
        let departure = (now_ns + self.delay_ns).max(self.last_departure_ns);
        if rules.most_queue_ns > 0 && departure - now_ns > rules.most_queue_ns {
            return None;
        }
        self.last_departure_ns = departure;
        Some(departure)
    }
}

/// Gilbert's two states (1960), stepped by packet: all is lost in the bad one, which lasts `loss_burst` packets on average.
#[derive(Debug)]
pub struct Losses {
    random: Random,
    is_bad: bool,
}

impl Losses {
    pub fn new(seed: u64, name: &str) -> Losses {
        Losses { random: Random::new(seed, name), is_bad: false }
    }

    pub fn loses(&mut self, rules: &LinkRules) -> bool {
        // One number per packet whatever the rules, so that a change of one rule moves no other draw.
        let draw = self.random.unit();
        if rules.loss <= 0.0 {
            self.is_bad = false;
            return false;
        }
        let leave = 1.0 / rules.loss_burst.max(1.0);
        let enter = rules.loss * leave / (1.0 - rules.loss);
        self.is_bad = if self.is_bad { draw >= leave } else { draw < enter };
        self.is_bad
    }
}

/// The value a packet carries on.
pub fn remarked(dscp: u8, rules: &LinkRules) -> u8 {
    let exact = rules.dscp.iter().find(|(from, _)| *from == Some(dscp));
    let rest = rules.dscp.iter().find(|(from, _)| from.is_none());
    exact.or(rest).map_or(dscp, |&(_, to)| to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evening() -> LinkRules {
        LinkRules { service_ns: 2e6, load: 0.9, load_wander: 0.005, ..LinkRules::default() }
    }

    #[test]
    fn a_queue_waits_what_its_load_says_empties_at_times_and_keeps_the_order() {
        let mut queue = Queue::new(1, "queue");
        let rules = evening();
        let mut last = 0;
        let delays: Vec<i64> = (0..600_000i64)
            .map(|at| {
                let now = at * 5_000_000;
                let departure = queue.departure(now, &rules).expect("no limit");
                assert!(departure >= last);
                last = departure;
                departure - now
            })
            .collect();
        let mean = delays.iter().sum::<i64>() as f64 / delays.len() as f64;
        // FIFO raises it a little: what came late holds up what comes after.
        assert!((mean / 18e6 - 1.0).abs() < 0.08, "{}", mean);
        assert!(delays.iter().any(|&delay| delay < 200_000));
        // Load or no load, the same seed is the same evening.
        let mut again = Queue::new(1, "queue");
        assert_eq!(again.departure(5_000_000, &rules).map(|at| at - 5_000_000), Some(delays[1]));
    }

    #[test]
    fn losses_come_at_the_given_rate_in_bursts_of_the_given_length() {
        let rules = LinkRules { loss: 0.02, loss_burst: 3.0, ..LinkRules::default() };
        let mut losses = Losses::new(5, "losses");
        let fates: Vec<bool> = (0..1_000_000).map(|_| losses.loses(&rules)).collect();
        let lost = fates.iter().filter(|&&lost| lost).count() as f64;
        let bursts = fates.windows(2).filter(|pair| !pair[0] && pair[1]).count() as f64;
        assert!((lost / 1e6 / 0.02 - 1.0).abs() < 0.05, "{}", lost);
        assert!((lost / bursts / 3.0 - 1.0).abs() < 0.05, "{}", lost / bursts);
    }

    #[test]
    fn a_full_queue_drops() {
        let rules = LinkRules { most_queue_ns: 1, ..evening() };
        let mut queue = Queue::new(1, "queue");
        assert!((0..100i64).any(|at| queue.departure(at * 5_000_000, &rules).is_none()));
    }

    #[test]
    fn a_mark_is_mapped_by_its_own_rule_before_the_one_for_all() {
        let rules = LinkRules { dscp: vec![(None, 0), (Some(46), 40)], ..LinkRules::default() };
        assert_eq!((remarked(46, &rules), remarked(34, &rules)), (40, 0));
        assert_eq!(remarked(34, &LinkRules::default()), 34);
    }
}
