//! The guards: each thing that stands between an odd or hostile file and a wrong digest, a hang or a death.
//!
//! A guard that is never needed in a test protects nothing that anybody knows of. So each has a switch, under
//! the feature `failpoints` alone, and one test takes them out in turn and expects a fault to get through.
//! Without the feature every guard is up, the question costs nothing, and there is no switch.

#[cfg(feature = "failpoints")]
pub use crate::sys::mapped_write::{HeldMapping, write_mapped};

/// What can be taken out. Each says what it answers; the rows are those of the tests in `tests/faults`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Guard {
    /// SIGBUS inside a window is absorbed.
    SigbusHandler,
    /// Any other SIGBUS goes to the handler that was there before.
    PreviousHandler,
    /// A window that lost pages gives no digest.
    LostPages,
    /// `fstat` once more after the read.
    SecondLook,
    /// The change time counts, which nobody can set back.
    ChangeTime,
    /// A read lease is asked for: nobody has the file open for writing.
    LeaseProbe,
    /// The lease's signal is one that is ignored.
    LeaseSignal,
    /// What is not known to be stable is refused where only stable digests were asked for.
    RequireStable,
    /// Network and FUSE file systems are read, never mapped, and never called stable.
    CarefulFilesystems,
    /// A panic ends at its file.
    PanicEdge,
    /// A hasher that shows no sign of life is replaced.
    Watchdog,
    /// A file that comes byte by byte is given up.
    Patience,
    /// A directory that never answers is given up.
    WalkPatience,
    /// What `fstat` does not call a regular file is not read.
    RegularFilesOnly,
    /// Opened without waiting for the other end of a FIFO.
    NonBlockingOpen,
    /// `openat2` stays beneath its directory and follows no link.
    Confinement,
    /// Mount points are not crossed unless asked.
    OneFilesystem,
    /// File systems that the kernel makes up are passed over.
    PseudoFilesystems,
    /// A size of 0 is not believed.
    UnsizedRead,
    /// A file without an end is given up at a bound.
    UnsizedBound,
    /// A file over the bound is not begun.
    FileBound,
    /// Holes are not read.
    Holes,
    /// Directories are entered down to a depth.
    DepthBound,
    /// `EAGAIN` and `EINTR` of an open are tried again.
    OpenRetry,
    /// Running out of descriptors is waited out.
    DescriptorRetry,
    /// A read that gives less than asked for is gone on with.
    WholeRead,
    /// hivesum's own files are left alone.
    OwnFiles,
}

#[cfg(not(feature = "failpoints"))]
impl Guard {
    /// Always.
    #[inline(always)]
    pub const fn is_up(self) -> bool {
        true
    }
}

#[cfg(feature = "failpoints")]
mod switches {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::Guard;

    /// One bit a guard that is out. Read in a signal handler, too.
    static OUT: AtomicU64 = AtomicU64::new(0);

    impl Guard {
        /// All of them.
        pub const ALL: [Self; 27] = [
            Self::SigbusHandler,
            Self::PreviousHandler,
            Self::LostPages,
            Self::SecondLook,
            Self::ChangeTime,
            Self::LeaseProbe,
            Self::LeaseSignal,
            Self::RequireStable,
            Self::CarefulFilesystems,
            Self::PanicEdge,
            Self::Watchdog,
            Self::Patience,
            Self::WalkPatience,
            Self::RegularFilesOnly,
            Self::NonBlockingOpen,
            Self::Confinement,
            Self::OneFilesystem,
            Self::PseudoFilesystems,
            Self::UnsizedRead,
            Self::UnsizedBound,
            Self::FileBound,
            Self::Holes,
            Self::DepthBound,
            Self::OpenRetry,
            Self::DescriptorRetry,
            Self::WholeRead,
            Self::OwnFiles,
        ];

        const fn bit(self) -> u64 {
            1 << self as u8
        }

        /// Takes it out, for the whole process and for good.
        pub fn take_out(self) {
            OUT.fetch_or(self.bit(), Ordering::SeqCst);
        }

        /// Whether it stands.
        pub fn is_up(self) -> bool {
            OUT.load(Ordering::Relaxed) & self.bit() == 0
        }
    }
}
