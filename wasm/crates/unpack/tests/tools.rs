//! Against the tools themselves: what they packed comes out as it went in, in any pieces; damage is always noticed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used)]

use std::io::Write;
use std::process::{Command, Stdio};
use unpack::{Fault, Format, Need, Unpacker};

fn pack(tool: &str, args: &[&str], bytes: &[u8]) -> Option<Vec<u8>> {
    let mut child = Command::new(tool).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    let mut stdin = child.stdin.take().unwrap();
    let owned = bytes.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&owned));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    Some(output.stdout)
}

fn unpack(format: Format, packed: &[u8], piece: usize) -> (Vec<u8>, Result<(), Fault>) {
    let mut unpacker = Unpacker::new(format);
    let mut out = Vec::new();
    for bytes in packed.chunks(piece) {
        unpacker.push(bytes);
        loop {
            let result = unpacker.run();
            out.extend_from_slice(unpacker.output());
            match result {
                Ok(Need::Room) => {}
                Ok(Need::Input) => break,
                Err(fault) => return (out, Err(fault)),
            }
        }
    }
    let end = unpacker.finish();
    (out, end)
}

/// Text, noise and runs: every kind of block and literal.
fn contents() -> Vec<Vec<u8>> {
    let mut state = 1u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let random: Vec<u8> = (0..300_000).map(|_| noise()).collect();
    let skewed: Vec<u8> = (0..500_000).map(|_| noise() & noise() & 0x1f).collect();
    let text: Vec<u8> =
        (0..40_000u32).flat_map(|n| format!("{} packets of {}; ", n * n % 977, n % 13).into_bytes()).collect();
    let mut far = random.clone();
    far.extend_from_slice(&text);
    far.extend_from_slice(&random);
    vec![Vec::new(), b"a".to_vec(), vec![0; 3_000_000], random, skewed, text, far]
}

const ZSTD: [&[&str]; 5] =
    [&["-c", "-1"], &["-c", "-19"], &["-c", "-3", "--long=27"], &["-c", "--fast=5"], &["-c", "-9", "--no-check"]];
const LZ4: [&[&str]; 4] = [&["-c", "-1"], &["-c", "-9", "-BD"], &["-c", "-B4", "-BX"], &["-c", "--content-size"]];

#[test]
fn what_the_tools_packed_comes_out_as_it_went_in() {
    for content in contents() {
        for (tool, format, variants) in [("zstd", Format::Zstd, &ZSTD[..]), ("lz4", Format::Lz4, &LZ4[..])] {
            for args in variants {
                let Some(packed) = pack(tool, args, &content) else { continue };
                for piece in [usize::MAX, 4099, 100_000] {
                    let (out, end) = unpack(format, &packed, piece);
                    assert_eq!(end, Ok(()), "{tool} {args:?} {} bytes in pieces of {piece}", content.len());
                    assert!(out == content, "{tool} {args:?} {} bytes in pieces of {piece}", content.len());
                }
            }
        }
    }
}

#[test]
fn several_frames_and_skippable_ones_are_one_stream() {
    for (tool, format) in [("zstd", Format::Zstd), ("lz4", Format::Lz4)] {
        let Some(one) = pack(tool, &["-c"], b"first") else { continue };
        let two = pack(tool, &["-c"], b"second").unwrap();
        let skippable = [&[0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
        let stream = [one.clone(), skippable, two].concat();
        for piece in [1, 7, 1000] {
            assert_eq!(unpack(format, &stream, piece), (b"firstsecond".to_vec(), Ok(())));
        }
        let trailing = [one, b"garbage here".to_vec()].concat();
        assert_eq!(unpack(format, &trailing, 1000), (b"first".to_vec(), Err(Fault::Trailing)));
    }
}

#[test]
fn every_cut_is_noticed_and_every_flipped_bit_is_harmless() {
    let content: Vec<u8> = (0..20_000u32).flat_map(|n| (n * n % 4093).to_le_bytes()).collect();
    for (tool, format) in [("zstd", Format::Zstd), ("lz4", Format::Lz4)] {
        let Some(packed) = pack(tool, &["-c"], &content) else { continue };
        for cut in (1..packed.len()).step_by(97) {
            let (out, end) = unpack(format, &packed[..cut], 4096);
            assert_eq!(end, Err(Fault::Truncated), "{tool} cut at {cut}");
            assert!(content.starts_with(&out));
        }
        for at in (0..packed.len()).step_by(53) {
            for bit in [1, 16, 128] {
                let mut wrong = packed.clone();
                wrong[at] ^= bit;
                let (out, end) = unpack(format, &wrong, 1 << 20);
                // A flip in a field that only describes (a stated size that is absent, say) may leave the content whole.
                assert!(end.is_err() || out == content, "{tool}: bit {bit} of byte {at} went unnoticed");
            }
        }
    }
}

#[test]
fn a_window_beyond_the_cap_is_refused_before_anything_is_allocated() {
    // Window descriptor for 2 GiB: exponent 21.
    let stream = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 1, 0, 0];
    assert_eq!(unpack(Format::Zstd, &stream, 100).1, Err(Fault::WindowTooLarge));
}
