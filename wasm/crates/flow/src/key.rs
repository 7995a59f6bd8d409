//! Which flow a packet belongs to, and which end began it. Owns the flow key, its hash, and the list of service
//! ports; joining fragments to their flow is `fragments`.

use crate::state::state;
use packet::{tcp_flag, Address, Packet};

/// IANA protocol numbers that the flow stage knows by name.
pub mod protocol {
    #![allow(missing_docs)]
    pub const ICMP: u8 = 1;
    pub const TCP: u8 = 6;
    pub const UDP: u8 = 17;
    pub const ICMPV6: u8 = 58;
}

/// What the two port fields of a key hold.
const NO_PORTS: u8 = 0;
const PORTS: u8 = 1;
const ECHO_ID: u8 = 2;

/// Both directions of a flow have the same key: the unordered pair of (address, port), protocol, IP version and
/// the layers above. The VLAN is not part of it: the two directions often carry different tags at a trunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlowKey {
    /// The smaller (address, port).
    pub low: Address,
    /// The other one.
    pub high: Address,
    /// Port at `low`; the identifier for ICMP echo.
    pub low_port: u16,
    /// Port at `high`.
    pub high_port: u16,
    /// IANA protocol number.
    pub protocol: u8,
    /// 4 or 6.
    pub ip_version: u8,
    ports_kind: u8,
    layer_path: u32,
}

state!(FlowKey { low, high, low_port, high_port, protocol, ip_version, ports_kind, layer_path });

fn word(address: &Address, half: usize) -> u64 {
    address.get(8 * half..).and_then(|tail| tail.first_chunk()).map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

impl FlowKey {
    /// The key of a packet whose ports are `ports`, and whether its source is the `low` end.
    #[inline]
    pub fn of(packet: &Packet, ports: Option<(u16, u16)>) -> (FlowKey, bool) {
        let (ports_kind, (src_port, dst_port)) = match (ports, echo_identifier(packet)) {
            (Some(ports), _) => (PORTS, ports),
            (None, Some(id)) => (ECHO_ID, (id, id)),
            (None, None) => (NO_PORTS, (0, 0)),
        };
        let src = (u128::from_be_bytes(packet.src), src_port);
        let dst = (u128::from_be_bytes(packet.dst), dst_port);
        let src_is_low = src <= dst;
        let (low, high, low_port, high_port) = if src_is_low {
            (packet.src, packet.dst, src_port, dst_port)
        } else {
            (packet.dst, packet.src, dst_port, src_port)
        };
        let key = FlowKey {
            low,
            high,
            low_port,
            high_port,
            protocol: packet.protocol,
            ip_version: packet.ip_version,
            ports_kind,
            layer_path: packet.layer_path,
        };
        (key, src_is_low)
    }

    /// 32 bits for the table; the same on every machine.
    #[inline]
    pub fn hash(&self) -> u32 {
        (self.long_hash() >> 32) as u32
    }

    /// 64 bits, where keys are remembered by their hash alone.
    #[inline]
    pub fn long_hash(&self) -> u64 {
        const A: u64 = 0x9e37_79b9_7f4a_7c15;
        const B: u64 = 0xd6e8_feb8_6659_fd93;
        const C: u64 = 0xa076_1d64_78bd_642f;
        let rest = u64::from(self.low_port)
            | u64::from(self.high_port) << 16
            | u64::from(self.protocol) << 32
            | u64::from(self.ports_kind) << 40
            | u64::from(self.ip_version) << 48;
        let low = (word(&self.low, 0).wrapping_mul(C) ^ word(&self.low, 1)).wrapping_mul(A);
        let high = (word(&self.high, 0).wrapping_mul(A) ^ word(&self.high, 1)).wrapping_mul(B);
        let rest = (rest ^ u64::from(self.layer_path) << 40).wrapping_mul(C);
        let mut mixed = low ^ high.rotate_left(23) ^ rest.rotate_left(41);
        mixed ^= mixed >> 32;
        mixed.wrapping_mul(A)
    }

    /// Do the port fields hold ports that users should see?
    pub fn has_ports(&self) -> bool {
        self.ports_kind == PORTS
    }
}

/// Identifier of an ICMP echo request or reply (RFC 792, RFC 4443 4.1).
pub fn echo_identifier(packet: &Packet) -> Option<u16> {
    let icmp = packet.icmp?;
    let is_echo = match packet.protocol {
        protocol::ICMP => matches!(icmp.kind, 0 | 8),
        protocol::ICMPV6 => matches!(icmp.kind, 128 | 129),
        _ => false,
    };
    is_echo.then_some((icmp.rest >> 16) as u16)
}

/// Well-known ports of servers, game servers among them: who uses one of these is the responder, whatever the
/// numbers say. A hint, used only where no SYN was seen. Sorted. Sources: IANA service names registry, vendors'
/// port lists.
const SERVICE_PORTS: &[u16] = &[
    22, 25, 53, 80, 110, 123, 143, 443, 465, 587, 853, 993, 995, 1194, 1935, 2302, 3074, 3306, 3389, 3478, 3479, 3480,
    3724, 4500, 5060, 5061, 5222, 5349, 5432, 6112, 6379, 7777, 7778, 8080, 8303, 8443, 9987, 19132, 19133, 25565,
    26000, 27015, 27016, 27017, 27018, 27019, 27020, 27500, 27910, 27960, 28960, 30000, 30120, 51820,
];

fn is_service(port: u16) -> bool {
    port < 1024 || SERVICE_PORTS.binary_search(&port).is_ok()
}

/// Is the sender of a flow's first packet its initiator?
///
/// The sender of a SYN is, the receiver of a SYN-ACK is; else, of two ports of which one belongs to a known
/// service, the other side; else the side with the higher port; failing that the first sender.
pub fn sender_is_initiator(packet: &Packet, ports: Option<(u16, u16)>) -> bool {
    if let Some(tcp) = &packet.tcp {
        if tcp.flags & tcp_flag::SYN != 0 {
            return tcp.flags & tcp_flag::ACK == 0;
        }
    }
    if let Some((src, dst)) = ports {
        return match (is_service(src), is_service(dst)) {
            (true, false) => false,
            (false, true) => true,
            _ => src >= dst,
        };
    }
    let is_echo_reply = matches!(
        (packet.protocol, packet.icmp.map(|icmp| icmp.kind)),
        (protocol::ICMP, Some(0)) | (protocol::ICMPV6, Some(129))
    );
    !is_echo_reply
}

#[cfg(test)]
mod tests {
    use super::*;
    use packet::{Icmp, Tcp};

    fn udp(src: u8, src_port: u16, dst: u8, dst_port: u16) -> Packet {
        Packet { src: [src; 16], dst: [dst; 16], protocol: 17, ports: Some((src_port, dst_port)), ..Packet::default() }
    }

    #[test]
    fn both_directions_have_one_key() {
        let there = udp(1, 5000, 2, 27015);
        let back = udp(2, 27015, 1, 5000);
        let (key, is_low) = FlowKey::of(&there, there.ports);
        assert_eq!(FlowKey::of(&back, back.ports), (key, !is_low));
    }

    #[test]
    fn service_ports_are_sorted_so_that_the_search_finds_them() {
        assert!(SERVICE_PORTS.is_sorted());
    }

    #[test]
    fn a_game_server_is_the_responder_even_with_the_higher_port() {
        let packet = udp(1, 27015, 2, 5000);
        assert!(!sender_is_initiator(&packet, packet.ports));
    }

    #[test]
    fn a_syn_decides_before_any_port() {
        let tcp = |flags| Packet {
            protocol: protocol::TCP,
            ports: Some((80, 50000)),
            tcp: Some(Tcp { flags, ..Tcp::default() }),
            ..Packet::default()
        };
        assert!(sender_is_initiator(&tcp(tcp_flag::SYN), Some((80, 50000))));
        assert!(!sender_is_initiator(&tcp(tcp_flag::SYN | tcp_flag::ACK), Some((50000, 80))));
    }

    #[test]
    fn echo_replies_go_back_to_the_initiator_and_share_its_key() {
        let echo = |kind, src, dst| Packet {
            src: [src; 16],
            dst: [dst; 16],
            protocol: protocol::ICMP,
            icmp: Some(Icmp { kind, code: 0, rest: 0x1234_0001 }),
            ..Packet::default()
        };
        let (request, reply) = (echo(8, 1, 2), echo(0, 2, 1));
        assert_eq!(FlowKey::of(&request, None).0, FlowKey::of(&reply, None).0);
        assert!(sender_is_initiator(&request, None) && !sender_is_initiator(&reply, None));
    }
}
