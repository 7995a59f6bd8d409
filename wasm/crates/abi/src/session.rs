//! What a session does with the host's calls. Safe code: addresses are made in `exports.rs` only.

use crate::blob::Fields;
use capture::{Context, SubSecond};
use columns::{encode_tally, CaptureError, Table, TABLES};
use extract::{Key, Kind, Reader, Selector, Selectors};
use filter::{Filter, FilterError};
use flow::Analyzer;
use packet::{Comparison, Progress, SegmentConfig, SegmentDecoder, Start};
use pair::{Pairer, Step, Steps};
use unpack::{Fault, Format, Need, Unpacker};

/// Answer of `push` and `finish`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// Go on.
    More = 0,
    /// Decode: the segment's end was passed; further bytes are not needed.
    Done = 1,
    /// `last_error` has the facts.
    Error = 2,
}

/// Input tags.
mod tag {
    pub const CONFIG: u32 = 0;
    pub const BYTES: u32 = 1;
    pub const STATE: u32 = 2;
    pub const ROWS: u32 = 3;
    pub const NAMES: u32 = 4;
    pub const STEPS: u32 = 5;
}

/// Output names; `ROWS + s` is shard s.
mod what {
    pub const SUMMARY: u32 = 0;
    pub const EXIT_CONTEXT: u32 = 1;
    pub const ENTRY_CONTEXT: u32 = 2;
    pub const TALLY: u32 = 3;
    pub const LEFTOVER: u32 = 4;
    pub const STATE: u32 = 5;
    pub const QUALITY: u32 = 6;
    pub const MISSING: u32 = 7;
    pub const RECORDS: u32 = 8;
    pub const WANTED: u32 = 9;
    pub const EVENTS: u32 = 10;
    pub const REPORT: u32 = 11;
    pub const ROWS: u32 = 16;
}

/// Error codes of the boundary itself; those of `CaptureError` are below 1000.
mod fault {
    pub const MISUSE: u32 = 1000;
    pub const BAD_STATE: u32 = 1001;
    /// Compressed bytes that cannot be unpacked further: this plus the number of `unpack::Fault`.
    pub const UNPACK: u32 = 2000;
    /// A filter that cannot be read: this plus the number of `FilterFault`; the offset is that of the word in it, a its length.
    pub const FILTER: u32 = 3000;
}

enum Work {
    /// Not yet configured.
    Idle {
        kind: u32,
    },
    Decode(Box<SegmentDecoder>),
    Flow(Box<Analyzer>),
    Unpack(Box<Unpacker>),
    Extract(Box<Reader>),
    Pair(Box<Pairer>),
}

/// One session: decodes of byte ranges one after the other, the flow analysis of one shard, one compressed stream, an
/// extract from one capture, or the pairing of two.
pub struct Session {
    work: Work,
    /// The tables hold rows of a round that the host was told of: the next rows begin another.
    is_told: bool,
    scratch: Vec<u8>,
    blob: Vec<u8>,
    pair: [u32; 2],
    descriptor: Vec<u32>,
    error: Vec<u8>,
}

fn address(bytes: &[u8]) -> u32 {
    bytes.as_ptr() as usize as u32
}

impl Session {
    pub fn open(kind: u32) -> Option<Self> {
        (1..=5).contains(&kind).then(|| Session {
            work: Work::Idle { kind },
            is_told: false,
            scratch: Vec::new(),
            blob: Vec::new(),
            pair: [0; 2],
            descriptor: Vec::new(),
            error: Vec::new(),
        })
    }

    pub fn reserve(&mut self, tag: u32, len: usize) -> &mut [u8] {
        match (&mut self.work, tag) {
            (Work::Decode(decoder), tag::BYTES) => decoder.reserve(len),
            (Work::Extract(reader), tag::BYTES) => reader.reserve(len),
            _ => {
                if self.scratch.len() < len {
                    self.scratch.resize(len, 0);
                }
                self.scratch.get_mut(..len).unwrap_or_default()
            }
        }
    }

    pub fn push(&mut self, tag: u32, len: usize) -> Status {
        if let (Work::Decode(decoder), tag::BYTES) = (&mut self.work, tag) {
            return match decoder.push(len) {
                Ok(Progress::More) => Status::More,
                Ok(Progress::Done) => Status::Done,
                Err(error) => self.fail_capture(error),
            };
        }
        if let (Work::Extract(reader), tag::BYTES) = (&mut self.work, tag) {
            return match reader.push(len) {
                Ok(extract::Progress::More) => Status::More,
                Ok(extract::Progress::Done) => Status::Done,
                Err(error) => self.fail_capture(error),
            };
        }
        let scratch = core::mem::take(&mut self.scratch);
        let status = self.push_scratch(tag, scratch.get(..len).unwrap_or_default());
        self.scratch = scratch;
        status
    }

    fn push_scratch(&mut self, tag: u32, bytes: &[u8]) -> Status {
        match (&mut self.work, tag) {
            (work @ (Work::Idle { kind: 1 } | Work::Decode(_)), tag::CONFIG) => match decode_config(bytes) {
                Some(Ok(Asked { config, filter, comparison })) => {
                    if let Err(error) = begin_segment(work, config) {
                        return self.fail_capture(error);
                    }
                    if let Work::Decode(decoder) = work {
                        if let Some(filter) = filter {
                            decoder.set_filter(filter);
                        }
                        if let Some(comparison) = comparison {
                            decoder.set_comparison(comparison);
                        }
                    }
                }
                Some(Err(Refused::Capture(error))) => return self.fail_capture(error),
                Some(Err(Refused::Filter(error))) => {
                    return self.fact(fault::FILTER + error.fault as u32, error.column as u64, error.len as u64, 0)
                }
                None => return self.fail(fault::MISUSE, u64::from(tag), 0),
            },
            (Work::Idle { kind: 2 }, tag::CONFIG) => match flow_config(bytes) {
                Some(config) => self.work = Work::Flow(Box::new(Analyzer::new(config))),
                None => return self.fail(fault::MISUSE, u64::from(tag), 0),
            },
            (Work::Idle { kind: 3 }, tag::CONFIG) => match bytes {
                [0] => self.work = Work::Unpack(Box::new(Unpacker::new(Format::Zstd))),
                [1] => self.work = Work::Unpack(Box::new(Unpacker::new(Format::Lz4))),
                _ => return self.fail(fault::MISUSE, u64::from(tag), 0),
            },
            (Work::Unpack(unpacker), tag::BYTES) => {
                unpacker.push(bytes);
                return match unpacker.run() {
                    Ok(Need::Input) => Status::More,
                    Ok(Need::Room) => Status::Done,
                    Err(fault) => self.fail_unpack(fault),
                };
            }
            (Work::Idle { kind: 4 }, tag::CONFIG) => match extract_config(bytes) {
                Some(config) => self.work = Work::Extract(Box::new(Reader::new(config))),
                None => return self.fail(fault::MISUSE, u64::from(tag), 0),
            },
            (Work::Idle { kind: 5 }, tag::CONFIG) => {
                let mut fields = Fields::new(bytes);
                match (fields.u64(), fields.u64()) {
                    (Some(first), Some(second)) => {
                        let config = pair::Config { key: pair::Key(first, second) };
                        self.work = Work::Pair(Box::new(Pairer::new(config)));
                    }
                    _ => return self.fail(fault::MISUSE, u64::from(tag), 0),
                }
            }
            (Work::Pair(pairer), tag::ROWS) => {
                let mut fields = Fields::new(bytes);
                let (Some(end), Some(frame_base)) = (fields.u32(), fields.u32()) else {
                    return self.fail(fault::MISUSE, u64::from(tag), 0);
                };
                if pairer.rows(end as usize, frame_base, fields.rest()).is_none() {
                    return self.fail(fault::BAD_STATE, bytes.len() as u64, 1);
                }
            }
            (Work::Pair(pairer), tag::STEPS) => {
                let mut fields = Fields::new(bytes);
                let mut steps = Vec::new();
                while let (Some(end), Some(last), Some(frame)) = (fields.u32(), fields.u32(), fields.u32()) {
                    let (Some(delta), Some(silent)) = (fields.i64(), fields.i64()) else { break };
                    steps.push(Step { end: end as usize, last, frame, delta, silent });
                }
                if !pairer.again(Steps::new(steps)) {
                    return self.fail(fault::MISUSE, u64::from(tag), 0);
                }
            }
            (Work::Extract(reader), tag::NAMES) => {
                let mut fields = Fields::new(bytes);
                while let Some((key, becomes)) = name(&mut fields) {
                    reader.map(key, becomes);
                }
            }
            (Work::Flow(analyzer), tag::STATE) => {
                if analyzer.import(bytes).is_err() {
                    return self.fail(fault::BAD_STATE, bytes.len() as u64, 0);
                }
            }
            (Work::Flow(analyzer), tag::ROWS) => {
                let mut fields = Fields::new(bytes);
                let Some(frame_base) = fields.u32() else {
                    return self.fail(fault::MISUSE, u64::from(tag), 0);
                };
                if core::mem::take(&mut self.is_told) {
                    analyzer.clear_tables();
                }
                if analyzer.rows(fields.rest(), frame_base).is_err() {
                    return self.fail(fault::BAD_STATE, bytes.len() as u64, 1);
                }
            }
            _ => return self.fail(fault::MISUSE, u64::from(tag), 1),
        }
        Status::More
    }

    pub fn finish(&mut self, mode: u32) -> Status {
        match &mut self.work {
            Work::Decode(decoder) => match decoder.finish() {
                Ok(()) => Status::Done,
                Err(error) => self.fail_capture(error),
            },
            Work::Flow(analyzer) => {
                if core::mem::replace(&mut self.is_told, true) {
                    analyzer.clear_tables();
                }
                if mode == 1 {
                    analyzer.finish();
                }
                Status::Done
            }
            Work::Unpack(unpacker) => match unpacker.finish() {
                Ok(()) => Status::Done,
                Err(fault) => self.fail_unpack(fault),
            },
            Work::Extract(reader) => match reader.finish() {
                Ok(_) => Status::Done,
                Err(error) => self.fail_capture(error),
            },
            Work::Pair(pairer) => match mode {
                0 | 1 => {
                    pairer.end(mode as usize);
                    Status::More
                }
                _ if pairer.advance() => Status::More,
                _ => Status::Done,
            },
            Work::Idle { .. } => self.fail(fault::MISUSE, u64::from(mode), 2),
        }
    }

    /// See `what`: summary, contexts, tally and rows of a decode; state and tally of a shard; of a stream, whatever
    /// the number, the bytes that the last push unpacked; the number of records read, unmapped names and rewritten
    /// records of an extract (taking the records takes them away); of a pairing the reading under way, which end it wants
    /// (2 = none) and how many payload bytes are compared (u32 each), its events (taking takes them away) and its report.
    pub fn output(&mut self, what: u32) -> *const [u32; 2] {
        match &mut self.work {
            Work::Decode(decoder) => match what {
                what::SUMMARY => self.blob = summary_blob(decoder),
                what::EXIT_CONTEXT => self.blob = decoder.exit_context(),
                what::ENTRY_CONTEXT => return Self::point(&mut self.pair, decoder.entry_context()),
                what::TALLY => self.blob = encode_tally(&decoder.tally().entries()),
                what::QUALITY => self.blob = decoder.quality().encode(),
                what::LEFTOVER => return Self::point(&mut self.pair, decoder.leftover()),
                rows => return Self::point(&mut self.pair, decoder.shard_rows(rows.saturating_sub(what::ROWS))),
            },
            Work::Flow(analyzer) => match what {
                what::STATE => self.blob = analyzer.export(),
                what::TALLY => self.blob = encode_tally(&analyzer.tally()),
                _ => self.blob = Vec::new(),
            },
            Work::Unpack(unpacker) => return Self::point(&mut self.pair, unpacker.output()),
            Work::Extract(reader) => match what {
                what::SUMMARY => self.blob = reader.records().to_le_bytes().to_vec(),
                what::MISSING => self.blob = reader.missing(),
                what::RECORDS => self.blob = reader.take(),
                _ => self.blob = Vec::new(),
            },
            Work::Pair(pairer) => match what {
                what::WANTED => {
                    self.blob.clear();
                    let wanted = pairer.wanted().map_or(2, |end| end as u32);
                    for word in [pairer.phase() as u32, wanted, pairer.compared_bytes()] {
                        self.blob.extend_from_slice(&word.to_le_bytes());
                    }
                }
                what::EVENTS => self.blob = pairer.take_events(),
                what::REPORT => self.blob = pairer.report(),
                _ => self.blob = Vec::new(),
            },
            Work::Idle { .. } => self.blob = Vec::new(),
        }
        Self::point(&mut self.pair, &self.blob)
    }

    fn point(pair: &mut [u32; 2], bytes: &[u8]) -> *const [u32; 2] {
        *pair = [address(bytes), bytes.len() as u32];
        pair
    }

    /// `rows, columns`, then per column `data address, data bytes, validity address, validity bytes, nulls`.
    pub fn table(&mut self, id: u32) -> *const u32 {
        self.descriptor.clear();
        let table_id = TABLES.get(id as usize).map(|&(table_id, _)| table_id);
        if let (Work::Flow(analyzer), Some(table_id)) = (&self.work, table_id) {
            describe(analyzer.table(table_id), &mut self.descriptor);
        } else {
            self.descriptor.extend_from_slice(&[0, 0]);
        }
        self.descriptor.as_ptr()
    }

    pub fn last_error(&mut self) -> *const [u32; 2] {
        Self::point(&mut self.pair, &self.error)
    }

    fn fail_capture(&mut self, error: CaptureError) -> Status {
        self.fact(error.code as u32, error.offset, error.a, error.b)
    }

    /// The offset is that of the compressed bytes.
    fn fail_unpack(&mut self, given: Fault) -> Status {
        let offset = match &self.work {
            Work::Unpack(unpacker) => unpacker.position(),
            _ => 0,
        };
        self.fact(fault::UNPACK + given as u32, offset, 0, 0)
    }

    fn fail(&mut self, code: u32, a: u64, b: u64) -> Status {
        self.fact(code, 0, a, b)
    }

    fn fact(&mut self, code: u32, offset: u64, a: u64, b: u64) -> Status {
        self.error.clear();
        self.error.extend_from_slice(&u64::from(code).to_le_bytes());
        for value in [offset, a, b] {
            self.error.extend_from_slice(&value.to_le_bytes());
        }
        Status::Error
    }
}

/// Reads the next segment with the decoder of the one before, in its memory, or with a first one.
fn begin_segment(work: &mut Work, config: SegmentConfig) -> Result<(), CaptureError> {
    match work {
        Work::Decode(decoder) => decoder.restart(config),
        _ => {
            *work = Work::Decode(Box::new(SegmentDecoder::new(config)?));
            Ok(())
        }
    }
}

fn describe(table: &Table, out: &mut Vec<u32>) {
    out.push(table.rows() as u32);
    out.push(table.columns.len() as u32);
    for column in &table.columns {
        out.extend_from_slice(&[
            address(&column.data),
            column.data.len() as u32,
            address(&column.validity),
            column.validity.len() as u32,
            column.nulls as u32,
        ]);
    }
}

enum Refused {
    Capture(CaptureError),
    Filter(FilterError),
}

/// What is to be decoded.
struct Asked {
    config: SegmentConfig,
    filter: Option<Filter>,
    comparison: Option<Comparison>,
}

/// base_offset u64, end_offset u64, file_len u64 (MAX = unknown), start u32 (0 head, 1 exact, 2 search), shards u32; key of a
/// comparison u64 twice, its bytes u32, flags u32 (1 = there is one, 2 = with checksums); length of the filter u32, the
/// filter, then the context, empty at a file's head.
fn decode_config(bytes: &[u8]) -> Option<Result<Asked, Refused>> {
    let mut fields = Fields::new(bytes);
    let base_offset = fields.u64()?;
    let end_offset = fields.u64()?;
    let file_len = fields.u64()?;
    let start = match fields.u32()? {
        0 => Start::FileHead,
        1 => Start::Exact,
        2 => Start::Search,
        _ => return None,
    };
    let shards = fields.u32()?;
    let key = pair::Key(fields.u64()?, fields.u64()?);
    let (bytes_compared, flags) = (fields.u32()?, fields.u32()?);
    let comparison = (flags & 1 != 0).then_some(Comparison { key, bytes: bytes_compared, verifies: flags & 2 != 0 });
    let filter_len = fields.u32()? as usize;
    let (filter, rest) = fields.rest().split_at_checked(filter_len)?;
    let filter = match core::str::from_utf8(filter).ok()? {
        "" => None,
        text => match Filter::parse(text) {
            Ok(filter) => Some(filter),
            Err(error) => return Some(Err(Refused::Filter(error))),
        },
    };
    let context = match rest {
        [] => None,
        bytes => match Context::decode(bytes) {
            Ok(context) => Some(context),
            Err(error) => return Some(Err(Refused::Capture(error))),
        },
    };
    let file_len = (file_len != u64::MAX).then_some(file_len);
    let config = SegmentConfig { base_offset, end_offset, start, context, file_len, shards };
    Some(Ok(Asked { config, filter, comparison }))
}

/// tables u32 (bit per table id), flags u32 (1 = as Wireshark 4.0, 2 = without copies), bin_ns i64, idle_timeout_ns i64.
fn flow_config(bytes: &[u8]) -> Option<flow::Config> {
    let mut fields = Fields::new(bytes);
    let tables = fields.u32()?;
    let flags = fields.u32().filter(|flags| *flags < 4)?;
    let (as_wireshark, without_copies) = (flags & 1 != 0, flags & 2 != 0);
    Some(flow::Config { tables, bin_ns: fields.i64()?, idle_timeout_ns: fields.i64()?, as_wireshark, without_copies })
}

/// flags u32 (1 = every record, 2 = take an offset from TCP timestamps, 4 = keep names), reserved u32, the offset's key
/// u64, then selectors: two addresses of 16 bytes, from and to i64, two ports, the protocol and the limit u32 each.
fn extract_config(bytes: &[u8]) -> Option<extract::Config> {
    let mut fields = Fields::new(bytes);
    let flags = fields.u32()?;
    fields.u32()?;
    let key = fields.u64()?;
    let mut selectors = Vec::new();
    while let Some(first) = fields.bytes16() {
        let second = fields.bytes16()?;
        let (from_ns, to_ns) = (fields.i64()?, fields.i64()?);
        let ends = [(first, fields.u32()? as u16), (second, fields.u32()? as u16)];
        selectors.push(Selector { ends, protocol: fields.u32()? as u8, from_ns, to_ns, limit: fields.u32()? });
    }
    let mut config =
        extract::Config { selectors: (flags & 1 == 0).then(|| Selectors::new(&selectors)), ..Default::default() };
    config.redactor.timestamp_key = (flags & 2 != 0).then_some(key);
    config.redactor.names.is_kept = flags & 4 != 0;
    Some(config)
}

/// kind u32, the name and what it becomes, 16 bytes each.
fn name(fields: &mut Fields<'_>) -> Option<(Key, [u8; 16])> {
    let kind = Kind::of(fields.u32()? as u8)?;
    let bytes = fields.bytes16()?;
    Some((Key { kind, bytes }, fields.bytes16()?))
}

/// entry u64 (MAX = none found), exit u64, records, decoded, diagnosed u32, flags u32 (1 = has times, 2 = stopped),
/// min, max, first and last timestamp i64, offset u64 and record u32 of the first timestamp, format u32 (0 unknown yet,
/// 1 pcap in µs, 2 pcap in ns, 3 pcapng), link types u32, and per link type its number and its records, u32 each.
fn summary_blob(decoder: &SegmentDecoder) -> Vec<u8> {
    let summary = decoder.summary();
    let flags = u32::from(summary.first_timestamp_ns.is_some()) | (u32::from(summary.is_stopped) << 1);
    let mut out = Vec::new();
    out.extend_from_slice(&summary.entry_offset.unwrap_or(u64::MAX).to_le_bytes());
    out.extend_from_slice(&summary.exit_offset.to_le_bytes());
    for word in [summary.records, summary.decoded, summary.diagnosed, flags] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    for time in
        [summary.min_timestamp_ns, summary.max_timestamp_ns, summary.first_timestamp_ns, summary.last_timestamp_ns]
    {
        out.extend_from_slice(&time.unwrap_or_default().to_le_bytes());
    }
    let (offset, record) = summary.first_timestamp_at;
    out.extend_from_slice(&offset.to_le_bytes());
    out.extend_from_slice(&record.to_le_bytes());
    let format = match Context::decode(&decoder.exit_context()) {
        Ok(Context::Pcap(pcap)) if pcap.sub_second == SubSecond::Nano => 2u32,
        Ok(Context::Pcap(_)) => 1,
        Ok(Context::Pcapng(_)) => 3,
        Err(_) => 0,
    };
    out.extend_from_slice(&format.to_le_bytes());
    let link_types = summary.link_types.as_slice();
    out.extend_from_slice(&(link_types.len() as u32).to_le_bytes());
    for (link_type, records) in link_types {
        out.extend_from_slice(&link_type.to_le_bytes());
        out.extend_from_slice(&records.to_le_bytes());
    }
    out
}
