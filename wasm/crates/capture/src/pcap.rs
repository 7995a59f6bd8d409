//! Records of a classic pcap file (draft-ietf-opsawg-pcap).

use crate::context::{PcapContext, RecordLayout, SubSecond};
use crate::walker::{max_captured_len, Record, RecordTime, Step};

const NS_PER_SECOND: i64 = 1_000_000_000;
/// Shortest record header.
pub(crate) const HEADER_LEN: usize = 16;

/// The fields of a record header, lengths put in order.
#[derive(Clone, Copy)]
pub(crate) struct Header {
    pub seconds: u32,
    pub sub_second: u32,
    pub captured_len: u32,
    pub original_len: u32,
}

#[inline(always)]
pub(crate) fn header(context: &PcapContext, bytes: &[u8; HEADER_LEN]) -> Header {
    let field = |a, b, c, d| context.order.u32([a, b, c, d]);
    let first = field(bytes[8], bytes[9], bytes[10], bytes[11]);
    let second = field(bytes[12], bytes[13], bytes[14], bytes[15]);
    let is_swapped = match context.layout {
        RecordLayout::Standard => false,
        RecordLayout::Swapped => true,
        RecordLayout::MaybeSwapped => first > second,
    };
    let (captured_len, original_len) = if is_swapped { (second, first) } else { (first, second) };
    Header {
        seconds: field(bytes[0], bytes[1], bytes[2], bytes[3]),
        sub_second: field(bytes[4], bytes[5], bytes[6], bytes[7]),
        captured_len,
        original_len,
    }
}

/// Nanoseconds per unit of the sub-second field.
#[inline(always)]
pub(crate) fn unit_ns(context: &PcapContext) -> i64 {
    match context.sub_second {
        SubSecond::Micro => 1000,
        SubSecond::Nano => 1,
    }
}

/// The record at the start of `input` and its length; length 0 when there is none.
#[inline(always)]
pub(crate) fn step<'a>(context: &PcapContext, input: &'a [u8], offset: u64) -> (Step<'a>, usize) {
    let header_len = usize::from(context.record_header_len);
    let Some(bytes) = input.first_chunk::<HEADER_LEN>() else {
        return (Step::NeedMore(header_len), 0);
    };
    let header = header(context, bytes);
    if header.captured_len > max_captured_len(context.link_type) {
        return (Step::Corrupt, 0);
    }
    let len = header_len + header.captured_len as usize;
    let Some(data) = input.get(header_len..len) else {
        return (Step::NeedMore(len), 0);
    };
    // Seconds are unsigned: 2106 is the last year, and the sum stays far inside 64 bits.
    let sub_second_ns = i64::from(header.sub_second) * unit_ns(context);
    let timestamp_ns = i64::from(header.seconds) * NS_PER_SECOND + sub_second_ns;
    let time =
        if sub_second_ns < NS_PER_SECOND { RecordTime::At(timestamp_ns) } else { RecordTime::Doubtful(timestamp_ns) };
    let record = Record {
        offset,
        interface: 0,
        link_type: Some(context.link_type),
        time,
        original_len: header.original_len,
        data,
        reported_drops: 0,
    };
    (Step::Record(record), len)
}
