//! The verdict on one entry of a manifest, and how often each was given.

/// The result of checking one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The file has the digest of the entry.
    Ok,
    /// The file has another digest.
    Failed,
    /// The file could not be read; the reason.
    Unreadable(String),
    /// The file is missing, and missing files are ignored.
    Ignored,
}

/// How missing files are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Like files that cannot be read.
    Reported,
    /// They are not reported, and do not count as unreadable.
    Ignored,
}

/// How many entries of a manifest got each verdict.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) well_formed: u64,
    pub(super) malformed: u64,
    pub(super) matched: u64,
    pub(super) mismatched: u64,
    pub(super) unreadable: u64,
}

impl Counts {
    /// Whether something was verified and nothing differed or was unreadable. Malformed lines are not looked at.
    pub(super) const fn all_verified(&self) -> bool {
        self.well_formed > 0 && self.matched > 0 && self.mismatched == 0 && self.unreadable == 0
    }
}
