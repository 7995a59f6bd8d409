//! One frame → one row, or the reason why there is none.

use crate::contents::{Comparison, Contents};
use crate::hash::payload_hash;
use crate::ip::{self, Payload, Refusal, Span};
use crate::link::link;
use crate::row::Packet;
use crate::way::Way;
use crate::{transport, tunnel};
use columns::Diagnostic;

/// Tunnels followed inwards.
const MAX_TUNNELS: usize = 8;

/// What became of a frame: law 5 knows no third way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The packet was filled; a notice says that something behind its IP header could not be read.
    Row {
        /// `TransportHeaderCut` or `TooDeep`.
        notice: Option<Diagnostic>,
    },
    /// No row. The packet holds nothing of this frame.
    Diagnosed {
        /// Why.
        diagnostic: Diagnostic,
        /// What `Diagnostic` says `detail` is.
        detail: u64,
    },
}

/// Decodes the captured bytes of a frame that was `original_len` bytes long. Everything in `packet` is set but
/// `frame_index` and `timestamp_ns`, which belong to the record.
#[inline(always)]
pub fn decode(link_type: u32, data: &[u8], original_len: u32, packet: &mut Packet) -> Outcome {
    decode_for(None, link_type, data, original_len, packet)
}

/// The same, with what a comparison wants of its contents.
#[inline(always)]
pub(crate) fn decode_for(
    comparison: Option<&Comparison>,
    link_type: u32,
    data: &[u8],
    original_len: u32,
    packet: &mut Packet,
) -> Outcome {
    match read(comparison, link_type, data, original_len, packet) {
        Ok(notice) => Outcome::Row { notice },
        Err((diagnostic, detail)) => Outcome::Diagnosed { diagnostic, detail },
    }
}

#[inline(always)]
fn read(
    comparison: Option<&Comparison>,
    link_type: u32,
    data: &[u8],
    original_len: u32,
    packet: &mut Packet,
) -> Result<Option<Diagnostic>, Refusal> {
    // Some writers store an original length below the captured one: then the frame held what was captured.
    let frame = Span { data, wire: original_len.max(data.len() as u32) };
    let (ip, mut way) = link(link_type, frame)?;
    let mut payload = ip::read(ip, packet)?;
    way.pass_ip(packet.ip_version);
    packet.layer_path = 0;
    packet.vlan_id = way.vlan_id;
    packet.layers = way.layers;
    let mut notice = None;
    if tunnel::is_tunnel(packet, &payload) {
        (payload, notice) = innermost(packet, payload);
    }
    let transport = transport::read(payload, packet);
    let segment = payload.span;
    let payload = transport.payload;
    packet.contents = match comparison {
        Some(comparison) if !transport.is_cut => comparison.of(packet, segment, payload),
        _ => Contents::default(),
    };
    packet.captured_len_bytes = data.len() as u32;
    packet.original_len_bytes = original_len;
    packet.payload_len_bytes = payload.wire;
    packet.is_payload_cut = (payload.data.len() as u32) < payload.wire;
    packet.payload_hash = payload_hash(payload.data);
    let has_prefix = packet.protocol == transport::UDP && packet.fragment_offset_bytes == 0 && !transport.is_cut;
    packet.prefix.set(if has_prefix { payload.data } else { &[] });
    Ok(notice.or(transport.is_cut.then_some(Diagnostic::TransportHeaderCut)))
}

/// What an ICMP or ICMPv6 error says is too big for a link (RFC 792 with RFC 1191 4, RFC 4443 3.2): the packet it quotes,
/// as far as it does. None for any other packet, and where less than ports is quoted.
#[cold]
pub fn quoted(link_type: u32, data: &[u8], original_len: u32) -> Option<Packet> {
    let mut error = Packet::default();
    let frame = Span { data, wire: original_len.max(data.len() as u32) };
    let (ip, _) = link(link_type, frame).ok()?;
    let mut payload = ip::read(ip, &mut error).ok()?;
    if tunnel::is_tunnel(&error, &payload) {
        (payload, _) = innermost(&mut error, payload);
    }
    let quote = transport::read(payload, &mut error).payload;
    let mut packet = Packet { layer_path: error.layer_path, ..Packet::default() };
    // The quoted header speaks of the whole packet, of which only the start is there.
    let header = ip::read(Span { data: quote.data, wire: u32::from(u16::MAX) }, &mut packet).ok()?;
    transport::read(header, &mut packet);
    packet.tcp = None;
    packet.icmp = error.icmp;
    packet.captured_len_bytes = data.len() as u32;
    packet.original_len_bytes = original_len;
    packet.is_notice = true;
    packet.ports.is_some().then_some(packet)
}

/// Goes inwards as long as there is a whole IP header; a tunnel that carries none is the packet itself.
#[inline(never)]
fn innermost<'a>(packet: &mut Packet, mut payload: Payload<'a>) -> (Payload<'a>, Option<Diagnostic>) {
    for _ in 0..MAX_TUNNELS {
        if !tunnel::is_tunnel(packet, &payload) {
            return (payload, None);
        }
        let mut way = Way { vlan_id: packet.vlan_id, layers: packet.layers };
        let Some((tunnel, ip)) = tunnel::inside(packet, &payload, &mut way) else {
            return (payload, None);
        };
        match ip::read(ip, packet) {
            Ok(inner) => {
                payload = inner;
                way.pass_ip(packet.ip_version);
                packet.vlan_id = way.vlan_id;
                packet.layers = way.layers;
                packet.layer_path = tunnel.path_from(packet.layer_path);
            }
            Err(_) => return (payload, Some(Diagnostic::TransportHeaderCut)),
        }
    }
    let mut way = Way::default();
    let is_too_deep = tunnel::is_tunnel(packet, &payload) && tunnel::inside(packet, &payload, &mut way).is_some();
    (payload, is_too_deep.then_some(Diagnostic::TooDeep))
}
