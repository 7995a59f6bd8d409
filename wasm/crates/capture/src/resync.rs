//! Finding a record boundary in mid-file by a chain of headers that each lead to the next.
//!
//! What is found here is only a guess, and allowed to be wrong: the join proves it (a payload may well hold a
//! capture of its own). So plausibility is strict, and a true boundary that looks odd costs time, never truth.

use crate::bytes::{chunk_at, ByteOrder};
use crate::context::{Context, PcapContext};
use crate::pcap;
use crate::pcapng::{self, block};
use crate::walker::max_captured_len;

/// Headers in a row that make a boundary believable.
pub const CHAIN_LINKS: usize = 16;
/// Largest believable time between two records of a chain.
const MAX_GAP_SECONDS: u32 = 86_400;

/// What follows a plausible header.
enum Link {
    /// The next header is this many bytes on.
    Next(usize),
    /// The header or what it announces leaves the given bytes.
    Cut,
}

/// First offset in `bytes` (which start at `base_offset` of the capture) where a chain of `links` plausible headers
/// begins, or a shorter one that ends exactly at `file_len`. A chain that leaves `bytes` earlier does not count.
///
/// Cost is bounded by `links` header checks per byte.
pub fn resync(bytes: &[u8], base_offset: u64, context: &Context, file_len: Option<u64>, links: usize) -> Option<u64> {
    let end = file_len.and_then(|len| len.checked_sub(base_offset)).and_then(|len| usize::try_from(len).ok());
    let at = match context {
        Context::Pcap(context) => (0..bytes.len()).find(|at| is_pcap_chain(context, bytes, *at, end, links)),
        Context::Pcapng(section) => {
            // Every block is padded to four bytes, so boundaries are aligned with the start of the file.
            let first = base_offset.wrapping_neg() as usize & 3;
            (first..bytes.len()).step_by(4).find(|at| is_block_chain(section.order, bytes, *at, end, links))
        }
    };
    at.map(|at| base_offset.saturating_add(at as u64))
}

fn is_pcap_chain(context: &PcapContext, bytes: &[u8], start: usize, end: Option<usize>, links: usize) -> bool {
    let mut at = start;
    let mut seconds = None;
    for _ in 0..links {
        if at != start && Some(at) == end {
            return true;
        }
        match pcap_link(context, bytes, at, &mut seconds) {
            Some(Link::Next(len)) => at = at.saturating_add(len),
            Some(Link::Cut) | None => return false,
        }
    }
    true
}

#[inline(always)]
fn pcap_link(context: &PcapContext, bytes: &[u8], at: usize, previous: &mut Option<u32>) -> Option<Link> {
    let Some(start) = bytes.get(at..).and_then(|tail| tail.first_chunk::<{ pcap::HEADER_LEN }>()) else {
        return Some(Link::Cut);
    };
    let header = pcap::header(context, start);
    let is_plausible = header.captured_len != 0
        && header.captured_len <= header.original_len
        && header.captured_len <= max_captured_len(context.link_type)
        && i64::from(header.sub_second) * pcap::unit_ns(context) < 1_000_000_000
        && previous.is_none_or(|previous| previous.abs_diff(header.seconds) <= MAX_GAP_SECONDS);
    *previous = Some(header.seconds);
    is_plausible.then(|| {
        let len = usize::from(context.record_header_len) + header.captured_len as usize;
        if at.saturating_add(len) <= bytes.len() {
            Link::Next(len)
        } else {
            Link::Cut
        }
    })
}

fn is_block_chain(order: ByteOrder, bytes: &[u8], start: usize, end: Option<usize>, links: usize) -> bool {
    let mut order = order;
    let mut at = start;
    for _ in 0..links {
        if at != start && Some(at) == end {
            return true;
        }
        match block_link(&mut order, bytes, at) {
            Some(Link::Next(len)) => at = at.saturating_add(len),
            Some(Link::Cut) | None => return false,
        }
    }
    true
}

#[inline(always)]
fn block_link(order: &mut ByteOrder, bytes: &[u8], at: usize) -> Option<Link> {
    let Some(start) = bytes.get(at..).and_then(|tail| tail.first_chunk::<{ pcapng::MIN_BLOCK_LEN }>()) else {
        return Some(Link::Cut);
    };
    let block_type = order.u32([start[0], start[1], start[2], start[3]]);
    if block_type == block::SECTION_HEADER {
        *order = pcapng::order_of_magic([start[8], start[9], start[10], start[11]])?;
    }
    let stated = order.u32([start[4], start[5], start[6], start[7]]);
    let len = pcapng::padded_block_len(stated)?;
    if block_type == block::ENHANCED_PACKET {
        let captured_len = chunk_at(bytes, at.checked_add(20)?).map(|chunk| order.u32(chunk));
        if captured_len.is_some_and(|captured| (captured as usize).saturating_add(32) > len) {
            return None;
        }
    }
    match chunk_at(bytes, at.checked_add(len)?.checked_sub(4)?) {
        None => Some(Link::Cut),
        Some(trailer) => (order.u32(trailer) == stated).then_some(Link::Next(len)),
    }
}
