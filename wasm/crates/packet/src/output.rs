//! What a walk leaves behind: rows by shard, counts, times. Law 5 is kept here: a record is decoded or diagnosed.

use crate::contents::Comparison;
use crate::decode::{decode_for, quoted, Outcome};
use crate::hash::shard_of;
use crate::quality::Quality;
use crate::row::Packet;
use crate::summary::Summary;
use alloc::vec::Vec;
use capture::{Record, RecordTime, Visitor};
use columns::{Diagnostic, Tally};
use filter::{Filter, Frame};

/// What reading a segment fills.
#[derive(Clone, Debug, Default)]
pub(crate) struct Output {
    packet: Packet,
    pub shards: Vec<Vec<u8>>,
    pub tally: Tally,
    pub summary: Summary,
    pub quality: Quality,
    pub filter: Option<Filter>,
    pub comparison: Option<Comparison>,
}

impl Output {
    /// Empties it for another segment and keeps the memory of its rows.
    pub fn restart(&mut self, shards: usize, summary: Summary) {
        self.tally = Tally::default();
        self.quality = Quality::default();
        self.filter = None;
        self.comparison = None;
        self.summary = summary;
        self.shards.resize_with(shards, Vec::new);
        self.shards.iter_mut().for_each(Vec::clear);
    }

    /// Counts a problem at the next record.
    #[cold]
    pub fn note(&mut self, diagnostic: Diagnostic, offset: u64, detail: u64) {
        self.tally.add(diagnostic, offset, self.summary.records, detail);
    }

    #[inline(always)]
    fn is_left_out(&self, link_type: u32, record: &Record<'_>) -> bool {
        let Some(filter) = &self.filter else { return false };
        !filter.matches(Frame { link_type, data: record.data, wire_len: record.original_len })
    }

    /// An ICMP error goes to the flow it quotes, too.
    #[cold]
    fn tell(&mut self, record: &Record<'_>) {
        let Some(link_type) = record.link_type else { return };
        let Some(mut notice) = quoted(link_type, record.data, record.original_len) else { return };
        notice.frame_index = self.packet.frame_index;
        notice.timestamp_ns = self.packet.timestamp_ns;
        let shard = shard_of(&notice, self.shards.len() as u32);
        if let Some(rows) = self.shards.get_mut(shard as usize) {
            notice.encode(rows);
        }
    }

    #[inline(always)]
    fn time(&mut self, record: &Record<'_>) -> Option<i64> {
        let timestamp_ns = match record.time {
            RecordTime::At(timestamp_ns) => timestamp_ns,
            RecordTime::Doubtful(timestamp_ns) => {
                self.note(Diagnostic::ImplausibleTimestamp, record.offset, 0);
                timestamp_ns
            }
            RecordTime::OutOfRange => {
                self.note(Diagnostic::ImplausibleTimestamp, record.offset, 0);
                return None;
            }
            RecordTime::Absent => {
                if record.link_type.is_some() {
                    self.note(Diagnostic::NoTimestamp, record.offset, 0);
                }
                return None;
            }
        };
        self.quality.time(timestamp_ns, self.summary.last_timestamp_ns, record.offset, self.summary.records);
        if self.summary.add_time(timestamp_ns, record.offset, self.summary.records) {
            self.note(Diagnostic::TimeBackwards, record.offset, 0);
        }
        Some(timestamp_ns)
    }
}

impl Visitor for Output {
    #[inline(always)]
    fn record(&mut self, record: &Record<'_>) {
        let offset = record.offset;
        let timestamp_ns = self.time(record);
        if record.reported_drops != 0 {
            self.note(Diagnostic::ReportedDrops, offset, record.reported_drops);
        }
        self.quality.lengths(record.data.len() as u32, record.original_len);
        let outcome = match record.link_type {
            Some(link_type) if self.is_left_out(link_type, record) => {
                self.summary.link_types.add(link_type);
                Outcome::Diagnosed { diagnostic: Diagnostic::Filtered, detail: 0 }
            }
            Some(link_type) => {
                self.summary.link_types.add(link_type);
                decode_for(self.comparison.as_ref(), link_type, record.data, record.original_len, &mut self.packet)
            }
            None => {
                Outcome::Diagnosed { diagnostic: Diagnostic::UnknownInterface, detail: u64::from(record.interface) }
            }
        };
        match outcome {
            Outcome::Row { notice } => {
                self.packet.frame_index = self.summary.records;
                self.packet.timestamp_ns = timestamp_ns;
                self.quality.packet(&self.packet);
                let shard = shard_of(&self.packet, self.shards.len() as u32);
                if let Some(rows) = self.shards.get_mut(shard as usize) {
                    self.packet.encode(rows);
                }
                if self.packet.is_too_big() {
                    self.tell(record);
                }
                self.summary.decoded = self.summary.decoded.saturating_add(1);
                if let Some(notice) = notice {
                    self.note(notice, offset, 0);
                }
            }
            Outcome::Diagnosed { diagnostic, detail } => {
                self.note(diagnostic, offset, detail);
                self.summary.diagnosed = self.summary.diagnosed.saturating_add(1);
            }
        }
        self.summary.records = self.summary.records.saturating_add(1);
    }

    #[cold]
    fn not_a_packet(&mut self, offset: u64, block_type: u32) {
        self.note(Diagnostic::NotAPacket, offset, u64::from(block_type & 0xffff));
        self.summary.diagnosed = self.summary.diagnosed.saturating_add(1);
        self.summary.records = self.summary.records.saturating_add(1);
    }

    #[cold]
    fn block(&mut self, offset: u64, block_type: u32, reported_drops: u64, is_unknown: bool) {
        if reported_drops != 0 {
            self.note(Diagnostic::ReportedDrops, offset, reported_drops);
        }
        if is_unknown {
            self.note(Diagnostic::SkippedBlock, offset, u64::from(block_type));
        }
    }
}
