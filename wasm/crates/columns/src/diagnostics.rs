//! Survivable problems as data: an answer is still possible, but weaker. The host holds the texts
//! (`src/diagnostics/catalog.ts`); here are only the ids, their severity, and the counting.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// How much a problem costs the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing is lost; the reader may want to know (a frame that is not IP).
    Info,
    /// A metric may be weaker.
    Notice,
    /// Bytes or packets are missing from the answer.
    DataLoss,
    /// The rest of the file could not be read.
    Error,
}

macro_rules! diagnostics {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $id:literal, $severity:ident;)*) => {
        /// Every survivable problem. The discriminant is the code that crosses the ABI; ids are stable for ever.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Diagnostic { $($(#[$doc])* $name = $code,)* }

        impl Diagnostic {
            /// All of them, in code order.
            pub const ALL: &'static [Diagnostic] = &[$(Diagnostic::$name,)*];
            /// `room/problem`.
            pub fn id(self) -> &'static str { match self { $(Diagnostic::$name => $id,)* } }
            /// Its severity.
            pub fn severity(self) -> Severity { match self { $(Diagnostic::$name => Severity::$severity,)* } }
        }
    };
}

diagnostics! {
    /// A record's bytes end before its captured length: the file was cut off. `detail` = bytes missing.
    TruncatedRecord = 1, "capture/truncated-record", DataLoss;
    /// A record header that cannot be (captured length over the limit, block trailer mismatch): reading stops there.
    CorruptRecord = 2, "capture/corrupt-record", Error;
    /// A record on an interface whose link type we do not decode. `detail` = LINKTYPE number.
    UnknownLinkType = 3, "capture/unknown-link-type", DataLoss;
    /// A packet block that names an interface which was never described.
    UnknownInterface = 4, "capture/unknown-interface", DataLoss;
    /// A packet without a time (pcapng Simple Packet Block).
    NoTimestamp = 5, "capture/no-timestamp", Notice;
    /// A timestamp earlier than the one before it in the file.
    TimeBackwards = 6, "capture/time-backwards", Notice;
    /// A sub-second field of 1 s or more, or a time outside the 64-bit nanosecond range.
    ImplausibleTimestamp = 7, "capture/implausible-timestamp", Notice;
    /// A pcapng block of unknown type or vendor, skipped by its length.
    SkippedBlock = 8, "capture/skipped-block", Info;
    /// The capturing host says it dropped packets (ISB, EPB). `detail` = packets in the first report.
    ReportedDrops = 9, "capture/reported-drops", DataLoss;
    /// Bytes after the last whole block that are no block.
    TrailingBytes = 10, "capture/trailing-bytes", DataLoss;
    /// A pcapng block that is numbered like a packet but holds none (custom block, systemd journal export, sysdig
    /// event): it counts as a record. `detail` = block type.
    NotAPacket = 11, "capture/not-a-packet", Info;

    /// A frame that carries no IP (ARP, LLDP, STP …). `detail` = EtherType or protocol, where known.
    NotIp = 32, "packet/not-ip", Info;
    /// Captured bytes end inside the link or IP header: no row.
    HeaderCut = 33, "packet/header-cut", DataLoss;
    /// An IP header that contradicts itself (version, header length, total length below the header): no row.
    BadIpHeader = 34, "packet/bad-ip-header", DataLoss;
    /// A row whose transport header is cut or contradicts itself: ports or flags are absent.
    TransportHeaderCut = 35, "packet/transport-header-cut", Notice;
    /// Tunnels nested deeper than we follow.
    TooDeep = 36, "packet/too-deep", Notice;

    /// A record that the filter left out, on request.
    Filtered = 48, "packet/filtered", Info;

    /// A flow's state was closed by the idle limit; a later packet opened a new row.
    IdleSplit = 64, "flow/idle-split", Info;
}

/// One kind of problem as counted so far, with the place of its first occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TallyEntry {
    /// Which problem.
    pub diagnostic: Diagnostic,
    /// How often.
    pub count: u64,
    /// Byte offset in the (uncompressed) capture of the first one.
    pub byte_offset: u64,
    /// Its 0-based record number in this segment.
    pub record: u32,
    /// What `Diagnostic` says `detail` is; 0 otherwise.
    pub detail: u64,
}

/// Counts per kind (and, where the kind says so, per detail), first occurrence kept. Sorted, so order is chosen,
/// and never merged by number of entries: two halves of a file added up say what the whole says.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    entries: BTreeMap<(Diagnostic, u64), TallyEntry>,
}

impl Tally {
    /// Counts one occurrence. Kinds with a telling detail (link type, EtherType, block type) are kept apart by it;
    /// those details are 16-bit numbers (larger ones are kept as 65535), which bounds the entries.
    pub fn add(&mut self, diagnostic: Diagnostic, byte_offset: u64, record: u32, detail: u64) {
        let by_detail = matches!(diagnostic, Diagnostic::UnknownLinkType | Diagnostic::NotIp | Diagnostic::NotAPacket);
        let detail = if by_detail { detail.min(0xffff) } else { detail };
        self.entries
            .entry((diagnostic, if by_detail { detail } else { 0 }))
            .and_modify(|entry| entry.count += 1)
            .or_insert(TallyEntry { diagnostic, count: 1, byte_offset, record, detail });
    }

    /// Entries ordered by kind, then by detail.
    pub fn entries(&self) -> Vec<TallyEntry> {
        self.entries.values().copied().collect()
    }
}

/// Entries as they cross the ABI, 32 bytes each: code u16, severity u16, record u32, count u64, byte_offset u64,
/// detail u64; little-endian.
pub fn encode_tally(entries: &[TallyEntry]) -> Vec<u8> {
    let mut out = Vec::new();
    for entry in entries {
        out.extend_from_slice(&(entry.diagnostic as u16).to_le_bytes());
        out.extend_from_slice(&(entry.diagnostic.severity() as u16).to_le_bytes());
        out.extend_from_slice(&entry.record.to_le_bytes());
        out.extend_from_slice(&entry.count.to_le_bytes());
        out.extend_from_slice(&entry.byte_offset.to_le_bytes());
        out.extend_from_slice(&entry.detail.to_le_bytes());
    }
    out
}
