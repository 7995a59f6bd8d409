//! Finite state entropy tables (RFC 8878 section 4.1).

use super::bits::{BackwardBits, ForwardBits};
use crate::stream::Fault;
use alloc::vec::Vec;

#[derive(Clone, Copy, Debug, Default)]
struct State {
    symbol: u8,
    bits: u8,
    base: u16,
}

/// A decoding table.
#[derive(Clone, Debug, Default)]
pub(crate) struct FseTable {
    states: Vec<State>,
    accuracy_log: u32,
}

/// More symbols than any table of the format has.
const MAX_SYMBOLS: usize = 256;

impl FseTable {
    /// One symbol for ever.
    pub fn constant(symbol: u8) -> Self {
        FseTable { states: alloc::vec![State { symbol, bits: 0, base: 0 }], accuracy_log: 0 }
    }

    /// From probabilities in units of 2^-accuracy_log; -1 is "less than one".
    pub fn from_probabilities(probabilities: &[i16], accuracy_log: u32) -> Result<Self, Fault> {
        let size = 1usize << accuracy_log;
        let mask = size - 1;
        let mut states = alloc::vec![State::default(); size];
        let mut next = [0u32; MAX_SYMBOLS];
        let mut high = size;
        for ((symbol, probability), count) in probabilities.iter().enumerate().zip(next.iter_mut()) {
            *count = probability.unsigned_abs().into();
            if *probability == -1 {
                high = high.checked_sub(1).ok_or(Fault::Corrupt)?;
                states.get_mut(high).ok_or(Fault::Corrupt)?.symbol = symbol as u8;
            }
        }
        let step = (size >> 1) + (size >> 3) + 3;
        let mut position = 0;
        for (symbol, probability) in probabilities.iter().enumerate() {
            for _ in 0..(*probability).max(0) {
                states.get_mut(position).ok_or(Fault::Corrupt)?.symbol = symbol as u8;
                position = (position + step) & mask;
                while position >= high {
                    position = (position + step) & mask;
                }
            }
        }
        if position != 0 {
            return Err(Fault::Corrupt);
        }
        for state in &mut states {
            let count = next.get_mut(usize::from(state.symbol)).ok_or(Fault::Corrupt)?;
            let number = *count;
            *count += 1;
            let bits = accuracy_log.checked_sub(number.max(1).ilog2()).ok_or(Fault::Corrupt)?;
            state.bits = bits as u8;
            state.base = ((number << bits) as usize).checked_sub(size).ok_or(Fault::Corrupt)? as u16;
        }
        Ok(FseTable { states, accuracy_log })
    }

    /// Reads a table description; returns the table and the bytes it took.
    pub fn read(bytes: &[u8], max_symbols: usize, max_accuracy_log: u32) -> Result<(Self, usize), Fault> {
        let mut bits = ForwardBits::new(bytes);
        let accuracy_log = bits.read(4)? + 5;
        if accuracy_log > max_accuracy_log {
            return Err(Fault::Corrupt);
        }
        let mut left = 1i32 << accuracy_log;
        let mut probabilities: Vec<i16> = Vec::new();
        while left > 0 {
            // Values up to left + 1 are possible; the lowest of them take one bit less.
            let width = (left as u32 + 1).ilog2() + 1;
            let mut value = bits.read(width)? as i32;
            let lower_mask = (1i32 << (width - 1)) - 1;
            let threshold = (1i32 << width) - 1 - (left + 1);
            if value & lower_mask < threshold {
                bits.back(1);
                value &= lower_mask;
            } else if value > lower_mask {
                value -= threshold;
            }
            let probability = value - 1;
            left -= probability.abs();
            probabilities.push(probability as i16);
            if probability == 0 {
                loop {
                    let zeros = bits.read(2)?;
                    probabilities.resize(probabilities.len() + zeros as usize, 0);
                    if zeros != 3 {
                        break;
                    }
                }
            }
            if probabilities.len() > max_symbols {
                return Err(Fault::Corrupt);
            }
        }
        if left != 0 {
            return Err(Fault::Corrupt);
        }
        Ok((Self::from_probabilities(&probabilities, accuracy_log)?, bits.bytes_used()))
    }

    /// The first state of a stream.
    pub fn start(&self, bits: &mut BackwardBits<'_>) -> usize {
        bits.read(self.accuracy_log) as usize
    }

    #[inline(always)]
    pub fn symbol(&self, state: usize) -> u8 {
        self.states.get(state).map_or(0, |state| state.symbol)
    }

    #[inline(always)]
    pub fn next(&self, state: usize, bits: &mut BackwardBits<'_>) -> usize {
        self.states.get(state).map_or(0, |state| usize::from(state.base) + bits.read(u32::from(state.bits)) as usize)
    }

    /// Does a step from this state need no bits that are not there?
    pub fn can_step(&self, state: usize, bits: &BackwardBits<'_>) -> bool {
        self.states.get(state).is_some_and(|state| bits.left() >= isize::from(state.bits))
    }
}
