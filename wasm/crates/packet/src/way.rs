//! The way from the outside of a frame to its row: the layers passed, the innermost VLAN tag, and which tunnels.

use crate::hash::address_hash;
use crate::row::Address;

/// Layers by the code that `Packet::layers` packs: places in `columns::LAYERS`, from 1; 0 is no layer.
macro_rules! layers {
    ($($name:ident = $code:literal;)*) => {
        /// A layer between the frame and the transport.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Layer { $($name = $code,)* }
    };
}

layers! {
    Ip = 1;
    Ipv6 = 2;
    Ethernet = 3;
    Vlan = 4;
    Mpls = 5;
    Pppoe = 6;
    Ppp = 7;
    Sll = 8;
    Null = 9;
    Hdlc = 10;
    FrameRelay = 11;
    Wlan = 12;
    Fddi = 13;
    TokenRing = 14;
    Arcnet = 15;
    FibreChannel = 16;
    InfiniBand = 17;
    FireWire = 18;
    Atm = 19;
    Nflog = 20;
    Pflog = 21;
    Enc = 22;
    Erf = 23;
    ProviderBackbone = 24;
    FabricPath = 25;
    Isl = 26;
    VnTag = 27;
    Gre = 28;
    Erspan = 29;
    EtherIp = 30;
    Udp = 31;
    Vxlan = 32;
    Geneve = 33;
    Gtp = 34;
    L2tp = 35;
    Teredo = 36;
    Ayiya = 37;
    Lisp = 38;
    Netlink = 39;
}

/// Bits per layer code: ten codes fit into 60 bits.
const CODE_BITS: u32 = 6;
const MAX_CODES: u32 = 10;
const FULL: u64 = 1 << (CODE_BITS * (MAX_CODES - 1));

/// What is learned on the way inwards. A copy is taken before a tunnel is entered, and kept if it led somewhere.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Way {
    /// Innermost VLAN id.
    pub vlan_id: Option<u16>,
    /// Codes of the layers, the outermost in the highest bits; layers beyond the tenth are left out.
    pub layers: u64,
}

impl Way {
    #[inline(always)]
    pub fn pass(&mut self, layer: Layer) {
        if self.layers < FULL {
            self.layers = self.layers << CODE_BITS | layer as u64;
        }
    }

    #[inline(always)]
    pub fn pass_ip(&mut self, version: u8) {
        self.pass(if version == 6 { Layer::Ipv6 } else { Layer::Ip });
    }
}

/// A tunnel as far as both directions of it agree: what it is, its number, its two ends in no order. Numbers that
/// each end chooses for itself (TEID, L2TP session, PPTP call) are left out: they would part the directions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tunnel {
    pub kind: Layer,
    pub id: u32,
    pub ends: u64,
}

impl Tunnel {
    pub fn new(kind: Layer, id: u32, src: &Address, dst: &Address) -> Self {
        Tunnel { kind, id, ends: address_hash(src).wrapping_add(address_hash(dst)) }
    }

    /// The path into this tunnel from where `path` led; never 0, which is "outside of any".
    pub fn path_from(&self, path: u32) -> u32 {
        const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
        let own = (u64::from(self.id) << 8 | self.kind as u64).wrapping_mul(MIX) ^ self.ends.rotate_left(29);
        let mixed = ((own ^ own >> 32).wrapping_mul(MIX) ^ u64::from(path)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        ((mixed >> 32) as u32).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use columns::LAYERS;

    #[test]
    fn a_path_tells_kind_number_ends_and_order_of_tunnels_apart_but_not_their_direction() {
        let (a, b, c) = ([1; 16], [2; 16], [3; 16]);
        let there = Tunnel::new(Layer::Vxlan, 7, &a, &b).path_from(0);
        assert_eq!(there, Tunnel::new(Layer::Vxlan, 7, &b, &a).path_from(0));
        let gre = Tunnel::new(Layer::Gre, 7, &a, &b);
        let others = [
            0,
            Tunnel::new(Layer::Vxlan, 8, &a, &b).path_from(0),
            Tunnel::new(Layer::Vxlan, 7, &a, &c).path_from(0),
            gre.path_from(0),
            gre.path_from(there),
            Tunnel::new(Layer::Vxlan, 7, &a, &b).path_from(gre.path_from(0)),
        ];
        assert!(others.iter().all(|other| *other != there));
    }

    #[test]
    fn layers_beyond_the_tenth_leave_the_outer_ones_alone() {
        let mut way = Way::default();
        for _ in 0..10 {
            way.pass(Layer::Ethernet);
        }
        let full = way.layers;
        way.pass(Layer::Lisp);
        assert_eq!((way.layers, full >> 54), (full, Layer::Ethernet as u64));
        let named = [(Layer::Ip, "ip"), (Layer::Wlan, "wlan"), (Layer::Gre, "gre"), (Layer::Netlink, "netlink")];
        assert!(named.iter().all(|(layer, name)| LAYERS.get(*layer as usize - 1) == Some(name)));
        assert_eq!(LAYERS.len(), Layer::Netlink as usize);
    }
}
