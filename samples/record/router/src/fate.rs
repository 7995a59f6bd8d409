//! What became of every packet, as the recorder reads it: 48 bytes each, little-endian.
//!
//! | at | bytes | |
//! |---|---|---|
//! | 0 | 8 | UTC ns when its sender gave it to the device |
//! | 8 | 8 | UTC ns when it was written to its receiver's device; 0 where it was not |
//! | 16 | 8 | identity (packet.rs) |
//! | 24 | 8 | ns it was meant to wait in the queue |
//! | 32 | 8 | ns it was meant to take in all |
//! | 40 | 2 | IP length |
//! | 42 | 2 | home |
//! | 44 | 1 | direction: 0 up (home → server), 1 down |
//! | 45 | 1 | fate |
//! | 46 | 1 | IP protocol |
//! | 47 | 1 | DSCP it came with |

use std::fs::File;
use std::io::{self, BufWriter, Write};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Fate {
    Delivered = 0,
    Lost = 1,
    QueueFull = 2,
    TooBigTold = 3,
    TooBigSilent = 4,
    /// The second copy of a delivered packet.
    Duplicate = 5,
    /// Delivered, and held back so that later ones passed it.
    Reordered = 6,
    /// No mapping, no life left, or no IPv4.
    Refused = 7,
    /// Made by the router: an ICMP error.
    Told = 8,
    /// The receiver's device did not take it.
    Unwritten = 9,
    /// Still under way when the world ended.
    UnderWay = 10,
}

#[derive(Clone, Copy, Debug)]
pub struct Record {
    pub in_ns: i64,
    pub out_ns: i64,
    pub identity: u64,
    pub queue_ns: i64,
    pub planned_ns: i64,
    pub len: u16,
    pub home: u16,
    pub way: u8,
    pub fate: Fate,
    pub protocol: u8,
    pub dscp: u8,
}

impl Record {
    pub fn bytes(&self) -> [u8; 48] {
        let mut out = [0; 48];
        out[0..8].copy_from_slice(&self.in_ns.to_le_bytes());
        out[8..16].copy_from_slice(&self.out_ns.to_le_bytes());
        out[16..24].copy_from_slice(&self.identity.to_le_bytes());
        out[24..32].copy_from_slice(&self.queue_ns.to_le_bytes());
        out[32..40].copy_from_slice(&self.planned_ns.to_le_bytes());
        out[40..42].copy_from_slice(&self.len.to_le_bytes());
        out[42..44].copy_from_slice(&self.home.to_le_bytes());
        out[44..48].copy_from_slice(&[self.way, self.fate as u8, self.protocol, self.dscp]);
        out
    }
}

pub struct Log {
    out: BufWriter<File>,
}

impl Log {
    pub fn create(path: &str) -> io::Result<Log> {
        // A write to the file must be rare: it may wait for the disk.
        Ok(Log { out: BufWriter::with_capacity(1 << 20, File::create(path)?) })
    }

    pub fn add(&mut self, record: &Record) -> io::Result<()> {
        self.out.write_all(&record.bytes())
    }

    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}
