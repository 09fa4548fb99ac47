//! How many bytes the kernel has read from storage for the calling thread: `read_bytes` of `proc_pid_io(5)`.
//!
//! The kernel counts where a read is sent to a device, whatever file it is for: direct reads, pages that were not in
//! memory, and metadata of the file system. Reads that a FUSE server, a server on the network or a thread of the kernel
//! makes are counted for others.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::sys::sched::current_thread_id;

/// Larger than the file ever is: seven short lines.
const FILE_BYTES: usize = 512;

/// The counter of one thread, open.
#[derive(Debug)]
pub(super) struct StorageCounter {
    thread: i32,
    file: File,
}

impl StorageCounter {
    /// The counter of the calling thread. It is opened again where another thread opened the one in `open`. `None`
    /// without `/proc`, or if the kernel does not count.
    pub(super) fn of_this_thread(open: &mut Option<Self>) -> Option<&Self> {
        let thread = current_thread_id();
        if open.as_ref().is_none_or(|counter| counter.thread != thread) {
            *open = File::open("/proc/thread-self/io").ok().map(|file| Self { thread, file });
        }
        open.as_ref()
    }

    /// The bytes so far.
    pub(super) fn bytes(&self) -> Option<u64> {
        let mut text = [0; FILE_BYTES];
        let length = self.file.read_at(&mut text, 0).ok()?;
        read_bytes(std::str::from_utf8(text.get(..length)?).ok()?)
    }
}

fn read_bytes(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("read_bytes:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_is_that_of_the_calling_thread() {
        let mut open = None;
        let bytes = StorageCounter::of_this_thread(&mut open).unwrap().bytes().unwrap();
        assert!(StorageCounter::of_this_thread(&mut open).unwrap().bytes().unwrap() >= bytes);
        let here = open.as_ref().unwrap().thread;
        std::thread::scope(|scope| {
            scope.spawn(|| assert_ne!(StorageCounter::of_this_thread(&mut open).unwrap().thread, here));
        });
    }

    #[test]
    fn the_line_is_found_by_its_name() {
        let text =
            "rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 4096\nwrite_bytes: 0\ncancelled_write_bytes: 0\n";
        assert_eq!(read_bytes(text), Some(4096));
        assert_eq!((read_bytes("rchar: 1\n"), read_bytes("read_bytes: x\n")), (None, None));
    }
}
