//! The hasher of the matcher's tables; the keyed hash of contents is the decoder's (`packet::keyed`).

pub use packet::{keyed, Key};
use std::hash::{BuildHasherDefault, Hasher};

/// Hasher of tables whose keys are already hashes or small numbers: one multiplication a word.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mix(u64);

impl Hasher for Mix {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (chunks, tail) = bytes.as_chunks::<8>();
        for chunk in chunks {
            self.write_u64(u64::from_le_bytes(*chunk));
        }
        for byte in tail {
            self.write_u64(u64::from(*byte));
        }
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        let mixed = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }

    #[inline]
    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    #[inline]
    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

/// A table with that hasher. Its order is chance: whoever lists it sorts.
pub type Table<K, V> = std::collections::HashMap<K, V, BuildHasherDefault<Mix>>;
