//! Link layers of other media: FDDI, token ring, ARCNET, Fibre Channel, InfiniBand, FireWire, ATM.

use crate::ip::Span;
use crate::link::{by_ethertype, llc, not_ip, Found, CUT};
use crate::way::{Layer, Way};

/// Frame control, two addresses, LLC.
pub(crate) fn fddi<'a>(span: Span<'a>, way: &mut Way) -> Found<'a> {
    let (head, rest) = span.split::<13>().ok_or(CUT)?;
    way.pass(Layer::Fddi);
    match head[0] & 0xf0 {
        0x50 => llc::llc(rest, way),
        _ => not_ip(0),
    }
}

/// Access control, frame control, two addresses, routing information where the source says so, LLC.
pub(crate) fn token_ring<'a>(span: Span<'a>, way: &mut Way) -> Found<'a> {
    const LLC_FRAME: u8 = 0x40;
    let (head, rest) = span.split::<14>().ok_or(CUT)?;
    way.pass(Layer::TokenRing);
    if head[1] & 0xc0 != LLC_FRAME {
        return not_ip(0);
    }
    let is_source_routed = head[8] & 0x80 != 0;
    if !is_source_routed {
        return llc::llc(rest, way);
    }
    let routing = *rest.data.first().ok_or(CUT)?;
    llc::llc(rest.after(usize::from(routing & 0x1f)).ok_or(CUT)?, way)
}

/// ARCNET (RFC 1201, and RFC 1051 without fragmentation header). Linux adds two bytes of offset and hides
/// fragmentation.
pub(crate) fn arcnet<'a>(span: Span<'a>, is_linux: bool, way: &mut Way) -> Found<'a> {
    const IP: u8 = 212;
    const IPV6: u8 = 196;
    const IP_OLD: u8 = 240;
    const EXCEPTION: u8 = 0xff;
    let rest = span.after(if is_linux { 4 } else { 2 }).ok_or(CUT)?;
    let (kind, rest) = rest.split::<1>().ok_or(CUT)?;
    way.pass(Layer::Arcnet);
    match kind[0] {
        IP_OLD => Ok(rest),
        IP | IPV6 => {
            let (head, inside) = rest.split::<3>().ok_or(CUT)?;
            match head[0] {
                _ if is_linux => Ok(inside),
                EXCEPTION => inside.after(3).ok_or(CUT),
                // 0: whole; odd: the first fragment; other even ones: a later fragment.
                flag if flag == 0 || flag & 1 != 0 => Ok(inside),
                _ => not_ip(u16::from(kind[0])),
            }
        }
        kind => not_ip(u16::from(kind)),
    }
}

/// RFC 2625: network addresses of eight bytes each, LLC.
pub(crate) fn fibre_channel<'a>(span: Span<'a>, way: &mut Way) -> Found<'a> {
    way.pass(Layer::FibreChannel);
    llc::llc(span.after(16).ok_or(CUT)?, way)
}

/// A global routing header and the RFC 4391 encapsulation.
pub(crate) fn infiniband<'a>(span: Span<'a>, way: &mut Way) -> Found<'a> {
    let (head, rest) = span.split::<44>().ok_or(CUT)?;
    way.pass(Layer::InfiniBand);
    by_ethertype(u16::from_be_bytes([head[40], head[41]]), rest, way)
}

/// Apple's IP over IEEE 1394: two addresses of eight bytes, EtherType.
pub(crate) fn firewire<'a>(span: Span<'a>, way: &mut Way) -> Found<'a> {
    let (head, rest) = span.split::<18>().ok_or(CUT)?;
    way.pass(Layer::FireWire);
    by_ethertype(u16::from_be_bytes([head[16], head[17]]), rest, way)
}

/// LLC-encapsulated ATM (RFC 2684).
pub(crate) fn atm<'a>(span: Span<'a>, way: &mut Way) -> Found<'a> {
    way.pass(Layer::Atm);
    llc::llc(span, way)
}
