//! The prefix code that Quake 3 (protocol 68 and relatives) puts on every byte of a message: an adaptive Huffman code
//! (FGK) after it has been fed the game's 256 byte frequencies (`msg.c`), frozen; so it is the same in every packet of
//! every server. The first bit is the lowest of the first byte.
//!
//! Built from the frequencies by an implementation of FGK of our own, and held against OpenArena sessions: all 1200
//! packets of three clients decode to the number of the server's packet before them.

/// Length << 12 | bits, by byte value. One leaf of the tree stands for "not seen yet" and never occurs.
const CODES: [u16; 256] = [
    0x2002, 0x501b, 0x7048, 0x706c, 0x80a1, 0x8011, 0x7010, 0x603f, 0x5015, 0x7034, 0x7069, 0x700b, 0x7013, 0x602d,
    0x8039, 0x90ac, 0x7025, 0x9058, 0x91f0, 0x91f8, 0xa1dd, 0xa3f3, 0xa22b, 0xa323, 0x90f4, 0xa18d, 0xa0ab, 0xa363,
    0xa1eb, 0x8043, 0x904f, 0x80d4, 0x6037, 0xa0d3, 0x9044, 0xa2cd, 0xa3c5, 0xa3f9, 0xa30d, 0xa3cd, 0x9094, 0xa1ac,
    0xa033, 0xa014, 0xa271, 0xa2f0, 0x91f4, 0x8078, 0x7027, 0x80c3, 0x80ef, 0x9197, 0x8053, 0x80b1, 0x900d, 0x9161,
    0x9007, 0x90f1, 0x9199, 0xa191, 0xa123, 0x90bc, 0x9144, 0xa1f3, 0x80cf, 0x7050, 0x707c, 0x7004, 0x8021, 0x8051,
    0x9080, 0x9070, 0x913d, 0xa063, 0xa2d7, 0xa371, 0x919d, 0xa2ab, 0xa1c7, 0xa333, 0x912c, 0xa09d, 0xa16b, 0xa36b,
    0xa1d3, 0xa171, 0xa1e3, 0xa233, 0xa0d7, 0xa2cb, 0x9170, 0x90a8, 0x90c7, 0x9105, 0x90eb, 0x80d8, 0x90f3, 0x803c,
    0x91ab, 0x918f, 0x9097, 0x7030, 0x8041, 0x914f, 0x601c, 0x8028, 0x90bd, 0x90c4, 0x8098, 0x908f, 0x800c, 0x80b3,
    0x8085, 0x808c, 0x8047, 0x8079, 0x7059, 0x7040, 0x8017, 0x8019, 0x804b, 0x80e1, 0x80a3, 0x8073, 0x806f, 0x7068,
    0x7008, 0x7065, 0x601f, 0x7029, 0x704c, 0x707d, 0x800f, 0x8083, 0x8001, 0x8087, 0x8067, 0x80e7, 0x8057, 0x8074,
    0x91cb, 0x91c4, 0x9081, 0x904d, 0x9131, 0xa163, 0x9180, 0xa3d7, 0xa02b, 0xa145, 0xa06b, 0xa03d, 0xa32b, 0xa0f9,
    0xa0e3, 0xa245, 0xa12b, 0xa031, 0xa3eb, 0xa1b9, 0x9114, 0xa1f9, 0xa133, 0xa02c, 0xa2dd, 0xa1c1, 0xa31d, 0xa1d1,
    0x9138, 0xa061, 0xa2e3, 0xa345, 0xa26b, 0xa0cd, 0xa0cb, 0xa14d, 0x9038, 0xa3c1, 0xa23d, 0xa3bc, 0xa0c5, 0xa3ac,
    0xa3e3, 0xa299, 0xa3d3, 0xa214, 0xa203, 0xa1bc, 0xa29d, 0xa381, 0xa263, 0xa08d, 0x8054, 0x9103, 0x805d, 0x6020,
    0x7009, 0xa3c7, 0xa307, 0x80b8, 0x91f1, 0xa22c, 0xa045, 0xa003, 0xa11d, 0xa1c5, 0xa34d, 0xa01d, 0x9000, 0xa3b9,
    0xa0dd, 0xa181, 0xa10d, 0xa0b9, 0xa1cd, 0xa394, 0xa1bd, 0xa194, 0xa38d, 0xa158, 0xa3bd, 0xa0c1, 0xa3dd, 0xa0f8,
    0x90d1, 0x9091, 0xa099, 0xa2f8, 0xa023, 0xa071, 0xa2d3, 0xa391, 0x7049, 0xa231, 0xa107, 0xa261, 0xa223, 0x8018,
    0xa205, 0xa2c1, 0xa1d7, 0xa0f0, 0xa2c5, 0xa300, 0xa3d1, 0xa3a8, 0xa21d, 0xb500, 0xa005, 0xa358, 0xa2f9, 0xa1a8,
    0xa2b9, 0xa28d, 0x702f, 0x6024,
];
const LEAF: u16 = 0x8000;
const NOTHING: u16 = 0;

/// Children of every inner node; node 0 is the root, and no child.
static TREE: [[u16; 2]; 257] = tree();

#[allow(clippy::indexing_slicing)] // evaluated by the compiler, which refuses an index out of range
const fn tree() -> [[u16; 2]; 257] {
    let mut nodes = [[NOTHING; 2]; 257];
    let mut used = 1;
    let mut symbol = 0;
    while symbol < CODES.len() {
        let (len, bits) = (CODES[symbol] >> 12, CODES[symbol] & 0xfff);
        let mut node = 0;
        let mut at = 0;
        while at < len {
            let side = (bits >> at & 1) as usize;
            if at + 1 == len {
                nodes[node][side] = LEAF | symbol as u16;
            } else {
                if nodes[node][side] == NOTHING {
                    nodes[node][side] = used;
                    used += 1;
                }
                node = nodes[node][side] as usize;
            }
            at += 1;
        }
        symbol += 1;
    }
    nodes
}

/// Reads coded bytes off a message.
pub struct Reader<'a> {
    bytes: &'a [u8],
    bit: usize,
}

impl<'a> Reader<'a> {
    /// From the first byte of the message.
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, bit: 0 }
    }

    fn byte(&mut self) -> Option<u8> {
        let mut node = 0u16;
        loop {
            let bit = self.bytes.get(self.bit >> 3)? >> (self.bit & 7) & 1;
            self.bit += 1;
            let next = *TREE.get(usize::from(node))?.get(usize::from(bit))?;
            if next & LEAF != 0 {
                return Some(next as u8);
            }
            if next == NOTHING {
                return None;
            }
            node = next;
        }
    }

    /// A little-endian number of 32 bits; None behind the end, or where no code stands.
    pub fn le32(&mut self) -> Option<u32> {
        let bytes = [self.byte()?, self.byte()?, self.byte()?, self.byte()?];
        Some(u32::from_le_bytes(bytes))
    }
}

#[cfg(test)]
pub fn encode(bytes: &[u8]) -> alloc::vec::Vec<u8> {
    let mut out = alloc::vec::Vec::new();
    let mut bit = 0;
    for code in bytes.iter().filter_map(|byte| CODES.get(usize::from(*byte))) {
        for at in 0..code >> 12 {
            if bit % 8 == 0 {
                out.push(0);
            }
            if let Some(last) = out.last_mut() {
                *last |= ((code >> at & 1) as u8) << (bit % 8);
            }
            bit += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn the_code_is_complete_but_for_the_leaf_that_never_occurs() {
        let longest = CODES.iter().map(|code| code >> 12).max();
        let taken: u32 = CODES.iter().map(|code| 1 << (11 - (code >> 12))).sum();
        // Two leaves share the deepest place: one of them stands for nothing.
        assert_eq!((longest, taken), (Some(11), (1 << 11) - 1));
    }

    #[test]
    fn every_byte_comes_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        let coded = encode(&bytes);
        let mut reader = Reader::new(&coded);
        for chunk in bytes.chunks(4) {
            assert_eq!(reader.le32().map(u32::to_le_bytes).as_ref().map(<[u8; 4]>::as_slice), Some(chunk));
        }
        assert_eq!(reader.le32(), None);
    }

    #[test]
    fn a_packet_of_a_real_client_says_what_it_has() {
        // OpenArena: server 1078, the server's packet 381, its command 10.
        let message = [0x0d, 0x42, 0x15, 0xb1, 0x35, 0xad, 0x22, 0x91];
        let mut reader = Reader::new(&message);
        assert_eq!((reader.le32(), reader.le32()), (Some(1078), Some(382)));
    }
}
