//! The boundary: a handful of `extern "C"` calls, columns and blobs out, and the printed copy of every list
//! that TypeScript must agree on. Its neighbour across the boundary is `src/engine/`.

mod blob;
pub mod emit;
mod exports;
mod memory;
mod session;

/// Raised whenever a call, a tag, a blob layout or a column list changes shape.
pub const ABI_VERSION: u32 = 7;
