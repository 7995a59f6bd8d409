//! The sequences section: three interleaved FSE streams of codes with extra bits (RFC 8878 section 3.1.1.3.2).

use super::bits::BackwardBits;
use super::fse::FseTable;
use crate::stream::Fault;

/// Literals to take, then a match.
pub(crate) struct Sequence {
    pub literal_len: usize,
    pub match_len: usize,
    pub offset_value: usize,
}

/// Tables of the block before, for "repeat".
#[derive(Default)]
pub(crate) struct SequenceTables {
    literal_lens: Option<FseTable>,
    offsets: Option<FseTable>,
    match_lens: Option<FseTable>,
}

struct Kind {
    max_symbols: usize,
    max_accuracy_log: u32,
    default: (&'static [i16], u32),
}

const LITERAL_LENS: Kind = Kind {
    max_symbols: 36,
    max_accuracy_log: 9,
    default: (
        &[
            4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1,
            -1,
        ],
        6,
    ),
};
const OFFSETS: Kind = Kind {
    max_symbols: 32,
    max_accuracy_log: 8,
    default: (&[1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1], 5),
};
const MATCH_LENS: Kind = Kind {
    max_symbols: 53,
    max_accuracy_log: 9,
    default: (
        &[
            1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
            1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
        ],
        6,
    ),
};

/// (baseline, extra bits) of literal length codes 16–35; below them the code is the length.
const LITERAL_CODES: [(u32, u32); 20] = [
    (16, 1),
    (18, 1),
    (20, 1),
    (22, 1),
    (24, 2),
    (28, 2),
    (32, 3),
    (40, 3),
    (48, 4),
    (64, 6),
    (128, 7),
    (256, 8),
    (512, 9),
    (1024, 10),
    (2048, 11),
    (4096, 12),
    (8192, 13),
    (16384, 14),
    (32768, 15),
    (65536, 16),
];
/// The same of match length codes 32–52; below them the length is the code plus 3.
const MATCH_CODES: [(u32, u32); 21] = [
    (35, 1),
    (37, 1),
    (39, 1),
    (41, 1),
    (43, 2),
    (47, 2),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 5),
    (131, 7),
    (259, 8),
    (515, 9),
    (1027, 10),
    (2051, 11),
    (4099, 12),
    (8195, 13),
    (16387, 14),
    (32771, 15),
    (65539, 16),
];

/// Sets one table by its mode and returns what follows its description.
fn set<'a>(table: &mut Option<FseTable>, kind: &Kind, mode: u8, bytes: &'a [u8]) -> Result<&'a [u8], Fault> {
    let rest = match mode & 3 {
        0 => {
            *table = Some(FseTable::from_probabilities(kind.default.0, kind.default.1)?);
            bytes
        }
        1 => {
            let (&symbol, rest) = bytes.split_first().ok_or(Fault::Corrupt)?;
            if usize::from(symbol) >= kind.max_symbols {
                return Err(Fault::Corrupt);
            }
            *table = Some(FseTable::constant(symbol));
            rest
        }
        2 => {
            let (read, used) = FseTable::read(bytes, kind.max_symbols, kind.max_accuracy_log)?;
            *table = Some(read);
            bytes.get(used..).unwrap_or_default()
        }
        _ => bytes,
    };
    Ok(rest)
}

/// Reads the sequences of one block.
pub(crate) struct SequenceReader<'a> {
    bits: BackwardBits<'a>,
    left: usize,
    literal_state: usize,
    offset_state: usize,
    match_state: usize,
}

impl<'a> SequenceReader<'a> {
    /// None: the block is literals only.
    pub fn new(bytes: &'a [u8], tables: &mut SequenceTables) -> Result<Option<Self>, Fault> {
        let (&first, rest) = bytes.split_first().ok_or(Fault::Corrupt)?;
        let (count, rest) = match first {
            0 => return if rest.is_empty() { Ok(None) } else { Err(Fault::Corrupt) },
            1..=127 => (usize::from(first), rest),
            128..=254 => {
                let (&low, rest) = rest.split_first().ok_or(Fault::Corrupt)?;
                (usize::from(first - 128) << 8 | usize::from(low), rest)
            }
            255 => {
                let (word, rest) = rest.split_first_chunk::<2>().ok_or(Fault::Corrupt)?;
                (usize::from(u16::from_le_bytes(*word)) + 0x7f00, rest)
            }
        };
        let (&modes, rest) = rest.split_first().ok_or(Fault::Corrupt)?;
        if modes & 3 != 0 {
            return Err(Fault::Corrupt);
        }
        let rest = set(&mut tables.literal_lens, &LITERAL_LENS, modes >> 6, rest)?;
        let rest = set(&mut tables.offsets, &OFFSETS, modes >> 4, rest)?;
        let rest = set(&mut tables.match_lens, &MATCH_LENS, modes >> 2, rest)?;
        let mut bits = BackwardBits::new(rest)?;
        let (Some(literal_lens), Some(offsets), Some(match_lens)) =
            (&tables.literal_lens, &tables.offsets, &tables.match_lens)
        else {
            return Err(Fault::Corrupt);
        };
        let literal_state = literal_lens.start(&mut bits);
        let offset_state = offsets.start(&mut bits);
        let match_state = match_lens.start(&mut bits);
        Ok(Some(SequenceReader { bits, left: count, literal_state, offset_state, match_state }))
    }

    /// The next sequence; None after the last, when every bit was used.
    #[inline]
    pub fn next(&mut self, tables: &SequenceTables) -> Result<Option<Sequence>, Fault> {
        if self.left == 0 {
            return if self.bits.left() == 0 { Ok(None) } else { Err(Fault::Corrupt) };
        }
        let (Some(literal_lens), Some(offsets), Some(match_lens)) =
            (&tables.literal_lens, &tables.offsets, &tables.match_lens)
        else {
            return Err(Fault::Corrupt);
        };
        let bits = &mut self.bits;
        let offset_code = u32::from(offsets.symbol(self.offset_state));
        if offset_code > 31 {
            return Err(Fault::Corrupt);
        }
        let offset_value = (1u64 << offset_code) + u64::from(bits.read(offset_code));
        let code = usize::from(match_lens.symbol(self.match_state));
        let match_len = match code.checked_sub(32) {
            None => code + 3,
            Some(index) => extended(&MATCH_CODES, index, bits)?,
        };
        let code = usize::from(literal_lens.symbol(self.literal_state));
        let literal_len = match code.checked_sub(16) {
            None => code,
            Some(index) => extended(&LITERAL_CODES, index, bits)?,
        };
        self.left -= 1;
        if self.left > 0 {
            self.literal_state = literal_lens.next(self.literal_state, bits);
            self.match_state = match_lens.next(self.match_state, bits);
            self.offset_state = offsets.next(self.offset_state, bits);
        }
        if bits.left() < 0 {
            return Err(Fault::Corrupt);
        }
        let offset_value = usize::try_from(offset_value).map_err(|_| Fault::Corrupt)?;
        Ok(Some(Sequence { literal_len, match_len, offset_value }))
    }
}

#[inline(always)]
fn extended(codes: &[(u32, u32)], index: usize, bits: &mut BackwardBits<'_>) -> Result<usize, Fault> {
    let &(baseline, extra) = codes.get(index).ok_or(Fault::Corrupt)?;
    Ok((baseline + bits.read(extra)) as usize)
}
