//! Seeded random numbers: SplitMix64 (Steele, Lea and Flood 2014), and a Gaussian with memory.

#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Streams of the same seed and different names are independent.
    pub fn new(seed: u64, name: &str) -> Random {
        let mut state = seed ^ 0x9e37_79b9_7f4a_7c15;
        for byte in name.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let mut random = Random(state);
        random.next();
        random
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Standard normal, by Box and Muller.
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// Ornstein and Uhlenbeck's process on a grid: mean 0, variance 1, correlation e^(−t/memory).
#[derive(Clone, Debug)]
pub struct Wander {
    value: f64,
    keep: f64,
}

impl Wander {
    pub fn new(memory_s: f64, step_s: f64, random: &mut Random) -> Wander {
        Wander { value: random.normal(), keep: (-step_s / memory_s).exp() }
    }

    pub fn step(&mut self, random: &mut Random) -> f64 {
        self.value = self.keep * self.value + (1.0 - self.keep * self.keep).sqrt() * random.normal();
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wander_has_the_variance_and_the_memory_it_was_given() {
        let mut random = Random::new(7, "test");
        let mut wander = Wander::new(0.1, 0.01, &mut random);
        let values: Vec<f64> = (0..200_000).map(|_| wander.step(&mut random)).collect();
        let mean = |products: Vec<f64>| products.iter().sum::<f64>() / products.len() as f64;
        let variance = mean(values.iter().map(|v| v * v).collect());
        let later = mean(values.windows(11).map(|w| w[0] * w[10]).collect());
        assert!((variance - 1.0).abs() < 0.05, "{}", variance);
        assert!((later - (-1.0f64).exp()).abs() < 0.05, "{}", later);
    }

    #[test]
    fn the_same_seed_and_name_give_the_same_stream() {
        let take = |seed, name| {
            (0..4)
                .map(|_| ())
                .fold((Random::new(seed, name), 0), |(mut r, _), _| {
                    let value = r.next();
                    (r, value)
                })
                .1
        };
        assert_eq!(take(1, "a"), take(1, "a"));
        assert_ne!(take(1, "a"), take(1, "b"));
        assert_ne!(take(1, "a"), take(2, "a"));
    }
}
