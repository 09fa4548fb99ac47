//! How many bytes the kernel has read from storage for the calling thread: `ru_inblock` of `getrusage(2)`, which is
//! `read_bytes` of `proc_pid_io(5)` in sectors of 512 bytes (Linux `include/linux/task_io_accounting_ops.h`).
//!
//! The kernel counts where a read is sent to a device, whatever file it is for: direct reads, pages that were not in
//! memory, and metadata of the file system. Reads that a FUSE server, a server on the network or a thread of the kernel
//! makes are counted for others.

use std::sync::OnceLock;

use crate::sys::storage::sectors_read_by_this_thread;

const SECTOR_BYTES: u64 = 512;

/// Whether the kernel counts. Without `/proc` that is not known, and taken for no.
pub(super) fn counts() -> bool {
    static COUNTS: OnceLock<bool> = OnceLock::new();
    // A kernel without the counter has no such file, and says 0 for ever.
    *COUNTS.get_or_init(|| std::fs::read("/proc/thread-self/io").is_ok())
}

/// The bytes so far. `None` if the kernel does not count.
pub(super) fn bytes_of_this_thread() -> Option<u64> {
    counts().then(sectors_read_by_this_thread)?.map(|sectors| sectors * SECTOR_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_is_that_of_the_calling_thread_as_proc_has_it() {
        let in_proc = || -> u64 {
            let text = std::fs::read_to_string("/proc/thread-self/io").unwrap();
            let line = text.lines().find_map(|line| line.strip_prefix("read_bytes:")).unwrap();
            line.trim().parse().unwrap()
        };
        for _ in 0..2 {
            let here = || std::thread::spawn(move || (in_proc(), bytes_of_this_thread().unwrap(), in_proc()));
            let (before, counted, after) = here().join().unwrap();
            assert!((before..=after).contains(&counted), "{before} {counted} {after}");
        }
    }
}
