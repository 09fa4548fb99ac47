//! Asks the kernel whether anybody has a file open for writing, or mapped so.
//!
//! `fcntl(2)`: a read lease is granted only while nobody has the file open for writing, which also
//! covers writable shared mappings. It is given back at once. A writer that opens in between would
//! make the kernel send the lease's signal, SIGIO by default, which kills the process; the descriptor
//! gets SIGURG instead, which is ignored by default.

use std::os::fd::{AsRawFd, BorrowedFd};

use crate::guard_is_out;

/// What the probe found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Probe {
    /// Nobody has it open for writing.
    Free,
    /// Somebody has.
    OpenForWriting,
    /// The kernel grants us no leases on it (not the owner, or the file system knows none).
    Unavailable,
}

/// `F_SETSIG` of `include/uapi/asm-generic/fcntl.h`; the libc crate does not name it everywhere.
const F_SETSIG: libc::c_int = 10;

/// Takes and gives back a read lease on a file that was opened read-only.
pub(crate) fn probe(file: BorrowedFd<'_>) -> Probe {
    let fd = file.as_raw_fd();
    // SAFETY: fcntl on a descriptor that `file` keeps open, with integer arguments alone.
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

    use hivesum_test_support::Requirement;

    use super::*;

    /// Without leases the stability rules call a file unverified.
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
            let busy = (0..100_000).filter(|_| probe(reader.as_fd()) == Probe::OpenForWriting).count();
            done.store(true, Ordering::Relaxed);
            (busy, opening.join().unwrap())
        });
        assert!(seen.0 > 0 && seen.1 > 0, "the two never met: {seen:?}");
        assert_eq!(probe(reader.as_fd()), Probe::Free);
    }

    #[test]
    fn a_writer_is_seen_and_its_leaving_too() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let reader = std::fs::File::open(file.path()).unwrap();
        let with_writer = probe(reader.as_fd());
        let path = file.into_temp_path();
        let without = probe(reader.as_fd());
        drop(path);
        if !LEASES.is_met(|| without != Probe::Unavailable) {
            return;
        }
        assert_eq!((with_writer, without), (Probe::OpenForWriting, Probe::Free));
    }
}
