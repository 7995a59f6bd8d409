//! What parses, what does not and where, and what a frame passes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use filter::{Filter, FilterFault, Frame};

fn frame(data: &[u8]) -> Frame<'_> {
    Frame { link_type: 1, data, wire_len: data.len() as u32 }
}

/// Ethernet, tags, IPv4, UDP 40000 → 7777 from 192.0.2.1 to 198.51.100.5.
fn udp(tags: &[u16]) -> Vec<u8> {
    let mut bytes = vec![0; 12];
    for tag in tags {
        bytes.extend_from_slice(&[0x81, 0x00]);
        bytes.extend_from_slice(&tag.to_be_bytes());
    }
    bytes.extend_from_slice(&[0x08, 0x00, 0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0]);
    bytes.extend_from_slice(&[192, 0, 2, 1, 198, 51, 100, 5]);
    bytes.extend_from_slice(&[0x9c, 0x40, 0x1e, 0x61, 0, 12, 0, 0, 1, 2, 3, 4]);
    bytes
}

fn passes(text: &str, data: &[u8]) -> bool {
    Filter::parse(text).unwrap().matches(frame(data))
}

#[test]
fn primitives_mean_what_tcpdump_means_by_them() {
    let plain = udp(&[]);
    for text in [
        "",
        "udp",
        "ip",
        "udp port 7777",
        "port 40000",
        "src port 40000",
        "dst port 7777",
        "portrange 7000-8000",
        "host 192.0.2.1",
        "src 192.0.2.1",
        "dst host 198.51.100.5",
        "net 192.0.2.0/24",
        "net 192.0.2",
        "net 198",
        "src net 192.0.2.0 mask 255.255.255.0",
        "proto 17",
        "ip proto \\udp",
        "less 46",
        "greater 46",
        "not tcp",
        "! tcp && udp",
        "port 80 or 7777",
        "host 192.0.2.1 and not port 22",
        "(tcp or udp) and ip",
        "src or dst port 7777",
        "tcp or udp and port 7777",
        "192.0.2.1",
    ] {
        assert!(passes(text, &plain), "{text}");
    }
    for text in [
        "tcp",
        "ip6",
        "arp",
        "icmp",
        "src port 7777",
        "src and dst port 7777",
        "host 192.0.2.2",
        "net 10",
        "vlan",
        "vlan and udp",
        "greater 47",
        "less 45",
        "udp and tcp",
        "udp or tcp and tcp",
    ] {
        assert!(!passes(text, &plain), "{text}");
    }
}

#[test]
fn a_tag_hides_what_is_behind_it_until_vlan_is_said() {
    let tagged = udp(&[7]);
    assert!(!passes("udp", &tagged));
    assert!(passes("vlan", &tagged) && passes("vlan 7 and udp", &tagged) && !passes("vlan 8", &tagged));
    assert!(passes("vlan 7 and vlan 9 and port 7777", &udp(&[7, 9])));
    assert!(passes("udp or vlan and udp", &tagged));
}

#[test]
fn a_frame_too_short_for_the_test_passes_nothing() {
    assert!(!passes("tcp", &[0; 10]) && !passes("not tcp", &[0; 10]) && passes("less 10", &[0; 10]));
}

#[test]
fn faults_point_at_the_word() {
    for (text, fault, column) in [
        ("tcp and", FilterFault::UnexpectedEnd, 7),
        ("hots 192.0.2.1", FilterFault::UnknownWord, 0),
        ("host example.org", FilterFault::BadAddress, 5),
        ("udp port 70000", FilterFault::BadNumber, 9),
        ("(tcp or udp", FilterFault::UnexpectedEnd, 11),
        ("tcp)", FilterFault::Bracket, 3),
        ("net 192.0.2.1/24", FilterFault::HostBits, 4),
        ("icmp port 7", FilterFault::Combination, 0),
        ("tcp udp", FilterFault::UnknownWord, 4),
        ("port and tcp", FilterFault::UnknownWord, 5),
        ("ip6 host 192.0.2.1", FilterFault::Combination, 9),
    ] {
        let error = Filter::parse(text).unwrap_err();
        assert_eq!((error.fault, error.column), (fault, column), "{text}");
    }
    let deep = "(".repeat(1000);
    assert_eq!(Filter::parse(&deep).unwrap_err().fault, FilterFault::TooDeep);
}

#[test]
fn no_bytes_and_no_text_can_hurt() {
    let mut state = 7u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 16
    };
    let words =
        ["tcp", "port", "80", "(", ")", "not", "vlan", "net", "1.2.3.4/8", "and", "or", "é", "src", "proto", "!"];
    for _ in 0..3000 {
        let text: Vec<&str> = (0..noise() % 9).map(|_| words[noise() as usize % words.len()]).collect();
        if let Ok(filter) = Filter::parse(&text.join(" ")) {
            let data: Vec<u8> = (0..noise() % 80).map(|_| noise() as u8).collect();
            for link_type in [0, 1, 9, 101, 104, 113, 276, 999] {
                filter.matches(Frame { link_type, data: &data, wire_len: 60 });
            }
        }
    }
}
