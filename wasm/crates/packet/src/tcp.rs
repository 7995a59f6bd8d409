//! TCP header and options (RFC 9293, RFC 7323, RFC 2018).

use crate::row::{Tcp, MAX_SACK_BLOCKS};

/// Fixed part of the header.
pub(crate) const HEADER_LEN: usize = 20;

mod option {
    pub const END: u8 = 0;
    pub const NO_OPERATION: u8 = 1;
    pub const MSS: u8 = 2;
    pub const WINDOW_SCALE: u8 = 3;
    pub const SACK_PERMITTED: u8 = 4;
    pub const SACK: u8 = 5;
    pub const TIMESTAMPS: u8 = 8;
}

/// Bytes of header and options, as the data offset field says.
#[inline(always)]
pub(crate) fn header_len(offset_byte: u8) -> usize {
    usize::from(offset_byte >> 4) * 4
}

/// The fixed header.
#[inline(always)]
pub(crate) fn fixed(header: &[u8; HEADER_LEN]) -> Tcp {
    Tcp {
        seq: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
        ack: u32::from_be_bytes([header[8], header[9], header[10], header[11]]),
        flags: u16::from_be_bytes([header[12] & 1, header[13]]),
        window: u16::from_be_bytes([header[14], header[15]]),
        ..Tcp::default()
    }
}

/// Reads options up to the first that is cut or impossible; what was read before it stays.
#[inline]
pub(crate) fn read_options(tcp: &mut Tcp, mut options: &[u8]) {
    // Nearly every segment of a connection with timestamps starts its options with these four bytes.
    if let Some(([1, 1, 8, 10, a, b, c, d, e, f, g, h], rest)) = options.split_first_chunk::<12>() {
        tcp.timestamps = Some((u32::from_be_bytes([*a, *b, *c, *d]), u32::from_be_bytes([*e, *f, *g, *h])));
        options = rest;
    }
    while let Some((&kind, rest)) = options.split_first() {
        match kind {
            option::END => return,
            option::NO_OPERATION => {
                options = rest;
                continue;
            }
            _ => {}
        }
        let Some((&len, _)) = rest.split_first() else { return };
        let Some((whole, next)) = options.split_at_checked(usize::from(len)) else {
            // A snaplen of 64 ends inside the option: what its sender's clock showed is there, what it echoes is not.
            if let ([option::TIMESTAMPS, 10, a, b, c, d, ..], None) = (options, tcp.timestamps) {
                tcp.lone_tsval = Some(u32::from_be_bytes([*a, *b, *c, *d]));
            }
            return;
        };
        match (kind, whole) {
            (_, [] | [_]) => return,
            (option::MSS, [_, _, a, b]) => tcp.mss = Some(u16::from_be_bytes([*a, *b])),
            (option::WINDOW_SCALE, [_, _, shift]) => tcp.window_scale = Some(*shift),
            (option::SACK_PERMITTED, [_, _]) => tcp.sack_permitted = true,
            (option::SACK, [_, _, blocks @ ..]) => read_sack(tcp, blocks),
            (option::TIMESTAMPS, [_, _, a, b, c, d, e, f, g, h]) => {
                tcp.timestamps = Some((u32::from_be_bytes([*a, *b, *c, *d]), u32::from_be_bytes([*e, *f, *g, *h])));
            }
            _ => {}
        }
        options = next;
    }
}

fn read_sack(tcp: &mut Tcp, blocks: &[u8]) {
    let (pairs, _) = blocks.as_chunks::<8>();
    let mut count = 0;
    for (block, pair) in tcp.sack.iter_mut().zip(pairs) {
        let word = u64::from_be_bytes(*pair);
        *block = ((word >> 32) as u32, word as u32);
        count += 1;
    }
    tcp.sack_count = count.min(MAX_SACK_BLOCKS as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_that_was_cut_keeps_what_is_whole() {
        let whole = [1, 1, 8, 10, 0, 0, 1, 2, 0, 0, 3, 4];
        for (kept, timestamps, lone_tsval) in [
            (12, Some((0x102, 0x304)), None),
            (11, None, Some(0x102)),
            (8, None, Some(0x102)),
            (7, None, None),
            (0, None, None),
        ] {
            let mut tcp = Tcp::default();
            read_options(&mut tcp, whole.get(..kept).unwrap_or_default());
            assert_eq!((tcp.timestamps, tcp.lone_tsval), (timestamps, lone_tsval), "{kept} bytes");
        }
    }
}
