//! A compressed block: its literals, then its sequences, put together (RFC 8878 section 3.1.1.3).

use super::huffman::HuffmanTable;
use super::sequences::{Sequence, SequenceReader, SequenceTables};
use super::MAX_BLOCK_BYTES;
use crate::stream::{copy_match, Fault};
use alloc::vec::Vec;

/// What a block leaves to the next one of its frame.
#[derive(Default)]
pub(crate) struct BlockState {
    huffman: Option<HuffmanTable>,
    tables: SequenceTables,
    offsets: Offsets,
    literals: Vec<u8>,
}

/// The three last distances.
struct Offsets([usize; 3]);

impl Default for Offsets {
    fn default() -> Self {
        Offsets([1, 4, 8])
    }
}

impl Offsets {
    /// The distance that an offset value means (section 3.1.1.5).
    #[inline]
    fn resolve(&mut self, value: usize, literals: usize) -> usize {
        let [a, b, c] = self.0;
        let index = if value > 3 { 3 } else { value - 1 + usize::from(literals == 0) };
        let distance = match index {
            _ if value > 3 => value - 3,
            0 => return a,
            1 => b,
            2 => c,
            _ => a.wrapping_sub(1),
        };
        self.0 = if value <= 3 && index == 1 { [distance, a, c] } else { [distance, a, b] };
        distance
    }
}

impl BlockState {
    /// Appends the block's content; matches reach `back` bytes before it, and it has at most `limit` bytes.
    pub fn decode(&mut self, data: &[u8], out: &mut Vec<u8>, back: usize, limit: usize) -> Result<(), Fault> {
        let floor = out.len() - back.min(out.len());
        let ceiling = out.len() + limit;
        let rest = self.read_literals(data)?;
        let Some(mut sequences) = SequenceReader::new(rest, &mut self.tables)? else {
            if out.len() + self.literals.len() > ceiling {
                return Err(Fault::Corrupt);
            }
            out.extend_from_slice(&self.literals);
            return Ok(());
        };
        let mut literals = self.literals.as_slice();
        while let Some(Sequence { literal_len, match_len, offset_value }) = sequences.next(&self.tables)? {
            let (now, later) = literals.split_at_checked(literal_len).ok_or(Fault::Corrupt)?;
            literals = later;
            if out.len() + literal_len + match_len > ceiling {
                return Err(Fault::Corrupt);
            }
            out.extend_from_slice(now);
            let distance = self.offsets.resolve(offset_value, literal_len);
            if distance > out.len() - floor || !copy_match(out, distance, match_len) {
                return Err(Fault::Corrupt);
            }
        }
        if out.len() + literals.len() > ceiling {
            return Err(Fault::Corrupt);
        }
        out.extend_from_slice(literals);
        Ok(())
    }

    /// Fills `literals` and returns what follows the section.
    fn read_literals<'a>(&mut self, data: &'a [u8]) -> Result<&'a [u8], Fault> {
        let &first = data.first().ok_or(Fault::Corrupt)?;
        let header = |len: usize| -> Result<u64, Fault> {
            let bytes = data.get(..len).ok_or(Fault::Corrupt)?;
            Ok(bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
        };
        self.literals.clear();
        let format = first >> 2 & 3;
        if first & 3 < 2 {
            let (len, shift) = match format {
                0 | 2 => (1, 3),
                1 => (2, 4),
                _ => (3, 4),
            };
            let size = (header(len)? >> shift) as usize;
            if size > MAX_BLOCK_BYTES {
                return Err(Fault::Corrupt);
            }
            let body = data.get(len..).unwrap_or_default();
            let stored = if first & 3 == 0 { size } else { 1 };
            let (bytes, rest) = body.split_at_checked(stored).ok_or(Fault::Corrupt)?;
            if first & 3 == 0 {
                self.literals.extend_from_slice(bytes);
            } else {
                self.literals.resize(size, bytes.first().copied().unwrap_or(0));
            }
            return Ok(rest);
        }
        let (len, width) = match format {
            0 | 1 => (3, 10),
            2 => (4, 14),
            _ => (5, 18),
        };
        let fields = header(len)? >> 4;
        let mask = (1u64 << width) - 1;
        let (size, stored) = ((fields & mask) as usize, (fields >> width & mask) as usize);
        if size > MAX_BLOCK_BYTES {
            return Err(Fault::Corrupt);
        }
        let body = data.get(len..).unwrap_or_default();
        let (mut streams, rest) = body.split_at_checked(stored).ok_or(Fault::Corrupt)?;
        if first & 3 == 2 {
            let (table, used) = HuffmanTable::read(streams)?;
            self.huffman = Some(table);
            streams = streams.get(used..).unwrap_or_default();
        }
        let table = self.huffman.as_ref().ok_or(Fault::Corrupt)?;
        if format == 0 {
            table.decode(streams, size, &mut self.literals)?;
        } else {
            four_streams(table, streams, size, &mut self.literals)?;
        }
        Ok(rest)
    }
}

fn four_streams(table: &HuffmanTable, streams: &[u8], size: usize, out: &mut Vec<u8>) -> Result<(), Fault> {
    let (jump, mut body) = streams.split_first_chunk::<6>().ok_or(Fault::Corrupt)?;
    let piece = size.div_ceil(4);
    for index in 0..3 {
        let len = match index {
            0 => [jump[0], jump[1]],
            1 => [jump[2], jump[3]],
            _ => [jump[4], jump[5]],
        };
        let (stream, rest) = body.split_at_checked(usize::from(u16::from_le_bytes(len))).ok_or(Fault::Corrupt)?;
        table.decode(stream, piece, out)?;
        body = rest;
    }
    table.decode(body, size.checked_sub(3 * piece).ok_or(Fault::Corrupt)?, out)
}
