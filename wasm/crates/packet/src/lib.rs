//! Record bytes → link, internet and transport layers → one `Packet` per frame, and the row it travels in.
#![no_std]
extern crate alloc;

mod checksum;
mod contents;
mod decode;
mod hash;
mod ip;
mod ipv4;
mod ipv6;
mod keyed;
mod link;
mod media;
mod mpls;
mod output;
mod ppp;
mod quality;
mod row;
mod segment;
mod summary;
mod tcp;
mod transport;
mod tunnel;
mod udp_tunnel;
mod way;
mod wlan;
mod wrapped;

pub use checksum::{checksum_of, checksum_sum};
pub use contents::{Checksum, Comparison, Contents};
pub use decode::{decode, Outcome};
pub use hash::{payload_hash, shard_of, HASHED_PAYLOAD_BYTES};
pub use keyed::{keyed, Key};
pub use quality::{Quality, MAX_SILENCES};
pub use row::{tcp_flag, Address, Icmp, Packet, Prefix, Tcp, MAX_PREFIX, MAX_SACK_BLOCKS};
pub use segment::{Progress, SegmentConfig, SegmentDecoder, Start};
pub use summary::{LinkTypes, Summary, MAX_LINK_TYPES};
