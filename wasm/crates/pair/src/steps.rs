//! Jumps of one clock against the other, as an earlier matching found them: with them taken off, the delays of what comes
//! after are those of before, and contents that repeat are told apart across the jump.

/// The server's clock minus the client's gains `delta` ns from a frame of one end on.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// In whose order of packets it shows: 0 client, 1 server.
    pub end: usize,
    /// First packet after it, 1-based.
    pub frame: u32,
    /// ns.
    pub delta: i64,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Steps(Vec<Step>);

impl Steps {
    /// In any order.
    pub fn new(steps: Vec<Step>) -> Self {
        Steps(steps)
    }

    /// What is in the time of a packet, and would not be without the jumps: whichever clock jumped, the end in whose order it
    /// shows takes it.
    pub fn gained(&self, end: usize, frame: u32) -> i64 {
        let passed = self.0.iter().filter(|step| step.end == end && frame >= step.frame);
        let sum: i64 = passed.map(|step| step.delta).sum();
        if end == 0 {
            sum.saturating_neg()
        } else {
            sum
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_gains_its_own_steps() {
        let steps = Steps::new(vec![
            Step { end: 1, frame: 10, delta: 5 },
            Step { end: 0, frame: 7, delta: -3 },
            Step { end: 1, frame: 20, delta: 100 },
        ]);
        let gained = |end, frame| steps.gained(end, frame);
        assert_eq!([gained(1, 9), gained(1, 10), gained(1, 19), gained(1, 20)], [0, 5, 5, 105]);
        // A server that falls back and a client that jumps ahead are one thing.
        assert_eq!([gained(0, 6), gained(0, 7)], [0, 3]);
    }
}
