//! IEEE 802.11 and the headers that capture tools put before it. Data frames in clear only: management, control,
//! empty and encrypted frames carry no IP that could be read. Of an aggregate (A-MSDU) the first packet is the row.

use crate::ip::Span;
use crate::link::{llc, not_ip, Found, CUT};
use crate::way::{Layer, Way};

const TYPE_DATA: u8 = 2;
/// Bits of the frame control's first byte.
mod subtype {
    pub const NO_DATA: u8 = 0x40;
    pub const QOS: u8 = 0x80;
}
/// Bits of the frame control's second byte.
mod flag {
    pub const BETWEEN_ACCESS_POINTS: u8 = 0x03;
    pub const PROTECTED: u8 = 0x40;
    pub const ORDER: u8 = 0x80;
}
const HEADER_LEN: usize = 24;
const AGGREGATE: u8 = 0x80;
const SUBFRAME_HEADER_LEN: usize = 14;

/// A bare frame; `is_padded` where the driver aligned the payload to four bytes.
pub(crate) fn wlan<'a>(span: Span<'a>, is_padded: bool, way: &mut Way) -> Found<'a> {
    let (head, _) = span.split::<2>().ok_or(CUT)?;
    let [control, flags] = *head;
    if control & 3 != 0 || control >> 2 & 3 != TYPE_DATA || control & subtype::NO_DATA != 0 {
        return not_ip(0);
    }
    let (header, _) = span.split::<HEADER_LEN>().ok_or(CUT)?;
    // Later fragments start in the middle of a packet.
    if flags & flag::PROTECTED != 0 || header[22] & 0x0f != 0 {
        return not_ip(0);
    }
    let mut len = HEADER_LEN;
    if flags & flag::BETWEEN_ACCESS_POINTS == flag::BETWEEN_ACCESS_POINTS {
        len += 6;
    }
    let mut is_aggregate = false;
    if control & subtype::QOS != 0 {
        is_aggregate = span.data.get(len).ok_or(CUT)? & AGGREGATE != 0;
        len += if flags & flag::ORDER != 0 { 6 } else { 2 };
    }
    if is_padded {
        len = len.next_multiple_of(4);
    }
    if is_aggregate {
        len += SUBFRAME_HEADER_LEN;
    }
    way.pass(Layer::Wlan);
    llc::llc(span.after(len).ok_or(CUT)?, way)
}

/// Radiotap: version, length, and a bitmap of fields, of which only the flags matter here.
pub(crate) fn radiotap<'a>(span: Span<'a>, way: &mut Way) -> Found<'a> {
    const TIMER: u32 = 1;
    const FLAGS: u32 = 1 << 1;
    const EXTENDED: u32 = 1 << 31;
    const DATA_PAD: u8 = 0x20;
    let (head, _) = span.split::<8>().ok_or(CUT)?;
    let len = usize::from(u16::from_le_bytes([head[2], head[3]]));
    let present = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
    if head[0] != 0 || len < 8 {
        return not_ip(0);
    }
    let frame = span.after(len).ok_or(CUT)?;
    let mut at = 8;
    let mut word = present;
    while word & EXTENDED != 0 {
        let next = span.data.get(at..len).and_then(|tail| tail.first_chunk::<4>());
        word = next.map_or(0, |word| u32::from_le_bytes(*word));
        at += 4;
    }
    if present & TIMER != 0 {
        at = at.next_multiple_of(8) + 8;
    }
    let flags = span.data.get(at).filter(|_| present & FLAGS != 0 && at < len);
    wlan(frame, flags.is_some_and(|flags| flags & DATA_PAD != 0), way)
}

/// AVS (magic number, length) or the older Prism header of fixed length; both link types hold either.
pub(crate) fn avs_or_prism<'a>(span: Span<'a>, way: &mut Way) -> Found<'a> {
    const AVS_MAGIC: u32 = 0x8021_1000;
    const PRISM_LEN: usize = 144;
    let (head, _) = span.split::<8>().ok_or(CUT)?;
    let [magic, len] =
        [[head[0], head[1], head[2], head[3]], [head[4], head[5], head[6], head[7]]].map(u32::from_be_bytes);
    let len = if magic & 0xffff_f000 == AVS_MAGIC { len as usize } else { PRISM_LEN };
    wlan(span.after(len).ok_or(CUT)?, false, way)
}
