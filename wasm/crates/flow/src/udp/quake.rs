//! The id Software line: QuakeWorld and GoldSrc, Quake 3 and its family, Source 1. All number packets in 32
//! little-endian bits at the start; all but Quake 3 acknowledge in clear behind it.

use super::facts::{Claim, Datagram, Facts, Fit, Memo};
use super::quake_code::Reader;
use crate::codes::RttMethod;

const OUT_OF_BAND: u32 = u32::MAX;
const TOP: u32 = 1 << 31;
/// Keys of out-of-band questions, beyond any number.
const QUERY: u64 = 1 << 40;

fn begins(datagram: &Datagram, text: &[u8]) -> bool {
    datagram.bytes.get(4..).is_some_and(|tail| tail.starts_with(text))
}

/// A packet says how many its sender held back at the rate limit since the one before; each of them took a number.
const CHOKED: u8 = 16;

/// Source 1 (`engine/net_chan.cpp` SendDatagram): number, acknowledged number, flags; never below 16 bytes. Then a
/// checksum of two bytes where the game has it switched on, a byte of reliable state, and the count of choked packets.
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
    if flags & CHOKED != 0 {
        facts.choked = datagram.u8(12).zip(datagram.u8(10)).map(|(behind_checksum, bare)| [behind_checksum, bare]);
    }
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
/// packet. `memo`: that field of either side; whether it has changed (bit 0, 1) and been seen (bit 2, 3), and whether
/// the side has told what it has (bit 4, 5); the server and number it told
/// last, 16 bits each.
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
    facts.number(0, u64::from(bare), 31);
    let side = u32::from(!datagram.is_opener);
    let [opener, other, known, told_by_opener, told_by_other] = memo;
    let (mine, last) = if side == 0 { (opener, told_by_opener) } else { (other, told_by_other) };
    if *known >> (side + 2) & 1 != 0 && *mine != field {
        *known |= 1 << side;
    }
    *mine = field;
    *known |= 4 << side;
    // Only a client tells; the other side's packets are what it tells of.
    if *known & 0x20 >> side != 0 {
        facts.ask(u64::from(bare));
    }
    // The port number that stays is the client's; what a server's packet holds there and behind it is something else.
    let is_client = *known & (1 << side | 2 >> side) == 2 >> side;
    if let Some(ack) = told_by_client(datagram, number, last).filter(|_| is_client) {
        *known |= 0x10 << side;
        facts.claims = Some(Claim { stream: 0, value: u64::from(ack), bits: 31 });
        facts.answer(u64::from(ack), RttMethod::AppAck);
    }
    let is_asymmetric = *known & 12 == 12 && matches!(*known & 3, 1 | 2);
    Fit::Maybe(u32::from(is_asymmetric))
}

/// A client's message begins with the server's id and the number of the server's packet that it has (`cl_input.c`
/// CL_WritePacket), coded; encryption begins behind both. Believed where the packet before named the same server and a
/// number not far below: other protocols, and relatives with a checksum here, do not.
fn told_by_client(datagram: &Datagram, number: u32, last: &mut u32) -> Option<u32> {
    if number & TOP != 0 {
        return None;
    }
    let mut message = Reader::new(datagram.bytes.get(6..)?);
    let (server, ack) = (message.le32()?, message.le32()?);
    let before = core::mem::replace(last, server << 16 | ack & 0xffff);
    let is_same_server = before >> 16 == server & 0xffff;
    // Each step forward; a number that stays tells nothing, and what is constant looks like one.
    let step = (ack as u16).wrapping_sub(before as u16);
    (is_same_server && (1..256).contains(&step) && ack < 1 << 24).then_some(ack)
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

#[cfg(test)]
mod tests {
    use super::super::quake_code::encode;
    use super::super::{Notes, Talk};
    use crate::codes::{Application, Direction, RttMethod};
    use alloc::vec::Vec;
    use packet::{Packet, Prefix};

    const SERVER_ID: u32 = 3_276_800_123;

    /// The server sends 20 times a second; 43 ms later the client says what it has. `between`: what a relative of the
    /// game puts before the message. Samples in ms.
    fn session(between: &[u8], reliable: impl Fn(u32) -> u32) -> (Option<Application>, Vec<i64>, i64) {
        let mut talk = Talk::default();
        let mut notes = Notes::default();
        let (mut samples, mut lost) = (Vec::new(), 0);
        let mut send = |at_ms: i64, direction: Direction, payload: &[u8]| {
            let packet = Packet {
                timestamp_ns: Some(at_ms * 1_000_000),
                payload_len_bytes: payload.len() as u32,
                prefix: Prefix::of(payload),
                ..Packet::default()
            };
            notes.clear();
            talk.observe(&packet, direction, &mut notes);
            for (_, data, method, rtt_ns) in &notes.samples {
                assert_eq!((*data, *method), (Direction::Reverse, RttMethod::AppAck));
                samples.push(rtt_ns / 1_000_000);
            }
            lost += notes.lost.1;
        };
        for at in 1..300u32 {
            let at_ms = i64::from(at) * 50;
            let mut snapshot = (4000 + at).to_le_bytes().to_vec();
            snapshot.extend(at.wrapping_mul(0x9e37_79b1).to_le_bytes().repeat(10));
            // Every 60th is lost before the capture point; the client says again what it had.
            if at % 60 != 0 {
                send(at_ms, Direction::Reverse, &snapshot);
            }
            let has = if at % 60 == 0 { 4000 + at - 1 } else { 4000 + at };
            let words: Vec<u8> = [SERVER_ID, has, reliable(at)].iter().flat_map(|word| word.to_le_bytes()).collect();
            let mut command = at.to_le_bytes().to_vec();
            command.extend([0x77, 0x21]);
            command.extend(between.iter().map(|byte| byte.wrapping_mul(at as u8)));
            command.extend(encode(&words));
            command.resize(command.len().max(18), 0x5a);
            send(at_ms + 43, Direction::Forward, &command);
        }
        (talk.application(), samples, lost)
    }

    #[test]
    fn a_client_says_in_code_what_it_has_of_the_server() {
        let (application, samples, lost) = session(&[], |at| at / 50);
        assert_eq!((application, lost), (Some(Application::Quake3), 4));
        // 295 numbers, less those before it is known who tells of whom.
        assert!(samples.len() > 285 && samples.iter().all(|&rtt| rtt == 43), "{samples:?}");
    }

    #[test]
    fn where_something_else_stands_there_is_no_round_trip() {
        // A checksum before the message, as in younger relatives.
        let (application, samples, _) = session(&[0x4d, 0x11, 0x83, 0x29], |_| 7);
        assert_eq!((application, samples), (Some(Application::Quake3), Vec::new()));
    }
}
