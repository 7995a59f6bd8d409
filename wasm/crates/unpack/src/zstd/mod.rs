//! zstd frames (RFC 8878 section 3.1.1): header, blocks, checksum.

mod bits;
mod block;
mod fse;
mod huffman;
mod sequences;

use crate::stream::{Fault, Step, MAX_WINDOW_BYTES};
use crate::xxh::Xxh64;
use alloc::vec::Vec;
use block::BlockState;

const MAX_BLOCK_BYTES: usize = 128 << 10;

/// One frame under way.
pub(crate) struct ZstdFrame {
    window: u64,
    content_size: Option<u64>,
    has_checksum: bool,
    /// The last block was read; only the checksum is missing.
    is_over: bool,
    produced: u64,
    hash: Xxh64,
    state: BlockState,
}

impl ZstdFrame {
    /// Reads the header behind the magic; None: it is not whole yet.
    pub fn begin(bytes: &[u8]) -> Result<Option<(Self, usize)>, Fault> {
        let Some(&descriptor) = bytes.first() else { return Ok(None) };
        if descriptor & 8 != 0 {
            return Err(Fault::Corrupt);
        }
        let is_single = descriptor & 0x20 != 0;
        let dictionary_len = 1usize << (descriptor & 3) >> 1;
        let size_len = match descriptor >> 6 {
            0 => usize::from(is_single),
            code => 1 << code,
        };
        let window_len = usize::from(!is_single);
        let len = 1 + window_len + dictionary_len + size_len;
        let Some(header) = bytes.get(..len) else { return Ok(None) };
        let number = |at: usize, len: usize| {
            let field = header.get(at..at + len).unwrap_or_default();
            field.iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte))
        };
        if number(1 + window_len, dictionary_len) != 0 {
            return Err(Fault::Dictionary);
        }
        let content_size = (size_len > 0)
            .then(|| number(1 + window_len + dictionary_len, size_len) + if size_len == 2 { 256 } else { 0 });
        let window = if is_single {
            content_size.unwrap_or(0)
        } else {
            let code = number(1, 1);
            let base = 1u64 << (10 + (code >> 3));
            base + base / 8 * (code & 7)
        };
        if window > MAX_WINDOW_BYTES {
            return Err(Fault::WindowTooLarge);
        }
        let frame = ZstdFrame {
            window,
            content_size,
            has_checksum: descriptor & 4 != 0,
            is_over: false,
            produced: 0,
            hash: Xxh64::default(),
            state: BlockState::default(),
        };
        Ok(Some((frame, len)))
    }

    /// How far back a match may reach.
    pub fn window_bytes(&self) -> usize {
        self.window as usize
    }

    /// One block, or the checksum.
    pub fn step(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<Step, Fault> {
        if self.is_over {
            return self.end(input);
        }
        let Some(&[a, b, c]) = input.first_chunk::<3>() else { return Ok(Step::More) };
        let word = u32::from_le_bytes([a, b, c, 0]);
        let size = (word >> 3) as usize;
        let limit = MAX_BLOCK_BYTES.min(usize::try_from(self.window).unwrap_or(MAX_BLOCK_BYTES).max(1));
        let stored = if word >> 1 & 3 == 1 { 1 } else { size };
        if size > MAX_BLOCK_BYTES || (word >> 1 & 3 != 2 && size > limit) {
            return Err(Fault::Corrupt);
        }
        let Some(data) = input.get(3..3 + stored) else { return Ok(Step::More) };
        let before = out.len();
        let result = match word >> 1 & 3 {
            0 => {
                out.extend_from_slice(data);
                Ok(())
            }
            1 => {
                out.resize(before + size, data.first().copied().unwrap_or(0));
                Ok(())
            }
            2 => {
                let back = self.window.min(self.produced).min(before as u64) as usize;
                self.state.decode(data, out, back, limit)
            }
            _ => Err(Fault::Corrupt),
        };
        if result.is_err() {
            out.truncate(before);
            result?;
        }
        let fresh = out.get(before..).unwrap_or_default();
        self.produced += fresh.len() as u64;
        if self.content_size.is_some_and(|size| self.produced > size) {
            out.truncate(before);
            return Err(Fault::Corrupt);
        }
        if self.has_checksum {
            self.hash.update(fresh);
        }
        self.is_over = word & 1 != 0;
        Ok(Step::Used(3 + stored))
    }

    fn end(&self, input: &[u8]) -> Result<Step, Fault> {
        if self.content_size.is_some_and(|size| size != self.produced) {
            return Err(Fault::Checksum);
        }
        if !self.has_checksum {
            return Ok(Step::End(0));
        }
        match input.first_chunk::<4>() {
            None => Ok(Step::More),
            Some(sum) if u32::from_le_bytes(*sum) == self.hash.digest() as u32 => Ok(Step::End(4)),
            Some(_) => Err(Fault::Checksum),
        }
    }
}
