//! Bit streams: read forward (table descriptions) and backward from an end mark (everything else).

use crate::stream::Fault;

/// Reads from the lowest bit of the first byte on.
pub(crate) struct ForwardBits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> ForwardBits<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        ForwardBits { bytes, at: 0 }
    }

    pub fn read(&mut self, count: u32) -> Result<u32, Fault> {
        let mut value = 0;
        for bit in 0..count {
            let byte = self.bytes.get(self.at >> 3).ok_or(Fault::Corrupt)?;
            value |= u32::from(byte >> (self.at & 7) & 1) << bit;
            self.at += 1;
        }
        Ok(value)
    }

    pub fn back(&mut self, count: usize) {
        self.at = self.at.saturating_sub(count);
    }

    /// Bytes touched so far.
    pub fn bytes_used(&self) -> usize {
        self.at.div_ceil(8)
    }
}

/// Reads from the end mark (the highest set bit of the last byte) down. Below the first bit there are zeros, and
/// `left` goes negative, which the caller must look at.
pub(crate) struct BackwardBits<'a> {
    bytes: &'a [u8],
    left: isize,
}

impl<'a> BackwardBits<'a> {
    pub fn new(bytes: &'a [u8]) -> Result<Self, Fault> {
        match bytes.last() {
            None | Some(0) => Err(Fault::Corrupt),
            Some(last) => {
                let left = bytes.len() as isize * 8 - last.leading_zeros() as isize - 1;
                Ok(BackwardBits { bytes, left })
            }
        }
    }

    /// Bits not yet read; negative after reading past the start.
    pub fn left(&self) -> isize {
        self.left
    }

    /// The next `count` bits (at most 32) without moving.
    #[inline(always)]
    pub fn peek(&self, count: u32) -> u32 {
        let low = self.left - count as isize;
        if low < 0 {
            return self.peek_past_start(count);
        }
        let word = match self.bytes.get((low >> 3) as usize..).and_then(|tail| tail.first_chunk::<8>()) {
            Some(chunk) => u64::from_le_bytes(*chunk),
            None => self.tail_word((low >> 3) as usize),
        };
        (word >> (low & 7) & ((1u64 << count) - 1)) as u32
    }

    #[inline(always)]
    pub fn skip(&mut self, count: u32) {
        self.left -= count as isize;
    }

    #[inline(always)]
    pub fn read(&mut self, count: u32) -> u32 {
        let value = self.peek(count);
        self.skip(count);
        value
    }

    #[cold]
    fn tail_word(&self, at: usize) -> u64 {
        let tail = self.bytes.get(at..).unwrap_or_default();
        tail.iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte))
    }

    #[cold]
    fn peek_past_start(&self, count: u32) -> u32 {
        if self.left <= 0 {
            return 0;
        }
        let there = self.left as u32;
        let word = self.bytes.first_chunk::<8>().map_or_else(|| self.tail_word(0), |chunk| u64::from_le_bytes(*chunk));
        ((word & ((1u64 << there) - 1)) << (count - there)) as u32
    }
}
