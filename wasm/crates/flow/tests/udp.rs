//! Scripted UDP conversations with known round trips, losses, order and clocks, one protocol each; and those that must
//! not be taken for one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use columns::{TableId, APPLICATIONS};
use flow::{Analyzer, Config};
use packet::{Packet, Prefix};
use support::*;

/// Datagrams of one flow in any order; sorted by time when run.
struct Talk {
    packets: Vec<Packet>,
}

const CLIENT: bool = true;
const SERVER: bool = false;

impl Talk {
    fn new() -> Self {
        Talk { packets: Vec::new() }
    }

    fn send(&mut self, at_us: i64, from_client: bool, payload: &[u8]) -> &mut Self {
        self.send_len(at_us, from_client, payload, payload.len() as u32)
    }

    fn send_len(&mut self, at_us: i64, from_client: bool, payload: &[u8], len: u32) -> &mut Self {
        let mut packet =
            if from_client { udp(at_us, 1, 50_000, 2, 40_000, len) } else { udp(at_us, 2, 40_000, 1, 50_000, len) };
        packet.prefix = Prefix::of(payload);
        self.packets.push(packet);
        self
    }

    fn run(&mut self) -> Analyzer {
        self.packets.sort_by_key(|packet| packet.timestamp_ns);
        run(&self.packets, Config::default())
    }
}

fn application(analyzer: &Analyzer) -> Option<&'static str> {
    flow_cell(analyzer, "application").map(|code| APPLICATIONS[code as usize])
}

fn counts(analyzer: &Analyzer, direction: &str) -> [Option<i64>; 3] {
    ["lost_packets", "reordered_packets", "duplicated_packets"]
        .map(|name| flow_cell(analyzer, &format!("{direction}_{name}")))
}

/// Sums of a bins column by direction.
fn bin_sum(analyzer: &Analyzer, name: &str, direction: i64) -> i64 {
    let table = analyzer.table(TableId::Bins);
    let of = |row| cell(table, TableId::Bins, "direction", row) == Some(direction);
    (0..table.rows()).filter(|row| of(*row)).filter_map(|row| cell(table, TableId::Bins, name, row)).sum()
}

fn rtp(number: u16, ticks: u32, source: u32, payload_type: u8) -> Vec<u8> {
    let mut bytes = vec![0x80, payload_type];
    bytes.extend(number.to_be_bytes());
    bytes.extend(ticks.to_be_bytes());
    bytes.extend(source.to_be_bytes());
    bytes.resize(172, 0x55);
    bytes
}

#[test]
fn rtp_counts_loss_order_and_duplicates_over_the_wrap() {
    let mut talk = Talk::new();
    for at in 0..500i64 {
        let number = 65_400u16.wrapping_add(at as u16);
        let payload = rtp(number, (at as u32).wrapping_mul(160).wrapping_sub(9000), 7, 0);
        match at {
            // Three in a row and one alone are lost.
            100..=102 | 300 => continue,
            // One comes 50 ms late, behind two others.
            200 => talk.send(at * 20_000 + 50_000, CLIENT, &payload),
            400 => talk.send(at * 20_000, CLIENT, &payload).send(at * 20_000 + 100, CLIENT, &payload),
            _ => talk.send(at * 20_000, CLIENT, &payload),
        };
    }
    let done = talk.run();
    assert_eq!(application(&done), Some("rtp"));
    assert_eq!(counts(&done, "forward"), [Some(4), Some(1), Some(1)]);
    assert_eq!(bin_sum(&done, "lost_packets", 0), 4);
    assert_eq!(flow_cell(&done, "forward_loss_ratio"), Some(8000));
    assert_eq!(flow_cell(&done, "reverse_lost_packets"), None);
}

/// RFC 3550 A.8 in RTP units with 16ths, the arrival in RTP units too: Wireshark's and everyone's reading.
fn reference_jitter_ns(packets: &[(i64, u32)], rate_hz: i64) -> i64 {
    let (mut jitter, mut before) = (0.0f64, None::<(i64, u32)>);
    for &(at_us, ticks) in packets {
        if let Some((before_us, before_ticks)) = before {
            let sent = f64::from(ticks.wrapping_sub(before_ticks) as i32) / rate_hz as f64;
            let difference = ((at_us - before_us) as f64 / 1e6 - sent).abs();
            jitter += (difference - jitter) / 16.0;
        }
        before = Some((at_us, ticks));
    }
    (jitter * 1e9) as i64
}

#[test]
fn rtp_jitter_is_that_of_rfc_3550_for_static_and_found_rates() {
    for (payload_type, rate_hz) in [(0u8, 8000i64), (9, 8000), (111, 48_000), (96, 90_000), (101, 16_000)] {
        let mut random = Random(rate_hz as u64);
        let mut talk = Talk::new();
        let mut truth = Vec::new();
        for at in 0..400i64 {
            let ticks = 0xffff_0000u32.wrapping_add((at * rate_hz / 50) as u32);
            let at_us = at * 20_000 + random.below(9000) as i64;
            talk.send(at_us, CLIENT, &rtp(at as u16, ticks, 99, payload_type));
            truth.push((at_us, ticks));
        }
        let done = talk.run();
        let jitter = flow_cell(&done, "forward_interarrival_jitter_ns").unwrap();
        assert!((jitter - reference_jitter_ns(&truth, rate_hz)).abs() < 100, "{rate_hz}: {jitter}");
        assert_eq!(flow_cell(&done, "forward_jitter_method"), Some(1));
    }
}

#[test]
fn a_late_packet_undoes_its_loss_also_in_bins() {
    // pjsip/pjproject#3653
    let mut talk = Talk::new();
    for at in 0..200i64 {
        let late_us = if at == 50 { 900_000 } else { 0 };
        talk.send(at * 20_000 + late_us, CLIENT, &rtp(at as u16, at as u32 * 160, 5, 8));
    }
    let done = talk.run();
    assert_eq!(counts(&done, "forward")[..2], [Some(0), Some(1)]);
    assert_eq!(bin_sum(&done, "lost_packets", 0), 0);
}

#[test]
fn a_negative_transit_is_no_underflow() {
    // voipmonitor/sniffer#29, nProbe#348, pion/interceptor#352: the sender's clock runs ahead of the arrivals.
    let mut talk = Talk::new();
    let mut truth = Vec::new();
    for at in 0..300i64 {
        let ticks = (at as u32).wrapping_mul(160).wrapping_add(if at % 2 == 0 { 400 } else { 0 });
        talk.send(at * 20_000, CLIENT, &rtp(at as u16, ticks, 5, 0));
        truth.push((at * 20_000, ticks));
    }
    let jitter = flow_cell(&talk.run(), "forward_interarrival_jitter_ns").unwrap();
    assert!((jitter - reference_jitter_ns(&truth, 8000)).abs() < 100 && jitter < 100_000_000, "{jitter}");
}

#[test]
fn packets_of_one_video_frame_are_one_update() {
    // baresip/re#978
    let mut talk = Talk::new();
    for at in 0..300i64 {
        let (frame, part) = (at / 3, at % 3);
        talk.send(frame * 40_000 + part * 4000, CLIENT, &rtp(at as u16, frame as u32 * 3600, 5, 96));
    }
    assert_eq!(flow_cell(&talk.run(), "forward_interarrival_jitter_ns"), Some(0));
}

fn sender_report(seconds: u32, fraction: u32) -> Vec<u8> {
    let mut bytes = vec![0x80, 200, 0, 6];
    bytes.extend(7u32.to_be_bytes());
    bytes.extend(seconds.to_be_bytes());
    bytes.extend(fraction.to_be_bytes());
    bytes.resize(28, 0);
    bytes
}

#[test]
fn rtcp_round_trips_take_off_what_the_receiver_held() {
    let mut talk = Talk::new();
    for at in 0..10u32 {
        let sent_us = i64::from(at) * 5_000_000;
        talk.send(sent_us, CLIENT, &sender_report(1000 + at, at << 20));
        let mut report = vec![0x81, 201, 0, 7];
        report.extend([0; 20]);
        let middle = (1000 + at) << 16 | at << 4;
        report.extend(middle.to_be_bytes());
        // Held for exactly 2 s; the way there and back takes 42 ms.
        report.extend((2u32 << 16).to_be_bytes());
        talk.send(sent_us + 2_042_000, SERVER, &report);
    }
    let done = talk.run();
    assert_eq!(application(&done), Some("rtcp"));
    assert_eq!(samples_by(&done, "rtcp", "responder"), vec![42_000; 10]);
}

fn stun(kind: u16, transaction: u8) -> Vec<u8> {
    let mut bytes = kind.to_be_bytes().to_vec();
    bytes.extend([0, 0, 0x21, 0x12, 0xa4, 0x42]);
    bytes.extend([transaction; 12]);
    bytes
}

#[test]
fn stun_answers_are_matched_by_transaction_and_repeats_give_nothing() {
    let mut talk = Talk::new();
    talk.send(0, CLIENT, &stun(1, 1)).send(35_000, SERVER, &stun(0x101, 1));
    talk.send(50_000, SERVER, &stun(1, 2)).send(50_400, CLIENT, &stun(0x101, 2));
    // Karn: sent twice.
    talk.send(100_000, CLIENT, &stun(1, 3)).send(600_000, CLIENT, &stun(1, 3)).send(635_000, SERVER, &stun(0x101, 3));
    talk.send(700_000, SERVER, &stun(0x101, 9));
    let done = talk.run();
    assert_eq!(application(&done), Some("stun"));
    assert_eq!(samples(&done), [("responder", "stun", 35_000), ("initiator", "stun", 400)]);
}

fn wireguard(kind: u8, sender: u32, receiver: u32) -> Vec<u8> {
    let mut bytes = vec![kind, 0, 0, 0];
    bytes.extend(sender.to_le_bytes());
    bytes.extend(receiver.to_le_bytes());
    bytes.resize(if kind == 1 { 148 } else { 92 }, 0xab);
    bytes
}

fn wireguard_data(receiver: u32, counter: u64) -> Vec<u8> {
    let mut bytes = vec![4, 0, 0, 0];
    bytes.extend(receiver.to_le_bytes());
    bytes.extend(counter.to_le_bytes());
    bytes.resize(112, 0xcd);
    bytes
}

#[test]
fn wireguard_counts_by_its_counter_and_times_its_handshakes() {
    let mut talk = Talk::new();
    for round in 0..3i64 {
        let start_us = round * 120_000_000;
        let index = 500 + round as u32;
        talk.send(start_us, CLIENT, &wireguard(1, index, 0));
        talk.send(start_us + 28_500, SERVER, &wireguard(2, 900 + round as u32, index));
        for at in 0..100i64 {
            if at != 40 {
                talk.send(start_us + 30_000 + at * 15_000, CLIENT, &wireguard_data(900 + round as u32, at as u64));
            }
            talk.send(start_us + 31_000 + at * 15_000, SERVER, &wireguard_data(index, at as u64));
        }
    }
    let done = talk.run();
    assert_eq!(application(&done), Some("wireguard"));
    assert_eq!((counts(&done, "forward")[0], counts(&done, "reverse")[0]), (Some(3), Some(0)));
    assert_eq!(samples_by(&done, "handshake", "responder"), [28_500; 3]);
}

fn dtls(kind: u8, epoch: u16, number: u64, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, 0xfe, 0xfd];
    bytes.extend(epoch.to_be_bytes());
    bytes.extend(&number.to_be_bytes()[2..]);
    bytes.extend((body.len() as u16).to_be_bytes());
    bytes.extend(body);
    bytes
}

#[test]
fn dtls_counts_by_epoch_and_times_hello_to_hello() {
    let mut talk = Talk::new();
    talk.send(0, CLIENT, &dtls(22, 0, 0, &[1, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0, 40]));
    talk.send(21_000, SERVER, &dtls(22, 0, 0, &[3, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0, 40]));
    talk.send(22_000, CLIENT, &dtls(22, 0, 1, &[1, 0, 0, 60, 0, 1, 0, 0, 0, 0, 0, 60]));
    talk.send(44_000, SERVER, &dtls(22, 0, 1, &[2, 0, 0, 60, 0, 1, 0, 0, 0, 0, 0, 60]));
    for at in 0..200i64 {
        if at % 50 != 30 {
            talk.send(100_000 + at * 16_000, SERVER, &dtls(23, 1, at as u64, &[9; 60]));
        }
    }
    let done = talk.run();
    assert_eq!(application(&done), Some("dtls"));
    assert_eq!(samples(&done), [("responder", "handshake", 21_000), ("responder", "handshake", 22_000)]);
    assert_eq!(counts(&done, "reverse")[0], Some(4));
}

fn quic_long(kind: u8, version: u32) -> Vec<u8> {
    let mut bytes = vec![0xc0 | kind << 4];
    bytes.extend(version.to_be_bytes());
    bytes.extend([8, 1, 2, 3, 4, 5, 6, 7, 8, 4, 1, 2, 3, 4]);
    bytes.resize(60, 0xee);
    bytes
}

fn quic(version: u32, spins: impl Fn(i64, bool) -> bool) -> Analyzer {
    let [initial, handshake] = if version == 1 { [0, 2] } else { [1, 3] };
    let mut talk = Talk::new();
    talk.send_len(0, CLIENT, &quic_long(initial, version), 1200);
    talk.send_len(30_000, SERVER, &quic_long(initial, version), 1200);
    talk.send_len(30_100, SERVER, &quic_long(handshake, version), 1200);
    talk.send_len(32_000, CLIENT, &quic_long(initial, version), 1200);
    for at in 0..1200i64 {
        for from in [CLIENT, SERVER] {
            let at_us = 40_000 + at * 4000 + if from { 0 } else { 1500 };
            let first = 0x40 | if spins(at_us, from) { 0x20 } else { 0 };
            let mut bytes = vec![first];
            bytes.resize(60, 0x77);
            talk.send(at_us, from, &bytes);
        }
    }
    talk.run()
}

#[test]
fn quic_of_both_versions_gives_its_handshake_and_a_valid_spin() {
    for version in [1, 0x6b33_43cf] {
        // 40 ms each half: the capture point is in the middle, 32 ms beyond it, 8 ms on this side.
        let done = quic(version, |at_us, from| ((at_us - if from { 0 } else { 32_000 }) / 40_000) % 2 == 0);
        assert_eq!(application(&done), Some("quic"));
        assert_eq!(samples_by(&done, "quic_handshake", "responder"), [30_000]);
        assert_eq!(samples_by(&done, "quic_handshake", "initiator"), [2000]);
        let far = samples_by(&done, "quic_spin", "responder");
        assert!(far.len() > 80, "{}", far.len());
        assert!(far.iter().all(|rtt_us| (rtt_us - 32_000).abs() <= 4000), "{far:?}");
        let near = samples_by(&done, "quic_spin", "initiator");
        assert!(near.iter().all(|rtt_us| (rtt_us - 8000).abs() <= 4000), "{near:?}");
    }
}

#[test]
fn quic_without_its_fixed_bit_is_told_by_its_connection_ids() {
    let long = |first: u8, to: &[u8], from: &[u8]| {
        let mut bytes = vec![first, 0, 0, 0, 1, to.len() as u8];
        bytes.extend(to);
        bytes.push(from.len() as u8);
        bytes.extend(from);
        bytes.resize(1200, 0x5c);
        bytes
    };
    let (client, server) = ([0x4d, 0x30, 0xf5, 0x7d], [0x01, 0xc7, 0xbb, 0x84]);
    let session = |addressed: [u8; 4]| {
        let mut talk = Talk::new();
        talk.send(0, CLIENT, &long(0xc4, &[9; 8], &client));
        // Answered without the bit, as is every packet of the server from here.
        talk.send(30_000, SERVER, &long(0x85, &addressed, &server));
        talk.send(31_000, CLIENT, &long(0xc9, &server, &client));
        for at in 0..60u8 {
            let short = |first: u8, to: &[u8]| [&[first][..], to, &[at.wrapping_mul(37); 30]].concat();
            talk.send(40_000 + i64::from(at) * 9000, SERVER, &short(at & 0x1f, &addressed));
            talk.send(41_000 + i64::from(at) * 9000, CLIENT, &short(0x40 | at & 0x1f, &server));
        }
        talk.run()
    };
    let done = session(client);
    assert_eq!(application(&done), Some("quic"));
    assert_eq!(samples_by(&done, "quic_handshake", "responder"), [30_000]);
    assert_eq!(samples_by(&done, "quic_handshake", "initiator"), [1000]);
    // Addressed to an id that the client never chose, it is something else.
    let other = session([1, 2, 3, 4]);
    assert!(samples_by(&other, "quic_handshake", "responder").is_empty());
}

#[test]
fn a_spin_bit_that_is_random_or_switched_off_gives_nothing() {
    let noise = |at_us: i64, from: bool| Random((at_us * 2 + i64::from(from)) as u64).chance(2);
    assert!(samples_by(&quic(1, noise), "quic_spin", "responder").is_empty());
    assert!(samples_by(&quic(1, |_, _| false), "quic_spin", "responder").is_empty());
}

/// A two-way game at 50 packets a second each way, server 30 ms away, 1 ms until it answers; every 40th packet of the
/// server is lost before the capture point. `packet(number, acknowledged, from_client)`.
fn game(packet: impl Fn(u32, u32, bool) -> Vec<u8>) -> Analyzer {
    let mut talk = Talk::new();
    for at in 0..400i64 {
        // What the server has of the client 31 ms later, and the client of the server 5 ms later.
        let client_us = at * 20_000;
        let server_us = at * 20_000 + 31_000;
        talk.send(client_us, CLIENT, &packet(at as u32 + 1, ((at - 2).max(0)) as u32, CLIENT));
        if at % 40 != 39 {
            talk.send(server_us, SERVER, &packet(at as u32 + 1, at as u32 + 1, SERVER));
        }
    }
    talk.run()
}

fn words(values: &[u32], len: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    bytes.resize(len, 0);
    bytes
}

fn assert_game(done: &Analyzer, name: &str) {
    assert_eq!(application(done), Some(name));
    assert_eq!(counts(done, "reverse")[0], Some(9), "{name}");
    assert_eq!(counts(done, "forward")[0], Some(0), "{name}");
    let rtt = samples_by(done, "app_ack", "responder");
    // 390 come; the answer behind each of the 9 gaps may have been told in the packet that is missing.
    assert!(rtt.len() == 381 && rtt.iter().all(|rtt_us| *rtt_us == 31_000), "{name}: {} {rtt:?}", rtt.len());
}

#[test]
fn source_acknowledges_in_clear() {
    assert_game(&game(|number, ack, _| words(&[number, ack, 0, 0], 40)), "source");
}

#[test]
fn quakeworld_is_told_from_source_by_its_reliable_bits() {
    let packet = |number: u32, ack: u32, _| {
        let reliable = if number % 10 < 4 { 1 << 31 } else { 0 };
        words(&[number | reliable, ack | if number % 20 < 10 { 1 << 31 } else { 0 }, 0], 30)
    };
    assert_game(&game(packet), "quakeworld");
}

#[test]
fn quake_3_is_numbered_and_its_client_repeats_its_port() {
    let done = game(|number, _, from| {
        let mut bytes = words(&[number], 60);
        let noise = if from { 0x4321 } else { (number.wrapping_mul(40_503) >> 3) as u16 };
        bytes[4..6].copy_from_slice(&noise.to_le_bytes());
        bytes
    });
    assert_eq!(application(&done), Some("quake3"));
    assert_eq!(counts(&done, "reverse")[0], Some(9));
}

#[test]
fn raknet_acknowledges_in_ranges() {
    let mut talk = Talk::new();
    let data = |number: u32| {
        let mut bytes = vec![0x84];
        bytes.extend(&number.to_le_bytes()[..3]);
        bytes.extend([0x60, 0x01, 0x00]);
        bytes.resize(60, 1);
        bytes
    };
    for at in 0..300u32 {
        let at_us = i64::from(at) * 20_000;
        if at % 30 != 29 {
            talk.send(at_us, CLIENT, &data(0xff_ff80u32.wrapping_add(at) & 0xff_ffff));
            let mut ack = vec![0xc0, 0, 1, 1];
            ack.extend(&(0xff_ff80u32.wrapping_add(at) & 0xff_ffff).to_le_bytes()[..3]);
            talk.send(at_us + 25_000, SERVER, &ack);
        }
        talk.send(at_us + 3000, SERVER, &data(at));
    }
    let done = talk.run();
    assert_eq!(application(&done), Some("raknet"));
    assert_eq!(counts(&done, "forward")[0], Some(9));
    assert_eq!(samples_by(&done, "app_ack", "responder"), vec![25_000; 290]);
}

#[test]
fn enet_acknowledgements_return_the_time_they_answer() {
    let mut talk = Talk::new();
    for at in 0..200i64 {
        let at_us = at * 33_000;
        let sent = (65_000 + at_us / 1000) as u16;
        let head = |flags: u16, sent: u16| [((flags | 5) >> 8) as u8, 5, (sent >> 8) as u8, sent as u8];
        let mut data = head(0x8000, sent).to_vec();
        data.extend([0x86, 0, 0, at as u8, 0, 20]);
        data.extend([7; 20]);
        // Every 50th is lost behind the capture point and sent again 80 ms later, with a new time.
        talk.send(at_us, CLIENT, &data);
        let mut answered = (sent, at_us);
        if at % 50 == 49 {
            let again = sent.wrapping_add(80);
            data[2..4].copy_from_slice(&again.to_be_bytes());
            talk.send(at_us + 80_000, CLIENT, &data);
            answered = (again, at_us + 80_000);
        }
        let mut ack = vec![0, 5];
        ack.extend([1, 0, 0, 0, 0, at as u8]);
        ack.extend(answered.0.to_be_bytes());
        talk.send(answered.1 + 27_000, SERVER, &ack);
    }
    let done = talk.run();
    assert_eq!(application(&done), Some("enet"));
    assert_eq!(samples_by(&done, "app_ack", "responder"), vec![27_000; 200]);
    assert_eq!(counts(&done, "forward")[0], Some(4));
}

#[test]
fn photon_acknowledgements_return_number_and_time() {
    let mut talk = Talk::new();
    let head = |sent: u32| {
        let mut bytes = vec![0, 1, 0, 1];
        bytes.extend(sent.to_be_bytes());
        bytes.extend([9, 9, 9, 9]);
        bytes
    };
    for at in 0..200u32 {
        let at_us = i64::from(at) * 50_000;
        let mut data = head(1_000_000 + at * 50);
        data.extend([6, 0, 1, 4, 0, 0, 0, 30]);
        data.extend((at + 1).to_be_bytes());
        data.resize(42, 3);
        talk.send(at_us, CLIENT, &data);
        let mut ack = head(77 + at * 50);
        ack.extend([1, 0, 0, 4, 0, 0, 0, 20, 0, 0, 0, 0]);
        ack.extend((at + 1).to_be_bytes());
        ack.extend((1_000_000 + at * 50).to_be_bytes());
        talk.send(at_us + 61_000, SERVER, &ack);
    }
    let done = talk.run();
    assert_eq!(application(&done), Some("photon"));
    assert_eq!(samples_by(&done, "app_ack", "responder"), vec![61_000; 200]);
    assert_eq!(flow_cell(&done, "forward_jitter_method"), Some(2));
    assert_eq!(flow_cell(&done, "forward_interarrival_jitter_ns"), Some(0));
}

#[test]
fn game_networking_sockets_count_by_connection() {
    let mut talk = Talk::new();
    talk.send(0, CLIENT, &[32; 512]).send(18_000, SERVER, &[33; 60]);
    talk.send(19_000, CLIENT, &[34; 512]).send(38_000, SERVER, &[35; 60]);
    for at in 0..300u32 {
        let data = |connection: u32| {
            let mut bytes = vec![0x80];
            bytes.extend(connection.to_le_bytes());
            bytes.extend((65_500u32.wrapping_add(at) as u16).to_le_bytes());
            bytes.resize(80, 0x99);
            bytes
        };
        talk.send(50_000 + i64::from(at) * 15_625, CLIENT, &data(0x1234));
        if at % 60 != 30 {
            talk.send(53_000 + i64::from(at) * 15_625, SERVER, &data(0x9876));
        }
    }
    let done = talk.run();
    assert_eq!(application(&done), Some("game_networking_sockets"));
    assert_eq!(counts(&done, "reverse")[0], Some(5));
    assert_eq!(samples_by(&done, "handshake", "responder"), [18_000, 19_000]);
}

/// A Source server at its rate limit: of 400 ticks it holds some back, which take numbers but are never sent, and of those
/// sent every 40th is lost. `head`: what stands before the count.
fn choking_server(head: impl Fn(u32) -> Vec<u8>) -> Analyzer {
    let mut talk = Talk::new();
    let mut choked = 0u8;
    for at in 0..400u32 {
        let client_us = i64::from(at) * 20_000;
        talk.send(client_us, CLIENT, &words(&[at + 1, at.saturating_sub(2), 0, 0], 40));
        if matches!(at % 10, 5 | 6) || (200..205).contains(&at) {
            choked += 1;
            continue;
        }
        let flags = if choked > 0 { 16u8 } else { 0 };
        let mut packet = words(&[at + 1, at + 1], 8);
        packet.push(flags);
        packet.extend(head(at));
        if choked > 0 {
            packet.push(choked);
        }
        packet.resize(60, 0xa7);
        choked = 0;
        if at % 40 != 39 {
            talk.send(client_us + 31_000, SERVER, &packet);
        }
    }
    talk.run()
}

#[test]
fn what_a_source_server_held_back_is_choke_and_no_loss_with_and_without_checksums() {
    // Two of ten, and five more of which none was among those; ten are lost, of which the last shows no gap.
    let with_checksum = choking_server(|at| {
        let checksum = at.wrapping_mul(0x9e37_79b1).to_le_bytes();
        vec![checksum[1], checksum[2], 0]
    });
    let bare = choking_server(|_| vec![0]);
    for done in [with_checksum, bare] {
        assert_eq!(application(&done), Some("source"));
        assert_eq!(flow_cell(&done, "reverse_choked_packets"), Some(85));
        assert_eq!(counts(&done, "reverse")[0], Some(9));
        assert_eq!(bin_sum(&done, "lost_packets", 1), 9);
        assert_eq!(flow_cell(&done, "forward_choked_packets"), None);
    }
}

#[test]
fn a_count_that_the_numbers_do_not_allow_is_no_choke() {
    // The flag is set, but nothing was stepped over.
    let done = game(|number, ack, _| {
        let mut packet = words(&[number, ack, 0, 0], 40);
        packet[8..14].copy_from_slice(&[16, 0, 3, 0, 3, 3]);
        packet
    });
    assert_eq!((application(&done), flow_cell(&done, "reverse_choked_packets")), (Some("source"), None));
    assert_eq!(counts(&done, "reverse")[0], Some(9));
}

#[test]
fn raknet_pongs_return_the_clock_of_the_ping() {
    let mut talk = Talk::new();
    let datagram = |number: u32, messages: &[&[u8]]| {
        let mut bytes = vec![0x84];
        bytes.extend(&number.to_le_bytes()[..3]);
        for message in messages {
            bytes.push(0);
            bytes.extend((message.len() as u16 * 8).to_be_bytes());
            bytes.extend(*message);
        }
        bytes
    };
    for at in 0..60u32 {
        let at_us = i64::from(at) * 500_000;
        let clock = (7_000_000u64 + u64::from(at) * 500).to_be_bytes();
        let ping = [&[0u8][..], &clock].concat();
        let pong = [&[3u8][..], &clock, &(99u64 + u64::from(at)).to_be_bytes()].concat();
        // The ping comes behind another message, the pong alone.
        talk.send(at_us, CLIENT, &datagram(at, &[&[0x86, 1, 2, 3], &ping]));
        talk.send(at_us + 44_000, SERVER, &datagram(at, &[&pong]));
    }
    let done = talk.run();
    assert_eq!(application(&done), Some("raknet"));
    assert_eq!(samples_by(&done, "app_ack", "responder"), vec![44_000; 60]);
}

/// `CMsgSteamSockets_UDP_Stats` with its length before it.
fn stats(ping_ms: u64, lost_percent: u64, jitter_us: u64) -> Vec<u8> {
    let varint = |mut value: u64| {
        let mut bytes = Vec::new();
        while value >= 0x80 {
            bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    };
    let field = |number: u64, value: u64| [varint(number << 3), varint(value)].concat();
    let inside = |bytes: Vec<u8>| [vec![0x0a], varint(bytes.len() as u64), bytes].concat();
    let instantaneous =
        [field(1, 640), field(2, 9000), field(5, ping_ms), field(6, lost_percent), field(7, 1), field(8, jitter_us)];
    let message = [inside(inside(instantaneous.concat())), field(3, 2)].concat();
    [varint(message.len() as u64), message].concat()
}

fn game_networking_sockets(stats_of: impl Fn(u32) -> Option<Vec<u8>>) -> Analyzer {
    let mut random = Random(77);
    let mut talk = Talk::new();
    for at in 0..300u32 {
        for from in [CLIENT, SERVER] {
            let stats = stats_of(at).filter(|_| !from);
            let mut bytes = vec![0x80 | u8::from(stats.is_some())];
            bytes.extend((if from { 0x1234u32 } else { 0x9876 }).to_le_bytes());
            bytes.extend((at as u16).to_le_bytes());
            bytes.extend(stats.unwrap_or_default());
            bytes.extend((0..60).map(|_| random.next() as u8));
            talk.send(i64::from(at) * 15_625 + if from { 0 } else { 3000 }, from, &bytes);
        }
    }
    talk.run()
}

#[test]
fn game_networking_sockets_report_ping_loss_and_jitter_in_clear() {
    // One report in ten; of thirty the median ping is 46 ms.
    let done = game_networking_sockets(|at| {
        at.is_multiple_of(10)
            .then(|| stats(40 + u64::from(at / 10) % 13, u64::from(at / 10 % 2) * 4, 300 + u64::from(at)))
    });
    assert_eq!(application(&done), Some("game_networking_sockets"));
    assert_eq!(flow_cell(&done, "reverse_reported_rtt_ns"), Some(45_000_000));
    assert_eq!(flow_cell(&done, "reverse_reported_loss_ratio"), Some(20_000));
    assert_eq!(flow_cell(&done, "reverse_reported_jitter_ns"), Some(590_000));
    assert_eq!(flow_cell(&done, "forward_reported_rtt_ns"), None);
    assert_eq!(samples(&done), []);
}

/// The server sends every 15 to 31 ms and tells how long it waited, stats now and then before that; every 90th is lost.
#[test]
fn game_networking_sockets_spacing_is_the_senders_clock_of_its_jitter() {
    for longest_wait_us in [17_000, 31_000] {
        let mut random = Random(31);
        let mut talk = Talk::new();
        let (mut sent_us, mut at_last) = (50_000i64, None::<(i64, i64)>);
        let (mut jitter_16th, mut variations, mut delays) = (0i64, Vec::new(), Vec::new());
        for at in 0..1200u32 {
            let spacing_us = 15_000 + random.below(longest_wait_us - 15_000) as i64;
            sent_us += spacing_us;
            let has_stats = at % 40 == 7;
            let mut bytes = vec![0x82 | u8::from(has_stats)];
            bytes.extend(0x9876u32.to_le_bytes());
            bytes.extend((65_000u32.wrapping_add(at) as u16).to_le_bytes());
            bytes.extend(if has_stats { stats(46, 0, 300) } else { vec![] });
            bytes.extend(((spacing_us / 16) as u16).to_le_bytes());
            bytes.extend((0..60).map(|_| random.next() as u8));
            if at % 90 == 89 {
                at_last = None;
                continue;
            }
            let delay_us = random.below(7000) as i64;
            delays.push(delay_us);
            if let Some((last_sent_us, last_us)) = at_last {
                let variation = ((sent_us + delay_us - last_us) - (sent_us - last_sent_us)).abs();
                variations.push(variation);
                jitter_16th += variation * 1000 - ((jitter_16th + 8) >> 4);
            }
            at_last = Some((sent_us, sent_us + delay_us));
            talk.send(sent_us + delay_us, SERVER, &bytes);
            bytes[0] = 0x80;
            bytes[1] = 1;
            talk.send(sent_us - 4000, CLIENT, &bytes);
        }
        let done = talk.run();
        assert_eq!(application(&done), Some("game_networking_sockets"));
        assert_eq!(counts(&done, "reverse")[0], Some(13));
        assert_eq!(flow_cell(&done, "reverse_jitter_method"), Some(2));
        let near = |name: &str, truth_us: i64, within_us: i64| {
            let said_ns = flow_cell(&done, name).unwrap();
            assert!((said_ns - truth_us * 1000).abs() <= within_us * 1000, "{name}: {said_ns} {truth_us}");
        };
        near("reverse_interarrival_jitter_ns", (jitter_16th >> 4) / 1000, 30);
        variations.sort_unstable();
        near("reverse_ipdv_p50_ns", variations[variations.len() / 2], 30);
        delays.sort_unstable();
        near("reverse_pdv_p95_ns", delays[delays.len() * 95 / 100], 1000);
        assert_eq!(flow_cell(&done, "forward_jitter_method").filter(|method| *method == 2), None);
    }
}

#[test]
fn stats_that_are_none_are_not_read() {
    // The flag is set over random bytes: that is another protocol.
    let done = game_networking_sockets(|at| Some(vec![200, 7, at as u8, 0xff]));
    assert_eq!((application(&done), flow_cell(&done, "reverse_reported_rtt_ns")), (None, None));
}

#[test]
fn answers_of_an_encrypted_server_are_timed_only_where_they_prove_to_be_answers() {
    let mut random = Random(8);
    let mut talk = Talk::new();
    let mut at_us = 0i64;
    for _ in 0..400 {
        at_us += 50_000 + random.below(150_000) as i64;
        let bytes: Vec<u8> = (0..60).map(|_| random.next() as u8).collect();
        talk.send(at_us, CLIENT, &bytes);
        talk.send(at_us + 27_000 + random.below(3000) as i64, SERVER, &bytes[..40]);
    }
    let done = talk.run();
    assert_eq!(application(&done), None);
    let delay_ns = flow_cell(&done, "forward_answer_delay_ns").unwrap();
    assert!((27_000_000..30_000_000).contains(&delay_ns), "{delay_ns}");
    assert!(flow_cell(&done, "forward_answer_confidence").unwrap() > 950_000);
    // The client asks when it likes: it answers nobody. Nor is this a sample of a round trip.
    assert_eq!((flow_cell(&done, "reverse_answer_delay_ns"), samples(&done).len()), (None, 0));
}

/// A packet of Unreal: `handler_bits` zeros, the word, one word of history, then noise.
fn unreal(handler_bits: usize, number: u32, ack: u32, noise: u64) -> Vec<u8> {
    let word = u64::from((number & 0x3fff) << 18 | (ack & 0x3fff) << 4);
    let mut random = Random(noise);
    let wide = (word | u64::MAX << 32) << handler_bits;
    let mut bytes = wide.to_le_bytes().to_vec();
    bytes.extend((0..40).map(|_| random.next() as u8));
    bytes
}

#[test]
fn unreal_is_found_behind_any_handlers_over_the_wrap_of_its_14_bits() {
    for handler_bits in 1..=8 {
        let start = 0x3fc0;
        let packet = |number: u32, ack: u32, from| {
            unreal(handler_bits, start + number, start + ack, u64::from(number) * 2 + u64::from(from))
        };
        let done = game(packet);
        assert_eq!(application(&done), Some("unreal"));
        assert_eq!((counts(&done, "reverse")[0], counts(&done, "forward")[0]), (Some(9), Some(0)));
        // The first eight datagrams are taken for the handshake: five of the client's, which the next five answer.
        let rtt = samples_by(&done, "app_ack", "responder");
        assert!(rtt.len() == 376 && rtt.iter().all(|rtt_us| *rtt_us == 31_000), "{}", rtt.len());
    }
}

/// The same with packet information: the clock, and from a server the time of its last frame.
fn informed(number: u32, ack: u32, ms: u32, frame_ms: Option<u32>) -> Vec<u8> {
    let word = u128::from((number & 0x3fff) << 18 | (ack & 0x3fff) << 4);
    let info = 1 | ms << 1 | u32::from(frame_ms.is_some()) << 11 | frame_ms.unwrap_or(0x5a) << 12;
    let wide = (word | 0xffff_ffff << 32 | u128::from(info) << 64) << 3;
    let mut bytes = wide.to_le_bytes().to_vec();
    bytes.extend([0x77; 40]);
    bytes
}

#[test]
fn unreal_tells_its_clock_and_the_servers_frame_time() {
    let mut talk = Talk::new();
    // One packet of the server in four waits 6 ms on the way; its frames take 16 ms, one in three 48 ms.
    for at in 0..1000i64 {
        let sent_us = at * 33_000;
        let waits_us = if at % 4 == 3 { 6000 } else { 0 };
        let number = at as u32 + 1;
        let frame_ms = if at % 3 == 0 { 48 } else { 16 };
        let ms = |us: i64| ((us / 1000 + 700) % 1000) as u32;
        talk.send(sent_us + 9000, CLIENT, &informed(number, (number - 1).max(1), ms(sent_us + 4000), None));
        talk.send(sent_us + waits_us, SERVER, &informed(number, (number - 1).max(1), ms(sent_us), Some(frame_ms)));
    }
    let done = talk.run();
    assert_eq!(application(&done), Some("unreal"));
    assert_eq!(flow_cell(&done, "reverse_reported_frame_time_ns").map(|ns| (ns + 500_000) / 1_000_000), Some(16));
    assert_eq!(flow_cell(&done, "forward_reported_frame_time_ns"), None);
    let within_ms = |name: &str, ms: i64| {
        let value = flow_cell(&done, name).unwrap();
        assert!((value - ms * 1_000_000).abs() <= 1_000_000, "{name}: {value}");
    };
    within_ms("reverse_pdv_p95_ns", 6);
    within_ms("forward_pdv_p95_ns", 0);
    within_ms("forward_interarrival_jitter_ns", 0);
    assert_eq!(flow_cell(&done, "reverse_jitter_method"), flow_cell(&done, "forward_jitter_method"));
    // Versions before the clock have something else there.
    let by_clock = flow_cell(&done, "reverse_jitter_method");
    assert!(by_clock.is_some());
    for seed in 0..40u64 {
        let older = game(|number, ack, from| {
            unreal(3, number, ack, (u64::from(number) * 2 + u64::from(from)).wrapping_mul(seed * 2 + 1) + seed)
        });
        assert_eq!(application(&older), Some("unreal"));
        assert_eq!(flow_cell(&older, "reverse_reported_frame_time_ns"), None, "{seed}");
        assert_ne!(flow_cell(&older, "reverse_jitter_method"), by_clock, "{seed}");
    }
}

#[test]
fn unreal_without_its_acknowledgements_is_opaque() {
    // Numbers alone, or acknowledgements of what was never sent.
    let no_acks = game(|number, _, from| unreal(1, number, 0x1000, u64::from(number) * 2 + u64::from(from)));
    let ahead = game(|number, ack, from| unreal(6, number, ack + 900, u64::from(number) * 2 + u64::from(from)));
    assert_eq!((application(&no_acks), application(&ahead)), (None, None));
    // A ping that counts, and its echo: nothing is acknowledged.
    let echo = game(|number, _, _| unreal(1, number, 0, 7));
    assert_eq!(application(&echo), None);
}

#[test]
fn luanti_acknowledges_every_reliable_packet_by_channel_and_number() {
    let head = |peer: u16, channel: u8| {
        let mut bytes = 0x4f45_7403u32.to_be_bytes().to_vec();
        bytes.extend(peer.to_be_bytes());
        bytes.push(channel);
        bytes
    };
    let ack = |peer: u16, channel: u8, number: u16| {
        let mut bytes = head(peer, channel);
        bytes.extend([0, 0]);
        bytes.extend(number.to_be_bytes());
        bytes
    };
    let mut talk = Talk::new();
    for at in 0..200u16 {
        let at_us = i64::from(at) * 50_000;
        // The numbers of a channel begin below the wrap, and are its own.
        let (channel, number) = ((at % 2) as u8, 65_500u16.wrapping_add(at / 2));
        let mut data = head(2, channel);
        data.push(3);
        data.extend(number.to_be_bytes());
        data.extend([1, 0, 0x23, 7, 7, 7]);
        // Every 40th is lost behind the capture point and sent again 500 ms later.
        talk.send(at_us, CLIENT, &data);
        if at % 40 == 39 {
            talk.send(at_us + 500_000, CLIENT, &data);
            talk.send(at_us + 531_000, SERVER, &ack(1, channel, number));
        } else {
            talk.send(at_us + 31_000, SERVER, &ack(1, channel, number));
        }
        // Unreliable and in parts: no number of a packet.
        let mut part = head(1, 2);
        part.extend([2, 0, 9, 0, 3, 0, 1]);
        part.resize(80, 0x61);
        talk.send(at_us + 7000, SERVER, &part);
    }
    let done = talk.run();
    assert_eq!(application(&done), Some("luanti"));
    assert_eq!(counts(&done, "forward")[0], Some(5));
    assert_eq!(counts(&done, "reverse")[0], None);
    assert_eq!(samples_by(&done, "app_ack", "responder"), vec![31_000; 195]);
}

/// Half of the datagrams are parts whose places a capture of twelve payload bytes does not hold.
#[test]
fn luanti_is_known_in_a_capture_that_cuts_its_parts() {
    let mut talk = Talk::new();
    for at in 0..120u16 {
        let at_us = i64::from(at) * 50_000;
        let mut data = vec![0x4f, 0x45, 0x74, 3, 0, 2, 0, 3];
        data.extend(at.to_be_bytes());
        data.extend([2, 0]);
        talk.send_len(at_us, CLIENT, &data, 500);
        talk.send(at_us + 31_000, SERVER, &[&[0x4f, 0x45, 0x74, 3, 0, 1, 0, 0, 0], &at.to_be_bytes()[..]].concat());
    }
    let done = talk.run();
    assert_eq!(application(&done), Some("luanti"));
    assert_eq!(samples_by(&done, "app_ack", "responder"), vec![31_000; 120]);
}

/// Client → server data and its acknowledgement 31 ms later, with a repeat that was needless: the acknowledgement had
/// passed already; or with a copy that comes sooner than any sender repeats.
#[test]
fn what_is_sent_again_without_need_was_not_lost() {
    for again_us in [26_000, 300_000] {
        let mut talk = Talk::new();
        for at in 0..120u16 {
            let at_us = i64::from(at) * 50_000;
            let mut data = vec![0x4f, 0x45, 0x74, 3, 0, 2, 0, 3];
            data.extend(at.to_be_bytes());
            data.extend([1, 0, 0x23, 7, 7, 7]);
            talk.send(at_us, CLIENT, &data);
            if at % 20 == 19 {
                talk.send(at_us + again_us, CLIENT, &data);
            }
            let mut ack = vec![0x4f, 0x45, 0x74, 3, 0, 1, 0, 0, 0];
            ack.extend(at.to_be_bytes());
            talk.send(at_us + 31_000, SERVER, &ack);
        }
        let done = talk.run();
        assert_eq!((application(&done), counts(&done, "forward")[0]), (Some("luanti"), Some(0)), "{again_us}");
        assert_eq!(bin_sum(&done, "lost_packets", 0), 0, "{again_us}");
    }
}

/// Client → server data, every 25th one a part that the capture cut behind the type, or bytes that are nothing known;
/// its acknowledgement 31 ms later. Of `lost`, nothing was ever there.
fn partly_readable(part: &[u8], lost: &[u16]) -> Analyzer {
    let mut talk = Talk::new();
    for at in (0..200u16).filter(|at| !lost.contains(at)) {
        let at_us = i64::from(at) * 50_000;
        let mut data = vec![0x4f, 0x45, 0x74, 3, 0, 2, 0, 3];
        data.extend(at.to_be_bytes());
        if at % 25 == 24 && part.len() > 2 {
            data = part.to_vec();
        } else {
            data.extend(if at % 25 == 24 { part } else { &[1, 0, 0x23, 7, 7, 7] });
        }
        talk.send_len(at_us, CLIENT, &data, 400);
        let mut ack = vec![0x4f, 0x45, 0x74, 3, 0, 1, 0, 0, 0];
        ack.extend(at.to_be_bytes());
        talk.send(at_us + 31_000, SERVER, &ack);
    }
    talk.run()
}

#[test]
fn what_the_capture_cut_or_nobody_can_read_is_not_lost() {
    for part in [&[2, 0][..], &[0xee; 40]] {
        let done = partly_readable(part, &[]);
        assert_eq!((application(&done), counts(&done, "forward")[0]), (Some("luanti"), Some(0)), "{part:?}");
        assert_eq!(bin_sum(&done, "lost_packets", 0), 0);
        // One that is missed elsewhere is missed all the same.
        let done = partly_readable(part, &[17, 92]);
        assert_eq!((application(&done), counts(&done, "forward")[0]), (Some("luanti"), Some(2)), "{part:?}");
        assert_eq!(bin_sum(&done, "lost_packets", 0), 2);
    }
}

#[test]
fn a_packet_inside_itself_or_of_another_length_is_no_luanti() {
    for (at, wrong) in [(6usize, 3u8), (7, 4), (10, 3), (11, 9)] {
        let mut talk = Talk::new();
        for number in 0..60u8 {
            let mut data = vec![0x4f, 0x45, 0x74, 3, 0, 1, 0, 3, 0, number, 0, 0, 0, number];
            data[at] = wrong;
            talk.send(i64::from(number) * 30_000, number % 2 == 0, &data);
        }
        assert_eq!(application(&talk.run()), None, "{at}");
    }
}

#[test]
fn encrypted_traffic_is_opaque_and_its_tick_is_found() {
    let mut random = Random(4);
    let mut talk = Talk::new();
    for at in 0..2000i64 {
        let bytes: Vec<u8> = (0..60).map(|_| random.next() as u8).collect();
        if at % 100 != 99 {
            let late_us = if at % 100 == 50 { 40_000 } else { 0 };
            talk.send(at * 15_625 + random.below(400) as i64 + late_us, SERVER, &bytes);
        }
        if random.chance(3) {
            talk.send(at * 15_625 + random.below(15_000) as i64, CLIENT, &bytes);
        }
    }
    let done = talk.run();
    assert_eq!(application(&done), None);
    let period_ns = flow_cell(&done, "reverse_tick_period_ns").unwrap();
    assert!((period_ns - 15_625_000).abs() < 2000, "{period_ns}");
    assert_eq!(flow_cell(&done, "reverse_jitter_method"), Some(3));
    assert_eq!(flow_cell(&done, "forward_tick_period_ns"), None);
    assert_eq!(flow_cell(&done, "reverse_lost_packets"), None);
    // 20 of 2000 ticks are missing and as many come too late, within what a grid can tell.
    let missed = flow_cell(&done, "reverse_deadline_miss_ratio").unwrap();
    assert!((15_000..=30_000).contains(&missed), "{missed}");
}

#[test]
fn random_bytes_are_never_taken_for_a_protocol() {
    for seed in 0..300u64 {
        let mut random = Random(seed);
        let mut talk = Talk::new();
        let fixed = random.below(6) as usize;
        let head: Vec<u8> = (0..fixed).map(|_| random.next() as u8).collect();
        for at in 0..60i64 {
            let mut bytes: Vec<u8> = (0..20 + random.below(60)).map(|_| random.next() as u8).collect();
            bytes[..fixed].copy_from_slice(&head);
            talk.send(at * 10_000, random.chance(2), &bytes);
        }
        assert_eq!(application(&talk.run()), None, "seed {seed}");
    }
}

#[test]
fn a_decoder_that_later_packets_contradict_is_dropped() {
    let mut talk = Talk::new();
    let mut random = Random(9);
    for at in 0..400i64 {
        let number = if at < 40 { at as u32 + 1 } else { random.next() as u32 >> 1 };
        let ack = if at < 40 { at as u32 } else { random.next() as u32 >> 1 };
        talk.send(at * 10_000, at % 2 == 0, &words(&[number, ack, 0, 0], 40));
    }
    let done = talk.run();
    assert_eq!((application(&done), flow_cell(&done, "forward_lost_packets")), (None, None));
}

#[test]
fn echo_requests_are_timed_by_identifier_and_number() {
    let mut packets = Vec::new();
    for at in 0..5u32 {
        packets.push(icmp(i64::from(at) * 1_000_000, 1, 2, 8, 0x77 << 16 | at));
        packets.push(icmp(i64::from(at) * 1_000_000 + 12_345, 2, 1, 0, 0x77 << 16 | at));
    }
    let done = run(&packets, Config::default());
    assert_eq!(samples_by(&done, "icmp_echo", "responder"), [12_345; 5]);
}
