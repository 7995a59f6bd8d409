//! Capture bytes → rewritten records. The host pushes bytes, maps the names that are missing, and takes records.

use crate::names::Key;
use crate::selector::Selectors;
use crate::Redactor;
use alloc::vec::Vec;
use capture::{read_head, Head, Record, RecordTime, Step, Walker};
use columns::CaptureError;
use packet::{decode, Outcome, Packet, Tcp};

/// What to take and how to rewrite it.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// None takes every record.
    pub selectors: Option<Selectors>,
    /// How to rewrite.
    pub redactor: Redactor,
}

/// Does the reader want more bytes?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Yes.
    More,
    /// No: a header that cannot be ended the capture.
    Done,
}

/// A record that was chosen, as captured.
#[derive(Clone, Debug)]
struct Chosen {
    selector: u32,
    link_type: u32,
    frame_index: u32,
    timestamp_ns: Option<i64>,
    original_len: u32,
    facts: Facts,
    bytes: Vec<u8>,
}

/// What tells a packet of a conversation from another: the host picks the few that show a claim by them.
#[derive(Clone, Copy, Debug, Default)]
struct Facts {
    tcp: Tcp,
    payload_len: u32,
    ttl: u8,
    dscp: u8,
    /// Does it come from the lower of the two ends (address, then port)?
    is_from_lower: bool,
}

impl Facts {
    fn of(packet: &Packet) -> Self {
        let (src_port, dst_port) = packet.ports.unwrap_or_default();
        Facts {
            tcp: packet.tcp.unwrap_or_default(),
            payload_len: packet.payload_len_bytes,
            ttl: packet.ttl,
            dscp: packet.dscp,
            is_from_lower: (packet.src, src_port) <= (packet.dst, dst_port),
        }
    }
}

/// Reads one capture from its head.
#[derive(Clone, Debug)]
pub struct Reader {
    config: Config,
    walker: Option<Walker>,
    input: Vec<u8>,
    filled: usize,
    records: u32,
    chosen: Vec<Chosen>,
    is_done: bool,
}

/// Selector number of records taken because every record is.
pub const EVERY: u32 = u32::MAX;

impl Reader {
    /// A reader at the head of a capture.
    pub fn new(config: Config) -> Self {
        Reader { config, walker: None, input: Vec::new(), filled: 0, records: 0, chosen: Vec::new(), is_done: false }
    }

    /// Room for the next `len` bytes.
    pub fn reserve(&mut self, len: usize) -> &mut [u8] {
        let end = self.filled.saturating_add(len);
        if self.input.len() < end {
            self.input.resize(end, 0);
        }
        self.input.get_mut(self.filled..end).unwrap_or_default()
    }

    /// Takes in the first `len` bytes of what `reserve` gave out.
    pub fn push(&mut self, len: usize) -> Result<Progress, CaptureError> {
        self.filled = self.filled.saturating_add(len).min(self.input.len());
        self.read(false)
    }

    /// The capture ends here; a record that was cut is not taken.
    pub fn finish(&mut self) -> Result<Progress, CaptureError> {
        self.read(true)
    }

    fn read(&mut self, is_whole: bool) -> Result<Progress, CaptureError> {
        let mut read = 0;
        if self.walker.is_none() {
            let bytes = self.input.get(..self.filled).unwrap_or_default();
            if let Head::Ready { context, len } = read_head(bytes, is_whole)? {
                self.walker = Some(Walker::new(context, len as u64));
                read = len;
            }
        }
        if let Some(walker) = &mut self.walker {
            while !self.is_done {
                let before = walker.offset();
                match walker.step(self.input.get(read..self.filled).unwrap_or_default()) {
                    Step::Record(record) => {
                        choose(&mut self.config.selectors, &record, self.records, &mut self.chosen);
                        self.records = self.records.saturating_add(1);
                    }
                    Step::NotAPacket { .. } => self.records = self.records.saturating_add(1),
                    Step::Block { .. } => {}
                    Step::NeedMore(_) => break,
                    Step::Corrupt => self.is_done = true,
                }
                read += (walker.offset() - before) as usize;
            }
        }
        self.input.copy_within(read..self.filled, 0);
        self.filled -= read;
        Ok(if self.is_done { Progress::Done } else { Progress::More })
    }

    /// Records and numbered blocks seen so far.
    pub fn records(&self) -> u32 {
        self.records
    }

    /// Names in the chosen records that nobody has mapped: kind and 16 bytes each.
    pub fn missing(&mut self) -> Vec<u8> {
        for chosen in &self.chosen {
            let mut bytes = chosen.bytes.clone();
            self.config.redactor.rewrite(chosen.link_type, &mut bytes);
        }
        let mut out = Vec::new();
        for key in self.config.redactor.names.take_missing() {
            out.push(key.kind as u8);
            out.extend_from_slice(&key.bytes);
        }
        out
    }

    /// Says what a name becomes.
    pub fn map(&mut self, key: Key, becomes: [u8; 16]) {
        self.config.redactor.names.insert(key, becomes);
    }

    /// Takes the chosen records, rewritten. Each: selector, link type, 0-based record number, flags (1 = has a time),
    /// original length, captured length, payload offset, payload length, TCP sequence and acknowledgment number, TCP flags,
    /// payload length by the IP length, TTL, DSCP, 1 when sent by the lower end, 0, u32 each; time i64; the rewritten bytes;
    /// the payload as captured, for the keyed hash that the host writes instead of it.
    pub fn take(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        for mut chosen in core::mem::take(&mut self.chosen) {
            let (original, facts) = (chosen.bytes.clone(), chosen.facts);
            let payload = self.config.redactor.rewrite(chosen.link_type, &mut chosen.bytes);
            let (at, len) = payload.unwrap_or_default();
            let secret = original.get(at..at + len).unwrap_or_default();
            for word in [
                chosen.selector,
                chosen.link_type,
                chosen.frame_index,
                u32::from(chosen.timestamp_ns.is_some()),
                chosen.original_len,
                chosen.bytes.len() as u32,
                at as u32,
                secret.len() as u32,
                facts.tcp.seq,
                facts.tcp.ack,
                u32::from(facts.tcp.flags),
                facts.payload_len,
                u32::from(facts.ttl),
                u32::from(facts.dscp),
                u32::from(facts.is_from_lower),
                0,
            ] {
                out.extend_from_slice(&word.to_le_bytes());
            }
            out.extend_from_slice(&chosen.timestamp_ns.unwrap_or_default().to_le_bytes());
            out.extend_from_slice(&chosen.bytes);
            out.extend_from_slice(secret);
        }
        out
    }
}

fn choose(selectors: &mut Option<Selectors>, record: &Record<'_>, number: u32, chosen: &mut Vec<Chosen>) {
    let timestamp_ns = match record.time {
        RecordTime::At(at) | RecordTime::Doubtful(at) => Some(at),
        RecordTime::OutOfRange | RecordTime::Absent => None,
    };
    let Some(link_type) = record.link_type else { return };
    let mut packet = Packet::default();
    let outcome = decode(link_type, record.data, record.original_len, &mut packet);
    packet.timestamp_ns = timestamp_ns;
    let is_packet = matches!(outcome, Outcome::Row { .. });
    let facts = if is_packet { Facts::of(&packet) } else { Facts::default() };
    let mut take = |selector| {
        chosen.push(Chosen {
            selector,
            link_type,
            frame_index: number,
            timestamp_ns,
            original_len: record.original_len,
            facts,
            bytes: record.data.into(),
        });
    };
    match selectors {
        None => take(EVERY),
        Some(selectors) if is_packet => selectors.wanting(&packet, take),
        Some(_) => {}
    }
}
