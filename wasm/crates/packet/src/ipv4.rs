//! IPv4 (RFC 791), with authentication headers (RFC 4302) stepped over as in IPv6.

use crate::ip::{mapped, Payload, Refusal, Span};
use crate::ipv6::after_extensions;
use crate::row::Packet;
use columns::Diagnostic;

const HEADER_LEN: usize = 20;
const DONT_FRAGMENT: u16 = 0x4000;
const MORE_FRAGMENTS: u16 = 0x2000;
const OFFSET: u16 = 0x1fff;
const AUTHENTICATION: u8 = 51;

/// The IPv4 header at the start of `span`, whose version nibble is 4.
#[inline(always)]
pub(crate) fn read<'a>(span: Span<'a>, packet: &mut Packet) -> Result<Payload<'a>, Refusal> {
    let Some(header) = span.data.first_chunk::<HEADER_LEN>() else {
        return Err((Diagnostic::HeaderCut, 0));
    };
    let header_len = usize::from(header[0] & 15) * 4;
    let total_len = u32::from(u16::from_be_bytes([header[2], header[3]]));
    // 0: the stack left segmentation to the network card, and the frame is the packet.
    let ip_len = if total_len == 0 { span.wire } else { total_len };
    if header_len < HEADER_LEN || (ip_len as usize) < header_len {
        return Err((Diagnostic::BadIpHeader, 4));
    }
    let packed = u16::from_be_bytes([header[6], header[7]]);
    packet.ip_version = 4;
    packet.src = mapped([header[12], header[13], header[14], header[15]]);
    packet.dst = mapped([header[16], header[17], header[18], header[19]]);
    packet.protocol = header[9];
    packet.ip_len_bytes = ip_len;
    packet.dscp = header[1] >> 2;
    packet.ecn = header[1] & 3;
    packet.ttl = header[8];
    packet.ip_id = Some(u32::from(u16::from_be_bytes([header[4], header[5]])));
    packet.dont_fragment = Some(packed & DONT_FRAGMENT != 0);
    packet.more_fragments = packed & MORE_FRAGMENTS != 0;
    packet.fragment_offset_bytes = (packed & OFFSET) << 3;
    packet.is_fragment = packed & (MORE_FRAGMENTS | OFFSET) != 0;
    let whole = span.limit(ip_len);
    let Some(rest) = whole.after(header_len) else {
        let wire = whole.wire.saturating_sub(header_len as u32);
        return Ok(Payload { span: Span { data: &[], wire }, is_cut: true });
    };
    if header[9] == AUTHENTICATION && packed & OFFSET == 0 {
        return Ok(after_extensions(packet, rest, |protocol| protocol == AUTHENTICATION));
    }
    Ok(Payload { span: rest, is_cut: false })
}
