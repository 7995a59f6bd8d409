//! Law 1 and law 2: any cut gives the same answer, and a wrong guess is found out.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use capture::{ByteOrder, Context, Interface, PcapContext, RecordLayout, SectionContext, SubSecond};
use columns::Diagnostic;
use support::captures::{pcap, pcap_record, Blocks, Taken};
use support::frames::{self, ethernet, udp, Ipv4, IPV4};
use support::host::{read_split, read_stream, read_whole, Joins};

fn ethernet_pcap() -> Context {
    Context::Pcap(PcapContext {
        order: ByteOrder::Little,
        sub_second: SubSecond::Micro,
        layout: RecordLayout::Standard,
        record_header_len: 16,
        link_type: 1,
        snaplen: 262_144,
    })
}

/// Frames of several kinds and flows, and one payload that is itself a chain of records.
fn some_frames(decoy: &[u8]) -> Vec<Vec<u8>> {
    let kinds: Vec<Vec<u8>> =
        frames::one_of_each().into_iter().filter(|(link, _)| *link == 1).map(|(_, frame)| frame).collect();
    let mut out: Vec<Vec<u8>> = (0..18).map(|index| kinds[index * 5 % kinds.len()].clone()).collect();
    out.push(ethernet(0x0800, &IPV4.wrap(&udp(decoy))));
    out.extend((0..18u8).map(|host| ethernet(0x0800, &Ipv4 { src: [10, 1, 1, host], ..IPV4 }.wrap(&udp(&[host; 5])))));
    out
}

/// A pcap whose times step back once, with a decoy inside.
fn tricky_pcap() -> Vec<u8> {
    let small = ethernet(0x0800, &IPV4.wrap(&udp(b"?")));
    let decoy: Vec<u8> = (0..18)
        .flat_map(|n| pcap_record(&Taken { seconds: 100 + n, micros: 0, original_len: 43, data: &small }))
        .collect();
    let frames = some_frames(&decoy);
    let records: Vec<Taken> = frames
        .iter()
        .enumerate()
        .map(|(n, data)| {
            let seconds = if n == 9 { 990 } else { 1000 + n as u32 };
            Taken { seconds, micros: 999_999, original_len: data.len() as u32 + 4, data }
        })
        .collect();
    pcap(1, &records)
}

/// A pcapng with two sections of different byte order, interfaces that arrive late, and blocks of every kind.
fn tricky_pcapng() -> Vec<u8> {
    let little = Blocks { is_big: false };
    let big = Blocks { is_big: true };
    let decoy: Vec<u8> = (0..17).flat_map(|n| little.enhanced(0, n, b"decoy", &[])).collect();
    let frames = some_frames(&[&[0u8, 0][..], &decoy].concat());
    let mut out = [little.section(), little.interface(1, 0, &little.option(9, &[9]))].concat();
    for (n, data) in frames.iter().enumerate() {
        let ticks = 1_700_000_000_000_000_000 + n as u64;
        out.extend(little.enhanced(0, ticks, data, &[]));
        match n {
            3 => out.extend(little.block(0xbad, &[0, 0, 0, 1, 5])),
            4 => out.extend(little.block(0x0bcd, b"unknown")),
            5 => out.extend(little.block(5, &[&[0; 12][..], &little.option(5, &little.u64(3))].concat())),
            6 => out.extend(little.simple(data)),
            20 => out.extend(little.interface(113, 96, &[])),
            22 => out.extend(little.enhanced(9, ticks, data, &[])),
            24 => out.extend(little.enhanced(0, ticks, data, &little.option(4, &little.u64(2)))),
            _ => {}
        }
    }
    out.extend([big.section(), big.interface(1, 0, &[])].concat());
    for (n, data) in frames.iter().take(20).enumerate() {
        out.extend(big.enhanced(0, 1_600_000_000_000_000 + n as u64, data, &[]));
    }
    out
}

fn head_of_pcapng() -> Context {
    Context::Pcapng(SectionContext { order: ByteOrder::Little, interfaces: vec![Interface::new(1, 0, 9, 0)] })
}

fn every_cut_gives_the_same_answer(bytes: &[u8], supposed: &Context, step: usize) -> Joins {
    let whole = read_whole(bytes).unwrap();
    let mut joins = Joins::default();
    for cut in (1..bytes.len() as u64).step_by(step) {
        assert_eq!(read_split(bytes, &[cut], supposed, &mut joins).unwrap(), whole, "cut at {cut}");
    }
    for size in [37, 500, 1111] {
        let cuts: Vec<u64> = (size..bytes.len() as u64).step_by(size as usize).collect();
        assert_eq!(read_split(bytes, &cuts, supposed, &mut joins).unwrap(), whole, "segments of {size}");
    }
    joins
}

#[test]
fn a_pcap_cut_at_any_byte_gives_the_answer_of_the_whole() {
    let bytes = tricky_pcap();
    let joins = every_cut_gives_the_same_answer(&bytes, &ethernet_pcap(), 1);
    assert!(joins.accepted > 1000, "{joins:?}");
    assert!(joins.refused > 100, "the decoy must have been taken for records: {joins:?}");
    let whole = read_whole(&bytes).unwrap();
    assert_eq!((whole.records, whole.exit_offset), (37, bytes.len() as u64));
    assert_eq!(whole.tally[&(Diagnostic::TimeBackwards, 0)].record, 9);
    assert!(whole.rows.iter().filter(|rows| !rows.is_empty()).count() > 1);
}

#[test]
fn a_pcapng_cut_at_any_byte_gives_the_answer_of_the_whole() {
    let bytes = tricky_pcapng();
    let joins = every_cut_gives_the_same_answer(&bytes, &head_of_pcapng(), 1);
    assert!(joins.accepted > 1000 && joins.refused > 100, "{joins:?}");
    let whole = read_whole(&bytes).unwrap();
    // 37 + 20 frames, one of an unknown interface, one with a drop count, one simple, one custom.
    assert_eq!((whole.records, whole.is_stopped), (61, false));
    let count =
        |diagnostic| whole.tally.iter().filter(|(key, _)| key.0 == diagnostic).map(|(_, e)| e.count).sum::<u64>();
    assert_eq!(count(Diagnostic::SkippedBlock), 1);
    assert_eq!(count(Diagnostic::NotAPacket), 1);
    assert_eq!(count(Diagnostic::UnknownInterface), 1);
    assert_eq!(count(Diagnostic::NoTimestamp), 1);
    assert_eq!(count(Diagnostic::ReportedDrops), 2);
    assert_eq!(count(Diagnostic::TimeBackwards), 1);
}

#[test]
fn a_capture_cut_off_at_the_end_gives_the_same_answer_for_any_cut() {
    let bytes = tricky_pcap();
    let bytes = &bytes[..bytes.len() - 7];
    every_cut_gives_the_same_answer(bytes, &ethernet_pcap(), 3);
    let whole = read_whole(bytes).unwrap();
    let entry = whole.tally[&(Diagnostic::TruncatedRecord, 0)];
    assert_eq!((whole.records, entry.record, entry.detail), (36, 36, 7));
    assert_eq!(whole.exit_offset, bytes.len() as u64);
    every_cut_gives_the_same_answer(&tricky_pcapng()[..7001], &head_of_pcapng(), 5);
}

#[test]
fn nothing_after_a_corrupt_record_is_read_for_any_cut() {
    let mut bytes = tricky_pcap();
    let at = 24 + bytes[24..].windows(4).position(|four| four == 1005u32.to_le_bytes()).unwrap();
    bytes[at + 8..at + 12].copy_from_slice(&0x7fff_ffffu32.to_le_bytes());
    every_cut_gives_the_same_answer(&bytes, &ethernet_pcap(), 2);
    let whole = read_whole(&bytes).unwrap();
    assert_eq!((whole.records, whole.exit_offset, whole.is_stopped), (5, at as u64, true));
}

#[test]
fn a_stream_in_blocks_of_any_size_gives_the_answer_of_the_whole() {
    let padded = [tricky_pcap(), vec![0; 5]].concat();
    for bytes in [tricky_pcap(), tricky_pcapng(), padded] {
        let whole = read_whole(&bytes).unwrap();
        for block in (1..40).chain([64, 333, 1000, 4096]) {
            assert_eq!(read_stream(&bytes, block).unwrap(), whole, "blocks of {block}");
        }
    }
}

#[test]
fn a_search_through_bytes_that_are_no_records_gives_up() {
    let noise: Vec<u8> = (0..6_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8 | 0x80).collect();
    let decoder =
        support::host::read_segment(&noise, 0, u64::MAX, packet::Start::Search, Some(ethernet_pcap()), 65_536).unwrap();
    assert_eq!(decoder.summary().entry_offset, None);
    assert!(decoder.leftover().len() < 3_000_000, "it must not read on to the end");
}
