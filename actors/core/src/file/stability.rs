//! How far the digest of an open file can be trusted, and whether the file stayed the same.
//!
//! Order: open, fstat, probe, read, fstat. The probe (see `sys::lease`) is needed where time stamps may not show a
//! writer: for mapped files, for files changed within the last minute, and on file systems without write-back. It costs
//! some 2 us, so it is not made for every small file.
//!
//! Time stamps are as coarse as the file system stores them. Two writes within one granule look like one, so a read
//! that begins before the granule of the last write has ended is `unverified`, whatever the probe says.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::io::Errno;

use super::device::DeviceAccess;
use super::extents::is_sparse;
use super::filesystem::{FilesystemCache, FilesystemKind, Leases, Stamps, WriteTraces};
use super::open::{Devices, Dir, OpenFailure, is_device, meta_of_open, open_content};
use crate::guard_is_out;
use crate::result::{FileMeta, Stability};
use crate::sys::lease::{Probe, probe};

/// A file that is unchanged for this long, on a file system with write-back, has no writer whose time stamp is still
/// missing: the kernel writes dirty mapped pages back within half of this time, and stamps the file then.
const SETTLED_AFTER: Duration = Duration::from_secs(60);

/// The coarsest clock of file time stamps: a tick at 100 Hz. Stamps may lag behind the time of day by so much, and two
/// writes within one tick could leave the same stamps. Since Linux 6.13 some file systems do not use a time again that
/// was read once (`Documentation/filesystems/multigrain-ts.rst`).
const TICK: Duration = Duration::from_millis(10);

/// What FAT stores of a time (`fat_truncate_time` in Linux `fs/fat/misc.c`).
const FAT_GRANULE: Duration = Duration::from_secs(2);

/// How many probes must find a writer before the file counts as open for writing.
const PROBES: usize = 3;

/// A regular file or a block device, open for reading.
#[derive(Debug)]
pub struct OpenFile {
    pub(crate) file: OwnedFd,
    pub(crate) is_device: bool,
    pub(crate) filesystem: FilesystemKind,
    traces: WriteTraces,
    /// Whether it may have holes.
    pub(crate) sparse: bool,
    pub(super) source: Source,
}

/// Where the bytes of an open file are read from.
#[derive(Debug)]
pub(super) enum Source {
    /// Wherever the kernel has them.
    Anywhere,
    /// The device.
    Device(DeviceAccess),
    /// The device was asked for, and nothing tells whether they come from there.
    Unknown,
}

/// The wall-clock time of a batch of files, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    nanoseconds: i64,
    every_write_shows: bool,
}

impl Now {
    pub(crate) fn read() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        static EVERY_WRITE_SHOWS: LazyLock<bool> = LazyLock::new(|| {
            let release = rustix::system::uname().release().to_string_lossy().into_owned();
            stamps_every_write(&release)
        });
        Self { nanoseconds: since.as_nanos() as i64, every_write_shows: *EVERY_WRITE_SHOWS }
    }

    fn is_long_after(self, meta: &FileMeta) -> bool {
        self.since_touched(meta) > SETTLED_AFTER.as_nanos() as i64
    }

    /// How long another write could still leave the same time stamps as the last one: `None` if it cannot any more.
    /// Longer than any granule if the clock was set back, so that the time of the last write is not known.
    fn stamps_repeat_for(self, meta: &FileMeta, stamps: Stamps) -> Option<Duration> {
        let every_write_shows = self.every_write_shows && stamps == Stamps::Multigrain;
        let granule = match stamps {
            _ if guard_is_out!(CoarseStamps) => 0,
            Stamps::TwoSeconds => FAT_GRANULE.as_nanos() as i64,
            Stamps::Multigrain | Stamps::Ticks => meta.stamp_granule_ns(),
        };
        // A granule ends with the tick that the last write in it may have been stamped by.
        let ends_after = granule + TICK.as_nanos() as i64;
        let doubtful = (granule > 0 || !every_write_shows) && self.since_touched(meta) <= ends_after;
        doubtful.then(|| Duration::from_nanos(ends_after.saturating_sub(self.since_touched(meta)).max(0) as u64 + 1))
    }

    fn since_touched(self, meta: &FileMeta) -> i64 {
        let since = i128::from(self.nanoseconds).saturating_sub(meta.mtime_ns.max(meta.ctime_ns));
        since.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }
}

/// Whether a kernel of this release gives a write another time stamp than any that was read before.
fn stamps_every_write(release: &str) -> bool {
    let mut numbers = release.split(|letter: char| !letter.is_ascii_digit()).map(|number| number.parse().unwrap_or(0));
    let version: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    version >= (6, 13)
}

impl OpenFile {
    /// Opens a regular file, or a block device that is wanted. The failure tells the status of anything else.
    pub(crate) fn open(
        dir: &Dir,
        name: &[u8],
        devices: Devices,
        filesystems: &mut FilesystemCache,
    ) -> Result<(Self, FileMeta), OpenFailure> {
        let (file, stat) = open_content(dir, name, devices)?;
        let meta = meta_of_open(file.as_fd(), &stat).map_err(OpenFailure::System)?;
        if is_device(&stat) {
            // Whoever mounts it may write to it unnoticed, as other machines to a file on a network.
            let filesystem = FilesystemKind::Network;
            return Ok((
                Self {
                    file,
                    is_device: true,
                    filesystem,
                    traces: WriteTraces::LEAST,
                    sparse: false,
                    source: Source::Anywhere,
                },
                meta,
            ));
        }
        let (filesystem, traces) = filesystems.kind_and_traces(file.as_fd(), meta.device);
        let in_a_tree = matches!(dir, Dir::Beneath(..));
        if in_a_tree && filesystem == FilesystemKind::Pseudo && !guard_is_out!(PseudoFilesystems) {
            return Err(OpenFailure::PseudoFilesystem);
        }
        // Holes that a server or a program reports are not trusted.
        let sparse = is_sparse(&stat) && filesystem.may_map() && !guard_is_out!(Holes);
        Ok((Self { file, is_device: false, filesystem, traces, sparse, source: Source::Anywhere }, meta))
    }

    /// Reads its bytes from the device from now on, as far as there is one.
    pub(crate) fn read_from_device(&mut self) {
        let has_device = self.is_device || self.filesystem == FilesystemKind::Local;
        let stacked = !self.is_device && self.traces.leases == Leases::WritersThroughIt;
        let access = has_device.then(|| DeviceAccess::prepare(self.fd(), stacked)).flatten();
        self.source = access.map_or(Source::Unknown, Source::Device);
    }

    /// Whether it was asked for where its bytes come from.
    pub(crate) fn asks_for_device(&self) -> bool {
        !matches!(self.source, Source::Anywhere)
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Whether a writer can be ruled out. To be called before the read.
    pub(crate) fn stability(&self, meta: &FileMeta, now: Now, mapped: bool) -> Stability {
        match self.filesystem {
            FilesystemKind::Local | FilesystemKind::Memory => {}
            _ if guard_is_out!(CarefulFilesystems) => {}
            FilesystemKind::Network | FilesystemKind::Fuse | FilesystemKind::Pseudo => return Stability::Unverified,
        }
        if guard_is_out!(LeaseProbe) {
            return Stability::Stable;
        }
        let settled = self.filesystem.has_write_back() && now.is_long_after(meta);
        if settled && !mapped {
            return Stability::Stable;
        }
        if now.stamps_repeat_for(meta, self.traces.stamps).is_some() {
            return Stability::Unverified;
        }
        // A writer below a stacked file system holds the file's own path, which no lease through the stack meets.
        if !settled && self.traces.leases == Leases::WritersThroughIt && !guard_is_out!(StackedLeases) {
            return Stability::Unverified;
        }
        for _ in 0..PROBES {
            match probe(self.fd()) {
                Probe::Free => return Stability::Stable,
                Probe::OpenForWriting => {}
                Probe::Unavailable if settled => return Stability::Stable,
                Probe::Unavailable => return Stability::Unverified,
            }
        }
        Stability::Unverified
    }

    /// How long to wait until a read can be trusted as far as the time stamps go: `None` if that is so now, or if the
    /// clock was set back, so that nobody knows how long.
    pub(crate) fn stamps_tell_after(&self, meta: &FileMeta, now: Now) -> Option<Duration> {
        now.stamps_repeat_for(meta, self.traces.stamps).filter(|wait| *wait <= FAT_GRANULE + 2 * TICK)
    }

    /// Calls `fstat` again.
    pub(crate) fn meta_now(&self) -> Result<FileMeta, Errno> {
        rustix::fs::fstat(&self.file).and_then(|stat| meta_of_open(self.fd(), &stat))
    }
}

impl FileMeta {
    /// Whether two calls of `fstat` on one open file show no write between them.
    pub(crate) fn same_content(&self, later: &Self) -> bool {
        let same_size_and_mtime = (self.size, self.mtime_ns) == (later.size, later.mtime_ns);
        let same_ctime = self.ctime_ns == later.ctime_ns || guard_is_out!(ChangeTime);
        (same_size_and_mtime && same_ctime) || guard_is_out!(SecondStat)
    }

    /// Whether a name still refers to the same file, without a write since. The device does not count: its number may
    /// change when the system restarts.
    pub fn is_same_file(&self, later: &Self) -> bool {
        self.inode == later.inode && self.same_content(later)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn doubtful(meta: &FileMeta, stamps: Stamps, now: Now) -> bool {
        now.stamps_repeat_for(meta, stamps).is_some()
    }

    fn at(nanoseconds: i64) -> Now {
        Now { nanoseconds, every_write_shows: true }
    }

    #[test]
    fn a_file_written_to_within_the_last_tick_is_trusted_only_where_every_write_shows() {
        let meta =
            FileMeta { mtime_ns: i128::from(SECOND), ctime_ns: i128::from(2 * SECOND + 1), ..FileMeta::default() };
        let before_6_13 = |nanoseconds| Now { nanoseconds, every_write_shows: false };
        for just_written in [2 * SECOND, 2 * SECOND + 1, 2 * SECOND + 10_000_001] {
            assert!(doubtful(&meta, Stamps::Multigrain, before_6_13(just_written)));
            assert!(!doubtful(&meta, Stamps::Multigrain, at(just_written)));
            assert!(doubtful(&meta, Stamps::Ticks, at(just_written)), "another file system, whatever the kernel");
        }
        assert!(!doubtful(&meta, Stamps::Ticks, before_6_13(2 * SECOND + 10_000_002)));
    }

    #[test]
    fn stamps_of_whole_seconds_tell_nothing_until_their_second_and_a_tick_have_passed() {
        let meta =
            FileMeta { mtime_ns: i128::from(7 * SECOND), ctime_ns: i128::from(7 * SECOND), ..FileMeta::default() };
        let (one, two) = (8 * SECOND + 10_000_000, 9 * SECOND + 10_000_000);
        for stamps in [Stamps::Multigrain, Stamps::Ticks] {
            assert!(doubtful(&meta, stamps, at(7 * SECOND)) && doubtful(&meta, stamps, at(one)));
            assert!(!doubtful(&meta, stamps, at(one + 1)));
        }
        assert!(doubtful(&meta, Stamps::TwoSeconds, at(two)) && !doubtful(&meta, Stamps::TwoSeconds, at(two + 1)));
    }

    #[test]
    fn a_clock_that_was_set_back_is_never_waited_for_and_never_trusted() {
        let meta =
            FileMeta { mtime_ns: i128::from(7 * SECOND), ctime_ns: i128::from(90 * SECOND), ..FileMeta::default() };
        for stamps in [Stamps::Multigrain, Stamps::Ticks, Stamps::TwoSeconds] {
            let wait = at(8 * SECOND).stamps_repeat_for(&meta, stamps).unwrap();
            assert!(wait > FAT_GRANULE + 2 * TICK, "{wait:?}");
        }
        assert!(!at(8 * SECOND).is_long_after(&meta));
    }

    #[test]
    fn after_the_wait_the_stamps_tell() {
        let meta =
            FileMeta { mtime_ns: i128::from(7 * SECOND), ctime_ns: i128::from(7 * SECOND), ..FileMeta::default() };
        for stamps in [Stamps::Multigrain, Stamps::Ticks, Stamps::TwoSeconds] {
            let now = 7 * SECOND + SECOND / 3;
            let wait = at(now).stamps_repeat_for(&meta, stamps).unwrap();
            assert!(wait <= FAT_GRANULE + 2 * TICK);
            assert!(!doubtful(&meta, stamps, at(now + wait.as_nanos() as i64)));
        }
    }

    #[test]
    fn kernels_stamp_every_write_since_6_13() {
        for (release, stamps) in [("6.13.0-rc1", true), ("6.18.44-fc", true), ("7.0", true), ("10.1.2", true)] {
            assert_eq!(stamps_every_write(release), stamps, "{release}");
        }
        for release in ["6.12.9", "6.1.0-38-amd64", "5.15.167.4-microsoft-standard-WSL2", "", "strange"] {
            assert!(!stamps_every_write(release), "{release}");
        }
    }
}
