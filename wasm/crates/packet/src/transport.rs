//! Ports, TCP and ICMP facts, and the transport payload of an IP layer.

use crate::ip::{Payload, Span};
use crate::row::{Icmp, Packet};
use crate::tcp;

/// IANA protocol numbers that have something to read here.
mod protocol {
    pub const ICMP: u8 = 1;
    pub(crate) const TCP: u8 = 6;
    pub(crate) const UDP: u8 = 17;
    pub const DCCP: u8 = 33;
    pub const ICMPV6: u8 = 58;
    pub const SCTP: u8 = 132;
    pub const UDP_LITE: u8 = 136;
}

pub(crate) use protocol::{TCP, UDP};

/// What is behind the transport header.
pub(crate) struct Transport<'a> {
    /// `wire` is the payload's length by the IP length, `data` what was captured of it.
    pub payload: Span<'a>,
    /// The header is cut, or contradicts the IP length.
    pub is_cut: bool,
}

/// Reads the transport header of a packet whose internet fields are set into `ports`, `tcp` and `icmp`.
#[inline(always)]
pub(crate) fn read<'a>(Payload { span, is_cut }: Payload<'a>, packet: &mut Packet) -> Transport<'a> {
    packet.ports = None;
    packet.tcp = None;
    packet.icmp = None;
    if is_cut || packet.fragment_offset_bytes != 0 {
        return Transport { payload: span, is_cut };
    }
    match packet.protocol {
        protocol::UDP => udp(span, packet),
        protocol::TCP => tcp_segment(span, packet),
        protocol::ICMP | protocol::ICMPV6 => icmp(span, packet),
        protocol::SCTP => with_header(span, 12, packet),
        protocol::UDP_LITE => with_header(span, 8, packet),
        protocol::DCCP => {
            let header_len = span.data.get(4).map_or(0, |words| usize::from(*words) * 4);
            with_header(span, header_len.max(12), packet)
        }
        _ => Transport { payload: span, is_cut: false },
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
fn with_header<'a>(span: Span<'a>, header_len: usize, packet: &mut Packet) -> Transport<'a> {
    packet.ports = ports(span.data);
    Transport { payload: payload_after(span, header_len), is_cut: span.data.len() < header_len }
}

#[inline(always)]
fn udp<'a>(span: Span<'a>, packet: &mut Packet) -> Transport<'a> {
    let mut transport = with_header(span, 8, packet);
    if let (Some(header), false) = (span.data.first_chunk::<8>(), packet.is_fragment) {
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
fn tcp_segment<'a>(span: Span<'a>, packet: &mut Packet) -> Transport<'a> {
    let Some(header) = span.data.first_chunk::<{ tcp::HEADER_LEN }>() else {
        let header_len = span.data.get(12).map_or(0, |byte| tcp::header_len(*byte)).max(tcp::HEADER_LEN);
        return with_header(span, header_len, packet);
    };
    let header_len = tcp::header_len(header[12]);
    packet.ports = ports(header);
    let facts = packet.tcp.insert(tcp::fixed(header));
    if header_len > tcp::HEADER_LEN {
        let end = header_len.min(span.data.len());
        tcp::read_options(facts, span.data.get(tcp::HEADER_LEN..end).unwrap_or_default());
    }
    if header_len < tcp::HEADER_LEN || header_len > span.wire as usize {
        return Transport { payload: Span { data: &[], wire: 0 }, is_cut: true };
    }
    Transport { payload: payload_after(span, header_len), is_cut: false }
}

#[inline(always)]
fn icmp<'a>(span: Span<'a>, packet: &mut Packet) -> Transport<'a> {
    packet.icmp = span.data.first_chunk::<8>().map(|head| Icmp {
        kind: head[0],
        code: head[1],
        rest: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
    });
    Transport { payload: payload_after(span, 8), is_cut: packet.icmp.is_none() }
}
