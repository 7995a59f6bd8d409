//! STUN, DTLS, RTP and RTCP, which share one port and are told apart by the first byte (RFC 7983).

use super::facts::{Datagram, Facts, Fit, Memo, Sent};
use super::marks::Answer;
use crate::codes::{Application, RttMethod};

const MAGIC_COOKIE: u32 = 0x2112_a442;

/// Any of the four; behind a TURN channel number (RFC 8656 12.4) too.
pub fn read(datagram: &Datagram, memo: &mut Memo, facts: &mut Facts) -> Fit {
    match datagram.u8(0) {
        Some(0..=3) => stun(datagram, memo, facts),
        Some(20..=25) => dtls(datagram, facts),
        Some(128..=191) => media(datagram, facts),
        Some(0x40..=0x4f) => turn_channel(datagram, memo, facts),
        _ => Fit::No,
    }
}

/// Behind a channel only what RTP looks like is looked at, and only in flows that speak STUN.
fn turn_channel(datagram: &Datagram, memo: &mut Memo, facts: &mut Facts) -> Fit {
    let [has_stun, ..] = *memo;
    let len = datagram.be16(2).map(u32::from);
    let is_whole = len.is_some_and(|len| datagram.len >= len + 4 && datagram.len - len - 4 < 4);
    if has_stun == 0 || !is_whole {
        return Fit::No;
    }
    let inner = Datagram {
        bytes: datagram.bytes.get(4..).unwrap_or_default(),
        len: len.unwrap_or(0),
        is_opener: datagram.is_opener,
    };
    match inner.u8(0) {
        Some(128..=191) => {
            media(&inner, facts);
        }
        Some(0..=3) => {
            stun(&inner, memo, facts);
        }
        _ => {}
    }
    Fit::Maybe(0)
}

/// RFC 8489 5: type, length, magic cookie, transaction. A response returns the transaction of its request.
fn stun(datagram: &Datagram, memo: &mut Memo, facts: &mut Facts) -> Fit {
    let (Some(kind), Some(len), Some(MAGIC_COOKIE)) = (datagram.be16(0), datagram.be16(2), datagram.be32(4)) else {
        return Fit::No;
    };
    if len & 3 != 0 || u32::from(len) + 20 != datagram.len {
        return Fit::No;
    }
    let (Some(high), Some(low)) = (datagram.be32(8), datagram.be64(12)) else { return Fit::No };
    let transaction = low.rotate_left(23).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(high);
    facts.application = Some(Application::Stun);
    match kind >> 4 & 1 | kind >> 7 & 2 {
        0 => facts.ask(transaction),
        2 | 3 => facts.answer(transaction, RttMethod::Stun),
        _ => {}
    }
    let [has_stun, ..] = memo;
    *has_stun = 1;
    Fit::Certain
}

/// RFC 6347 4.1: type, version, epoch, sequence number in clear, length. One record a datagram is the rule from
/// epoch 1 on; where several share one, the numbers behind the first are not all visible and the count starts anew.
fn dtls(datagram: &Datagram, facts: &mut Facts) -> Fit {
    let (Some(kind), Some(version), Some(epoch)) = (datagram.u8(0), datagram.be16(1), datagram.be16(3)) else {
        return Fit::No;
    };
    let (Some(numbers), Some(len)) = (datagram.be64(3), datagram.be16(11)) else { return Fit::No };
    let end = u32::from(len) + 13;
    if !is_dtls(version) || len == 0 || len > 16_640 || end > datagram.len || kind == 25 {
        return Fit::No;
    }
    if end < datagram.len {
        let next = datagram.be16(end as usize + 1);
        if next.is_some_and(|next| !is_dtls(next)) || datagram.len - end < 13 {
            return Fit::No;
        }
        facts.renumber = true;
    }
    facts.application = Some(Application::Dtls);
    if epoch > 0 {
        // The first record of a new epoch shares its datagram with the handshake of the old one.
        facts.number(u32::from(epoch), numbers & 0xffff_ffff_ffff, 48);
    } else if kind == 22 {
        handshake(datagram, facts);
    }
    Fit::Certain
}

/// DTLS 1.0, 1.2, and the draft that Cisco's AnyConnect still speaks.
fn is_dtls(version: u16) -> bool {
    matches!(version, 0xfeff | 0xfefd | 0x0100)
}

/// ClientHello (1) → ServerHello (2) or HelloVerifyRequest (3), which carry its message number: RFC 6347 4.2.2, 4.2.1.
/// Sent again, a ClientHello has the same number and is ambiguous.
fn handshake(datagram: &Datagram, facts: &mut Facts) {
    let (Some(kind), Some(number)) = (datagram.u8(13), datagram.be16(17)) else { return };
    match kind {
        1 => facts.ask(u64::from(number)),
        2 | 3 => facts.answer(u64::from(number), RttMethod::Handshake),
        _ => {}
    }
}

fn media(datagram: &Datagram, facts: &mut Facts) -> Fit {
    match datagram.u8(1) {
        Some(192..=223) => rtcp(datagram, facts),
        Some(_) => rtp(datagram, facts),
        None => Fit::No,
    }
}

/// Clock rates of the static payload types (RFC 3551 6); 0 = dynamic, None = no media.
fn rate_of(payload_type: u8) -> Option<i64> {
    match payload_type {
        0 | 3 | 4 | 5 | 7 | 8 | 9 | 12 | 13 | 15 | 18 | 19 => Some(8000),
        6 => Some(16_000),
        10 | 11 => Some(44_100),
        14 | 25..=28 | 31..=34 => Some(90_000),
        16 => Some(11_025),
        17 => Some(22_050),
        96..=127 => Some(0),
        _ => None,
    }
}

/// RFC 3550 5.1. Nothing but version and payload type speaks for RTP; its numbers must do so.
fn rtp(datagram: &Datagram, facts: &mut Facts) -> Fit {
    let (Some(first), Some(second)) = (datagram.u8(0), datagram.u8(1)) else { return Fit::No };
    let (Some(number), Some(ticks), Some(source)) = (datagram.be16(2), datagram.be32(4), datagram.be32(8)) else {
        return Fit::No;
    };
    let payload_type = second & 0x7f;
    let Some(rate_hz) = rate_of(payload_type) else { return Fit::No };
    let header = 12 + 4 * u32::from(first & 15) + if first & 16 != 0 { 4 } else { 0 };
    if datagram.len < header {
        return Fit::No;
    }
    facts.application = Some(Application::Rtp);
    facts.number(source, u64::from(number), 16);
    facts.sent = Some(Sent { ticks, rate_hz, kind: payload_type });
    Fit::Maybe(0)
}

/// RFC 3550 6: a compound of packets whose lengths add up to the datagram's, the first a report. RTT of a report
/// block: arrival − (sender report with that middle NTP) − DLSR (6.4.1).
fn rtcp(datagram: &Datagram, facts: &mut Facts) -> Fit {
    let mut at = 0usize;
    let mut is_first = true;
    while let (Some(head), Some(kind), Some(words)) = (datagram.u8(at), datagram.u8(at + 1), datagram.be16(at + 2)) {
        let len = (usize::from(words) + 1) * 4;
        if head >> 6 != 2 || !(192..=223).contains(&kind) || at + len > datagram.len as usize {
            // Behind SRTCP's first packet everything is encrypted, and its index and tag follow (RFC 3711 3.4).
            if is_first {
                return Fit::No;
            }
            break;
        }
        let count = usize::from(head & 31);
        let fixed = match kind {
            200 => 28,
            201 => 8,
            _ => len,
        };
        if len < fixed + if kind <= 201 { count * 24 } else { 0 } || is_first && !matches!(kind, 200 | 201 | 205 | 206)
        {
            return Fit::No;
        }
        if kind == 200 {
            if let Some(middle) = datagram.be32(at + 10) {
                facts.ask(u64::from(middle));
            }
        }
        if kind <= 201 {
            for block in (0..count).map(|block| at + fixed + block * 24) {
                if let (Some(last), Some(held)) = (datagram.be32(block + 16), datagram.be32(block + 20)) {
                    if last != 0 {
                        let held_ns = (i64::from(held).saturating_mul(1_000_000_000)) >> 16;
                        let key = u64::from(last);
                        facts.answers.push(Answer { key, method: RttMethod::Rtcp, held_ns, keeps: true, of: None });
                    }
                }
            }
        }
        is_first = false;
        at += len;
    }
    if is_first {
        return Fit::No;
    }
    facts.application = Some(Application::Rtcp);
    if at == datagram.len as usize {
        Fit::Maybe(4)
    } else {
        Fit::Maybe(1)
    }
}
