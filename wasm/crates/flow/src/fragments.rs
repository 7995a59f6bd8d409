//! Later fragments have no ports; they join the flow of their first fragment by (source, destination, protocol,
//! identification) (RFC 791 3.2, RFC 8200 4.5).

use crate::state::{state, Input, State};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use packet::{Address, Packet};

/// Datagrams in flight remembered per (source, destination, protocol). Bounded per pair and not per shard: which
/// flows share a shard must not decide which fragment finds its flow.
const PER_PAIR: usize = 32;
/// A fragment joins only within the time a receiver would wait for it (RFC 8200 4.5: 60 s).
const REASSEMBLY_NS: i64 = 60_000_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    src: Address,
    dst: Address,
    protocol: u8,
    layer_path: u32,
}
state!(Pair { src, dst, protocol, layer_path });

#[derive(Clone, Copy, Debug)]
struct Datagram {
    id: u32,
    at_ns: i64,
    ports: (u16, u16),
}
state!(Datagram { id, at_ns, ports });

/// First fragments seen lately.
#[derive(Debug, Default)]
pub struct Fragments {
    pairs: BTreeMap<Pair, Vec<Datagram>>,
}

impl Fragments {
    /// Ports of the datagram this packet is a piece of: its own, or those of its first fragment.
    pub fn ports(&mut self, packet: &Packet) -> Option<(u16, u16)> {
        let id = packet.ip_id?;
        let pair = Pair { src: packet.src, dst: packet.dst, protocol: packet.protocol, layer_path: packet.layer_path };
        let at_ns = packet.timestamp_ns.unwrap_or(0);
        if let Some(ports) = packet.ports {
            let datagrams = self.pairs.entry(pair).or_default();
            datagrams.retain(|datagram| datagram.id != id);
            if datagrams.len() >= PER_PAIR {
                datagrams.remove(0);
            }
            datagrams.push(Datagram { id, at_ns, ports });
            return Some(ports);
        }
        let datagram = self.pairs.get(&pair)?.iter().find(|datagram| datagram.id == id)?;
        let is_near = packet
            .timestamp_ns
            .is_none_or(|now| now.saturating_sub(datagram.at_ns).unsigned_abs() <= REASSEMBLY_NS as u64);
        is_near.then_some(datagram.ports)
    }

    /// Forgets what no fragment seen after `horizon_ns` can join.
    pub fn forget_before(&mut self, horizon_ns: i64) {
        self.pairs.retain(|_, datagrams| {
            datagrams.retain(|datagram| datagram.at_ns >= horizon_ns.saturating_sub(REASSEMBLY_NS));
            !datagrams.is_empty()
        });
    }
}

impl State for Fragments {
    fn save(&self, out: &mut Vec<u8>) {
        (self.pairs.len() as u32).save(out);
        for (pair, datagrams) in &self.pairs {
            pair.save(out);
            datagrams.save(out);
        }
    }
    fn load(input: &mut Input) -> Option<Self> {
        let pairs: Vec<(Pair, Vec<Datagram>)> = Vec::load(input)?;
        Some(Fragments { pairs: pairs.into_iter().collect() })
    }
}
