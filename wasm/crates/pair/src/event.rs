//! What the matcher tells the host: one record of fixed size per packet matched, missing, extra or copied.

use packet::Checksum;

/// Bytes of a record: four f64, then twelve u32.
pub const EVENT_BYTES: usize = 80;
/// No flow: a lane that is on the path without being joined.
pub const NO_FLOW: u32 = u32::MAX;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// At both ends.
    Pair = 0,
    /// At the sender's end only.
    Missing = 1,
    /// At the receiver's end only.
    Extra = 2,
    /// Again at the receiver's end.
    Duplicate = 3,
    /// Again at the sender's end, the very same packet: the capture's doing.
    CaptureCopy = 4,
    /// Too little captured to compare.
    Unkeyable = 5,
    /// A "too big" message, at the end that it was captured at.
    TooBig = 6,
    /// At the receiver's end only: how long an acknowledgment took that had to leave at once. The difference is that time, the
    /// frame of that end the segment's, `extra` the acknowledgment's.
    Answer = 7,
}

/// Bits of `flags`.
pub mod flag {
    /// The two times belong to the same bytes: the difference is a delay.
    pub const TIMED: u32 = 1;
    /// Content did not tell it from others.
    pub const AMBIGUOUS: u32 = 2;
    /// Its bytes were acknowledged and never sent again: it arrived, and the receiver's capture missed it.
    pub const ACKNOWLEDGED: u32 = 4;
    /// Its bytes were sent again later.
    pub const SENT_AGAIN: u32 = 8;
    /// Other segment borders at the two ends.
    pub const RESEGMENTED: u32 = 16;
    /// The same place, other bytes.
    pub const REWRITTEN: u32 = 32;
    /// A SYN without ACK.
    pub const OPENS: u32 = 64;
    /// Part of it arrived.
    pub const PARTLY: u32 = 128;
    /// A fragment.
    pub const FRAGMENT: u32 = 256;
}

/// One record.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    pub what: What,
    pub flags: u32,
    pub flow: u32,
    pub way: u32,
    /// On the client's clock (moved there by the offset where only the server saw it).
    pub time: i64,
    /// Server time minus client time minus the offset; None without both.
    pub difference: Option<i64>,
    /// The silence at the end that misses it, around the time it was due there: start on that end's clock, and length.
    pub silence: Option<(i64, i64)>,
    pub client_frame: u32,
    pub server_frame: u32,
    pub ip_len: u32,
    /// TTL and traffic class at sender and receiver.
    pub header: [u8; 4],
    pub mss: [u16; 2],
    pub payload_len: u32,
    pub protocol: u8,
    /// At sender and receiver; of a packet that one capture lacks, what the other has.
    pub checksums: [Checksum; 2],
    /// MTU of a "too big" message; of a pair the IP length at the receiver; of a missing packet which of its way it is.
    pub extra: u32,
    /// Of a pair: which of its way it is at the sender, counted from 0.
    pub index: u32,
}

impl Event {
    /// Appends the record; times are relative to `base`.
    pub fn encode(&self, base: i64, out: &mut Vec<u8>) {
        let number = |value: Option<i64>| value.map_or(f64::NAN, |value| value as f64);
        let (start, length) = match self.silence {
            Some((start, length)) => (Some(start.saturating_sub(base)), Some(length)),
            None => (None, None),
        };
        for value in [(self.time.saturating_sub(base)) as f64, number(self.difference), number(start), number(length)] {
            out.extend_from_slice(&value.to_le_bytes());
        }
        let words = [
            self.what as u32 | self.flags << 8,
            self.flow,
            self.way,
            self.client_frame,
            self.server_frame,
            self.ip_len,
            u32::from_le_bytes(self.header),
            u32::from(self.mss[0]) | u32::from(self.mss[1]) << 16,
            self.payload_len,
            u32::from(self.protocol) | (self.checksums[0] as u32) << 8 | (self.checksums[1] as u32) << 16,
            self.extra,
            self.index,
        ];
        for word in words {
            out.extend_from_slice(&word.to_le_bytes());
        }
    }
}
