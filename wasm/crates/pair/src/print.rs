//! The fingerprint of a packet: what survives the way, and beside it what may change on it.

use crate::flows::Flows;
use crate::hash::{keyed, Key, Mix};
use packet::{tcp_flag, Checksum, Packet, Tcp, MAX_PREFIX};
use std::hash::Hasher;

/// Nothing is cut: contents are compared over the whole payload.
pub const WHOLE: u32 = u32::MAX;
/// Smaller packets are not fragmented on any path (RFC 791 section 3.1).
pub const MIN_FRAGMENTED: u32 = 577;
/// Fewer bytes do not tell datagrams apart: such packets have no key.
pub const MIN_TRIM: u32 = 8;
/// A frame captured to so many bytes holds 64 of its payload behind any ordinary header.
const HASHED_WHOLE_BYTES: u32 = 158;

/// What kind of identity a packet has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// TCP with payload: a range of the byte stream.
    Range,
    /// TCP without payload: (seq, ack, flags).
    Bare,
    /// Anything else with a content hash.
    Keyed,
    /// Too little was captured to tell it from others.
    Unkeyable,
    /// An error of a router or host about another packet.
    IcmpError,
    /// Never leaves its link: a router does not forward it, and two links may carry the same (RFC 4291 2.5.6, RFC 5771 4,
    /// RFC 3927 7).
    LinkLocal,
}

/// How contents are compared, settled before the first key is made.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Key of the hash.
    pub key: Key,
    /// UDP payload bytes that are compared: those that either end kept of every datagram, or `WHOLE`.
    pub trim: u32,
    /// Is `payload_hash` over the same bytes at both ends?
    pub compares_hash: bool,
}

/// One packet, ready to be matched.
#[derive(Clone, Copy, Debug)]
pub struct Print {
    /// ns since the epoch, own clock.
    pub time: i64,
    /// Content key: equal for the same packet at both ends.
    pub key: u64,
    /// Key of the content without what a gateway may rewrite: the first bytes of a datagram, sequence numbers of TCP. 0: none.
    pub alternative: u64,
    /// Key of the first bytes of a datagram without its length, to know it by its first fragment. 0: none.
    pub head: u64,
    /// 1-based in its capture set.
    pub frame: u32,
    /// See `Flows`.
    pub lane: u32,
    /// Hash of source address and port.
    pub source: u64,
    pub seq: u32,
    pub ack: u32,
    /// TSval, when the option was captured.
    pub tsval: Option<u32>,
    /// Transport payload by the IP length.
    pub len: u32,
    pub ip_len: u32,
    /// Hash of the first 64 payload bytes where they were captured whole, else 0.
    pub payload_hash: u32,
    /// None: 0 or absent, which tells nothing.
    pub ip_id: Option<u32>,
    /// Hash of a payload of more than 64 bytes, as far as it is compared; 0 where it is not.
    pub content: u64,
    /// UDP checksum in the client's terms, where it follows the payload; see `Way`.
    pub witness: Option<u16>,
    /// Checksum field of a datagram, None for 0 and where it is not captured.
    pub field: Option<u16>,
    pub checksum: Checksum,
    /// MTU of a "too big" message.
    pub mtu: u32,
    pub tcp_flags: u16,
    pub window: u16,
    /// Of a bare acknowledgment whose options were captured: hash of what it echoes and of the blocks it reports.
    pub options: Option<u32>,
    /// MSS option of a SYN, 0 for none.
    pub mss: u16,
    pub kind: Kind,
    pub protocol: u8,
    pub ttl: u8,
    /// DSCP and ECN as they stand in the header.
    pub traffic_class: u8,
    /// May a match of this content alone speak for its flow?
    pub is_distinctive: bool,
    pub is_fragment: bool,
}

/// See `Print::bare_ack`.
#[derive(Clone, Copy, Debug)]
pub struct Ack {
    ip_len: u32,
    window: u16,
    options: Option<u32>,
}

impl Ack {
    /// Is this another one?
    pub fn differs(self, other: Ack) -> bool {
        let reports_other = matches!((self.options, other.options), (Some(a), Some(b)) if a != b);
        reports_other || (self.ip_len, self.window) != (other.ip_len, other.window)
    }
}

const FLAGS: u16 = tcp_flag::SYN | tcp_flag::FIN | tcp_flag::RST;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
const UDP: u8 = 17;
const DISTINCTIVE_BYTES: u32 = 8;
/// First bytes of a datagram that a gateway may rewrite, and bytes of content that must be left to compare.
const REWRITABLE: usize = 8;
const MIN_ALTERNATIVE: u32 = 16;

impl Print {
    /// Sequence numbers that the segment takes: payload, SYN and FIN.
    pub fn sequence_len(&self) -> u32 {
        let control = self.tcp_flags & (tcp_flag::SYN | tcp_flag::FIN);
        self.len.wrapping_add(control.count_ones())
    }

    /// Fingerprint of a packet with a time; `frame` is its 1-based number in the capture set.
    pub fn of(packet: &Packet, time: i64, frame: u32, rules: &Rules, flows: &mut Flows) -> Print {
        let echo = echo(packet);
        let ports = packet.ports.or_else(|| echo.map(|(_, id, _)| (id, id)));
        let mut print = Print {
            time,
            key: 0,
            alternative: 0,
            head: 0,
            frame,
            lane: flows.lane(packet, ports, frame),
            source: source_hash(packet, ports),
            seq: 0,
            ack: 0,
            tsval: None,
            len: packet.payload_len_bytes,
            ip_len: packet.ip_len_bytes,
            payload_hash: 0,
            ip_id: packet.ip_id.filter(|id| *id != 0),
            content: packet.contents.hash,
            witness: None,
            field: Some(packet.contents.field).filter(|field| *field != 0 && packet.protocol == UDP),
            checksum: packet.contents.checksum,
            mtu: 0,
            tcp_flags: 0,
            window: 0,
            options: None,
            mss: 0,
            kind: Kind::Unkeyable,
            protocol: packet.protocol,
            ttl: packet.ttl,
            traffic_class: packet.dscp << 2 | packet.ecn & 3,
            is_distinctive: packet.payload_len_bytes >= DISTINCTIVE_BYTES,
            is_fragment: packet.is_fragment,
        };
        let holds_hash =
            !packet.is_payload_cut || (rules.compares_hash && packet.captured_len_bytes >= HASHED_WHOLE_BYTES);
        if holds_hash {
            print.payload_hash = packet.payload_hash;
        }
        if is_link_local(&packet.src) || is_link_local(&packet.dst) {
            print.kind = Kind::LinkLocal;
        } else if let Some(tcp) = &packet.tcp {
            print.seq = tcp.seq;
            print.ack = if tcp.flags & tcp_flag::ACK != 0 { tcp.ack } else { 0 };
            print.tsval = tcp.timestamps.map(|(value, _)| value).or(tcp.lone_tsval);
            print.tcp_flags = tcp.flags;
            print.window = tcp.window;
            print.mss = tcp.mss.unwrap_or(0);
            print.is_distinctive = tcp.flags & tcp_flag::RST == 0;
            print.kind = if print.len > 0 { Kind::Range } else { Kind::Bare };
            if print.kind == Kind::Bare && packet.captured_len_bytes >= packet.original_len_bytes {
                print.options = Some(options_hash(tcp));
            }
            print.key = print.tcp_key(rules.key, print.seq, print.ack);
            if print.payload_hash != 0 && print.len >= MIN_ALTERNATIVE {
                let words = [6 << 8 | 1, u64::from(print.payload_hash), u64::from(print.len)];
                print.alternative = keyed(rules.key, &words, &[]);
            }
        } else if is_icmp_error(packet) {
            print.kind = Kind::IcmpError;
            print.mtu = too_big(packet).unwrap_or(0);
        } else if let Some((kind, _, sequence)) = echo {
            print.kind = Kind::Keyed;
            let words = [
                1,
                u64::from(kind),
                u64::from(sequence),
                u64::from(print.len),
                if rules.compares_hash { u64::from(packet.payload_hash) } else { 0 },
            ];
            print.key = keyed(rules.key, &words, &[]);
        } else if packet.protocol == UDP && packet.fragment_offset_bytes == 0 {
            let trim = rules.trim.min(MAX_PREFIX as u32) as usize;
            let wanted = (print.len as usize).min(trim);
            let is_whole = print.content != 0 || print.len.min(rules.trim) <= MAX_PREFIX as u32;
            if let (Some(head), true) = (packet.prefix.as_slice().get(..wanted), is_whole) {
                print.kind = Kind::Keyed;
                print.key = keyed(rules.key, &[u64::from(UDP), u64::from(print.len), print.content], head);
                if head.len() >= REWRITABLE + MIN_ALTERNATIVE as usize {
                    let rest = head.get(REWRITABLE..).unwrap_or_default();
                    print.alternative = keyed(rules.key, &[u64::from(UDP) << 8 | 1, u64::from(print.len)], rest);
                }
                if head.len() == trim {
                    print.head = keyed(rules.key, &[u64::from(UDP) << 8 | 2], head);
                }
            }
        } else if holds_hash && rules.compares_hash && print.len > 0 {
            print.kind = Kind::Keyed;
            let words = [
                u64::from(packet.protocol),
                u64::from(packet.fragment_offset_bytes),
                u64::from(print.len),
                u64::from(packet.payload_hash),
            ];
            print.key = keyed(rules.key, &words, &print.content.to_le_bytes());
            if packet.is_fragment {
                let [protocol, offset, _, hash] = words;
                print.head = keyed(rules.key, &[protocol << 8 | 2, offset, hash], &[]);
            }
        }
        print
    }

    /// Does the checksum say that the payloads are not the same?
    pub fn is_denied_by(&self, other: &Print) -> bool {
        matches!((self.witness, other.witness), (Some(a), Some(b)) if a != b)
    }

    /// What tells an acknowledgment from others of the same bytes; None for all else.
    pub fn bare_ack(&self) -> Option<Ack> {
        let is_bare = self.kind == Kind::Bare && self.tcp_flags & FLAGS == 0;
        is_bare.then_some(Ack { ip_len: self.ip_len, window: self.window, options: self.options })
    }

    /// Are payloads of the same place known to differ?
    pub fn is_other_payload(&self, other: &Print) -> bool {
        let differ = |a: u64, b: u64| a != 0 && b != 0 && a != b;
        differ(u64::from(self.payload_hash), u64::from(other.payload_hash)) || differ(self.content, other.content)
    }

    /// Key of a TCP packet whose sequence and acknowledgment numbers are given: those of an end may be moved by a constant.
    pub fn tcp_key(&self, key: Key, seq: u32, ack: u32) -> u64 {
        // The acknowledgment number of data may differ where segments were joined; of a bare ACK it is the content.
        let ack = if self.len > 0 { 0 } else { ack };
        let words = [
            6u64 << 56 | u64::from(self.tcp_flags & FLAGS) << 32 | u64::from(self.len),
            u64::from(seq) << 32 | u64::from(ack),
        ];
        keyed(key, &words, &[])
    }

    /// What the voting compares: of TCP data the first byte and what is acknowledged, because the length may differ.
    pub fn vote_key(&self, key: Key) -> u64 {
        match self.kind {
            Kind::Range => keyed(key, &[6u64 << 56, u64::from(self.seq) << 32 | u64::from(self.ack)], &[]),
            Kind::Bare => {
                let flags = u64::from(self.tcp_flags & FLAGS) << 32 | 1 << 31 | u64::from(self.window);
                keyed(key, &[6u64 << 56 | flags, u64::from(self.seq) << 32 | u64::from(self.ack)], &[])
            }
            _ => self.key,
        }
    }
}

/// What an acknowledgment echoes and reports; blocks against what it acknowledges, because a middlebox may move both.
fn options_hash(tcp: &Tcp) -> u32 {
    let mut hasher = Mix::default();
    hasher.write_u32(tcp.timestamps.map_or(0, |(_, echo)| echo));
    for (left, right) in tcp.sack.iter().take(usize::from(tcp.sack_count)) {
        hasher.write_u32(left.wrapping_sub(tcp.ack));
        hasher.write_u32(right.wrapping_sub(tcp.ack));
    }
    (hasher.finish() >> 32) as u32
}

fn is_link_local(address: &[u8; 16]) -> bool {
    match address {
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, _] => {
            (*a, *b, *c) == (224, 0, 0) || (*a, *b) == (169, 254) || *a == 255
        }
        [0xfe, second, ..] => second & 0xc0 == 0x80,
        [0xff, scope, ..] => scope & 0x0f <= 2,
        _ => false,
    }
}

fn source_hash(packet: &Packet, ports: Option<(u16, u16)>) -> u64 {
    let mut hasher = Mix::default();
    hasher.write(&packet.src);
    hasher.write_u32(u32::from(ports.map_or(0, |(source, _)| source)));
    hasher.finish()
}

/// Request (1) or reply (2), identifier and sequence of an ICMP echo; the same numbers for both IP versions, because a
/// translator turns one into the other.
fn echo(packet: &Packet) -> Option<(u8, u16, u16)> {
    let icmp = packet.icmp?;
    let kind = match (packet.protocol, icmp.kind) {
        (ICMP, 8) | (ICMPV6, 128) => 1,
        (ICMP, 0) | (ICMPV6, 129) => 2,
        _ => return None,
    };
    Some((kind, (icmp.rest >> 16) as u16, icmp.rest as u16))
}

fn is_icmp_error(packet: &Packet) -> bool {
    let Some(icmp) = packet.icmp else { return false };
    match packet.protocol {
        ICMP => matches!(icmp.kind, 3 | 4 | 5 | 11 | 12),
        _ => matches!(icmp.kind, 1..=4),
    }
}

fn too_big(packet: &Packet) -> Option<u32> {
    let icmp = packet.icmp?;
    match (packet.protocol, icmp.kind, icmp.code) {
        (ICMP, 3, 4) => Some(icmp.rest & 0xffff),
        (ICMPV6, 2, _) => Some(icmp.rest),
        _ => None,
    }
}

/// Payload bytes of a datagram that were captured; `WHOLE` where none is missing, and for anything else.
pub fn kept_of(packet: &Packet) -> u32 {
    if packet.protocol != UDP || !packet.is_payload_cut {
        return WHOLE;
    }
    let missing = packet.original_len_bytes.saturating_sub(packet.captured_len_bytes);
    // What stands behind the payload is missing first: at least so much of it is there.
    packet.payload_len_bytes.saturating_sub(missing).max(packet.prefix.as_slice().len() as u32)
}

/// Is the frame whole, or does it hold 64 payload bytes behind any ordinary header?
pub fn holds_hash(packet: &Packet) -> bool {
    !packet.is_payload_cut || packet.captured_len_bytes >= HASHED_WHOLE_BYTES
}
