//! Builders of frames and captures from hand-made bytes, and a driver that reads a capture as a host would.
#![allow(dead_code)]

pub mod captures;
pub mod frames;
pub mod host;

/// A small deterministic random source (xorshift64*).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 33) as usize % limit
    }
}
