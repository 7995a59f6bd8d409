//! Numbers out of byte slices, in either byte order, without a way to panic.

/// Byte order of a pcap file or a pcapng section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl ByteOrder {
    /// A 16-bit number.
    #[inline(always)]
    pub fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            ByteOrder::Little => u16::from_le_bytes(bytes),
            ByteOrder::Big => u16::from_be_bytes(bytes),
        }
    }

    /// A 32-bit number.
    #[inline(always)]
    pub fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            ByteOrder::Little => u32::from_le_bytes(bytes),
            ByteOrder::Big => u32::from_be_bytes(bytes),
        }
    }

    /// A 64-bit number.
    #[inline(always)]
    pub fn u64(self, bytes: [u8; 8]) -> u64 {
        match self {
            ByteOrder::Little => u64::from_le_bytes(bytes),
            ByteOrder::Big => u64::from_be_bytes(bytes),
        }
    }

    /// The 16-bit number at `at`, if the slice reaches that far.
    #[inline(always)]
    pub(crate) fn u16_at(self, bytes: &[u8], at: usize) -> Option<u16> {
        chunk_at(bytes, at).map(|chunk| self.u16(chunk))
    }

    /// The 32-bit number at `at`, if the slice reaches that far.
    #[inline(always)]
    pub(crate) fn u32_at(self, bytes: &[u8], at: usize) -> Option<u32> {
        chunk_at(bytes, at).map(|chunk| self.u32(chunk))
    }
}

/// `N` bytes at `at`, if the slice reaches that far.
#[inline(always)]
pub(crate) fn chunk_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..).and_then(|tail| tail.first_chunk::<N>()).copied()
}
