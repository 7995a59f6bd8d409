//! Tree × frame → passes or not. `None` is a read beyond the captured bytes: the whole expression then says no.

use crate::network::{network, u16_at, vlan_tag, ARP, IPV4, IPV6, RARP};
use crate::{Direction, Family, Frame, Node, Prefix, Test, What};

pub(crate) fn evaluate(node: &Node, frame: Frame<'_>) -> Option<bool> {
    match node {
        Node::And(left, right) => Some(evaluate(left, frame)? && evaluate(right, frame)?),
        Node::Or(left, right) => Some(evaluate(left, frame)? || evaluate(right, frame)?),
        Node::Not(inner) => Some(!evaluate(inner, frame)?),
        Node::Test(test) => passes(test, frame),
    }
}

fn passes(Test { vlans, what }: &Test, frame: Frame<'_>) -> Option<bool> {
    match *what {
        What::Greater(len) => return Some(frame.wire_len >= len),
        What::Less(len) => return Some(frame.wire_len <= len),
        What::Vlan(id) => {
            let tag = vlan_tag(frame, *vlans)?;
            return Some(tag.is_some_and(|found| id.is_none_or(|id| id == found)));
        }
        _ => {}
    }
    let (kind, packet) = network(frame, *vlans)?;
    let is_in = |family: Family| match kind {
        IPV4 => matches!(family, Family::Any | Family::Ip),
        IPV6 => matches!(family, Family::Any | Family::Ip6),
        ARP => matches!(family, Family::Any | Family::Arp),
        RARP => matches!(family, Family::Any | Family::Rarp),
        _ => false,
    };
    match *what {
        What::Network(family) => Some(is_in(family)),
        What::Protocol(family, number) if is_in(family) => carries(kind, packet, number),
        What::Net(family, direction, prefix) if is_in(family) => address(kind, packet, direction, prefix),
        What::Port(family, transport, direction, low, high) if is_in(family) => {
            let Some((protocol, rest)) = transport_of(kind, packet)? else { return Some(false) };
            let fits = transport.map_or(matches!(protocol, 6 | 17 | 132), |given| given == protocol);
            if !fits {
                return Some(false);
            }
            let inside = |at: usize| u16_at(rest, at).map(|port| low <= port && port <= high);
            both(direction, || inside(0), || inside(2))
        }
        _ => Some(false),
    }
}

fn both(
    direction: Direction,
    source: impl Fn() -> Option<bool>,
    destination: impl Fn() -> Option<bool>,
) -> Option<bool> {
    match direction {
        Direction::Source => source(),
        Direction::Destination => destination(),
        Direction::Either => Some(source()? || destination()?),
        Direction::Both => Some(source()? && destination()?),
    }
}

/// Is it this IP protocol? IPv6 is looked through one fragment header, as libpcap does.
fn carries(kind: u16, packet: &[u8], number: u8) -> Option<bool> {
    match kind {
        IPV4 => Some(*packet.get(9)? == number),
        IPV6 => {
            let next = *packet.get(6)?;
            Some(next == number || (next == 44 && *packet.get(40)? == number))
        }
        _ => Some(false),
    }
}

/// Protocol and transport header; the outer None is "too short", the inner one "no ports there".
#[allow(clippy::type_complexity)]
fn transport_of(kind: u16, packet: &[u8]) -> Option<Option<(u8, &[u8])>> {
    match kind {
        IPV4 => {
            let protocol = *packet.get(9)?;
            if !matches!(protocol, 6 | 17 | 132) || u16_at(packet, 6)? & 0x1fff != 0 {
                return Some(None);
            }
            let header = usize::from(packet.first()? & 15) * 4;
            Some(Some((protocol, packet.get(header..).unwrap_or_default())))
        }
        IPV6 => Some(Some((*packet.get(6)?, packet.get(40..).unwrap_or_default()))),
        _ => Some(None),
    }
}

fn address(kind: u16, packet: &[u8], direction: Direction, prefix: Prefix) -> Option<bool> {
    match (kind, prefix) {
        (IPV4 | ARP | RARP, Prefix::V4 { address, mask }) => {
            let (source, destination) = if kind == IPV4 { (12, 16) } else { (14, 24) };
            let fits = |at: usize| {
                let bytes = packet.get(at..)?.first_chunk::<4>()?;
                Some(u32::from_be_bytes(*bytes) & mask == address)
            };
            both(direction, || fits(source), || fits(destination))
        }
        (IPV6, Prefix::V6 { address, mask }) => {
            let fits = |at: usize| {
                let bytes = packet.get(at..)?.first_chunk::<16>()?;
                Some(u128::from_be_bytes(*bytes) & mask == address)
            };
            both(direction, || fits(8), || fits(24))
        }
        _ => Some(false),
    }
}
