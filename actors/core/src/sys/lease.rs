//! Asks the kernel whether any process has a file open for writing or mapped writable.
//!
//! `fcntl(2)`: the kernel grants a read lease only while no process has the file open for writing, which includes
//! writable shared mappings. The lease is released at once. If a writer opens the file in between, the kernel
//! sends the lease's signal. The default, SIGIO, would kill the process, so the descriptor is set to SIGURG,
//! which is ignored by default.

use std::os::fd::{AsRawFd, BorrowedFd};

use crate::guard_is_out;

/// What the probe found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Probe {
    /// No process has it open for writing.
    Free,
    /// Some process has it open for writing.
    OpenForWriting,
    /// The kernel grants no lease on it: we are not the owner, or the file system has no leases.
    Unavailable,
}

/// `F_SETSIG` of `include/uapi/asm-generic/fcntl.h`; the libc crate does not define it for every target.
const F_SETSIG: libc::c_int = 10;

/// Takes and releases a read lease on a file that was opened read-only.
pub(crate) fn probe(file: BorrowedFd<'_>) -> Probe {
    let fd = file.as_raw_fd();
    // SAFETY: fcntl on a descriptor that `file` keeps open, with integer arguments only.
    unsafe {
        if !guard_is_out!(LeaseSignal) && libc::fcntl(fd, F_SETSIG, libc::SIGURG) == -1 {
            return Probe::Unavailable;
        }
        if libc::fcntl(fd, libc::F_SETLEASE, libc::F_RDLCK) == 0 {
            fail::fail_point!("lease_held");
            libc::fcntl(fd, libc::F_SETLEASE, libc::F_UNLCK);
            return Probe::Free;
        }
    }
    match std::io::Error::last_os_error().raw_os_error() {
        Some(libc::EAGAIN) => Probe::OpenForWriting,
        _ => Probe::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use hivesum_test_support::{Requirement, comes_true};

    use super::*;

    /// Without leases a digest is marked unverified.
    const LEASES: Requirement<'_> = Requirement::condition("a file system that grants leases");

    #[test]
    fn a_hundred_thousand_probes_survive_a_writer_that_opens_all_the_time() {
        use std::sync::atomic::{AtomicBool, Ordering};
        let file = tempfile::NamedTempFile::new().unwrap();
        let reader = std::fs::File::open(file.path()).unwrap();
        if !LEASES.is_met(|| probe(reader.as_fd()) != Probe::Unavailable) {
            return;
        }
        let path = file.into_temp_path();
        let done = AtomicBool::new(false);
        let seen = std::thread::scope(|scope| {
            let opening = scope.spawn(|| {
                let mut opened = 0_u64;
                while !done.load(Ordering::Relaxed) {
                    opened += u64::from(std::fs::OpenOptions::new().write(true).open(&path).is_ok());
                }
                opened
            });
            let is_busy = || probe(reader.as_fd()) == Probe::OpenForWriting;
            let mut busy = (0..100_000).filter(|_| is_busy()).count();
            // On a machine with other work the writer may not have run at the same time yet.
            if busy == 0 {
                busy += usize::from(comes_true(is_busy));
            }
            done.store(true, Ordering::Relaxed);
            (busy, opening.join().unwrap())
        });
        assert!(seen.0 > 0 && seen.1 > 0, "no probe met an open file: {seen:?}");
        // A process that another test starts holds what is open, too, until its program runs.
        assert!(comes_true(|| probe(reader.as_fd()) == Probe::Free), "no writer is left");
    }

    #[test]
    fn a_writer_and_its_end_are_noticed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let reader = std::fs::File::open(file.path()).unwrap();
        let with_writer = probe(reader.as_fd());
        let _path = file.into_temp_path();
        if !LEASES.is_met(|| probe(reader.as_fd()) != Probe::Unavailable) {
            return;
        }
        assert_eq!(with_writer, Probe::OpenForWriting);
        assert!(comes_true(|| probe(reader.as_fd()) == Probe::Free), "its end is not noticed");
    }
}
