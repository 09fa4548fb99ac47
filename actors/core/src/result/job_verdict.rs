//! The verdict of a whole job that looks for recorded files: whether everything is as it was recorded.
//!
//! Decides what the verdicts on single files come to, and nothing else: [`Inspection::verdict`] is the one place for
//! that, whoever asks (the store, the API, the metrics, the command line). It knows nothing of the state of a job:
//! a job may complete and find everything missing.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use super::verdict::AuditCounts;

/// The verdict of a job that looks for recorded files.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, VariantArray, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum JobVerdict {
    /// Everything that was looked for was found, and matched.
    Ok,
    /// Something is known to differ from what was recorded.
    Failed,
    /// Nothing is known to differ, but not everything was looked at.
    Incomplete,
}

impl JobVerdict {
    /// Every verdict.
    pub const ALL: [Self; 3] = crate::variants();

    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The verdict with this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name)
    }
}

/// What is known once recorded files have been looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Inspection {
    /// How many files have which verdict, as far as it is known.
    pub counts: AuditCounts,
    /// Whether it went to its end. A cancelled or failed one did not.
    pub complete: bool,
    /// Lines of the manifest that may be entries and were not read.
    pub lines_not_read: u64,
}

impl Inspection {
    /// What it all comes to. As `hivesum audit` does by its exit status, and as hashdeep does, it takes a new or a
    /// moved file for a failure, too: the tree is not the recorded one.
    ///
    /// - [`Failed`](JobVerdict::Failed): at least one file is modified, missing, moved, new, or suspected of rot. That
    ///   stays true whatever else was not looked at.
    /// - [`Incomplete`](JobVerdict::Incomplete): none of these, but it broke off, a file could not be read, a line
    ///   of the manifest was not read, or nothing matched because there was nothing to look for.
    /// - [`Ok`](JobVerdict::Ok): every recorded file was found and matched.
    #[must_use]
    pub const fn verdict(&self) -> JobVerdict {
        let AuditCounts { matched, modified, moved, missing, new, unreadable, suspected_rot } = self.counts;
        if modified > 0 || suspected_rot > 0 || missing > 0 || moved > 0 || new > 0 {
            return JobVerdict::Failed;
        }
        if !self.complete || unreadable > 0 || self.lines_not_read > 0 || matched == 0 {
            return JobVerdict::Incomplete;
        }
        JobVerdict::Ok
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::Verdict;

    const GOOD: Inspection = Inspection {
        counts: AuditCounts { matched: 3, modified: 0, moved: 0, missing: 0, new: 0, unreadable: 0, suspected_rot: 0 },
        complete: true,
        lines_not_read: 0,
    };

    fn with(verdict: Verdict) -> Inspection {
        let mut inspection = GOOD;
        inspection.counts.count(verdict);
        inspection
    }

    #[test]
    fn all_is_well_only_if_everything_was_found_and_matched() {
        assert_eq!(GOOD.verdict(), JobVerdict::Ok);
        assert_eq!(with(Verdict::Matched).verdict(), JobVerdict::Ok);
        for verdict in Verdict::ALL {
            let inspection = with(verdict);
            let is_ok = inspection.verdict() == JobVerdict::Ok;
            assert_eq!(is_ok, verdict == Verdict::Matched, "{verdict:?}");
            assert_eq!(is_ok, inspection.counts.all_matched(), "as the exit status of an audit says: {verdict:?}");
        }
    }

    #[test]
    fn what_is_known_to_differ_fails_whatever_was_not_looked_at() {
        use Verdict::{Missing, Modified, Moved, New, SuspectedRot};
        for verdict in [Modified, SuspectedRot, Missing, Moved, New] {
            let mut inspection = with(verdict);
            assert_eq!(inspection.verdict(), JobVerdict::Failed, "{verdict:?}");
            inspection.counts.unreadable = 1;
            let broken_off = Inspection { complete: false, lines_not_read: 7, ..inspection };
            assert_eq!(broken_off.verdict(), JobVerdict::Failed, "{verdict:?}");
        }
    }

    #[test]
    fn what_was_not_looked_at_is_neither_good_nor_bad() {
        for inspection in [
            with(Verdict::Unreadable),
            Inspection { complete: false, ..GOOD },
            Inspection { lines_not_read: 1, ..GOOD },
            Inspection { counts: AuditCounts::default(), ..GOOD },
            Inspection::default(),
        ] {
            assert_eq!(inspection.verdict(), JobVerdict::Incomplete, "{inspection:?}");
        }
    }

    #[test]
    fn the_names_are_those_of_the_api_and_of_the_serde_form() {
        assert_eq!(JobVerdict::ALL.map(JobVerdict::name), ["ok", "failed", "incomplete"]);
        for verdict in JobVerdict::ALL {
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.name());
            assert_eq!(JobVerdict::from_name(verdict.name()), Some(verdict));
        }
        assert_eq!(JobVerdict::from_name("Ok"), None);
    }
}
