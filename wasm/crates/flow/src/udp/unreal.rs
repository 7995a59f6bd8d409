//! Unreal Engine 4.2x and 5: a stream of bits, lowest first. Behind the bits of the packet handlers, whose number differs
//! by version and game, stands a word: number (14 bits), acknowledged number (14 bits), words of history less one (4).
//!
//! Each place where the word may stand is a decoder of its own, and none is believed for its form: it takes numbers of
//! both sides that go on, and acknowledgements that follow them. Handlers that encrypt leave nothing, and the flow is
//! opaque. The bit before the word says whether the packet is one of the connectionless handshake instead; those are
//! short, and nothing is read out of them.
//!
//! Behind the history one bit says that packet information follows: the sender's clock (10 bits, ms within its second, 1023
//! for none), a bit, and if that is set one byte: how long the server's last frame took, ms, 255 for longer. Versions before
//! the clock have something else there: so it is believed when it runs at a thousand a second, and the frame time beside it.

use super::facts::{Datagram, Facts, Fit, Memo, Report, Sent};

/// 256 packets of history, in words of 32.
const MOST_HISTORY_WORDS: u32 = 8;
/// Cookie, time, versions and padding stay below.
const LONGEST_HANDSHAKE: u32 = 64;
/// Packets that one acknowledges beyond the one before it.
const MOST_ACKED_AT_ONCE: u32 = 64;

const CLOCK_BITS: u32 = 10;
const NO_CLOCK: u32 = 1023;
/// A clock of milliseconds, shown as one of 8 kHz: its rate is then found and not taken for granted.
const STEPS_PER_MS: u32 = 8;

/// Up to 32 bits from any bit on.
fn bits(datagram: &Datagram, at: usize, count: u32) -> Option<u32> {
    let bytes = datagram.bytes.get(at / 8..)?.first_chunk::<5>()?;
    let [a, b, c, d, e] = *bytes;
    let wide = u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]) >> (at % 8);
    Some((wide & ((1u64 << count) - 1)) as u32)
}

/// The word behind `HANDLER_BITS` bits, the last of which tells a handshake.
///
/// `memo`: number and acknowledged number that either side told last. Points are for a number that is the next and an
/// acknowledgement that has gone on: a word that is read a bit off counts in twos or in halves, and what never changes
/// acknowledges nothing.
pub fn read<const HANDLER_BITS: usize>(datagram: &Datagram, memo: &mut Memo, facts: &mut Facts) -> Fit {
    let is_handshake = bits(datagram, HANDLER_BITS.saturating_sub(1), 1) == Some(1);
    if is_handshake {
        return if datagram.len <= LONGEST_HANDSHAKE { Fit::Maybe(0) } else { Fit::No };
    }
    let Some(word) = bits(datagram, HANDLER_BITS, 32) else { return Fit::No };
    let history_words = (word & 0xf) + 1;
    let header_bits = HANDLER_BITS as u32 + 32 + 32 * history_words + 1;
    if history_words > MOST_HISTORY_WORDS || header_bits.div_ceil(8) > datagram.len {
        return Fit::No;
    }
    let (number, ack) = (word >> 18, word >> 4 & 0x3fff);
    facts.numbered_and_acked(number, ack, 14);
    let [opener, other, opener_ms, other_ms, _] = memo;
    let (last, clock_ms) = if datagram.is_opener { (opener, opener_ms) } else { (other, other_ms) };
    packet_information(datagram, header_bits as usize, clock_ms, facts);
    let [number_before, ack_before] = [*last >> 16, *last & 0xffff];
    *last = number << 16 | ack;
    let is_next = number == (number_before + 1) & 0x3fff;
    let is_fresh = (1..=MOST_ACKED_AT_ONCE).contains(&(ack.wrapping_sub(ack_before) & 0x3fff));
    Fit::Maybe(if is_next && is_fresh { 2 } else { 0 })
}

/// `clock_ms`: milliseconds of the sender's clock so far, never 0 once it has been read.
fn packet_information(datagram: &Datagram, at: usize, clock_ms: &mut u32, facts: &mut Facts) {
    if bits(datagram, at.saturating_sub(1), 1) != Some(1) {
        return;
    }
    let Some(word) = bits(datagram, at, CLOCK_BITS + 1 + 8) else { return };
    let ms = word & NO_CLOCK;
    if ms >= 1000 {
        return;
    }
    if *clock_ms == 0 {
        *clock_ms = 1000 + ms;
    } else {
        // A step of more than half a second forward is one back.
        let step = (ms + 1000 - *clock_ms % 1000) % 1000;
        *clock_ms = if step > 500 { clock_ms.saturating_sub(1000 - step) } else { clock_ms.saturating_add(step) };
    }
    facts.sent = Some(Sent { ticks: clock_ms.wrapping_mul(STEPS_PER_MS), rate_hz: 0, kind: 0 });
    if word >> CLOCK_BITS & 1 == 1 {
        let frame_time_ns = Some(i64::from(word >> (CLOCK_BITS + 1)) * 1_000_000);
        facts.report = Some(Report { frame_time_ns, ..Report::default() });
    }
}
