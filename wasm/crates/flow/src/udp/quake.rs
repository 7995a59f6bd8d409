//! The id Software line: QuakeWorld and GoldSrc, Quake 3 and its family, Source 1. All number packets in 32
//! little-endian bits at the start; all but Quake 3 acknowledge in clear behind it.

use super::facts::{Datagram, Facts, Fit, Memo, Number};
use crate::codes::RttMethod;

const OUT_OF_BAND: u32 = u32::MAX;
const TOP: u32 = 1 << 31;
/// Keys of out-of-band questions, beyond any number.
const QUERY: u64 = 1 << 40;

fn begins(datagram: &Datagram, text: &[u8]) -> bool {
    datagram.bytes.get(4..).is_some_and(|tail| tail.starts_with(text))
}

/// Source 1 (`engine/net_chan.cpp` SendDatagram): number, acknowledged number, flags; never below 16 bytes.
pub fn source(datagram: &Datagram, _: &mut Memo, facts: &mut Facts) -> Fit {
    let Some(number) = datagram.le32(0) else { return Fit::No };
    if number == OUT_OF_BAND {
        return source_query(datagram, facts);
    }
    // −2 is a part of a split packet, −3 a compressed one: their numbers are not in clear.
    if number == OUT_OF_BAND - 1 || number == OUT_OF_BAND - 2 {
        return Fit::Maybe(0);
    }
    let (Some(ack), Some(flags)) = (datagram.le32(4), datagram.u8(8)) else { return Fit::No };
    // ENCRYPTED leaves nothing to read; COMPRESSED and SPLIT are said by −3 and −2 instead.
    if (number | ack) & TOP != 0 || number == 0 || flags & 0x0e != 0 || datagram.len < 16 {
        return Fit::No;
    }
    facts.numbered_and_acked(number, ack, 31);
    Fit::Maybe(0)
}

/// A2S_INFO and its answers (or the challenge that comes first).
fn source_query(datagram: &Datagram, facts: &mut Facts) -> Fit {
    if begins(datagram, b"TSource Engine Query\0") {
        facts.ask(QUERY);
        return Fit::Certain;
    }
    match datagram.u8(4) {
        Some(b'I' | b'A') => {
            facts.answer(QUERY, RttMethod::AppAck);
            Fit::Maybe(0)
        }
        Some(_) => Fit::Maybe(0),
        None => Fit::No,
    }
}

/// QuakeWorld (`net_chan.c`), GoldSrc: the same, with the reliable bit on top of both numbers, which Source never
/// sets (GoldSrc: a fragment bit below it).
pub fn quakeworld(datagram: &Datagram, _: &mut Memo, facts: &mut Facts) -> Fit {
    let (Some(number), Some(ack)) = (datagram.le32(0), datagram.le32(4)) else { return Fit::No };
    if number == OUT_OF_BAND {
        return Fit::Maybe(0);
    }
    let mask = (1 << 30) - 1;
    let (bare, bare_ack) = (number & mask, ack & mask);
    // Above an hour at a thousand packets a second these are no numbers of a game.
    if bare == 0 || bare.max(bare_ack) > 1 << 24 {
        return Fit::No;
    }
    facts.numbered_and_acked(bare, bare_ack, 30);
    Fit::Maybe(u32::from((number | ack) & TOP != 0) * 2)
}

/// Quake 3 (`net_chan.c`): number with a fragment bit on top; the client adds its port number, the same in every
/// packet. `memo`: that field of either side, and whether it has changed (bit 0, 1) and been seen (bit 2, 3).
pub fn quake3(datagram: &Datagram, memo: &mut Memo, facts: &mut Facts) -> Fit {
    let Some(number) = datagram.le32(0) else { return Fit::No };
    if number == OUT_OF_BAND {
        return quake3_query(datagram, facts);
    }
    let Some(field) = datagram.le16(4).map(u32::from) else { return Fit::No };
    let bare = number & !TOP;
    if bare == 0 || bare > 1 << 24 {
        return Fit::No;
    }
    // Every part of a fragmented message has its number: only the first counts.
    facts.number = Some(Number { stream: 0, value: u64::from(bare), bits: 31 });
    let side = u32::from(!datagram.is_opener);
    let [opener, other, known, _] = memo;
    let mine = if side == 0 { opener } else { other };
    if *known >> (side + 2) & 1 != 0 && *mine != field {
        *known |= 1 << side;
    }
    *mine = field;
    *known |= 4 << side;
    let is_asymmetric = *known & 12 == 12 && matches!(*known & 3, 1 | 2);
    Fit::Maybe(u32::from(is_asymmetric))
}

/// Questions and answers of set-up, in words.
fn quake3_query(datagram: &Datagram, facts: &mut Facts) -> Fit {
    const WORDS: &[(&[u8], u64, bool)] = &[
        (b"getstatus", 1, true),
        (b"statusResponse", 1, false),
        (b"getinfo", 2, true),
        (b"infoResponse", 2, false),
        (b"getchallenge", 3, true),
        (b"challengeResponse", 3, false),
        (b"connectResponse", 4, false),
    ];
    let Some(&(_, key, is_question)) = WORDS.iter().find(|(word, ..)| begins(datagram, word)) else {
        return Fit::Maybe(0);
    };
    if is_question {
        facts.ask(QUERY + key);
    } else {
        facts.answer(QUERY + key, RttMethod::AppAck);
    }
    // QuakeWorld asks for a challenge with the same word.
    if key == 3 && is_question {
        Fit::Maybe(0)
    } else {
        Fit::Certain
    }
}
