//! Link layers, rewritten: hardware addresses mapped, tags kept, everything unknown blanked.

use crate::checksum::{blank, u16_at, u8_at};
use crate::names::Kind;
use crate::network::ip;
use crate::{Payload, Redactor};

/// Tags, labels, sessions and tunnels followed inwards.
pub(crate) const MAX_DEPTH: u32 = 16;

pub(crate) fn frame(redactor: &mut Redactor, link_type: u32, bytes: &mut [u8]) -> Payload {
    match link_type {
        1 => ethernet(redactor, bytes, 0, 0),
        12 | 14 | 101 | 228 | 229 => ip(redactor, bytes, 0, 0),
        0 | 108 => behind(bytes, 4, |rest| ip(redactor, rest, 4, 0)),
        9 | 50 => ppp(redactor, bytes, 0, 0),
        51 => pppoe(redactor, bytes, 0, 0),
        104 => {
            let kind = u16_at(bytes, 2);
            behind(bytes, 4, |rest| by_ethertype(redactor, kind, rest, 4, 0))
        }
        113 => {
            let (len, kind) = (usize::from(u16_at(bytes, 4)), u16_at(bytes, 14));
            hardware_address(redactor, bytes, 6, len);
            behind(bytes, 16, |rest| by_ethertype(redactor, kind, rest, 16, 0))
        }
        276 => {
            let (len, kind) = (usize::from(u8_at(bytes, 11)), u16_at(bytes, 0));
            hardware_address(redactor, bytes, 12, len);
            behind(bytes, 20, |rest| by_ethertype(redactor, kind, rest, 20, 0))
        }
        _ => unknown(bytes),
    }
}

fn unknown(bytes: &mut [u8]) -> Payload {
    bytes.fill(0);
    None
}

/// Runs `then` on what follows a header of `len` bytes; a header that was cut is blanked.
pub(crate) fn behind(bytes: &mut [u8], len: usize, then: impl FnOnce(&mut [u8]) -> Payload) -> Payload {
    match bytes.split_at_mut_checked(len) {
        Some((_, rest)) => then(rest),
        None => unknown(bytes),
    }
}

/// The eight-byte address field of a cooked header: an EUI-48 is mapped, anything else blanked.
fn hardware_address(redactor: &mut Redactor, bytes: &mut [u8], at: usize, len: usize) {
    let Some(field) = bytes.get_mut(at..at + 8) else { return };
    match field.split_at_mut_checked(6) {
        Some((mac, rest)) if len == 6 => {
            redactor.names.replace(Kind::Mac, mac);
            rest.fill(0);
        }
        _ => field.fill(0),
    }
}

pub(crate) fn ethernet(redactor: &mut Redactor, bytes: &mut [u8], base: usize, depth: u32) -> Payload {
    let kind = u16_at(bytes, 12);
    let Some((head, rest)) = bytes.split_at_mut_checked(14) else { return unknown(bytes) };
    for mac in head.chunks_mut(6).take(2) {
        redactor.names.replace(Kind::Mac, mac);
    }
    if kind >= 0x0600 {
        return by_ethertype(redactor, kind, rest, base + 14, depth);
    }
    llc(redactor, rest, base + 14, depth)
}

/// IEEE 802.2 with SNAP and an EtherType.
fn llc(redactor: &mut Redactor, bytes: &mut [u8], base: usize, depth: u32) -> Payload {
    let kind = u16_at(bytes, 6);
    match bytes.split_at_mut_checked(8) {
        Some(([0xaa, 0xaa, 0x03, 0, 0, 0, ..], rest)) => by_ethertype(redactor, kind, rest, base + 8, depth),
        _ => unknown(bytes),
    }
}

pub(crate) fn by_ethertype(redactor: &mut Redactor, kind: u16, bytes: &mut [u8], base: usize, depth: u32) -> Payload {
    if depth > MAX_DEPTH {
        return unknown(bytes);
    }
    match kind {
        0x0800 | 0x86dd => ip(redactor, bytes, base, depth),
        0x8100 | 0x88a8 | 0x9100 => {
            let inner = u16_at(bytes, 2);
            behind(bytes, 4, |rest| match inner {
                0..0x0600 => llc(redactor, rest, base + 4, depth + 1),
                inner => by_ethertype(redactor, inner, rest, base + 4, depth + 1),
            })
        }
        0x8864 => pppoe(redactor, bytes, base, depth),
        0x880b => ppp(redactor, bytes, base, depth),
        0x8847 | 0x8848 => mpls(redactor, bytes, base, depth),
        0x0806 => arp(redactor, bytes),
        0x6558 => ethernet(redactor, bytes, base, depth + 1),
        0x0004 => llc(redactor, bytes, base, depth + 1),
        _ => unknown(bytes),
    }
}

/// The session number names a subscriber line: blanked.
fn pppoe(redactor: &mut Redactor, bytes: &mut [u8], base: usize, depth: u32) -> Payload {
    if u8_at(bytes, 1) != 0 {
        return unknown(bytes);
    }
    if let Some(session) = bytes.get_mut(2..4) {
        session.fill(0);
    }
    behind(bytes, 6, |rest| ppp(redactor, rest, base + 6, depth))
}

fn ppp(redactor: &mut Redactor, bytes: &mut [u8], base: usize, depth: u32) -> Payload {
    let at = if matches!(bytes, [0xff | 0x0f | 0x8f, 0x03 | 0x00, ..]) { 2 } else { 0 };
    let (protocol, len) = match u8_at(bytes, at) {
        short if short & 1 != 0 => (u16::from(short), at + 1),
        _ => (u16_at(bytes, at), at + 2),
    };
    behind(bytes, len, |rest| match protocol {
        0x0021 | 0x0057 => ip(redactor, rest, base + len, depth),
        0x0281 | 0x0283 => mpls(redactor, rest, base + len, depth),
        _ => unknown(rest),
    })
}

fn mpls(redactor: &mut Redactor, bytes: &mut [u8], base: usize, depth: u32) -> Payload {
    let labels = bytes.chunks(4).position(|label| u8_at(label, 2) & 1 != 0);
    match labels {
        Some(last) => behind(bytes, last * 4 + 4, |rest| ip(redactor, rest, base + last * 4 + 4, depth)),
        None => unknown(bytes),
    }
}

/// ARP for IPv4 over Ethernet (RFC 826).
fn arp(redactor: &mut Redactor, bytes: &mut [u8]) -> Payload {
    let Some((message, padding)) = bytes.split_at_mut_checked(28) else { return unknown(bytes) };
    padding.fill(0);
    if !message.starts_with(&[0, 1, 8, 0, 6, 4]) {
        return unknown(message);
    }
    for (kind, from, to) in [(Kind::Mac, 8, 14), (Kind::V4, 14, 18), (Kind::Mac, 18, 24), (Kind::V4, 24, 28)] {
        if let Some(name) = message.get_mut(from..to) {
            redactor.names.replace(kind, name);
        }
    }
    blank(bytes, 28);
    None
}
