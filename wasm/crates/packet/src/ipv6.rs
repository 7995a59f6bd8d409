//! IPv6 (RFC 8200) with its extension headers, jumbograms (RFC 2675) and segmentation offload.

use crate::ip::{Payload, Refusal, Span};
use crate::row::Packet;
use columns::Diagnostic;

const HEADER_LEN: usize = 40;
const JUMBO_PAYLOAD: u8 = 0xc2;

/// IANA "IPv6 Extension Header Types", without ESP, behind which nothing can be read.
mod extension {
    pub const HOP_BY_HOP: u8 = 0;
    pub const ROUTING: u8 = 43;
    pub const FRAGMENT: u8 = 44;
    pub const AUTHENTICATION: u8 = 51;
    pub const DESTINATION_OPTIONS: u8 = 60;
    pub const MOBILITY: u8 = 135;
    pub const HIP: u8 = 139;
    pub const SHIM6: u8 = 140;
}
const NO_NEXT_HEADER: u8 = 59;

fn is_extension(protocol: u8) -> bool {
    use extension::*;
    matches!(protocol, HOP_BY_HOP | ROUTING | FRAGMENT | AUTHENTICATION | DESTINATION_OPTIONS | MOBILITY | HIP | SHIM6)
}

/// The IPv6 header at the start of `span`, whose version nibble is 6.
#[inline(always)]
pub(crate) fn read<'a>(span: Span<'a>, packet: &mut Packet) -> Result<Payload<'a>, Refusal> {
    let Some((header, rest)) = span.split::<HEADER_LEN>() else {
        return Err((Diagnostic::HeaderCut, 0));
    };
    let payload_len = u32::from(u16::from_be_bytes([header[4], header[5]]));
    let protocol = header[6];
    let ip_len = if payload_len != 0 {
        payload_len + HEADER_LEN as u32
    } else if let Some(jumbo_len) = jumbo_len(protocol, rest.data) {
        jumbo_len.saturating_add(HEADER_LEN as u32)
    } else if protocol == 6 || protocol == 17 {
        // Segmentation offload, as in IPv4: the frame is the packet.
        span.wire
    } else {
        HEADER_LEN as u32
    };
    let (_, addresses) = header.split_at(8);
    let (src, dst) = addresses.split_at(16);
    packet.ip_version = 6;
    packet.src = src.first_chunk().copied().unwrap_or_default();
    packet.dst = dst.first_chunk().copied().unwrap_or_default();
    packet.protocol = protocol;
    packet.ip_len_bytes = ip_len;
    packet.dscp = ((header[0] & 15) << 2) | (header[1] >> 6);
    packet.ecn = (header[1] >> 4) & 3;
    packet.ttl = header[7];
    packet.ip_id = None;
    packet.dont_fragment = None;
    packet.more_fragments = false;
    packet.fragment_offset_bytes = 0;
    packet.is_fragment = false;
    let span = rest.limit(ip_len.saturating_sub(HEADER_LEN as u32));
    if is_extension(protocol) {
        return Ok(after_extensions(packet, span, is_extension));
    }
    Ok(Payload { span, is_cut: false })
}

/// The jumbo payload option of a hop-by-hop header.
fn jumbo_len(protocol: u8, data: &[u8]) -> Option<u32> {
    if protocol != extension::HOP_BY_HOP {
        return None;
    }
    let (head, rest) = data.split_first_chunk::<2>()?;
    let mut options = rest.get(..usize::from(head[1]) * 8 + 6)?;
    while let Some((&kind, rest)) = options.split_first() {
        if kind == 0 {
            options = rest;
            continue;
        }
        let (&len, value) = rest.split_first()?;
        if kind == JUMBO_PAYLOAD && len == 4 {
            return value.first_chunk().map(|len| u32::from_be_bytes(*len));
        }
        options = value.get(usize::from(len)..)?;
    }
    None
}

/// Steps over extension headers: the packet's protocol and fragment facts become those behind them.
#[inline(never)]
pub(crate) fn after_extensions<'a>(
    packet: &mut Packet,
    mut span: Span<'a>,
    is_extension: impl Fn(u8) -> bool,
) -> Payload<'a> {
    while is_extension(packet.protocol) {
        let Some((head, _)) = span.split::<8>() else {
            return Payload { span, is_cut: true };
        };
        let next = head[0];
        let len = match packet.protocol {
            extension::FRAGMENT => 8,
            extension::AUTHENTICATION => (usize::from(head[1]) + 2) * 4,
            _ => (usize::from(head[1]) + 1) * 8,
        };
        let is_message = matches!(packet.protocol, extension::MOBILITY | extension::HIP | extension::SHIM6);
        if is_message && next == NO_NEXT_HEADER {
            // The header is the message itself, not a prefix of something else.
            break;
        }
        if packet.protocol == extension::FRAGMENT {
            let packed = u16::from_be_bytes([head[2], head[3]]);
            packet.fragment_offset_bytes = packed & 0xfff8;
            packet.more_fragments = packed & 1 != 0;
            packet.is_fragment = packed & 0xfff9 != 0;
            packet.ip_id = Some(u32::from_be_bytes([head[4], head[5], head[6], head[7]]));
        }
        let Some(rest) = span.after(len) else {
            return Payload { span, is_cut: true };
        };
        span = rest;
        packet.protocol = next;
        if packet.fragment_offset_bytes != 0 {
            break;
        }
    }
    Payload { span, is_cut: false }
}
