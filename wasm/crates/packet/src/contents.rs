//! What a pairing compares of a packet beyond its headers: a keyed hash of the payload that both ends kept, and what the
//! transport checksum says. It goes over all captured bytes, so it is made only where two captures are compared.

use crate::checksum::{checksum_of, checksum_sum};
use crate::ip::Span;
use crate::keyed::{keyed, Key};
use crate::row::{Packet, MAX_PREFIX};
use crate::transport::{TCP, UDP};

/// How contents are made comparable.
#[derive(Clone, Copy, Debug)]
pub struct Comparison {
    /// Key of the hash.
    pub key: Key,
    /// Payload bytes of a datagram that both ends kept at least.
    pub bytes: u32,
    /// Are checksums verified, and segments compared as a whole?
    pub verifies: bool,
}

/// What a transport checksum is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checksum {
    /// Not looked at, or not to be told: another protocol, a fragment, or not all bytes are there.
    #[default]
    Unknown = 0,
    /// That of the bytes.
    Right = 1,
    /// Not that of the bytes.
    Wrong = 2,
    /// UDP without one (RFC 768).
    Absent = 3,
    /// The sum over the pseudo header alone: the card was to add the rest when it sent it.
    Partial = 4,
}

/// What a packet is compared by; all zero where nothing was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Keyed hash of a datagram's payload as far as both ends kept it, of a segment's where it is whole and checksums are asked
    /// for; 0 where the first 64 bytes say as much, or where fewer bytes were captured.
    pub hash: u64,
    /// The checksum field of TCP and UDP; 0 where it was not captured.
    pub field: u16,
    /// What it is.
    pub checksum: Checksum,
}

impl Contents {
    /// Bytes of it in a row.
    pub(crate) const BYTES: usize = 11;

    pub(crate) fn encode(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let (hash, rest) = bytes.split_at_mut(8);
        hash.copy_from_slice(&self.hash.to_le_bytes());
        let (field, verdict) = rest.split_at_mut(2);
        field.copy_from_slice(&self.field.to_le_bytes());
        verdict.fill(self.checksum as u8);
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (hash, rest) = bytes.split_first_chunk::<8>()?;
        let [low, high, verdict] = rest.first_chunk::<3>()?;
        let checksum = match verdict {
            1 => Checksum::Right,
            2 => Checksum::Wrong,
            3 => Checksum::Absent,
            4 => Checksum::Partial,
            _ => Checksum::Unknown,
        };
        Some(Contents { hash: u64::from_le_bytes(*hash), field: u16::from_le_bytes([*low, *high]), checksum })
    }
}

impl Comparison {
    /// Of a packet whose headers are read; `segment` is the transport header and `payload` what is behind it.
    #[inline(never)]
    pub(crate) fn of(&self, packet: &Packet, segment: Span<'_>, payload: Span<'_>) -> Contents {
        let mut contents = Contents::default();
        if packet.protocol != UDP && packet.protocol != TCP {
            return contents;
        }
        let is_udp = packet.protocol == UDP;
        let wanted = if is_udp { payload.wire.min(self.bytes) } else { payload.wire } as usize;
        // Segments are told apart by their place in the stream; whether their bytes changed is asked once.
        if wanted > MAX_PREFIX && (is_udp || self.verifies) {
            if let Some(kept) = payload.data.get(..wanted) {
                contents.hash = keyed(self.key, &[u64::from(payload.wire)], kept).max(1);
            }
        }
        if packet.fragment_offset_bytes != 0 {
            return contents;
        }
        let place = if is_udp { 6 } else { 16 };
        let Some(field) = segment.data.get(place..).and_then(|tail| tail.first_chunk::<2>()) else { return contents };
        contents.field = u16::from_be_bytes(*field);
        if self.verifies && !packet.is_fragment {
            contents.checksum = verdict(packet, segment, contents.field);
        }
        contents
    }
}

fn verdict(packet: &Packet, segment: Span<'_>, field: u16) -> Checksum {
    if packet.protocol == UDP && field == 0 {
        return Checksum::Absent;
    }
    // A UDP length below the IP length ends what the sum is over.
    let stated = match segment.data.get(4..6) {
        Some([high, low]) if packet.protocol == UDP => u32::from(u16::from_be_bytes([*high, *low])),
        _ => 0,
    };
    let whole = if stated == 0 { segment } else { segment.limit(stated) };
    let ends = if packet.ip_version == 4 { 12 } else { 0 };
    let address = |bytes: &[u8; 16]| checksum_sum(bytes.get(ends..).unwrap_or_default());
    let hosts = [address(&packet.src), address(&packet.dst), u32::from(packet.protocol)];
    let pseudo = |len: u32| [hosts[0], hosts[1], hosts[2], (len & 0xffff) + (len >> 16)];
    let is_whole = whole.data.len() as u32 >= whole.wire;
    let [a, b, c, d] = pseudo(whole.wire);
    if is_whole && checksum_of(&[a, b, c, d, checksum_sum(whole.data)]) == 0 {
        return Checksum::Right;
    }
    // With the length in it, or as segmentation offload wants it, without.
    let is_partial = [whole.wire, 0].iter().any(|len| !checksum_of(&pseudo(*len)) == field);
    match (is_partial, is_whole) {
        (true, _) => Checksum::Partial,
        (false, true) => Checksum::Wrong,
        (false, false) => Checksum::Unknown,
    }
}
