//! One layer at a time, from hand-made bytes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use columns::Diagnostic;
use packet::{decode, tcp_flag, Icmp, Outcome, Packet};
use support::frames::{ethernet, ipv6, tcp, udp, vlan, Ipv4, IPV4, TCP, TIMESTAMPS, UDP};

const ROW: Outcome = Outcome::Row { notice: None };
const CUT: Outcome = Outcome::Row { notice: Some(Diagnostic::TransportHeaderCut) };

fn read(link_type: u32, frame: &[u8]) -> (Outcome, Packet) {
    let mut packet = Packet::default();
    let outcome = decode(link_type, frame, frame.len() as u32, &mut packet);
    (outcome, packet)
}

/// The packet of an Ethernet frame that must give a plain row.
fn row(frame: &[u8]) -> Packet {
    let (outcome, packet) = read(1, frame);
    assert_eq!(outcome, ROW);
    packet
}

fn refused(diagnostic: Diagnostic, detail: u64) -> Outcome {
    Outcome::Diagnosed { diagnostic, detail }
}

fn v4(address: [u8; 4]) -> [u8; 16] {
    std::net::Ipv4Addr::from(address).to_ipv6_mapped().octets()
}

#[test]
fn an_ipv4_datagram_in_ethernet_fills_the_row() {
    let frame = ethernet(0x0800, &IPV4.wrap(&udp(b"ping!")));
    let packet = row(&frame);
    assert_eq!((packet.src, packet.dst), (v4([10, 0, 0, 1]), v4([203, 0, 113, 9])));
    assert_eq!((packet.ip_version, packet.protocol, packet.ttl), (4, 17, 57));
    assert_eq!((packet.dscp, packet.ecn), (46, 1));
    assert_eq!((packet.ip_id, packet.dont_fragment), (Some(0x1234), Some(true)));
    assert_eq!((packet.more_fragments, packet.is_fragment, packet.fragment_offset_bytes), (false, false, 0));
    assert_eq!((packet.ports, packet.vlan_id, packet.layer_path), (Some((50000, 27015)), None, 0));
    assert_eq!((packet.ip_len_bytes, packet.payload_len_bytes), (33, 5));
    assert_eq!((packet.captured_len_bytes, packet.original_len_bytes), (47, 47));
    assert_eq!((packet.tcp, packet.icmp, packet.is_payload_cut), (None, None, false));
}

#[test]
fn ethernet_padding_is_no_payload() {
    let mut frame = ethernet(0x0800, &Ipv4 { protocol: TCP, ..IPV4 }.wrap(&tcp(0x10, &[], &[])));
    frame.resize(60, 0xff);
    let packet = row(&frame);
    assert_eq!((packet.ip_len_bytes, packet.payload_len_bytes, packet.payload_hash), (40, 0, 0));
}

#[test]
fn a_total_length_of_zero_is_segmentation_offload() {
    let mut frame = ethernet(0x0800, &Ipv4 { protocol: TCP, ..IPV4 }.wrap(&tcp(0x10, &[], &[7; 3000])));
    frame[16..18].copy_from_slice(&[0, 0]);
    let packet = row(&frame);
    assert_eq!((packet.ip_len_bytes, packet.payload_len_bytes), (3040, 3000));
    let mut frame = ethernet(0x86dd, &ipv6(TCP, &tcp(0x10, &[], &[7; 3000])));
    frame[18..20].copy_from_slice(&[0, 0]);
    let packet = row(&frame);
    assert_eq!((packet.ip_len_bytes, packet.payload_len_bytes), (3060, 3000));
}

#[test]
fn an_ipv6_jumbogram_has_the_length_of_its_option() {
    let mut inside = vec![UDP, 0, 0xc2, 4, 0, 1, 0, 16];
    inside.extend(udp(&[1; 65536]));
    inside[12..14].copy_from_slice(&[0, 0]);
    let mut frame = ethernet(0x86dd, &ipv6(0, &inside));
    frame[18..20].copy_from_slice(&[0, 0]);
    let packet = row(&frame);
    assert_eq!((packet.ip_len_bytes, packet.payload_len_bytes), (40 + 65552, 65536));
}

#[test]
fn a_header_that_contradicts_itself_gives_no_row() {
    let good = ethernet(0x0800, &IPV4.wrap(&udp(b"x")));
    let with = |at: usize, value: u8| {
        let mut frame = good.clone();
        frame[at] = value;
        read(1, &frame).0
    };
    assert_eq!(with(14, 0x44), refused(Diagnostic::BadIpHeader, 4));
    assert_eq!(with(14, 0x55), refused(Diagnostic::BadIpHeader, 5));
    assert_eq!(with(17, 19), refused(Diagnostic::BadIpHeader, 4));
    assert_eq!(read(1, &good[..33]).0, refused(Diagnostic::HeaderCut, 0));
    assert_eq!(read(1, &good[..13]).0, refused(Diagnostic::HeaderCut, 0));
}

#[test]
fn ipv4_options_are_stepped_over_and_cut_ones_hide_the_transport() {
    let frame = ethernet(0x0800, &Ipv4 { options: &[7, 7, 4, 0, 0, 0, 0, 0], ..IPV4 }.wrap(&udp(b"x")));
    assert_eq!(row(&frame).ports, Some((50000, 27015)));
    let mut packet = Packet::default();
    assert_eq!(decode(1, &frame[..38], frame.len() as u32, &mut packet), CUT);
    assert_eq!((packet.ports, packet.ip_len_bytes), (None, 37));
}

#[test]
fn only_the_first_fragment_has_ports() {
    let first = ethernet(0x0800, &Ipv4 { fragment: 0x2000, ..IPV4 }.wrap(&udp(&[0; 8])));
    let packet = row(&first);
    assert_eq!((packet.ports, packet.is_fragment, packet.more_fragments), (Some((50000, 27015)), true, true));
    let last = ethernet(0x0800, &Ipv4 { fragment: 2, ..IPV4 }.wrap(&[9; 5]));
    let packet = row(&last);
    assert_eq!((packet.ports, packet.is_fragment, packet.fragment_offset_bytes), (None, true, 16));
    assert_eq!(packet.payload_len_bytes, 5);
}

#[test]
fn the_innermost_vlan_tag_counts() {
    let inside = vlan(0x2003, 0x8100, &vlan(0xe004, 0x0800, &IPV4.wrap(&udp(b"x"))));
    for outer in [0x88a8, 0x9100, 0x8100] {
        assert_eq!(row(&ethernet(outer, &inside)).vlan_id, Some(4));
    }
}

#[test]
fn a_tcp_segment_gives_its_numbers_and_options() {
    let options = [&[2, 4, 5, 180, 4, 2][..], &[8, 10, 0, 0, 0, 5, 0, 0, 0, 6, 1, 3, 3, 7]].concat();
    let flags = tcp_flag::SYN | tcp_flag::ECE | tcp_flag::AE;
    let packet = row(&ethernet(0x0800, &Ipv4 { protocol: TCP, ..IPV4 }.wrap(&tcp(flags, &options, b"abc"))));
    let facts = packet.tcp.unwrap();
    assert_eq!((facts.seq, facts.ack, facts.flags, facts.window), (0x0102_0304, 0x0506_0708, flags, 500));
    assert_eq!((facts.mss, facts.window_scale, facts.sack_permitted), (Some(1460), Some(7), true));
    assert_eq!((facts.timestamps, facts.sack_count), (Some((5, 6)), 0));
    assert_eq!((packet.ports, packet.payload_len_bytes), (Some((443, 51000)), 3));

    let sack = [1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4];
    let packet = row(&ethernet(0x86dd, &ipv6(TCP, &tcp(0x10, &sack, &[]))));
    let facts = packet.tcp.unwrap();
    assert_eq!((facts.sack_count, facts.sack[..2].to_vec()), (2, vec![(1, 2), (3, 4)]));
}

#[test]
fn a_cut_tcp_header_leaves_ports_and_cut_options_leave_what_was_read() {
    let frame = ethernet(0x0800, &Ipv4 { protocol: TCP, ..IPV4 }.wrap(&tcp(0x18, &TIMESTAMPS, b"hello")));
    let cut = |len: usize| {
        let mut packet = Packet::default();
        (decode(1, &frame[..len], frame.len() as u32, &mut packet), packet)
    };
    let (outcome, packet) = cut(34 + 3);
    assert_eq!((outcome, packet.ports), (CUT, None));
    let (outcome, packet) = cut(34 + 19);
    assert_eq!((outcome, packet.ports, packet.tcp), (CUT, Some((443, 51000)), None));
    assert_eq!((packet.payload_len_bytes, packet.is_payload_cut), (5, true));
    let (outcome, packet) = cut(34 + 25);
    assert_eq!((outcome, packet.tcp.unwrap().timestamps), (ROW, None));
    let (outcome, packet) = cut(34 + 32);
    assert_eq!((outcome, packet.tcp.unwrap().timestamps), (ROW, Some((7, 9))));
    assert_eq!((packet.payload_len_bytes, packet.is_payload_cut, packet.payload_hash), (5, true, 0));
}

#[test]
fn a_tcp_header_that_contradicts_the_ip_length_is_noticed() {
    let mut segment = tcp(0x18, &[], b"hello");
    for offset in [4u8, 15] {
        segment[12] = offset << 4;
        let (outcome, packet) = read(1, &ethernet(0x0800, &Ipv4 { protocol: TCP, ..IPV4 }.wrap(&segment)));
        assert_eq!((outcome, packet.payload_len_bytes), (CUT, 0));
        assert_eq!(packet.tcp.unwrap().seq, 0x0102_0304);
    }
}

#[test]
fn ipv6_extension_headers_lead_to_the_transport() {
    let fragment = [UDP, 0, 0, 1, 0, 0, 0, 9];
    let inside = [
        &[43, 0, 1, 4, 0, 0, 0, 0],
        &[60, 0, 0, 0, 0, 0, 0, 0],
        &[44, 0, 1, 4, 0, 0, 0, 0],
        &fragment[..],
        &udp(b"abc"),
    ];
    let packet = row(&ethernet(0x86dd, &ipv6(0, &inside.concat())));
    assert_eq!((packet.protocol, packet.ports, packet.ip_id), (UDP, Some((50000, 27015)), Some(9)));
    assert_eq!((packet.is_fragment, packet.more_fragments, packet.dont_fragment), (true, true, None));
    assert_eq!((packet.dscp, packet.ecn, packet.ttl), (46, 1, 60));
    assert_eq!((packet.ip_len_bytes, packet.payload_len_bytes), (40 + 32 + 11, 3));

    let atomic = row(&ethernet(0x86dd, &ipv6(44, &[&[UDP, 0, 0, 0, 0, 0, 0, 9][..], &udp(b"abc")].concat())));
    assert_eq!((atomic.is_fragment, atomic.ip_id), (false, Some(9)));
    let later = row(&ethernet(0x86dd, &ipv6(44, &[&[UDP, 0, 0, 0x10, 0, 0, 0, 9][..], b"rest"].concat())));
    assert_eq!((later.protocol, later.ports, later.fragment_offset_bytes), (UDP, None, 16));
    let authenticated =
        row(&ethernet(0x86dd, &ipv6(51, &[&[UDP, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1][..], &udp(b"abc")].concat())));
    assert_eq!((authenticated.protocol, authenticated.payload_len_bytes), (UDP, 3));
    let mobility = row(&ethernet(0x86dd, &ipv6(135, &[59, 0, 5, 0, 0, 0, 0, 0])));
    assert_eq!((mobility.protocol, mobility.ports), (135, None));
}

#[test]
fn icmp_and_other_transports_give_what_they_have() {
    let message = [3, 4, 0, 0, 0, 0, 5, 120, 1, 2, 3];
    let packet = row(&ethernet(0x0800, &Ipv4 { protocol: 1, ..IPV4 }.wrap(&message)));
    assert_eq!(packet.icmp, Some(Icmp { kind: 3, code: 4, rest: 1400 }));
    assert_eq!((packet.ports, packet.payload_len_bytes), (None, 3));
    let packet = row(&ethernet(0x86dd, &ipv6(58, &[2, 0, 0, 0, 0, 0, 5, 0])));
    assert_eq!(packet.icmp, Some(Icmp { kind: 2, code: 0, rest: 1280 }));
    for (protocol, header_len) in [(132u8, 12), (136, 8), (33, 16)] {
        let mut inside = udp(&[0; 20]);
        inside[4] = 4;
        let packet = row(&ethernet(0x0800, &Ipv4 { protocol, ..IPV4 }.wrap(&inside)));
        assert_eq!((packet.ports, packet.payload_len_bytes), (Some((50000, 27015)), 28 - header_len));
    }
}

#[test]
fn tunnels_give_the_row_of_the_innermost_packet() {
    let inner = Ipv4 { src: [192, 168, 0, 1], ..IPV4 }.wrap(&udp(b"abc"));
    let through = |protocol: u8, head: &[u8], inside: &[u8]| {
        row(&ethernet(0x0800, &Ipv4 { protocol, ..IPV4 }.wrap(&[head, inside].concat())))
    };
    let path = |packet: Packet| (packet.src == v4([192, 168, 0, 1]), packet.layer_path);
    assert_eq!(path(through(4, &[], &inner)), (true, 1));
    assert_eq!(path(through(47, &[0, 0, 8, 0], &inner)), (true, 2));
    assert_eq!(path(through(47, &[0xb0, 0, 8, 0, 1, 1, 0, 0, 2, 2, 2, 2, 3, 3, 3, 3], &inner)), (true, 2));
    let pptp = [0x30, 0x81, 0x88, 0x0b, 0, 30, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 3, 0, 0x21];
    assert_eq!(path(through(47, &pptp, &inner)), (true, 2));
    let bridged = through(47, &[0, 0, 0x65, 0x58], &ethernet(0x8100, &vlan(9, 0x0800, &inner)));
    assert_eq!((path(bridged), bridged.vlan_id), ((true, 2), Some(9)));
    let twice = through(47, &[0, 0, 0x86, 0xdd], &ipv6(4, &inner));
    assert_eq!(path(twice), (true, 0x21));
    assert_eq!(through(41, &[], &ipv6(UDP, &udp(b"abc"))).ip_version, 6);
}

#[test]
fn a_tunnel_without_ip_inside_is_the_packet_itself() {
    let keepalive = row(&ethernet(0x0800, &Ipv4 { protocol: 47, ..IPV4 }.wrap(&[0, 0, 0, 0])));
    assert_eq!((keepalive.protocol, keepalive.layer_path, keepalive.payload_len_bytes), (47, 0, 4));
    let (outcome, outer) = read(1, &ethernet(0x0800, &Ipv4 { protocol: 4, ..IPV4 }.wrap(&[0x45, 0])));
    assert_eq!((outcome, outer.protocol, outer.src, outer.layer_path), (CUT, 4, v4([10, 0, 0, 1]), 0));
}

#[test]
fn tunnels_nested_too_deep_are_noticed() {
    let mut inside = udp(b"x");
    inside = IPV4.wrap(&inside);
    for _ in 0..12 {
        inside = Ipv4 { protocol: 4, ..IPV4 }.wrap(&inside);
    }
    let (outcome, packet) = read(1, &ethernet(0x0800, &inside));
    assert_eq!(outcome, Outcome::Row { notice: Some(Diagnostic::TooDeep) });
    assert_eq!((packet.protocol, packet.layer_path), (4, 0x1111_1111));
}

#[test]
fn every_link_type_leads_to_the_same_packet() {
    let inner = IPV4.wrap(&udp(b"abc"));
    let expected = row(&ethernet(0x0800, &inner));
    let heads: [(u32, &[u8]); 17] = [
        (0, &[2, 0, 0, 0]),
        (0, &[0, 0, 0, 2]),
        (108, &[0, 0, 0, 2]),
        (9, &[0xff, 3, 0, 0x21]),
        (9, &[0x21]),
        (50, &[0x0f, 0, 0, 0x21]),
        (51, &[0x11, 0, 0, 1, 0, 33, 0, 0x21]),
        (12, &[]),
        (14, &[]),
        (101, &[]),
        (228, &[]),
        (104, &[0x0f, 0, 8, 0]),
        (113, &[0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0]),
        (276, &[8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0]),
        (113, &[0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 0, 4, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0]),
        (1, &[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0, 34, 6, 6, 3]),
        (1, &[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0x64, 0x11, 0, 0, 1, 0, 33, 0, 0x21]),
    ];
    for (link_type, head) in heads {
        let (outcome, packet) = read(link_type, &[head, &inner].concat());
        assert_eq!(outcome, ROW, "{link_type} {head:x?}");
        let lengths = (expected.captured_len_bytes, expected.original_len_bytes);
        let same_lengths = Packet { captured_len_bytes: lengths.0, original_len_bytes: lengths.1, ..packet };
        assert_eq!(same_lengths, expected, "{link_type} {head:x?}");
    }
    for family in [24, 28, 30] {
        let (outcome, packet) = read(0, &[&[family, 0, 0, 0][..], &ipv6(UDP, &udp(b"abc"))].concat());
        assert_eq!((outcome, packet.ip_version), (ROW, 6));
    }
    assert_eq!(read(229, &ipv6(UDP, &udp(b"abc"))).0, ROW);
}

#[test]
fn what_is_not_ip_says_what_it_is() {
    assert_eq!(read(1, &ethernet(0x0806, &[0; 28])).0, refused(Diagnostic::NotIp, 0x0806));
    assert_eq!(read(1, &ethernet(0x8863, &[0; 28])).0, refused(Diagnostic::NotIp, 0x8863));
    assert_eq!(read(1, &ethernet(38, &[0x42, 0x42, 3, 0])).0, refused(Diagnostic::NotIp, 0x42));
    assert_eq!(read(9, &[0xff, 3, 0xc0, 0x21, 1]).0, refused(Diagnostic::NotIp, 0xc021));
    assert_eq!(read(0, &[7, 0, 0, 0, 1]).0, refused(Diagnostic::NotIp, 7));
    assert_eq!(read(105, &[0; 40]).0, refused(Diagnostic::UnknownLinkType, 105));
}

#[test]
fn payload_is_never_more_than_the_frame_could_hold() {
    let mut frame = ethernet(0x0800, &IPV4.wrap(&udp(b"abc")));
    frame[16..18].copy_from_slice(&[0xff, 0xff]);
    frame[38..40].copy_from_slice(&[0xff, 0xff]);
    let packet = row(&frame);
    assert_eq!((packet.ip_len_bytes, packet.payload_len_bytes), (65535, 3));
}
