//! IEEE 802.2: SNAP with an EtherType, or IP by its own service access point.

use super::{by_ethertype, not_ip, Found, CUT, MIN_ETHERTYPE};
use crate::ip::Span;
use crate::ppp;
use crate::way::Way;

pub(crate) fn llc<'a>(span: Span<'a>, way: &mut Way) -> Found<'a> {
    let (head, rest) = span.split::<3>().ok_or(CUT)?;
    match head {
        [0xaa, 0xaa, 0x03] => snap(rest, way),
        [0x06, 0x06, 0x03] => Ok(rest),
        [0xfe, 0xfe, 0x03] => ppp::by_nlpid(rest, way),
        [dsap, _, _] => not_ip(u16::from(*dsap)),
    }
}

pub(crate) fn snap<'a>(span: Span<'a>, way: &mut Way) -> Found<'a> {
    let (head, rest) = span.split::<5>().ok_or(CUT)?;
    let kind = u16::from_be_bytes([head[3], head[4]]);
    match head {
        // RFC 1042, and 802.1H bridge tunnels.
        [0, 0, 0 | 0xf8, ..] if kind >= MIN_ETHERTYPE => by_ethertype(kind, rest, way),
        _ => not_ip(kind),
    }
}
