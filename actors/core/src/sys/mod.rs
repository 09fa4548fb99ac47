//! Calls to the kernel that need `unsafe`: mapped windows that survive truncation, lease probes, thread scheduling,
//! notes that survive a crash of the process, standard streams that were closed at its start, what storage and memory
//! hold of a file, and free memory. Also the processor's vectors, and compression functions. No other module may use
//! `unsafe`.
//!
//! Every `unsafe` block says what makes it sound. This module knows no message, job or actor.

#![allow(unsafe_code)]

pub(crate) mod blocks;
pub(crate) mod lanes;
pub(crate) mod lease;
#[cfg(feature = "failpoints")]
pub(crate) mod mapped_write;
pub mod sched;
mod sigbus;
pub mod slots;
pub mod std_streams;
pub(crate) mod storage;
pub(crate) mod window;

/// Gives free memory of the heap back to the kernel. glibc keeps most of it otherwise, up to the most that was ever in
/// use. Blocks for as long as that takes, milliseconds on a large heap. Other C libraries give it back by themselves.
pub fn give_back_free_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: `malloc_trim(3)` is thread-safe and changes free memory only.
    unsafe {
        libc::malloc_trim(0);
    }
}
