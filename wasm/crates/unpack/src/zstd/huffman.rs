//! Huffman-coded literals (RFC 8878 section 4.2).

use super::bits::BackwardBits;
use super::fse::FseTable;
use crate::stream::Fault;
use alloc::vec::Vec;

const MAX_BITS: u32 = 11;

/// A decoding table, indexed by the next `max_bits` bits.
#[derive(Clone, Debug, Default)]
pub(crate) struct HuffmanTable {
    /// (symbol, bits of its code).
    entries: Vec<(u8, u8)>,
    max_bits: u32,
}

impl HuffmanTable {
    /// Reads a tree description; returns the table and the bytes it took.
    pub fn read(bytes: &[u8]) -> Result<(Self, usize), Fault> {
        let (&header, rest) = bytes.split_first().ok_or(Fault::Corrupt)?;
        let mut weights: Vec<u8> = Vec::new();
        let used = if header < 128 {
            let size = usize::from(header);
            compressed_weights(rest.get(..size).ok_or(Fault::Corrupt)?, &mut weights)?;
            size
        } else {
            let count = usize::from(header) - 127;
            let size = count.div_ceil(2);
            for byte in rest.get(..size).ok_or(Fault::Corrupt)? {
                weights.extend_from_slice(&[byte >> 4, byte & 15]);
            }
            weights.truncate(count);
            size
        };
        Ok((Self::from_weights(weights)?, 1 + used))
    }

    fn from_weights(mut weights: Vec<u8>) -> Result<Self, Fault> {
        if weights.len() > 255 || weights.iter().any(|weight| u32::from(*weight) > MAX_BITS) {
            return Err(Fault::Corrupt);
        }
        let share = |weight: u8| if weight == 0 { 0 } else { 1u32 << (weight - 1) };
        let sum: u32 = weights.iter().map(|weight| share(*weight)).sum();
        if sum == 0 {
            return Err(Fault::Corrupt);
        }
        let max_bits = sum.ilog2() + 1;
        let left = (1u32 << max_bits) - sum;
        if max_bits > MAX_BITS || !left.is_power_of_two() {
            return Err(Fault::Corrupt);
        }
        // The last weight is what completes the tree.
        weights.push(left.ilog2() as u8 + 1);
        let mut entries = Vec::with_capacity(1 << max_bits);
        for weight in 1..=max_bits as u8 {
            for (symbol, _) in weights.iter().enumerate().filter(|(_, given)| **given == weight) {
                let entry = (symbol as u8, (max_bits + 1 - u32::from(weight)) as u8);
                entries.resize(entries.len() + share(weight) as usize, entry);
            }
        }
        Ok(HuffmanTable { entries, max_bits })
    }

    /// Decodes one stream of exactly `count` symbols.
    pub fn decode(&self, stream: &[u8], count: usize, out: &mut Vec<u8>) -> Result<(), Fault> {
        let mut bits = BackwardBits::new(stream)?;
        let start = out.len();
        out.resize(start + count, 0);
        for place in out.iter_mut().skip(start) {
            let index = bits.peek(self.max_bits) as usize;
            let (symbol, len) = self.entries.get(index).copied().ok_or(Fault::Corrupt)?;
            *place = symbol;
            bits.skip(u32::from(len));
        }
        if bits.left() == 0 {
            Ok(())
        } else {
            Err(Fault::Corrupt)
        }
    }
}

/// Weights by two interleaved FSE states, until the bits run out.
fn compressed_weights(bytes: &[u8], weights: &mut Vec<u8>) -> Result<(), Fault> {
    let (table, used) = FseTable::read(bytes, 16, 6)?;
    let mut bits = BackwardBits::new(bytes.get(used..).unwrap_or_default())?;
    let mut first = table.start(&mut bits);
    let mut second = table.start(&mut bits);
    if bits.left() < 0 {
        return Err(Fault::Corrupt);
    }
    while weights.len() <= 255 {
        weights.push(table.symbol(first));
        if !table.can_step(first, &bits) {
            weights.push(table.symbol(second));
            return Ok(());
        }
        first = table.next(first, &mut bits);
        core::mem::swap(&mut first, &mut second);
    }
    Err(Fault::Corrupt)
}
