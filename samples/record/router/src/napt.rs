//! Network address and port translation (RFC 3022, endpoint-independent mapping of RFC 4787) of many homes: a home has a
//! public address of its own, or shares one and has the ports of its set (MAP-E, RFC 7597 section 5.1).

use crate::packet::{self, Layout, ICMP, TCP, UDP};
use crate::random::Random;
use std::collections::HashMap;

/// MAP-E with four offset bits, as the Japanese services have it: the first 4096 ports belong to nobody.
const OFFSET_BITS: u32 = 4;

#[derive(Clone, Debug, PartialEq)]
pub struct Ports {
    /// (set, bits of its identifier); None has all ports above the well-known.
    pub set: Option<(u16, u32)>,
}

impl Ports {
    fn all(&self) -> Vec<u16> {
        let (set, bits) = match self.set {
            None => return (1024..=65535).collect(),
            Some(given) => given,
        };
        let low_bits = 16 - OFFSET_BITS - bits;
        (1u32..1 << OFFSET_BITS)
            .flat_map(|block| {
                let base = block << (16 - OFFSET_BITS) | u32::from(set) << low_bits;
                (0..1u32 << low_bits).map(move |low| (base | low) as u16)
            })
            .collect()
    }
}

#[derive(Debug)]
struct Home {
    public: [u8; 4],
    /// In the order they are given out.
    free: Vec<u16>,
    used: HashMap<(u8, u16), u16>,
}

/// Fragments name no ports: those of a datagram follow its first.
type FragmentKey = ([u8; 4], [u8; 4], u8, u16);

#[derive(Debug, Default)]
pub struct Napt {
    homes: Vec<Home>,
    /// (protocol, public address, public port) → (home, private port).
    inward: HashMap<(u8, [u8; 4], u16), (usize, u16)>,
    fragments: HashMap<FragmentKey, usize>,
}

impl Napt {
    pub fn add_home(&mut self, public: [u8; 4], ports: &Ports, seed: u64) {
        let mut random = Random::new(seed, &format!("ports {}", self.homes.len()));
        let mut free = ports.all();
        for at in (1..free.len()).rev() {
            free.swap(at, (random.next() % (at as u64 + 1)) as usize);
        }
        self.homes.push(Home { public, free, used: HashMap::new() });
    }

    fn mapped(&mut self, home: usize, protocol: u8, private: u16) -> Option<u16> {
        let own = &mut self.homes[home];
        if let Some(&port) = own.used.get(&(protocol, private)) {
            return Some(port);
        }
        let port = own.free.pop()?;
        own.used.insert((protocol, private), port);
        self.inward.insert((protocol, own.public, port), (home, private));
        Some(port)
    }

    /// Rewrites a packet that leaves a home. False when it cannot be translated.
    pub fn outward(&mut self, home: usize, bytes: &mut [u8], layout: &Layout) -> bool {
        let public = self.homes[home].public;
        if layout.fragment_offset != 0 {
            packet::set_address(bytes, layout, 12, public);
            return true;
        }
        match layout.protocol {
            TCP | UDP => {}
            ICMP if is_query(bytes, layout) => {}
            ICMP => return self.quoted(home, bytes, layout, 16, public),
            _ => return false,
        }
        let private = packet::port_at(bytes, layout, 0);
        match self.mapped(home, layout.protocol, private) {
            None => false,
            Some(port) => {
                packet::set_port(bytes, layout, 0, port);
                packet::set_address(bytes, layout, 12, public);
                true
            }
        }
    }

    /// The home that a packet from outside is for, and the packet rewritten for it; None when nobody asked for it.
    pub fn inward(&mut self, bytes: &mut [u8], layout: &Layout, private: impl Fn(usize) -> [u8; 4]) -> Option<usize> {
        let public = packet::address_at(bytes, 16);
        let key = (packet::address_at(bytes, 12), public, layout.protocol, packet::u16_at(bytes, 4));
        if layout.fragment_offset != 0 {
            let home = *self.fragments.get(&key)?;
            packet::set_address(bytes, layout, 16, private(home));
            return Some(home);
        }
        if layout.protocol == ICMP && !is_query(bytes, layout) {
            let inner = quoted_layout(bytes, layout)?;
            let port = packet::port_at(&bytes[layout.header_bytes + 8..], &inner, 0);
            let (home, _) = *self.inward.get(&(inner.protocol, public, port))?;
            return if self.quoted(home, bytes, layout, 12, private(home)) { Some(home) } else { None };
        }
        let port = packet::port_at(bytes, layout, 2);
        let (home, own) = *self.inward.get(&(layout.protocol, public, port))?;
        packet::set_port(bytes, layout, 2, own);
        packet::set_address(bytes, layout, 16, private(home));
        if layout.more_fragments {
            self.fragments.insert(key, home);
        }
        Some(home)
    }

    /// An ICMP error: what it quotes is translated as the packet it speaks of was. `side` is where the home's address
    /// stands in the quotation: 12, quoted to the home that sent it, or 16, quoted by the home that got it.
    fn quoted(&mut self, home: usize, bytes: &mut [u8], layout: &Layout, side: usize, address: [u8; 4]) -> bool {
        let inner = match quoted_layout(bytes, layout) {
            None => return false,
            Some(inner) => inner,
        };
        let at = layout.header_bytes + 8;
        let port_side = if side == 12 { 0 } else { 2 };
        let seen = packet::port_at(&bytes[at..], &inner, port_side);
        let own = &self.homes[home];
        let port = if side == 12 {
            self.inward.get(&(inner.protocol, own.public, seen)).map(|&(_, private)| private)
        } else {
            own.used.get(&(inner.protocol, seen)).copied()
        };
        let port = match port {
            None => return false,
            Some(port) => port,
        };
        packet::put_u16(&mut bytes[at..], inner.header_bytes + port_side, port);
        bytes[at + side..at + side + 4].copy_from_slice(&address);
        packet::put_u16(&mut bytes[at..], 10, 0);
        let sum = packet::checksum(&bytes[at..at + inner.header_bytes], 0);
        packet::put_u16(&mut bytes[at..], 10, sum);
        let own_at = layout.header_bytes;
        packet::put_u16(bytes, own_at + 2, 0);
        let sum = packet::checksum(&bytes[own_at..], 0);
        packet::put_u16(bytes, own_at + 2, sum);
        // The error itself goes the other way: its own address stands at the other place.
        packet::set_address(bytes, layout, if side == 12 { 16 } else { 12 }, address);
        true
    }
}

/// Echo and its answer carry an identifier that stands for a port.
fn is_query(bytes: &[u8], layout: &Layout) -> bool {
    matches!(bytes[layout.header_bytes], 0 | 8)
}

/// The quoted packet is cut, so its length field says more than is there.
fn quoted_layout(bytes: &[u8], layout: &Layout) -> Option<Layout> {
    let inner = bytes.get(layout.header_bytes + 8..)?;
    if inner.len() < 28 || inner[0] >> 4 != 4 {
        return None;
    }
    let header_bytes = usize::from(inner[0] & 15) * 4;
    if header_bytes < 20 || inner.len() < header_bytes + 8 || !matches!(inner[9], TCP | UDP) {
        return None;
    }
    Some(Layout { header_bytes, protocol: inner[9], fragment_offset: 0, more_fragments: false, dont_fragment: true })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::tests::{assert_sums, datagram};
    use crate::packet::{layout, port_at, too_big};

    const SERVER: ([u8; 4], u16) = ([203, 0, 113, 10], 27960);

    fn two_homes() -> Napt {
        let mut napt = Napt::default();
        napt.add_home([198, 51, 100, 70], &Ports { set: Some((52, 8)) }, 1);
        napt.add_home([198, 51, 100, 70], &Ports { set: Some((53, 8)) }, 1);
        napt
    }

    fn private(home: usize) -> [u8; 4] {
        [192, 168, home as u8, 2]
    }

    #[test]
    fn a_port_set_is_240_ports_with_its_number_in_the_middle_bits() {
        let ports = Ports { set: Some((52, 8)) }.all();
        assert_eq!(ports.len(), 240);
        assert!(ports.iter().all(|port| port >> 4 & 0xff == 52 && *port >= 4096));
    }

    #[test]
    fn answers_find_the_home_that_asked_though_homes_share_an_address() {
        let mut napt = two_homes();
        for protocol in [UDP, TCP, ICMP].iter().copied() {
            for home in 0..2 {
                let mut out = datagram(protocol, (private(home), 5000), SERVER, b"hello there");
                if protocol == ICMP {
                    out[20] = 8;
                    packet::put_u16(&mut out, 24, 5000);
                    packet::tests::finish(&mut out);
                }
                let at = layout(&out).expect("a packet");
                assert!(napt.outward(home, &mut out, &at));
                assert_sums(&out);
                let port = port_at(&out, &at, 0);
                assert_eq!(port >> 4 & 0xff, 52 + home as u16);
                let mut back = datagram(protocol, SERVER, ([198, 51, 100, 70], port), b"hello");
                if protocol == ICMP {
                    back[20] = 0;
                    packet::put_u16(&mut back, 24, port);
                    packet::tests::finish(&mut back);
                }
                let at = layout(&back).expect("a packet");
                assert_eq!(napt.inward(&mut back, &at, private), Some(home));
                assert_sums(&back);
                assert_eq!(packet::address_at(&back, 16), private(home));
                assert_eq!(if protocol == ICMP { packet::u16_at(&back, 24) } else { port_at(&back, &at, 2) }, 5000);
            }
        }
    }

    #[test]
    fn what_nobody_asked_for_has_no_home() {
        let mut packet = datagram(UDP, SERVER, ([198, 51, 100, 70], 4999), b"scan");
        let at = layout(&packet).expect("a packet");
        assert_eq!(two_homes().inward(&mut packet, &at, private), None);
    }

    #[test]
    fn an_error_about_a_translated_packet_reaches_its_sender_and_quotes_what_it_sent() {
        let mut napt = two_homes();
        let sent = datagram(UDP, (private(1), 5000), SERVER, &[7; 64]);
        let mut out = sent.clone();
        let at = layout(&out).expect("a packet");
        assert!(napt.outward(1, &mut out, &at));
        let mut error = too_big(&out, &at, [198, 51, 100, 254], 1460);
        let at = layout(&error).expect("an error");
        assert_eq!(napt.inward(&mut error, &at, private), Some(1));
        assert_eq!(packet::checksum(&error[20..], 0), 0);
        assert_eq!(packet::checksum(&error[..20], 0), 0);
        assert_eq!(error[40..48], sent[12..20]);
        assert_eq!(error[48..50], sent[20..22]);
    }
}
