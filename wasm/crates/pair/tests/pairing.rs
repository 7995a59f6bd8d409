//! Two captures of one path, made by hand: what is told of them, and that the cut into segments cannot be seen.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic)]

use packet::{tcp_flag, Packet, Prefix, Tcp};
use pair::{Config, Key, Pairer, Phase, EVENT_BYTES};

const OFFSET: i64 = -37_000_000;

fn address(host: u8) -> [u8; 16] {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, host]
}

/// A datagram of the client (way 0) or the server, as an end sees it; the client is renamed on the way.
fn datagram(end: usize, way: usize, number: u32, time: i64) -> Packet {
    let client = (address(if end == 0 { 1 } else { 201 }), if end == 0 { 5000 } else { 61_000 });
    let server = (address(10), 7777);
    let ((src, src_port), (dst, dst_port)) = if way == 0 { (client, server) } else { (server, client) };
    let mut payload = [way as u8; 40];
    payload[..4].copy_from_slice(&number.to_le_bytes());
    Packet {
        timestamp_ns: Some(time + if end == 1 { OFFSET } else { 0 }),
        captured_len_bytes: 82,
        original_len_bytes: 82,
        src,
        dst,
        protocol: 17,
        ports: Some((src_port, dst_port)),
        ip_len_bytes: 68,
        payload_len_bytes: 40,
        ttl: if end == way { 64 } else { 55 },
        prefix: Prefix::of(&payload),
        ..Packet::default()
    }
}

/// Both captures in order of time; `lost` packets of way 0 are missing at the server.
fn captures(packets: u32, lost: &[u32]) -> [Vec<Packet>; 2] {
    let mut ends = [Vec::new(), Vec::new()];
    for number in 0..packets {
        let sent = i64::from(number) * 20_000_000;
        ends[0].push(datagram(0, 0, number, sent));
        if !lost.contains(&number) {
            ends[1].push(datagram(1, 0, number, sent + 8_000_000));
        }
        ends[1].push(datagram(1, 1, number, sent + 3_000_000));
        ends[0].push(datagram(0, 1, number, sent + 14_000_000));
    }
    for packets in &mut ends {
        packets.sort_by_key(|packet| packet.timestamp_ns);
    }
    ends
}

/// Hands both captures in, `cut` packets at a time, and returns all events.
fn pair(ends: &[Vec<Packet>; 2], cut: usize) -> (Vec<u8>, Vec<u8>) {
    let mut pairer = Pairer::new(Config { key: Key(1, 2) });
    let mut events = Vec::new();
    loop {
        let mut at = [0usize; 2];
        while let Some(end) = pairer.wanted() {
            let packets = &ends[end];
            if at[end] >= packets.len() {
                pairer.end(end);
                continue;
            }
            let part = &packets[at[end]..packets.len().min(at[end] + cut)];
            let mut rows = Vec::new();
            // Rows of a segment come shard by shard: the second half of them first.
            let (even, odd): (Vec<_>, Vec<_>) = part.iter().enumerate().partition(|(index, _)| index % 2 == 0);
            for (index, packet) in odd.into_iter().chain(even) {
                Packet { frame_index: index as u32, ..*packet }.encode(&mut rows);
            }
            pairer.rows(end, at[end] as u32, &rows).unwrap();
            at[end] += part.len();
            events.extend(pairer.take_events());
        }
        let goes_on = pairer.advance();
        events.extend(pairer.take_events());
        if !goes_on {
            return (events, pairer.report());
        }
    }
}

fn kinds(events: &[u8]) -> Vec<u32> {
    events.chunks(EVENT_BYTES).map(|event| u32::from_le_bytes(event[32..36].try_into().unwrap()) & 0xff).collect()
}

#[test]
fn packets_are_paired_through_nat_and_the_lost_ones_are_named() {
    let ends = captures(500, &[7, 8, 300]);
    let (events, _) = pair(&ends, 64);
    let kinds = kinds(&events);
    assert_eq!(kinds.iter().filter(|kind| **kind == 0).count(), 997);
    assert_eq!(kinds.iter().filter(|kind| **kind == 1).count(), 3);
    assert_eq!(kinds.len(), 1000);
    for event in events.chunks(EVENT_BYTES) {
        let word = |index: usize| u32::from_le_bytes(event[32 + index * 4..36 + index * 4].try_into().unwrap());
        if word(0) & 0xff == 1 {
            let packet = ends[0][word(3) as usize - 1];
            let number = u32::from_le_bytes(packet.prefix.as_slice()[..4].try_into().unwrap());
            assert!([7, 8, 300].contains(&number), "{number}");
        }
    }
}

/// The first packet that is matched stood in a queue; the second did not, and its content comes again later.
#[test]
fn a_repeated_content_that_the_first_packets_queued_longer_than_is_not_lost() {
    let mut ends = captures(200, &[]);
    ends[0].retain(|packet| packet.src == address(1));
    ends[1].retain(|packet| packet.src != address(10));
    for (number, packet) in ends[1].iter_mut().enumerate() {
        *packet.timestamp_ns.as_mut().unwrap() += if number == 0 { 6_000_000 } else { 0 };
    }
    for end in &mut ends {
        let again = end[1].prefix;
        end[60].prefix = again;
    }
    let (events, _) = pair(&ends, 64);
    assert_eq!(kinds(&events), vec![0; 200]);
}

#[test]
fn the_cut_into_segments_cannot_be_seen() {
    let ends = captures(300, &[20, 21]);
    let whole = pair(&ends, 100_000);
    for cut in [1, 2, 7, 64, 333] {
        assert!(pair(&ends, cut) == whole, "cut {cut}");
    }
}

#[test]
fn captures_of_other_traffic_share_nothing() {
    let [client, _] = captures(100, &[]);
    let [_, mut server] = captures(100, &[]);
    for packet in &mut server {
        let bytes: Vec<u8> = packet.prefix.as_slice().iter().map(|byte| byte ^ 0x5a).collect();
        packet.prefix.set(&bytes);
    }
    let (events, _) = pair(&[client, server], 50);
    assert!(events.is_empty());
}

/// A super-segment at the sender, segments at the receiver; one segment lost and sent again.
#[test]
fn a_super_segment_is_matched_by_its_segments_and_a_repeated_one_tells_the_loss() {
    let tcp = |end: usize, time: i64, seq: u32, len: u32, tsval: u32| {
        let base = datagram(end, 0, 0, time);
        let tcp = Tcp { seq, ack: 1, flags: tcp_flag::ACK, timestamps: Some((tsval, 1)), ..Tcp::default() };
        Packet {
            protocol: 6,
            tcp: Some(tcp),
            payload_len_bytes: len,
            ip_len_bytes: len + 52,
            prefix: Prefix::default(),
            ..base
        }
    };
    let mut ends = captures(40, &[]);
    for turn in 0..20u32 {
        let (seq, at) = (1000 + turn * 3000, 5_000_000 + i64::from(turn) * 40_000_000);
        ends[0].push(tcp(0, at, seq, 3000, turn));
        for part in 0..3 {
            if (turn, part) != (10, 1) {
                ends[1].push(tcp(1, at + 8_000_000 + i64::from(part) * 100_000, seq + part * 1000, 1000, turn));
            }
        }
        if turn == 10 {
            ends[0].push(tcp(0, at + 30_000_000, seq + 1000, 1000, 500));
            ends[1].push(tcp(1, at + 38_000_000, seq + 1000, 1000, 500));
        }
    }
    for packets in &mut ends {
        packets.sort_by_key(|packet| packet.timestamp_ns);
    }
    let (events, _) = pair(&ends, 32);
    let missing: Vec<u32> = events
        .chunks(EVENT_BYTES)
        .filter(|event| event[32] == 1)
        .map(|event| u32::from_le_bytes(event[32..36].try_into().unwrap()) >> 8)
        .collect();
    // The super-segment came in part (128), and its bytes were sent again (8).
    assert_eq!(missing, [128 | 8]);
    assert_eq!(kinds(&events).iter().filter(|kind| **kind == 0).count(), 80 + 19 + 1);
}

#[test]
fn the_readings_come_in_their_order_and_end() {
    let mut pairer = Pairer::new(Config { key: Key(0, 0) });
    assert_eq!(pairer.phase(), Phase::Scan);
    pairer.end(0);
    pairer.end(1);
    assert_eq!(pairer.wanted(), None);
    assert!(pairer.advance());
    pairer.end(0);
    pairer.end(1);
    assert!(!pairer.advance());
}

/// Events of one kind.
fn count(events: &[u8], kind: u32) -> usize {
    kinds(events).into_iter().filter(|known| *known == kind).count()
}

fn checksum(number: u32) -> u16 {
    (number.wrapping_mul(0x9e37_79b1) >> 16) as u16 | 1
}

/// Of each datagram 12 bytes were kept, which every fourth shares with the one before; the checksum speaks of all of them.
fn kept_twelve(packets: u32, lost: &[u32], nat: u16) -> [Vec<Packet>; 2] {
    let mut ends = captures(packets, lost);
    for (end, packets) in ends.iter_mut().enumerate() {
        for packet in packets.iter_mut() {
            let number = u32::from_le_bytes(packet.prefix.as_slice()[..4].try_into().unwrap());
            let mut kept: [u8; 12] = packet.prefix.as_slice()[..12].try_into().unwrap();
            let shown = if number % 4 == 3 { number - 1 } else { number };
            kept[..4].copy_from_slice(&shown.to_le_bytes());
            packet.prefix = Prefix::of(&kept);
            packet.is_payload_cut = true;
            packet.captured_len_bytes = 54;
            let moved = u32::from(checksum(number)) + if end == 1 { u32::from(nat) } else { 0 };
            packet.contents.field = (moved % 0xffff) as u16;
        }
    }
    ends
}

#[test]
fn datagrams_that_share_what_was_kept_are_told_apart_by_their_checksums_through_nat() {
    for nat in [0, 0x1234, 0xfffe] {
        // The first of two that look alike is lost, then the second.
        let (events, _) = pair(&kept_twelve(400, &[42, 83, 202], nat), 64);
        let missing: Vec<u32> = events
            .chunks(EVENT_BYTES)
            .filter(|event| event[32] == 1)
            .map(|event| u32::from_le_bytes(event[44..48].try_into().unwrap()))
            .collect();
        let ends = kept_twelve(400, &[42, 83, 202], nat);
        let fields: Vec<u16> = missing.iter().map(|frame| ends[0][*frame as usize - 1].contents.field).collect();
        assert_eq!(fields, [checksum(42), checksum(83), checksum(202)], "moved by {nat}");
        assert_eq!(count(&events, 0), 797);
        // Nothing is left in doubt.
        let doubtful = events.chunks(EVENT_BYTES).filter(|event| event[32] == 0 && event[33] & 2 != 0);
        assert_eq!(doubtful.count(), 0);
    }
}

#[test]
fn checksums_that_a_card_was_to_fill_in_are_no_witness() {
    let mut ends = kept_twelve(400, &[], 0);
    for packet in &mut ends[0] {
        if packet.src == address(1) {
            packet.contents.field = 0x2f4e;
        }
    }
    let (events, _) = pair(&ends, 64);
    assert_eq!((count(&events, 0), count(&events, 1)), (800, 0));
}

#[test]
fn packets_that_were_cut_shorter_than_the_first_ones_let_expect_are_compared_by_what_was_kept() {
    let mut ends = captures(12_000, &[11_000]);
    // At the server all from the 11,500th on are large, and cut to 20 bytes of payload.
    for (end, packets) in ends.iter_mut().enumerate() {
        let len = packets.len();
        for packet in packets.iter_mut().skip(len - 12_500) {
            let number = packet.prefix.as_slice()[..4].to_vec();
            packet.payload_len_bytes = 60;
            packet.ip_len_bytes = 88;
            packet.original_len_bytes = 102;
            packet.captured_len_bytes = 102;
            let mut payload = [3; 60];
            payload[..4].copy_from_slice(&number);
            packet.prefix = Prefix::of(&payload);
            if end == 1 {
                packet.is_payload_cut = true;
                packet.captured_len_bytes = 62;
                packet.prefix = Prefix::of(&payload[..20]);
            }
        }
    }
    let (events, _) = pair(&ends, 4096);
    assert!(count(&events, 1) <= 2, "{} missing", count(&events, 1));
    assert_eq!(count(&events, 5), 0);
}
