//! IPv4 packets as bytes: where things are, and rewriting that leaves every checksum right (RFC 1624).

pub const ICMP: u8 = 1;
pub const TCP: u8 = 6;
pub const UDP: u8 = 17;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub header_bytes: usize,
    pub protocol: u8,
    /// In bytes; not zero in all fragments but the first.
    pub fragment_offset: u16,
    pub more_fragments: bool,
    pub dont_fragment: bool,
}

pub fn u16_at(packet: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([packet[at], packet[at + 1]])
}

pub fn put_u16(packet: &mut [u8], at: usize, value: u16) {
    packet[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

pub fn address_at(packet: &[u8], at: usize) -> [u8; 4] {
    [packet[at], packet[at + 1], packet[at + 2], packet[at + 3]]
}

/// None for what is no whole IPv4 packet.
pub fn layout(packet: &[u8]) -> Option<Layout> {
    if packet.len() < 20 || packet[0] >> 4 != 4 {
        return None;
    }
    let header_bytes = usize::from(packet[0] & 15) * 4;
    let total = usize::from(u16_at(packet, 2));
    if header_bytes < 20 || total < header_bytes || total > packet.len() {
        return None;
    }
    let flags = u16_at(packet, 6);
    let layout = Layout {
        header_bytes,
        protocol: packet[9],
        fragment_offset: (flags & 0x1fff) * 8,
        more_fragments: flags & 0x2000 != 0,
        dont_fragment: flags & 0x4000 != 0,
    };
    let needed = match (layout.fragment_offset, layout.protocol) {
        (0, TCP) => 20,
        (0, UDP) | (0, ICMP) => 8,
        _ => 0,
    };
    if total < header_bytes + needed {
        return None;
    }
    Some(layout)
}

/// One's complement sum of RFC 1071, complemented.
pub fn checksum(bytes: &[u8], initial: u32) -> u16 {
    let mut sum = initial;
    for pair in bytes.chunks(2) {
        sum += u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// RFC 1624 equation 3: the checksum after one 16-bit word changed.
pub fn adjusted(checksum: u16, from: u16, to: u16) -> u16 {
    let mut sum = u32::from(!checksum) + u32::from(!from) + u32::from(to);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// Changes a word of the IP header and its checksum.
fn set_header_word(packet: &mut [u8], at: usize, value: u16) {
    let sum = adjusted(u16_at(packet, 10), u16_at(packet, at), value);
    put_u16(packet, at, value);
    put_u16(packet, 10, sum);
}

/// Where the transport checksum is; None where there is none to mend (ICMP covers no address, UDP may go without).
fn transport_checksum_at(packet: &[u8], layout: &Layout) -> Option<usize> {
    if layout.fragment_offset != 0 {
        return None;
    }
    match layout.protocol {
        TCP => Some(layout.header_bytes + 16),
        UDP if u16_at(packet, layout.header_bytes + 6) != 0 => Some(layout.header_bytes + 6),
        _ => None,
    }
}

fn mend_transport(packet: &mut [u8], layout: &Layout, from: u16, to: u16) {
    if let Some(at) = transport_checksum_at(packet, layout) {
        let sum = adjusted(u16_at(packet, at), from, to);
        // RFC 768: zero says "no checksum", so a sum of zero is sent as all ones.
        put_u16(packet, at, if sum == 0 && layout.protocol == UDP { 0xffff } else { sum });
    }
}

/// @param at 12 for the source, 16 for the destination.
pub fn set_address(packet: &mut [u8], layout: &Layout, at: usize, address: [u8; 4]) {
    for word in 0..2 {
        let place = at + 2 * word;
        let from = u16_at(packet, place);
        let to = u16::from_be_bytes([address[2 * word], address[2 * word + 1]]);
        set_header_word(packet, place, to);
        mend_transport(packet, layout, from, to);
    }
}

/// The port of the source (0) or destination (2), or the identifier of an ICMP echo, which stands for both.
pub fn port_at(packet: &[u8], layout: &Layout, side: usize) -> u16 {
    let offset = if layout.protocol == ICMP { 4 } else { side };
    u16_at(packet, layout.header_bytes + offset)
}

pub fn set_port(packet: &mut [u8], layout: &Layout, side: usize, port: u16) {
    if layout.protocol == ICMP {
        let at = layout.header_bytes;
        let sum = adjusted(u16_at(packet, at + 2), u16_at(packet, at + 4), port);
        put_u16(packet, at + 4, port);
        put_u16(packet, at + 2, sum);
        return;
    }
    let at = layout.header_bytes + side;
    let from = u16_at(packet, at);
    put_u16(packet, at, port);
    mend_transport(packet, layout, from, port);
}

pub fn dscp(packet: &[u8]) -> u8 {
    packet[1] >> 2
}

/// ECN stays.
pub fn set_dscp(packet: &mut [u8], value: u8) {
    let word = u16::from(packet[0]) << 8 | u16::from(value << 2 | packet[1] & 3);
    set_header_word(packet, 0, word);
}

/// False when the packet's life ends here.
pub fn age(packet: &mut [u8], hops: u8) -> bool {
    if packet[8] <= hops {
        return false;
    }
    let word = u16::from(packet[8] - hops) << 8 | u16::from(packet[9]);
    set_header_word(packet, 8, word);
    true
}

/// Lowers the MSS option of a SYN; leaves one alone that is small enough.
pub fn clamp_mss(packet: &mut [u8], layout: &Layout, most: u16) {
    const SYN: u8 = 2;
    let tcp = layout.header_bytes;
    if layout.protocol != TCP || layout.fragment_offset != 0 || packet[tcp + 13] & SYN == 0 {
        return;
    }
    let end = (tcp + usize::from(packet[tcp + 12] >> 4) * 4).min(packet.len());
    let mut at = tcp + 20;
    while at + 1 < end {
        match packet[at] {
            0 => return,
            1 => at += 1,
            2 if packet[at + 1] == 4 && at + 4 <= end => {
                if u16_at(packet, at + 2) > most {
                    replace_bytes(packet, layout, at + 2, most);
                }
                return;
            }
            _ => at += usize::from(packet[at + 1]).max(2),
        }
    }
}

/// A word of the TCP header at any place, also an odd one: the checksum pairs bytes from the header's start.
fn replace_bytes(packet: &mut [u8], layout: &Layout, at: usize, value: u16) {
    for (index, byte) in value.to_be_bytes().iter().enumerate() {
        let place = at + index;
        let word = layout.header_bytes + (place - layout.header_bytes) / 2 * 2;
        let from = u16_at(packet, word);
        packet[place] = *byte;
        let to = u16_at(packet, word);
        mend_transport(packet, layout, from, to);
    }
}

/// ICMP type 3 code 4 (RFC 792, RFC 1191) about a packet: to its sender, from a hop.
pub fn too_big(packet: &[u8], layout: &Layout, hop: [u8; 4], mtu: u16) -> Vec<u8> {
    // RFC 792 asks for the header and eight bytes; more helps hosts and is what routers send.
    let quoted = &packet[..packet.len().min(layout.header_bytes + 40)];
    let total = 28 + quoted.len();
    let mut out = vec![0u8; 28];
    out[0] = 0x45;
    out[1] = 0xc0;
    put_u16(&mut out, 2, total as u16);
    out[8] = 64;
    out[9] = ICMP;
    out[12..16].copy_from_slice(&hop);
    out[16..20].copy_from_slice(&packet[12..16]);
    let sum = checksum(&out[..20], 0);
    put_u16(&mut out, 10, sum);
    out[20] = 3;
    out[21] = 4;
    put_u16(&mut out, 26, mtu);
    out.extend_from_slice(quoted);
    let sum = checksum(&out[20..], 0);
    put_u16(&mut out, 22, sum);
    out
}

/// RFC 791 fragmentation of a packet that allows it.
pub fn fragments(packet: &[u8], layout: &Layout, mtu: u16) -> Vec<Vec<u8>> {
    let room = (usize::from(mtu) - layout.header_bytes) / 8 * 8;
    let body = &packet[layout.header_bytes..];
    let pieces = (body.len() + room - 1) / room;
    (0..pieces)
        .map(|piece| {
            let from = piece * room;
            let part = &body[from..body.len().min(from + room)];
            let mut out = packet[..layout.header_bytes].to_vec();
            let more = piece + 1 < pieces || layout.more_fragments;
            let offset = (usize::from(layout.fragment_offset) + from) / 8;
            let total = (out.len() + part.len()) as u16;
            put_u16(&mut out, 2, total);
            put_u16(&mut out, 6, offset as u16 | if more { 0x2000 } else { 0 });
            put_u16(&mut out, 10, 0);
            let sum = checksum(&out, 0);
            put_u16(&mut out, 10, sum);
            out.extend_from_slice(part);
            out
        })
        .collect()
}

/// FNV-1a over what no router changes: protocol, length, and up to 64 bytes behind the ports and checksums.
pub fn identity(packet: &[u8], layout: &Layout) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut take = |byte: u8| {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    };
    take(layout.protocol);
    let body = &packet[layout.header_bytes..];
    for byte in (body.len() as u16).to_be_bytes() {
        take(byte);
    }
    let skipped = match (layout.fragment_offset, layout.protocol) {
        (0, TCP) => 4,
        (0, UDP) => 8,
        (0, ICMP) => 6,
        _ => 0,
    };
    for (at, &byte) in body.iter().enumerate().skip(skipped).take(64) {
        // A SYN's options and the checksum may change on the way.
        if layout.protocol == TCP && layout.fragment_offset == 0 && (at == 16 || at == 17 || at >= 20) {
            continue;
        }
        take(byte);
    }
    hash
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A UDP datagram, or a TCP segment where options are given, with right checksums.
    pub fn datagram(protocol: u8, from: ([u8; 4], u16), to: ([u8; 4], u16), body: &[u8]) -> Vec<u8> {
        let head = if protocol == TCP { 20 } else { 8 };
        let mut packet = vec![0u8; 20 + head];
        packet[0] = 0x45;
        packet[8] = 64;
        packet[9] = protocol;
        packet[12..16].copy_from_slice(&from.0);
        packet[16..20].copy_from_slice(&to.0);
        put_u16(&mut packet, 20, from.1);
        put_u16(&mut packet, 22, to.1);
        packet.extend_from_slice(body);
        let total = packet.len() as u16;
        put_u16(&mut packet, 2, total);
        match protocol {
            UDP => put_u16(&mut packet, 24, total - 20),
            TCP => packet[32] = 5 << 4,
            _ => {}
        }
        finish(&mut packet);
        packet
    }

    pub fn finish(packet: &mut [u8]) {
        put_u16(packet, 10, 0);
        let sum = checksum(&packet[..20], 0);
        put_u16(packet, 10, sum);
        let at = match packet[9] {
            TCP => 36,
            UDP => 26,
            _ => 22,
        };
        put_u16(packet, at, 0);
        let sum = transport_sum(packet);
        put_u16(packet, at, sum);
    }

    fn transport_sum(packet: &[u8]) -> u16 {
        let pseudo: u32 = if packet[9] == ICMP {
            0
        } else {
            (6..10).map(|word| u32::from(u16_at(packet, 2 * word))).sum::<u32>()
                + u32::from(packet[9])
                + packet.len() as u32
                - 20
        };
        checksum(&packet[20..], pseudo)
    }

    pub fn assert_sums(packet: &[u8]) {
        assert_eq!(checksum(&packet[..20], 0), 0, "header");
        assert_eq!(transport_sum(packet), 0, "transport");
    }

    #[test]
    fn every_rewriting_leaves_the_checksums_right() {
        for protocol in [UDP, TCP, ICMP].iter().copied() {
            let mut packet = datagram(protocol, ([192, 168, 1, 2], 40000), ([203, 0, 113, 10], 27960), b"odd length!");
            let layout = layout(&packet).expect("a packet");
            set_address(&mut packet, &layout, 12, [198, 51, 100, 255]);
            set_port(&mut packet, &layout, 0, 0xffff);
            set_dscp(&mut packet, 46);
            assert!(age(&mut packet, 9));
            assert_eq!((dscp(&packet), packet[8]), (46, 55));
            assert_sums(&packet);
        }
    }

    #[test]
    fn an_mss_option_is_lowered_wherever_it_stands_and_never_raised() {
        for padding in 0..4usize {
            let mut options = vec![1u8; padding];
            options.extend_from_slice(&[2, 4, 5, 180]);
            options.resize(8, 0);
            let mut packet = datagram(TCP, ([1, 1, 1, 1], 1), ([2, 2, 2, 2], 2), &options);
            packet[32] = 7 << 4;
            packet[33] = 2;
            finish(&mut packet);
            let layout = layout(&packet).expect("a packet");
            clamp_mss(&mut packet, &layout, 1414);
            assert_eq!(u16_at(&packet, 42 + padding), 1414);
            assert_sums(&packet);
            clamp_mss(&mut packet, &layout, 1440);
            assert_eq!(u16_at(&packet, 42 + padding), 1414);
        }
    }

    #[test]
    fn fragments_hold_the_whole_body_in_order_below_the_mtu() {
        let body: Vec<u8> = (0..1450u32).map(|byte| byte as u8).collect();
        let packet = datagram(UDP, ([1, 1, 1, 1], 1), ([2, 2, 2, 2], 2), &body);
        let at = layout(&packet).expect("a packet");
        let parts = fragments(&packet, &at, 576);
        let mut joined = Vec::new();
        for part in &parts {
            let piece = layout(part).expect("a fragment");
            assert!(part.len() <= 576);
            assert_eq!(checksum(&part[..20], 0), 0);
            assert_eq!(usize::from(piece.fragment_offset), joined.len());
            joined.extend_from_slice(&part[20..]);
        }
        assert_eq!(joined, packet[20..]);
        assert!(!layout(parts.last().expect("one")).expect("a fragment").more_fragments);
    }

    #[test]
    fn what_a_path_changes_does_not_change_a_packets_identity() {
        let packet = datagram(UDP, ([192, 168, 1, 2], 40000), ([203, 0, 113, 10], 27960), b"payload");
        let at = layout(&packet).expect("a packet");
        let mut moved = packet.clone();
        set_address(&mut moved, &at, 12, [198, 51, 100, 1]);
        set_port(&mut moved, &at, 0, 1234);
        assert!(age(&mut moved, 7));
        assert_eq!(identity(&packet, &at), identity(&moved, &at));
        moved[30] ^= 1;
        assert_ne!(identity(&packet, &at), identity(&moved, &at));
    }
}
