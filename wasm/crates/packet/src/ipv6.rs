//! IPv6 (RFC 8200) with its extension headers, jumbograms (RFC 2675) and segmentation offload.

use crate::ip::{IpLayer, Refusal, Span};
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

/// The IPv6 layer at the start of `span`, whose version nibble is 6.
#[inline]
pub(crate) fn layer(span: Span<'_>) -> Result<IpLayer<'_>, Refusal> {
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
    let mut layer = IpLayer {
        version: 6,
        src: src.first_chunk().copied().unwrap_or_default(),
        dst: dst.first_chunk().copied().unwrap_or_default(),
        protocol,
        ip_len,
        traffic_class: (header[0] << 4) | (header[1] >> 4),
        ttl: header[7],
        id: None,
        dont_fragment: None,
        more_fragments: false,
        fragment_offset: 0,
        is_fragment: false,
        payload: rest.limit(ip_len.saturating_sub(HEADER_LEN as u32)),
        is_cut: false,
    };
    if is_extension(protocol) {
        after_extensions(&mut layer, is_extension);
    }
    Ok(layer)
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

/// Steps over extension headers: protocol, payload and the fragment facts become those behind them.
#[inline(never)]
pub(crate) fn after_extensions(layer: &mut IpLayer<'_>, is_extension: impl Fn(u8) -> bool) {
    while is_extension(layer.protocol) {
        let Some((head, _)) = layer.payload.split::<8>() else {
            layer.is_cut = true;
            return;
        };
        let next = head[0];
        let len = match layer.protocol {
            extension::FRAGMENT => 8,
            extension::AUTHENTICATION => (usize::from(head[1]) + 2) * 4,
            _ => (usize::from(head[1]) + 1) * 8,
        };
        let is_message = matches!(layer.protocol, extension::MOBILITY | extension::HIP | extension::SHIM6);
        if is_message && next == NO_NEXT_HEADER {
            // The header is the message itself, not a prefix of something else.
            return;
        }
        if layer.protocol == extension::FRAGMENT {
            let packed = u16::from_be_bytes([head[2], head[3]]);
            layer.fragment_offset = packed & 0xfff8;
            layer.more_fragments = packed & 1 != 0;
            layer.is_fragment = layer.more_fragments || layer.fragment_offset != 0;
            layer.id = Some(u32::from_be_bytes([head[4], head[5], head[6], head[7]]));
        }
        let Some(payload) = layer.payload.after(len) else {
            layer.is_cut = true;
            return;
        };
        layer.payload = payload;
        layer.protocol = next;
        if layer.fragment_offset != 0 {
            return;
        }
    }
}
