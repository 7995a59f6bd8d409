//! Tunnels in UDP. A game or voice datagram must never be taken for one: a port known for the tunnel, the tunnel's own
//! structure, and a sound IP packet that fits what is around it must all agree.

use crate::ip::{self, Span};
use crate::link::{self, ethertype};
use crate::mpls::mpls;
use crate::ppp;
use crate::tunnel::Inside;
use crate::way::{Layer, Way};

/// IANA "Service Name and Transport Protocol Port Number Registry"; 8472 is what Linux used before there was one.
mod port {
    pub const L2TP: u16 = 1701;
    pub const GTP_U: u16 = 2152;
    pub const TEREDO: u16 = 3544;
    pub const LISP: u16 = 4341;
    pub const VXLAN: u16 = 4789;
    pub const VXLAN_GPE: u16 = 4790;
    pub const AYIYA: u16 = 5072;
    pub const GENEVE: u16 = 6081;
    pub const MPLS: u16 = 6635;
    pub const VXLAN_ON_LINUX: u16 = 8472;
}

const PORTS: [u16; 10] = [
    port::L2TP,
    port::GTP_U,
    port::TEREDO,
    port::LISP,
    port::VXLAN,
    port::VXLAN_GPE,
    port::AYIYA,
    port::GENEVE,
    port::MPLS,
    port::VXLAN_ON_LINUX,
];

/// The ports by their last six bits: most datagrams are told apart by two shifts.
const SIEVE: u64 = {
    let mut sieve = 0;
    let mut rest: &[u16] = &PORTS;
    while let Some((port, tail)) = rest.split_first() {
        sieve |= 1 << (*port & 63);
        rest = tail;
    }
    sieve
};

/// Could one of the ports be a tunnel's? False for sure, true perhaps.
#[inline(always)]
pub(crate) fn may_be(udp: Span<'_>) -> bool {
    let Some(&[a, b, c, d]) = udp.data.first_chunk::<4>() else { return false };
    let (src, dst) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    (SIEVE >> (src & 63) | SIEVE >> (dst & 63)) & 1 != 0 && is_known(src, dst)
}

#[cold]
#[inline(never)]
fn is_known(src: u16, dst: u16) -> bool {
    PORTS.contains(&src) || PORTS.contains(&dst)
}

/// The IP packet in the tunnel whose UDP header starts `udp`; `is_open` where the datagram goes on in later fragments.
pub(crate) fn inside<'a>(udp: Span<'a>, is_open: bool, way: &mut Way) -> Option<Inside<'a>> {
    let (head, rest) = udp.split::<8>()?;
    let stated = u32::from(u16::from_be_bytes([head[4], head[5]]));
    let body = if is_open || stated < 8 { rest } else { rest.limit(stated - 8) };
    let ports = [u16::from_be_bytes([head[2], head[3]]), u16::from_be_bytes([head[0], head[1]])];
    ports.into_iter().filter(|port| PORTS.contains(port)).find_map(|port| {
        let mut inner = *way;
        inner.pass(Layer::Udp);
        let found = by_port(port, body, is_open, &mut inner)?;
        *way = inner;
        Some(found)
    })
}

fn by_port<'a>(port: u16, body: Span<'a>, is_open: bool, way: &mut Way) -> Option<Inside<'a>> {
    let (kind, id, span) = match port {
        port::L2TP => l2tp(body, way),
        port::GTP_U => gtp(body, is_open, way),
        port::TEREDO => teredo(body, way),
        port::LISP => lisp(body, way),
        port::VXLAN | port::VXLAN_ON_LINUX => vxlan(body, way),
        port::VXLAN_GPE => vxlan_gpe(body, way),
        port::AYIYA => ayiya(body, way),
        port::GENEVE => geneve(body, way),
        port::MPLS => Some((Layer::Mpls, 0, mpls(ethertype::MPLS, body, way).ok()?)),
        _ => None,
    }?;
    // Behind a frame there may be padding, behind Teredo trailers; a bare packet fills its datagram.
    let may_be_padded = matches!(kind, Layer::Vxlan | Layer::Geneve | Layer::Mpls | Layer::L2tp | Layer::Teredo);
    let fits =
        if may_be_padded { ip::is_sound(span) || ip::is_exact(span, is_open) } else { ip::is_exact(span, is_open) };
    fits.then_some((kind, id, span))
}

fn number(bytes: [u8; 3]) -> u32 {
    u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]])
}

/// RFC 7348: flags of which one is set, a network id, reserved bytes; group policy adds a bit and a group.
fn vxlan<'a>(span: Span<'a>, way: &mut Way) -> Option<Inside<'a>> {
    const NETWORK: u8 = 0x08;
    const GROUP_POLICY: u8 = 0x80;
    let (head, frame) = span.split::<8>()?;
    let is_plain = head[0] == NETWORK && head[1..4] == [0, 0, 0];
    let is_policed = head[0] == NETWORK | GROUP_POLICY;
    if !(is_plain || is_policed) || head[7] != 0 {
        return None;
    }
    way.pass(Layer::Vxlan);
    Some((Layer::Vxlan, number([head[4], head[5], head[6]]), link::ethernet(frame, way).ok()?))
}

/// The generic protocol extension says what is inside.
fn vxlan_gpe<'a>(span: Span<'a>, way: &mut Way) -> Option<Inside<'a>> {
    let (head, rest) = span.split::<8>()?;
    if head[..3] != [0x0c, 0, 0] || head[7] != 0 {
        return None;
    }
    way.pass(Layer::Vxlan);
    let ip = match head[3] {
        1 | 2 => rest,
        3 => link::ethernet(rest, way).ok()?,
        _ => return None,
    };
    Some((Layer::Vxlan, number([head[4], head[5], head[6]]), ip))
}

/// RFC 8926: version 0, options by their length in words, an EtherType.
fn geneve<'a>(span: Span<'a>, way: &mut Way) -> Option<Inside<'a>> {
    let (head, rest) = span.split::<8>()?;
    if head[0] >> 6 != 0 || head[1] & 0x3f != 0 || head[7] != 0 {
        return None;
    }
    way.pass(Layer::Geneve);
    let body = rest.after(usize::from(head[0] & 0x3f) * 4)?;
    let ip = link::by_ethertype(u16::from_be_bytes([head[2], head[3]]), body, way).ok()?;
    Some((Layer::Geneve, number([head[4], head[5], head[6]]), ip))
}

/// 3GPP TS 29.281: version 1, a G-PDU, with sequence number and extension headers where flagged. The TEID is the
/// receiver's own, so it does not number the tunnel.
fn gtp<'a>(span: Span<'a>, is_open: bool, way: &mut Way) -> Option<Inside<'a>> {
    const USER_DATA: u8 = 0xff;
    let (head, rest) = span.split::<8>()?;
    let len = u32::from(u16::from_be_bytes([head[2], head[3]]));
    // Version 1, protocol type GTP, the spare bit 0; E, S and PN as they like.
    if head[0] & 0xf8 != 0x30 || head[1] != USER_DATA || !(len == rest.wire || is_open && len > rest.wire) {
        return None;
    }
    way.pass(Layer::Gtp);
    if head[0] & 0x07 == 0 {
        return Some((Layer::Gtp, 0, rest));
    }
    let (optional, mut body) = rest.split::<4>()?;
    let mut next = if head[0] & 0x04 != 0 { optional[3] } else { 0 };
    while next != 0 {
        // A length in words, content, and the type of the next.
        let len = usize::from(*body.data.first().filter(|len| **len != 0)?) * 4;
        next = *body.data.get(len - 1)?;
        body = body.after(len)?;
    }
    Some((Layer::Gtp, 0, body))
}

/// RFC 2661: a data message of version 2. Tunnel and session ids are the receiver's own.
fn l2tp<'a>(span: Span<'a>, way: &mut Way) -> Option<Inside<'a>> {
    const CONTROL_VERSION_RESERVED: u16 = 0xb4ff;
    const LENGTH: u16 = 0x4000;
    const SEQUENCE: u16 = 0x0800;
    const OFFSET: u16 = 0x0200;
    let (head, mut rest) = span.split::<2>()?;
    let flags = u16::from_be_bytes(*head);
    if flags & CONTROL_VERSION_RESERVED != 2 {
        return None;
    }
    if flags & LENGTH != 0 {
        let (len, inside) = rest.split::<2>()?;
        rest = inside.limit(u32::from(u16::from_be_bytes(*len)).checked_sub(4)?);
    }
    rest = rest.after(if flags & SEQUENCE != 0 { 8 } else { 4 })?;
    if flags & OFFSET != 0 {
        let (size, inside) = rest.split::<2>()?;
        rest = inside.after(usize::from(u16::from_be_bytes(*size)))?;
    }
    way.pass(Layer::L2tp);
    Some((Layer::L2tp, 0, ppp::ppp(rest, way).ok()?))
}

/// RFC 4380: IPv6, perhaps behind an authentication and an origin indication; trailers (RFC 6081) may follow.
fn teredo<'a>(mut span: Span<'a>, way: &mut Way) -> Option<Inside<'a>> {
    if let Some(([0, 1, id_len, auth_len], _)) = span.split::<4>() {
        span = span.after(13 + usize::from(*id_len) + usize::from(*auth_len))?;
    }
    if let Some(([0, 0], _)) = span.split::<2>() {
        span = span.after(8)?;
    }
    // Version, then the two addresses: a Teredo client's, or link-local while it asks its server for a prefix.
    let (header, _) = span.split::<40>()?;
    let is_teredo = |address: &[u8]| matches!(address, [0x20, 0x01, 0, 0, ..] | [0xfe, 0x80, ..]);
    let ends = [&header[8..24], &header[24..40]];
    way.pass(Layer::Teredo);
    (header[0] >> 4 == 6 && ends.into_iter().any(is_teredo)).then_some((Layer::Teredo, 0, span))
}

/// RFC 9300 data: flags and nonce, instance id or locator bits, then a bare packet.
fn lisp<'a>(span: Span<'a>, way: &mut Way) -> Option<Inside<'a>> {
    const INSTANCE: u8 = 0x08;
    let (head, rest) = span.split::<8>()?;
    let id = if head[0] & INSTANCE != 0 { number([head[4], head[5], head[6]]) } else { 0 };
    way.pass(Layer::Lisp);
    Some((Layer::Lisp, id, rest))
}

/// draft-massar-v6ops-ayiya: lengths of identity and signature, an operation, the protocol of what follows.
fn ayiya<'a>(span: Span<'a>, way: &mut Way) -> Option<Inside<'a>> {
    const FORWARD: u8 = 1;
    let (head, rest) = span.split::<8>()?;
    let identity_len = 1usize << (head[0] >> 4);
    let signature_len = usize::from(head[1] >> 4) * 4;
    if head[2] & 0x0f != FORWARD || !matches!(head[3], 4 | 41) {
        return None;
    }
    way.pass(Layer::Ayiya);
    Some((Layer::Ayiya, 0, rest.after(identity_len + signature_len)?))
}
