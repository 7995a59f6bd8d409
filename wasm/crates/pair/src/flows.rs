//! Flows of one end, numbered as they appear. A lane is one direction of a flow: 2 × flow + direction, so the way back
//! of a lane is that lane with its last bit turned.

use crate::hash::Table;
use packet::{Address, Packet};

/// Direction-less key: the lower end first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct FlowKey {
    low: Address,
    high: Address,
    ports: u32,
    rest: u64,
}

/// One flow as its end's capture shows it.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// The lower end (address, port), sender of lane 0.
    pub low: Address,
    /// The other one.
    pub high: Address,
    /// Port at `low`; for ICMP echo the identifier.
    pub low_port: u16,
    /// Port at `high`.
    pub high_port: u16,
    /// Are there ports (or an echo identifier)?
    pub has_ports: bool,
    /// IANA number.
    pub protocol: u8,
    /// Packets by lane, errors of routers left out.
    pub packets: [u32; 2],
    /// Frame of its first packet: numbers of flows depend on how a capture was cut, this does not.
    pub first_frame: u32,
    /// Frame of its last packet.
    pub last_frame: u32,
}

impl Flow {
    /// Source and destination of a lane.
    pub fn ends(&self, direction: usize) -> ((Address, u16), (Address, u16)) {
        let (low, high) = ((self.low, self.low_port), (self.high, self.high_port));
        if direction == 0 {
            (low, high)
        } else {
            (high, low)
        }
    }
}

/// All flows of an end.
#[derive(Debug, Default)]
pub struct Flows {
    by_key: Table<FlowKey, u32>,
    list: Vec<Flow>,
    last: Option<(FlowKey, u32)>,
}

impl Flows {
    /// The lane of a packet whose ports are `ports`. Packets of a flow come in the order of their frames.
    #[inline]
    pub fn lane(&mut self, packet: &Packet, ports: Option<(u16, u16)>, frame: u32) -> u32 {
        let (src_port, dst_port) = ports.unwrap_or_default();
        let is_low = (packet.src, src_port) <= (packet.dst, dst_port);
        let (low, high, low_port, high_port) = if is_low {
            (packet.src, packet.dst, src_port, dst_port)
        } else {
            (packet.dst, packet.src, dst_port, src_port)
        };
        let key = FlowKey {
            low,
            high,
            ports: u32::from(low_port) << 16 | u32::from(high_port),
            rest: u64::from(packet.layer_path) << 16
                | u64::from(packet.protocol) << 8
                | u64::from(packet.ip_version) << 1
                | u64::from(ports.is_some()),
        };
        let flow = match self.last {
            Some((known, flow)) if known == key => flow,
            _ => {
                let next = self.list.len() as u32;
                let flow = *self.by_key.entry(key).or_insert(next);
                if flow == next {
                    self.list.push(Flow {
                        low,
                        high,
                        low_port,
                        high_port,
                        has_ports: ports.is_some(),
                        protocol: packet.protocol,
                        packets: [0; 2],
                        first_frame: frame,
                        last_frame: frame,
                    });
                }
                self.last = Some((key, flow));
                flow
            }
        };
        flow * 2 + u32::from(!is_low)
    }

    /// Counts a packet of a lane.
    pub fn count(&mut self, lane: u32, frame: u32) {
        if let Some(flow) = self.list.get_mut(lane as usize / 2) {
            flow.last_frame = flow.last_frame.max(frame);
            if let Some(count) = flow.packets.get_mut(lane as usize % 2) {
                *count = count.saturating_add(1);
            }
        }
    }

    /// A flow by number.
    pub fn get(&self, flow: u32) -> Option<&Flow> {
        self.list.get(flow as usize)
    }

    /// Flows by number.
    pub fn list(&self) -> &[Flow] {
        &self.list
    }
}
