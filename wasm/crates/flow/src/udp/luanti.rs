//! Luanti, once Minetest (`network/mtp/internal.h`, before that `connection.h`): a protocol id, the sender's peer, one
//! of three channels; then a packet type. Reliable packets are numbered by channel, and each is acknowledged at once.

use super::deliveries::Copy;
use super::facts::{Claim, Datagram, Facts, Fit, Memo};

/// Big-endian, like everything here.
const PROTOCOL_ID: u32 = 0x4f45_7403;
const CHANNELS: u8 = 3;
const CONTROL: u8 = 0;
const ORIGINAL: u8 = 1;
const SPLIT: u8 = 2;
const RELIABLE: u8 = 3;
/// Where the type stands; a reliable packet has its number behind it, and the packet it carries.
const TYPE_AT: usize = 7;
const CARRIED_AT: usize = TYPE_AT + 3;

fn key(channel: u8, number: u16) -> u64 {
    u64::from(channel) << 16 | u64::from(number)
}

pub fn read(datagram: &Datagram, _: &mut Memo, facts: &mut Facts) -> Fit {
    let (Some(PROTOCOL_ID), Some(channel)) = (datagram.be32(0), datagram.u8(6).filter(|at| *at < CHANNELS)) else {
        return Fit::No;
    };
    let is_sound = match datagram.u8(TYPE_AT) {
        Some(RELIABLE) => {
            let Some(number) = datagram.be16(TYPE_AT + 1) else { return Fit::No };
            let copy = Copy { key: key(channel, number), time_bits: 0 };
            facts.reliable(u32::from(channel), u64::from(number), 16, copy);
            // A reliable packet carries anything but another.
            datagram.u8(CARRIED_AT) != Some(RELIABLE) && carried(datagram, CARRIED_AT, channel, &mut Facts::default())
        }
        kind => {
            facts.is_prompt = kind == Some(CONTROL);
            carried(datagram, TYPE_AT, channel, facts)
        }
    };
    if is_sound {
        Fit::Maybe(2)
    } else {
        Fit::No
    }
}

/// What is no reliable packet itself; its length as far as its type fixes it.
fn carried(datagram: &Datagram, at: usize, channel: u8, facts: &mut Facts) -> bool {
    const ACK: u8 = 0;
    const SET_PEER_ID: u8 = 1;
    const PING: u8 = 2;
    const DISCONNECT: u8 = 3;
    let len = (datagram.len as usize).saturating_sub(at);
    match (datagram.u8(at), datagram.u8(at + 1)) {
        (Some(CONTROL), Some(ACK)) if len == 4 => {
            let Some(number) = datagram.be16(at + 2) else { return false };
            facts.acknowledge(u32::from(channel), u64::from(number), key(channel, number));
            facts.claims = Some(Claim { stream: u32::from(channel), value: u64::from(number), bits: 16 });
            true
        }
        (Some(CONTROL), Some(SET_PEER_ID)) => len == 4,
        (Some(CONTROL), Some(PING | DISCONNECT)) => len == 2,
        // The first packet of a client may carry nothing.
        (Some(ORIGINAL), _) => len != 2,
        (Some(SPLIT), _) => match (datagram.be16(at + 3), datagram.be16(at + 5)) {
            (Some(count), Some(place)) => place < count && len > 7,
            // Cut by the capture: what is not there speaks against nothing.
            _ => len > 7 && (datagram.bytes.len() as u32) < datagram.len,
        },
        _ => false,
    }
}
