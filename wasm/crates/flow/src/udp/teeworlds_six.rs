//! Teeworlds 0.5 and 0.6, DDNet as it plays with them (`network.h` of 0.6): three bytes of header (flags, acknowledged chunk,
//! number of chunks), no token; sizes of ten bits; fewer messages. All else is as in 0.7 (`teeworlds`), what is timed too.
//!
//! Without a token only the form of the chunks speaks for it, so more packets have to. Lost packets are not counted: they have no
//! number, and of chunks that must arrive all behind a missing one are sent again, whether they came or not.

use super::facts::{Datagram, Facts, Fit, Memo};
use super::teeworlds::{acknowledge, are_roles_kept, body, message, Chunk, Kinds, CONNECT};
use crate::codes::RttMethod;

const HEADER: usize = 3;
/// Flags of a packet, its upper four bits. Those of a chunk: must arrive, sent again.
const CONTROL: u8 = 1;
const RESEND: u8 = 4;
const CODED: u8 = 8;
const VITAL: u8 = 1;
/// DDNet appends a token to what it sends.
const TOKEN_BYTES: usize = 4;
const KINDS: Kinds = Kinds { snapshots: 5..=7, timing: 9, input: 16 };

/// `memo`: unused, unused, who has sent inputs or snapshots, what either side acknowledged last; as in 0.7.
pub fn read(datagram: &Datagram, memo: &mut Memo, facts: &mut Facts) -> Fit {
    let (Some(first), Some(second), Some(count)) = (datagram.u8(0), datagram.u8(1), datagram.u8(2)) else {
        return Fit::No;
    };
    // Queries of the server's state come without a connection.
    if datagram.bytes.starts_with(&[0xff; 6]) {
        return Fit::Maybe(0);
    }
    let (flags, ack) = (first >> 4, u32::from(first & 3) << 8 | u32::from(second));
    if first & 0x0c != 0 {
        return Fit::No;
    }
    if flags == CONTROL {
        return if count == 0 { control(datagram, facts) } else { Fit::No };
    }
    let asks_for_more = flags & RESEND != 0 && count == 0;
    if flags & !(RESEND | CODED) != 0 || (count == 0) != asks_for_more {
        return Fit::No;
    }
    let [_, _, roles, acknowledged, ..] = memo;
    let side = u32::from(!datagram.is_opener);
    let Some(captured) = datagram.bytes.get(HEADER..) else { return Fit::No };
    let is_cut = datagram.bytes.len() < datagram.len as usize;
    let chunks = body(captured, is_cut, flags & CODED != 0, count, TOKEN_BYTES, |left| chunk(left, facts));
    let Some((points, last_chunk)) = chunks else { return Fit::No };
    if !are_roles_kept(roles, side, facts) {
        return Fit::No;
    }
    acknowledge(acknowledged, side, ack, last_chunk, facts);
    Fit::Maybe(if asks_for_more { 0 } else { points })
}

/// Keep-alive, connect, accepted, accept, close.
fn control(datagram: &Datagram, facts: &mut Facts) -> Fit {
    match datagram.u8(HEADER) {
        Some(1) => facts.ask(CONNECT),
        Some(2) => facts.answer(CONNECT, RttMethod::Handshake),
        Some(0 | 3 | 4) => {}
        _ => return Fit::No,
    }
    Fit::Maybe(0)
}

/// Flags in two bits, size in ten, number in ten, of which the two in the middle come twice.
fn chunk<'a>(bytes: &'a [u8], facts: &mut Facts) -> Option<Chunk<'a>> {
    let Some((&[first, second], mut content)) = bytes.split_first_chunk::<2>() else { return Some(Chunk::Cut(None)) };
    let size = usize::from(first & 0x3f) << 4 | usize::from(second & 0x0f);
    let mut number = None;
    if first >> 6 & VITAL != 0 {
        let Some((&low, tail)) = content.split_first() else { return Some(Chunk::Cut(None)) };
        if second >> 4 & 3 != low >> 6 {
            return None;
        }
        number = Some(u16::from(second & 0xf0) << 2 | u16::from(low));
        content = tail;
    } else if first >> 6 != 0 || second >> 4 != 0 {
        return None;
    }
    match (content.get(..size), content.get(size..)) {
        (Some(content), Some(behind)) if message(content, &KINDS, facts) => Some(Chunk::Whole(number, behind)),
        (Some(_), Some(_)) => None,
        _ => (content.is_empty() || message(content, &KINDS, facts) || content.len() < 8).then_some(Chunk::Cut(number)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::teeworlds::tests::{variable, Session};
    use super::super::teeworlds_code::encode;
    use super::super::Talk;
    use super::{CODED, CONTROL, VITAL};
    use crate::codes::{Application, Direction, RttMethod};
    use alloc::vec;
    use alloc::vec::Vec;

    const CLIENT: Direction = Direction::Forward;
    const SERVER: Direction = Direction::Reverse;

    fn chunk(kind: u8, numbers: &[i32], more: usize, vital: Option<u16>) -> Vec<u8> {
        let mut content = vec![kind << 1 | 1];
        content.extend(numbers.iter().flat_map(|&value| variable(value)));
        content.resize(content.len() + more, 0x21);
        let (size, number) = (content.len() as u16, vital.unwrap_or(0));
        let flags = if vital.is_some() { VITAL } else { 0 };
        let mut bytes = vec![flags << 6 | (size >> 4) as u8, (size & 0xf) as u8 | (number >> 2 & 0xf0) as u8];
        bytes.extend(vital.map(|number| number as u8));
        bytes.extend(content);
        bytes
    }

    fn packet(flags: u8, ack: u16, chunks: &[Vec<u8>], behind: &[u8]) -> Vec<u8> {
        let body = [chunks.concat(), behind.to_vec()].concat();
        let mut bytes = vec![flags << 4 | (ack >> 8) as u8, ack as u8, chunks.len() as u8];
        bytes.extend(if flags & CODED != 0 { encode(&body) } else { body });
        bytes
    }

    /// A snapshot every 40 ms, 63 ms later an input that names it, 17 ms after that the server's word on the input; a chunk that
    /// must arrive now and then, over the wrap of its number. Each 30th snapshot is lost before the capture, each 41st behind it.
    fn session(behind: &[u8], change: impl Fn(i64, &mut Vec<u8>)) -> Session {
        let mut session = Session { talk: Talk::default(), samples: Vec::new() };
        session.send(-200, CLIENT, &[CONTROL << 4, 0, 0, 1]);
        session.send(-150, SERVER, &[CONTROL << 4, 0, 0, 2]);
        let (mut has, mut acked) = (99, 0);
        for at in 0..250i64 {
            let (tick, ms) = (100 + 2 * at as i32, at * 40);
            let mut chunks = Vec::new();
            if at >= 2 {
                chunks.push(chunk(9, &[tick + 1], 1, None));
            }
            let vital = (at % 20 == 3).then_some((1000 + at as u16 / 20 * 3) & 1023);
            if vital.is_some() {
                chunks.push(chunk(1, &[7], 4, vital));
            }
            chunks.push(chunk(7, &[tick, 2, 29_000], 60, None));
            let mut snapshot = packet(CODED, 5, &chunks, behind);
            change(at, &mut snapshot);
            if at % 30 != 29 || vital.is_some() {
                session.send(ms, SERVER, &snapshot);
            }
            if at % 30 != 29 && at % 41 != 40 || vital.is_some() {
                (has, acked) = (tick, vital.unwrap_or(acked));
            }
            let flags = if at % 3 == 0 { 0 } else { CODED };
            let mut input = packet(flags, acked, &[chunk(16, &[has, tick + 5, 40], 14, None)], behind);
            change(at, &mut input);
            session.send(ms + 63, CLIENT, &input);
        }
        session
    }

    #[test]
    fn snapshots_inputs_and_chunks_name_what_they_answer_with_and_without_a_token() {
        for behind in [&[][..], &[7, 1, 9, 4]] {
            let done = session(behind, |_, _| {});
            assert_eq!(done.talk.application(), Some(Application::Teeworlds));
            assert_eq!(done.all(SERVER, RttMethod::Handshake), vec![]);
            assert_eq!(done.all(CLIENT, RttMethod::Handshake), vec![50]);
            let (server, client) = (done.all(SERVER, RttMethod::AppAck), done.all(CLIENT, RttMethod::AppAck));
            // 250 snapshots less 8 and 6, and 13 chunks.
            assert!(server.len() > 240 && server.iter().all(|&rtt_ms| rtt_ms == 63), "{server:?}");
            assert!(client.len() > 230 && client.iter().all(|&rtt_ms| rtt_ms == 17), "{client:?}");
            assert_eq!(done.talk.counts(SERVER), None);
        }
    }

    #[test]
    fn chunks_that_do_not_fit_their_sizes_are_another_protocol() {
        let longer = session(&[], |at, bytes| bytes.resize(bytes.len() + 1 + at as usize % 3, 0x77));
        assert_eq!((longer.talk.application(), longer.samples.len()), (None, 0));
        let flagged = session(&[], |_, bytes| bytes.iter_mut().take(1).for_each(|first| *first |= 4));
        assert_eq!((flagged.talk.application(), flagged.samples.len()), (None, 0));
    }
}
