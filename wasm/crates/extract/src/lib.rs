//! Chosen packets out of a capture, rewritten so that they can be shown: headers only, names mapped, checksums right.
//!
//! Sans-io and without secrets: which address stands for which is the host's decision (it holds the key), told through
//! `Names`. What this crate does not understand it blanks; a name the host did not map becomes zeros, never itself.
#![no_std]
extern crate alloc;

mod checksum;
mod link;
mod names;
mod network;
mod reader;
mod selector;
mod transport;

pub use names::{Key, Kind, Names};
pub use reader::{Config, Progress, Reader};
pub use selector::{Selector, Selectors};

/// What rewriting a frame may use and what it must hide.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    /// Names and what they become.
    pub names: Names,
    /// Key of the offset that is taken from TSval and TSecr of each direction; None keeps them.
    pub timestamp_key: Option<u64>,
}

/// Where the transport payload of a frame lies: offset and captured length.
pub type Payload = Option<(usize, usize)>;

impl Redactor {
    /// Rewrites a frame in place and tells where its payload was; every byte that is no understood header is zero after.
    pub fn rewrite(&mut self, link_type: u32, frame: &mut [u8]) -> Payload {
        link::frame(self, link_type, frame)
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests;
