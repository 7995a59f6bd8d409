//! ENet (`include/enet/protocol.h`) and Photon, its relative: a header with the sender's clock, then commands of known
//! length; reliable ones are acknowledged with their number and the time they were sent, and are numbered by channel
//! (all that is reliable, parts of large packets too). Unreliable ones have numbers as well, which say nothing of the path: the
//! sender itself drops some of them after it has numbered them (`packetThrottle`).

use super::deliveries::Copy;
use super::facts::{Datagram, Facts, Fit, Memo, Sent};

fn key(sent: u32, number: u32) -> u64 {
    u64::from(sent) << 32 | u64::from(number)
}

/// ENet: big-endian. `memo`: where the commands begin, 2 or 4 behind the header, plus one (a checksum is optional).
pub fn enet(datagram: &Datagram, memo: &mut Memo, facts: &mut Facts) -> Fit {
    let Some(head) = datagram.be16(0) else { return Fit::No };
    let has_time = head & 0x8000 != 0;
    if head & 0x4000 != 0 {
        return Fit::No;
    }
    let start = if has_time { 4 } else { 2 };
    let [checksum, ..] = memo;
    for extra in [0usize, 4] {
        if *checksum != 0 && *checksum != extra as u32 + 1 {
            continue;
        }
        let mut found = Facts::default();
        if let Some(points) = enet_commands(datagram, start + extra, has_time, &mut found) {
            *checksum = extra as u32 + 1;
            *facts = found;
            return Fit::Maybe(points);
        }
    }
    Fit::No
}

fn enet_commands(datagram: &Datagram, start: usize, has_time: bool, facts: &mut Facts) -> Option<u32> {
    let sent = if has_time { u32::from(datagram.be16(2)?) } else { 0 };
    let mut at = start;
    let end = datagram.len as usize;
    while at < end {
        let (Some(command), Some(channel), Some(number)) =
            (datagram.u8(at), datagram.u8(at + 1), datagram.be16(at + 2))
        else {
            facts.is_cut = true;
            return (at > start).then_some(0);
        };
        let len = |field: usize, fixed: usize| datagram.be16(at + field).map(|len| usize::from(len) + fixed);
        let kind = command & 15;
        let wants_ack = command & 0x80 != 0;
        // The sender's time travels when something wants an acknowledgement, and only then.
        if command & 0x30 != 0 || wants_ack && !has_time {
            return None;
        }
        let size = match kind {
            1 => Some(8),
            2 => Some(48),
            3 => Some(44),
            4 => Some(8),
            5 => Some(4),
            6 => len(4, 6),
            7 | 9 => len(6, 8),
            8 | 12 => len(6, 24),
            10 => Some(12),
            11 => Some(16),
            _ => return None,
        };
        if matches!(kind, 2 | 3 | 5 | 6 | 8) != wants_ack && !matches!(kind, 4 | 10 | 11) {
            return None;
        }
        if kind == 1 {
            if let (Some(number), Some(sent)) = (datagram.be16(at + 4), datagram.be16(at + 6)) {
                let key = key(u32::from(sent), u32::from(channel) << 16 | u32::from(number));
                facts.acknowledge(u32::from(channel), u64::from(number), key);
            }
        } else if wants_ack {
            let copy = Copy { key: key(sent, u32::from(channel) << 16 | u32::from(number)), time_bits: 16 };
            facts.reliable(u32::from(channel), u64::from(number), 16, copy);
        }
        let Some(size) = size else {
            facts.is_cut = true;
            return (at > start).then_some(0);
        };
        at += size;
    }
    if has_time {
        // 16 bits of milliseconds, moved to the top so that they wrap as a number of 32 bits does.
        facts.sent = Some(Sent { ticks: sent << 16, rate_hz: 65_536_000, kind: 0 });
    }
    (at == end && at > start).then_some(2)
}

/// Photon: header of 12 bytes (peer, flags, count of commands, time, challenge), commands of 12 and more.
pub fn photon(datagram: &Datagram, _: &mut Memo, facts: &mut Facts) -> Fit {
    let (Some(flags), Some(count), Some(sent)) = (datagram.u8(2), datagram.u8(3), datagram.be32(4)) else {
        return Fit::No;
    };
    if count == 0 || flags > 3 {
        return Fit::No;
    }
    let end = datagram.len as usize;
    let mut at = 12;
    for _ in 0..count {
        let (Some(kind), Some(channel), Some(size), Some(number)) =
            (datagram.u8(at), datagram.u8(at + 1), datagram.be32(at + 4), datagram.be32(at + 8))
        else {
            facts.is_cut = true;
            return if at > 12 && at + 12 <= end { Fit::Maybe(0) } else { Fit::No };
        };
        let size = size as usize;
        let is_sound = match kind {
            1 | 16 => size == 20,
            2..=15 => size >= 12,
            _ => false,
        };
        if !is_sound || at + size > end {
            return Fit::No;
        }
        match kind {
            1 | 16 => {
                if let (Some(number), Some(sent)) = (datagram.be32(at + 12), datagram.be32(at + 16)) {
                    facts.acknowledge(u32::from(channel), u64::from(number), key(sent, number));
                }
            }
            // Unreliable commands are not acknowledged.
            7 | 11 => {}
            _ => {
                let copy = Copy { key: key(sent, number), time_bits: 32 };
                facts.reliable(u32::from(channel), u64::from(number), 32, copy);
            }
        }
        at += size;
    }
    if at != end {
        return Fit::No;
    }
    facts.sent = Some(Sent { ticks: sent, rate_hz: 1000, kind: 0 });
    Fit::Maybe(3)
}
