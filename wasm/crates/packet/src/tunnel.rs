//! Tunnels that IP carries: by protocol number IP in IP (RFC 2003, 2473, 4213), GRE (RFC 2784, 2890, 2637) with NVGRE
//! (RFC 7637) and ERSPAN, EtherIP (RFC 3378), MPLS (RFC 4023); in UDP see `udp_tunnel`.

use crate::ip::{Payload, Span};
use crate::link::{self, ethertype};
use crate::mpls::mpls;
use crate::row::Packet;
use crate::udp_tunnel;
use crate::way::{Layer, Tunnel, Way};

mod protocol {
    pub const IPV4: u8 = 4;
    pub const UDP: u8 = 17;
    pub const IPV6: u8 = 41;
    pub const GRE: u8 = 47;
    pub const ETHERIP: u8 = 97;
    pub const MPLS: u8 = 137;
}

/// GRE protocol types that are no EtherTypes of their own.
mod gre_type {
    pub const WCCP: u16 = 0x883e;
    pub const ERSPAN: u16 = 0x88be;
    pub const ERSPAN_III: u16 = 0x22eb;
}

/// Might there be a tunnel header behind the packet's IP header? A yes for UDP is only a maybe.
#[inline(always)]
pub(crate) fn is_tunnel(packet: &Packet, payload: &Payload<'_>) -> bool {
    let may_be = match packet.protocol {
        protocol::UDP => udp_tunnel::may_be(payload.span),
        protocol::IPV4 | protocol::IPV6 | protocol::GRE | protocol::ETHERIP | protocol::MPLS => true,
        _ => false,
    };
    may_be && packet.fragment_offset_bytes == 0 && !payload.is_cut
}

/// The IP packet in the tunnel, and the tunnel. None: it carries something else, or its header is cut.
pub(crate) fn inside<'a>(packet: &Packet, payload: &Payload<'a>, way: &mut Way) -> Option<(Tunnel, Span<'a>)> {
    let span = payload.span;
    let (kind, id, ip) = match packet.protocol {
        protocol::IPV4 | protocol::IPV6 => (Layer::Ip, 0, span),
        protocol::GRE => gre(span, way)?,
        protocol::UDP => udp_tunnel::inside(span, packet.more_fragments, way)?,
        protocol::ETHERIP => {
            let (head, frame) = span.split::<2>()?;
            way.pass(Layer::EtherIp);
            // Version 3, the rest reserved.
            let frame = Some(frame).filter(|_| *head == [0x30, 0])?;
            (Layer::EtherIp, 0, link::ethernet(frame, way).ok()?)
        }
        protocol::MPLS => (Layer::Mpls, 0, mpls(ethertype::MPLS, span, way).ok()?),
        _ => return None,
    };
    Some((Tunnel::new(kind, id, &packet.src, &packet.dst), ip))
}

/// What a tunnel leads to: its kind, its number, the IP packet.
pub(crate) type Inside<'a> = (Layer, u32, Span<'a>);

fn gre<'a>(span: Span<'a>, way: &mut Way) -> Option<Inside<'a>> {
    const CHECKSUM: u16 = 0x8000;
    const ROUTING: u16 = 0x4000;
    const KEY: u16 = 0x2000;
    const SEQUENCE: u16 = 0x1000;
    const ACKNOWLEDGES: u16 = 0x0080;
    let (head, mut rest) = span.split::<4>()?;
    let flags = u16::from_be_bytes([head[0], head[1]]);
    let kind = u16::from_be_bytes([head[2], head[3]]);
    let version = flags & 7;
    // Source routing (RFC 1701) has a variable length that nobody sends any more.
    if flags & ROUTING != 0 || version > 1 {
        return None;
    }
    way.pass(Layer::Gre);
    if flags & CHECKSUM != 0 {
        rest = rest.after(4)?;
    }
    let mut key = 0;
    if flags & KEY != 0 {
        let (field, after) = rest.split::<4>()?;
        // In version 1 (PPTP) it is a length and the receiver's call id, which is another in each direction.
        key = if version == 0 { u32::from_be_bytes(*field) } else { 0 };
        rest = after;
    }
    for bit in [SEQUENCE, if version == 1 { ACKNOWLEDGES } else { 0 }] {
        if flags & bit != 0 {
            rest = rest.after(4)?;
        }
    }
    match kind {
        gre_type::ERSPAN | gre_type::ERSPAN_III => erspan(kind, flags & SEQUENCE != 0, rest, way),
        gre_type::WCCP => {
            // Version 2 has a redirect header of its own.
            let is_bare = rest.data.first().is_some_and(|first| first >> 4 == 4);
            Some((Layer::Gre, key, rest.after(if is_bare { 0 } else { 4 })?))
        }
        ethertype::TRANSPARENT_ETHERNET => Some((Layer::Gre, bridge_id(key), link::ethernet(rest, way).ok()?)),
        kind => Some((Layer::Gre, key, link::by_ethertype(kind, rest, way).ok()?)),
    }
}

/// NVGRE splits the key into a subnet id, from 0x1000 on, and a flow id, which may differ between directions.
fn bridge_id(key: u32) -> u32 {
    match key >> 8 {
        subnet if subnet >= 0x1000 => subnet,
        _ => key,
    }
}

/// Type I has no header, type II eight bytes, type III twelve and perhaps a platform header of eight.
fn erspan<'a>(kind: u16, has_sequence: bool, span: Span<'a>, way: &mut Way) -> Option<Inside<'a>> {
    const PLATFORM: u8 = 1;
    const IP_FRAME: u8 = 2;
    way.pass(Layer::Erspan);
    if kind == gre_type::ERSPAN && !has_sequence {
        return Some((Layer::Erspan, 0, link::ethernet(span, way).ok()?));
    }
    let (head, rest) = span.split::<8>()?;
    let session = u32::from(u16::from_be_bytes([head[2] & 3, head[3]]));
    if kind == gre_type::ERSPAN {
        return Some((Layer::Erspan, session, link::ethernet(rest, way).ok()?));
    }
    let (tail, mut rest) = rest.split::<4>()?;
    if tail[3] & PLATFORM != 0 {
        rest = rest.after(8)?;
    }
    let ip = match tail[2] >> 2 & 0x1f {
        0 => link::ethernet(rest, way).ok()?,
        IP_FRAME => rest,
        _ => return None,
    };
    Some((Layer::Erspan, session, ip))
}
