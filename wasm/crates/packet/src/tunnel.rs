//! Tunnels that IP carries by protocol number: IP in IP (RFC 2003, 2473, 4213) and GRE (RFC 2784, 2890, 2637).

use crate::ip::{Payload, Span};
use crate::link::{self, ethertype};
use crate::row::Packet;

mod protocol {
    pub const IPV4: u8 = 4;
    pub const IPV6: u8 = 41;
    pub const GRE: u8 = 47;
}

/// Digits of `layer_path`, one per tunnel, outermost first. 0 is "no tunnel" and never a digit.
mod path {
    pub const IP_IN_IP: u32 = 1;
    pub const GRE: u32 = 2;
}
const PATH_RADIX: u32 = 16;

/// The path to a layer inside one more tunnel. Eight digits fit; the decoder follows no more tunnels than that.
pub(crate) fn deeper(layer_path: u32, digit: u32) -> u32 {
    layer_path.wrapping_mul(PATH_RADIX).wrapping_add(digit)
}

/// Is there a tunnel header behind the packet's IP header?
#[inline(always)]
pub(crate) fn is_tunnel(packet: &Packet, payload: &Payload<'_>) -> bool {
    matches!(packet.protocol, protocol::IPV4 | protocol::IPV6 | protocol::GRE)
        && packet.fragment_offset_bytes == 0
        && !payload.is_cut
}

/// The IP packet in the tunnel and its path digit; a VLAN tag inside replaces `vlan_id`. None: the tunnel carries something else, or its header is cut.
pub(crate) fn inside<'a>(packet: &Packet, payload: &Payload<'a>, vlan_id: &mut Option<u16>) -> Option<(u32, Span<'a>)> {
    match packet.protocol {
        protocol::IPV4 | protocol::IPV6 => Some((path::IP_IN_IP, payload.span)),
        protocol::GRE => Some((path::GRE, gre(payload.span, vlan_id)?)),
        _ => None,
    }
}

fn gre<'a>(span: Span<'a>, vlan_id: &mut Option<u16>) -> Option<Span<'a>> {
    let (head, mut rest) = span.split::<4>()?;
    let flags = u16::from_be_bytes([head[0], head[1]]);
    let kind = u16::from_be_bytes([head[2], head[3]]);
    let version = flags & 7;
    // Source routing (RFC 1701) has a variable length that nobody sends any more.
    if flags & 0x4000 != 0 || version > 1 {
        return None;
    }
    // Checksum, key, sequence number; version 1 (PPTP) also acknowledges.
    for bit in [0x8000, 0x2000, 0x1000] {
        if flags & bit != 0 {
            rest = rest.after(4)?;
        }
    }
    if version == 1 && flags & 0x0080 != 0 {
        rest = rest.after(4)?;
    }
    if kind == ethertype::TRANSPARENT_ETHERNET {
        link::ethernet(rest, vlan_id).ok()
    } else {
        link::by_ethertype(kind, rest, vlan_id).ok()
    }
}
