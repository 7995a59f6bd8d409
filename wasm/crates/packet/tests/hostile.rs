//! Law 5 and law 8: any bytes at all give an answer or a typed error, and every record is accounted for.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use packet::{decode, Outcome, Packet};
use support::captures::{pcap, Blocks, Taken};
use support::frames::one_of_each;
use support::host::{read_stream, read_whole, Answer};
use support::Random;

fn accounted(answer: &Answer) {
    assert_eq!(answer.records, answer.decoded + answer.diagnosed);
    // What an ICMP error tells another flow is no packet of its own.
    let own = answer.rows.iter().flatten().filter(|row| !row.is_notice);
    assert_eq!(answer.decoded as usize, own.count());
}

#[test]
fn every_frame_cut_at_every_byte_gives_a_row_or_a_reason() {
    for (link_type, frame) in one_of_each() {
        let mut packet = Packet::default();
        let whole = decode(link_type, &frame, frame.len() as u32, &mut packet);
        let full = packet;
        for len in 0..frame.len() {
            let outcome = decode(link_type, &frame[..len], frame.len() as u32, &mut packet);
            let Outcome::Row { .. } = outcome else { continue };
            assert!(matches!(whole, Outcome::Row { .. }));
            assert_eq!(packet.captured_len_bytes as usize, len);
            // A snaplen hides facts; it never changes one of the innermost layer it still shows.
            if packet.layer_path == full.layer_path {
                assert_eq!((packet.src, packet.dst, packet.ip_len_bytes), (full.src, full.dst, full.ip_len_bytes));
                assert!(packet.ports.is_none() || packet.ports == full.ports);
                assert!(packet.icmp.is_none() || packet.icmp == full.icmp);
            }
        }
    }
}

#[test]
fn a_capture_cut_at_every_byte_gives_an_answer_or_a_typed_error() {
    let frames = one_of_each();
    let records: Vec<Taken> =
        frames.iter().map(|(_, data)| Taken { seconds: 1, micros: 2, original_len: data.len() as u32, data }).collect();
    let bytes = pcap(1, &records);
    let mut answers = 0;
    for len in 0..bytes.len() {
        if let Ok(answer) = read_whole(&bytes[..len]) {
            accounted(&answer);
            assert_eq!(answer.exit_offset, len as u64);
            answers += 1;
        }
    }
    assert_eq!(answers, bytes.len() - 24);
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len());
        match random.below(5) {
            0 => bytes[at] = random.next() as u8,
            1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)],
            3 => drop(bytes.drain(at..(at + random.below(9)).min(bytes.len()))),
            _ => bytes.truncate(at.max(32)),
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
    }
}

#[test]
fn mutated_captures_give_an_answer_or_a_typed_error() {
    let little = Blocks { is_big: false };
    let frames = one_of_each();
    let mut sources = vec![];
    let mut ng = little.section();
    for (interface, (link_type, data)) in frames.iter().enumerate() {
        let taken = Taken { seconds: 5, micros: 6, original_len: data.len() as u32, data };
        sources.push(pcap(*link_type, &[taken]));
        ng.extend(little.interface(*link_type as u16, 0, &little.option(9, &[(interface % 20) as u8 * 11])));
        ng.extend(little.enhanced(interface as u32, 1 << 50, data, &little.option(4, &[1; 8])));
        ng.extend(little.block([4, 5, 9, 0x0bad, 77][interface % 5], &[3; 20]));
        ng.extend(little.simple(data));
    }
    sources.push(ng.clone());
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut answers = 0;
    for round in 0..6000 {
        let source = if round % 3 == 0 { &ng } else { &sources[random.below(sources.len())] };
        let mut bytes = source.clone();
        mutate(&mut bytes, &mut random);
        let whole = read_whole(&bytes);
        if let Ok(answer) = &whole {
            accounted(answer);
            answers += 1;
        }
        if round % 16 == 0 {
            assert_eq!(read_stream(&bytes, 1 + random.below(200)), whole);
        }
    }
    assert!(answers > 4000, "{answers}");
}

#[test]
fn random_frames_of_every_link_type_give_a_row_or_a_reason() {
    let mut random = Random(7);
    let mut packet = Packet::default();
    let mut rows = 0;
    for (link_type, frame) in one_of_each().into_iter().cycle().take(20_000) {
        let mut bytes = frame;
        mutate(&mut bytes, &mut random);
        let original_len = if random.below(4) == 0 { random.next() as u32 } else { bytes.len() as u32 };
        if let Outcome::Row { .. } = decode(link_type, &bytes, original_len, &mut packet) {
            assert!(packet.payload_len_bytes <= original_len.max(bytes.len() as u32));
            rows += 1;
        }
    }
    assert!(rows > 5_000, "{rows}");
}
