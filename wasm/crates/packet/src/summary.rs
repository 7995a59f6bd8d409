//! What a segment says about itself, so that the host can join it with its neighbours.

/// Link types counted apart; later ones are not listed.
pub const MAX_LINK_TYPES: usize = 16;

/// Records per link type, in order of appearance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkTypes {
    counts: [(u32, u32); MAX_LINK_TYPES],
    len: usize,
}

impl LinkTypes {
    /// Counts one record.
    #[inline(always)]
    pub fn add(&mut self, link_type: u32) {
        if let Some((first, count)) = self.counts.first_mut() {
            if *first == link_type && self.len != 0 {
                *count = count.saturating_add(1);
                return;
            }
        }
        self.add_other(link_type);
    }

    #[inline(never)]
    fn add_other(&mut self, link_type: u32) {
        let len = self.len;
        if let Some((_, count)) = self.counts.iter_mut().take(len).find(|(known, _)| *known == link_type) {
            *count = count.saturating_add(1);
        } else if let Some(place) = self.counts.get_mut(len) {
            *place = (link_type, 1);
            self.len += 1;
        }
    }

    /// (LINKTYPE, records) in order of appearance.
    pub fn as_slice(&self) -> &[(u32, u32)] {
        self.counts.get(..self.len).unwrap_or_default()
    }
}

/// What was read of a segment so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Start of the first record or block read; 0 for a file head. None: a search found no boundary.
    pub entry_offset: Option<u64>,
    /// Start of the first record or block not read: at or after the end offset, or the end of the file.
    pub exit_offset: u64,
    /// A header made no sense: nothing from `exit_offset` on can be read, in this segment or a later one.
    pub is_stopped: bool,
    /// Packet records and numbered blocks.
    pub records: u32,
    /// Of those, rows.
    pub decoded: u32,
    /// Of those, without a row.
    pub diagnosed: u32,
    /// Time of the first record that has one, in capture order.
    pub first_timestamp_ns: Option<i64>,
    /// Byte offset and 0-based number of that record: where a step back from the segment before would be.
    pub first_timestamp_at: (u64, u32),
    /// Time of the last record that has one, in capture order.
    pub last_timestamp_ns: Option<i64>,
    /// Earliest time.
    pub min_timestamp_ns: Option<i64>,
    /// Latest time.
    pub max_timestamp_ns: Option<i64>,
    /// Records per link type.
    pub link_types: LinkTypes,
}

impl Summary {
    /// Takes in a record's time. Says whether it is earlier than the one before.
    #[inline(always)]
    pub(crate) fn add_time(&mut self, timestamp_ns: i64, offset: u64, record: u32) -> bool {
        let Some(previous) = self.last_timestamp_ns.replace(timestamp_ns) else {
            self.first_timestamp_ns = Some(timestamp_ns);
            self.first_timestamp_at = (offset, record);
            self.min_timestamp_ns = Some(timestamp_ns);
            self.max_timestamp_ns = Some(timestamp_ns);
            return false;
        };
        self.min_timestamp_ns = self.min_timestamp_ns.map(|min| min.min(timestamp_ns));
        self.max_timestamp_ns = self.max_timestamp_ns.map(|max| max.max(timestamp_ns));
        timestamp_ns < previous
    }
}
