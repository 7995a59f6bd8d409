//! The one list of tables, columns, types and units, the growable columns that hold them, and the one list
//! of survivable problems and of fatal ones. Leaf crate: it knows no packet. `abi` prints both lists for TypeScript.
#![no_std]
extern crate alloc;

mod column;
mod diagnostics;
mod errors;
mod schema;

pub use column::{Column, Table};
pub use diagnostics::{encode_tally, Diagnostic, Severity, Tally, TallyEntry};
pub use errors::{CaptureError, CaptureErrorCode};
pub use schema::{
    columns_of, ColumnDef, TableId, Type, APPLICATIONS, CONNECTION_STATES, DIRECTIONS, EVENT_KINDS, JITTER_METHODS,
    LAYERS, LOSS_METHODS, MTU_FINDINGS, RTT_METHODS, TABLES, TOWARD,
};
