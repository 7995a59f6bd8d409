//! Names in packets (addresses, hardware addresses) and what they become.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// What sort of name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// IPv4 address, 4 bytes.
    V4 = 4,
    /// IPv6 address, 16 bytes.
    V6 = 6,
    /// EUI-48, 6 bytes.
    Mac = 48,
}

impl Kind {
    /// The kind with this number.
    pub fn of(number: u8) -> Option<Kind> {
        [Kind::V4, Kind::V6, Kind::Mac].into_iter().find(|kind| *kind as u8 == number)
    }
}

/// A name, left-aligned in 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Its kind.
    pub kind: Kind,
    /// Its bytes, zeros behind.
    pub bytes: [u8; 16],
}

/// The map from names to what they become, and the names nobody has mapped yet.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Names stay as they are: for the tier that may show them.
    pub is_kept: bool,
    known: BTreeMap<Key, [u8; 16]>,
    missing: BTreeSet<Key>,
}

impl Names {
    /// Says what a name becomes.
    pub fn insert(&mut self, key: Key, becomes: [u8; 16]) {
        self.missing.remove(&key);
        self.known.insert(key, becomes);
    }

    /// Names met without being known, in order; asking forgets them.
    pub fn take_missing(&mut self) -> Vec<Key> {
        core::mem::take(&mut self.missing).into_iter().collect()
    }

    /// Replaces the name at the start of `place`; an unknown one becomes zeros and is remembered as missing.
    pub(crate) fn replace(&mut self, kind: Kind, place: &mut [u8]) {
        if self.is_kept {
            return;
        }
        let mut key = Key { kind, bytes: [0; 16] };
        for (to, from) in key.bytes.iter_mut().zip(place.iter()) {
            *to = *from;
        }
        match self.known.get(&key) {
            Some(becomes) => place.iter_mut().zip(becomes).for_each(|(to, from)| *to = *from),
            None => {
                self.missing.insert(key);
                place.fill(0);
            }
        }
    }
}
