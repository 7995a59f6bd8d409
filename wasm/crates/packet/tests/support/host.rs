//! What a host does with segments: read them apart, prove the joins, add up. The reference for the product's own.

use capture::Context;
use columns::{CaptureError, Diagnostic, TallyEntry};
use packet::{Packet, Progress, SegmentConfig, SegmentDecoder, Start, Summary};
use std::collections::BTreeMap;

pub const SHARDS: u32 = 4;

/// Everything that must not depend on where a capture was cut.
#[derive(Debug, Default, PartialEq)]
pub struct Answer {
    pub rows: Vec<Vec<Packet>>,
    pub records: u32,
    pub decoded: u32,
    pub diagnosed: u32,
    pub exit_offset: u64,
    pub is_stopped: bool,
    pub first_timestamp_ns: Option<i64>,
    pub last_timestamp_ns: Option<i64>,
    pub min_timestamp_ns: Option<i64>,
    pub max_timestamp_ns: Option<i64>,
    pub tally: BTreeMap<(Diagnostic, u64), TallyEntry>,
    pub link_types: BTreeMap<u32, u32>,
}

impl Answer {
    pub fn new() -> Self {
        Answer { rows: vec![vec![]; SHARDS as usize], ..Answer::default() }
    }

    fn note(&mut self, entry: TallyEntry) {
        let by_detail =
            matches!(entry.diagnostic, Diagnostic::UnknownLinkType | Diagnostic::NotIp | Diagnostic::NotAPacket);
        let key = (entry.diagnostic, if by_detail { entry.detail } else { 0 });
        let sum = self.tally.entry(key).or_insert(TallyEntry { count: 0, ..entry });
        let first = if entry.byte_offset < sum.byte_offset { entry } else { *sum };
        *sum = TallyEntry { count: sum.count + entry.count, ..first };
    }

    /// Adds the next segment in file order.
    pub fn add(&mut self, decoder: &SegmentDecoder) {
        let base = self.records;
        let summary: Summary = decoder.summary();
        for (shard, rows) in self.rows.iter_mut().enumerate() {
            let mut bytes = decoder.shard_rows(shard as u32);
            while let Some((mut row, rest)) = Packet::decode(bytes) {
                row.frame_index += base;
                rows.push(row);
                bytes = rest;
            }
            assert!(bytes.is_empty());
        }
        if let (Some(last), Some(first)) = (self.last_timestamp_ns, summary.first_timestamp_ns) {
            if first < last {
                let (byte_offset, record) = summary.first_timestamp_at;
                let diagnostic = Diagnostic::TimeBackwards;
                self.note(TallyEntry { diagnostic, count: 1, byte_offset, record: base + record, detail: 0 });
            }
        }
        for entry in decoder.tally().entries() {
            self.note(TallyEntry { record: base + entry.record, ..entry });
        }
        for (link_type, count) in summary.link_types.as_slice() {
            *self.link_types.entry(*link_type).or_default() += count;
        }
        self.records += summary.records;
        self.decoded += summary.decoded;
        self.diagnosed += summary.diagnosed;
        self.exit_offset = summary.exit_offset;
        self.is_stopped |= summary.is_stopped;
        self.first_timestamp_ns = self.first_timestamp_ns.or(summary.first_timestamp_ns);
        self.last_timestamp_ns = summary.last_timestamp_ns.or(self.last_timestamp_ns);
        self.min_timestamp_ns = self.min_timestamp_ns.into_iter().chain(summary.min_timestamp_ns).min();
        self.max_timestamp_ns = self.max_timestamp_ns.into_iter().chain(summary.max_timestamp_ns).max();
        assert_eq!(summary.records, summary.decoded + summary.diagnosed);
    }
}

/// Reads one segment of `bytes`, pushing `chunk` bytes at a time, on past its end until it says that it is done.
pub fn read_segment(
    bytes: &[u8],
    from: u64,
    end_offset: u64,
    start: Start,
    context: Option<Context>,
    chunk: usize,
) -> Result<SegmentDecoder, CaptureError> {
    let file_len = Some(bytes.len() as u64);
    let config = SegmentConfig { base_offset: from, end_offset, start, context, file_len, shards: SHARDS };
    let mut decoder = SegmentDecoder::new(config)?;
    for piece in bytes[from as usize..].chunks(chunk) {
        decoder.reserve(piece.len()).copy_from_slice(piece);
        if decoder.push(piece.len())? == Progress::Done {
            return Ok(decoder);
        }
    }
    decoder.finish()?;
    Ok(decoder)
}

pub fn read_whole(bytes: &[u8]) -> Result<Answer, CaptureError> {
    let decoder = read_segment(bytes, 0, u64::MAX, Start::FileHead, None, bytes.len().max(1))?;
    let mut answer = Answer::new();
    answer.add(&decoder);
    Ok(answer)
}

/// How the joins went.
#[derive(Debug, Default)]
pub struct Joins {
    pub accepted: usize,
    pub found_nothing: usize,
    pub refused: usize,
}

/// Reads `bytes` cut at `cuts`: every segment but the first searches, with the context known after the file's head.
pub fn read_split(bytes: &[u8], cuts: &[u64], supposed: &Context, joins: &mut Joins) -> Result<Answer, CaptureError> {
    let mut starts = vec![0];
    starts.extend_from_slice(cuts);
    let mut answer = Answer::new();
    let mut at = 0;
    let mut context = vec![];
    for (index, from) in starts.iter().copied().enumerate() {
        let end = starts.get(index + 1).copied().unwrap_or(u64::MAX);
        if index > 0 && at >= end {
            continue;
        }
        let (start, supposed) =
            if index == 0 { (Start::FileHead, None) } else { (Start::Search, Some(supposed.clone())) };
        let mut decoder = read_segment(bytes, from, end, start, supposed, 4096)?;
        if index > 0 {
            let entry_offset = decoder.summary().entry_offset;
            if entry_offset == Some(at) && decoder.entry_context() == context {
                joins.accepted += 1;
            } else {
                match entry_offset {
                    None => joins.found_nothing += 1,
                    Some(_) => joins.refused += 1,
                }
                decoder = read_segment(bytes, at, end, Start::Exact, Some(Context::decode(&context)?), 4096)?;
            }
        }
        answer.add(&decoder);
        at = decoder.summary().exit_offset;
        context = decoder.exit_context();
        if decoder.summary().is_stopped {
            break;
        }
    }
    Ok(answer)
}

/// Reads `bytes` as a pipe would bring them: blocks of `block` bytes, each with what the one before left over.
pub fn read_stream(bytes: &[u8], block: usize) -> Result<Answer, CaptureError> {
    let mut answer = Answer::new();
    let mut at = 0;
    let mut context = vec![];
    let mut leftover = vec![];
    let mut blocks = bytes.chunks(block).peekable();
    loop {
        let piece = blocks.next().unwrap_or_default();
        let start = if context.is_empty() { Start::FileHead } else { Start::Exact };
        let known = if context.is_empty() { None } else { Some(Context::decode(&context)?) };
        let config = SegmentConfig {
            base_offset: at,
            end_offset: u64::MAX,
            start,
            context: known,
            file_len: None,
            shards: SHARDS,
        };
        let mut decoder = SegmentDecoder::new(config)?;
        let pushed = [&leftover[..], piece].concat();
        decoder.reserve(pushed.len()).copy_from_slice(&pushed);
        decoder.push(pushed.len())?;
        let is_last = blocks.peek().is_none();
        if is_last {
            decoder.finish()?;
        }
        answer.add(&decoder);
        at = decoder.summary().exit_offset;
        context = decoder.exit_context();
        leftover = decoder.leftover().to_vec();
        if is_last || decoder.summary().is_stopped {
            return Ok(answer);
        }
    }
}
