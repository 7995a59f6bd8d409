//! The lists of `columns::schema` as Rust enums: the discriminant is the index that crosses the ABI.

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
}

impl RttMethod {
    /// Which method a flow's summary prefers: timestamp, else ack, else handshake.
    pub fn rank(self) -> u8 {
        match self {
            RttMethod::Handshake => 1,
            RttMethod::Ack => 2,
            RttMethod::Timestamp => 3,
        }
    }

    /// The method of a code; None for codes of later issues.
    pub fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(RttMethod::Handshake),
            1 => Some(RttMethod::Timestamp),
            2 => Some(RttMethod::Ack),
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
}

/// Which clock a delay variation rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum JitterMethod {
    /// TSval of the sender, its tick found from the flow's own slope.
    TcpTimestamp = 0,
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
    /// Fragments were seen.
    Fragmented = 3,
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
        assert_eq!(columns::MTU_FINDINGS[MtuFinding::Fragmented as usize], "fragmented");
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
            HalfClosed,
            Reset,
            ConnectFailure,
        ] {
            assert_eq!(columns::EVENT_KINDS[code as usize], snake(code));
        }
    }
}
