//! The prefix code that Teeworlds puts on the bytes of a packet (`network.cpp`, `huffman.cpp`): one Huffman tree, the
//! same for every packet, and a symbol for the end. The first bit is the lowest of the first byte.
//!
//! Held against a recorded session of 0.7.5: each of 69 949 packets decodes to its end, and to the chunks its header
//! counts.

/// Symbols: the bytes, and the end.
const SYMBOLS: usize = 257;
const END: u16 = 256;
const NODES: usize = 2 * SYMBOLS - 1;

/// How often a zero is taken to occur, and the bytes behind it; constants of the protocol. The end occurs once.
const ZERO: u32 = 1 << 30;
const OTHERS: [u32; SYMBOLS - 2] = [
    4545, 2657, 431, 1950, 919, 444, 482, 2244, 617, 838, 542, 715, 1814, 304, 240, 754, 212, 647, 186, 283, 131, 146,
    166, 543, 164, 167, 136, 179, 859, 363, 113, 157, 154, 204, 108, 137, 180, 202, 176, 872, 404, 168, 134, 151, 111,
    113, 109, 120, 126, 129, 100, 41, 20, 16, 22, 18, 18, 17, 19, 16, 37, 13, 21, 362, 166, 99, 78, 95, 88, 81, 70, 83,
    284, 91, 187, 77, 68, 52, 68, 59, 66, 61, 638, 71, 157, 50, 46, 69, 43, 11, 24, 13, 19, 10, 12, 12, 20, 14, 9, 20,
    20, 10, 10, 15, 15, 12, 12, 7, 19, 15, 14, 13, 18, 35, 19, 17, 14, 8, 5, 15, 17, 9, 15, 14, 18, 8, 10, 2173, 134,
    157, 68, 188, 60, 170, 60, 194, 62, 175, 71, 148, 67, 167, 78, 211, 67, 156, 69, 1674, 90, 174, 53, 147, 89, 181,
    51, 174, 63, 163, 80, 167, 94, 128, 122, 223, 153, 218, 77, 200, 110, 190, 73, 174, 69, 145, 66, 277, 143, 141, 60,
    136, 53, 180, 57, 142, 57, 158, 61, 166, 112, 152, 92, 26, 22, 21, 28, 20, 26, 30, 21, 32, 27, 20, 17, 23, 21, 30,
    22, 22, 21, 27, 25, 17, 27, 23, 18, 39, 26, 15, 21, 12, 18, 18, 27, 20, 18, 15, 19, 11, 17, 33, 12, 18, 15, 19, 18,
    16, 26, 17, 18, 9, 10, 25, 22, 22, 17, 20, 16, 6, 16, 15, 20, 14, 18, 24, 335,
];

/// Children of every inner node; those below `SYMBOLS` are leaves and have none. The last is the root.
const TREE: [[u16; 2]; NODES] = tree();

/// Joins the two rarest nodes until one is left; of equally rare ones the newest first, which the code depends on.
#[allow(clippy::indexing_slicing)] // evaluated by the compiler, which stops at an index outside
const fn tree() -> [[u16; 2]; NODES] {
    let mut children = [[0; 2]; NODES];
    let mut frequencies = [u32::MAX; NODES];
    frequencies[0] = ZERO;
    frequencies[END as usize] = 1;
    let mut at = 1;
    while at < END as usize {
        frequencies[at] = OTHERS[at - 1];
        at += 1;
    }
    at = SYMBOLS;
    while at < NODES {
        let first = rarest(&frequencies, at);
        let first_frequency = frequencies[first];
        frequencies[first] = u32::MAX;
        let second = rarest(&frequencies, at);
        frequencies[at] = first_frequency + frequencies[second];
        frequencies[second] = u32::MAX;
        children[at] = [first as u16, second as u16];
        at += 1;
    }
    children
}

#[allow(clippy::indexing_slicing)] // as above
const fn rarest(frequencies: &[u32; NODES], below: usize) -> usize {
    let mut best = 0;
    let mut at = 1;
    while at < below {
        if frequencies[at] <= frequencies[best] {
            best = at;
        }
        at += 1;
    }
    best
}

/// The code's shortest symbol is one bit, and so many coded bytes travel with a row.
const MOST_BYTES: usize = packet::MAX_PREFIX * 8;

/// What was coded.
pub struct Decoded {
    bytes: [u8; MOST_BYTES],
    len: usize,
    /// Did the end come, in the last byte of what was given?
    pub is_whole: bool,
}

impl Decoded {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// Decodes up to the end, or as far as bytes were captured. None where bytes follow the end.
pub fn decode(coded: &[u8]) -> Option<Decoded> {
    let mut decoded = Decoded { bytes: [0; MOST_BYTES], len: 0, is_whole: false };
    let mut node = NODES as u16 - 1;
    for (at, byte) in coded.iter().enumerate() {
        for bit in 0..8 {
            node = *TREE.get(usize::from(node))?.get(usize::from(byte >> bit & 1))?;
            if node == END {
                decoded.is_whole = true;
                // The rest of the byte is zero.
                return (at + 1 == coded.len() && byte.checked_shr(bit + 1).unwrap_or(0) == 0).then_some(decoded);
            }
            if usize::from(node) < SYMBOLS {
                *decoded.bytes.get_mut(decoded.len)? = node as u8;
                decoded.len += 1;
                node = NODES as u16 - 1;
            }
        }
    }
    Some(decoded)
}

/// The other way, for tests.
#[cfg(test)]
pub fn encode(bytes: &[u8]) -> alloc::vec::Vec<u8> {
    use alloc::vec::Vec;
    let parent = |node: u16| {
        TREE.iter().enumerate().skip(SYMBOLS).find_map(|(at, children)| {
            children.iter().position(|&child| child == node).map(|side| (at as u16, side == 1))
        })
    };
    let mut bits: Vec<bool> = Vec::new();
    for symbol in bytes.iter().map(|&byte| u16::from(byte)).chain([END]) {
        let start = bits.len();
        let mut node = symbol;
        while let Some((above, side)) = parent(node) {
            bits.insert(start, side);
            node = above;
        }
    }
    bits.chunks(8).map(|eight| eight.iter().rev().fold(0, |byte, &bit| byte << 1 | u8::from(bit))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn a_recorded_input_decodes_to_its_chunk() {
        // Teeworlds 0.7.5, behind a header of 7 bytes: one chunk, of the system's kind 20.
        let coded = [
            0x7d, 0xd3, 0x61, 0xe1, 0x37, 0x54, 0xcc, 0x6f, 0x68, 0x55, 0xe2, 0x5b, 0xb4, 0x25, 0x4d, 0x24, 0x3e, 0xbc,
            0xe2, 0x06,
        ];
        let decoded = decode(&coded).unwrap();
        assert!(decoded.is_whole);
        let [size_high, size_low, kind, ..] = *decoded.bytes() else { unreachable!() };
        assert_eq!((size_high, usize::from(size_low)), (0, decoded.bytes().len() - 2));
        assert_eq!(kind, 20 << 1 | 1);
    }

    #[test]
    fn what_is_coded_decodes_and_a_longer_or_shorter_packet_is_told() {
        for seed in 0..64u32 {
            let bytes: Vec<u8> = (0..seed).map(|at| (at * at * 7 + seed * 31) as u8).collect();
            let mut coded = encode(&bytes);
            let decoded = decode(&coded).unwrap();
            assert!(decoded.is_whole && decoded.bytes() == bytes);
            let cut = decode(coded.split_last().unwrap().1).unwrap();
            assert!(!cut.is_whole && bytes.starts_with(cut.bytes()));
            coded.push(0);
            assert!(decode(&coded).is_none());
        }
    }
}
