//! Decoded packets → flows, RTT samples, bins and events.
//!
//! Owns flow state and every per-flow metric of one capture point; refuses any input only by a typed error. Packets
//! come from `packet` rows, rows go into the tables of `columns`. Law: cutting the packet stream anywhere, by
//! `export` into a new `Analyzer` that imports, changes no byte of any table.
#![no_std]
extern crate alloc;

mod analyzer;
mod bins;
mod codes;
mod duplicates;
mod emit;
mod flow;
mod fragments;
mod histogram;
mod key;
mod state;
mod table;
mod tcp;
mod udp;

pub use analyzer::{Analyzer, Config};
pub use codes::{
    Application, ConnectionState, Direction, EventKind, JitterMethod, LossMethod, MtuFinding, RttMethod, Toward,
};
pub use emit::AT_END;
pub use histogram::Samples;
pub use key::FlowKey;
pub use state::StateError;
