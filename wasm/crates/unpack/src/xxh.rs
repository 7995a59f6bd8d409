//! xxHash, 32 and 64 bits, seed 0: the checksums inside lz4 and zstd frames.

macro_rules! xxh {
    ($(#[$doc:meta])* $name:ident, $word:ty, $stripe:literal, $lane:literal, $p1:literal, $p2:literal, $rotate:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            lanes: [$word; 4],
            pending: [u8; $stripe],
            filled: usize,
            total: u64,
        }

        impl Default for $name {
            fn default() -> Self {
                let p1: $word = $p1;
                let p2: $word = $p2;
                $name {
                    lanes: [p1.wrapping_add(p2), p2, 0, p1.wrapping_neg()],
                    pending: [0; $stripe],
                    filled: 0,
                    total: 0,
                }
            }
        }

        impl $name {
            #[inline]
            fn round(lane: $word, input: $word) -> $word {
                lane.wrapping_add(input.wrapping_mul($p2)).rotate_left($rotate).wrapping_mul($p1)
            }

            #[inline]
            fn stripe(lanes: &mut [$word; 4], bytes: &[u8]) {
                for (lane, word) in lanes.iter_mut().zip(bytes.chunks_exact($lane)) {
                    if let Some(word) = word.first_chunk::<$lane>() {
                        *lane = Self::round(*lane, <$word>::from_le_bytes(*word));
                    }
                }
            }

            /// Takes in the next bytes.
            pub fn update(&mut self, mut bytes: &[u8]) {
                self.total = self.total.wrapping_add(bytes.len() as u64);
                if self.filled > 0 {
                    let taken = bytes.len().min($stripe - self.filled);
                    let (head, tail) = bytes.split_at(taken);
                    if let Some(place) = self.pending.get_mut(self.filled..self.filled + taken) {
                        place.copy_from_slice(head);
                    }
                    self.filled += taken;
                    bytes = tail;
                    if self.filled < $stripe {
                        return;
                    }
                    Self::stripe(&mut self.lanes, &self.pending);
                    self.filled = 0;
                }
                let mut stripes = bytes.chunks_exact($stripe);
                for stripe in &mut stripes {
                    Self::stripe(&mut self.lanes, stripe);
                }
                let rest = stripes.remainder();
                if let Some(place) = self.pending.get_mut(..rest.len()) {
                    place.copy_from_slice(rest);
                }
                self.filled = rest.len();
            }

            fn rest(&self) -> &[u8] {
                self.pending.get(..self.filled).unwrap_or_default()
            }
        }
    };
}

xxh!(
    /// XXH32.
    Xxh32, u32, 16, 4, 0x9e37_79b1, 0x85eb_ca77, 13
);
xxh!(
    /// XXH64.
    Xxh64, u64, 32, 8, 0x9e37_79b1_85eb_ca87, 0xc2b2_ae3d_27d4_eb4f, 31
);

impl Xxh32 {
    /// The hash of all bytes so far.
    pub fn digest(&self) -> u32 {
        const P3: u32 = 0xc2b2_ae3d;
        const P4: u32 = 0x27d4_eb2f;
        const P5: u32 = 0x1656_67b1;
        let [a, b, c, d] = self.lanes;
        let mut hash = if self.total >= 16 {
            a.rotate_left(1)
                .wrapping_add(b.rotate_left(7))
                .wrapping_add(c.rotate_left(12))
                .wrapping_add(d.rotate_left(18))
        } else {
            P5
        };
        hash = hash.wrapping_add(self.total as u32);
        let mut words = self.rest().chunks_exact(4);
        for word in &mut words {
            let word = word.first_chunk::<4>().map_or(0, |word| u32::from_le_bytes(*word));
            hash = hash.wrapping_add(word.wrapping_mul(P3)).rotate_left(17).wrapping_mul(P4);
        }
        for byte in words.remainder() {
            hash = hash.wrapping_add(u32::from(*byte).wrapping_mul(P5)).rotate_left(11).wrapping_mul(0x9e37_79b1);
        }
        hash = (hash ^ hash >> 15).wrapping_mul(0x85eb_ca77);
        hash = (hash ^ hash >> 13).wrapping_mul(P3);
        hash ^ hash >> 16
    }
}

impl Xxh64 {
    /// The hash of all bytes so far.
    pub fn digest(&self) -> u64 {
        const P1: u64 = 0x9e37_79b1_85eb_ca87;
        const P2: u64 = 0xc2b2_ae3d_27d4_eb4f;
        const P3: u64 = 0x1656_67b1_9e37_79f9;
        const P4: u64 = 0x85eb_ca77_c2b2_ae63;
        const P5: u64 = 0x27d4_eb2f_1656_67c5;
        let [a, b, c, d] = self.lanes;
        let mut hash = if self.total >= 32 {
            let mut hash = a
                .rotate_left(1)
                .wrapping_add(b.rotate_left(7))
                .wrapping_add(c.rotate_left(12))
                .wrapping_add(d.rotate_left(18));
            for lane in self.lanes {
                hash = (hash ^ Self::round(0, lane)).wrapping_mul(P1).wrapping_add(P4);
            }
            hash
        } else {
            P5
        };
        hash = hash.wrapping_add(self.total);
        let mut words = self.rest().chunks_exact(8);
        for word in &mut words {
            let word = word.first_chunk::<8>().map_or(0, |word| u64::from_le_bytes(*word));
            hash = (hash ^ Self::round(0, word)).rotate_left(27).wrapping_mul(P1).wrapping_add(P4);
        }
        let mut tail = words.remainder();
        if let Some((word, rest)) = tail.split_first_chunk::<4>() {
            let word = u64::from(u32::from_le_bytes(*word));
            hash = (hash ^ word.wrapping_mul(P1)).rotate_left(23).wrapping_mul(P2).wrapping_add(P3);
            tail = rest;
        }
        for byte in tail {
            hash = (hash ^ u64::from(*byte).wrapping_mul(P5)).rotate_left(11).wrapping_mul(P1);
        }
        hash = (hash ^ hash >> 33).wrapping_mul(P2);
        hash = (hash ^ hash >> 29).wrapping_mul(P3);
        hash ^ hash >> 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_of_the_specification() {
        assert_eq!(Xxh32::default().digest(), 0x02cc_5d05);
        assert_eq!(Xxh64::default().digest(), 0xef46_db37_51d8_e999);
        let mut long = Xxh64::default();
        long.update(b"abc");
        assert_eq!(long.digest(), 0x44bc_2cf5_ad77_0999);
        let mut short = Xxh32::default();
        short.update(b"abc");
        assert_eq!(short.digest(), 0x32d1_53ff);
    }

    #[test]
    fn pieces_hash_like_the_whole() {
        let bytes: alloc::vec::Vec<u8> = (0..1000u32).map(|n| (n * 7 % 251) as u8).collect();
        let (mut whole, mut whole32) = (Xxh64::default(), Xxh32::default());
        whole.update(&bytes);
        whole32.update(&bytes);
        for size in [1, 3, 31, 33, 500] {
            let (mut pieces, mut pieces32) = (Xxh64::default(), Xxh32::default());
            for piece in bytes.chunks(size) {
                pieces.update(piece);
                pieces32.update(piece);
            }
            assert_eq!((pieces.digest(), pieces32.digest()), (whole.digest(), whole32.digest()));
        }
    }
}
