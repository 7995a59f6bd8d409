//! Valve's GameNetworkingSockets over plain UDP (`steamnetworkingsockets_udp.{h,cpp}`): connection and number in clear,
//! the rest encrypted; set-up in padded messages. What a host has measured goes along in clear now and then
//! (`CMsgSteamDatagramLinkInstantaneousStats`).

use super::facts::{Datagram, Facts, Fit, Memo, Report};
use crate::codes::RttMethod;

/// Requests are padded to so many bytes, lest they amplify.
const PADDED: u32 = 512;
const HAS_STATS: u8 = 1;
/// Time since the packet before, in units of 16 µs, cut down; what is longer is not told.
const HAS_SPACING: u8 = 2;
const SPACING_UNIT_US: u32 = 16;
/// Beyond these a field is none of ours.
const LONGEST_PING_MS: u64 = 60_000;
const LARGEST_JITTER_US: u64 = 60_000_000;

enum Stats {
    Malformed,
    /// Behind the captured bytes.
    Cut,
    Said(Report),
}

/// One protobuf varint: value, where the next byte is.
fn varint(datagram: &Datagram, at: usize) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for place in 0..10 {
        let byte = datagram.u8(at + place)?;
        value |= u64::from(byte & 0x7f).wrapping_shl(7 * place as u32);
        if byte & 0x80 == 0 {
            return Some((value, at + place + 1));
        }
    }
    None
}

/// Length, then `CMsgSteamSockets_UDP_Stats` → stats (1) → instantaneous (1) → ping_ms (5), packets_dropped_pct (6),
/// peak_jitter_usec (8).
fn stats(datagram: &Datagram) -> Stats {
    let Some((size, start)) = varint(datagram, 7) else { return Stats::Cut };
    // The tag of the cipher comes behind it.
    if size == 0 || start as u64 + size + 16 > u64::from(datagram.len) {
        return Stats::Malformed;
    }
    let mut report = Report::default();
    match message(datagram, start, size, 0, &mut report) {
        Some(true) => Stats::Said(report),
        Some(false) => Stats::Malformed,
        None => Stats::Cut,
    }
}

/// Fields of one message, `depth` messages down the path 1, 1. None: it goes on behind the captured bytes.
fn message(datagram: &Datagram, start: usize, size: u64, depth: u8, report: &mut Report) -> Option<bool> {
    let (mut at, end) = (start, start + size as usize);
    while at < end {
        let (tag, behind_tag) = varint(datagram, at)?;
        at = behind_tag;
        match tag & 7 {
            0 => {
                let (value, behind) = varint(datagram, at)?;
                at = behind;
                match (depth, tag >> 3) {
                    (2, 5) if value <= LONGEST_PING_MS => report.rtt_ns = Some(value as i64 * 1_000_000),
                    (2, 6) if value <= 100 => report.lost_percent = Some(value as u32),
                    (2, 7) if value <= 100 => {}
                    (2, 8) if value <= LARGEST_JITTER_US => report.jitter_ns = Some(value as i64 * 1000),
                    (2, 5..=8) => return Some(false),
                    _ => {}
                }
            }
            1 => at += 8,
            2 => {
                let (len, behind) = varint(datagram, at)?;
                if behind as u64 + len > end as u64 {
                    return Some(false);
                }
                if depth < 2 && tag >> 3 == 1 && !message(datagram, behind, len, depth + 1, report)? {
                    return Some(false);
                }
                at = behind + len as usize;
            }
            5 => at += 4,
            _ => return Some(false),
        }
    }
    Some(at == end)
}

/// Behind the stats, if there are any. In the middle of its unit, so that sums do not run away.
fn spacing(datagram: &Datagram, is_behind_stats: bool) -> Option<u32> {
    let at = match is_behind_stats {
        true => varint(datagram, 7).and_then(|(size, start)| start.checked_add(usize::try_from(size).ok()?))?,
        false => 7,
    };
    let units = datagram.le16(at).filter(|units| *units != u16::MAX)?;
    Some(u32::from(units) * SPACING_UNIT_US + SPACING_UNIT_US / 2)
}

pub fn read(datagram: &Datagram, _: &mut Memo, facts: &mut Facts) -> Fit {
    let Some(first) = datagram.u8(0) else { return Fit::No };
    match first {
        32 | 34 if datagram.len >= PADDED => {
            facts.ask(u64::from(first));
            Fit::Maybe(1)
        }
        33 | 35 => {
            // An answer to a question speaks for itself.
            facts.answer(u64::from(first - 1), RttMethod::Handshake);
            Fit::Maybe(0)
        }
        36 | 37 => Fit::Maybe(0),
        // Two flags are known; the others are not set.
        0x80..=0x83 => {
            let (Some(connection), Some(number)) = (datagram.le32(1), datagram.le16(5)) else { return Fit::No };
            if connection == 0 || datagram.len < 7 + 16 {
                return Fit::No;
            }
            facts.number(connection, u64::from(number), 16);
            if first & HAS_SPACING != 0 {
                facts.spacing_us = spacing(datagram, first & HAS_STATS != 0);
            }
            if first & HAS_STATS == 0 {
                return Fit::Maybe(0);
            }
            match stats(datagram) {
                Stats::Malformed => Fit::No,
                Stats::Cut => Fit::Maybe(0),
                Stats::Said(report) => {
                    facts.report = Some(report).filter(|report| *report != Report::default());
                    Fit::Maybe(2)
                }
            }
        }
        _ => Fit::No,
    }
}
