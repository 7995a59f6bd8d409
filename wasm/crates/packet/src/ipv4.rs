//! IPv4 (RFC 791), with authentication headers (RFC 4302) stepped over as in IPv6.

use crate::ip::{mapped, IpLayer, Refusal, Span};
use crate::ipv6::after_extensions;
use columns::Diagnostic;

const HEADER_LEN: usize = 20;
const DONT_FRAGMENT: u16 = 0x4000;
const MORE_FRAGMENTS: u16 = 0x2000;
const AUTHENTICATION: u8 = 51;

/// The IPv4 layer at the start of `span`, whose version nibble is 4.
#[inline(always)]
pub(crate) fn layer(span: Span<'_>) -> Result<IpLayer<'_>, Refusal> {
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
    let fragment_offset = (packed & 0x1fff) << 3;
    let more_fragments = packed & MORE_FRAGMENTS != 0;
    let packet = span.limit(ip_len);
    let (payload, is_cut) = match packet.after(header_len) {
        Some(payload) => (payload, false),
        None => (Span { data: &[], wire: packet.wire.saturating_sub(header_len as u32) }, true),
    };
    let mut layer = IpLayer {
        version: 4,
        src: mapped([header[12], header[13], header[14], header[15]]),
        dst: mapped([header[16], header[17], header[18], header[19]]),
        protocol: header[9],
        ip_len,
        traffic_class: header[1],
        ttl: header[8],
        id: Some(u32::from(u16::from_be_bytes([header[4], header[5]]))),
        dont_fragment: Some(packed & DONT_FRAGMENT != 0),
        more_fragments,
        fragment_offset,
        is_fragment: more_fragments || fragment_offset != 0,
        payload,
        is_cut,
    };
    if layer.protocol == AUTHENTICATION && fragment_offset == 0 && !is_cut {
        after_extensions(&mut layer, |protocol| protocol == AUTHENTICATION);
    }
    Ok(layer)
}
