//! WireGuard (linux `drivers/net/wireguard/messages.h`): four message types of known size, counter in clear.

use super::facts::{Datagram, Facts, Fit, Memo};
use crate::codes::RttMethod;

const INITIATION: u32 = 1;
const RESPONSE: u32 = 2;
const COOKIE: u32 = 3;
const DATA: u32 = 4;

/// The type and its three zero bytes are one little-endian number.
pub fn read(datagram: &Datagram, _: &mut Memo, facts: &mut Facts) -> Fit {
    let (Some(kind), Some(sender)) = (datagram.le32(0), datagram.le32(4)) else { return Fit::No };
    match (kind, datagram.len) {
        (INITIATION, 148) => {
            facts.ask(u64::from(sender));
            Fit::Maybe(3)
        }
        (RESPONSE, 92) => {
            if let Some(receiver) = datagram.le32(8) {
                facts.answer(u64::from(receiver), RttMethod::Handshake);
            }
            Fit::Maybe(3)
        }
        (COOKIE, 64) => Fit::Maybe(0),
        (DATA, len) if len >= 32 && len % 16 == 0 => {
            // The receiver's index is new with every handshake, and so is the count.
            let Some(counter) = datagram.le64(8).filter(|counter| *counter < 1 << 60) else { return Fit::No };
            facts.number(sender, counter, 64);
            Fit::Maybe(0)
        }
        _ => Fit::No,
    }
}
