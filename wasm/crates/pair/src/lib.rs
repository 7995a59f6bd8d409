//! The same packets in two captures: rows of both ends in, pairs, losses and extras out.
//!
//! Content decides, never an address, a port, a TTL, a checksum or an IP id alone: NAT changes those, and their change is
//! a finding. Three readings of the two captures, each in the order of time: `probe` finds how far the clocks are apart,
//! `votes` finds which flow of one end is which of the other, `matching` joins packets; once more where a clock jumped, with
//! the jump taken off (`steps`). What is kept follows the window of time in which a packet can still arrive, and the number
//! of flows; never the size of the files.

mod answers;
mod associate;
mod entry;
mod event;
mod flows;
mod hash;
mod lane;
mod matching;
mod merge;
mod pairer;
mod pieces;
mod print;
mod probe;
mod recent;
mod steps;
mod votes;

pub use event::EVENT_BYTES;
pub use hash::Key;
pub use pairer::{Config, Pairer, Phase};
pub use steps::{Step, Steps};
