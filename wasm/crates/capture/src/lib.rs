//! Capture bytes → records. Sans-io: the caller owns files and buffers, this crate only reads slices.
//!
//! pcap (µs, ns, either byte order, the "modified" 24-byte record header) and pcapng. It knows link types as
//! numbers only; what a frame holds is the `packet` crate's business.
#![no_std]
extern crate alloc;

mod bytes;
mod context;
mod format;
mod interface;
mod pcap;
mod pcapng;
mod resync;
mod walker;

pub use bytes::ByteOrder;
pub use context::{Context, PcapContext, RecordLayout, SectionContext, SubSecond};
pub use format::{detect, read_head, Format, Head};
pub use interface::Interface;
pub use resync::{resync, CHAIN_LINKS};
pub use walker::{max_captured_len, Record, RecordTime, Step, Stop, Visitor, Walker};
