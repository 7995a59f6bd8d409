//! PPP and what carries it, HDLC framing and frame relay.

use crate::ip::Span;
use crate::link::{by_ethertype, ethernet, ethertype, llc, not_ip, Found, CUT, MIN_ETHERTYPE};
use crate::mpls::mpls;
use crate::way::{Layer, Way};

/// PPP protocol numbers (IANA "PPP DLL Protocol Numbers").
mod protocol {
    pub const IPV4: u16 = 0x0021;
    pub const BRIDGED: u16 = 0x0031;
    pub const IPV6: u16 = 0x0057;
    pub const MPLS: u16 = 0x0281;
    pub const MPLS_MULTICAST: u16 = 0x0283;
}

/// Network layer protocol identifiers (ISO/IEC TR 9577) of frame relay and ATM.
mod nlpid {
    pub const SNAP: u8 = 0x80;
    pub const IPV6: u8 = 0x8e;
    pub const IPV4: u8 = 0xcc;
    pub const PPP: u8 = 0xcf;
}
const UNNUMBERED: u8 = 0x03;

/// PPPoE session stage (RFC 2516).
pub(crate) fn pppoe<'a>(span: Span<'a>, way: &mut Way) -> Found<'a> {
    let (head, rest) = span.split::<6>().ok_or(CUT)?;
    way.pass(Layer::Pppoe);
    match head[1] {
        0 => ppp(rest.limit(u32::from(u16::from_be_bytes([head[4], head[5]]))), way),
        _ => not_ip(ethertype::PPPOE_SESSION),
    }
}

/// PPP (RFC 1661), with or without HDLC framing and protocol field compression; Cisco's framing (RFC 1547 4.3.1)
/// tells itself by its address byte.
pub(crate) fn ppp<'a>(span: Span<'a>, way: &mut Way) -> Found<'a> {
    let (address, span) = match span.split::<2>() {
        Some(([address @ (0xff | 0x0f | 0x8f), 0x03 | 0x00], rest)) => (*address, rest),
        _ => (0xff, span),
    };
    let (first, rest) = span.split::<1>().ok_or(CUT)?;
    let (protocol, rest) = if first[0] & 1 != 0 {
        (u16::from(first[0]), rest)
    } else {
        let (second, rest) = rest.split::<1>().ok_or(CUT)?;
        (u16::from_be_bytes([first[0], second[0]]), rest)
    };
    if address != 0xff && protocol >= MIN_ETHERTYPE {
        way.pass(Layer::Hdlc);
        return by_ethertype(protocol, rest, way);
    }
    way.pass(Layer::Ppp);
    match protocol {
        protocol::IPV4 | protocol::IPV6 => Ok(rest),
        protocol::MPLS | protocol::MPLS_MULTICAST => mpls(protocol, rest, way),
        protocol::BRIDGED => match rest.split::<2>().ok_or(CUT)? {
            // RFC 3518 4.3: flags, then the type of the bridged frame; 1 is Ethernet.
            ([_, 1], frame) => ethernet(frame, way),
            _ => not_ip(protocol),
        },
        protocol => not_ip(protocol),
    }
}

/// Cisco HDLC: address, control, EtherType.
pub(crate) fn hdlc<'a>(span: Span<'a>, way: &mut Way) -> Found<'a> {
    let (head, rest) = span.split::<4>().ok_or(CUT)?;
    way.pass(Layer::Hdlc);
    by_ethertype(u16::from_be_bytes([head[2], head[3]]), rest, way)
}

/// Frame relay: a Q.922 address of two to four bytes, then RFC 2427 or Cisco's bare EtherType.
pub(crate) fn frame_relay<'a>(span: Span<'a>, way: &mut Way) -> Found<'a> {
    let address_len = span.data.iter().take(4).position(|byte| byte & 1 != 0);
    let Some(rest) = address_len.and_then(|last| span.after(last + 1)) else {
        return if span.data.len() < 4 { Err(CUT) } else { not_ip(0) };
    };
    way.pass(Layer::FrameRelay);
    let (first, after_control) = rest.split::<1>().ok_or(CUT)?;
    if first[0] != UNNUMBERED {
        let (kind, rest) = rest.split::<2>().ok_or(CUT)?;
        return by_ethertype(u16::from_be_bytes(*kind), rest, way);
    }
    by_nlpid(after_control, way)
}

/// What an NLPID names; a pad byte of 0 may come before it.
pub(crate) fn by_nlpid<'a>(span: Span<'a>, way: &mut Way) -> Found<'a> {
    let (first, rest) = span.split::<1>().ok_or(CUT)?;
    let ([kind], rest) = if first[0] == 0 { rest.split::<1>().ok_or(CUT)? } else { (first, rest) };
    match *kind {
        nlpid::IPV4 | nlpid::IPV6 => Ok(rest),
        nlpid::PPP => ppp(rest, way),
        nlpid::SNAP => llc::snap(rest, way),
        kind => not_ip(u16::from(kind)),
    }
}
