//! Valve's GameNetworkingSockets over plain UDP (`steamnetworkingsockets_udp.{h,cpp}`): connection and number in clear,
//! the rest encrypted; set-up in padded messages.

use super::facts::{Datagram, Facts, Fit, Memo, Number};
use crate::codes::RttMethod;

/// Requests are padded to so many bytes, lest they amplify.
const PADDED: u32 = 512;

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
            facts.number = Some(Number { stream: connection, value: u64::from(number), bits: 16 });
            Fit::Maybe(0)
        }
        _ => Fit::No,
    }
}
