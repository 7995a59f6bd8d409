//! Headers that a capturing system puts around a packet: packet filter logs, IPsec, ERF, PPI.

use crate::ip::Span;
use crate::link::{self, by_ethertype, ethernet, not_ip, Found, CUT};
use crate::ppp;
use crate::way::{Layer, Way};

/// AF_INET is 2 everywhere; AF_INET6 is what each system made it.
pub(crate) fn is_ip_family(family: u32) -> bool {
    matches!(family, 2 | 10 | 24 | 28 | 30)
}

/// OpenBSD and FreeBSD packet filter log: the header says its own length, to be rounded up to words.
pub(crate) fn pflog<'a>(span: Span<'a>, way: &mut Way) -> Found<'a> {
    const MIN_LEN: usize = 48;
    let (head, _) = span.split::<2>().ok_or(CUT)?;
    let len = usize::from(head[0]);
    if len < MIN_LEN || !is_ip_family(u32::from(head[1])) {
        return not_ip(u16::from(head[1]));
    }
    way.pass(Layer::Pflog);
    span.after(len.next_multiple_of(4)).ok_or(CUT)
}

/// OpenBSD's encapsulating interface: address family in host order, SPI, flags.
pub(crate) fn enc<'a>(span: Span<'a>, way: &mut Way) -> Found<'a> {
    let (head, rest) = span.split::<12>().ok_or(CUT)?;
    let family = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
    let family = if family > 0xffff { family.swap_bytes() } else { family };
    way.pass(Layer::Enc);
    if is_ip_family(family) {
        Ok(rest)
    } else {
        not_ip(u16::try_from(family).unwrap_or(0))
    }
}

/// Linux netfilter log: attributes in the byte order of the machine that wrote it, which is tried out.
pub(crate) fn nflog<'a>(span: Span<'a>, way: &mut Way) -> Found<'a> {
    let (head, attributes) = span.split::<4>().ok_or(CUT)?;
    way.pass(Layer::Nflog);
    if head[1] != 0 {
        return not_ip(0);
    }
    netfilter(u32::from(head[0]), attributes, NFLOG_PAYLOAD, way)
}

const NFLOG_PAYLOAD: u16 = 9;
const QUEUE_PAYLOAD: u16 = 10;

/// A packet that netfilter hands to a log or queue: its address family, then its attributes.
fn netfilter<'a>(family: u32, attributes: Span<'a>, payload_kind: u16, way: &mut Way) -> Found<'a> {
    let payload = attribute(attributes, payload_kind, u16::from_le_bytes)
        .or_else(|| attribute(attributes, payload_kind, u16::from_be_bytes));
    match payload {
        Some((_, payload)) if is_ip_family(family) => Ok(payload),
        Some((ethertype, payload)) => by_ethertype(ethertype, payload, way),
        None => not_ip(0),
    }
}

/// Linux netlink behind a cooked header: its messages are no packets, but netfilter's may hold one (the first counts).
pub(crate) fn netlink<'a>(family: u16, span: Span<'a>, way: &mut Way) -> Found<'a> {
    const FAMILY_NETFILTER: u16 = 12;
    const SUBSYSTEM_QUEUE: u8 = 3;
    const SUBSYSTEM_LOG: u8 = 4;
    const MESSAGE_PACKET: u8 = 0;
    if family != FAMILY_NETFILTER {
        return not_ip(family);
    }
    // Length, type (two bytes in host order), flags, sequence number, port; then address family, version, resource.
    let (head, attributes) = span.split::<20>().ok_or(CUT)?;
    let is_little = head[3] == 0;
    let [kind, subsystem] = if is_little { [head[4], head[5]] } else { [head[5], head[4]] };
    way.pass(Layer::Netlink);
    match (subsystem, kind) {
        (SUBSYSTEM_QUEUE, MESSAGE_PACKET) => netfilter(u32::from(head[16]), attributes, QUEUE_PAYLOAD, way),
        (SUBSYSTEM_LOG, MESSAGE_PACKET) => netfilter(u32::from(head[16]), attributes, NFLOG_PAYLOAD, way),
        _ => not_ip(family),
    }
}

/// The ethertype and bytes of the attribute that holds the packet, in attributes of that byte order.
fn attribute(mut rest: Span<'_>, payload_kind: u16, number: fn([u8; 2]) -> u16) -> Option<(u16, Span<'_>)> {
    const PACKET_HEADER: u16 = 1;
    let mut ethertype = 0;
    loop {
        let (head, value) = rest.split::<4>()?;
        let len = number([head[0], head[1]]);
        let value_len = usize::from(len).checked_sub(4)?;
        match number([head[2], head[3]]) {
            kind if kind == payload_kind && value_len as u32 <= value.wire => {
                return Some((ethertype, value.limit(value_len as u32)))
            }
            // In a queue the packet's number comes before its EtherType.
            PACKET_HEADER => {
                let at = if payload_kind == QUEUE_PAYLOAD { 4 } else { 0 };
                ethertype = u16::from_be_bytes(*value.data.get(at..)?.first_chunk()?);
            }
            _ => {}
        }
        rest = rest.after(usize::from(len).next_multiple_of(4))?;
    }
}

/// Endace's extensible record format: a 16-byte header, extension headers, then what its type says.
pub(crate) fn erf<'a>(span: Span<'a>, way: &mut Way) -> Found<'a> {
    const MORE_HEADERS: u8 = 0x80;
    let (head, mut rest) = span.split::<16>().ok_or(CUT)?;
    way.pass(Layer::Erf);
    let wire_len = u32::from(u16::from_be_bytes([head[14], head[15]]));
    let mut has_more = head[8] & MORE_HEADERS != 0;
    while has_more {
        let (extension, inside) = rest.split::<8>().ok_or(CUT)?;
        has_more = extension[0] & MORE_HEADERS != 0;
        rest = inside;
    }
    match head[8] & 0x7f {
        1 | 5 | 9 | 15 | 17 => ppp::ppp(rest.limit(wire_len), way),
        2 | 11 | 16 | 20 => ethernet(rest.after(2).ok_or(CUT)?.limit(wire_len), way),
        22 | 23 => Ok(rest),
        kind => not_ip(u16::from(kind)),
    }
}

/// Per-packet information: its own length, then the link type of what follows, which is not PPI again.
pub(crate) fn ppi<'a>(span: Span<'a>, way: &mut Way) -> Found<'a> {
    let (head, _) = span.split::<8>().ok_or(CUT)?;
    let len = usize::from(u16::from_le_bytes([head[2], head[3]]));
    let kind = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
    if len < 8 || kind == link::link_type::PPI {
        return not_ip(0);
    }
    link::other_link(kind, span.after(len).ok_or(CUT)?, way)
}
