//! Jumps of one clock against the other, as an earlier matching found them: with them taken off, the delays of what comes
//! after are those of before, and contents that repeat are told apart across the jump.

/// The server's clock minus the client's gains `delta` ns from a frame of one end on.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// In whose order of packets it shows: 0 client, 1 server.
    pub end: usize,
    /// Last packet that is known to have come before it, and first after it; 1-based.
    pub last: u32,
    /// See `last`.
    pub frame: u32,
    /// ns.
    pub delta: i64,
    /// It lies in a silence of so many ns, 0 for none.
    pub silent: i64,
}

impl Step {
    /// What its end's clock did.
    fn jump(&self) -> i64 {
        if self.end == 0 {
            self.delta.saturating_neg()
        } else {
            self.delta
        }
    }
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    list: Vec<Step>,
    /// Time of the last packet of each end.
    before: [Option<i64>; 2],
}

impl Steps {
    /// In any order.
    pub fn new(steps: Vec<Step>) -> Self {
        Steps { list: steps, before: [None; 2] }
    }

    /// Takes note of a packet's own time, in the order of its capture: of those that may lie on either side of a step, the one
    /// that the clock jumped to is the first after it. True when that is news.
    pub fn see(&mut self, end: usize, frame: u32, time: i64) -> bool {
        let Some(before) = self.before.get_mut(end).and_then(|before| before.replace(time)) else { return false };
        let since = time.saturating_sub(before);
        let mut is_news = false;
        for step in self.list.iter_mut().filter(|step| step.end == end && (step.last + 1..step.frame).contains(&frame))
        {
            let jump = step.jump();
            let is_first = match (step.silent, jump) {
                (1.., _) => since >= step.silent / 2,
                (_, ..0) => since < jump / 2,
                _ => since >= jump - jump / 16,
            };
            if is_first {
                step.frame = frame;
                is_news = true;
            }
        }
        is_news
    }

    /// What is in the time of a packet, and would not be without the jumps: whichever clock jumped, the end in whose order it
    /// shows takes it.
    pub fn gained(&self, end: usize, frame: u32) -> i64 {
        let passed = self.list.iter().filter(|step| step.end == end && frame >= step.frame);
        passed.map(Step::jump).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_gains_its_own_steps() {
        let steps = Steps::new(vec![
            Step { end: 1, last: 9, frame: 10, delta: 5, silent: 0 },
            Step { end: 0, last: 6, frame: 7, delta: -3, silent: 0 },
            Step { end: 1, last: 19, frame: 20, delta: 100, silent: 0 },
        ]);
        let gained = |end, frame| steps.gained(end, frame);
        assert_eq!([gained(1, 9), gained(1, 10), gained(1, 19), gained(1, 20)], [0, 5, 5, 105]);
        // A server that falls back and a client that jumps ahead are one thing.
        assert_eq!([gained(0, 6), gained(0, 7)], [0, 3]);
    }

    #[test]
    fn the_packet_that_the_clock_jumped_to_is_the_first_after_a_step() {
        for (delta, silent, times) in [
            (400, 0, [0, 20, 40, 460, 480, 500]),
            (-400, 0, [500, 520, 540, 160, 180, 200]),
            (400, 9000, [0, 20, 500, 9600, 9620, 9640]),
        ] {
            let mut steps = Steps::new(vec![Step { end: 1, last: 2, frame: 6, delta, silent }]);
            let news: Vec<u32> = (1..=6)
                .zip(times)
                .filter(|(frame, time)| steps.see(1, *frame, *time))
                .map(|(frame, _)| frame)
                .collect();
            assert_eq!(news, [4], "{delta}");
            assert_eq!([steps.gained(1, 3), steps.gained(1, 4)], [0, delta]);
        }
    }
}
