//! Compressed bytes → the bytes they stand for: zstd (RFC 8878) and lz4 frames, checksums verified, memory bounded.
//!
//! Sans-io like the reader: the host pushes what it has, takes what came out, and pushes on. Whole blocks are decoded,
//! so the buffers hold one window, one block and one block's input, whatever the length of the stream.
#![no_std]
extern crate alloc;

mod lz4;
mod stream;
mod xxh;
mod zstd;

pub use stream::{Fault, Format, Need, Unpacker, MAX_WINDOW_BYTES};
pub use xxh::{Xxh32, Xxh64};
