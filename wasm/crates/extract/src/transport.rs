//! Transport headers, rewritten: ports, sequence numbers, flags and timing options kept; payloads zeroed, length kept;
//! checksums as a sender of those zeros would have written them, uncaptured bytes counted as zeros, too.

use crate::checksum::{self, blank, sum, u16_at, u8_at};
use crate::names::Kind;
use crate::network::ip;
use crate::{Payload, Redactor};

/// The two ends after mapping: what pseudo headers and per-direction offsets are made of.
#[derive(Clone, Copy)]
pub(crate) struct Ends {
    pseudo: u32,
    is_v6: bool,
    src: u64,
    dst: u64,
}

impl Ends {
    pub fn new(src: &[u8], dst: &[u8], protocol: u8, len: usize) -> Self {
        let length = sum(&(len as u32).to_be_bytes());
        Ends {
            pseudo: sum(src) + sum(dst) + u32::from(protocol) + length,
            is_v6: src.len() == 16,
            src: digest(src),
            dst: digest(dst),
        }
    }
}

fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |state, byte| (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

pub(crate) fn rewrite(
    redactor: &mut Redactor,
    protocol: u8,
    body: &mut [u8],
    base: usize,
    depth: u32,
    ends: Ends,
) -> Payload {
    match protocol {
        6 => tcp(redactor, body, base, ends),
        17 | 136 => {
            let had_checksum = u16_at(body, 6) != 0 || ends.is_v6;
            blank(body, 8);
            if body.len() >= 8 && had_checksum {
                checksum::write(body, 6, ends.pseudo);
                // Zero means "none" (RFC 768).
                if let (0, Some(place)) = (u16_at(body, 6), body.get_mut(6..8)) {
                    place.fill(0xff);
                }
            }
            payload(base, 8, body)
        }
        1 => icmp(redactor, body, base, depth),
        58 => icmpv6(redactor, body, base, depth, ends),
        33 | 132 => {
            blank(body, 8);
            payload(base, 12, body)
        }
        _ => {
            body.fill(0);
            payload(base, 0, body)
        }
    }
}

fn payload(base: usize, header_len: usize, body: &[u8]) -> Payload {
    body.len().checked_sub(header_len).map(|len| (base + header_len, len))
}

fn tcp(redactor: &mut Redactor, body: &mut [u8], base: usize, ends: Ends) -> Payload {
    if body.len() < 20 {
        // A quoted or cut header: ports and sequence number.
        blank(body, 8);
        return None;
    }
    let header_len = (usize::from(u8_at(body, 12) >> 4) * 4).max(20);
    let offsets = redactor.timestamp_key.map(|key| {
        let (src, dst) = (ends.src ^ u64::from(u16_at(body, 0)), ends.dst ^ u64::from(u16_at(body, 2)));
        (offset(key, src, dst), offset(key, dst, src))
    });
    let end = header_len.min(body.len());
    options(body.get_mut(20..end).unwrap_or_default(), offsets);
    blank(body, header_len);
    checksum::write(body, 16, ends.pseudo);
    payload(base, header_len, body)
}

/// What is taken from the timestamps that `from` sends to `to`: the same at every capture point that sees these ends.
fn offset(key: u64, from: u64, to: u64) -> u32 {
    let mut state = key ^ from.rotate_left(23) ^ to.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (state >> 32) as u32
}

/// Keeps MSS, window scale, SACK and timestamps; every other option becomes NOPs (some carry cookies or addresses).
fn options(mut rest: &mut [u8], offsets: Option<(u32, u32)>) {
    loop {
        match (u8_at(rest, 0), u8_at(rest, 1)) {
            (0, _) => return rest.fill(0),
            (1, _) => rest = rest.split_at_mut_checked(1).map(|(_, tail)| tail).unwrap_or_default(),
            (_, len) if rest.len() < usize::from(len.max(2)) => return rest.fill(0),
            (kind, len) => {
                let (option, tail) = rest.split_at_mut(usize::from(len.max(2)));
                match (kind, len) {
                    (_, 0 | 1) => {
                        option.fill(0);
                        return tail.fill(0);
                    }
                    (2, 4) | (3, 3) | (4, 2) | (5, 10 | 18 | 26 | 34) => {}
                    (8, 10) => {
                        let (to, from) = offsets.unwrap_or_default();
                        for (at, taken) in [(2, to), (6, from)] {
                            shift(option, at, taken);
                        }
                    }
                    _ => option.fill(1),
                }
                rest = tail;
            }
        }
    }
}

/// Takes `taken` from the number at `at`; an absent echo (0) stays absent.
fn shift(option: &mut [u8], at: usize, taken: u32) {
    let Some(field) = option.get_mut(at..).and_then(|tail| tail.first_chunk_mut::<4>()) else { return };
    let value = u32::from_be_bytes(*field);
    if taken != 0 && (value != 0 || at == 2) {
        *field = value.wrapping_sub(taken).to_be_bytes();
    }
}

fn icmp(redactor: &mut Redactor, body: &mut [u8], base: usize, depth: u32) -> Payload {
    let kind = u8_at(body, 0);
    if kind == 5 {
        if let Some(gateway) = body.get_mut(4..8) {
            redactor.names.replace(Kind::V4, gateway);
        }
    }
    match kind {
        3 | 4 | 5 | 11 | 12 => quote(redactor, body, usize::from(u8_at(body, 5)) * 4, depth),
        _ => blank(body, 8),
    }
    checksum::write(body, 2, 0);
    payload(base, 8, body)
}

fn icmpv6(redactor: &mut Redactor, body: &mut [u8], base: usize, depth: u32, ends: Ends) -> Payload {
    match u8_at(body, 0) {
        1..=4 => quote(redactor, body, usize::from(u8_at(body, 4)) * 8, depth),
        134 => blank(body, 16),
        130..=132 | 135 | 136 => named(redactor, body, 1),
        137 => named(redactor, body, 2),
        _ => blank(body, 8),
    }
    checksum::write(body, 2, ends.pseudo);
    payload(base, 8, body)
}

/// Neighbour and multicast messages: `addresses` addresses after the first eight bytes, then options, blanked.
fn named(redactor: &mut Redactor, body: &mut [u8], addresses: usize) {
    for index in 0..addresses {
        if let Some(address) = body.get_mut(8 + index * 16..24 + index * 16) {
            redactor.names.replace(Kind::V6, address);
        }
    }
    if body.len() < 8 + addresses * 16 {
        blank(body, 8);
    }
    blank(body, 8 + addresses * 16);
}

/// The packet an error speaks of; extensions behind it (RFC 4884: interfaces, labels) are blanked.
fn quote(redactor: &mut Redactor, body: &mut [u8], stated_len: usize, depth: u32) {
    let Some(quoted) = body.get_mut(8..) else { return };
    if stated_len != 0 {
        blank(quoted, stated_len);
    }
    let len = if stated_len == 0 { quoted.len() } else { stated_len.min(quoted.len()) };
    if let Some(packet) = quoted.get_mut(..len) {
        ip(redactor, packet, 0, depth + 8);
    }
}
