//! Which packets are wanted: both directions of five-tuples, each within a time.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use packet::{Address, Packet};

/// A conversation and a time, both ends of it included.
#[derive(Clone, Copy, Debug)]
pub struct Selector {
    /// The two ends, in any order; IPv4 as ::ffff:a.b.c.d.
    pub ends: [(Address, u16); 2],
    /// IANA protocol number.
    pub protocol: u8,
    /// First and last instant, ns since the epoch.
    pub from_ns: i64,
    /// Inclusive.
    pub to_ns: i64,
    /// At most so many records, the first ones.
    pub limit: u32,
}

/// From, to, how many more, and the selector's number.
type Wanted = (i64, i64, u32, u32);

type Tuple = ((Address, u16), (Address, u16), u8);

/// Selectors by conversation.
#[derive(Clone, Debug, Default)]
pub struct Selectors {
    by_tuple: BTreeMap<Tuple, Vec<Wanted>>,
}

fn tuple(a: (Address, u16), b: (Address, u16), protocol: u8) -> Tuple {
    if a <= b {
        (a, b, protocol)
    } else {
        (b, a, protocol)
    }
}

impl Selectors {
    /// Selectors are numbered in their order.
    pub fn new(selectors: &[Selector]) -> Self {
        let mut by_tuple: BTreeMap<Tuple, Vec<Wanted>> = BTreeMap::new();
        for (index, selector) in selectors.iter().enumerate() {
            let [a, b] = selector.ends;
            by_tuple.entry(tuple(a, b, selector.protocol)).or_default().push((
                selector.from_ns,
                selector.to_ns,
                selector.limit,
                index as u32,
            ));
        }
        Selectors { by_tuple }
    }

    /// Numbers of the selectors that want this packet; each counts it.
    pub fn wanting(&mut self, packet: &Packet, mut found: impl FnMut(u32)) {
        let (src_port, dst_port) = packet.ports.unwrap_or_default();
        let Some(at) = packet.timestamp_ns else { return };
        let wanted = self.by_tuple.get_mut(&tuple((packet.src, src_port), (packet.dst, dst_port), packet.protocol));
        for (from, to, left, index) in wanted.into_iter().flatten() {
            if (*from..=*to).contains(&at) && *left > 0 {
                *left -= 1;
                found(*index);
            }
        }
    }
}
