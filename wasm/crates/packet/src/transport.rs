//! Ports, TCP and ICMP facts, and the transport payload of an IP layer.

use crate::ip::{IpLayer, Span};
use crate::row::{Icmp, Tcp};
use crate::tcp;

/// IANA protocol numbers that have something to read here.
mod protocol {
    pub const ICMP: u8 = 1;
    pub const TCP: u8 = 6;
    pub(crate) const UDP: u8 = 17;
    pub const DCCP: u8 = 33;
    pub const ICMPV6: u8 = 58;
    pub const SCTP: u8 = 132;
    pub const UDP_LITE: u8 = 136;
}

pub(crate) use protocol::UDP;

/// The transport part of a row.
pub(crate) struct Transport<'a> {
    pub ports: Option<(u16, u16)>,
    pub tcp: Option<Tcp>,
    pub icmp: Option<Icmp>,
    /// `wire` is the payload's length by the IP length, `data` what was captured of it.
    pub payload: Span<'a>,
    /// The header is cut, or contradicts the IP length.
    pub is_cut: bool,
}

/// Reads the transport header behind `layer`.
#[inline(always)]
pub(crate) fn read<'a>(layer: &IpLayer<'a>) -> Transport<'a> {
    let span = layer.payload;
    let whole = Transport { ports: None, tcp: None, icmp: None, payload: span, is_cut: layer.is_cut };
    if layer.is_cut || layer.fragment_offset != 0 {
        return whole;
    }
    match layer.protocol {
        protocol::UDP => udp(span, layer.is_fragment),
        protocol::TCP => tcp_segment(span),
        protocol::ICMP | protocol::ICMPV6 => icmp(span),
        protocol::SCTP => with_header(span, 12),
        protocol::UDP_LITE => with_header(span, 8),
        protocol::DCCP => with_header(span, span.data.get(4).map_or(12, |words| usize::from(*words) * 4).max(12)),
        _ => whole,
    }
}

#[inline(always)]
fn ports(data: &[u8]) -> Option<(u16, u16)> {
    data.first_chunk::<4>().map(|head| (u16::from_be_bytes([head[0], head[1]]), u16::from_be_bytes([head[2], head[3]])))
}

/// What follows a header of `len` bytes, captured or not.
#[inline(always)]
fn payload_after(span: Span<'_>, len: usize) -> Span<'_> {
    Span { data: span.data.get(len..).unwrap_or_default(), wire: span.wire.saturating_sub(len as u32) }
}

#[inline(always)]
fn with_header(span: Span<'_>, header_len: usize) -> Transport<'_> {
    Transport {
        ports: ports(span.data),
        tcp: None,
        icmp: None,
        payload: payload_after(span, header_len),
        is_cut: span.data.len() < header_len,
    }
}

#[inline(always)]
fn udp(span: Span<'_>, is_fragment: bool) -> Transport<'_> {
    let mut transport = with_header(span, 8);
    if let (Some(header), false) = (span.data.first_chunk::<8>(), is_fragment) {
        // Shorter than the IP length says: the rest is options (RFC 9868) or padding. 0 = larger than 65535.
        let stated = u32::from(u16::from_be_bytes([header[4], header[5]]));
        if stated >= 8 {
            transport.payload = transport.payload.limit(stated - 8);
        } else if stated != 0 {
            transport.is_cut = true;
        }
    }
    transport
}

#[inline(always)]
fn tcp_segment(span: Span<'_>) -> Transport<'_> {
    let Some(header) = span.data.first_chunk::<{ tcp::HEADER_LEN }>() else {
        let header_len = span.data.get(12).map_or(0, |byte| tcp::header_len(*byte)).max(tcp::HEADER_LEN);
        return with_header(span, header_len);
    };
    let header_len = tcp::header_len(header[12]);
    let mut facts = tcp::fixed(header);
    let is_sound = header_len >= tcp::HEADER_LEN && header_len <= span.wire as usize;
    if header_len > tcp::HEADER_LEN {
        let end = header_len.min(span.data.len());
        tcp::read_options(&mut facts, span.data.get(tcp::HEADER_LEN..end).unwrap_or_default());
    }
    let payload = if is_sound { payload_after(span, header_len) } else { Span { data: &[], wire: 0 } };
    Transport { ports: ports(header), tcp: Some(facts), icmp: None, payload, is_cut: !is_sound }
}

#[inline(always)]
fn icmp(span: Span<'_>) -> Transport<'_> {
    let icmp = span.data.first_chunk::<8>().map(|head| Icmp {
        kind: head[0],
        code: head[1],
        rest: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
    });
    Transport { ports: None, tcp: None, icmp, payload: payload_after(span, 8), is_cut: icmp.is_none() }
}
