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

/// The text of the `layers` column.
fn layers(packet: &Packet) -> String {
    let codes = (0..10).rev().map(|place| (packet.layers >> (6 * place)) as usize & 63).skip_while(|code| *code == 0);
    codes.map(|code| columns::LAYERS[code - 1]).collect::<Vec<_>>().join("/")
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
    let path = |packet: Packet| (packet.src == v4([192, 168, 0, 1]) && packet.layer_path != 0, layers(&packet));
    let is = |text: &str| (true, text.to_string());
    assert_eq!(path(through(4, &[], &inner)), is("eth/ip/ip"));
    assert_eq!(path(through(47, &[0, 0, 8, 0], &inner)), is("eth/ip/gre/ip"));
    let keyed = [0xb0, 0, 8, 0, 1, 1, 0, 0, 2, 2, 2, 2, 3, 3, 3, 3];
    assert_eq!(path(through(47, &keyed, &inner)), is("eth/ip/gre/ip"));
    let pptp = [0x30, 0x81, 0x88, 0x0b, 0, 30, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 3, 0, 0x21];
    assert_eq!(path(through(47, &pptp, &inner)), is("eth/ip/gre/ppp/ip"));
    let bridged = through(47, &[0, 0, 0x65, 0x58], &ethernet(0x8100, &vlan(9, 0x0800, &inner)));
    assert_eq!((path(bridged), bridged.vlan_id), (is("eth/ip/gre/eth/vlan/ip"), Some(9)));
    let twice = through(47, &[0, 0, 0x86, 0xdd], &ipv6(4, &inner));
    assert_eq!(path(twice), is("eth/ip/gre/ipv6/ip"));
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
    assert_eq!((packet.protocol, layers(&packet)), (4, format!("eth{}", "/ip".repeat(9))));
}

/// A data frame to an access point; one with QoS and padding to words.
const WLAN: [u8; 32] =
    [8, 1, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 0x10, 0, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
const WLAN_PADDED: [u8; 36] = [
    0x88, 1, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 0x10, 0, 0, 0, 0, 0, 0xaa, 0xaa, 3, 0, 0, 0,
    8, 0,
];

#[test]
fn every_link_type_leads_to_the_same_packet() {
    let inner = IPV4.wrap(&udp(b"abc"));
    let expected = row(&ethernet(0x0800, &inner));
    let heads: [(u32, &[u8]); 48] = [
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
        (50, &[0x0f, 0, 8, 0]),
        (9, &[0xff, 3, 0, 0x31, 0, 1, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]),
        (166, &[1, 0xff, 3, 0, 0x21]),
        (205, &[0, 0x0f, 0, 8, 0]),
        (107, &[0x18, 0x41, 3, 0xcc]),
        (107, &[0x18, 0x41, 3, 0, 0x80, 0, 0, 0, 8, 0]),
        (107, &[0x18, 0x41, 8, 0]),
        (206, &[0, 0x18, 0x40, 0, 0x41, 3, 0xcf, 0x21]),
        (10, &[0x57, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0]),
        (6, &[0x10, 0x40, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0]),
        (6, &[0x10, 0x40, 1, 1, 1, 1, 1, 1, 0x82, 2, 2, 2, 2, 2, 4, 0x30, 0, 0, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0]),
        (7, &[1, 2, 240]),
        (7, &[1, 2, 212, 0, 0, 1]),
        (7, &[1, 2, 212, 0xff, 0xff, 0xff, 0, 0, 1]),
        (129, &[1, 2, 0, 0, 212, 0, 0, 1]),
        (122, &[0x10, 0, 1, 1, 1, 1, 1, 1, 0x10, 0, 2, 2, 2, 2, 2, 2, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0]),
        (138, &[1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 8, 0]),
        (100, &[0xfe, 0xfe, 3, 0xcc]),
        (109, &[2, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]),
        (239, &[2, 0, 0, 0, 8, 0, 1, 0, 8, 0, 1, 0, 35, 0, 9, 0]),
        (239, &[7, 0, 0, 0, 0, 8, 0, 1, 8, 0, 1, 0, 0, 35, 0, 9]),
        (197, &[1, 2, 3, 4, 5, 6, 7, 8, 22, 4, 0, 49, 0, 0, 0, 33]),
        (197, &[1, 2, 3, 4, 5, 6, 7, 8, 0x81, 4, 0, 61, 0, 0, 0, 37, 3, 0, 0, 0, 0, 0, 0, 0, 0xff, 3, 0, 0x21]),
        (105, &WLAN),
        (127, &[&[0, 0, 8, 0, 0, 0, 0, 0][..], &WLAN].concat()),
        (127, &[&[0, 0, 18, 0, 3, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0x20, 0][..], &WLAN_PADDED].concat()),
        (163, &[&[0x80, 0x21, 0x10, 1, 0, 0, 0, 12, 0, 0, 0, 0][..], &WLAN].concat()),
        (119, &[&[0x44; 144][..], &WLAN].concat()),
        (192, &[&[0, 0, 8, 0, 105, 0, 0, 0][..], &WLAN].concat()),
        (117, &[&[61, 2][..], &[0; 62]].concat()),
        (242, &[&[0; 40][..], &[8, 0, 0, 0]].concat()),
    ];
    for (link_type, head) in heads {
        let (outcome, packet) = read(link_type, &[head, &inner].concat());
        assert_eq!(outcome, ROW, "{link_type} {head:x?}");
        let lengths = (expected.captured_len_bytes, expected.original_len_bytes);
        let layers = expected.layers;
        let same_lengths = Packet { captured_len_bytes: lengths.0, original_len_bytes: lengths.1, layers, ..packet };
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
    assert_eq!(read(105, &[0x80; 40]).0, refused(Diagnostic::NotIp, 0));
    assert_eq!(read(141, &[0; 40]).0, refused(Diagnostic::UnknownLinkType, 141));
}

#[test]
fn payload_is_never_more_than_the_frame_could_hold() {
    let mut frame = ethernet(0x0800, &IPV4.wrap(&udp(b"abc")));
    frame[16..18].copy_from_slice(&[0xff, 0xff]);
    frame[38..40].copy_from_slice(&[0xff, 0xff]);
    let packet = row(&frame);
    assert_eq!((packet.ip_len_bytes, packet.payload_len_bytes), (65535, 3));
}

fn to_port(port: u16, payload: &[u8]) -> Vec<u8> {
    let mut datagram = udp(payload);
    datagram[2..4].copy_from_slice(&port.to_be_bytes());
    datagram
}

const INNER: Ipv4 = Ipv4 { src: [192, 168, 0, 1], ..IPV4 };

/// Every tunnel in UDP around the same packet: port, what is before the packet, and the layers that this makes.
fn udp_tunnels() -> Vec<(u16, Vec<u8>, Vec<u8>, &'static str)> {
    let bare = INNER.wrap(&udp(b"abc"));
    let frame = ethernet(0x0800, &bare);
    let v6 = ipv6(UDP, &udp(b"abc"));
    let mut teredo = v6.clone();
    teredo[8..12].copy_from_slice(&[0x20, 1, 0, 0]);
    let identity = [&[0x41, 0x52, 0x11, 41, 0, 0, 0, 1][..], &[7; 16], &[9; 20]].concat();
    let gtp_len = bare.len() as u8;
    let authenticated = [&[0, 1, 0, 0][..], &[1; 9], &[0, 0, 1, 2, 3, 4, 5, 6]].concat();
    vec![
        (4789, vec![8, 0, 0, 0, 0, 0, 7, 0], frame.clone(), "eth/ip/udp/vxlan/eth/ip"),
        (8472, vec![0x88, 0, 0, 5, 0, 0, 7, 0], frame.clone(), "eth/ip/udp/vxlan/eth/ip"),
        (4790, vec![0x0c, 0, 0, 1, 0, 0, 7, 0], bare.clone(), "eth/ip/udp/vxlan/ip"),
        (6081, vec![1, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 1, 0, 0], frame, "eth/ip/udp/geneve/eth/ip"),
        (2152, vec![0x30, 0xff, 0, gtp_len, 0, 0, 0, 7], bare.clone(), "eth/ip/udp/gtp/ip"),
        (
            2152,
            vec![0x34, 0xff, 0, gtp_len + 8, 0, 0, 0, 7, 0, 0, 0, 0x85, 1, 2, 3, 0],
            bare.clone(),
            "eth/ip/udp/gtp/ip",
        ),
        (1701, vec![0, 2, 0, 7, 0, 1, 0xff, 3, 0, 0x21], bare.clone(), "eth/ip/udp/l2tp/ppp/ip"),
        (
            1701,
            vec![0x4a, 2, 0, gtp_len + 16, 0, 7, 0, 1, 0, 1, 0, 2, 0, 1, 0, 0x21],
            bare.clone(),
            "eth/ip/udp/l2tp/ppp/ip",
        ),
        (3544, vec![], teredo.clone(), "eth/ip/udp/teredo/ipv6"),
        (3544, authenticated, teredo, "eth/ip/udp/teredo/ipv6"),
        (5072, identity, v6, "eth/ip/udp/ayiya/ipv6"),
        (4341, vec![0x88, 1, 2, 3, 0, 0, 7, 0], bare.clone(), "eth/ip/udp/lisp/ip"),
        (6635, vec![0, 1, 1, 64], bare, "eth/ip/udp/mpls/ip"),
    ]
}

#[test]
fn tunnels_in_udp_need_their_port_and_their_structure() {
    for (port, head, inside, expected) in udp_tunnels() {
        let frame = |port, payload: &[u8]| ethernet(0x0800, &IPV4.wrap(&to_port(port, payload)));
        let whole = [&head[..], &inside].concat();
        let packet = row(&frame(port, &whole));
        assert_eq!((layers(&packet), packet.payload_len_bytes), (expected.to_string(), 3), "{port}");
        assert_ne!(packet.layer_path, 0, "{port}");
        // Another port, or an IP version that is none: a datagram like any other.
        let elsewhere = row(&frame(27016, &whole));
        assert_eq!((layers(&elsewhere).as_str(), elsewhere.layer_path), ("eth/ip", 0), "{port}");
        let mut broken = whole.clone();
        let version_at = whole.len() - if expected.ends_with("ipv6") { 51 } else { 31 };
        broken[version_at] ^= 0xf0;
        let other = row(&frame(port, &broken));
        assert_eq!((layers(&other).as_str(), other.layer_path), ("eth/ip", 0), "{port}");
    }
}

#[test]
fn game_traffic_on_a_tunnel_port_stays_itself() {
    let mut random = support::Random(3);
    for port in [1701, 2152, 3544, 4341, 4789, 4790, 5072, 6081, 6635, 8472] {
        for _ in 0..2000 {
            let payload: Vec<u8> = (0..8 + random.below(120)).map(|_| random.next() as u8).collect();
            let packet = row(&ethernet(0x0800, &IPV4.wrap(&to_port(port, &payload))));
            assert_eq!(
                (packet.layer_path, packet.payload_len_bytes as usize),
                (0, payload.len()),
                "{port} {payload:?}"
            );
        }
    }
}

#[test]
fn both_directions_of_a_tunnel_agree_and_two_tunnels_do_not() {
    let through = |outer: Ipv4, head: &[u8]| {
        let inner = INNER.wrap(&udp(b"abc"));
        row(&ethernet(0x0800, &Ipv4 { protocol: 47, ..outer }.wrap(&[head, &inner].concat()))).layer_path
    };
    let back = Ipv4 { src: IPV4.dst, dst: IPV4.src, ..IPV4 };
    let key = |key: u8| [0x20, 0, 8, 0, 0, 0, 0, key];
    assert_eq!(through(IPV4, &key(1)), through(back, &key(1)));
    assert_ne!(through(IPV4, &key(1)), through(IPV4, &key(2)));
    assert_ne!(through(IPV4, &key(1)), through(Ipv4 { dst: [203, 0, 113, 10], ..IPV4 }, &key(1)));

    // A TEID belongs to its receiver: it differs between directions of one tunnel.
    let inner = INNER.wrap(&udp(b"abc"));
    let gtp = |outer: Ipv4, teid: u8| {
        let head = [0x30, 0xff, 0, inner.len() as u8, 0, 0, 0, teid];
        row(&ethernet(0x0800, &outer.wrap(&to_port(2152, &[&head[..], &inner].concat())))).layer_path
    };
    assert_eq!(gtp(IPV4, 1), gtp(back, 2));
}

#[test]
fn frames_in_frames_and_mirrored_frames_lead_to_ip() {
    let inner = INNER.wrap(&udp(b"abc"));
    let frame = ethernet(0x0800, &inner);
    let check = |packet: Packet, expected: &str| {
        assert_eq!((packet.src, layers(&packet)), (v4([192, 168, 0, 1]), expected.to_string()));
    };
    check(row(&ethernet(0x88e7, &[&[0, 0, 0, 7][..], &frame].concat())), "eth/pbb/eth/ip");
    check(row(&ethernet(0x8903, &[&[0, 7][..], &frame].concat())), "eth/fabricpath/eth/ip");
    check(row(&ethernet(0x8926, &[&[0, 0, 0, 7, 8, 0][..], &inner].concat())), "eth/vntag/ip");
    check(row(&ethernet(0x8847, &[&[0, 1, 1, 64][..], &frame].concat())), "eth/mpls/eth/ip");
    check(row(&ethernet(0x8847, &[&[0, 1, 1, 64, 0, 0, 0, 0][..], &frame].concat())), "eth/mpls/eth/ip");
    let through = |protocol: u8, head: &[u8], inside: &[u8]| {
        row(&ethernet(0x0800, &Ipv4 { protocol, ..IPV4 }.wrap(&[head, inside].concat())))
    };
    check(through(47, &[0, 0, 0x88, 0xbe], &frame), "eth/ip/gre/erspan/eth/ip");
    let type_2 = [0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 1, 0, 9, 0, 0, 0, 0];
    check(through(47, &type_2, &frame), "eth/ip/gre/erspan/eth/ip");
    let type_3 = [0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8];
    check(through(47, &type_3, &frame), "eth/ip/gre/erspan/eth/ip");
    check(through(47, &[0, 0, 0x88, 0x3e, 1, 2, 3, 4], &inner), "eth/ip/gre/ip");
    check(through(97, &[0x30, 0], &frame), "eth/ip/etherip/eth/ip");
    check(through(137, &[0, 1, 1, 64], &inner), "eth/ip/mpls/ip");
    // Inter-switch link: 26 bytes before the frame, VLAN 9 in them.
    let mut isl = vec![1, 0, 0x0c, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 60, 0xaa, 0xaa, 3, 0, 0, 0x0c, 0, 18, 0, 0, 0, 0];
    isl.extend(&frame);
    let packet = row(&isl);
    assert_eq!(packet.vlan_id, Some(9));
    check(packet, "eth/isl/eth/ip");
}

#[test]
fn wireless_frames_without_a_readable_packet_say_so() {
    let inner = IPV4.wrap(&udp(b"abc"));
    let with = |at: usize, value: u8| {
        let mut frame = [&WLAN[..], &inner].concat();
        frame[at] = value;
        read(105, &frame).0
    };
    assert_eq!(with(0, 8), ROW);
    // Beacon, acknowledgment, no data, protected, a later fragment.
    for (at, value) in [(0, 0x80), (0, 0xd4), (0, 0x48), (1, 0x41), (22, 1)] {
        assert_eq!(with(at, value), refused(Diagnostic::NotIp, 0));
    }
}
