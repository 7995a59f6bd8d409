//! What is known of one way of a joined flow: its delays of late, and where its TCP stream stands.

use crate::recent::RecentMin;
use std::collections::VecDeque;

/// One way of a joined flow.
#[derive(Debug, Default)]
pub struct Lane {
    /// Receiver time minus sender time: what the votes saw at first, the smallest of late, and a slow mean.
    pub first: Option<i64>,
    pub floor: RecentMin,
    pub usual: Option<i64>,
    /// Mean distance from it.
    pub spread: i64,
    /// Waiting TCP data by end, oldest first: number and frame.
    pub ranges: [VecDeque<(u32, u32)>; 2],
    /// Behind the highest byte sent.
    pub sent_to: Option<u32>,
    /// Highest acknowledgment of this way's bytes.
    pub acked_to: Option<u32>,
    pub is_resegmented: bool,
    /// Two sendings of the same bytes differ in TSval.
    pub keeps_tsval: bool,
    /// Packets of this way that the sender's capture holds.
    pub sent: u32,
}

/// a is before b in sequence space.
pub fn before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

/// The one that is further on.
pub fn later(known: Option<u32>, next: u32) -> Option<u32> {
    Some(known.filter(|known| before(next, *known)).unwrap_or(next))
}
