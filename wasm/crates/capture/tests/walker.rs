//! Records and blocks from hand-made bytes: what other readers accept is accepted, what cannot be is corrupt.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use capture::{read_head, Context, Head, Record, RecordTime, Step, Walker};
use columns::CaptureErrorCode;

fn pcap_header(magic: u32, (major, minor): (u16, u16), link_type: u32, is_big: bool) -> Vec<u8> {
    let version =
        if is_big { u32::from(major) << 16 | u32::from(minor) } else { u32::from(minor) << 16 | u32::from(major) };
    words(&[magic, version, 0, 0, 65535, link_type], is_big)
}

fn words(values: &[u32], is_big: bool) -> Vec<u8> {
    values.iter().flat_map(|value| if is_big { value.to_be_bytes() } else { value.to_le_bytes() }).collect()
}

fn record(step: Step<'_>) -> Record<'_> {
    match step {
        Step::Record(record) => record,
        other => panic!("no record but {other:?}"),
    }
}

fn walker(head: &[u8]) -> Walker {
    match read_head(head, true).unwrap() {
        Head::Ready { context, len } => Walker::new(context, len as u64),
        Head::NeedMore(needed) => panic!("needs {needed}"),
    }
}

#[test]
fn every_pcap_magic_is_read_in_its_byte_order_and_unit() {
    for is_big in [false, true] {
        for (magic, unit, extra) in [(0xa1b2_c3d4u32, 1000, 0), (0xa1b2_3c4d, 1, 0), (0xa1b2_cd34, 1000, 8)] {
            let mut walker = walker(&pcap_header(magic, (2, 4), 1, is_big));
            let bytes = [words(&[7, 5, 3, 60], is_big), vec![9; extra], b"abc".to_vec()].concat();
            let read = record(walker.step(&bytes));
            assert_eq!((read.time, read.data), (RecordTime::At(7_000_000_000 + 5 * unit), &b"abc"[..]));
            assert_eq!((read.original_len, read.offset, read.link_type), (60, 24, Some(1)));
            assert_eq!(walker.offset(), 24 + bytes.len() as u64);
        }
    }
}

#[test]
fn the_fcs_bits_of_the_link_type_are_no_link_type() {
    let Context::Pcap(context) = walker(&pcap_header(0xa1b2_c3d4, (2, 4), 0x5400_0001, false)).context().clone() else {
        panic!("not pcap")
    };
    assert_eq!(context.link_type, 1);
}

#[test]
fn old_versions_store_the_lengths_the_other_way_round() {
    for (version, lengths) in [((2, 2), [60, 3]), ((2, 3), [60, 3]), ((2, 3), [3, 60]), ((543, 0), [60, 3])] {
        let mut walker = walker(&pcap_header(0xa1b2_c3d4, version, 1, false));
        let bytes = [words(&[7, 5, lengths[0], lengths[1]], false), b"abc".to_vec()].concat();
        let read = record(walker.step(&bytes));
        assert_eq!((read.data.len(), read.original_len), (3, 60));
    }
}

#[test]
fn a_sub_second_field_over_a_second_is_added_and_doubted() {
    let mut walker = walker(&pcap_header(0xa1b2_c3d4, (2, 4), 1, false));
    let bytes = words(&[1000, 1_500_000, 0, 0], false);
    let read = record(walker.step(&bytes));
    assert_eq!(read.time, RecordTime::Doubtful(1_001_500_000_000));
    let bytes = words(&[u32::MAX, u32::MAX, 0, 0], false);
    let read = record(walker.step(&bytes));
    assert_eq!(read.time, RecordTime::Doubtful(4_294_967_295_000_000_000 + 4_294_967_295_000));
}

#[test]
fn a_captured_length_over_the_limit_is_corrupt_unless_the_link_type_has_such_frames() {
    let header = words(&[1, 1, 262_145, 262_145], false);
    assert_eq!(walker(&pcap_header(0xa1b2_c3d4, (2, 4), 1, false)).step(&header), Step::Corrupt);
    let needed = 16 + 262_145;
    assert_eq!(walker(&pcap_header(0xa1b2_c3d4, (2, 4), 231, false)).step(&header), Step::NeedMore(needed));
    assert_eq!(walker(&pcap_header(0xa1b2_c3d4, (2, 4), 1, false)).step(&header[..15]), Step::NeedMore(16));
}

fn error(bytes: &[u8]) -> (CaptureErrorCode, u64, u64) {
    let error = read_head(bytes, true).unwrap_err();
    (error.code, error.a, error.b)
}

fn section(version: [u8; 4], trailer: u8) -> Vec<u8> {
    let mut out = vec![0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a];
    out.extend(version);
    out.extend([0xff; 8]);
    out.extend([trailer, 0, 0, 0]);
    out
}

#[test]
fn a_head_that_is_no_capture_gives_a_typed_error() {
    assert_eq!(error(&[]), (CaptureErrorCode::EmptyFile, 0, 0));
    assert_eq!(error(b"PK"), (CaptureErrorCode::UnknownFormat, 0x4b50, 0));
    let zip = u64::from_le_bytes(*b"PK\x03\x04\x14\0\0\0");
    assert_eq!(error(b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0rest"), (CaptureErrorCode::UnknownFormat, zip, 8));
    let header = pcap_header(0xa1b2_c3d4, (2, 4), 1, false);
    assert_eq!(error(&header[..23]), (CaptureErrorCode::HeaderTruncated, 23, 24));
    assert_eq!(error(&pcap_header(0xa1b2_c3d4, (3, 1), 1, false)), (CaptureErrorCode::UnsupportedVersion, 3, 1));
    assert_eq!(error(&section([2, 0, 0, 0], 28)), (CaptureErrorCode::UnsupportedVersion, 2, 0));
    assert_eq!(error(&section([1, 0, 1, 0], 28)), (CaptureErrorCode::UnsupportedVersion, 1, 1));
    assert_eq!(error(&section([1, 0, 0, 0], 32)), (CaptureErrorCode::BadSectionHeader, 28, 32));
    assert_eq!(error(&section([1, 0, 0, 0], 28)[..27]), (CaptureErrorCode::HeaderTruncated, 27, 28));
    assert!(read_head(&section([1, 0, 2, 0], 28), true).is_ok());
}

#[test]
fn what_an_unknown_file_starts_with_does_not_depend_on_how_it_arrives() {
    let bytes = b"version https://example.org/spec/v1";
    assert_eq!(read_head(&bytes[..9], false), Ok(Head::NeedMore(16)));
    assert_eq!(read_head(&bytes[..16], false), read_head(bytes, true));
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let len = 12 + body.len() as u32;
    [&kind.to_le_bytes()[..], &len.to_le_bytes(), body, &len.to_le_bytes()].concat()
}

/// A walker behind a section header and one Ethernet interface.
fn after_interface(options: &[u8], snaplen: u32) -> Walker {
    let mut walker = walker(&section([1, 0, 0, 0], 28));
    assert!(matches!(walker.step(&section([1, 0, 0, 0], 28)), Step::Block { is_unknown: false, .. }));
    let body = [&[1, 0, 0, 0][..], &snaplen.to_le_bytes(), options].concat();
    assert!(matches!(walker.step(&block(1, &body)), Step::Block { is_unknown: false, .. }));
    walker
}

#[test]
fn an_enhanced_packet_block_gives_its_record_and_drop_count() {
    let mut walker = after_interface(&[9, 0, 1, 0, 9, 0, 0, 0, 14, 0, 8, 0, 100, 0, 0, 0, 0, 0, 0, 0], 0);
    let body = [
        words(&[0, 0, 5, 3, 60], false),
        b"abc\0".to_vec(),
        vec![2, 0, 4, 0, 1, 0, 0, 0, 4, 0, 8, 0, 6, 0, 0, 0, 0, 0, 0, 0],
    ];
    let bytes = block(6, &body.concat());
    let read = record(walker.step(&bytes));
    assert_eq!((read.time, read.data, read.original_len), (RecordTime::At(100_000_000_005), &b"abc"[..], 60));
    assert_eq!((read.reported_drops, read.link_type), (6, Some(1)));
}

#[test]
fn a_simple_packet_block_is_cut_by_the_snaplen_and_has_no_time() {
    let mut walker = after_interface(&[], 2);
    let bytes = block(3, &[words(&[60], false), b"ab\0\0".to_vec()].concat());
    let read = record(walker.step(&bytes));
    assert_eq!((read.time, read.data, read.original_len), (RecordTime::Absent, &b"ab"[..], 60));
}

#[test]
fn an_obsolete_packet_block_is_a_record() {
    let mut walker = after_interface(&[], 0);
    let body = [&[0, 0, 3, 0][..], &words(&[0, 5, 4, 60], false), b"abcd"].concat();
    let bytes = block(2, &body);
    let read = record(walker.step(&bytes));
    assert_eq!((read.time, read.reported_drops, read.data), (RecordTime::At(5000), 3, &b"abcd"[..]));
}

#[test]
fn a_packet_of_an_interface_never_described_has_no_link_type() {
    let bytes = block(6, &words(&[1, 0, 5, 0, 0], false));
    let read = record(after_interface(&[], 0).step(&bytes));
    assert_eq!((read.interface, read.link_type), (1, None));
}

#[test]
fn blocks_are_known_numbered_or_skipped_by_their_length() {
    let mut walker = after_interface(&[], 0);
    assert!(matches!(walker.step(&block(4, &[0; 4])), Step::Block { is_unknown: false, .. }));
    assert!(matches!(walker.step(&block(77, &[0; 4])), Step::Block { is_unknown: true, block_type: 77, .. }));
    for kind in [9, 0xbad, 0x4000_0bad, 0x204] {
        assert_eq!(walker.step(&block(kind, &[0; 8])), Step::NotAPacket { block_type: kind });
    }
    let statistics = [&[0; 12][..], &[5, 0, 8, 0, 3, 0, 0, 0, 0, 0, 0, 0, 7, 0, 8, 0, 4, 0, 0, 0, 0, 0, 0, 0]].concat();
    assert!(matches!(walker.step(&block(5, &statistics)), Step::Block { reported_drops: 7, .. }));
}

#[test]
fn a_block_that_cannot_be_is_corrupt() {
    let corrupt = |bytes: &[u8]| {
        let mut walker = after_interface(&[], 0);
        let before = walker.offset();
        assert_eq!(walker.step(bytes), Step::Corrupt);
        assert_eq!(walker.offset(), before);
    };
    corrupt(&[0; 12]);
    corrupt(&words(&[77, 11, 0], false));
    corrupt(&words(&[77, (16 << 20) + 4, 0], false));
    corrupt(&words(&[77, 16, 0, 20], false));
    corrupt(&block(6, &words(&[0, 0, 5, 100, 100], false)));
    corrupt(&block(6, &[0; 16]));
    corrupt(&block(3, &words(&[60], false)));
    corrupt(&block(0x0a0d_0d0a, &[0; 16]));
    let mut walker = after_interface(&[], 0);
    assert_eq!(walker.step(&words(&[77, 400, 0], false)), Step::NeedMore(400));
    assert!(matches!(walker.step(&[words(&[77, 13, 0], false), words(&[13], false)].concat()), Step::Block { .. }));
}
