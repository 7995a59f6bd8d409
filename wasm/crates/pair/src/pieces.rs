//! Segments that were found to be parts of longer ones, remembered for as long as a copy of them may come.

use crate::hash::{keyed, Key, Table};
use crate::print::Print;
use std::collections::VecDeque;

/// Parts of late.
#[derive(Debug, Default)]
pub struct Pieces {
    known: Table<u64, ()>,
    order: VecDeque<(i64, u64)>,
}

fn key(way: u32, piece: &Print, sent_frame: u32) -> u64 {
    let place = u64::from(piece.seq) << 32 | u64::from(piece.len);
    keyed(Key(0, 0), &[place, u64::from(way) << 32 | u64::from(sent_frame)], &[])
}

/// No frame has this number.
const ANY: u32 = 0;

impl Pieces {
    /// `piece` came as a part of what was sent as `sent_frame`.
    pub fn add(&mut self, way: u32, piece: &Print, sent_frame: u32) {
        for key in [key(way, piece, sent_frame), key(way, piece, ANY)] {
            if self.known.insert(key, ()).is_none() {
                self.order.push_back((piece.time, key));
            }
        }
    }

    /// Came these bytes before as a part of that?
    pub fn has(&self, way: u32, piece: &Print, sent_frame: u32) -> bool {
        self.known.contains_key(&key(way, piece, sent_frame))
    }

    /// Of anything?
    pub fn has_any(&self, way: u32, piece: &Print) -> bool {
        self.has(way, piece, ANY)
    }

    /// Forgets what came before `time`, by the clock of whichever end it came to.
    pub fn forget(&mut self, time: i64) {
        while let Some((_, key)) = self.order.front().filter(|(came, _)| *came < time).copied() {
            self.order.pop_front();
            self.known.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flows::Flows;
    use crate::print::{Rules, WHOLE};
    use packet::Packet;

    fn piece(seq: u32, time: i64) -> Print {
        let rules = Rules { key: Key(1, 2), trim: WHOLE, compares_hash: true };
        Print { seq, len: 1414, ..Print::of(&Packet::default(), time, 1, &rules, &mut Flows::default()) }
    }

    #[test]
    fn a_piece_is_known_by_its_sending_until_it_is_forgotten() {
        let mut pieces = Pieces::default();
        pieces.add(3, &piece(1000, 10), 7);
        pieces.add(3, &piece(2414, 20), 7);
        assert!(pieces.has(3, &piece(1000, 30), 7) && pieces.has_any(3, &piece(1000, 30)));
        // Another sending of the same bytes has nothing yet; nor has another flow.
        assert!(!pieces.has(3, &piece(1000, 30), 8) && !pieces.has_any(1, &piece(1000, 30)));
        pieces.forget(15);
        assert!(!pieces.has_any(3, &piece(1000, 30)) && pieces.has_any(3, &piece(2414, 30)));
    }
}
