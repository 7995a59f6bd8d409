//! What a decoder reads out of one datagram. Decoders are pure: bytes → facts; all memory is `reading`'s.

use super::deliveries::Copy as Sending;
use super::marks::{Answer, Ask};
use crate::codes::{Application, RttMethod};

/// One UDP datagram as far as its row holds it.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// First captured bytes.
    pub bytes: &'a [u8],
    /// Length on the wire.
    pub len: u32,
    /// Was it sent by the side that sent the first datagram?
    pub is_opener: bool,
}

impl Datagram<'_> {
    pub fn u8(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }
    fn chunk<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..).and_then(|tail| tail.first_chunk::<N>()).copied()
    }
    pub fn be16(&self, at: usize) -> Option<u16> {
        self.chunk(at).map(u16::from_be_bytes)
    }
    pub fn be32(&self, at: usize) -> Option<u32> {
        self.chunk(at).map(u32::from_be_bytes)
    }
    pub fn be64(&self, at: usize) -> Option<u64> {
        self.chunk(at).map(u64::from_be_bytes)
    }
    pub fn le16(&self, at: usize) -> Option<u16> {
        self.chunk(at).map(u16::from_le_bytes)
    }
    pub fn le24(&self, at: usize) -> Option<u32> {
        self.chunk(at).map(|[a, b, c]: [u8; 3]| u32::from_le_bytes([a, b, c, 0]))
    }
    pub fn le32(&self, at: usize) -> Option<u32> {
        self.chunk(at).map(u32::from_le_bytes)
    }
    pub fn le64(&self, at: usize) -> Option<u64> {
        self.chunk(at).map(u64::from_le_bytes)
    }
}

/// The sender's number of this datagram.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    /// Which of the flow's numbered streams.
    pub stream: u32,
    /// The number.
    pub value: u64,
    /// Its width.
    pub bits: u32,
    /// Where what is not acknowledged is sent again with its old number.
    pub copy: Option<Sending>,
}

/// The highest number of the other side that a datagram says its sender has.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// Which of the other side's numbered streams.
    pub stream: u32,
    /// The number.
    pub value: u64,
    /// Its width.
    pub bits: u32,
}

/// The sender's clock.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// Its reading.
    pub ticks: u32,
    /// Ticks a second; 0 = to be found.
    pub rate_hz: i64,
    /// Packets of another kind (RTP payload type) than the stream's have a clock of their own.
    pub kind: u8,
}

/// A few values.
#[derive(Clone, Copy, Debug)]
pub struct Few<T> {
    items: [Option<T>; 8],
    len: usize,
}

impl<T: Copy> Default for Few<T> {
    fn default() -> Self {
        Few { items: [None; 8], len: 0 }
    }
}

impl<T: Copy> Few<T> {
    /// Adds one; the ninth and later are dropped.
    pub fn push(&mut self, item: T) {
        if let Some(place) = self.items.get_mut(self.len) {
            *place = Some(item);
            self.len += 1;
        }
    }
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        self.items.iter().flatten().copied()
    }
}

/// What a host says of the path in clear, about the packets that come to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Its round trip.
    pub rtt_ns: Option<i64>,
    /// Percent of the other side's packets that did not come.
    pub lost_percent: Option<u32>,
    /// Its peak jitter.
    pub jitter_ns: Option<i64>,
    /// How long its last frame took.
    pub frame_time_ns: Option<i64>,
}

/// What one datagram says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// The protocol of this very datagram, where one flow carries several (RFC 7983).
    pub application: Option<Application>,
    /// Its number, or those of what it carries.
    pub numbers: Few<Number>,
    /// When it was sent.
    pub sent: Option<Sent>,
    /// Time since its sender sent the number before this one, µs.
    pub spacing_us: Option<u32>,
    /// Forget the numbering of the stream: the next number may be anything.
    pub renumber: bool,
    /// It leaves when something comes, and not when its sender's clock ticks.
    pub is_prompt: bool,
    /// More of what it carries is behind the captured bytes.
    pub is_cut: bool,
    /// Questions in it.
    pub asks: Few<Ask>,
    /// Answers in it.
    pub answers: Few<Answer>,
    /// The highest number of the other side that it claims to have: (stream, number, bits). Never more than was sent.
    pub claims: Option<Claim>,
    /// Numbers before this one that were never sent, in either of two places where the count may stand.
    pub choked: Option<[u8; 2]>,
    /// What its sender says of the path.
    pub report: Option<Report>,
    /// QUIC's spin bit.
    pub spin: Option<bool>,
}

impl Facts {
    /// A question with this key.
    pub fn ask(&mut self, key: u64) {
        self.asks.push(Ask { key, may_burst: false });
    }

    /// An answer to a question with this key.
    pub fn answer(&mut self, key: u64, method: RttMethod) {
        self.answers.push(Answer { key, method, held_ns: 0, keeps: false, of: None });
    }

    /// It carries number `value` of a stream; nothing is sent again with its old number.
    pub fn number(&mut self, stream: u32, value: u64, bits: u32) {
        self.numbers.push(Number { stream, value, bits, copy: None });
    }

    /// It carries number `value` of a stream, which is sent again until an answer with this key comes.
    pub fn reliable(&mut self, stream: u32, value: u64, bits: u32, copy: Sending) {
        self.numbers.push(Number { stream, value, bits, copy: Some(copy) });
        self.ask(copy.key);
    }

    /// It acknowledges number `value` of a stream, and no other.
    pub fn acknowledge(&mut self, stream: u32, value: u64, key: u64) {
        let of = Some((stream, value));
        self.answers.push(Answer { key, method: RttMethod::AppAck, held_ns: 0, keeps: false, of });
    }

    /// A packet numbered `value` that acknowledges the other side's packet `ack`.
    pub fn numbered_and_acked(&mut self, value: u32, ack: u32, bits: u32) {
        self.number(0, u64::from(value), bits);
        self.ask(u64::from(value));
        self.claims = Some(Claim { stream: 0, value: u64::from(ack), bits });
        self.answer(u64::from(ack), RttMethod::AppAck);
    }
}

/// Is a datagram what the decoder reads?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is not.
    No,
    /// It may be; so many points speak for it apart from its numbers.
    Maybe(u32),
    /// No other protocol looks like this.
    Certain,
}

/// What a decoder may remember of a flow between datagrams.
pub type Memo = [u32; 5];

/// One decoder.
pub struct Decoder {
    /// What it reads; the application of a flow unless datagrams say better.
    pub application: Application,
    /// Bytes → facts.
    pub read: fn(&Datagram, &mut Memo, &mut Facts) -> Fit,
    /// Evidence needed to believe it (see `reading::Reading::verdict`).
    pub needed: u32,
    /// Datagrams of the flow before it is first asked.
    pub from: u8,
}
