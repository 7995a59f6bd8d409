//! One frame → one row, or the reason why there is none.

use crate::hash::payload_hash;
use crate::ip::{ip_layer, IpLayer, Refusal, Span};
use crate::link::{link, Link};
use crate::row::Packet;
use crate::{transport, tunnel};
use columns::Diagnostic;

/// Tunnels followed inwards; `layer_path` holds that many digits.
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
#[inline]
pub fn decode(link_type: u32, data: &[u8], original_len: u32, packet: &mut Packet) -> Outcome {
    // Some writers store an original length below the captured one: then the frame held what was captured.
    let frame = Span { data, wire: original_len.max(data.len() as u32) };
    match innermost(link_type, frame) {
        Ok(found) => fill(packet, data.len() as u32, original_len, found),
        Err((diagnostic, detail)) => Outcome::Diagnosed { diagnostic, detail },
    }
}

struct Innermost<'a> {
    layer: IpLayer<'a>,
    vlan_id: Option<u16>,
    layer_path: u32,
    notice: Option<Diagnostic>,
}

#[inline(always)]
fn innermost(link_type: u32, frame: Span<'_>) -> Result<Innermost<'_>, Refusal> {
    let Link { ip, vlan_id } = link(link_type, frame)?;
    let mut found = Innermost { layer: ip_layer(ip)?, vlan_id, layer_path: 0, notice: None };
    if tunnel::is_tunnel(&found.layer) {
        enter_tunnels(&mut found);
    }
    Ok(found)
}

/// Goes inwards as long as there is a whole IP header; a tunnel that carries none is the packet itself.
#[inline(never)]
fn enter_tunnels(found: &mut Innermost<'_>) {
    for _ in 0..MAX_TUNNELS {
        if !tunnel::is_tunnel(&found.layer) {
            return;
        }
        let Some((digit, Link { ip, vlan_id })) = tunnel::inside(&found.layer) else { return };
        match ip_layer(ip) {
            Ok(layer) => {
                found.layer = layer;
                found.vlan_id = vlan_id.or(found.vlan_id);
                found.layer_path = tunnel::deeper(found.layer_path, digit);
            }
            Err(_) => {
                found.notice = Some(Diagnostic::TransportHeaderCut);
                return;
            }
        }
    }
    if tunnel::is_tunnel(&found.layer) {
        found.notice = Some(Diagnostic::TooDeep);
    }
}

#[inline(always)]
fn fill(packet: &mut Packet, captured_len: u32, original_len: u32, found: Innermost<'_>) -> Outcome {
    let Innermost { layer, vlan_id, layer_path, notice } = found;
    let transport = transport::read(&layer);
    let payload = transport.payload;
    packet.captured_len_bytes = captured_len;
    packet.original_len_bytes = original_len;
    packet.vlan_id = vlan_id;
    packet.layer_path = layer_path;
    packet.ip_version = layer.version;
    packet.src = layer.src;
    packet.dst = layer.dst;
    packet.protocol = layer.protocol;
    packet.ports = transport.ports;
    packet.ip_len_bytes = layer.ip_len;
    packet.payload_len_bytes = payload.wire;
    packet.dscp = layer.traffic_class >> 2;
    packet.ecn = layer.traffic_class & 3;
    packet.ttl = layer.ttl;
    packet.ip_id = layer.id;
    packet.dont_fragment = layer.dont_fragment;
    packet.more_fragments = layer.more_fragments;
    packet.fragment_offset_bytes = layer.fragment_offset;
    packet.is_fragment = layer.is_fragment;
    packet.is_payload_cut = (payload.data.len() as u32) < payload.wire;
    packet.tcp = transport.tcp;
    packet.icmp = transport.icmp;
    packet.payload_hash = payload_hash(payload.data);
    let has_prefix = layer.protocol == transport::UDP && layer.fragment_offset == 0 && !transport.is_cut;
    packet.prefix.set(if has_prefix { payload.data } else { &[] });
    let cut = transport.is_cut.then_some(Diagnostic::TransportHeaderCut);
    Outcome::Row { notice: notice.or(cut) }
}
