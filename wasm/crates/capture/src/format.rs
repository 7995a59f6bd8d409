//! What kind of capture this is, from its first bytes, and where its records start.

use crate::bytes::{chunk_at, ByteOrder};
use crate::context::{Context, PcapContext, RecordLayout, SectionContext, SubSecond};
use crate::pcapng;
use alloc::vec::Vec;
use columns::{CaptureError, CaptureErrorCode};

/// A capture format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Classic pcap.
    Pcap {
        /// Byte order of all headers.
        order: ByteOrder,
        /// Unit of the sub-second field.
        sub_second: SubSecond,
        /// 24-byte record headers (magic a1b2cd34).
        is_modified: bool,
    },
    /// pcapng.
    Pcapng,
}

/// The head of a file, as far as it could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// At least so many bytes from the start are needed.
    NeedMore(usize),
    /// Records (pcap) or blocks (pcapng: the section header itself) start after `len` bytes.
    Ready {
        /// What the head says.
        context: Context,
        /// Bytes to skip.
        len: usize,
    },
}

const PCAP_HEADER_LEN: usize = 24;
/// Link type bits of the header's last field. Above them: flag that the FCS length is known, and that length.
const LINK_TYPE_BITS: u32 = 0x03ff_ffff;

/// The format that starts with these four bytes.
pub fn detect(magic: [u8; 4]) -> Option<Format> {
    let pcap = |order, sub_second, is_modified| Some(Format::Pcap { order, sub_second, is_modified });
    match magic {
        [0xa1, 0xb2, 0xc3, 0xd4] => pcap(ByteOrder::Big, SubSecond::Micro, false),
        [0xd4, 0xc3, 0xb2, 0xa1] => pcap(ByteOrder::Little, SubSecond::Micro, false),
        [0xa1, 0xb2, 0x3c, 0x4d] => pcap(ByteOrder::Big, SubSecond::Nano, false),
        [0x4d, 0x3c, 0xb2, 0xa1] => pcap(ByteOrder::Little, SubSecond::Nano, false),
        [0xa1, 0xb2, 0xcd, 0x34] => pcap(ByteOrder::Big, SubSecond::Micro, true),
        [0x34, 0xcd, 0xb2, 0xa1] => pcap(ByteOrder::Little, SubSecond::Micro, true),
        [0x0a, 0x0d, 0x0d, 0x0a] => Some(Format::Pcapng),
        _ => None,
    }
}

/// Reads the head of a capture from its first bytes. `is_whole` says that no more bytes will come.
pub fn read_head(bytes: &[u8], is_whole: bool) -> Result<Head, CaptureError> {
    if bytes.is_empty() && is_whole {
        return Err(CaptureError::new(CaptureErrorCode::EmptyFile, 0, 0, 0));
    }
    let Some(&magic) = bytes.first_chunk::<4>() else {
        return if is_whole { Err(unknown_format(bytes)) } else { Ok(Head::NeedMore(4)) };
    };
    // An unknown format is named only with sixteen bytes in hand, so that the message does not depend on the cut.
    let Some(format) = detect(magic) else {
        return if is_whole || bytes.len() >= 16 { Err(unknown_format(bytes)) } else { Ok(Head::NeedMore(16)) };
    };
    let head = match format {
        Format::Pcap { order, sub_second, is_modified } => read_pcap_header(bytes, order, sub_second, is_modified)?,
        Format::Pcapng => read_section_header(bytes, is_whole)?,
    };
    match head {
        Head::NeedMore(needed) if is_whole => {
            Err(CaptureError::new(CaptureErrorCode::HeaderTruncated, 0, bytes.len() as u64, needed as u64))
        }
        head => Ok(head),
    }
}

fn unknown_format(bytes: &[u8]) -> CaptureError {
    let mut start = [0u8; 16];
    for (to, from) in start.iter_mut().zip(bytes) {
        *to = *from;
    }
    let a = u64::from_le_bytes(chunk_at(&start, 0).unwrap_or_default());
    let b = u64::from_le_bytes(chunk_at(&start, 8).unwrap_or_default());
    CaptureError::new(CaptureErrorCode::UnknownFormat, 0, a, b)
}

fn read_pcap_header(
    bytes: &[u8],
    order: ByteOrder,
    sub_second: SubSecond,
    is_modified: bool,
) -> Result<Head, CaptureError> {
    let Some(header) = bytes.first_chunk::<PCAP_HEADER_LEN>() else {
        return Ok(Head::NeedMore(PCAP_HEADER_LEN));
    };
    let major = order.u16([header[4], header[5]]);
    let minor = order.u16([header[6], header[7]]);
    let layout = match (major, minor) {
        (2, 0..=2) | (543, _) => RecordLayout::Swapped,
        (2, 3) => RecordLayout::MaybeSwapped,
        (2, _) => RecordLayout::Standard,
        _ => {
            let (a, b) = (u64::from(major), u64::from(minor));
            return Err(CaptureError::new(CaptureErrorCode::UnsupportedVersion, 4, a, b));
        }
    };
    let snaplen = order.u32([header[16], header[17], header[18], header[19]]);
    let link_type = order.u32([header[20], header[21], header[22], header[23]]) & LINK_TYPE_BITS;
    let record_header_len = if is_modified { 24 } else { 16 };
    let context = Context::Pcap(PcapContext { order, sub_second, layout, record_header_len, link_type, snaplen });
    Ok(Head::Ready { context, len: PCAP_HEADER_LEN })
}

/// Only proves the first section header sound; the walker reads it again as a block.
fn read_section_header(bytes: &[u8], is_whole: bool) -> Result<Head, CaptureError> {
    let Some(header) = bytes.first_chunk::<{ pcapng::SECTION_HEADER_LEN }>() else {
        return Ok(Head::NeedMore(pcapng::SECTION_HEADER_LEN));
    };
    let bad = |length, trailer| CaptureError::new(CaptureErrorCode::BadSectionHeader, 0, length, trailer);
    let Some(order) = pcapng::section_order(header) else {
        return Err(bad(0, 0));
    };
    let stated = order.u32([header[4], header[5], header[6], header[7]]);
    let Some(len) = pcapng::padded_block_len(stated).filter(|len| *len >= pcapng::SECTION_HEADER_LEN) else {
        return Err(bad(u64::from(stated), 0));
    };
    let major = order.u16([header[12], header[13]]);
    let minor = order.u16([header[14], header[15]]);
    if !pcapng::is_known_version(major, minor) {
        return Err(CaptureError::new(CaptureErrorCode::UnsupportedVersion, 12, u64::from(major), u64::from(minor)));
    }
    match order.u32_at(bytes, len - 4) {
        Some(trailer) if trailer == stated => {
            let context = Context::Pcapng(SectionContext { order, interfaces: Vec::new() });
            Ok(Head::Ready { context, len: 0 })
        }
        Some(trailer) => Err(bad(u64::from(stated), u64::from(trailer))),
        None if is_whole => {
            Err(CaptureError::new(CaptureErrorCode::HeaderTruncated, 0, bytes.len() as u64, len as u64))
        }
        None => Ok(Head::NeedMore(len)),
    }
}
