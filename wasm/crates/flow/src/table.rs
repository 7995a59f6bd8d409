//! Key → flow: open addressing over boxed flows. Iteration order is slot order and therefore chance; whoever
//! emits sorts by flow_id first. Flows leave only by `remove_where`, which rebuilds the index.

use crate::flow::Flow;
use crate::key::FlowKey;
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

const SMALLEST: usize = 64;

/// Boxed, so that a growing shard moves pointers and not flows.
#[allow(clippy::vec_box)]
pub type Flows = Vec<Box<Flow>>;

/// All flows of a shard that are still open.
#[derive(Debug)]
pub struct FlowTable {
    /// hash << 32 | index + 1; 0 = free. A power of two, at most half full.
    slots: Vec<u64>,
    flows: Flows,
}

impl FlowTable {
    /// Without flows.
    pub fn new() -> Self {
        FlowTable { slots: vec![0; SMALLEST], flows: Vec::new() }
    }

    /// Place of the flow with this key.
    #[inline]
    pub fn find(&self, hash: u32, key: &FlowKey) -> Option<usize> {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        loop {
            let slot = *self.slots.get(at)?;
            if slot == 0 {
                return None;
            }
            if (slot >> 32) as u32 == hash {
                let index = (slot as u32).wrapping_sub(1) as usize;
                if self.flows.get(index).is_some_and(|flow| flow.key == *key) {
                    return Some(index);
                }
            }
            at = (at + 1) & mask;
        }
    }

    /// The flow at a place that `find` or `insert` gave.
    #[inline]
    pub fn get_mut(&mut self, index: usize) -> Option<&mut Flow> {
        self.flows.get_mut(index).map(|flow| &mut **flow)
    }

    /// Adds a flow whose key is not there yet; returns its place.
    pub fn insert(&mut self, hash: u32, flow: Box<Flow>) -> usize {
        self.flows.push(flow);
        let index = self.flows.len() - 1;
        if self.flows.len() * 2 > self.slots.len() {
            self.rebuild();
        } else {
            self.place(hash, index);
        }
        index
    }

    fn place(&mut self, hash: u32, index: usize) {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        while let Some(slot) = self.slots.get_mut(at) {
            if *slot == 0 {
                *slot = u64::from(hash) << 32 | (index as u64 + 1);
                return;
            }
            at = (at + 1) & mask;
        }
    }

    fn rebuild(&mut self) {
        let size = (self.flows.len() * 4).next_power_of_two().max(SMALLEST);
        self.slots = vec![0; size];
        for index in 0..self.flows.len() {
            if let Some(hash) = self.flows.get(index).map(|flow| flow.key.hash()) {
                self.place(hash, index);
            }
        }
    }

    /// Takes out the flows that `is_done` names, ordered by flow_id.
    pub fn remove_where(&mut self, is_done: impl Fn(&Flow) -> bool) -> Flows {
        let (mut done, open): (Vec<_>, Vec<_>) = core::mem::take(&mut self.flows).into_iter().partition(|f| is_done(f));
        self.flows = open;
        if !done.is_empty() {
            self.rebuild();
        }
        done.sort_unstable_by_key(|flow| flow.flow_id);
        done
    }

    /// Every flow, in the order of arrival since the last removal.
    pub fn flows(&self) -> &[Box<Flow>] {
        &self.flows
    }

    /// The table that holds these flows; None when two have one key.
    pub fn from_flows(flows: Flows) -> Option<Self> {
        let mut table = FlowTable::new();
        for flow in flows {
            let hash = flow.key.hash();
            if table.find(hash, &flow.key).is_some() {
                return None;
            }
            table.insert(hash, flow);
        }
        Some(table)
    }
}
