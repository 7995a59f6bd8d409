//! The Internet checksum written into a header, and bytes of one.

pub(crate) use packet::{checksum_of as fold, checksum_sum as sum};

/// Writes the checksum of `bytes` and the pseudo header's sum at `at`.
pub(crate) fn write(bytes: &mut [u8], at: usize, pseudo: u32) {
    let Some(place) = bytes.get_mut(at..at + 2) else { return };
    place.fill(0);
    let value = fold(&[sum(bytes), pseudo]);
    if let Some(place) = bytes.get_mut(at..at + 2) {
        place.copy_from_slice(&value.to_be_bytes());
    }
}

/// The big-endian 16-bit number at `at`; 0 past the end.
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(|tail| tail.first_chunk::<2>()).map_or(0, |pair| u16::from_be_bytes(*pair))
}

/// The byte at `at`; 0 past the end.
pub(crate) fn u8_at(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

/// Zeros from `at` on.
pub(crate) fn blank(bytes: &mut [u8], at: usize) {
    if let Some(rest) = bytes.get_mut(at..) {
        rest.fill(0);
    }
}
