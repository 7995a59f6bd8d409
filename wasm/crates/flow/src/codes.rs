//! The lists of `columns::schema` as Rust enums: the discriminant is the index that crosses the ABI.

use crate::state::{Input, State};
use alloc::vec::Vec;

/// Which way a packet goes. forward = initiator → responder (RFC 5103).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Direction {
    /// From the initiator.
    Forward = 0,
    /// From the responder.
    Reverse = 1,
}

impl Direction {
    /// The way back.
    #[inline(always)]
    pub fn opposite(self) -> Self {
        match self {
            Direction::Forward => Direction::Reverse,
            Direction::Reverse => Direction::Forward,
        }
    }

    /// The end that packets of this direction go to.
    #[inline(always)]
    pub fn toward(self) -> Toward {
        match self {
            Direction::Forward => Toward::Responder,
            Direction::Reverse => Toward::Initiator,
        }
    }

    /// The member of a pair (forward, reverse).
    #[inline(always)]
    pub fn of<T>(self, pair: &(T, T)) -> &T {
        match self {
            Direction::Forward => &pair.0,
            Direction::Reverse => &pair.1,
        }
    }

    /// The same, to change it.
    #[inline(always)]
    pub fn of_mut<T>(self, pair: &mut (T, T)) -> &mut T {
        match self {
            Direction::Forward => &mut pair.0,
            Direction::Reverse => &mut pair.1,
        }
    }
}

impl State for Direction {
    fn save(&self, out: &mut Vec<u8>) {
        (*self == Direction::Reverse).save(out);
    }
    fn load(input: &mut Input) -> Option<Self> {
        bool::load(input).map(|is_reverse| if is_reverse { Direction::Reverse } else { Direction::Forward })
    }
}

/// Which end an RTT sample reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Toward {
    /// Capture point → initiator → capture point.
    Initiator = 0,
    /// Capture point → responder → capture point.
    Responder = 1,
}

/// How an RTT sample was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RttMethod {
    /// SYN → SYN-ACK, or SYN-ACK → ACK.
    Handshake = 0,
    /// TSval → TSecr (RFC 7323).
    Timestamp = 1,
    /// Last byte → first ACK that covers it.
    Ack = 2,
    /// From a flip of QUIC's spin bit to its echo (RFC 9312 3.8.2).
    QuicSpin = 3,
    /// First flight → first answer (RFC 9000 17.2).
    QuicHandshake = 4,
    /// Packet → the packet that acknowledges it, by a game protocol's own numbers.
    AppAck = 5,
    /// ICMP echo request → reply.
    IcmpEcho = 6,
    /// RTCP sender report → report block, the time it was held taken off (RFC 3550 6.4.1).
    Rtcp = 7,
    /// STUN request → response.
    Stun = 8,
}

impl State for RttMethod {
    fn save(&self, out: &mut Vec<u8>) {
        (*self as u8).save(out);
    }
    fn load(input: &mut Input) -> Option<Self> {
        u8::load(input).and_then(RttMethod::from_code)
    }
}

impl RttMethod {
    /// Which method a flow's summary prefers: timestamp, else ack, else handshake; outside TCP what is measured all
    /// along before what is measured now and then.
    pub fn rank(self) -> u8 {
        match self {
            RttMethod::Handshake | RttMethod::QuicHandshake => 1,
            RttMethod::Ack | RttMethod::Stun => 2,
            RttMethod::Timestamp | RttMethod::Rtcp | RttMethod::QuicSpin => 3,
            RttMethod::AppAck | RttMethod::IcmpEcho => 3,
        }
    }

    /// The method of a code; None for anything else.
    pub fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(RttMethod::Handshake),
            1 => Some(RttMethod::Timestamp),
            2 => Some(RttMethod::Ack),
            3 => Some(RttMethod::QuicSpin),
            4 => Some(RttMethod::QuicHandshake),
            5 => Some(RttMethod::AppAck),
            6 => Some(RttMethod::IcmpEcho),
            7 => Some(RttMethod::Rtcp),
            8 => Some(RttMethod::Stun),
            _ => None,
        }
    }
}

/// How loss was inferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LossMethod {
    /// Data seen at the capture point was sent again: lost beyond it.
    TcpRetransmission = 0,
    /// Data was first seen as a repeat that filled a hole: lost before the capture point.
    TcpSequenceHole = 1,
    /// Numbers of a sender that never came: lost before the capture point.
    SequenceGap = 2,
}

/// Which clock a delay variation rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum JitterMethod {
    /// TSval of the sender, its tick found from the flow's own slope.
    TcpTimestamp = 0,
    /// The timestamp of RTP.
    RtpTimestamp = 1,
    /// A clock in a game's own header.
    AppTimestamp = 2,
    /// No clock travels: a grid laid through periodic arrivals.
    TickGrid = 3,
}

/// Protocols over UDP that are told by their structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Application {
    /// RFC 8489.
    Stun = 0,
    /// RFC 6347.
    Dtls = 1,
    /// RFC 3550, SRTP too.
    Rtp = 2,
    /// RFC 3550, SRTCP too.
    Rtcp = 3,
    /// RFC 9000, RFC 9369.
    Quic = 4,
    /// WireGuard.
    Wireguard = 5,
    /// RakNet: Minecraft Bedrock and others.
    Raknet = 6,
    /// Source 1.
    Source = 7,
    /// QuakeWorld and its heir GoldSrc.
    Quakeworld = 8,
    /// Quake 3 and its family.
    Quake3 = 9,
    /// ENet.
    Enet = 10,
    /// Photon.
    Photon = 11,
    /// Valve's GameNetworkingSockets.
    GameNetworkingSockets = 12,
    /// Unreal Engine 4 and 5.
    Unreal = 13,
    /// Luanti, once Minetest.
    Luanti = 14,
    /// Teeworlds 0.6, DDNet, and 0.7.
    Teeworlds = 15,
}

/// Connection state at the last packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ConnectionState {
    /// Both ways open.
    Established = 0,
    /// A SYN, but the handshake was not finished.
    HalfOpen = 1,
    /// One FIN.
    HalfClosed = 2,
    /// Both FINs.
    Closed = 3,
    /// An RST ended it.
    Reset = 4,
    /// An RST answered the SYN.
    Refused = 5,
}

/// What was concluded about the path MTU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MtuFinding {
    /// Nothing limits the path as far as its packets show.
    None = 0,
    /// A SYN was seen twice, the second time with a smaller MSS.
    Clamped = 1,
    /// An ICMP error called a packet too big.
    PacketTooBig = 2,
    /// Fragments were seen.
    Fragmented = 3,
    /// Larger packets vanish, smaller ones arrive.
    BlackHole = 4,
}

/// Kinds of `events.kind` that this crate finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)] // the names are the definitions; `tcp::loss` says when each is used
pub enum EventKind {
    Retransmission = 0,
    FastRetransmission = 1,
    SpuriousRetransmission = 2,
    OutOfOrder = 3,
    DuplicateAck = 4,
    PreviousSegmentNotCaptured = 5,
    AckedUnseenSegment = 6,
    ZeroWindow = 7,
    WindowFull = 8,
    KeepAlive = 9,
    DscpChange = 10,
    EcnCe = 11,
    TtlChange = 12,
    Fragment = 13,
    PacketTooBig = 14,
    MtuBlackHole = 15,
    MssClamp = 16,
    HalfClosed = 17,
    Reset = 18,
    ConnectFailure = 19,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;
    use alloc::format;
    use alloc::string::String;
    use core::fmt::Debug;

    fn snake(name: impl Debug) -> String {
        let mut out = String::new();
        for (at, letter) in format!("{name:?}").chars().enumerate() {
            if letter.is_uppercase() && at > 0 {
                out.push('_');
            }
            out.extend(letter.to_lowercase());
        }
        out
    }

    #[test]
    fn every_code_is_the_index_of_its_name_in_the_schema() {
        use EventKind::*;
        for code in [Direction::Forward, Direction::Reverse] {
            assert_eq!(columns::DIRECTIONS[code as usize], snake(code));
        }
        for code in [Toward::Initiator, Toward::Responder] {
            assert_eq!(columns::TOWARD[code as usize], snake(code));
        }
        for code in [RttMethod::Handshake, RttMethod::Timestamp, RttMethod::Ack] {
            assert_eq!(columns::RTT_METHODS[code as usize], snake(code));
            assert_eq!(RttMethod::from_code(code as u8), Some(code));
        }
        for code in [LossMethod::TcpRetransmission, LossMethod::TcpSequenceHole] {
            assert_eq!(columns::LOSS_METHODS[code as usize], snake(code));
        }
        assert_eq!(columns::JITTER_METHODS[JitterMethod::TcpTimestamp as usize], "tcp_timestamp");
        for code in [
            ConnectionState::Established,
            ConnectionState::HalfOpen,
            ConnectionState::HalfClosed,
            ConnectionState::Closed,
            ConnectionState::Reset,
            ConnectionState::Refused,
        ] {
            assert_eq!(columns::CONNECTION_STATES[code as usize], snake(code));
        }
        use MtuFinding::{BlackHole, Clamped, Fragmented};
        for code in [MtuFinding::None, Clamped, MtuFinding::PacketTooBig, Fragmented, BlackHole] {
            assert_eq!(columns::MTU_FINDINGS[code as usize], snake(code));
        }
        for code in [
            Retransmission,
            FastRetransmission,
            SpuriousRetransmission,
            OutOfOrder,
            DuplicateAck,
            PreviousSegmentNotCaptured,
            AckedUnseenSegment,
            ZeroWindow,
            WindowFull,
            KeepAlive,
            DscpChange,
            EcnCe,
            TtlChange,
            Fragment,
            EventKind::PacketTooBig,
            MtuBlackHole,
            MssClamp,
            HalfClosed,
            Reset,
            ConnectFailure,
        ] {
            assert_eq!(columns::EVENT_KINDS[code as usize], snake(code));
        }
    }
}
