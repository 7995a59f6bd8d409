//! IP, rewritten: addresses mapped wherever they stand, options blanked, lengths, TTL, DSCP and identification kept.

use crate::checksum::{self, blank, u16_at, u8_at};
use crate::link::{self, behind, MAX_DEPTH};
use crate::names::Kind;
use crate::transport::{self, Ends};
use crate::{Payload, Redactor};

mod extension {
    pub const ROUTING: u8 = 43;
    pub const FRAGMENT: u8 = 44;
    pub const AUTHENTICATION: u8 = 51;
    /// Hop-by-hop, destination options, mobility, HIP, shim6: bodies that may hold addresses.
    pub const BLANKED: [u8; 5] = [0, 60, 135, 139, 140];
}

/// The IP packet at the start of `bytes`: the captured packet, or one that a tunnel carries or an error quotes.
pub(crate) fn ip(redactor: &mut Redactor, bytes: &mut [u8], base: usize, depth: u32) -> Payload {
    match u8_at(bytes, 0) >> 4 {
        4 if depth <= MAX_DEPTH => v4(redactor, bytes, base, depth),
        6 if depth <= MAX_DEPTH => v6(redactor, bytes, base, depth),
        _ => {
            bytes.fill(0);
            None
        }
    }
}

fn v4(redactor: &mut Redactor, bytes: &mut [u8], base: usize, depth: u32) -> Payload {
    let header_len = usize::from(u8_at(bytes, 0) & 15) * 4;
    if header_len < 20 || bytes.len() < header_len {
        bytes.fill(0);
        return None;
    }
    let total_len = usize::from(u16_at(bytes, 2));
    if total_len >= header_len {
        // Frame padding can be old memory of the sender.
        blank(bytes, total_len);
    }
    let ip_len = if total_len == 0 { bytes.len() } else { total_len };
    let end = ip_len.clamp(header_len, bytes.len());
    let (fragment, protocol) = (u16_at(bytes, 6) & 0x1fff, u8_at(bytes, 9));
    let (header, body) = bytes.get_mut(..end)?.split_at_mut_checked(header_len)?;
    blank(header, 20);
    for (from, to) in [(12, 16), (16, 20)] {
        if let Some(address) = header.get_mut(from..to) {
            redactor.names.replace(Kind::V4, address);
        }
    }
    checksum::write(header, 10, 0);
    if fragment != 0 {
        body.fill(0);
        return None;
    }
    let ends = Ends::new(header.get(12..16)?, header.get(16..20)?, protocol, ip_len.saturating_sub(header_len));
    payload_of(redactor, protocol, body, base + header_len, depth, ends)
}

fn v6(redactor: &mut Redactor, bytes: &mut [u8], base: usize, depth: u32) -> Payload {
    let stated = usize::from(u16_at(bytes, 4));
    let mut protocol = u8_at(bytes, 6);
    let Some((header, rest)) = bytes.split_at_mut_checked(40) else {
        bytes.fill(0);
        return None;
    };
    for (from, to) in [(8, 24), (24, 40)] {
        if let Some(address) = header.get_mut(from..to) {
            redactor.names.replace(Kind::V6, address);
        }
    }
    let mut left = if stated == 0 { rest.len() } else { stated };
    blank(rest, left);
    let captured = left.min(rest.len());
    let mut body = rest.get_mut(..captured)?;
    let mut at = base + 40;
    while let Some(len) = extension_len(protocol, body) {
        if body.len() < len {
            body.fill(0);
            return None;
        }
        let (head, inner) = body.split_at_mut_checked(len)?;
        let next = u8_at(head, 0);
        if !extension(redactor, protocol, head) {
            inner.fill(0);
            return None;
        }
        (protocol, body, at, left) = (next, inner, at + len, left.saturating_sub(len));
    }
    let ends = Ends::new(header.get(8..24)?, header.get(24..40)?, protocol, left);
    payload_of(redactor, protocol, body, at, depth, ends)
}

fn extension_len(protocol: u8, body: &[u8]) -> Option<usize> {
    match protocol {
        extension::FRAGMENT => Some(8),
        extension::AUTHENTICATION => Some((usize::from(u8_at(body, 1)) + 2) * 4),
        extension::ROUTING => Some((usize::from(u8_at(body, 1)) + 1) * 8),
        other if extension::BLANKED.contains(&other) => Some((usize::from(u8_at(body, 1)) + 1) * 8),
        _ => None,
    }
}

/// Rewrites one extension header; false when what follows it is a later fragment, without a transport header.
fn extension(redactor: &mut Redactor, protocol: u8, head: &mut [u8]) -> bool {
    match protocol {
        extension::FRAGMENT => return u16_at(head, 2) >> 3 == 0,
        extension::AUTHENTICATION => blank(head, 12),
        extension::ROUTING if matches!(u8_at(head, 2), 0 | 2 | 4) => {
            for address in head.get_mut(8..).unwrap_or_default().chunks_mut(16) {
                match address.len() {
                    16 => redactor.names.replace(Kind::V6, address),
                    _ => address.fill(0),
                }
            }
        }
        extension::ROUTING => blank(head, 4),
        // Zeros are Pad1 options: still a sound header.
        _ => blank(head, 2),
    }
    true
}

fn payload_of(redactor: &mut Redactor, protocol: u8, body: &mut [u8], base: usize, depth: u32, ends: Ends) -> Payload {
    match protocol {
        4 | 41 => ip(redactor, body, base, depth + 1),
        47 => gre(redactor, body, base, depth + 1),
        _ => transport::rewrite(redactor, protocol, body, base, depth, ends),
    }
}

/// GRE (RFC 2784, 2890); its key and sequence number stay.
fn gre(redactor: &mut Redactor, bytes: &mut [u8], base: usize, depth: u32) -> Payload {
    let (flags, kind) = (u16_at(bytes, 0), u16_at(bytes, 2));
    if flags & 0x4007 != 0 || bytes.len() < 4 {
        bytes.fill(0);
        return None;
    }
    let optional = [0x8000, 0x2000, 0x1000].iter().filter(|bit| flags & **bit != 0).count();
    let len = 4 + optional * 4;
    let payload = behind(bytes, len, |rest| link::by_ethertype(redactor, kind, rest, base + len, depth));
    if flags & 0x8000 != 0 {
        checksum::write(bytes, 4, 0);
    }
    payload
}
