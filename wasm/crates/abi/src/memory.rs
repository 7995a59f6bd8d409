//! Growing linear memory in large steps. The allocator asks the host for 64 KiB at a time, and each time the host makes
//! a new buffer object and starts to collect garbage: a hundred thousand flows cost more in that than in packets.

use core::hint::black_box;
use core::sync::atomic::{AtomicUsize, Ordering};

const PAGE_BYTES: usize = 64 << 10;
const SMALLEST_STEP: usize = 16;
const LARGEST_STEP: usize = 512;
/// Pages when the last step was taken.
static PAGES: AtomicUsize = AtomicUsize::new(0);

#[cfg(target_arch = "wasm32")]
fn pages() -> usize {
    core::arch::wasm32::memory_size(0)
}

/// Elsewhere the operating system sees to that.
#[cfg(not(target_arch = "wasm32"))]
fn pages() -> usize {
    0
}

/// Once memory has grown, grows it by an eighth more: the allocator keeps what is given back to it.
pub fn keep_ahead() {
    let now = pages();
    if now == PAGES.load(Ordering::Relaxed) {
        return;
    }
    let step = (now / 8).clamp(SMALLEST_STEP, LARGEST_STEP);
    let mut room = Vec::<u8>::new();
    // Without that much left, growth goes on in small steps.
    let _ = black_box(&mut room).try_reserve_exact(step * PAGE_BYTES);
    drop(room);
    PAGES.store(pages(), Ordering::Relaxed);
}
