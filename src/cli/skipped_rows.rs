//! The rows of JSON and NDJSON manifests that were skipped when the manifest was made: symbolic links, devices, other
//! file systems. They have no digest and are no entries; every command that reads them counts them in the same words.

use hivesum_core::result::{SkipReason, Status};

/// How many rows were skipped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct SkippedRows {
    /// Symbolic links.
    links: u64,
    /// Everything else.
    others: u64,
}

impl SkippedRows {
    /// Whether a row with this status was skipped. It is counted then.
    pub(super) const fn add(&mut self, status: Option<Status>) -> bool {
        match status {
            Some(Status::Skipped(SkipReason::Symlink)) => self.links += 1,
            Some(Status::Skipped(_)) => self.others += 1,
            Some(Status::Hashed(_) | Status::Error { .. }) | None => return false,
        }
        true
    }

    /// `skipped: 2 symbolic links`, and what else; `None` if there are none.
    pub(super) fn told(self) -> Option<String> {
        let count = |count: u64, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            count => Some(format!("{count} {many}")),
        };
        let links = count(self.links, "symbolic link", "symbolic links");
        let others = count(self.others, "entry that is no file", "entries that are no files");
        let all: Vec<_> = links.into_iter().chain(others).collect();
        (!all.is_empty()).then(|| format!("skipped: {}", all.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hivesum_core::result::Stability;

    #[test]
    fn links_and_other_skipped_rows_are_counted_apart() {
        let mut rows = SkippedRows::default();
        assert_eq!(rows.told(), None);
        assert!(rows.add(Some(Status::Skipped(SkipReason::Symlink))));
        assert_eq!(rows.told().as_deref(), Some("skipped: 1 symbolic link"));
        assert!(rows.add(Some(Status::Skipped(SkipReason::Symlink))));
        assert!(rows.add(Some(Status::Skipped(SkipReason::NotRegular))));
        assert!(!rows.add(None) && !rows.add(Some(Status::Hashed(Stability::Stable))));
        assert_eq!(rows.told().as_deref(), Some("skipped: 2 symbolic links, 1 entry that is no file"));
    }
}
