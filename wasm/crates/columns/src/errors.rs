//! Fatal problems of a capture as facts: no answer is possible. The host holds the texts; here are the ids, the
//! codes that cross the ABI, and what `a` and `b` mean for each.

macro_rules! capture_errors {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $id:literal;)*) => {
        /// Why a capture cannot be read at all. The discriminant crosses the ABI; ids are stable for ever.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum CaptureErrorCode { $($(#[$doc])* $name = $code,)* }

        impl CaptureErrorCode {
            /// All of them, in code order.
            pub const ALL: &'static [CaptureErrorCode] = &[$(CaptureErrorCode::$name,)*];
            /// `room/problem`.
            pub fn id(self) -> &'static str { match self { $(CaptureErrorCode::$name => $id,)* } }
        }
    };
}

capture_errors! {
    /// Not a byte in it.
    EmptyFile = 1, "capture/empty-file";
    /// Neither pcap nor pcapng. `a` and `b` = the first eight and the next eight bytes, little-endian, zero-filled.
    UnknownFormat = 2, "capture/unknown-format";
    /// The file ends inside its header. `a` = bytes there, `b` = bytes needed.
    HeaderTruncated = 3, "capture/header-truncated";
    /// A pcap or pcapng version nobody defined. `a` = major, `b` = minor.
    UnsupportedVersion = 4, "capture/unsupported-version";
    /// The first section header block contradicts itself. `a` = its block length, `b` = its trailing length.
    BadSectionHeader = 5, "capture/bad-section-header";
    /// A context handed over from another segment does not decode: a bug in the caller.
    BadContext = 6, "capture/bad-context";
    /// A segment asked for without what it needs (context, power-of-two shards): a bug in the caller. `a` = shards.
    BadSegment = 7, "capture/bad-segment";
}

/// A fatal problem with its place and two facts whose meaning the code gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptureError {
    /// Which problem.
    pub code: CaptureErrorCode,
    /// Byte offset in the (uncompressed) capture.
    pub offset: u64,
    /// First fact.
    pub a: u64,
    /// Second fact.
    pub b: u64,
}

impl CaptureError {
    /// A problem at `offset` with its two facts.
    pub fn new(code: CaptureErrorCode, offset: u64, a: u64, b: u64) -> Self {
        CaptureError { code, offset, a, b }
    }
}
