//! The record walker: one step per record or block, sans-io, for both formats.

use crate::context::Context;
use crate::{pcap, pcapng};

/// What is known about the time of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordTime {
    /// ns since the Unix epoch.
    At(i64),
    /// As `At`, from a sub-second field of one second or more.
    Doubtful(i64),
    /// A time outside the 64-bit nanosecond range.
    OutOfRange,
    /// The block has no time (Simple Packet Block).
    Absent,
}

/// One captured frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Byte offset of the record's header in the (uncompressed) capture.
    pub offset: u64,
    /// Interface number in its section; 0 in pcap.
    pub interface: u32,
    /// LINKTYPE number; None when the interface was never described.
    pub link_type: Option<u32>,
    /// When.
    pub time: RecordTime,
    /// Bytes of the frame on the wire, as stated.
    pub original_len: u32,
    /// Captured bytes of the frame.
    pub data: &'a [u8],
    /// Packets the capturing host says it lost just before this one (`epb_dropcount`).
    pub reported_drops: u64,
}

/// What one step of the walker found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// A frame.
    Record(Record<'a>),
    /// A block that is numbered like a packet and holds none.
    NotAPacket {
        /// Its block type.
        block_type: u32,
    },
    /// A block that holds no packet.
    Block {
        /// Packets the capturing host says it lost (ISB).
        reported_drops: u64,
        /// Nobody told us what it is; skipped by its length.
        is_unknown: bool,
        /// Its block type.
        block_type: u32,
    },
    /// The next record needs so many bytes, counted from the start of the given slice.
    NeedMore(usize),
    /// A header that cannot be; nothing after it can be read.
    Corrupt,
}

/// Why a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The next record starts at or after the end offset.
    End,
    /// The next record needs so many bytes, counted from its start.
    NeedMore(usize),
    /// The next header cannot be; nothing after it can be read.
    Corrupt,
}

/// Takes what a walk finds.
pub trait Visitor {
    /// A frame.
    fn record(&mut self, record: &Record<'_>);
    /// A block that is numbered like a packet and holds none.
    fn not_a_packet(&mut self, offset: u64, block_type: u32);
    /// A block that holds no packet.
    fn block(&mut self, offset: u64, block_type: u32, reported_drops: u64, is_unknown: bool);
}

/// Walks records or blocks. It stands at a file offset; a step that is neither `NeedMore` nor `Corrupt` moves it on.
#[derive(Clone, Debug)]
pub struct Walker {
    context: Context,
    offset: u64,
}

/// Longest captured length that readers believe, by link type. D-Bus and USB captures hold larger frames.
#[inline]
pub fn max_captured_len(link_type: u32) -> u32 {
    match link_type {
        231 | 186 | 189 | 220 | 249 | 266 => 128 << 20,
        279 => 8 << 20,
        _ => 256 << 10,
    }
}

impl Walker {
    /// A walker at `offset`, which must be the start of a record or block.
    pub fn new(context: Context, offset: u64) -> Self {
        Walker { context, offset }
    }

    /// Where the next record or block starts.
    #[inline(always)]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// What is known at this point of the file.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Reads the record or block at the start of `input`, which must be the capture's bytes from `offset()` on.
    pub fn step<'a>(&mut self, input: &'a [u8]) -> Step<'a> {
        let (step, len) = match &mut self.context {
            Context::Pcap(context) => match pcap::Reader::new(context).next(input, self.offset) {
                Ok((record, len)) => (Step::Record(record), len),
                Err(Stop::NeedMore(needed)) => (Step::NeedMore(needed), 0),
                Err(_) => (Step::Corrupt, 0),
            },
            Context::Pcapng(context) => pcapng::step(context, input, self.offset),
        };
        self.offset = self.offset.saturating_add(len as u64);
        step
    }

    /// Shows everything that starts in `input` and before `end_offset` to the visitor. The same as `step` in a loop,
    /// but the format is asked for once.
    #[inline(always)]
    pub fn walk(&mut self, input: &[u8], end_offset: u64, visitor: &mut impl Visitor) -> Stop {
        if let Context::Pcap(context) = &self.context {
            let reader = pcap::Reader::new(context);
            let mut rest = input;
            let mut offset = self.offset;
            let stop = loop {
                if offset >= end_offset {
                    break Stop::End;
                }
                match reader.next(rest, offset) {
                    Ok((record, len)) => {
                        visitor.record(&record);
                        offset = offset.saturating_add(len as u64);
                        rest = rest.get(len..).unwrap_or_default();
                    }
                    Err(stop) => break stop,
                }
            };
            self.offset = offset;
            return stop;
        }
        self.walk_blocks(input, end_offset, visitor)
    }

    #[inline(never)]
    fn walk_blocks(&mut self, input: &[u8], end_offset: u64, visitor: &mut impl Visitor) -> Stop {
        let Context::Pcapng(context) = &mut self.context else { return Stop::End };
        let mut rest = input;
        loop {
            let offset = self.offset;
            if offset >= end_offset {
                return Stop::End;
            }
            let (step, len) = pcapng::step(context, rest, offset);
            match step {
                Step::Record(record) => visitor.record(&record),
                Step::NotAPacket { block_type } => visitor.not_a_packet(offset, block_type),
                Step::Block { reported_drops, is_unknown, block_type } => {
                    visitor.block(offset, block_type, reported_drops, is_unknown);
                }
                Step::NeedMore(needed) => return Stop::NeedMore(needed),
                Step::Corrupt => return Stop::Corrupt,
            }
            self.offset = offset.saturating_add(len as u64);
            rest = rest.get(len..).unwrap_or_default();
        }
    }
}
