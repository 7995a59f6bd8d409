//! Record bytes → link, internet and transport layers → one `Packet` per frame, and the row it travels in.
#![no_std]
extern crate alloc;

mod row;

pub use row::{tcp_flag, Address, Icmp, Packet, Tcp, MAX_SACK_BLOCKS, ROW_BYTES};
