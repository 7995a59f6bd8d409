//! A packet that waits for its like, or was just matched and may come again.

use crate::print::Print;

/// Where in the life of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Free place.
    Free,
    /// Waits.
    Waiting,
    /// Matched; kept to recognise copies.
    Matched,
}

/// The receiver's packet that began where this one begins.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    pub time: i64,
    pub frame: u32,
    pub ttl: u8,
    pub traffic_class: u8,
    pub ip_len: u32,
}

/// One packet of a joined flow.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub print: Print,
    /// Key with the flow and way in it.
    pub key: u64,
    /// 2 × flow + way.
    pub way: u32,
    pub end: u8,
    pub state: State,
    /// Which of its way at the sender, counted from 0.
    pub index: u32,
    /// Payload bytes found at the other end.
    pub covered: u32,
    pub head: Option<Head>,
    pub is_sent_again: bool,
    /// Its bytes were sent before.
    pub is_again: bool,
    /// Another of its run was taken where either could have been.
    pub is_run: bool,
    /// At the receiver, after a twin that was matched: told as a copy when nothing else comes for it.
    pub is_copy: bool,
    /// When it came, and what tells a copy of it from another packet.
    pub matched_time: i64,
    pub matched_ip_id: Option<u32>,
    pub matched_tsval: Option<u32>,
}

/// Entries by number; numbers of freed ones are used again.
#[derive(Debug, Default)]
pub struct Entries {
    list: Vec<Entry>,
    free: Vec<u32>,
}

impl Entries {
    pub fn insert(&mut self, entry: Entry) -> u32 {
        match self.free.pop() {
            Some(at) => {
                if let Some(place) = self.list.get_mut(at as usize) {
                    *place = entry;
                }
                at
            }
            None => {
                self.list.push(entry);
                self.list.len() as u32 - 1
            }
        }
    }

    pub fn get(&self, at: u32) -> Option<&Entry> {
        self.list.get(at as usize)
    }

    pub fn get_mut(&mut self, at: u32) -> Option<&mut Entry> {
        self.list.get_mut(at as usize)
    }

    pub fn free(&mut self, at: u32) {
        if let Some(entry) = self.list.get_mut(at as usize) {
            entry.state = State::Free;
            self.free.push(at);
        }
    }
}
