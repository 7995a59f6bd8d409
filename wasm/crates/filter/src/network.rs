//! From a frame to its network protocol, as far as a filter follows it: tags it was told of, nothing else.

use crate::Frame;

pub(crate) const IPV4: u16 = 0x0800;
pub(crate) const IPV6: u16 = 0x86dd;
pub(crate) const ARP: u16 = 0x0806;
pub(crate) const RARP: u16 = 0x8035;

/// EtherType and the bytes behind the link header. None: the frame is too short to tell.
pub(crate) fn network(frame: Frame<'_>, vlans: u32) -> Option<(u16, &[u8])> {
    let tags = 4 * vlans as usize;
    let data = frame.data;
    match frame.link_type {
        1 => Some((u16_at(data, 12 + tags)?, from(data, 14 + tags))),
        113 => Some((u16_at(data, 14 + tags)?, from(data, 16 + tags))),
        276 => Some((u16_at(data, 0)?, from(data, 20 + tags))),
        12 | 14 | 101 | 228 | 229 => Some((by_version(*data.first()?), data)),
        0 | 108 => {
            let family = u32::from_be_bytes(*data.first_chunk::<4>()?);
            let family = if family > 0xffff { family.swap_bytes() } else { family };
            let kind = match family {
                2 => IPV4,
                10 | 24 | 28 | 30 => IPV6,
                _ => 0,
            };
            Some((kind, from(data, 4)))
        }
        9 | 50 => {
            let start = if data.first() == Some(&0xff) { 2 } else { 0 };
            Some((by_ppp(u16_at(data, start)?), from(data, start + 2)))
        }
        104 => Some((u16_at(data, 2)?, from(data, 4))),
        _ => Some((0, &[])),
    }
}

/// Does a tag stand behind so many others?
pub(crate) fn vlan_tag(frame: Frame<'_>, vlans: u32) -> Option<Option<u16>> {
    let at = match frame.link_type {
        1 => 12,
        113 => 14,
        _ => return Some(None),
    } + 4 * vlans as usize;
    match u16_at(frame.data, at)? {
        0x8100 | 0x88a8 | 0x9100 => Some(Some(u16_at(frame.data, at + 2)? & 0x0fff)),
        _ => Some(None),
    }
}

fn by_version(first: u8) -> u16 {
    match first >> 4 {
        4 => IPV4,
        6 => IPV6,
        _ => 0,
    }
}

fn by_ppp(protocol: u16) -> u16 {
    match protocol {
        0x0021 => IPV4,
        0x0057 => IPV6,
        _ => 0,
    }
}

fn from(data: &[u8], at: usize) -> &[u8] {
    data.get(at..).unwrap_or_default()
}

pub(crate) fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    data.get(at..)?.first_chunk::<2>().map(|bytes| u16::from_be_bytes(*bytes))
}
