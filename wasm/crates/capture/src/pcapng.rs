//! Blocks of a pcapng file (draft-ietf-opsawg-pcapng): sections, interfaces, packets, and what is skipped.

use crate::bytes::{chunk_at, ByteOrder};
use crate::context::SectionContext;
use crate::interface::Interface;
use crate::walker::{max_captured_len, Record, RecordTime, Step};

/// Fixed part of a section header block with its trailing length.
pub(crate) const SECTION_HEADER_LEN: usize = 28;
/// Shortest block: type, length, length again.
pub(crate) const MIN_BLOCK_LEN: usize = 12;
/// Longest block that readers believe.
const MAX_BLOCK_LEN: u32 = 16 << 20;
/// Interfaces remembered per section; packets of later ones are diagnosed.
const MAX_INTERFACES: usize = 1 << 16;

/// Block types.
pub(crate) mod block {
    pub const SECTION_HEADER: u32 = 0x0a0d_0d0a;
    pub const INTERFACE_DESCRIPTION: u32 = 1;
    pub const PACKET: u32 = 2;
    pub const SIMPLE_PACKET: u32 = 3;
    pub const NAME_RESOLUTION: u32 = 4;
    pub const INTERFACE_STATISTICS: u32 = 5;
    pub const ENHANCED_PACKET: u32 = 6;
    pub const SYSTEMD_JOURNAL: u32 = 9;
    pub const DECRYPTION_SECRETS: u32 = 10;
    pub const CUSTOM: u32 = 0xbad;
    pub const CUSTOM_NO_COPY: u32 = 0x4000_0bad;
    pub const SYSDIG_EVENT: u32 = 0x204;
    pub const SYSDIG_EVENT_V2: u32 = 0x216;
    pub const SYSDIG_EVENT_V2_LARGE: u32 = 0x221;
}

mod option {
    pub const END: u16 = 0;
    pub const INTERFACE_RESOLUTION: u16 = 9;
    pub const INTERFACE_OFFSET: u16 = 14;
    pub const PACKET_DROPS: u16 = 4;
    pub const STATISTICS_INTERFACE_DROPS: u16 = 5;
    pub const STATISTICS_SYSTEM_DROPS: u16 = 7;
}

/// Byte order by the magic of a section header block.
pub(crate) fn section_order(header: &[u8; SECTION_HEADER_LEN]) -> Option<ByteOrder> {
    order_of_magic([header[8], header[9], header[10], header[11]])
}

pub(crate) fn order_of_magic(magic: [u8; 4]) -> Option<ByteOrder> {
    match magic {
        [0x1a, 0x2b, 0x3c, 0x4d] => Some(ByteOrder::Big),
        [0x4d, 0x3c, 0x2b, 0x1a] => Some(ByteOrder::Little),
        _ => None,
    }
}

/// 1.0, and 1.2, which some writers stored for the same format.
pub(crate) fn is_known_version(major: u16, minor: u16) -> bool {
    major == 1 && (minor == 0 || minor == 2)
}

/// Bytes a block takes. Lengths that are no multiple of four exist; like other readers we round them up.
#[inline(always)]
pub(crate) fn padded_block_len(stated: u32) -> Option<usize> {
    (stated as usize >= MIN_BLOCK_LEN && stated <= MAX_BLOCK_LEN).then(|| (stated as usize).next_multiple_of(4))
}

/// The block at the start of `input` and its length; length 0 when there is none.
#[inline]
pub(crate) fn step<'a>(context: &mut SectionContext, input: &'a [u8], offset: u64) -> (Step<'a>, usize) {
    let Some(start) = input.first_chunk::<MIN_BLOCK_LEN>() else {
        return (Step::NeedMore(MIN_BLOCK_LEN), 0);
    };
    let mut order = context.order;
    let block_type = order.u32([start[0], start[1], start[2], start[3]]);
    if block_type == block::SECTION_HEADER {
        match order_of_magic([start[8], start[9], start[10], start[11]]) {
            Some(of_section) => order = of_section,
            None => return (Step::Corrupt, 0),
        }
    }
    let stated = order.u32([start[4], start[5], start[6], start[7]]);
    let Some(len) = padded_block_len(stated) else {
        return (Step::Corrupt, 0);
    };
    let Some((body, trailer)) = input.get(8..len).and_then(|rest| rest.split_last_chunk::<4>()) else {
        return (Step::NeedMore(len), 0);
    };
    if order.u32(*trailer) != stated {
        return (Step::Corrupt, 0);
    }
    let step = match block_type {
        block::ENHANCED_PACKET => enhanced_packet(context, body, offset),
        block::SIMPLE_PACKET => simple_packet(context, body, offset),
        block::PACKET => obsolete_packet(context, body, offset),
        block::SECTION_HEADER => section_header(context, order, body),
        block::INTERFACE_DESCRIPTION => interface_description(context, body),
        block::INTERFACE_STATISTICS => interface_statistics(context, body),
        block::SYSTEMD_JOURNAL
        | block::CUSTOM
        | block::CUSTOM_NO_COPY
        | block::SYSDIG_EVENT
        | block::SYSDIG_EVENT_V2
        | block::SYSDIG_EVENT_V2_LARGE => Some(Step::NotAPacket { block_type }),
        block::NAME_RESOLUTION | block::DECRYPTION_SECRETS => Some(known(block_type)),
        _ => Some(Step::Block { reported_drops: 0, is_unknown: true, block_type }),
    };
    match step {
        Some(step) => (step, len),
        None => (Step::Corrupt, 0),
    }
}

fn known<'a>(block_type: u32) -> Step<'a> {
    Step::Block { reported_drops: 0, is_unknown: false, block_type }
}

/// Calls `each` with every option up to the end of options or the first one that does not fit.
fn for_each_option(order: ByteOrder, mut bytes: &[u8], mut each: impl FnMut(u16, &[u8])) {
    while let Some((head, rest)) = bytes.split_first_chunk::<4>() {
        let code = order.u16([head[0], head[1]]);
        let len = usize::from(order.u16([head[2], head[3]]));
        let Some(value) = rest.get(..len) else { return };
        if code == option::END {
            return;
        }
        each(code, value);
        bytes = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
}

fn section_header<'a>(context: &mut SectionContext, order: ByteOrder, body: &[u8]) -> Option<Step<'a>> {
    let fixed = body.first_chunk::<16>()?;
    if !is_known_version(order.u16([fixed[4], fixed[5]]), order.u16([fixed[6], fixed[7]])) {
        return None;
    }
    context.order = order;
    context.interfaces.clear();
    Some(known(block::SECTION_HEADER))
}

fn interface_description<'a>(context: &mut SectionContext, body: &[u8]) -> Option<Step<'a>> {
    let order = context.order;
    let (fixed, options) = body.split_first_chunk::<8>()?;
    let link_type = order.u16([fixed[0], fixed[1]]);
    let snaplen = order.u32([fixed[4], fixed[5], fixed[6], fixed[7]]);
    let mut resolution = 6;
    let mut offset_seconds = 0;
    for_each_option(order, options, |code, value| match (code, value) {
        (option::INTERFACE_RESOLUTION, [exponent]) => resolution = *exponent,
        (option::INTERFACE_OFFSET, value) => {
            if let Ok(value) = <[u8; 8]>::try_from(value) {
                offset_seconds = order.u64(value) as i64;
            }
        }
        _ => {}
    });
    if context.interfaces.len() < MAX_INTERFACES {
        context.interfaces.push(Interface::new(link_type, snaplen, resolution, offset_seconds));
    }
    Some(known(block::INTERFACE_DESCRIPTION))
}

fn interface_statistics<'a>(context: &SectionContext, body: &[u8]) -> Option<Step<'a>> {
    let (_, options) = body.split_first_chunk::<12>()?;
    let mut reported_drops = 0u64;
    for_each_option(context.order, options, |code, value| {
        if code == option::STATISTICS_INTERFACE_DROPS || code == option::STATISTICS_SYSTEM_DROPS {
            if let Ok(value) = <[u8; 8]>::try_from(value) {
                reported_drops = reported_drops.saturating_add(context.order.u64(value));
            }
        }
    });
    Some(Step::Block { reported_drops, is_unknown: false, block_type: block::INTERFACE_STATISTICS })
}

/// What the two timed packet blocks share, once their fixed parts are read.
struct Timed {
    interface: u32,
    ticks: u64,
    captured_len: u32,
    original_len: u32,
    drops: u64,
}

#[inline(always)]
fn timed_packet<'a>(context: &SectionContext, offset: u64, timed: Timed, rest: &'a [u8]) -> Option<Step<'a>> {
    let interface = context.interfaces.get(timed.interface as usize);
    let link_type = interface.map(|interface| u32::from(interface.link_type));
    if timed.captured_len > max_captured_len(link_type.unwrap_or(0)) {
        return None;
    }
    let (data, tail) = rest.split_at_checked(timed.captured_len as usize)?;
    let mut reported_drops = timed.drops;
    let padding = timed.captured_len.wrapping_neg() as usize & 3;
    if tail.len() > padding {
        for_each_option(context.order, tail.get(padding..)?, |code, value| {
            if code == option::PACKET_DROPS {
                if let Ok(value) = <[u8; 8]>::try_from(value) {
                    reported_drops = context.order.u64(value);
                }
            }
        });
    }
    let time = match interface.map(|interface| interface.timestamp_ns(timed.ticks)) {
        Some(Some(timestamp_ns)) => RecordTime::At(timestamp_ns),
        Some(None) => RecordTime::OutOfRange,
        None => RecordTime::Absent,
    };
    let original_len = timed.original_len;
    Some(Step::Record(Record {
        offset,
        interface: timed.interface,
        link_type,
        time,
        original_len,
        data,
        reported_drops,
    }))
}

#[inline(always)]
fn enhanced_packet<'a>(context: &SectionContext, body: &'a [u8], offset: u64) -> Option<Step<'a>> {
    let (fixed, rest) = body.split_first_chunk::<20>()?;
    let field = |a, b, c, d| context.order.u32([a, b, c, d]);
    let high = u64::from(field(fixed[4], fixed[5], fixed[6], fixed[7]));
    let low = u64::from(field(fixed[8], fixed[9], fixed[10], fixed[11]));
    let timed = Timed {
        interface: field(fixed[0], fixed[1], fixed[2], fixed[3]),
        ticks: high << 32 | low,
        captured_len: field(fixed[12], fixed[13], fixed[14], fixed[15]),
        original_len: field(fixed[16], fixed[17], fixed[18], fixed[19]),
        drops: 0,
    };
    timed_packet(context, offset, timed, rest)
}

/// The Packet Block of early drafts: 16-bit interface and drop count, else like the enhanced one.
fn obsolete_packet<'a>(context: &SectionContext, body: &'a [u8], offset: u64) -> Option<Step<'a>> {
    let (fixed, rest) = body.split_first_chunk::<20>()?;
    let order = context.order;
    let field = |at| order.u32_at(fixed, at);
    let drops = order.u16_at(fixed, 2)?;
    let timed = Timed {
        interface: u32::from(order.u16_at(fixed, 0)?),
        ticks: u64::from(field(4)?) << 32 | u64::from(field(8)?),
        captured_len: field(12)?,
        original_len: field(16)?,
        // 65535 = not known.
        drops: if drops == u16::MAX { 0 } else { u64::from(drops) },
    };
    timed_packet(context, offset, timed, rest)
}

/// No time, no captured length: that follows from the original length and the first interface's snaplen.
fn simple_packet<'a>(context: &SectionContext, body: &'a [u8], offset: u64) -> Option<Step<'a>> {
    let original_len = context.order.u32(chunk_at(body, 0)?);
    let interface = context.interfaces.first();
    let snaplen = interface.map_or(0, |interface| interface.snaplen);
    let captured_len = if snaplen == 0 { original_len } else { original_len.min(snaplen) };
    let data = body.get(4..)?;
    let data = match interface {
        Some(_) => data.get(..captured_len as usize)?,
        None => data,
    };
    let link_type = interface.map(|interface| u32::from(interface.link_type));
    let time = RecordTime::Absent;
    Some(Step::Record(Record { offset, interface: 0, link_type, time, original_len, data, reported_drops: 0 }))
}
