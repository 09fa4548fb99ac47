//! One entry of a manifest of any format: a name, its digests, and what else the format carries.
//!
//! All readers return records, and conversions work on them. What a format does not carry is `None`.

use super::entry::Claimed;
use crate::digest::{Algorithm, Algorithms};
use crate::result::{FileMeta, FileTime, Known, Stability, Status};

/// One entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The exact bytes of its name, unescaped.
    pub name: Vec<u8>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// Its last modification.
    pub modified_at: Option<FileTime>,
    /// The last change of its inode (ctime).
    pub changed_at: Option<FileTime>,
    /// The inode's number.
    pub inode: Option<u64>,
    /// The status of the file when the manifest was written.
    pub status: Option<Status>,
    /// Its digests; none only if the status says why.
    pub digests: Vec<Claimed>,
}

impl Record {
    /// Empties it for the next entry; allocations are kept.
    pub(super) fn clear(&mut self) {
        self.name.clear();
        self.digests.clear();
        (self.size, self.modified_at, self.status) = (None, None, None);
        (self.changed_at, self.inode) = (None, None);
    }

    /// The digest of this algorithm, if there is one.
    #[must_use]
    pub fn digest_of(&self, algorithm: Algorithm) -> Option<&Claimed> {
        self.digests.iter().find(|digest| digest.tag() == Some(algorithm))
    }

    /// What it says about the file besides digests.
    #[must_use]
    pub fn known(&self) -> Known {
        let (mtime_ns, ctime_ns) = (self.modified_at.map(FileTime::as_ns), self.changed_at.map(FileTime::as_ns));
        let times_may_repeat = mtime_ns.zip(ctime_ns).is_some_and(|times| self.may_hide_a_write(times));
        Known { size: self.size, mtime_ns, ctime_ns, inode: self.inode, times_may_repeat }
    }

    /// Whether a later write may have left the same times. A record that does not say how far its digest can be
    /// trusted is taken for one that cannot rule out a writer.
    fn may_hide_a_write(&self, (mtime_ns, ctime_ns): (i128, i128)) -> bool {
        let status = self.status.unwrap_or(Status::Hashed(Stability::Unverified));
        FileMeta { mtime_ns, ctime_ns, ..FileMeta::default() }.may_hide_a_write(status)
    }
}

/// The algorithms of the tagged digests, in the order of their first use. `None` if no digest is tagged.
pub fn algorithms_named<'a>(records: impl IntoIterator<Item = &'a Record>) -> Option<Algorithms> {
    let named = records.into_iter().flat_map(|record| &record.digests).filter_map(Claimed::tag);
    let mut seen = Vec::new();
    for algorithm in named {
        if !seen.contains(&algorithm) {
            seen.push(algorithm);
        }
    }
    Algorithms::new(seen).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::{Evidence, Verdict};

    #[test]
    fn only_fine_or_settled_times_of_a_record_show_rot() {
        let at = |nanosecond: i128| FileTime::from_ns(1_700_000_000_000_000_000 + nanosecond);
        let record = |nanosecond, stability: Option<Stability>| Record {
            size: Some(1),
            modified_at: at(nanosecond),
            changed_at: at(nanosecond),
            inode: Some(7),
            status: stability.map(Status::Hashed),
            ..Record::default()
        };
        let verdict = |record: &Record| {
            let now = Known { times_may_repeat: false, ..record.known() };
            Evidence::between(&record.known(), &now).verdict()
        };
        for (nanosecond, stability, expected) in [
            (1, Some(Stability::Unverified), Verdict::SuspectedRot),
            (0, Some(Stability::Stable), Verdict::SuspectedRot),
            (0, Some(Stability::Unverified), Verdict::Modified),
            (0, None, Verdict::Modified),
        ] {
            assert_eq!(verdict(&record(nanosecond, stability)), expected, "{nanosecond} {stability:?}");
        }
        let without_ctime = Record { changed_at: None, ..record(1, Some(Stability::Stable)) };
        assert_eq!(verdict(&without_ctime), Verdict::Modified, "a write cannot be ruled out");
    }
}
