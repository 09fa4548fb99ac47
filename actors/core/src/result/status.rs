//! The result of one file: its metadata, its status, and how far its digests can be trusted.

use rustix::io::Errno;

use super::code::{ErrorCode, SkipReason};

/// What `fstat` returned for a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileMeta {
    /// Bytes.
    pub size: u64,
    /// Last modification, nanoseconds since 1970 UTC.
    pub mtime_ns: i64,
    /// Last change of the inode, nanoseconds since 1970 UTC.
    pub ctime_ns: i64,
    /// The inode's number.
    pub inode: u64,
    /// The device's number; it may change when the system restarts.
    pub device: u64,
}

impl FileMeta {
    /// The modification time. `None` if it is not known: all times are zero for standard input and for files that were
    /// never opened, and a time that 64 bits of nanoseconds cannot hold (before 1677, after 2262) is not told.
    #[must_use]
    pub fn modified_at(&self) -> Option<jiff::Timestamp> {
        let known = self.has_times().then(|| exact(self.mtime_ns)).flatten();
        known.and_then(|at| jiff::Timestamp::from_nanosecond(i128::from(at)).ok())
    }

    /// The time of the last change of the inode, `None` as for [`modified_at`](Self::modified_at).
    #[must_use]
    pub fn changed_at(&self) -> Option<jiff::Timestamp> {
        let known = self.has_times().then(|| exact(self.ctime_ns)).flatten();
        known.and_then(|at| jiff::Timestamp::from_nanosecond(i128::from(at)).ok())
    }

    /// How much later a write may come and leave the same stamps, in nanoseconds; 0 where the file system stores fine
    /// ones. A stamp is as coarse as its digits: of whole seconds (ext2, ext3, ext4 with 128-byte inodes, HFS+; FAT
    /// stores every other one) or of 10 ms (exFAT).
    pub(crate) fn stamp_granule_ns(&self) -> i64 {
        let granules = [1_000_000_000, 10_000_000];
        let divides = |granule: &i64| self.mtime_ns % granule == 0 && self.ctime_ns % granule == 0;
        granules.into_iter().find(divides).unwrap_or(0)
    }

    /// Whether the file may have been written to after it was hashed, and still have these stamps: they are coarse,
    /// and the read was not found to be later than they reach.
    #[must_use]
    pub fn may_hide_a_write(&self, status: Status) -> bool {
        status == Status::Hashed(Stability::Unverified) && self.stamp_granule_ns() > 0
    }

    /// Whether the file was opened.
    pub(crate) fn has_times(&self) -> bool {
        (self.mtime_ns, self.ctime_ns) != (0, 0)
    }
}

/// The time, unless it stands for all that are out of range: then two that differ look equal.
pub(crate) fn exact(nanoseconds: i64) -> Option<i64> {
    (i64::MIN + 1..i64::MAX).contains(&nanoseconds).then_some(nanoseconds)
}

/// A time as `fstat` gives it, in nanoseconds since 1970.
#[must_use]
pub fn nanoseconds(seconds: i64, part: i64) -> i128 {
    i128::from(seconds) * 1_000_000_000 + i128::from(part)
}

/// The time in RFC 3339, which has the years 0001 to 9999; none for all others.
#[must_use]
pub fn rfc3339(nanoseconds: i128) -> Option<String> {
    let seconds = i64::try_from(nanoseconds.div_euclid(1_000_000_000)).ok()?;
    let since = jiff::SignedDuration::new(seconds, nanoseconds.rem_euclid(1_000_000_000) as i32);
    let time = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0).checked_add(since).ok()?;
    (time.year() >= 1).then(|| format!("{time}Z"))
}

/// The time if RFC 3339 has it, for the members and fields that hold nothing else.
pub(crate) fn writable(at: Option<jiff::Timestamp>) -> Option<jiff::Timestamp> {
    at.filter(|at| rfc3339(at.as_nanosecond()).is_some())
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
    /// It was in the store before a restart, and the file is unchanged.
    Kept,
    /// It is the result of an earlier job, and the file is unchanged since.
    Reused,
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

    pub(crate) fn of_meta(meta: &FileMeta) -> Self {
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
    fn a_time_is_rfc_3339_from_year_1_to_year_9999_and_nothing_else() {
        let (first, last) = (-62_135_596_800, 253_402_300_799);
        assert_eq!(rfc3339(nanoseconds(first, 0)).unwrap(), "0001-01-01T00:00:00Z");
        assert_eq!(rfc3339(nanoseconds(last, 999_999_999)).unwrap(), "9999-12-31T23:59:59.999999999Z");
        assert_eq!(rfc3339(nanoseconds(-1, 500_000_000)).unwrap(), "1969-12-31T23:59:59.5Z");
        assert_eq!([nanoseconds(first - 1, 999_999_999), nanoseconds(last + 1, 0)].map(rfc3339), [None, None]);
        assert_eq!([nanoseconds(i64::MIN, 0), nanoseconds(i64::MAX, 999_999_999)].map(rfc3339), [None, None]);
    }

    #[test]
    fn a_time_out_of_range_is_not_known() {
        let meta = |mtime_ns| FileMeta { mtime_ns, ctime_ns: 1, ..FileMeta::default() };
        for at in [i64::MIN, i64::MAX] {
            assert_eq!(meta(at).modified_at(), None);
        }
        assert_eq!(meta(i64::MAX - 1).modified_at().unwrap().to_string(), "2262-04-11T23:47:16.854775806Z");
    }

    #[test]
    fn the_names_are_those_of_the_api_and_of_the_serde_form() {
        let both = [Stability::Stable, Stability::Unverified];
        assert_eq!(both.map(Stability::name), ["stable", "unverified"]);
        assert_eq!(both.map(|one| serde_json::to_value(one).unwrap()), ["stable", "unverified"]);
    }
}
