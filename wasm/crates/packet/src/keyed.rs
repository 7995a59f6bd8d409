//! A keyed 64-bit hash of contents. SipHash-1-3 (Aumasson and Bernstein 2012): whoever does not know the key cannot make
//! packets that only look the same.

/// The key, given in by the host: the same key gives the same answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Key(pub u64, pub u64);

struct State {
    v: [u64; 4],
}

impl State {
    #[inline(always)]
    fn new(key: Key) -> Self {
        State {
            v: [
                key.0 ^ 0x736f_6d65_7073_6575,
                key.1 ^ 0x646f_7261_6e64_6f6d,
                key.0 ^ 0x6c79_6765_6e65_7261,
                key.1 ^ 0x7465_6462_7974_6573,
            ],
        }
    }

    #[inline(always)]
    fn round(&mut self) {
        let [mut a, mut b, mut c, mut d] = self.v;
        a = a.wrapping_add(b);
        c = c.wrapping_add(d);
        b = b.rotate_left(13) ^ a;
        d = d.rotate_left(16) ^ c;
        a = a.rotate_left(32);
        c = c.wrapping_add(b);
        a = a.wrapping_add(d);
        b = b.rotate_left(17) ^ c;
        d = d.rotate_left(21) ^ a;
        c = c.rotate_left(32);
        self.v = [a, b, c, d];
    }

    #[inline(always)]
    fn word(&mut self, word: u64) {
        self.v[3] ^= word;
        self.round();
        self.v[0] ^= word;
    }

    #[inline(always)]
    fn finish(mut self) -> u64 {
        self.v[2] ^= 0xff;
        self.round();
        self.round();
        self.round();
        self.v[0] ^ self.v[1] ^ self.v[2] ^ self.v[3]
    }
}

/// Hash of words and then bytes; the number of bytes is part of it.
#[inline]
pub fn keyed(key: Key, words: &[u64], bytes: &[u8]) -> u64 {
    let mut state = State::new(key);
    for word in words {
        state.word(*word);
    }
    let (chunks, tail) = bytes.as_chunks::<8>();
    for chunk in chunks {
        state.word(u64::from_le_bytes(*chunk));
    }
    let mut last = (bytes.len() as u64) << 56;
    for (index, byte) in tail.iter().enumerate() {
        last |= u64::from(*byte) << (8 * index);
    }
    state.word(last);
    state.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_of_key_words_and_bytes_counts() {
        let base = keyed(Key(1, 2), &[3], &[7; 13]);
        assert_ne!(base, keyed(Key(0, 2), &[3], &[7; 13]));
        assert_ne!(base, keyed(Key(1, 3), &[3], &[7; 13]));
        assert_ne!(base, keyed(Key(1, 2), &[2], &[7; 13]));
        assert_ne!(base, keyed(Key(1, 2), &[3], &[7; 12]));
        for at in 0..13 {
            for bit in 0..8 {
                let mut bytes = [7; 13];
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << bit;
                }
                assert_ne!(base, keyed(Key(1, 2), &[3], &bytes));
            }
        }
    }
}
