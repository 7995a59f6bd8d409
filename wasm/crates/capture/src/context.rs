//! Everything a reader needs to start in mid-file, as data, and as bytes whose equality is the join's proof.

use crate::bytes::ByteOrder;
use crate::interface::Interface;
use alloc::vec::Vec;
use columns::{CaptureError, CaptureErrorCode};

/// Unit of a pcap record's sub-second field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubSecond {
    /// Microseconds.
    Micro,
    /// Nanoseconds.
    Nano,
}

/// Which of a pcap record's lengths comes first. Writers before version 2.3 stored the original length first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordLayout {
    /// Captured length, then original length.
    Standard,
    /// Original length, then captured length.
    Swapped,
    /// Version 2.3 exists in both ways: the smaller one is the captured length.
    MaybeSwapped,
}

/// What the header of a pcap file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PcapContext {
    /// Byte order of all headers.
    pub order: ByteOrder,
    /// Unit of the sub-second field.
    pub sub_second: SubSecond,
    /// Order of the two lengths.
    pub layout: RecordLayout,
    /// 16, or 24 for the "modified" format of early Linux patches.
    pub record_header_len: u8,
    /// LINKTYPE number.
    pub link_type: u32,
    /// Longest captured length the writer promised; not enforced by any reader.
    pub snaplen: u32,
}

/// What a pcapng section has said so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionContext {
    /// Byte order of the section.
    pub order: ByteOrder,
    /// Interfaces described so far, by number.
    pub interfaces: Vec<Interface>,
}

/// Everything a reader needs to start at a record boundary in mid-file. Nothing in it changes with every packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Context {
    /// A pcap file.
    Pcap(PcapContext),
    /// A pcapng file, inside a section.
    Pcapng(SectionContext),
}

const PCAP: u8 = 1;
const PCAPNG: u8 = 2;
const INTERFACE_BYTES: usize = 15;

fn order_code(order: ByteOrder) -> u8 {
    match order {
        ByteOrder::Little => 0,
        ByteOrder::Big => 1,
    }
}

fn order_of(code: u8) -> Option<ByteOrder> {
    match code {
        0 => Some(ByteOrder::Little),
        1 => Some(ByteOrder::Big),
        _ => None,
    }
}

impl Context {
    /// Two contexts are equal exactly when these bytes are.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Context::Pcap(pcap) => {
                let sub_second = match pcap.sub_second {
                    SubSecond::Micro => 0,
                    SubSecond::Nano => 1,
                };
                let layout = match pcap.layout {
                    RecordLayout::Standard => 0,
                    RecordLayout::Swapped => 1,
                    RecordLayout::MaybeSwapped => 2,
                };
                out.extend_from_slice(&[PCAP, order_code(pcap.order), sub_second, layout, pcap.record_header_len]);
                out.extend_from_slice(&pcap.link_type.to_le_bytes());
                out.extend_from_slice(&pcap.snaplen.to_le_bytes());
            }
            Context::Pcapng(section) => {
                out.extend_from_slice(&[PCAPNG, order_code(section.order)]);
                for interface in &section.interfaces {
                    out.extend_from_slice(&interface.link_type.to_le_bytes());
                    out.extend_from_slice(&interface.snaplen.to_le_bytes());
                    out.push(interface.resolution);
                    out.extend_from_slice(&interface.offset_seconds.to_le_bytes());
                }
            }
        }
        out
    }

    /// Reads what `encode` wrote.
    pub fn decode(bytes: &[u8]) -> Result<Context, CaptureError> {
        decode(bytes).ok_or(CaptureError::new(CaptureErrorCode::BadContext, 0, bytes.len() as u64, 0))
    }
}

fn decode(bytes: &[u8]) -> Option<Context> {
    match *bytes {
        [PCAP, order, sub_second, layout, record_header_len @ (16 | 24), a, b, c, d, e, f, g, h] => {
            Some(Context::Pcap(PcapContext {
                order: order_of(order)?,
                sub_second: match sub_second {
                    0 => SubSecond::Micro,
                    1 => SubSecond::Nano,
                    _ => return None,
                },
                layout: match layout {
                    0 => RecordLayout::Standard,
                    1 => RecordLayout::Swapped,
                    2 => RecordLayout::MaybeSwapped,
                    _ => return None,
                },
                record_header_len,
                link_type: u32::from_le_bytes([a, b, c, d]),
                snaplen: u32::from_le_bytes([e, f, g, h]),
            }))
        }
        [PCAPNG, order, ref rest @ ..] if rest.len() % INTERFACE_BYTES == 0 => {
            let mut interfaces = Vec::new();
            for entry in rest.chunks_exact(INTERFACE_BYTES) {
                let (link_type, entry) = entry.split_first_chunk::<2>()?;
                let (snaplen, entry) = entry.split_first_chunk::<4>()?;
                let (&resolution, entry) = entry.split_first()?;
                let offset = entry.first_chunk::<8>()?;
                interfaces.push(Interface::new(
                    u16::from_le_bytes(*link_type),
                    u32::from_le_bytes(*snaplen),
                    resolution,
                    i64::from_le_bytes(*offset),
                ));
            }
            Some(Context::Pcapng(SectionContext { order: order_of(order)?, interfaces }))
        }
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn some() -> [Context; 3] {
        [
            Context::Pcap(PcapContext {
                order: ByteOrder::Big,
                sub_second: SubSecond::Nano,
                layout: RecordLayout::MaybeSwapped,
                record_header_len: 24,
                link_type: 276,
                snaplen: 262_144,
            }),
            Context::Pcapng(SectionContext { order: ByteOrder::Little, interfaces: Vec::new() }),
            Context::Pcapng(SectionContext {
                order: ByteOrder::Big,
                interfaces: alloc::vec![Interface::new(1, 96, 0x89, -5), Interface::new(113, 0, 6, 0)],
            }),
        ]
    }

    #[test]
    fn a_context_reads_back_as_itself() {
        for context in some() {
            assert_eq!(Context::decode(&context.encode()).unwrap(), context);
        }
    }

    #[test]
    fn bytes_that_are_no_context_are_refused() {
        assert!(Context::decode(&[]).is_err());
        for context in some() {
            let bytes = context.encode();
            assert!(Context::decode(&bytes[..bytes.len() - 1]).is_err() || bytes.len() == 2);
            let mut wrong = bytes.clone();
            wrong[1] = 9;
            assert!(Context::decode(&wrong).is_err());
        }
    }
}
