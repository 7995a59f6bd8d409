//! The decoded packet, and the flat row in which it travels from a decode worker to a flow worker.
//!
//! Rows are internal: both ends are this crate, compiled into one `.wasm`. Fixed 56 bytes, then the addresses, what a
//! comparison asked for, the TCP or ICMP part, the layers where they are not plain Ethernet and IP, SACK blocks of TCP or the first bytes of a UDP
//! payload; little-endian; a row starts with its own length, so a buffer of rows can be walked.

use crate::contents::Contents;
use crate::way::{Layer, Way};
use alloc::vec::Vec;

/// An end of the internet layer: 16 bytes, IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2).
pub type Address = [u8; 16];

/// Bytes of the fixed part of a row.
const HEAD_BYTES: usize = 56;
/// Two addresses of IPv4, and any two.
const SHORT_ADDRESSES: usize = 8;
const LONG_ADDRESSES: usize = 32;
const TCP_BYTES: usize = 24;
const ICMP_BYTES: usize = 8;
/// SACK blocks that fit into the TCP option space (RFC 2018 3).
pub const MAX_SACK_BLOCKS: usize = 4;

/// Bytes of a UDP payload that travel with its row: the headers of every protocol that the flow stage reads, an RTCP
/// sender report with its first block (52 bytes) the longest of them.
pub const MAX_PREFIX: usize = 64;

/// The first captured bytes of a UDP payload; empty for anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    bytes: [u8; MAX_PREFIX],
    len: u8,
}

impl Default for Prefix {
    fn default() -> Self {
        Prefix { bytes: [0; MAX_PREFIX], len: 0 }
    }
}

impl Prefix {
    /// The first `MAX_PREFIX` of these bytes.
    #[inline]
    pub fn of(payload: &[u8]) -> Self {
        let mut prefix = Prefix::default();
        prefix.set(payload);
        prefix
    }

    /// Takes the first `MAX_PREFIX` of these bytes in place of those it has.
    #[inline(always)]
    pub fn set(&mut self, payload: &[u8]) {
        if let Some(whole) = payload.first_chunk::<MAX_PREFIX>() {
            self.bytes = *whole;
            self.len = MAX_PREFIX as u8;
            return;
        }
        // What is behind the end is zero, so that equal prefixes are equal values.
        self.bytes = [0; MAX_PREFIX];
        let (places, _) = self.bytes.as_chunks_mut::<8>();
        let (words, rest) = payload.as_chunks::<8>();
        for (place, word) in places.iter_mut().zip(words) {
            *place = *word;
        }
        for (place, byte) in self.bytes.iter_mut().skip(payload.len() - rest.len()).zip(rest) {
            *place = *byte;
        }
        self.len = payload.len() as u8;
    }

    /// The bytes.
    #[inline(always)]
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// TCP flag bits as in `tcp_flags` (RFC 9293 3.1).
pub mod tcp_flag {
    #![allow(missing_docs)]
    pub const FIN: u16 = 0x001;
    pub const SYN: u16 = 0x002;
    pub const RST: u16 = 0x004;
    pub const PSH: u16 = 0x008;
    pub const ACK: u16 = 0x010;
    pub const URG: u16 = 0x020;
    pub const ECE: u16 = 0x040;
    pub const CWR: u16 = 0x080;
    pub const AE: u16 = 0x100;
}

/// Transport and option facts of a TCP segment whose fixed header was captured whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tcp {
    /// Raw sequence number.
    pub seq: u32,
    /// Raw acknowledgment number (present even when ACK is clear).
    pub ack: u32,
    /// Flag bits, AE in bit 8.
    pub flags: u16,
    /// Raw window.
    pub window: u16,
    /// TSval and TSecr (RFC 7323).
    pub timestamps: Option<(u32, u32)>,
    /// TSval of an option that was cut behind it; then `timestamps` is None.
    pub lone_tsval: Option<u32>,
    /// MSS option.
    pub mss: Option<u16>,
    /// Window scale option.
    pub window_scale: Option<u8>,
    /// SACK-permitted option.
    pub sack_permitted: bool,
    /// SACK blocks (left, right), `sack_count` of them.
    pub sack: [(u32, u32); MAX_SACK_BLOCKS],
    /// How many of `sack` are filled.
    pub sack_count: u8,
}

/// An ICMP or ICMPv6 message: type, code, and the four bytes after the checksum (id and sequence, or MTU).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Icmp {
    /// ICMP type.
    pub kind: u8,
    /// ICMP code.
    pub code: u8,
    /// Bytes 4–7 as one big-endian number.
    pub rest: u32,
}

/// One decoded IP packet: the innermost IP layer of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// 0-based number of the packet record within its segment; the flow stage adds the segment's base.
    pub frame_index: u32,
    /// ns since the Unix epoch; None for a block without a time.
    pub timestamp_ns: Option<i64>,
    /// Bytes of the frame in the capture.
    pub captured_len_bytes: u32,
    /// Bytes of the frame on the wire.
    pub original_len_bytes: u32,
    /// Innermost 802.1Q id.
    pub vlan_id: Option<u16>,
    /// 0 for a packet outside any tunnel; else a hash over kind, number and ends of each tunnel around it, the same
    /// in both directions: the same two addresses inside and outside a tunnel, or inside two, are different flows.
    pub layer_path: u32,
    /// The layers down to the IP header, six bits each (`columns::LAYERS`), the outermost in the highest bits.
    pub layers: u64,
    /// 4 or 6.
    pub ip_version: u8,
    /// Source address.
    pub src: Address,
    /// Destination address.
    pub dst: Address,
    /// IANA protocol number after extension headers.
    pub protocol: u8,
    /// Ports of TCP, UDP, UDP-Lite, SCTP and DCCP; None when absent, cut, or a non-first fragment.
    pub ports: Option<(u16, u16)>,
    /// IP packet length.
    pub ip_len_bytes: u32,
    /// Transport payload length by the IP length.
    pub payload_len_bytes: u32,
    /// DSCP.
    pub dscp: u8,
    /// ECN.
    pub ecn: u8,
    /// TTL or hop limit.
    pub ttl: u8,
    /// IPv4 identification or that of the IPv6 fragment header.
    pub ip_id: Option<u32>,
    /// IPv4 DF; None for IPv6.
    pub dont_fragment: Option<bool>,
    /// More fragments follow.
    pub more_fragments: bool,
    /// Offset of a fragment's data, in bytes.
    pub fragment_offset_bytes: u16,
    /// Is this a fragment at all (offset or MF, or an IPv6 fragment header that is not atomic)?
    pub is_fragment: bool,
    /// Is the payload cut by snaplen, so that its bytes cannot be compared?
    pub is_payload_cut: bool,
    /// The TCP part, when the fixed 20 bytes were captured.
    pub tcp: Option<Tcp>,
    /// The ICMP part, when its first 8 bytes were captured.
    pub icmp: Option<Icmp>,
    /// `payload_hash` of the first 64 captured bytes of the transport payload: tells an identical datagram from
    /// another. 0 when none was captured.
    pub payload_hash: u32,
    /// First bytes of a UDP payload.
    pub prefix: Prefix,
    /// What a comparison asked for; else zero.
    pub contents: Contents,
    /// Not a packet of its own but what an ICMP error quotes of one: the ends, protocol, ports and `ip_len_bytes` are the
    /// quoted packet's, time, frame and `icmp` the error's. It goes to the flow it speaks of and is no row of any table.
    pub is_notice: bool,
}

impl Default for Packet {
    fn default() -> Self {
        Packet {
            frame_index: 0,
            timestamp_ns: None,
            captured_len_bytes: 0,
            original_len_bytes: 0,
            vlan_id: None,
            layer_path: 0,
            layers: 0,
            ip_version: 4,
            src: [0; 16],
            dst: [0; 16],
            protocol: 0,
            ports: None,
            ip_len_bytes: 0,
            payload_len_bytes: 0,
            dscp: 0,
            ecn: 0,
            ttl: 0,
            ip_id: None,
            dont_fragment: None,
            more_fragments: false,
            fragment_offset_bytes: 0,
            is_fragment: false,
            is_payload_cut: false,
            tcp: None,
            icmp: None,
            payload_hash: 0,
            prefix: Prefix::default(),
            contents: Contents::default(),
            is_notice: false,
        }
    }
}

// Presence and boolean bits of the row, at offset 2.
const HAS_TIME: u16 = 1;
const HAS_VLAN: u16 = 1 << 1;
const HAS_PORTS: u16 = 1 << 2;
const HAS_IP_ID: u16 = 1 << 3;
const HAS_DF: u16 = 1 << 4;
const DF: u16 = 1 << 5;
const MF: u16 = 1 << 6;
const IS_FRAGMENT: u16 = 1 << 7;
const HAS_TCP: u16 = 1 << 8;
const HAS_TIMESTAMPS: u16 = 1 << 9;
const HAS_MSS: u16 = 1 << 10;
const HAS_WINDOW_SCALE: u16 = 1 << 11;
const SACK_PERMITTED: u16 = 1 << 12;
const HAS_ICMP: u16 = 1 << 13;
const PAYLOAD_CUT: u16 = 1 << 14;
const HAS_LAYERS: u16 = 1 << 15;
const LAYERS_BYTES: usize = 8;
/// With the IP version: both addresses are ::ffff:a.b.c.d, and only a.b.c.d is there.
const SHORT: u8 = 0x80;
/// With the IP version: `is_notice`.
const NOTICE: u8 = 0x40;
/// With the IP version: `contents` follows the addresses.
const CONTENTS: u8 = 0x20;
const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
/// With the number of SACK blocks: `lone_tsval`.
const LONE_TSVAL: u8 = 0x80;
/// Bytes of the longest row: no packet has a TCP part and a prefix.
const MAX_ROW_BYTES: usize = HEAD_BYTES + LONG_ADDRESSES + Contents::BYTES + TCP_BYTES + LAYERS_BYTES + MAX_PREFIX;
const _: () = assert!(8 * MAX_SACK_BLOCKS <= MAX_PREFIX);

/// IP right in Ethernet: the layers of nearly every row, which need no bytes of it.
#[inline(always)]
fn plain_layers(ip_version: u8) -> u64 {
    let mut way = Way { vlan_id: None, layers: Layer::Ethernet as u64 };
    way.pass_ip(ip_version);
    way.layers
}

/// Fills a row from the left; what does not fit is a bug that the round-trip test would show.
struct Writer<'a> {
    row: &'a mut [u8; MAX_ROW_BYTES],
    at: usize,
}

impl Writer<'_> {
    #[inline(always)]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        if let Some(place) = self.row.get_mut(self.at..).and_then(|tail| tail.first_chunk_mut()) {
            *place = bytes;
        }
        self.at += N;
    }
}

#[inline(always)]
fn bytes_at<const N: usize>(row: &[u8], at: usize) -> [u8; N] {
    row.get(at..).and_then(|tail| tail.first_chunk::<N>()).copied().unwrap_or([0; N])
}

#[inline(always)]
fn u16_at(row: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes_at(row, at))
}

#[inline(always)]
fn u32_at(row: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes_at(row, at))
}

/// The IPv4 address that a mapped one stands for.
#[inline(always)]
fn unmapped(address: &Address) -> Option<[u8; 4]> {
    let (prefix, host) = address.split_first_chunk::<12>()?;
    (*prefix == MAPPED).then(|| host.first_chunk().copied()).flatten()
}

#[inline(always)]
fn mapped(host: [u8; 4]) -> Address {
    let mut address = [0; 16];
    let (prefix, place) = address.split_at_mut(12);
    prefix.copy_from_slice(&MAPPED);
    place.copy_from_slice(&host);
    address
}

fn flag(present: bool, bit: u16) -> u16 {
    if present {
        bit
    } else {
        0
    }
}

fn tcp_flags_of_row(tcp: &Tcp) -> u16 {
    HAS_TCP
        | flag(tcp.timestamps.is_some(), HAS_TIMESTAMPS)
        | flag(tcp.mss.is_some(), HAS_MSS)
        | flag(tcp.window_scale.is_some(), HAS_WINDOW_SCALE)
        | flag(tcp.sack_permitted, SACK_PERMITTED)
}

impl Packet {
    /// Is this an ICMP error that names a packet too big (RFC 1191 4, RFC 4443 3.2)?
    #[inline(always)]
    pub fn is_too_big(&self) -> bool {
        self.icmp.is_some_and(|icmp| match self.protocol {
            1 => (icmp.kind, icmp.code) == (3, 4),
            58 => icmp.kind == 2,
            _ => false,
        })
    }

    /// Appends the row to `out`.
    ///
    /// Written in place and from references: a copy of fields just stored would wait for the stores.
    #[inline]
    pub fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; MAX_ROW_BYTES]);
        let Some(row) = out.get_mut(start..).and_then(|tail| tail.first_chunk_mut()) else { return };
        let len = self.write(row);
        out.truncate(start + len);
    }

    #[inline(always)]
    fn write(&self, row: &mut [u8; MAX_ROW_BYTES]) -> usize {
        let mut writer = Writer { row, at: 2 };
        let has_layers = self.layers != plain_layers(self.ip_version);
        let flags = flag(self.timestamp_ns.is_some(), HAS_TIME)
            | flag(self.vlan_id.is_some(), HAS_VLAN)
            | flag(self.ports.is_some(), HAS_PORTS)
            | flag(self.ip_id.is_some(), HAS_IP_ID)
            | flag(self.dont_fragment.is_some(), HAS_DF)
            | flag(self.dont_fragment == Some(true), DF)
            | flag(self.more_fragments, MF)
            | flag(self.is_fragment, IS_FRAGMENT)
            | flag(has_layers, HAS_LAYERS)
            | flag(self.is_payload_cut, PAYLOAD_CUT)
            | self.tcp.as_ref().map_or(0, tcp_flags_of_row)
            | flag(self.icmp.is_some(), HAS_ICMP);
        let short = unmapped(&self.src).zip(unmapped(&self.dst));
        let (src_port, dst_port) = self.ports.unwrap_or_default();
        writer.put(flags.to_le_bytes());
        writer.put(self.frame_index.to_le_bytes());
        writer.put(self.timestamp_ns.unwrap_or(0).to_le_bytes());
        writer.put(self.captured_len_bytes.to_le_bytes());
        writer.put(self.original_len_bytes.to_le_bytes());
        writer.put(self.ip_len_bytes.to_le_bytes());
        writer.put(self.payload_len_bytes.to_le_bytes());
        writer.put(self.ip_id.unwrap_or(0).to_le_bytes());
        writer.put(self.vlan_id.unwrap_or(0).to_le_bytes());
        let has_contents = self.contents != Contents::default();
        let version = self.ip_version
            | if short.is_some() { SHORT } else { 0 }
            | if self.is_notice { NOTICE } else { 0 }
            | if has_contents { CONTENTS } else { 0 };
        writer.put([version, self.protocol]);
        writer.put(src_port.to_le_bytes());
        writer.put(dst_port.to_le_bytes());
        writer.put([(self.dscp << 2) | (self.ecn & 3), self.ttl]);
        writer.put(self.fragment_offset_bytes.to_le_bytes());
        writer.put(self.layer_path.to_le_bytes());
        writer.put(self.payload_hash.to_le_bytes());
        if let Some((src, dst)) = short {
            writer.put(src);
            writer.put(dst);
        } else {
            writer.put(self.src);
            writer.put(self.dst);
        }
        if has_contents {
            writer.put(self.contents.encode());
        }
        if let Some(tcp) = &self.tcp {
            let sack = tcp.sack.get(..usize::from(tcp.sack_count)).unwrap_or(&tcp.sack);
            let (tsval, tsecr) = tcp.timestamps.unwrap_or((tcp.lone_tsval.unwrap_or_default(), 0));
            let lone = if tcp.lone_tsval.is_some() { LONE_TSVAL } else { 0 };
            writer.put(tcp.seq.to_le_bytes());
            writer.put(tcp.ack.to_le_bytes());
            writer.put(tcp.flags.to_le_bytes());
            writer.put(tcp.window.to_le_bytes());
            writer.put(tsval.to_le_bytes());
            writer.put(tsecr.to_le_bytes());
            writer.put(tcp.mss.unwrap_or(0).to_le_bytes());
            writer.put([tcp.window_scale.unwrap_or(0), sack.len() as u8 | lone]);
            if has_layers {
                writer.put(self.layers.to_le_bytes());
            }
            for (left, right) in sack {
                writer.put(left.to_le_bytes());
                writer.put(right.to_le_bytes());
            }
        } else {
            if let Some(icmp) = &self.icmp {
                writer.put([icmp.kind, icmp.code, 0, 0]);
                writer.put(icmp.rest.to_le_bytes());
            }
            if has_layers {
                writer.put(self.layers.to_le_bytes());
            }
            // All of it, and as much of the place as was filled: a copy of known length is one of few instructions.
            writer.put(self.prefix.bytes);
            writer.at -= MAX_PREFIX - usize::from(self.prefix.len);
        }
        let len = writer.at;
        writer.at = 0;
        writer.put((len as u16).to_le_bytes());
        len
    }

    /// Reads the row at the start of `bytes`; returns it and the bytes after it, or None when they are no row.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<(Packet, &[u8])> {
        let row: &[u8; HEAD_BYTES] = bytes.first_chunk()?;
        let row_len = usize::from(u16_at(row, 0));
        let flags = u16_at(row, 2);
        let has = |bit: u16| flags & bit != 0;
        let (whole, rest) = bytes.split_at_checked(row_len)?;
        let tail = whole.get(HEAD_BYTES..)?;
        let is_short = row[38] & SHORT != 0;
        let ip_version = row[38] & !(SHORT | NOTICE | CONTENTS);
        let (ends, tail) = tail.split_at_checked(if is_short { SHORT_ADDRESSES } else { LONG_ADDRESSES })?;
        let (src, dst) = if is_short {
            (mapped(bytes_at(ends, 0)), mapped(bytes_at(ends, 4)))
        } else {
            (bytes_at(ends, 0), bytes_at(ends, 16))
        };
        let has_contents = row[38] & CONTENTS != 0;
        let (contents, tail) = tail.split_at_checked(if has_contents { Contents::BYTES } else { 0 })?;
        let middle_len = match (has(HAS_TCP), has(HAS_ICMP)) {
            (true, _) => TCP_BYTES,
            (false, true) => ICMP_BYTES,
            (false, false) => 0,
        };
        let (middle, tail) = tail.split_at_checked(middle_len)?;
        let (layers, tail) = tail.split_at_checked(if has(HAS_LAYERS) { LAYERS_BYTES } else { 0 })?;
        let tcp = if has(HAS_TCP) {
            let last = *middle.get(TCP_BYTES - 1)?;
            let sack_count = last & !LONE_TSVAL;
            if usize::from(sack_count) > MAX_SACK_BLOCKS || tail.len() != 8 * usize::from(sack_count) {
                return None;
            }
            let mut sack = [(0, 0); MAX_SACK_BLOCKS];
            let (pairs, _) = tail.as_chunks::<8>();
            for (block, pair) in sack.iter_mut().zip(pairs) {
                let word = u64::from_le_bytes(*pair);
                *block = (word as u32, (word >> 32) as u32);
            }
            Some(Tcp {
                seq: u32_at(middle, 0),
                ack: u32_at(middle, 4),
                flags: u16_at(middle, 8),
                window: u16_at(middle, 10),
                timestamps: has(HAS_TIMESTAMPS).then(|| (u32_at(middle, 12), u32_at(middle, 16))),
                lone_tsval: (last & LONE_TSVAL != 0).then(|| u32_at(middle, 12)),
                mss: has(HAS_MSS).then(|| u16_at(middle, 20)),
                window_scale: has(HAS_WINDOW_SCALE).then(|| bytes_at::<1>(middle, 22)[0]),
                sack_permitted: has(SACK_PERMITTED),
                sack,
                sack_count,
            })
        } else if tail.len() > MAX_PREFIX {
            return None;
        } else {
            None
        };
        let icmp = has(HAS_ICMP).then(|| {
            let [kind, code] = bytes_at(middle, 0);
            Icmp { kind, code, rest: u32_at(middle, 4) }
        });
        let packet = Packet {
            frame_index: u32_at(row, 4),
            timestamp_ns: has(HAS_TIME).then(|| i64::from_le_bytes(bytes_at(row, 8))),
            captured_len_bytes: u32_at(row, 16),
            original_len_bytes: u32_at(row, 20),
            ip_len_bytes: u32_at(row, 24),
            payload_len_bytes: u32_at(row, 28),
            ip_id: has(HAS_IP_ID).then(|| u32_at(row, 32)),
            vlan_id: has(HAS_VLAN).then(|| u16_at(row, 36)),
            ip_version,
            protocol: row[39],
            ports: has(HAS_PORTS).then(|| (u16_at(row, 40), u16_at(row, 42))),
            dscp: row[44] >> 2,
            ecn: row[44] & 3,
            ttl: row[45],
            fragment_offset_bytes: u16_at(row, 46),
            layer_path: u32_at(row, 48),
            payload_hash: u32_at(row, 52),
            layers: layers.first_chunk().map_or(plain_layers(ip_version), |layers| u64::from_le_bytes(*layers)),
            dont_fragment: has(HAS_DF).then(|| has(DF)),
            more_fragments: has(MF),
            is_fragment: has(IS_FRAGMENT),
            is_payload_cut: has(PAYLOAD_CUT),
            prefix: if has(HAS_TCP) { Prefix::default() } else { Prefix::of(tail) },
            contents: Contents::decode(contents).unwrap_or_default(),
            is_notice: row[38] & NOTICE != 0,
            tcp,
            icmp,
            src,
            dst,
        };
        Some((packet, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contents::Checksum;

    fn full() -> Packet {
        Packet {
            frame_index: 7,
            timestamp_ns: Some(-1),
            captured_len_bytes: 96,
            original_len_bytes: 1514,
            vlan_id: Some(0),
            layer_path: 3,
            layers: 0x0fff_ffff_ffff_fffe,
            ip_version: 6,
            src: [1; 16],
            dst: [2; 16],
            protocol: 6,
            ports: Some((443, 50000)),
            ip_len_bytes: 1500,
            payload_len_bytes: 1448,
            dscp: 46,
            ecn: 3,
            ttl: 57,
            ip_id: Some(0),
            dont_fragment: Some(true),
            more_fragments: true,
            fragment_offset_bytes: 65528,
            is_fragment: true,
            is_payload_cut: true,
            tcp: Some(Tcp {
                seq: u32::MAX,
                ack: 1,
                flags: 0x1ff,
                window: 65535,
                timestamps: Some((5, 6)),
                lone_tsval: None,
                mss: Some(1414),
                window_scale: Some(0),
                sack_permitted: true,
                sack: [(10, 20), (30, 40), (0, 0), (0, 0)],
                sack_count: 2,
            }),
            icmp: None,
            payload_hash: 0xdead_beef,
            prefix: Prefix::default(),
            contents: Contents { hash: 1 << 60, field: 0xbeef, checksum: Checksum::Partial },
            is_notice: false,
        }
    }

    #[test]
    fn a_row_reads_back_as_the_packet_it_was_made_from() {
        let icmp =
            Packet { icmp: Some(Icmp { kind: 3, code: 4, rest: 1454 }), timestamp_ns: None, ..Packet::default() };
        let mut out = Vec::new();
        let datagram = Packet { protocol: 17, prefix: Prefix::of(&[7; 70]), ..Packet::default() };
        let (src, dst) = (mapped([192, 0, 2, 1]), mapped([198, 51, 100, 7]));
        let mapped_ends = Packet { src, dst, prefix: Prefix::of(&[1, 2, 3, 4, 5, 6, 7, 8, 9]), ..full() };
        let mapped_ends = Packet { tcp: None, is_notice: true, ..mapped_ends };
        let tcp = full().tcp.map(|tcp| Tcp { timestamps: None, lone_tsval: Some(u32::MAX), ..tcp });
        let cut = Packet { tcp, ..full() };
        for packet in [full(), Packet::default(), icmp, datagram, mapped_ends, cut] {
            packet.encode(&mut out);
        }
        let (first, rest) = Packet::decode(&out).unwrap_or_default_pair();
        let (second, rest) = Packet::decode(rest).unwrap_or_default_pair();
        let (third, rest) = Packet::decode(rest).unwrap_or_default_pair();
        let (fourth, rest) = Packet::decode(rest).unwrap_or_default_pair();
        let (fifth, rest) = Packet::decode(rest).unwrap_or_default_pair();
        assert_eq!((first, second, third, fourth), (full(), Packet::default(), icmp, datagram));
        assert_eq!(fourth.prefix.as_slice(), [7; MAX_PREFIX]);
        assert_eq!(fifth, mapped_ends);
        let (sixth, rest) = Packet::decode(rest).unwrap_or_default_pair();
        assert_eq!(sixth, cut);
        assert!(rest.is_empty());
    }

    #[test]
    fn bytes_that_are_no_row_are_refused() {
        assert!(Packet::decode(&[0; HEAD_BYTES - 1]).is_none());
        assert!(Packet::decode(&[0; HEAD_BYTES]).is_none());
        assert!(Packet::decode(&[0xff; 4096]).is_none());
    }

    trait OrDefault<'a> {
        fn unwrap_or_default_pair(self) -> (Packet, &'a [u8]);
    }
    impl<'a> OrDefault<'a> for Option<(Packet, &'a [u8])> {
        fn unwrap_or_default_pair(self) -> (Packet, &'a [u8]) {
            self.unwrap_or((Packet { frame_index: u32::MAX, ..Packet::default() }, &[]))
        }
    }
}
