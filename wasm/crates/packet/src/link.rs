//! Link layers: from a frame to the IP packet in it, by LINKTYPE and EtherType.

use crate::ip::{Refusal, Span};
use columns::Diagnostic;

/// The IP packet of a frame; the innermost VLAN tag on the way to it is left in `vlan_id`.
type Found<'a> = Result<Span<'a>, Refusal>;

/// LINKTYPE numbers that are decoded.
mod link_type {
    pub const NULL: u32 = 0;
    pub const ETHERNET: u32 = 1;
    pub const PPP: u32 = 9;
    pub const RAW_ON_BSD: u32 = 12;
    pub const RAW_ON_OPENBSD: u32 = 14;
    pub const PPP_HDLC: u32 = 50;
    pub const PPP_ETHER: u32 = 51;
    pub const RAW: u32 = 101;
    pub const C_HDLC: u32 = 104;
    pub const LOOP: u32 = 108;
    pub const LINUX_SLL: u32 = 113;
    pub const IPV4: u32 = 228;
    pub const IPV6: u32 = 229;
    pub const LINUX_SLL2: u32 = 276;
}

pub(crate) mod ethertype {
    pub const IPV4: u16 = 0x0800;
    pub const VLAN: u16 = 0x8100;
    pub const TRANSPARENT_ETHERNET: u16 = 0x6558;
    pub const IPV6: u16 = 0x86dd;
    pub const MPLS: u16 = 0x8847;
    pub const MPLS_MULTICAST: u16 = 0x8848;
    pub const PPPOE_SESSION: u16 = 0x8864;
    pub const PPP: u16 = 0x880b;
    pub const PROVIDER_VLAN: u16 = 0x88a8;
    pub const OLD_QINQ: u16 = 0x9100;
}

/// Smallest EtherType; below it the field is the length of an 802.3 frame.
const MIN_ETHERTYPE: u16 = 0x0600;
const ARPHRD_NETLINK: u16 = 824;

const CUT: Refusal = (Diagnostic::HeaderCut, 0);

fn not_ip<'a>(kind: u16) -> Found<'a> {
    Err((Diagnostic::NotIp, u64::from(kind)))
}

/// Finds the IP packet of a frame of this link type.
#[inline(always)]
pub(crate) fn link<'a>(kind: u32, frame: Span<'a>, vlan_id: &mut Option<u16>) -> Found<'a> {
    if kind == link_type::ETHERNET {
        return ethernet(frame, vlan_id);
    }
    other_link(kind, frame, vlan_id)
}

#[inline(never)]
fn other_link<'a>(kind: u32, frame: Span<'a>, vlan_id: &mut Option<u16>) -> Found<'a> {
    match kind {
        link_type::LINUX_SLL => {
            let (head, rest) = frame.split::<16>().ok_or(CUT)?;
            cooked(u16::from_be_bytes([head[2], head[3]]), u16::from_be_bytes([head[14], head[15]]), rest, vlan_id)
        }
        link_type::LINUX_SLL2 => {
            let (head, rest) = frame.split::<20>().ok_or(CUT)?;
            cooked(u16::from_be_bytes([head[8], head[9]]), u16::from_be_bytes([head[0], head[1]]), rest, vlan_id)
        }
        link_type::RAW | link_type::RAW_ON_BSD | link_type::RAW_ON_OPENBSD | link_type::IPV4 | link_type::IPV6 => {
            Ok(frame)
        }
        link_type::NULL | link_type::LOOP => {
            let (head, rest) = frame.split::<4>().ok_or(CUT)?;
            // NULL is in the writer's byte order, LOOP in network order; address families are small numbers.
            let family = u32::from_be_bytes(*head);
            let family = if family > 0xffff { family.swap_bytes() } else { family };
            match family {
                2 | 24 | 28 | 30 => Ok(rest),
                _ => not_ip(u16::try_from(family).unwrap_or(0)),
            }
        }
        link_type::PPP | link_type::PPP_HDLC => ppp(frame),
        link_type::PPP_ETHER => pppoe(frame),
        link_type::C_HDLC => {
            let (head, rest) = frame.split::<4>().ok_or(CUT)?;
            by_ethertype(u16::from_be_bytes([head[2], head[3]]), rest, vlan_id)
        }
        _ => Err((Diagnostic::UnknownLinkType, u64::from(kind))),
    }
}

fn cooked<'a>(hardware: u16, protocol: u16, rest: Span<'a>, vlan_id: &mut Option<u16>) -> Found<'a> {
    match protocol {
        // A netlink message has a netlink family there.
        _ if hardware == ARPHRD_NETLINK => not_ip(protocol),
        0x0004 => llc(rest, vlan_id),
        protocol => by_ethertype(protocol, rest, vlan_id),
    }
}

/// Ethernet II, or 802.3 with LLC.
#[inline(always)]
pub(crate) fn ethernet<'a>(frame: Span<'a>, vlan_id: &mut Option<u16>) -> Found<'a> {
    let (head, rest) = frame.split::<14>().ok_or(CUT)?;
    match u16::from_be_bytes([head[12], head[13]]) {
        ethertype::IPV4 | ethertype::IPV6 => Ok(rest),
        kind if kind < MIN_ETHERTYPE => llc(rest, vlan_id),
        kind => by_ethertype(kind, rest, vlan_id),
    }
}

/// Follows tags, labels and sessions to IP. Each step takes at least two bytes, so it ends.
#[inline(never)]
pub(crate) fn by_ethertype<'a>(mut kind: u16, mut rest: Span<'a>, vlan_id: &mut Option<u16>) -> Found<'a> {
    loop {
        match kind {
            ethertype::IPV4 | ethertype::IPV6 => return Ok(rest),
            ethertype::VLAN | ethertype::PROVIDER_VLAN | ethertype::OLD_QINQ => {
                let (tag, inner) = rest.split::<4>().ok_or(CUT)?;
                *vlan_id = Some(u16::from_be_bytes([tag[0] & 0x0f, tag[1]]));
                kind = u16::from_be_bytes([tag[2], tag[3]]);
                rest = inner;
                if kind < MIN_ETHERTYPE {
                    return llc(rest, vlan_id);
                }
            }
            ethertype::PPPOE_SESSION => return pppoe(rest),
            ethertype::PPP => return ppp(rest),
            ethertype::MPLS | ethertype::MPLS_MULTICAST => return mpls(kind, rest),
            kind => return not_ip(kind),
        }
    }
}

/// IEEE 802.2: SNAP with an EtherType, or IP by its own service access point.
fn llc<'a>(span: Span<'a>, vlan_id: &mut Option<u16>) -> Found<'a> {
    let (head, rest) = span.split::<3>().ok_or(CUT)?;
    match head {
        [0xaa, 0xaa, 0x03] => {
            let (snap, rest) = rest.split::<5>().ok_or(CUT)?;
            match snap {
                // RFC 1042, and 802.1H bridge tunnels.
                [0, 0, 0 | 0xf8, high, low] => by_ethertype(u16::from_be_bytes([*high, *low]), rest, vlan_id),
                [_, _, _, high, low] => not_ip(u16::from_be_bytes([*high, *low])),
            }
        }
        [0x06, 0x06, 0x03] => Ok(rest),
        [dsap, _, _] => not_ip(u16::from(*dsap)),
    }
}

fn pppoe(span: Span<'_>) -> Found<'_> {
    let (head, rest) = span.split::<6>().ok_or(CUT)?;
    match head[1] {
        0 => ppp(rest.limit(u32::from(u16::from_be_bytes([head[4], head[5]])))),
        _ => not_ip(ethertype::PPPOE_SESSION),
    }
}

/// PPP (RFC 1661), with or without HDLC framing and protocol field compression.
pub(crate) fn ppp(span: Span<'_>) -> Found<'_> {
    let span = match span.split::<2>() {
        Some(([0xff | 0x0f | 0x8f, 0x03 | 0x00], rest)) => rest,
        _ => span,
    };
    let (first, rest) = span.split::<1>().ok_or(CUT)?;
    let (protocol, rest) = if first[0] & 1 != 0 {
        (u16::from(first[0]), rest)
    } else {
        let (second, rest) = rest.split::<1>().ok_or(CUT)?;
        (u16::from_be_bytes([first[0], second[0]]), rest)
    };
    match protocol {
        0x0021 | 0x0057 => Ok(rest),
        0x0281 | 0x0283 => mpls(protocol, rest),
        protocol => not_ip(protocol),
    }
}

/// Labels to the bottom of the stack (RFC 3032); what follows says its IP version itself.
fn mpls(kind: u16, mut rest: Span<'_>) -> Found<'_> {
    loop {
        let (label, inner) = rest.split::<4>().ok_or(CUT)?;
        rest = inner;
        if label[2] & 1 != 0 {
            break;
        }
    }
    match rest.data.first().map(|first| first >> 4) {
        Some(4 | 6) => Ok(rest),
        Some(_) => not_ip(kind),
        None => Err(CUT),
    }
}
