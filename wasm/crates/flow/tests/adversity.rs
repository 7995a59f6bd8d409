//! Every numbered protocol past a capture at either end or in the middle: loss, overtaking and copies on both legs, numbers about
//! to wrap, a capture that begins late and cuts packets. Loss, order, copies and application are those that the tap could know; no
//! round trip is anything but the distance from a packet to the first that tells of it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use columns::APPLICATIONS;
use flow::Config;
use packet::{Packet, Prefix};
use std::collections::{BTreeMap, BTreeSet};
use support::*;

type Encode = fn(number: u64, ack: u64, from_client: bool, noise: &mut Random) -> Vec<u8>;

struct Protocol {
    name: &'static str,
    encode: Encode,
    /// The first number of either side.
    first: u64,
    /// Do packets acknowledge?
    acks: bool,
}

fn noise(random: &mut Random, len: usize) -> Vec<u8> {
    (0..len).map(|_| random.next() as u8).collect()
}

fn source(number: u64, ack: u64, _: bool, random: &mut Random) -> Vec<u8> {
    let mut bytes = (number as u32).to_le_bytes().to_vec();
    bytes.extend((ack as u32).to_le_bytes());
    bytes.push(0);
    bytes.extend(noise(random, 90));
    bytes
}

fn quakeworld(number: u64, ack: u64, from_client: bool, random: &mut Random) -> Vec<u8> {
    let reliable = |bit: u64| if bit == 0 { 1u32 << 31 } else { 0 };
    let mut bytes = (number as u32 | reliable(number / 3 % 2)).to_le_bytes().to_vec();
    bytes.extend((ack as u32 | reliable(number / 5 % 2)).to_le_bytes());
    if from_client {
        bytes.extend([0x77, 0x21]);
    }
    bytes.extend(noise(random, 60));
    bytes
}

fn unreal(number: u64, ack: u64, _: bool, random: &mut Random) -> Vec<u8> {
    let word = (number & 0x3fff) << 18 | (ack & 0x3fff) << 4;
    let mut bytes = ((word | u64::from(u32::MAX) << 32) << 2).to_le_bytes().to_vec();
    bytes.extend(noise(random, 60));
    bytes
}

fn sockets(number: u64, _: u64, from_client: bool, random: &mut Random) -> Vec<u8> {
    let mut bytes = vec![0x80];
    bytes.extend(if from_client { [1u8, 2, 3, 4] } else { [9, 8, 7, 6] });
    bytes.extend((number as u16).to_le_bytes());
    bytes.extend(noise(random, 90));
    bytes
}

fn wireguard(number: u64, _: u64, from_client: bool, random: &mut Random) -> Vec<u8> {
    let mut bytes = vec![4, 0, 0, 0];
    bytes.extend(if from_client { [1u8, 2, 3, 4] } else { [9, 8, 7, 6] });
    bytes.extend(number.to_le_bytes());
    bytes.extend(noise(random, 96));
    bytes
}

fn rtp(number: u64, _: u64, from_client: bool, random: &mut Random) -> Vec<u8> {
    let mut bytes = vec![0x80, 0x60];
    bytes.extend((number as u16).to_be_bytes());
    bytes.extend((number as u32).wrapping_mul(960).to_be_bytes());
    bytes.extend(if from_client { [1u8, 2, 3, 4] } else { [9, 8, 7, 6] });
    bytes.extend(noise(random, 90));
    bytes
}

fn dtls(number: u64, _: u64, _: bool, random: &mut Random) -> Vec<u8> {
    let mut bytes = vec![23, 0xfe, 0xfd, 0, 1];
    bytes.extend(&number.to_be_bytes()[2..]);
    bytes.extend([0, 80]);
    bytes.extend(noise(random, 80));
    bytes
}

const PROTOCOLS: &[Protocol] = &[
    Protocol { name: "source", encode: source, first: 1, acks: true },
    Protocol { name: "source", encode: source, first: 70_000, acks: true },
    Protocol { name: "quakeworld", encode: quakeworld, first: 40, acks: true },
    Protocol { name: "unreal", encode: unreal, first: 0x3f00, acks: true },
    Protocol { name: "game_networking_sockets", encode: sockets, first: 65_300, acks: false },
    Protocol { name: "wireguard", encode: wireguard, first: 0xffff_ff80, acks: false },
    Protocol { name: "rtp", encode: rtp, first: 65_400, acks: false },
    Protocol { name: "dtls", encode: dtls, first: 0xff_ffff_ff00, acks: false },
];

/// One packet on its way: when it left, when the tap saw it, when it arrived.
#[derive(Clone)]
struct Sent {
    at_us: i64,
    number: u64,
    ack: u64,
    tap_us: Option<i64>,
    arrived_us: Option<i64>,
    is_doubled: bool,
}

struct Shape {
    loss_percent: u64,
    near_us: i64,
    far_us: i64,
    starts_us: i64,
    kept_bytes: usize,
    disorder: bool,
}

fn check(protocol: &Protocol, seed: u64, shape: &Shape) {
    let mut random = Random(seed * 7919 + protocol.first);
    let about = format!(
        "{} {} seed {seed} loss {} near {} start {} kept {}",
        protocol.name, protocol.first, shape.loss_percent, shape.near_us, shape.starts_us, shape.kept_bytes
    );
    // Departures of both sides in order of time; who has what is known as packets arrive.
    let mut sides: [Vec<Sent>; 2] = [Vec::new(), Vec::new()];
    let mut times: Vec<(i64, usize)> = Vec::new();
    for side in 0..2 {
        let mut at_us = if side == 0 { 0 } else { 90_000 };
        while at_us < 14_000_000 {
            times.push((at_us, side));
            at_us += 20_000 + random.below(6_000) as i64;
        }
    }
    times.sort_unstable();
    for (at_us, side) in times {
        let has = sides[1 - side].iter().filter(|sent| sent.arrived_us.is_some_and(|arrived| arrived <= at_us));
        let ack = has.map(|sent| sent.number).max().unwrap_or(protocol.first.saturating_sub(1));
        let number = protocol.first + sides[side].len() as u64;
        let legs = if side == 0 { [shape.near_us, shape.far_us] } else { [shape.far_us, shape.near_us] };
        let mut leg = |from_us: Option<i64>, base_us: i64| {
            let late_us = if shape.disorder && random.below(40) == 0 { 55_000 } else { 0 };
            from_us.filter(|_| random.below(100) >= shape.loss_percent).map(|us| us + base_us + late_us)
        };
        let tap_us = leg(Some(at_us), legs[0]);
        let arrived_us = leg(tap_us, legs[1]);
        let is_doubled = shape.disorder && random.below(50) == 0;
        sides[side].push(Sent { at_us, number, ack, tap_us, arrived_us, is_doubled });
    }
    let mut packets: Vec<Packet> = Vec::new();
    let mut seen: [Vec<(i64, u64)>; 2] = [Vec::new(), Vec::new()];
    for side in 0..2 {
        for sent in &sides[side] {
            let Some(tap_us) = sent.tap_us.filter(|us| *us >= shape.starts_us) else { continue };
            let payload = (protocol.encode)(sent.number, sent.ack, side == 0, &mut random);
            let len = payload.len() as u32;
            for copy in 0..1 + i64::from(sent.is_doubled) {
                let at_us = tap_us + copy * 700;
                let mut packet = match side {
                    0 => udp(at_us, 1, 50_000, 2, 40_000, len),
                    _ => udp(at_us, 2, 40_000, 1, 50_000, len),
                };
                packet.ip_id = None;
                packet.prefix = Prefix::of(&payload[..payload.len().min(shape.kept_bytes)]);
                packets.push(packet);
                seen[side].push((at_us, sent.number));
            }
        }
    }
    packets.sort_by_key(|packet| packet.timestamp_ns);
    // Unreal is asked behind its handshake only.
    let from_ns = packets.get(if protocol.name == "unreal" { 8 } else { 0 }).and_then(|packet| packet.timestamp_ns);
    seen.iter_mut().for_each(|seen| seen.retain(|(at_us, _)| Some(at_us * 1000) >= from_ns));
    seen.iter_mut().for_each(|seen| seen.sort_unstable());
    let done = run(&packets, Config::default());
    let application = flow_cell(&done, "application").map(|code| APPLICATIONS[code as usize]);
    assert_eq!(application, Some(protocol.name), "{about}");
    for (side, direction) in ["forward", "reverse"].into_iter().enumerate() {
        let unique: BTreeSet<u64> = seen[side].iter().map(|(_, number)| *number).collect();
        let (least, most) = (*unique.first().unwrap(), *unique.last().unwrap());
        let (mut highest, mut late, mut known) = (0, 0, BTreeSet::new());
        for &(_, number) in &seen[side] {
            late += i64::from(number < highest && !known.contains(&number));
            known.insert(number);
            highest = highest.max(number);
        }
        let truth =
            [(most - least + 1) as i64 - unique.len() as i64, late, seen[side].len() as i64 - unique.len() as i64];
        let said = ["lost", "reordered", "duplicated"]
            .map(|what| flow_cell(&done, &format!("{direction}_{what}_packets")).unwrap_or(-1));
        assert_eq!(said, truth, "{about} {direction}");
    }
    // Every packet that is the first its sender sent to tell of another, with the distance to that.
    let mut allowed: BTreeMap<(&str, i64), usize> = BTreeMap::new();
    for side in 0..2 {
        let mut told = 0;
        for teller in &sides[side] {
            if teller.ack <= told {
                continue;
            }
            told = teller.ack;
            let of = sides[1 - side].iter().find(|sent| sent.number == teller.ack).and_then(|sent| sent.tap_us);
            if let (Some(of_us), Some(at_us)) = (of, teller.tap_us) {
                let toward = if side == 0 { "initiator" } else { "responder" };
                *allowed.entry((toward, at_us - of_us)).or_default() += 1;
            }
            assert!(teller.at_us <= teller.tap_us.unwrap_or(i64::MAX));
        }
    }
    let samples = samples(&done);
    if !protocol.acks {
        assert_eq!(samples, [], "{about}");
        return;
    }
    for (toward, _, rtt_us) in &samples {
        let left = allowed.entry((toward, *rtt_us)).or_default();
        assert!(*left > 0, "{about}: {toward} {rtt_us} us is no round trip");
        *left -= 1;
    }
    assert!(samples.len() > packets.len() / 4, "{about}: {} of {}", samples.len(), packets.len());
}

#[test]
fn loss_order_copies_and_round_trips_of_every_numbered_protocol_are_what_the_tap_could_know() {
    for protocol in PROTOCOLS {
        for seed in 1..13u64 {
            for (near_us, far_us) in [(200, 31_000), (31_000, 200), (12_000, 19_000)] {
                let shape = Shape {
                    loss_percent: seed % 6,
                    near_us,
                    far_us,
                    starts_us: if seed % 3 == 0 { 6_000_000 } else { 0 },
                    kept_bytes: [200, 22, 54][seed as usize % 3],
                    disorder: seed % 2 == 0,
                };
                check(protocol, seed, &shape);
            }
        }
    }
}
