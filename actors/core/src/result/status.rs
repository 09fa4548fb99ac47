//! The result of one file: its metadata, its status, and how far its digests can be trusted.

use rustix::io::Errno;

use super::code::{ErrorCode, SkipReason};
use super::read_from::ReadFrom;
use super::time::FileTime;

/// What `fstat` returned for a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileMeta {
    /// Bytes.
    pub size: u64,
    /// Last modification, nanoseconds since 1970 UTC.
    pub mtime_ns: i128,
    /// Last change of the inode, nanoseconds since 1970 UTC.
    pub ctime_ns: i128,
    /// The inode's number.
    pub inode: u64,
    /// The device's number; it may change when the system restarts.
    pub device: u64,
}

impl FileMeta {
    /// The modification time. `None` if it is not known: all times are zero for standard input and for files that were
    /// never opened, and older stores did not keep those before 1677 and after 2262.
    #[must_use]
    pub fn modified_at(&self) -> Option<FileTime> {
        self.told(self.mtime_ns)
    }

    /// The time of the last change of the inode, `None` as for [`modified_at`](Self::modified_at).
    #[must_use]
    pub fn changed_at(&self) -> Option<FileTime> {
        self.told(self.ctime_ns)
    }

    fn told(&self, nanoseconds: i128) -> Option<FileTime> {
        self.has_times().then(|| known(nanoseconds)).flatten().and_then(FileTime::from_ns)
    }

    /// How much later a write may come and leave the same stamps, in nanoseconds; 0 where the file system stores fine
    /// ones. A stamp is as coarse as its digits: of whole seconds (ext2, ext3, ext4 with 128-byte inodes, HFS+; FAT
    /// stores every other one) or of 10 ms (exFAT).
    pub(crate) fn stamp_granule_ns(&self) -> i64 {
        let granules = [1_000_000_000, 10_000_000];
        let divides =
            |granule: &i64| [self.mtime_ns, self.ctime_ns].iter().all(|time| time % i128::from(*granule) == 0);
        granules.into_iter().find(divides).unwrap_or(0)
    }

    /// Whether the file may have been written to after it was hashed, and still have these stamps: they are coarse,
    /// and the read was not found to be later than they reach.
    #[must_use]
    pub fn may_hide_a_write(&self, status: Status) -> bool {
        status == Status::Hashed(Stability::Unverified) && self.stamp_granule_ns() > 0
    }

    /// The size. `None` if it is not known: not every manifest tells it.
    #[must_use]
    pub fn known_size(&self) -> Option<u64> {
        (self.size != UNKNOWN_SIZE).then_some(self.size)
    }

    /// The inode's number, `None` where no times are known either.
    #[must_use]
    pub fn known_inode(&self) -> Option<u64> {
        self.has_times().then_some(self.inode)
    }

    /// Whether the file was opened.
    pub(crate) fn has_times(&self) -> bool {
        (self.mtime_ns, self.ctime_ns) != (0, 0)
    }
}

/// Stands for a size that is not known. No file has it: sizes are below 2^63.
pub const UNKNOWN_SIZE: u64 = u64::MAX;

/// Stands for a time that a result does not know. No file has it.
pub const UNKNOWN_TIME: i128 = i128::MIN;

/// The time, unless it is [`UNKNOWN_TIME`].
pub(crate) fn known(nanoseconds: i128) -> Option<i128> {
    (nanoseconds != UNKNOWN_TIME).then_some(nanoseconds)
}

/// How far a digest can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Stability {
    /// No process can have written to the file while it was read.
    Stable,
    /// No change was seen, but a writer cannot be ruled out.
    Unverified,
}

impl Stability {
    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Whether one entry has digests, or why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It has digests.
    Hashed(Stability),
    /// It should have digests and has none. `errno` is 0 if no system call failed.
    Error {
        /// Why.
        code: ErrorCode,
        /// The `errno` of the system call that failed.
        errno: i32,
    },
    /// It was skipped.
    Skipped(SkipReason),
}

impl Status {
    /// An error without a failed system call.
    #[must_use]
    pub const fn error(code: ErrorCode) -> Self {
        Self::Error { code, errno: 0 }
    }

    /// The error of an `errno` of opening, listing or reading.
    pub(crate) fn of_errno(errno: Errno) -> Self {
        Self::Error { code: ErrorCode::from_errno(errno), errno: errno.raw_os_error() }
    }
}

/// How a result was obtained.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Origin {
    /// The file was read for it.
    #[default]
    Read,
    /// The same, and where the bytes came from was asked for.
    ReadFrom(ReadFrom),
    /// It was in the store before a restart, and the file is unchanged.
    Kept,
    /// It is the result of an earlier job, and the file is unchanged since.
    Reused,
}

impl Origin {
    /// Of a file that was read. `None` if it was not asked for where its bytes came from.
    #[must_use]
    pub fn of_read(read_from: Option<ReadFrom>) -> Self {
        read_from.map_or(Self::Read, Self::ReadFrom)
    }

    /// Where the bytes came from, if that was asked for when they were read.
    #[must_use]
    pub const fn read_from(self) -> Option<ReadFrom> {
        match self {
            Self::ReadFrom(from) => Some(from),
            Self::Read | Self::Kept | Self::Reused => None,
        }
    }
}

/// Identifies a file in the system, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileIdentity {
    /// `st_dev`.
    pub device: u64,
    /// `st_ino`.
    pub inode: u64,
}

impl FileIdentity {
    /// The identity of an open file or directory.
    ///
    /// # Errors
    /// The error of `fstat`.
    pub fn of(file: impl std::os::fd::AsFd) -> std::io::Result<Self> {
        let stat = rustix::fs::fstat(file)?;
        Ok(Self { device: stat.st_dev, inode: stat.st_ino })
    }

    /// The identity of the file that this was returned for.
    #[must_use]
    pub fn of_meta(meta: &FileMeta) -> Self {
        Self { device: meta.device, inode: meta.inode }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_as_coarse_as_their_digits() {
        let granule = |mtime_ns, ctime_ns| FileMeta { mtime_ns, ctime_ns, ..FileMeta::default() }.stamp_granule_ns();
        assert_eq!(granule(3_000_000_000, 5_000_000_000), 1_000_000_000);
        assert_eq!(granule(-3_000_000_000, 5_000_000_000), 1_000_000_000);
        assert_eq!(granule(3_010_000_000, 5_000_000_000), 10_000_000);
        assert_eq!(granule(3_000_000_000, 5_000_000_001), 0, "a program set mtime to a whole second");
    }

    #[test]
    fn only_coarse_stamps_of_an_unverified_digest_may_hide_a_write() {
        let coarse = FileMeta { mtime_ns: 1_000_000_000, ctime_ns: 2_000_000_000, ..FileMeta::default() };
        let fine = FileMeta { ctime_ns: 2_000_000_001, ..coarse };
        let [stable, unverified] = [Stability::Stable, Stability::Unverified].map(Status::Hashed);
        assert!(coarse.may_hide_a_write(unverified));
        assert!(!coarse.may_hide_a_write(stable) && !fine.may_hide_a_write(unverified));
    }

    #[test]
    fn a_time_is_not_known_if_there_was_no_file_or_the_store_did_not_keep_it() {
        let meta = |mtime_ns| FileMeta { mtime_ns, ctime_ns: 1, ..FileMeta::default() };
        assert_eq!(meta(UNKNOWN_TIME).modified_at(), None);
        assert_eq!(FileMeta::default().modified_at(), None);
        for at in [i128::from(i64::MIN), i128::from(i64::MAX), i128::from(i64::MAX) * 1_000_000_000] {
            assert_eq!(meta(at).modified_at().unwrap().as_ns(), at);
        }
    }

    #[test]
    fn the_names_are_those_of_the_api_and_of_the_serde_form() {
        let both = [Stability::Stable, Stability::Unverified];
        assert_eq!(both.map(Stability::name), ["stable", "unverified"]);
        assert_eq!(both.map(|one| serde_json::to_value(one).unwrap()), ["stable", "unverified"]);
    }
}
