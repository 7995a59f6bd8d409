//! Frames with a canary in every place that can carry one: none survives, and what must stay stays.

use crate::checksum::{fold, sum};
use crate::{Key, Kind, Redactor};
use alloc::vec;
use alloc::vec::Vec;

const SRC: [u8; 4] = [203, 0, 113, 77];
const DST: [u8; 4] = [198, 51, 100, 88];
const MAC: [u8; 6] = [0x00, 0x16, 0x3e, 0xca, 0xfe, 0x01];

fn key(kind: Kind, name: &[u8]) -> Key {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(name).for_each(|(to, from)| *to = *from);
    Key { kind, bytes }
}

fn redactor() -> Redactor {
    let mut redactor = Redactor::default();
    let mut becomes = [0; 16];
    for (kind, name, last) in [(Kind::V4, &SRC[..], 1), (Kind::V4, &DST[..], 2), (Kind::Mac, &MAC[..], 3)] {
        becomes[..6].copy_from_slice(&[10, 9, 8, last, 7, 6]);
        redactor.names.insert(key(kind, name), becomes);
    }
    redactor
}

fn ipv4(protocol: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0xb8, 0, 0, 0x12, 0x34, 0x40, 0, 57, protocol, 0xde, 0xad];
    packet.extend_from_slice(&SRC);
    packet.extend_from_slice(&DST);
    packet.extend_from_slice(body);
    let len = packet.len() as u16;
    packet[2..4].copy_from_slice(&len.to_be_bytes());
    packet
}

fn ethernet(ip: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    frame.extend_from_slice(&MAC);
    frame.extend_from_slice(&MAC);
    frame.extend_from_slice(&[8, 0]);
    frame.extend_from_slice(ip);
    frame
}

/// A TCP header with MSS, timestamps and a Fast Open cookie, then a secret.
fn tcp() -> Vec<u8> {
    let mut body = vec![0x9c, 0x40, 0x1b, 0x58, 1, 2, 3, 4, 5, 6, 7, 8, 0xb0, 0x18, 1, 0, 0xbe, 0xef, 0, 0];
    body.extend_from_slice(&[
        2, 4, 5, 0x8c, 8, 10, 0, 0, 0, 50, 0, 0, 0, 40, 34, 8, b'c', b'o', b'o', b'k', b'i', b'e', 1, 1,
    ]);
    body.extend_from_slice(b"player-secret");
    body
}

fn holds(bytes: &[u8], name: &[u8]) -> bool {
    bytes.windows(name.len()).any(|window| window == name)
}

fn assert_clean(frame: &[u8]) {
    let mut reversed = SRC;
    reversed.reverse();
    for secret in [&SRC[..], &DST[..], &MAC[..], &reversed[..], b"cookie", b"secret"] {
        assert!(!holds(frame, secret), "{secret:?} in {frame:?}");
    }
}

fn pseudo(packet: &[u8]) -> u32 {
    sum(&packet[12..20]) + u32::from(packet[9]) + (packet.len() as u32 - 20)
}

#[test]
fn a_tcp_packet_keeps_its_headers_and_loses_names_cookie_and_payload() {
    let mut frame = ethernet(&ipv4(6, &tcp()));
    let before = frame.clone();
    let payload = redactor().rewrite(1, &mut frame);
    assert_eq!(payload, Some((14 + 20 + 44, 13)));
    assert_eq!(frame.len(), before.len());
    assert_clean(&frame);
    let packet = &frame[14..];
    assert_eq!(fold(&[sum(&packet[..20])]), 0, "IP checksum");
    assert_eq!(fold(&[sum(&packet[20..]), pseudo(packet)]), 0, "TCP checksum");
    // TOS, identification, DF, TTL; ports to window; MSS and timestamps.
    assert_eq!(packet[..10], before[14..24]);
    assert_eq!(packet[20..36], before[34..50]);
    assert_eq!(packet[40..54], before[54..68]);
    assert_eq!(packet[54..62], [1; 8]);
    // Redacting what is redacted changes nothing but the names, which are mapped again.
    let mut again = frame.clone();
    let mut keeping = Redactor::default();
    keeping.names.is_kept = true;
    keeping.rewrite(1, &mut again);
    assert_eq!(again, frame);
}

#[test]
fn timestamps_lose_the_same_offset_in_both_directions_and_differences_stay() {
    let rewrite = |tsval: u8, tsecr: u8, swap: bool| {
        let mut packet = ipv4(6, &tcp());
        packet[49] = tsval;
        packet[53] = tsecr;
        if swap {
            let (head, tail) = packet.split_at_mut(16);
            head[12..16].swap_with_slice(&mut tail[..4]);
            packet.swap(20, 22);
            packet.swap(21, 23);
        }
        let mut redactor = redactor();
        redactor.timestamp_key = Some(7);
        redactor.rewrite(101, &mut packet);
        let at = |at: usize| u32::from_be_bytes([packet[at], packet[at + 1], packet[at + 2], packet[at + 3]]);
        (at(46), at(50))
    };
    let (first, _) = rewrite(50, 40, false);
    let (later, _) = rewrite(90, 40, false);
    let (_, echoed) = rewrite(10, 50, true);
    assert_ne!(first, 50);
    assert_eq!(later.wrapping_sub(first), 40);
    assert_eq!(echoed, first);
}

#[test]
fn quoted_packets_padding_options_and_arp_hold_no_names() {
    let mut error = vec![3, 4, 0, 0, 0, 0, 5, 0xa8];
    error.extend_from_slice(&ipv4(6, &tcp()));
    let mut frame = ethernet(&ipv4(1, &error));
    frame.extend_from_slice(b"secret padding");
    redactor().rewrite(1, &mut frame);
    assert_clean(&frame);
    assert_eq!(fold(&[sum(&frame[34..34 + error.len()])]), 0, "ICMP checksum");
    assert_eq!(frame[42], 0x45, "the quoted header is still one");
    assert_eq!(frame[40..42], [5, 0xa8], "the MTU that the error states");

    let mut with_options = ipv4(17, &[0, 53, 0, 53, 0, 14, 9, 9, b's', b'e', b'c', b'r', b'e', b't']);
    with_options.splice(20..20, [7, 7, 4].into_iter().chain(SRC).chain([0]));
    with_options[0] = 0x47;
    let len = with_options.len() as u16;
    with_options[2..4].copy_from_slice(&len.to_be_bytes());
    redactor().rewrite(101, &mut with_options);
    assert_clean(&with_options);

    let mut arp = ethernet(&[0, 1, 8, 0, 6, 4, 0, 1]);
    arp[12..14].copy_from_slice(&[8, 6]);
    arp.extend(MAC.into_iter().chain(SRC).chain([0; 6]).chain(DST).chain(*b"secret"));
    redactor().rewrite(1, &mut arp);
    assert_clean(&arp);
    assert_eq!(arp[28..32], [10, 9, 8, 1]);
}

#[test]
fn a_name_that_nobody_mapped_becomes_zeros_and_is_told() {
    let mut redactor = Redactor::default();
    let mut packet = ipv4(17, &[0, 1, 0, 2, 0, 8, 1, 1]);
    redactor.rewrite(101, &mut packet);
    assert_eq!(packet[12..20], [0; 8]);
    assert_eq!(redactor.names.take_missing(), [key(Kind::V4, &DST), key(Kind::V4, &SRC)]);
    assert!(redactor.names.take_missing().is_empty());
}

#[test]
fn any_cut_of_any_frame_ends_and_holds_no_name() {
    let frames = [
        ethernet(&ipv4(6, &tcp())),
        ethernet(&ipv4(47, &[0x80, 0, 8, 0, 0, 0, 0, 0])),
        ethernet(&ipv4(4, &ipv4(6, &tcp()))),
    ];
    for frame in frames {
        for len in 0..frame.len() {
            for link_type in [1, 999] {
                let mut cut = frame[..len].to_vec();
                Redactor::default().rewrite(link_type, &mut cut);
                assert_eq!(cut.len(), len);
                assert_clean(&cut);
            }
        }
    }
}
