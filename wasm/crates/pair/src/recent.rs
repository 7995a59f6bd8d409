//! The smallest of the latest values: follows a clock that drifts or steps, and forgets a queue that drained.

/// Values after which the older half is forgotten.
const HALF: u32 = 64;

/// A running minimum over the last 64 to 128 values.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecentMin {
    current: Option<i64>,
    before: Option<i64>,
    count: u32,
}

impl RecentMin {
    /// Takes in a value.
    pub fn add(&mut self, value: i64) {
        if self.count >= HALF {
            self.before = self.current.take();
            self.count = 0;
        }
        self.current = Some(self.current.map_or(value, |known| known.min(value)));
        self.count += 1;
    }

    /// The minimum; None before the first value.
    pub fn get(&self) -> Option<i64> {
        match (self.current, self.before) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}
