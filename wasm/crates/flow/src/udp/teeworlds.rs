//! Teeworlds 0.7 (`network.h`, `network.cpp`): flags, acknowledged chunk and the receiver's token in clear, then
//! numbered chunks, which may be coded (`teeworlds_code`).
//!
//! Three things are answered: a snapshot by the next input, which names the newest snapshot its sender has; an input by
//! a word on its timing; a chunk that must arrive by the header of the next packet. Each waits for the answering side's next
//! packet: a client's frame, half a server's snapshot interval on average. Packets have no number, so loss is not
//! counted; chunks that must arrive have one, but several share a packet.

use super::facts::{Datagram, Facts, Fit, Memo};
use super::marks::Ask;
use super::teeworlds_code::decode;
use crate::codes::RttMethod;
use core::ops::RangeInclusive;

const HEADER: usize = 7;
const NO_TOKEN: u32 = u32::MAX;
/// Flags of a packet. Those of a chunk: must arrive, sent again.
const CONTROL: u8 = 1;
const RESEND: u8 = 2;
const CODED: u8 = 4;
const CONNECTIONLESS: u8 = 8;
const VITAL: u8 = 1;
/// What is asked; the number comes below. Set-up by token, input by tick, snapshot by tick, chunk by number.
const TOKEN: u64 = 1 << 40;
pub const CONNECT: u64 = 2 << 40;
pub const INPUT: u64 = 3 << 40;
pub const SNAPSHOT: u64 = 4 << 40;
pub const CHUNK: u64 = 5 << 40;

/// Numbers of the system's messages that are read.
pub struct Kinds {
    pub snapshots: RangeInclusive<u8>,
    pub timing: u8,
    pub input: u8,
}

const KINDS: Kinds = Kinds { snapshots: 6..=8, timing: 10, input: 20 };

/// `memo`: the token of the opener's packets and of the other side's; who has sent inputs (bit 0, 1) or snapshots
/// (bit 2, 3); what either side acknowledged last, 16 bits each.
pub fn read(datagram: &Datagram, memo: &mut Memo, facts: &mut Facts) -> Fit {
    let (Some(first), Some(second), Some(count), Some(token)) =
        (datagram.u8(0), datagram.u8(1), datagram.u8(2), datagram.be32(3))
    else {
        return Fit::No;
    };
    let flags = first >> 2;
    if flags == CONNECTIONLESS {
        // Version 1; a token for each side, then the mark of a query.
        return if first & 3 == 1 && datagram.be32(9) == Some(u32::MAX) { Fit::Maybe(0) } else { Fit::No };
    }
    let [opener, other, roles, acknowledged, ..] = memo;
    let side = u32::from(!datagram.is_opener);
    let mine = if datagram.is_opener { opener } else { other };
    let before = core::mem::replace(mine, token);
    let ack = u32::from(first & 3) << 8 | u32::from(second);
    if flags == CONTROL {
        return if count == 0 { control(datagram, token, facts) } else { Fit::No };
    }
    // Only set-up changes a token, and nothing else comes without one.
    let is_known = before != 0 && before != NO_TOKEN;
    let asks_for_more = flags & RESEND != 0 && datagram.len as usize == HEADER;
    if flags & !(RESEND | CODED) != 0
        || (count == 0) != asks_for_more
        || token == NO_TOKEN
        || is_known && before != token
    {
        return Fit::No;
    }
    let Some(captured) = datagram.bytes.get(HEADER..) else { return Fit::No };
    let is_cut = datagram.bytes.len() < datagram.len as usize;
    let chunks = body(captured, is_cut, flags & CODED != 0, count, 0, |left| chunk(left, facts));
    let Some((points, last_chunk)) = chunks else { return Fit::No };
    if !are_roles_kept(roles, side, facts) {
        return Fit::No;
    }
    acknowledge(acknowledged, side, ack, last_chunk, facts);
    Fit::Maybe(points)
}

/// Inputs come from one side, snapshots from the other.
pub fn are_roles_kept(roles: &mut u32, side: u32, facts: &Facts) -> bool {
    for (has, role) in [(asked(facts, INPUT), 0), (asked(facts, SNAPSHOT), 2)] {
        *roles |= u32::from(has) << (role + side);
    }
    ![5, 10, 3, 12].iter().any(|both| *roles & both == *both)
}

/// A side's header names the chunk it has; each waits for its answer.
pub fn acknowledge(told: &mut u32, side: u32, ack: u32, last_chunk: Option<u16>, facts: &mut Facts) {
    let half = 16 * side;
    if *told >> half & 0xffff != ack {
        *told = *told & !(0xffff << half) | ack << half;
        facts.answer(CHUNK | u64::from(ack), RttMethod::AppAck);
    }
    if let Some(number) = last_chunk {
        facts.ask(CHUNK | u64::from(number));
    }
}

pub fn asked(facts: &Facts, kind: u64) -> bool {
    facts.asks.iter().any(|ask| ask.key >> 40 == kind >> 40)
}

/// Set-up: a client asks for a token and names its own, then connects with the server's.
fn control(datagram: &Datagram, token: u32, facts: &mut Facts) -> Fit {
    let len = (datagram.len as usize).saturating_sub(HEADER);
    match datagram.u8(HEADER) {
        // Requests are padded, lest they amplify.
        Some(1) if len > 512 => {
            facts.ask(CONNECT);
            Fit::Maybe(1)
        }
        Some(5) if len > 512 => {
            let Some(own) = datagram.be32(HEADER + 1) else { return Fit::No };
            facts.ask(TOKEN | u64::from(own));
            Fit::Maybe(1)
        }
        Some(5) if len == 5 => {
            facts.answer(TOKEN | u64::from(token), RttMethod::Handshake);
            Fit::Maybe(1)
        }
        Some(2) if len == 1 => {
            facts.answer(CONNECT, RttMethod::Handshake);
            Fit::Maybe(1)
        }
        // Keep-alive; closed, with a reason.
        Some(0) if len == 1 => Fit::Maybe(1),
        Some(4) => Fit::Maybe(0),
        _ => Fit::No,
    }
}

/// One chunk.
pub enum Chunk<'a> {
    /// Its number if it must arrive, and what is behind it.
    Whole(Option<u16>, &'a [u8]),
    /// What is there ends inside it.
    Cut(Option<u16>),
}

/// Flags in two bits, size in twelve, number in ten (`CNetChunkHeader`).
fn chunk<'a>(bytes: &'a [u8], facts: &mut Facts) -> Option<Chunk<'a>> {
    let Some((&[first, second], mut content)) = bytes.split_first_chunk::<2>() else { return Some(Chunk::Cut(None)) };
    let size = usize::from(first & 0x3f) << 6 | usize::from(second & 0x3f);
    let mut number = None;
    if first >> 6 & VITAL != 0 {
        let Some((&low, tail)) = content.split_first() else { return Some(Chunk::Cut(None)) };
        number = Some(u16::from(second >> 6) << 8 | u16::from(low));
        content = tail;
    } else if first >> 6 != 0 || second >> 6 != 0 {
        return None;
    }
    match (content.get(..size), content.get(size..)) {
        (Some(content), Some(behind)) if message(content, &KINDS, facts) => Some(Chunk::Whole(number, behind)),
        (Some(_), Some(_)) => None,
        // What was cut off may be the very number that is looked for.
        _ => (content.is_empty() || message(content, &KINDS, facts) || content.len() < 8).then_some(Chunk::Cut(number)),
    }
}

/// The chunks of one packet, coded or not: points, and the number of the last that must arrive. None where they are not what the header
/// counts, but for up to `behind` bytes. `chunk` takes the first off.
pub fn body(
    captured: &[u8],
    is_cut: bool,
    is_coded: bool,
    count: u8,
    behind: usize,
    mut chunk: impl for<'a> FnMut(&'a [u8]) -> Option<Chunk<'a>>,
) -> Option<(u32, Option<u16>)> {
    let decoded = if is_coded { Some(decode(captured)?) } else { None };
    if decoded.as_ref().is_some_and(|decoded| decoded.is_whole == is_cut) {
        return None;
    }
    let mut left = decoded.as_ref().map_or(captured, |decoded| decoded.bytes());
    let mut last = None;
    for at in 0..count {
        match chunk(left)? {
            Chunk::Whole(number, behind) => {
                last = number.or(last);
                left = behind;
            }
            // One that is known in part is worth half of one that is known to its end.
            Chunk::Cut(number) if is_cut => return Some((u32::from(at > 0), number.or(last))),
            Chunk::Cut(_) => return None,
        }
    }
    (is_cut || left.is_empty() || left.len() == behind).then_some((2 - u32::from(is_cut), last))
}

/// What a chunk says: its kind and whether it is the system's, then numbers. False where none begins like this.
pub fn message(content: &[u8], kinds: &Kinds, facts: &mut Facts) -> bool {
    let Some((&kind, mut numbers)) = content.split_first() else { return false };
    let mut next = || number(&mut numbers);
    match (kind & 1 != 0, kind >> 1) {
        // Kinds are few: a number of one byte that is not negative.
        _ if kind & 0xc0 != 0 => return false,
        // Snapshot in parts, empty, in one piece: the tick it shows.
        (true, kind) if kinds.snapshots.contains(&kind) => match next().map(u64::try_from) {
            Some(Ok(tick)) => facts.asks.push(Ask { key: SNAPSHOT | tick, may_burst: true }),
            _ => return false,
        },
        // On the timing of the input for a tick.
        (true, kind) if kind == kinds.timing => match next().map(u64::try_from) {
            Some(Ok(tick)) => facts.answer(INPUT | tick, RttMethod::AppAck),
            _ => return false,
        },
        // Input: the newest snapshot, −1 before the first; the tick it is meant for.
        (true, kind) if kind == kinds.input => match (next(), next().map(u64::try_from)) {
            (Some(snapshot), Some(Ok(tick))) => {
                if let Ok(snapshot) = u64::try_from(snapshot) {
                    facts.answer(SNAPSHOT | snapshot, RttMethod::AppAck);
                }
                facts.ask(INPUT | tick);
            }
            _ => return false,
        },
        _ => {}
    }
    true
}

/// A number of variable length (`compression.cpp`): sign and six bits, then seven bits a byte.
fn number(bytes: &mut &[u8]) -> Option<i32> {
    let (&first, mut rest) = bytes.split_first()?;
    let mut value = u32::from(first & 0x3f);
    let mut shift = 6;
    let mut byte = first;
    while byte & 0x80 != 0 {
        let (&next, tail) = rest.split_first()?;
        (byte, rest) = (next, tail);
        value |= u32::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
    }
    *bytes = rest;
    Some(if first & 0x40 != 0 { !(value as i32) } else { value as i32 })
}

#[cfg(test)]
pub mod tests {
    use super::super::teeworlds_code::encode;
    use super::super::{Notes, Talk};
    use super::{number, CODED, RESEND, VITAL};
    use crate::codes::{Application, Direction, RttMethod};
    use alloc::vec;
    use alloc::vec::Vec;
    use packet::{Packet, Prefix};

    const SERVERS: u32 = 0x08c3_365d;
    const CLIENTS: u32 = 0x40af_b3b9;

    pub fn variable(value: i32) -> Vec<u8> {
        let mut left = if value < 0 { !value } else { value } as u32;
        let sign = u8::from(value < 0) << 6;
        let mut bytes = vec![sign | (left & 0x3f) as u8];
        left >>= 6;
        while left > 0 {
            if let Some(last) = bytes.last_mut() {
                *last |= 0x80;
            }
            bytes.push((left & 0x7f) as u8);
            left >>= 7;
        }
        bytes
    }

    #[test]
    fn numbers_of_variable_length_come_back() {
        for value in [0, 1, -1, 63, 64, -64, -65, 8191, 8192, 123_456_789, i32::MAX, i32::MIN] {
            let bytes = variable(value);
            assert_eq!(number(&mut &bytes[..]), Some(value), "{value}");
            assert_eq!(number(&mut bytes.split_last().map_or(&[][..], |(_, cut)| cut)), None);
        }
    }

    /// One chunk of the system's kind, with its number if it must arrive, and so many bytes behind its numbers.
    fn chunk(kind: u8, numbers: &[i32], more: usize, vital: Option<u16>) -> Vec<u8> {
        let mut content = vec![kind << 1 | 1];
        content.extend(numbers.iter().flat_map(|&value| variable(value)));
        content.resize(content.len() + more, 0x21);
        let size = content.len() as u16;
        let number = vital.unwrap_or(0);
        let flags = if vital.is_some() { VITAL } else { 0 };
        let mut bytes = vec![flags << 6 | (size >> 6) as u8, (size & 0x3f) as u8 | (number >> 8 << 6) as u8];
        bytes.extend(vital.map(|number| number as u8));
        bytes.extend(content);
        bytes
    }

    fn packet(flags: u8, ack: u16, token: u32, chunks: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![flags << 2 | (ack >> 8) as u8, ack as u8, chunks.len() as u8];
        bytes.extend(token.to_be_bytes());
        let body = chunks.concat();
        bytes.extend(if flags & CODED != 0 { encode(&body) } else { body });
        bytes
    }

    pub struct Session {
        pub talk: Talk,
        /// Direction of what was timed, method, ms.
        pub samples: Vec<(Direction, RttMethod, i64)>,
    }

    impl Session {
        pub fn send(&mut self, at_ms: i64, direction: Direction, payload: &[u8]) {
            let packet = Packet {
                timestamp_ns: Some(at_ms * 1_000_000),
                payload_len_bytes: payload.len() as u32,
                prefix: Prefix::of(payload),
                ..Packet::default()
            };
            let mut notes = Notes::default();
            self.talk.observe(&packet, direction, &mut notes);
            assert_eq!(notes.lost, (0, 0));
            self.samples.extend(notes.samples.iter().map(|&(_, data, by, ns)| (data, by, ns / 1_000_000)));
        }

        pub fn all(&self, data: Direction, by: RttMethod) -> Vec<i64> {
            self.samples.iter().filter(|sample| (sample.0, sample.1) == (data, by)).map(|sample| sample.2).collect()
        }
    }

    /// A snapshot every 40 ms; the client's input is at the server 63 ms later; the server's word on it rides on the
    /// snapshot 17 ms after that. `change` is what another protocol would do to every packet.
    fn session(snapshot_bytes: usize, change: impl Fn(i64, &mut Vec<u8>)) -> Session {
        let mut session = Session { talk: Talk::default(), samples: Vec::new() };
        for at in 0..250i64 {
            let (tick, ms) = (100 + 2 * at as i32, at * 40);
            let mut chunks = Vec::new();
            if at >= 2 {
                chunks.push(chunk(10, &[tick + 1], 1, None));
            }
            chunks.push(chunk(8, &[tick, 2, 29_000], snapshot_bytes, None));
            let mut snapshot = packet(CODED, 0, CLIENTS, &chunks);
            change(at, &mut snapshot);
            session.send(ms, Direction::Reverse, &snapshot);
            // Some packets do not get smaller by the code and go without.
            let flags = if at % 3 == 0 { 0 } else { CODED };
            let mut input = packet(flags, 11, SERVERS, &[chunk(20, &[tick, tick + 5, 40], 14, None)]);
            change(at, &mut input);
            session.send(ms + 63, Direction::Forward, &input);
        }
        session
    }

    #[test]
    fn snapshots_and_inputs_name_what_they_answer() {
        for snapshot_bytes in [20, 200] {
            let done = session(snapshot_bytes, |_, _| {});
            assert_eq!(done.talk.application(), Some(Application::Teeworlds));
            let (server, client) = (Direction::Reverse, Direction::Forward);
            assert_eq!(done.all(server, RttMethod::AppAck), vec![63; 250]);
            assert_eq!(done.all(client, RttMethod::AppAck), vec![17; 248]);
            assert_eq!(done.talk.counts(server), None);
        }
    }

    #[test]
    fn chunks_that_must_arrive_are_timed_once_and_not_when_sent_again() {
        let mut done = session(20, |_, _| {});
        done.samples.clear();
        let mut vital = |at_ms: i64, number: u16, flags: u8| {
            let chunks = [chunk(1, &[7], 4, Some(number))];
            done.send(at_ms, Direction::Reverse, &packet(flags, 0, CLIENTS, &chunks));
        };
        vital(20_000, 12, 0);
        vital(20_100, 13, 0);
        vital(20_600, 13, RESEND);
        for (at_ms, ack) in [(20_041, 12), (20_061, 12), (20_700, 13)] {
            let input = [chunk(20, &[-1, 9_000 + ack, 40], 14, None)];
            done.send(at_ms, Direction::Forward, &packet(CODED, ack as u16, SERVERS, &input));
        }
        assert_eq!(done.samples, [(Direction::Reverse, RttMethod::AppAck, 41)]);
    }

    #[test]
    fn set_up_is_timed_by_its_tokens() {
        let mut done = Session { talk: Talk::default(), samples: Vec::new() };
        let control = |token: u32, kind: u8, own: &[u8], len: usize| {
            let mut bytes = packet(1, 0, token, &[]);
            bytes.push(kind);
            bytes.extend(own);
            bytes.resize(len, 0);
            bytes
        };
        let (own, servers) = (CLIENTS.to_be_bytes(), SERVERS.to_be_bytes());
        done.send(0, Direction::Forward, &control(u32::MAX, 5, &own, 524));
        done.send(31, Direction::Reverse, &control(CLIENTS, 5, &servers, 12));
        done.send(40, Direction::Forward, &control(SERVERS, 1, &own, 524));
        done.send(72, Direction::Reverse, &control(CLIENTS, 2, &[], 8));
        for at in 0..20 {
            let input = [chunk(20, &[-1, 100 + at, 40], 14, None)];
            done.send(100 + i64::from(at) * 20, Direction::Forward, &packet(CODED, 0, SERVERS, &input));
        }
        assert_eq!(done.talk.application(), Some(Application::Teeworlds));
        assert_eq!(done.all(Direction::Forward, RttMethod::Handshake), [31, 32]);
    }

    #[test]
    fn what_is_only_alike_is_not_believed() {
        type Change = fn(i64, &mut Vec<u8>);
        let changes: [(&str, Change); 4] = [
            ("a field that changes where the token is", |at, bytes| {
                bytes.splice(5..7, (at as u16 * 7).to_be_bytes());
            }),
            ("another count of chunks", |_, bytes| {
                bytes.splice(2..3, [9]);
            }),
            ("bytes behind the chunks", |_, bytes| bytes.push(0)),
            ("a code that breaks off", |_, bytes| {
                bytes.pop();
            }),
        ];
        for (name, change) in changes {
            let done = session(20, change);
            assert_eq!((done.talk.application(), done.samples.len()), (None, 0), "{name}");
        }
    }
}
