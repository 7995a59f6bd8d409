//! The part of the pcap-filter language that people type, parsed and evaluated on raw frames with libpcap's meaning:
//! outermost headers, `vlan` moves what follows it inwards, `and` and `or` bind alike and from the left, and a frame
//! too short for a test that is reached matches nothing, not even `not`.
#![no_std]
extern crate alloc;

mod evaluate;
mod network;
mod parse;
mod tokens;

pub use parse::{FilterError, FilterFault};

use alloc::boxed::Box;

/// A frame as a filter sees it.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// LINKTYPE number.
    pub link_type: u32,
    /// Captured bytes.
    pub data: &'a [u8],
    /// Bytes on the wire.
    pub wire_len: u32,
}

/// A parsed expression.
#[derive(Clone, Debug)]
pub struct Filter {
    root: Option<Node>,
}

#[derive(Clone, Debug)]
enum Node {
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Not(Box<Node>),
    Test(Test),
}

/// One primitive, and how many `vlan` words stand before it.
#[derive(Clone, Debug)]
struct Test {
    vlans: u32,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    /// A tag, of that id if one is given.
    Vlan(Option<u16>),
    /// Any of the network protocols.
    Network(Family),
    /// An IP protocol over IPv4, IPv6 or both.
    Protocol(Family, u8),
    /// An address under a mask.
    Net(Family, Direction, Prefix),
    /// A port from a range, over one transport protocol or any that has ports.
    Port(Family, Option<u8>, Direction, u16, u16),
    /// Wire length of at least so many bytes.
    Greater(u32),
    /// Wire length of at most so many bytes.
    Less(u32),
}

/// Which network protocols a test looks into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Any,
    Ip,
    Ip6,
    Arp,
    Rarp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Either,
    Both,
    Source,
    Destination,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prefix {
    V4 { address: u32, mask: u32 },
    V6 { address: u128, mask: u128 },
}

impl Filter {
    /// Reads an expression; an empty one matches everything.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Ok(Filter { root: parse::parse(text)? })
    }

    /// Does the frame pass?
    pub fn matches(&self, frame: Frame<'_>) -> bool {
        self.root.as_ref().is_none_or(|root| evaluate::evaluate(root, frame).unwrap_or(false))
    }
}
