//! The calls. The host owns nothing: it asks for a place, writes, calls, and copies out before its next call.
//!
//! ```text
//! session_open(kind) → session                 kind 1 decode, 2 flow, 3 unpack, 4 extract, 5 pair; 0 back = unknown
//! input_reserve(session, tag, len) → address   where the host writes the next `len` bytes of that tag
//! push(session, tag, len) → status             0 go on, 1 enough (decode: past the segment's end; unpack: take the
//!                                              output and push again, if only nothing), 2 error
//! finish(session, mode) → status               decode, unpack, extract: end of file; flow: end of a round, 1 = of the last;
//!                                              pair: 0 and 1 end of that end's packets, 2 next reading (1 = there is none)
//!                                              and, of a pairing that is done, pushed steps begin its last reading anew
//! output(session, what) → address of {address u32, len u32}
//! table(session, id) → address of {rows u32, columns u32, then per column {data, len, validity, len, nulls}}
//! last_error(session) → address of {address u32, len u32}
//! session_close(session)
//! ```
//! Addresses die at the next call on any session, which may grow memory.

use crate::session::{Session, Status};

/// ABI version; the host refuses any other.
#[no_mangle]
pub extern "C" fn abi_version() -> u32 {
    crate::ABI_VERSION
}

/// Opens a session; 0 for an unknown kind.
#[no_mangle]
pub extern "C" fn session_open(kind: u32) -> *mut Session {
    match Session::open(kind) {
        Some(session) => Box::into_raw(Box::new(session)),
        None => core::ptr::null_mut(),
    }
}

/// Runs `body` on a live session; a null session answers `absent`.
fn with<T>(session: *mut Session, absent: T, body: impl FnOnce(&mut Session) -> T) -> T {
    // SAFETY: the host passes only addresses that `session_open` returned and `session_close` has not taken;
    // one thread runs one instance, so no second reference exists while `body` runs.
    match unsafe { session.as_mut() } {
        Some(session) => body(session),
        None => absent,
    }
}

/// Closes a session and frees what it holds.
///
/// # Safety
/// `session` came from `session_open` and is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn session_close(session: *mut Session) {
    if !session.is_null() {
        // SAFETY: by the contract above this is the one owner of the box.
        drop(unsafe { Box::from_raw(session) });
    }
}

/// Reserves `len` bytes for the next input of `tag` and returns their address.
#[no_mangle]
pub extern "C" fn input_reserve(session: *mut Session, tag: u32, len: usize) -> *mut u8 {
    crate::memory::keep_ahead();
    with(session, core::ptr::null_mut(), |session| session.reserve(tag, len).as_mut_ptr())
}

/// Consumes `len` bytes written at the reserved address.
#[no_mangle]
pub extern "C" fn push(session: *mut Session, tag: u32, len: usize) -> u32 {
    with(session, Status::Error as u32, |session| session.push(tag, len) as u32)
}

/// No more input: decode ends the file, flow ends the round (0) or the capture (1).
#[no_mangle]
pub extern "C" fn finish(session: *mut Session, mode: u32) -> u32 {
    with(session, Status::Error as u32, |session| session.finish(mode) as u32)
}

/// A blob of the session: see `session.rs` for what there is.
#[no_mangle]
pub extern "C" fn output(session: *mut Session, what: u32) -> *const [u32; 2] {
    with(session, core::ptr::null(), |session| session.output(what))
}

/// The column descriptors of a table.
#[no_mangle]
pub extern "C" fn table(session: *mut Session, id: u32) -> *const u32 {
    with(session, core::ptr::null(), |session| session.table(id))
}

/// Facts of the last error: code u32, 0 u32, offset u64, a u64, b u64.
#[no_mangle]
pub extern "C" fn last_error(session: *mut Session) -> *const [u32; 2] {
    with(session, core::ptr::null(), |session| session.last_error())
}
