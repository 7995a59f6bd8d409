//! The Internet checksum (RFC 1071), over parts.

/// Sum of a part that starts at an even offset.
#[inline]
pub fn checksum_sum(bytes: &[u8]) -> u32 {
    // Sums of 32-bit words are sums of their halves, too; byte order cancels out (RFC 1071 2 B).
    let (words, tail) = bytes.as_chunks::<4>();
    let mut total = 0u64;
    for word in words {
        total += u64::from(u32::from_be_bytes(*word));
    }
    for (at, byte) in tail.iter().enumerate() {
        total += u64::from(*byte) << if at & 1 == 0 { 8 } else { 0 };
    }
    u32::from(folded(total))
}

/// Sums of parts → the checksum.
#[inline]
pub fn checksum_of(parts: &[u32]) -> u16 {
    !folded(parts.iter().map(|part| u64::from(*part)).sum())
}

#[inline]
fn folded(mut total: u64) -> u16 {
    while total > 0xffff {
        total = (total & 0xffff) + (total >> 16);
    }
    total as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_sixteen_bit_words_whatever_the_length() {
        let bytes: [u8; 13] = core::array::from_fn(|at| (at as u8).wrapping_mul(97).wrapping_add(200));
        for len in 0..=bytes.len() {
            let part = bytes.get(..len).unwrap_or_default();
            let slow: u64 = part
                .chunks(2)
                .map(|pair| match pair {
                    [high, low] => u64::from(*high) << 8 | u64::from(*low),
                    [high] => u64::from(*high) << 8,
                    _ => 0,
                })
                .sum();
            assert_eq!(checksum_sum(part), u32::from(folded(slow)), "{len} bytes");
        }
        // RFC 1071 section 3.
        assert_eq!(checksum_sum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), 0xddf2);
    }
}
