//! RakNet (facebookarchive/RakNet `ReliabilityLayer.cpp`, wiki.bedrock.dev): datagrams 0x80–0x8f with a 24-bit number,
//! acknowledgements 0xc0 and NAKs 0xa0 with ranges, connection set-up with a magic of 16 bytes.
//!
//! Acknowledgements leave on a 10 ms tick: a range is timed by its last number, and the bias remains up to a tick. A
//! connected ping is answered with its own time in the pong (`RakPeer.cpp`), on the tick as well.

use super::facts::{Claim, Datagram, Facts, Fit, Memo};
use crate::codes::RttMethod;

const MAGIC: [u8; 16] = [0, 0xff, 0xff, 0, 0xfe, 0xfe, 0xfe, 0xfe, 0xfd, 0xfd, 0xfd, 0xfd, 0x12, 0x34, 0x56, 0x78];
/// Keys of the two steps of set-up, beyond any 24-bit number.
const FIRST_STEP: u64 = 1 << 32;
const SECOND_STEP: u64 = 2 << 32;
const PING: u64 = 1 << 63;
const CONNECTED_PING: u64 = 1 << 62;

fn has_magic(datagram: &Datagram, at: usize) -> bool {
    datagram.bytes.get(at..at + 16) == Some(&MAGIC)
}

pub fn read(datagram: &Datagram, _: &mut Memo, facts: &mut Facts) -> Fit {
    match datagram.u8(0) {
        Some(first @ (1 | 2 | 5..=8 | 0x1c)) => set_up(first, datagram, facts),
        Some(0x80..=0x8f) => data(datagram, facts),
        Some(first @ (0xc0 | 0xe0 | 0xa0)) => {
            facts.is_prompt = true;
            ranges(datagram, if first == 0xe0 { 5 } else { 1 }, Some(facts).filter(|_| first != 0xa0))
        }
        _ => Fit::No,
    }
}

fn set_up(first: u8, datagram: &Datagram, facts: &mut Facts) -> Fit {
    let at = match first {
        1 | 2 => 9,
        0x1c => 17,
        _ => 1,
    };
    if !has_magic(datagram, at) {
        return Fit::No;
    }
    match first {
        1 | 2 => facts.ask(PING | datagram.be64(1).unwrap_or(0)),
        0x1c => facts.answer(PING | datagram.be64(1).unwrap_or(0), RttMethod::AppAck),
        5 => facts.ask(FIRST_STEP),
        6 => facts.answer(FIRST_STEP, RttMethod::Handshake),
        7 => facts.ask(SECOND_STEP),
        _ => facts.answer(SECOND_STEP, RttMethod::Handshake),
    }
    Fit::Certain
}

/// Number, then messages: reliability in three bits, length in bits.
fn data(datagram: &Datagram, facts: &mut Facts) -> Fit {
    let (Some(number), Some(bits)) = (datagram.le24(1), datagram.be16(5)) else { return Fit::No };
    if bits == 0 || 7 + u32::from(bits).div_ceil(8) > datagram.len {
        return Fit::No;
    }
    facts.number(0, u64::from(number), 24);
    facts.ask(u64::from(number));
    messages(datagram, facts);
    Fit::Maybe(0)
}

/// The messages of a datagram, as far as its captured bytes reach: pings carry the sender's clock, pongs return it.
fn messages(datagram: &Datagram, facts: &mut Facts) {
    let mut at = 4;
    while let (Some(flags), Some(bits)) = (datagram.u8(at), datagram.be16(at + 1)) {
        let reliability = flags >> 5;
        let is_reliable = matches!(reliability, 2 | 3 | 4 | 6 | 7);
        let is_sequenced = matches!(reliability, 1 | 4);
        let is_ordered = matches!(reliability, 1 | 3 | 4 | 7);
        let is_split = flags & 0x10 != 0;
        let header = 3
            + if is_reliable { 3 } else { 0 }
            + if is_sequenced { 3 } else { 0 }
            + if is_ordered { 4 } else { 0 }
            + if is_split { 10 } else { 0 };
        let (start, len) = (at + header, usize::from(bits).div_ceil(8));
        if len == 0 {
            return;
        }
        let clock = datagram.be64(start + 1).map(|millis| CONNECTED_PING | millis & (CONNECTED_PING - 1));
        match (datagram.u8(start), len, clock) {
            (Some(0), 9, Some(key)) if !is_split => facts.ask(key),
            (Some(3), 17, Some(key)) if !is_split => facts.answer(key, RttMethod::AppAck),
            _ => {}
        }
        at = start + len;
    }
}

/// Count, then per range: is it one number, first, last.
fn ranges(datagram: &Datagram, at: usize, mut facts: Option<&mut Facts>) -> Fit {
    let Some(count) = datagram.be16(at).filter(|count| *count > 0) else { return Fit::No };
    let mut at = at + 2;
    for _ in 0..count {
        let (Some(is_single), Some(first)) = (datagram.u8(at), datagram.le24(at + 1)) else {
            // Behind the captured prefix.
            return if at < datagram.len as usize { Fit::Maybe(0) } else { Fit::No };
        };
        let last = match is_single {
            1 => Some(first),
            0 => datagram.le24(at + 4),
            _ => return Fit::No,
        };
        at += if is_single == 1 { 4 } else { 7 };
        if last.is_some_and(|last| last < first) {
            return Fit::No;
        }
        if let (Some(facts), Some(last)) = (facts.as_deref_mut(), last) {
            facts.answer(u64::from(last), RttMethod::AppAck);
            facts.claims = Some(Claim { stream: 0, value: u64::from(last), bits: 24 });
        }
    }
    if at == datagram.len as usize {
        Fit::Maybe(2)
    } else {
        Fit::No
    }
}
