//! QUIC v1, v2 and their drafts: handshake round trips (RFC 9000 17.2) and the spin bit (17.4, RFC 9312 3.8.2).

use super::facts::{Datagram, Facts, Fit, Memo};
use super::marks::Ask;
use crate::codes::{Direction, RttMethod};
use crate::state::state;
use alloc::vec::Vec;

/// What the first long header of a datagram is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Long {
    Initial,
    ZeroRtt,
    Handshake,
    Retry,
}

/// v1, the IETF drafts, Facebook's; v2 (RFC 9369) numbers its types differently.
fn long_kind(first: u8, version: u32) -> Option<Long> {
    let kind = first >> 4 & 3;
    let kind = match version {
        1 | 0xff00_0016..=0xff00_0022 | 0xface_b000..=0xface_b00f => kind,
        // Versions that only ask for a list of versions (RFC 9000 15).
        grease if grease & 0x0f0f_0f0f == 0x0a0a_0a0a => kind,
        0x6b33_43cf => kind.wrapping_sub(1) & 3,
        _ => return None,
    };
    [Long::Initial, Long::ZeroRtt, Long::Handshake, Long::Retry].get(usize::from(kind)).copied()
}

const CLIENT_HELLO: u64 = 1;
const SERVER_HELLO: u64 = 2;

/// `memo`: the server has answered · version seen · how the connection ids begin that the opener and the other side chose.
pub fn read(datagram: &Datagram, memo: &mut Memo, facts: &mut Facts) -> Fit {
    let Some(first) = datagram.u8(0) else { return Fit::No };
    let [answered, version_seen, of_opener, of_other, ..] = memo;
    let (mine, receivers) = if datagram.is_opener { (of_opener, of_other) } else { (of_other, of_opener) };
    // Who has agreed to it clears the fixed bit at random (RFC 9287); the receiver's connection id then stands for it.
    let is_marked = |id_at: usize| first & 0x40 != 0 || *receivers != 0 && datagram.be32(id_at) == Some(*receivers);
    if first & 0x80 == 0 {
        // Short headers say nothing: they are QUIC's only behind a long one.
        if !is_marked(1) || *version_seen == 0 || datagram.len < 21 {
            return Fit::No;
        }
        facts.spin = Some(first & 0x20 != 0);
        return Fit::Maybe(0);
    }
    let Some(version) = datagram.be32(1) else { return Fit::No };
    if version == 0 && !datagram.is_opener && *version_seen != 0 {
        facts.answer(CLIENT_HELLO, RttMethod::QuicHandshake);
        return Fit::Maybe(0);
    }
    let Some(kind) = long_kind(first, version).filter(|_| is_marked(6)) else { return Fit::No };
    let Some(destination_len) = datagram.u8(5).filter(|len| *len <= 20) else { return Fit::No };
    let source_len = datagram.u8(6 + usize::from(destination_len));
    if source_len.is_none_or(|len| len > 20) || datagram.len < 21 {
        return Fit::No;
    }
    *version_seen = version;
    if source_len.is_some_and(|len| len >= 4) {
        *mine = datagram.be32(7 + usize::from(destination_len)).unwrap_or(0);
    }
    match (datagram.is_opener, kind) {
        (true, Long::Initial) if *answered == 0 => facts.asks.push(Ask { key: CLIENT_HELLO, may_burst: true }),
        (true, Long::Initial | Long::Handshake) => facts.answer(SERVER_HELLO, RttMethod::QuicHandshake),
        (false, Long::Initial | Long::Handshake) => {
            facts.answer(CLIENT_HELLO, RttMethod::QuicHandshake);
            if *answered == 0 && kind == Long::Initial {
                facts.ask(SERVER_HELLO);
            }
            *answered = 1;
        }
        (false, Long::Retry) => facts.answer(CLIENT_HELLO, RttMethod::QuicHandshake),
        _ => {}
    }
    // A client's first datagram is padded to 1200 bytes (RFC 9000 14.1).
    if kind == Long::Initial && (datagram.len >= 1200 || !datagram.is_opener) {
        Fit::Certain
    } else {
        Fit::Maybe(2)
    }
}

/// Edges shorter than this share of the running median are packets that overtook each other (RFC 9312 3.8.2).
const SHORTEST_SHARE: i64 = 10;
/// Packets of both directions before the flips are judged.
const FEWEST_PACKETS: u32 = 24;
const FEWEST_EDGES: u32 = 4;
/// Samples kept until the spin is believed.
const MOST_HELD: usize = 32;

/// The spin bit of both directions.
#[derive(Clone, Debug, Default)]
pub struct Spin {
    sides: (SpinSide, SpinSide),
    held: Vec<(i64, (u8, i64))>,
    typical_ns: i64,
    is_refused: bool,
    is_believed: bool,
}

#[derive(Clone, Debug, Default)]
struct SpinSide {
    last: Option<bool>,
    edge_ns: Option<i64>,
    packets: u32,
    edges: u32,
}

state!(SpinSide { last, edge_ns, packets, edges });
state!(Spin { sides, held, typical_ns, is_refused, is_believed });

impl Spin {
    /// One short-header packet. Samples: time, direction of the timed half, ns.
    ///
    /// The client flips, the server repeats: from a flip seen upstream to the same value seen downstream is the
    /// server's half, from there to the next flip upstream the client's; so no sample needs both clocks.
    pub fn observe(
        &mut self,
        value: bool,
        at_ns: Option<i64>,
        direction: Direction,
        out: &mut Vec<(i64, Direction, i64)>,
    ) {
        if self.is_refused {
            return;
        }
        let side = direction.of_mut(&mut self.sides);
        side.packets = side.packets.saturating_add(1);
        let is_edge = side.last.replace(value).is_some_and(|last| last != value);
        if is_edge {
            side.edges = side.edges.saturating_add(1);
            side.edge_ns = at_ns;
            let other = direction.opposite().of(&self.sides).edge_ns;
            if let (Some(at_ns), Some(other_ns)) = (at_ns, other) {
                self.sample(at_ns, direction.opposite(), at_ns.saturating_sub(other_ns), out);
            }
        }
        self.judge(out);
    }

    fn sample(&mut self, at_ns: i64, data: Direction, rtt_ns: i64, out: &mut Vec<(i64, Direction, i64)>) {
        if rtt_ns <= 0 || self.typical_ns > 0 && rtt_ns.saturating_mul(SHORTEST_SHARE) < self.typical_ns {
            return;
        }
        // A median by steps: up or down by an eighth.
        let step = (self.typical_ns >> 3).max(1);
        self.typical_ns = match self.typical_ns {
            0 => rtt_ns,
            typical if rtt_ns > typical => typical.saturating_add(step),
            typical => typical.saturating_sub(step),
        };
        if self.is_believed {
            out.push((at_ns, data, rtt_ns));
        } else if self.held.len() < MOST_HELD {
            self.held.push((at_ns, (data as u8, rtt_ns)));
        }
    }

    /// A spin bit that is switched off may be random per packet (RFC 9000 17.4): flips then make up half of all
    /// packets. A real one flips once a round trip, so that a direction with few packets a round trip tells nothing.
    fn judge(&mut self, out: &mut Vec<(i64, Direction, i64)>) {
        let (up, down) = (&self.sides.0, &self.sides.1);
        let packets = up.packets.saturating_add(down.packets);
        if packets < FEWEST_PACKETS {
            return;
        }
        let is_calm = |side: &SpinSide| side.edges.saturating_mul(4) <= side.packets;
        let balanced = up.edges.abs_diff(down.edges) <= 1 + up.edges / 4;
        if !self.is_believed && up.edges.min(down.edges) >= FEWEST_EDGES && is_calm(up) && is_calm(down) && balanced {
            self.is_believed = true;
            for (at_ns, (data, rtt_ns)) in core::mem::take(&mut self.held) {
                out.push((at_ns, if data == 0 { Direction::Forward } else { Direction::Reverse }, rtt_ns));
            }
        }
        let is_wild = |side: &SpinSide| side.packets >= 16 && side.edges.saturating_mul(3) > side.packets;
        if is_wild(up) || is_wild(down) {
            self.is_refused = true;
            self.held.clear();
        }
    }
}
