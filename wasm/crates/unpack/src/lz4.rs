//! The lz4 frame format: header, blocks, checksums.

use crate::stream::{copy_match, Fault, Step};
use crate::xxh::Xxh32;
use alloc::vec::Vec;

const UNCOMPRESSED: u32 = 1 << 31;
const MAX_DISTANCE_BYTES: usize = 64 << 10;

/// One frame under way.
pub(crate) struct Lz4Frame {
    block_max: usize,
    is_independent: bool,
    has_block_checksum: bool,
    has_content_checksum: bool,
    content_size: Option<u64>,
    produced: u64,
    hash: Xxh32,
}

fn hash_of(bytes: &[u8]) -> u32 {
    let mut hash = Xxh32::default();
    hash.update(bytes);
    hash.digest()
}

fn u32_of(bytes: Option<&[u8]>) -> Option<u32> {
    bytes?.first_chunk::<4>().map(|chunk| u32::from_le_bytes(*chunk))
}

impl Lz4Frame {
    /// Reads the descriptor behind the magic; None: it is not whole yet.
    pub fn begin(bytes: &[u8]) -> Result<Option<(Self, usize)>, Fault> {
        let Some(&[flags, block]) = bytes.first_chunk::<2>() else { return Ok(None) };
        // Version 01, reserved bits clear, block size code 4–7.
        let size_code = u32::from(block >> 4 & 7);
        if flags >> 6 != 1 || flags & 2 != 0 || block & 0x8f != 0 || size_code < 4 {
            return Err(Fault::Corrupt);
        }
        let has_size = flags & 8 != 0;
        let len = 2 + if has_size { 8 } else { 0 } + if flags & 1 != 0 { 4 } else { 0 };
        let (Some(descriptor), Some(&check)) = (bytes.get(..len), bytes.get(len)) else { return Ok(None) };
        if (hash_of(descriptor) >> 8) as u8 != check {
            return Err(Fault::Checksum);
        }
        if flags & 1 != 0 {
            return Err(Fault::Dictionary);
        }
        let content_size = descriptor.get(2..).and_then(|tail| tail.first_chunk::<8>()).filter(|_| has_size);
        let frame = Lz4Frame {
            block_max: 1 << (8 + 2 * size_code),
            is_independent: flags & 0x20 != 0,
            has_block_checksum: flags & 0x10 != 0,
            has_content_checksum: flags & 4 != 0,
            content_size: content_size.map(|bytes| u64::from_le_bytes(*bytes)),
            produced: 0,
            hash: Xxh32::default(),
        };
        Ok(Some((frame, len + 1)))
    }

    /// One block, or the end mark.
    pub fn step(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<Step, Fault> {
        let Some(word) = u32_of(Some(input)) else { return Ok(Step::More) };
        if word == 0 {
            return self.end(input);
        }
        let size = (word & !UNCOMPRESSED) as usize;
        if size > self.block_max {
            return Err(Fault::Corrupt);
        }
        let used = 4 + size + if self.has_block_checksum { 4 } else { 0 };
        let Some(whole) = input.get(..used) else { return Ok(Step::More) };
        let data = whole.get(4..4 + size).unwrap_or_default();
        if self.has_block_checksum && u32_of(whole.get(4 + size..)) != Some(hash_of(data)) {
            return Err(Fault::Checksum);
        }
        let before = out.len();
        if word & UNCOMPRESSED != 0 {
            out.extend_from_slice(data);
        } else {
            // A dependent block may reach back into those before it, and no further than the frame's start.
            let back = if self.is_independent { 0 } else { MAX_DISTANCE_BYTES.min(self.produced as usize) };
            let result = block(data, out, before - back.min(before), before + self.block_max);
            if result.is_err() {
                // Half a block is no good data: it would end inside a copy that was never checked.
                out.truncate(before);
                return Err(Fault::Corrupt);
            }
        }
        let fresh = out.get(before..).unwrap_or_default();
        self.produced += fresh.len() as u64;
        if self.has_content_checksum {
            self.hash.update(fresh);
        }
        Ok(Step::Used(used))
    }

    fn end(&self, input: &[u8]) -> Result<Step, Fault> {
        if self.content_size.is_some_and(|size| size != self.produced) {
            return Err(Fault::Checksum);
        }
        if !self.has_content_checksum {
            return Ok(Step::End(4));
        }
        match u32_of(input.get(4..)) {
            None => Ok(Step::More),
            Some(sum) if sum == self.hash.digest() => Ok(Step::End(8)),
            Some(_) => Err(Fault::Checksum),
        }
    }
}

/// A length that goes on while its bytes are 255.
fn long_len(first: u8, data: &mut &[u8]) -> Option<usize> {
    let mut len = usize::from(first);
    if first == 15 {
        loop {
            let (&byte, rest) = data.split_first()?;
            *data = rest;
            len += usize::from(byte);
            if byte != 255 {
                break;
            }
        }
    }
    Some(len)
}

/// Sequences of literals and matches; matches reach back to `floor`, output ends at `ceiling`.
fn block(mut data: &[u8], out: &mut Vec<u8>, floor: usize, ceiling: usize) -> Result<(), Fault> {
    let mut sequence = || -> Option<bool> {
        let (&token, rest) = data.split_first()?;
        data = rest;
        let literals = long_len(token >> 4, &mut data)?;
        let (bytes, rest) = data.split_at_checked(literals)?;
        if out.len() + literals > ceiling {
            return None;
        }
        out.extend_from_slice(bytes);
        data = rest;
        if data.is_empty() {
            return Some(false);
        }
        let (distance, rest) = data.split_first_chunk::<2>()?;
        data = rest;
        let distance = usize::from(u16::from_le_bytes(*distance));
        let len = long_len(token & 15, &mut data)? + 4;
        let is_good = distance <= out.len() - floor && out.len() + len <= ceiling;
        (is_good && copy_match(out, distance, len)).then_some(true)
    };
    loop {
        match sequence() {
            Some(true) => {}
            Some(false) => return Ok(()),
            None => return Err(Fault::Corrupt),
        }
    }
}
