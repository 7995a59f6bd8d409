//! One byte range of a capture → rows by shard, counts, and what the join needs to prove the cut.
//!
//! A segment may start at the file's head, at a record boundary that is known, or anywhere, searching. It reads the
//! records that start before its end offset. `exit_offset` and `exit_context` of one segment must equal
//! `entry_offset` and `entry_context` of the next; where they do not, the host reads the next one again, exactly.
//! Streams are read the same way: a new segment per block, `Start::Exact`, with `leftover` pushed first.

use crate::contents::Comparison;
use crate::output::Output;
use crate::quality::Quality;
use crate::summary::Summary;
use alloc::vec::Vec;
use capture::{read_head, resync, Context, Head, Step, Stop, Walker, CHAIN_LINKS};
use columns::{CaptureError, CaptureErrorCode, Diagnostic, Tally};
use filter::Filter;

/// How the first record of a segment is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The segment starts with the file's header.
    FileHead,
    /// The segment starts with a record or block.
    Exact,
    /// The segment starts anywhere: look for a boundary.
    Search,
}

/// What to read.
#[derive(Clone, Debug)]
pub struct SegmentConfig {
    /// File offset of the first byte pushed.
    pub base_offset: u64,
    /// Records that start at or after it belong to the next segment; `u64::MAX` = none do.
    pub end_offset: u64,
    /// How to begin.
    pub start: Start,
    /// Required unless `start` is `FileHead`: what is known, or for a search supposed, at the first record.
    pub context: Option<Context>,
    /// Length of the (uncompressed) file, where known: short chains of headers that end there are believed.
    pub file_len: Option<u64>,
    /// Number of row buffers, a power of two.
    pub shards: u32,
}

/// Does the segment want more bytes?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Yes; or `finish` at the end of the file.
    More,
    /// No: it reached its end, gave up searching, or met a header that makes no sense.
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Head,
    /// Searching; not again before so many bytes are there.
    Search(usize),
    Walk,
    Done,
}

/// Reads one segment. The host writes bytes into `reserve` and announces them by `push`.
#[derive(Clone, Debug)]
pub struct SegmentDecoder {
    end_offset: u64,
    file_len: Option<u64>,
    phase: Phase,
    /// Stands at the first unread byte from the time the context is known.
    walker: Option<Walker>,
    /// File offset of the first unread byte.
    position: u64,
    entry_context: Vec<u8>,
    input: Vec<u8>,
    /// Unread bytes are `input[start..filled]`.
    start: usize,
    filled: usize,
    output: Output,
}

/// A search tries with so many bytes, then with four times as many, up to the last.
const FIRST_SEARCH_BYTES: usize = 32 << 10;
const LAST_SEARCH_BYTES: usize = 2 << 20;
/// Where records are so large that no full chain fits into the search, a short one must do; the join decides.
const SHORT_CHAIN_LINKS: usize = 3;
/// Enough for any use of shards, and a bound on what a caller can ask for.
const MAX_SHARDS: u32 = 1 << 16;

impl SegmentDecoder {
    /// A decoder for one segment.
    pub fn new(config: SegmentConfig) -> Result<Self, CaptureError> {
        let mut decoder = SegmentDecoder {
            end_offset: 0,
            file_len: None,
            phase: Phase::Done,
            walker: None,
            position: 0,
            entry_context: Vec::new(),
            input: Vec::new(),
            start: 0,
            filled: 0,
            output: Output::default(),
        };
        decoder.restart(config)?;
        Ok(decoder)
    }

    /// Forgets everything and reads another segment, in the memory of the one before. Unread input is dropped too.
    pub fn restart(&mut self, config: SegmentConfig) -> Result<(), CaptureError> {
        let SegmentConfig { base_offset, end_offset, start, context, file_len, shards } = config;
        let bad_segment = CaptureError::new(CaptureErrorCode::BadSegment, base_offset, u64::from(shards), 0);
        if !shards.is_power_of_two() || shards > MAX_SHARDS {
            return Err(bad_segment);
        }
        let (phase, context, entry_offset) = match (start, context) {
            (Start::FileHead, _) => (Phase::Head, None, Some(base_offset)),
            (Start::Exact, Some(context)) => (Phase::Walk, Some(context), Some(base_offset)),
            (Start::Search, Some(context)) => (Phase::Search(FIRST_SEARCH_BYTES), Some(context), None),
            (_, None) => return Err(bad_segment),
        };
        self.entry_context = context.as_ref().map(Context::encode).unwrap_or_default();
        self.walker = context.map(|context| Walker::new(context, base_offset));
        self.phase = phase;
        self.end_offset = end_offset;
        self.file_len = file_len;
        self.position = base_offset;
        self.start = 0;
        self.filled = 0;
        let summary = Summary { entry_offset, exit_offset: base_offset, ..Summary::default() };
        self.output.restart(shards as usize, summary);
        Ok(())
    }

    /// Room for the host's next `len` bytes, right behind those not yet read. The buffer grows only as bytes
    /// really come: to one `len` more than the longest record that was cut.
    pub fn reserve(&mut self, len: usize) -> &mut [u8] {
        if self.start > 0 {
            self.input.copy_within(self.start..self.filled, 0);
            self.filled -= self.start;
            self.start = 0;
        }
        let end = self.filled.saturating_add(len);
        if self.input.len() < end {
            self.input.resize(end, 0);
        }
        self.input.get_mut(self.filled..end).unwrap_or_default()
    }

    /// Takes in the first `len` bytes of what `reserve` gave out, and reads as far as it can.
    pub fn push(&mut self, len: usize) -> Result<Progress, CaptureError> {
        self.filled = self.filled.saturating_add(len).min(self.input.len());
        self.run(false)?;
        Ok(if self.phase == Phase::Done { Progress::Done } else { Progress::More })
    }

    /// The file ends here. What is left is a record that was cut.
    pub fn finish(&mut self) -> Result<(), CaptureError> {
        self.file_len = Some(self.position.saturating_add((self.filled - self.start) as u64));
        self.run(true)?;
        if self.phase == Phase::Walk {
            self.diagnose_tail();
        }
        self.phase = Phase::Done;
        Ok(())
    }

    /// Where it started and ended, and what it counted.
    pub fn summary(&self) -> Summary {
        self.output.summary
    }

    /// From now on, frames that do not pass are counted and give no row.
    pub fn set_filter(&mut self, filter: Filter) {
        self.output.filter = Some(filter);
    }

    /// From now on, rows hold what two captures are compared by.
    pub fn set_comparison(&mut self, comparison: Comparison) {
        self.output.comparison = Some(comparison);
    }

    /// What the records say about the capture.
    pub fn quality(&self) -> &Quality {
        &self.output.quality
    }

    /// The context this segment started with; empty at the head of the file.
    pub fn entry_context(&self) -> &[u8] {
        &self.entry_context
    }

    /// The context at `exit_offset`; empty while the file's head is still incomplete (start again with `FileHead`).
    pub fn exit_context(&self) -> Vec<u8> {
        self.walker.as_ref().map(|walker| walker.context().encode()).unwrap_or_default()
    }

    /// Survivable problems; offsets are file offsets, record numbers count from the segment's first.
    pub fn tally(&self) -> &Tally {
        &self.output.tally
    }

    /// Rows of the packets of a shard, in capture order; `Packet::decode` reads them.
    pub fn shard_rows(&self, shard: u32) -> &[u8] {
        self.output.shards.get(shard as usize).map(Vec::as_slice).unwrap_or_default()
    }

    /// Bytes from `exit_offset` on that were pushed and not read.
    pub fn leftover(&self) -> &[u8] {
        self.input.get(self.start..self.filled).unwrap_or_default()
    }

    fn run(&mut self, is_whole: bool) -> Result<(), CaptureError> {
        if self.phase == Phase::Head {
            self.read_head(is_whole)?;
        }
        if let Phase::Search(needed) = self.phase {
            self.search(needed, is_whole);
        }
        if self.phase == Phase::Walk {
            self.walk();
        }
        Ok(())
    }

    fn advance(&mut self, len: usize) {
        self.start = self.start.saturating_add(len).min(self.filled);
        self.position = self.position.saturating_add(len as u64);
        self.output.summary.exit_offset = self.position;
    }

    fn read_head(&mut self, is_whole: bool) -> Result<(), CaptureError> {
        if let Head::Ready { context, len } = read_head(self.leftover(), is_whole)? {
            self.advance(len);
            self.walker = Some(Walker::new(context, self.position));
            self.phase = Phase::Walk;
        }
        Ok(())
    }

    fn search(&mut self, needed: usize, is_whole: bool) {
        let Some(walker) = &self.walker else { return };
        let available = self.filled - self.start;
        let is_all = is_whole || self.file_len.is_some_and(|len| len <= self.position + available as u64);
        if available < needed && !is_all {
            return;
        }
        let is_last = is_all || needed >= LAST_SEARCH_BYTES;
        let find = |links| resync(self.leftover(), self.position, walker.context(), self.file_len, links);
        let found = find(CHAIN_LINKS).or_else(|| is_last.then(|| find(SHORT_CHAIN_LINKS)).flatten());
        match found {
            Some(offset) => {
                let context = walker.context().clone();
                self.walker = Some(Walker::new(context, offset));
                self.output.summary.entry_offset = Some(offset);
                self.advance((offset - self.position) as usize);
                self.phase = Phase::Walk;
            }
            None if is_last => self.phase = Phase::Done,
            None => self.phase = Phase::Search(needed.saturating_mul(4).min(LAST_SEARCH_BYTES)),
        }
    }

    fn walk(&mut self) {
        let Some(walker) = &mut self.walker else { return };
        let input = self.input.get(self.start..self.filled).unwrap_or_default();
        let stop = walker.walk(input, self.end_offset, &mut self.output);
        let position = walker.offset();
        match stop {
            Stop::NeedMore(_) => {}
            Stop::End => self.phase = Phase::Done,
            Stop::Corrupt => {
                self.output.note(Diagnostic::CorruptRecord, position, 0);
                self.output.summary.is_stopped = true;
                self.phase = Phase::Done;
            }
        }
        self.advance((position - self.position) as usize);
    }

    /// Bytes at the end of the file that are no whole record.
    fn diagnose_tail(&mut self) {
        let tail = self.filled - self.start;
        if tail == 0 {
            return;
        }
        let Some(walker) = &mut self.walker else { return };
        let tail_bytes = self.input.get(self.start..self.filled).unwrap_or_default();
        let needed = match walker.step(tail_bytes) {
            Step::NeedMore(needed) => needed,
            _ => tail,
        };
        // Padding with zeros is no record in either format: a pcapng block has a length.
        let is_padding = tail_bytes.iter().all(|byte| *byte == 0);
        let (diagnostic, detail) = if is_padding {
            (Diagnostic::TrailingBytes, tail)
        } else {
            (Diagnostic::TruncatedRecord, needed.saturating_sub(tail))
        };
        self.output.note(diagnostic, self.position, detail as u64);
        self.advance(tail);
    }
}
