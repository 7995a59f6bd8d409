//! Records of a classic pcap file (draft-ietf-opsawg-pcap).

use crate::context::{PcapContext, RecordLayout, SubSecond};
use crate::walker::{max_captured_len, Record, RecordTime, Stop};

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

/// Reads records; what does not change between them is worked out once.
pub(crate) struct Reader {
    context: PcapContext,
    header_len: usize,
    max_captured_len: u32,
    unit_ns: i64,
}

impl Reader {
    #[inline(always)]
    pub fn new(context: &PcapContext) -> Self {
        Reader {
            context: *context,
            header_len: usize::from(context.record_header_len),
            max_captured_len: max_captured_len(context.link_type),
            unit_ns: unit_ns(context),
        }
    }

    /// The record at the start of `input`, and its length.
    #[inline(always)]
    pub fn next<'a>(&self, input: &'a [u8], offset: u64) -> Result<(Record<'a>, usize), Stop> {
        let Some(bytes) = input.first_chunk::<HEADER_LEN>() else {
            return Err(Stop::NeedMore(self.header_len));
        };
        let header = header(&self.context, bytes);
        if header.captured_len > self.max_captured_len {
            return Err(Stop::Corrupt);
        }
        let len = self.header_len + header.captured_len as usize;
        let Some(data) = input.get(self.header_len..len) else {
            return Err(Stop::NeedMore(len));
        };
        // Seconds are unsigned: 2106 is the last year, and the sum stays far inside 64 bits.
        let sub_second_ns = i64::from(header.sub_second) * self.unit_ns;
        let timestamp_ns = i64::from(header.seconds) * NS_PER_SECOND + sub_second_ns;
        let time = if sub_second_ns < NS_PER_SECOND {
            RecordTime::At(timestamp_ns)
        } else {
            RecordTime::Doubtful(timestamp_ns)
        };
        let record = Record {
            offset,
            interface: 0,
            link_type: Some(self.context.link_type),
            time,
            original_len: header.original_len,
            data,
            reported_drops: 0,
        };
        Ok((record, len))
    }
}
