//! Packets that are sent again with their old number until they are acknowledged (Luanti, ENet), past a capture at either
//! end: what is counted as lost against what was, with needless repeats, copies of the network and a wrap of the numbers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use columns::{TableId, APPLICATIONS};
use flow::Config;
use packet::{Packet, Prefix};
use support::*;

const RTO_US: i64 = 200_000;
const PERIOD_US: i64 = 50_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Protocol {
    Luanti,
    Enet,
}

/// What the path does to data and to answers: one in so many (0: none).
#[derive(Clone, Copy, Default)]
struct Path {
    data_lost: u64,
    answers_lost: u64,
    /// The receiver answers nothing for so long, now and then.
    stalls_us: i64,
    overtaken: u64,
    data_doubled: u64,
    answers_doubled: u64,
    is_at_receiver: bool,
}

#[derive(Default, Debug)]
struct Truth {
    /// Copies of data lost, and numbers of which the first was.
    data: i64,
    numbers: i64,
    answers: i64,
    overtaken: i64,
}

struct Seen {
    application: Option<&'static str>,
    lost: i64,
    binned: i64,
    reordered: i64,
    rtts_us: Vec<i64>,
}

fn data(protocol: Protocol, number: u16, sent_us: i64) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    match protocol {
        Protocol::Luanti => vec![0x4f, 0x45, 0x74, 3, 0, 2, 0, 3, high, low, 1, 0, 0x23, 7, 7, 7],
        Protocol::Enet => {
            let [sent_high, sent_low] = ((60_000 + sent_us / 1000) as u16).to_be_bytes();
            vec![0x80, 5, sent_high, sent_low, 0x86, 0, high, low, 0, 4, 1, 2, 3, 4]
        }
    }
}

fn answer(protocol: Protocol, number: u16, sent_us: i64) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    match protocol {
        Protocol::Luanti => vec![0x4f, 0x45, 0x74, 3, 0, 1, 0, 0, 0, high, low],
        Protocol::Enet => {
            let [sent_high, sent_low] = ((60_000 + sent_us / 1000) as u16).to_be_bytes();
            vec![0, 9, 1, 0, high, low, high, low, sent_high, sent_low]
        }
    }
}

/// `count` numbers from the client; a tap beside the sender or the receiver. The path takes 20 ms each way.
fn converse(protocol: Protocol, seed: u64, count: i64, path: Path) -> (Truth, Seen) {
    let mut random = Random(seed);
    let mut happens = |one_in: u64| one_in > 0 && random.chance(one_in);
    let mut truth = Truth::default();
    let mut packets: Vec<Packet> = Vec::new();
    let mut pass = |at_us: i64, from_client: bool, payload: &[u8]| {
        let len = payload.len() as u32;
        let mut packet =
            if from_client { udp(at_us, 1, 50_000, 2, 40_000, len) } else { udp(at_us, 2, 40_000, 1, 50_000, len) };
        packet.ip_id = Some(0);
        packet.prefix = Prefix::of(payload);
        packets.push(packet);
    };
    let (there_us, back_us) = if path.is_at_receiver { (20_000, 0) } else { (0, 20_000) };
    for at in 0..count {
        let number = 65_000u16.wrapping_add(at as u16);
        let late_us = if happens(path.overtaken) { PERIOD_US + 7000 } else { 0 };
        truth.overtaken += i64::from(late_us > 0);
        let mut sent_us = at * PERIOD_US;
        let stall_us = if path.stalls_us > 0 && at % 9 == 5 { path.stalls_us } else { 0 };
        let mut was_lost = false;
        // Until an answer is back, which it may be only after another repeat.
        let mut known_us = i64::MAX;
        for copy in 0..9 {
            if sent_us >= known_us {
                break;
            }
            let late_us = if copy == 0 { late_us } else { 0 };
            let is_lost = happens(path.data_lost) && copy < 8 && late_us == 0;
            truth.data += i64::from(is_lost);
            was_lost |= is_lost && copy == 0;
            let bytes = data(protocol, number, sent_us);
            if !path.is_at_receiver {
                pass(sent_us, true, &bytes);
                if !is_lost && happens(path.data_doubled) {
                    pass(sent_us + 300, true, &bytes);
                }
            } else if !is_lost {
                pass(sent_us + there_us + late_us, true, &bytes);
            }
            if !is_lost {
                let came_us = sent_us + 20_000 + late_us;
                let answered_us = came_us + if copy == 0 { stall_us } else { 0 } + 200;
                let is_answer_lost = happens(path.answers_lost) && copy < 8;
                truth.answers += i64::from(is_answer_lost);
                let bytes = answer(protocol, number, sent_us);
                if path.is_at_receiver || !is_answer_lost {
                    pass(answered_us + back_us, false, &bytes);
                    if happens(path.answers_doubled) {
                        pass(answered_us + back_us + 400, false, &bytes);
                    }
                }
                if !is_answer_lost {
                    known_us = known_us.min(answered_us + 20_000);
                }
            }
            sent_us += RTO_US;
        }
        truth.numbers += i64::from(was_lost);
    }
    packets.sort_by_key(|packet| packet.timestamp_ns);
    let done = run(&packets, Config::default());
    let bins = done.table(TableId::Bins);
    let binned = (0..bins.rows())
        .filter(|row| cell(bins, TableId::Bins, "direction", *row) == Some(0))
        .filter_map(|row| cell(bins, TableId::Bins, "lost_packets", row))
        .sum();
    let seen = Seen {
        application: flow_cell(&done, "application").map(|code| APPLICATIONS[code as usize]),
        lost: flow_cell(&done, "forward_lost_packets").unwrap(),
        binned,
        reordered: flow_cell(&done, "forward_reordered_packets").unwrap(),
        rtts_us: samples_by(&done, "app_ack", "responder"),
    };
    (truth, seen)
}

/// What is taken back after the last loss has no bin to be taken off.
const IN_DEBT: i64 = 2;
const BOTH: [Protocol; 2] = [Protocol::Luanti, Protocol::Enet];

fn name(protocol: Protocol) -> Option<&'static str> {
    Some(if protocol == Protocol::Luanti { "luanti" } else { "enet" })
}

#[test]
fn where_only_data_are_lost_every_loss_is_counted_however_late_answers_are() {
    for (protocol, seed) in BOTH.into_iter().flat_map(|protocol| (1..40).map(move |seed| (protocol, seed))) {
        // Beside the sender; a stall makes it repeat what had come.
        for stalls_us in [0, RTO_US + 30_000, 3 * RTO_US] {
            let path = Path { data_lost: 25, stalls_us, ..Path::default() };
            let (truth, seen) = converse(protocol, seed, 900, path);
            assert_eq!(seen.application, name(protocol));
            // A stalled number of which a later copy is lost: the answers prove that the others had come.
            let about = format!("{protocol:?} {seed} {stalls_us} {truth:?}");
            assert_eq!(seen.lost, truth.data, "{about}");
            assert!((0..=IN_DEBT).contains(&(seen.binned - seen.lost)), "{about}: {}", seen.binned);
        }
    }
}

#[test]
fn beside_the_receiver_a_number_that_came_late_was_lost_once_as_far_as_can_be_seen() {
    for (protocol, seed) in BOTH.into_iter().flat_map(|protocol| (1..40).map(move |seed| (protocol, seed))) {
        for stalls_us in [0, 3 * RTO_US] {
            let path = Path { data_lost: 25, answers_lost: 30, stalls_us, is_at_receiver: true, ..Path::default() };
            let (truth, seen) = converse(protocol, seed, 900, path);
            // The very last numbers may be missing before anything shows that they are.
            let about = format!("{protocol:?} {seed} {stalls_us} {truth:?}");
            assert!(seen.lost <= truth.numbers && seen.lost >= truth.numbers - 4, "{about}: {}", seen.lost);
            assert!((0..=IN_DEBT).contains(&(seen.binned - seen.lost)), "{about}: {}", seen.binned);
        }
    }
}

#[test]
fn where_answers_are_lost_too_a_repeat_is_counted_and_no_loss_disappears() {
    for (protocol, seed) in BOTH.into_iter().flat_map(|protocol| (1..40).map(move |seed| (protocol, seed))) {
        let path = Path { data_lost: 25, answers_lost: 40, stalls_us: RTO_US + 30_000, ..Path::default() };
        let (truth, seen) = converse(protocol, seed, 900, path);
        let about = format!("{protocol:?} {seed} {truth:?}: {}", seen.lost);
        assert!((truth.data - 1..=truth.data + truth.answers).contains(&seen.lost), "{about}");
        assert!(seen.rtts_us.iter().all(|&rtt_us| rtt_us == 40_200 || rtt_us >= 40_200 + RTO_US), "{about}");
    }
}

#[test]
fn what_the_network_doubles_or_lets_pass_is_no_loss_and_hides_none() {
    for (protocol, seed) in BOTH.into_iter().flat_map(|protocol| (1..40).map(move |seed| (protocol, seed))) {
        let doubled = Path { data_lost: 25, data_doubled: 20, answers_doubled: 20, ..Path::default() };
        let (truth, seen) = converse(protocol, seed, 900, doubled);
        let about = format!("{protocol:?} {seed} {truth:?}: {}", seen.lost);
        assert!((truth.data - 2..=truth.data).contains(&seen.lost), "doubled {about}");
        assert_eq!(seen.reordered, 0);
        let passed = Path { overtaken: 20, is_at_receiver: true, ..Path::default() };
        let (truth, seen) = converse(protocol, seed, 900, passed);
        assert_eq!((seen.lost, seen.binned), (0, 0), "{protocol:?} {seed}");
        // Two that are late together keep their order.
        assert!(seen.reordered <= truth.overtaken && seen.reordered * 10 > truth.overtaken * 8, "{}", seen.reordered);
    }
}

/// Three reliable commands on two channels in each datagram, the last of them part of a large one; some datagrams are lost before the
/// capture, of which the sender repeats all but the first.
#[test]
fn every_reliable_number_of_a_datagram_is_one_and_parts_are_too() {
    for kept_bytes in [200, 30] {
        let mut packets = Vec::new();
        let mut send = |at_us: i64, numbers: [u16; 3]| {
            let [sent_high, sent_low] = ((at_us / 1000) as u16).to_be_bytes();
            let mut bytes = vec![0x80, 5, sent_high, sent_low];
            for (place, number) in numbers.into_iter().enumerate() {
                let [high, low] = number.to_be_bytes();
                bytes.extend(if place < 2 { [0x86, 0] } else { [0x88, 1] });
                bytes.extend([high, low]);
                bytes.extend(if place < 2 { vec![0, 2, 7, 7] } else { vec![high, low, 0, 4] });
                bytes.resize(bytes.len() + if place < 2 { 0 } else { 16 + 4 }, 9);
            }
            let mut packet = udp(at_us, 1, 50_000, 2, 40_000, bytes.len() as u32);
            packet.prefix = Prefix::of(&bytes[..bytes.len().min(kept_bytes)]);
            packets.push(packet);
        };
        for at in 0..300u16 {
            let base = 65_300u16;
            let numbers = [base.wrapping_add(2 * at), base.wrapping_add(2 * at + 1), base.wrapping_add(at)];
            match at {
                50 => {}
                100 | 200 => send(i64::from(at) * 30_000 + 500_000, numbers),
                _ => send(i64::from(at) * 30_000, numbers),
            }
        }
        packets.sort_by_key(|packet| packet.timestamp_ns);
        let done = run(&packets, Config::default());
        assert_eq!(flow_cell(&done, "application").map(|code| APPLICATIONS[code as usize]), Some("enet"));
        assert_eq!(flow_cell(&done, "forward_lost_packets"), Some(9), "{kept_bytes}");
    }
}
