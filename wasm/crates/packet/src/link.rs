//! Link layers: from a frame to the IP packet in it, by LINKTYPE and EtherType.

pub(crate) mod llc;

use crate::ip::{Refusal, Span};
use crate::mpls::mpls;
use crate::way::{Layer, Way};
use crate::{media, ppp, wlan, wrapped};
use columns::Diagnostic;

/// The IP packet of a frame; what was passed on the way to it is left in the `Way`.
pub(crate) type Found<'a> = Result<Span<'a>, Refusal>;

/// LINKTYPE numbers that are decoded.
pub(crate) mod link_type {
    pub const NULL: u32 = 0;
    pub const ETHERNET: u32 = 1;
    pub const IEEE802_5: u32 = 6;
    pub const ARCNET_BSD: u32 = 7;
    pub const PPP: u32 = 9;
    pub const FDDI: u32 = 10;
    pub const RAW_ON_BSD: u32 = 12;
    pub const RAW_ON_OPENBSD: u32 = 14;
    pub const PPP_HDLC: u32 = 50;
    pub const PPP_ETHER: u32 = 51;
    pub const ATM_RFC1483: u32 = 100;
    pub const RAW: u32 = 101;
    pub const C_HDLC: u32 = 104;
    pub const IEEE802_11: u32 = 105;
    pub const FRELAY: u32 = 107;
    pub const LOOP: u32 = 108;
    pub const ENC: u32 = 109;
    pub const LINUX_SLL: u32 = 113;
    pub const PFLOG: u32 = 117;
    pub const IEEE802_11_PRISM: u32 = 119;
    pub const IP_OVER_FC: u32 = 122;
    pub const IEEE802_11_RADIOTAP: u32 = 127;
    pub const ARCNET_LINUX: u32 = 129;
    pub const APPLE_IP_OVER_IEEE1394: u32 = 138;
    pub const IEEE802_11_AVS: u32 = 163;
    pub const PPP_PPPD: u32 = 166;
    pub const PPI: u32 = 192;
    pub const ERF: u32 = 197;
    pub const PPP_WITH_DIR: u32 = 204;
    pub const C_HDLC_WITH_DIR: u32 = 205;
    pub const FRELAY_WITH_DIR: u32 = 206;
    pub const IPV4: u32 = 228;
    pub const IPV6: u32 = 229;
    pub const NFLOG: u32 = 239;
    pub const NETANALYZER: u32 = 240;
    pub const IPOIB: u32 = 242;
    pub const NETLINK: u32 = 253;
    pub const LINUX_SLL2: u32 = 276;
}

pub(crate) mod ethertype {
    pub const IPV4: u16 = 0x0800;
    pub const TRANSPARENT_ETHERNET: u16 = 0x6558;
    pub const VLAN: u16 = 0x8100;
    pub const IPV6: u16 = 0x86dd;
    pub const PPP: u16 = 0x880b;
    pub const MPLS: u16 = 0x8847;
    pub const MPLS_MULTICAST: u16 = 0x8848;
    pub const PPPOE_SESSION: u16 = 0x8864;
    pub const PROVIDER_VLAN: u16 = 0x88a8;
    pub const PROVIDER_BACKBONE: u16 = 0x88e7;
    pub const FABRIC_PATH: u16 = 0x8903;
    pub const VN_TAG: u16 = 0x8926;
    pub const OLD_QINQ: u16 = 0x9100;
}

/// Smallest EtherType; below it the field is the length of an 802.3 frame.
pub(crate) const MIN_ETHERTYPE: u16 = 0x0600;
const ARPHRD_NETLINK: u16 = 824;

pub(crate) const CUT: Refusal = (Diagnostic::HeaderCut, 0);

pub(crate) fn not_ip<'a>(kind: u16) -> Found<'a> {
    Err((Diagnostic::NotIp, u64::from(kind)))
}

/// Finds the IP packet of a frame of this link type. Nearly all are plain Ethernet: the rest is kept out of the way.
#[inline(always)]
pub(crate) fn link(kind: u32, frame: Span<'_>) -> Result<(Span<'_>, Way), Refusal> {
    if kind == link_type::ETHERNET {
        if let Some((head, rest)) = frame.split::<14>() {
            if matches!(u16::from_be_bytes([head[12], head[13]]), ethertype::IPV4 | ethertype::IPV6) {
                return Ok((rest, Way { vlan_id: None, layers: Layer::Ethernet as u64 }));
            }
        }
    }
    longer_way(kind, frame)
}

#[inline(never)]
fn longer_way(kind: u32, frame: Span<'_>) -> Result<(Span<'_>, Way), Refusal> {
    let mut way = Way::default();
    other_link(kind, frame, &mut way).map(|ip| (ip, way))
}

pub(crate) fn other_link<'a>(kind: u32, frame: Span<'a>, way: &mut Way) -> Found<'a> {
    match kind {
        link_type::ETHERNET => ethernet(frame, way),
        link_type::LINUX_SLL | link_type::NETLINK => {
            let (head, rest) = frame.split::<16>().ok_or(CUT)?;
            cooked(u16::from_be_bytes([head[2], head[3]]), u16::from_be_bytes([head[14], head[15]]), rest, way)
        }
        link_type::LINUX_SLL2 => {
            let (head, rest) = frame.split::<20>().ok_or(CUT)?;
            cooked(u16::from_be_bytes([head[8], head[9]]), u16::from_be_bytes([head[0], head[1]]), rest, way)
        }
        link_type::RAW | link_type::RAW_ON_BSD | link_type::RAW_ON_OPENBSD | link_type::IPV4 | link_type::IPV6 => {
            Ok(frame)
        }
        link_type::NULL | link_type::LOOP => {
            let (head, rest) = frame.split::<4>().ok_or(CUT)?;
            // NULL is in the writer's byte order, LOOP in network order; address families are small numbers.
            let family = u32::from_be_bytes(*head);
            let family = if family > 0xffff { family.swap_bytes() } else { family };
            way.pass(Layer::Null);
            match family {
                family if wrapped::is_ip_family(family) => Ok(rest),
                _ => not_ip(u16::try_from(family).unwrap_or(0)),
            }
        }
        link_type::PPP | link_type::PPP_HDLC => ppp::ppp(frame, way),
        link_type::PPP_ETHER => ppp::pppoe(frame, way),
        // One byte of direction comes first.
        link_type::PPP_PPPD | link_type::PPP_WITH_DIR => ppp::ppp(frame.after(1).ok_or(CUT)?, way),
        link_type::C_HDLC_WITH_DIR => ppp::hdlc(frame.after(1).ok_or(CUT)?, way),
        link_type::FRELAY_WITH_DIR => ppp::frame_relay(frame.after(1).ok_or(CUT)?, way),
        link_type::C_HDLC => ppp::hdlc(frame, way),
        link_type::FRELAY => ppp::frame_relay(frame, way),
        link_type::IEEE802_11 => wlan::wlan(frame, false, way),
        link_type::IEEE802_11_RADIOTAP => wlan::radiotap(frame, way),
        link_type::IEEE802_11_PRISM | link_type::IEEE802_11_AVS => wlan::avs_or_prism(frame, way),
        link_type::PPI => wrapped::ppi(frame, way),
        link_type::ERF => wrapped::erf(frame, way),
        link_type::PFLOG => wrapped::pflog(frame, way),
        link_type::ENC => wrapped::enc(frame, way),
        link_type::NFLOG => wrapped::nflog(frame, way),
        link_type::NETANALYZER => ethernet(frame.after(4).ok_or(CUT)?, way),
        link_type::FDDI => media::fddi(frame, way),
        link_type::IEEE802_5 => media::token_ring(frame, way),
        link_type::ARCNET_BSD => media::arcnet(frame, false, way),
        link_type::ARCNET_LINUX => media::arcnet(frame, true, way),
        link_type::IP_OVER_FC => media::fibre_channel(frame, way),
        link_type::IPOIB => media::infiniband(frame, way),
        link_type::APPLE_IP_OVER_IEEE1394 => media::firewire(frame, way),
        link_type::ATM_RFC1483 => media::atm(frame, way),
        _ => Err((Diagnostic::UnknownLinkType, u64::from(kind))),
    }
}

fn cooked<'a>(hardware: u16, protocol: u16, rest: Span<'a>, way: &mut Way) -> Found<'a> {
    way.pass(Layer::Sll);
    match protocol {
        // A netlink message has a netlink family there.
        family if hardware == ARPHRD_NETLINK => wrapped::netlink(family, rest, way),
        0x0001 => not_ip(protocol),
        0x0004 => llc::llc(rest, way),
        protocol => by_ethertype(protocol, rest, way),
    }
}

/// Ethernet II, or 802.3 with LLC.
pub(crate) fn ethernet<'a>(frame: Span<'a>, way: &mut Way) -> Found<'a> {
    let (head, rest) = frame.split::<14>().ok_or(CUT)?;
    way.pass(Layer::Ethernet);
    match u16::from_be_bytes([head[12], head[13]]) {
        ethertype::IPV4 | ethertype::IPV6 => Ok(rest),
        kind if kind < MIN_ETHERTYPE => ethernet_802_3(frame, rest, way),
        kind => by_ethertype(kind, rest, way),
    }
}

/// Cisco's inter-switch link is told from LLC by its multicast destination, the fifth byte of which says what is
/// inside: 26 bytes of header, then a whole Ethernet frame.
fn ethernet_802_3<'a>(frame: Span<'a>, rest: Span<'a>, way: &mut Way) -> Found<'a> {
    const ISL_LEN: usize = 26;
    if let Some((head, inside)) = frame.split::<ISL_LEN>() {
        if matches!(head, [0x01 | 0x03 | 0x0c, 0, 0x0c, 0, kind, ..] if kind >> 4 == 0)
            && head[14..17] == [0xaa, 0xaa, 3]
        {
            way.pass(Layer::Isl);
            way.vlan_id = Some(u16::from_be_bytes([head[20], head[21]]) >> 1);
            let (inner, rest) = inside.split::<14>().ok_or(CUT)?;
            way.pass(Layer::Ethernet);
            let kind = u16::from_be_bytes([inner[12], inner[13]]);
            return if kind < MIN_ETHERTYPE { llc::llc(rest, way) } else { by_ethertype(kind, rest, way) };
        }
    }
    llc::llc(rest, way)
}

/// Follows tags, labels, sessions and frames in frames to IP. Each step takes at least two bytes, so it ends.
pub(crate) fn by_ethertype<'a>(mut kind: u16, mut rest: Span<'a>, way: &mut Way) -> Found<'a> {
    loop {
        match kind {
            ethertype::IPV4 | ethertype::IPV6 => return Ok(rest),
            ethertype::VLAN | ethertype::PROVIDER_VLAN | ethertype::OLD_QINQ => {
                let (tag, inner) = rest.split::<4>().ok_or(CUT)?;
                way.pass(Layer::Vlan);
                way.vlan_id = Some(u16::from_be_bytes([tag[0] & 0x0f, tag[1]]));
                kind = u16::from_be_bytes([tag[2], tag[3]]);
                rest = inner;
            }
            ethertype::VN_TAG => {
                let (tag, inner) = rest.split::<6>().ok_or(CUT)?;
                way.pass(Layer::VnTag);
                kind = u16::from_be_bytes([tag[4], tag[5]]);
                rest = inner;
            }
            // 802.1ah: four bytes with the service id, then the customer's frame. FabricPath: two bytes of tag.
            ethertype::PROVIDER_BACKBONE | ethertype::FABRIC_PATH | ethertype::TRANSPARENT_ETHERNET => {
                let (len, layer) = match kind {
                    ethertype::PROVIDER_BACKBONE => (4, Some(Layer::ProviderBackbone)),
                    ethertype::FABRIC_PATH => (2, Some(Layer::FabricPath)),
                    _ => (0, None),
                };
                let (head, inner) = rest.after(len).ok_or(CUT)?.split::<14>().ok_or(CUT)?;
                layer.into_iter().for_each(|layer| way.pass(layer));
                way.pass(Layer::Ethernet);
                kind = u16::from_be_bytes([head[12], head[13]]);
                rest = inner;
            }
            ethertype::PPPOE_SESSION => return ppp::pppoe(rest, way),
            ethertype::PPP => return ppp::ppp(rest, way),
            ethertype::MPLS | ethertype::MPLS_MULTICAST => return mpls(kind, rest, way),
            kind if kind < MIN_ETHERTYPE => return llc::llc(rest, way),
            kind => return not_ip(kind),
        }
    }
}
