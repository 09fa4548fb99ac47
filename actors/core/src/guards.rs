//! Switches that take out single protections, only for tests.
//!
//! A guard is code that keeps an odd or hostile file from causing a wrong digest, a hang or a crash. A guard that
//! no test needs is not known to protect anything. So each guard has a switch under the feature `failpoints`, and
//! one test takes the guards out in turn and expects a fault to get through each time.
//!
//! Code asks [`guard_is_out!`](crate::guard_is_out). Without the feature the macro is the literal `false`, and
//! neither the switches nor `Guard` exist.

#[cfg(feature = "failpoints")]
pub use self::switches::Guard;
#[cfg(feature = "failpoints")]
pub use crate::sys::mapped_write::{HeldMapping, write_mapped};

/// Whether a test has taken this guard out.
#[cfg(feature = "failpoints")]
#[doc(hidden)]
#[macro_export]
macro_rules! guard_is_out {
    ($guard:ident) => {
        $crate::guards::Guard::$guard.is_out()
    };
}

/// Whether a test has taken this guard out: never without the feature `failpoints`.
#[cfg(not(feature = "failpoints"))]
#[doc(hidden)]
#[macro_export]
macro_rules! guard_is_out {
    ($guard:ident) => {
        false
    };
}

#[cfg(feature = "failpoints")]
mod switches {
    use std::sync::atomic::{AtomicU64, Ordering};

    /// A protection that can be taken out. The rows of `tests/faults` name the guards that they need.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, strum::VariantArray)]
    #[repr(u8)]
    pub enum Guard {
        /// SIGBUS inside a window is absorbed.
        SigbusHandler,
        /// Any other SIGBUS goes to the handler that was installed before.
        PreviousHandler,
        /// A window that lost pages gives no digest.
        LostPages,
        /// `fstat` is called again after the read.
        SecondStat,
        /// A file whose coarse time stamps may hide a write is not called stable.
        CoarseStamps,
        /// A lease through a stacked file system, which rules out no writer below it, is not trusted.
        StackedLeases,
        /// The change time counts, which no program can set back.
        ChangeTime,
        /// A read lease proves that no process has the file open for writing.
        LeaseProbe,
        /// The lease's signal is one that is ignored by default.
        LeaseSignal,
        /// Where only stable digests were asked for, unverified ones are refused.
        RequireStable,
        /// Files on network and FUSE file systems are read, never mapped, and never called stable.
        CarefulFilesystems,
        /// A panic costs only the file it happened on.
        PanicEdge,
        /// A hasher without a heartbeat is replaced.
        Watchdog,
        /// A file that arrives byte by byte is given up.
        FileDeadline,
        /// A directory that never answers is given up.
        WalkDeadline,
        /// Only what `fstat` calls a regular file is read.
        RegularFilesOnly,
        /// An open does not wait for the other end of a FIFO.
        NonBlockingOpen,
        /// `openat2` stays beneath its directory and follows no link.
        Confinement,
        /// Mount points are not crossed unless asked.
        OneFilesystem,
        /// File systems without stored content, such as `/proc`, are skipped.
        PseudoFilesystems,
        /// A file with a size of 0 is read all the same.
        UnsizedRead,
        /// A file without an end is given up at a limit.
        UnsizedBound,
        /// A file above the size limit is not started.
        FileBound,
        /// Holes are not read.
        Holes,
        /// Directories are entered down to a maximum depth.
        DepthBound,
        /// An open that failed with `EAGAIN` or `EINTR` is retried.
        OpenRetry,
        /// An open without a free descriptor waits for one.
        DescriptorRetry,
        /// A read that returned less than asked for is continued.
        WholeRead,
        /// hivesum's own files are left alone.
        OwnFiles,
    }

    /// One bit per guard that is out. Also read in a signal handler.
    static OUT: AtomicU64 = AtomicU64::new(0);

    impl Guard {
        /// All of them.
        pub const ALL: [Self; 29] = crate::variants();

        const fn bit(self) -> u64 {
            1 << self as u8
        }

        /// Takes it out, for the whole process and for good.
        pub fn take_out(self) {
            OUT.fetch_or(self.bit(), Ordering::SeqCst);
        }

        /// Whether it was taken out.
        pub fn is_out(self) -> bool {
            OUT.load(Ordering::Relaxed) & self.bit() != 0
        }
    }
}
