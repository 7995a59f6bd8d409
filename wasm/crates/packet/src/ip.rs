//! What both IP versions come down to.

use crate::row::{Address, Packet};
use crate::{ipv4, ipv6};
use columns::Diagnostic;

/// Bytes of a layer: what was captured of it, and how long it was on the wire.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span<'a> {
    /// Captured bytes.
    pub data: &'a [u8],
    /// Bytes on the wire, captured or not; at least `data.len()`.
    pub wire: u32,
}

impl<'a> Span<'a> {
    /// What follows `len` bytes of this layer; None when fewer were captured.
    #[inline(always)]
    pub fn after(self, len: usize) -> Option<Span<'a>> {
        let data = self.data.get(len..)?;
        Some(Span { data, wire: self.wire.saturating_sub(len as u32) })
    }

    /// What follows a header of `N` bytes, and that header.
    #[inline(always)]
    pub fn split<const N: usize>(self) -> Option<(&'a [u8; N], Span<'a>)> {
        let (head, data) = self.data.split_first_chunk::<N>()?;
        Some((head, Span { data, wire: self.wire.saturating_sub(N as u32) }))
    }

    /// Cut to `len` bytes, where the layer's own length says that the rest is padding.
    #[inline(always)]
    pub fn limit(self, len: u32) -> Span<'a> {
        Span { data: self.data.get(..len as usize).unwrap_or(self.data), wire: self.wire.min(len) }
    }
}

/// Why a frame gives no row: the problem and its detail.
pub(crate) type Refusal = (Diagnostic, u64);

/// What is behind an IP header and its extension headers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payload<'a> {
    /// By the IP length, never more than the frame could hold.
    pub span: Span<'a>,
    /// Options or extension headers were cut: where the payload starts is not known.
    pub is_cut: bool,
}

/// Could an IP packet start here, and does the layer around it hold the packet it speaks of? For places where the
/// bytes might be something else. What was cut by the snaplen is not held against it, but the first 8 bytes must be there.
pub(crate) fn is_sound(span: Span<'_>) -> bool {
    let Some(head) = span.data.first_chunk::<8>() else { return false };
    match head[0] >> 4 {
        4 => {
            let header_len = u32::from(head[0] & 15) * 4;
            let total_len = u32::from(u16::from_be_bytes([head[2], head[3]]));
            // 0 is segmentation offload.
            header_len >= 20 && (total_len == 0 || (header_len..=span.wire).contains(&total_len))
        }
        6 => u32::from(u16::from_be_bytes([head[4], head[5]])) + 40 <= span.wire,
        _ => false,
    }
}

/// Does the IP packet fill the layer around it to the last byte? The strictest thing that can be asked of a packet
/// without a checksum; `is_open` where the layer around it is a first fragment, so that the end is elsewhere.
pub(crate) fn is_exact(span: Span<'_>, is_open: bool) -> bool {
    let Some(head) = span.data.first_chunk::<8>() else { return false };
    let (is_header, len) = match head[0] >> 4 {
        4 => (head[0] & 15 >= 5, u32::from(u16::from_be_bytes([head[2], head[3]]))),
        6 => (true, u32::from(u16::from_be_bytes([head[4], head[5]])) + 40),
        _ => (false, 0),
    };
    is_header && (len == span.wire || is_open && len > span.wire)
}

/// ::ffff:a.b.c.d
#[inline(always)]
pub(crate) fn mapped(address: [u8; 4]) -> Address {
    (0xffff_0000_0000_u128 | u128::from(u32::from_be_bytes(address))).to_be_bytes()
}

/// Reads whichever IP version the first nibble names into the packet's internet fields. They are written only when
/// the header is sound, so that a tunnel whose content is not stays the packet it is.
#[inline(always)]
pub(crate) fn read<'a>(span: Span<'a>, packet: &mut Packet) -> Result<Payload<'a>, Refusal> {
    match span.data.first().map(|first| first >> 4) {
        Some(4) => ipv4::read(span, packet),
        Some(6) => ipv6::read(span, packet),
        Some(version) => Err((Diagnostic::BadIpHeader, u64::from(version))),
        None => Err((Diagnostic::HeaderCut, 0)),
    }
}
