//! The verdict of a job, from its record: which kinds have one, and what is known of jobs that older releases kept.
//!
//! What the counts come to is decided by [`Inspection::verdict`]. A verdict is kept with the summary when a job ends.
//! Older releases kept none: it follows from the counts that they kept, or it is not known. It is never guessed.

use std::collections::BTreeMap;

use super::spec::{Job, JobKind, JobState, VerifyMode};
use hivesum_core::manifest::UnreadLines;
use hivesum_core::result::{AuditCounts, Inspection, JobVerdict, Summary};

impl JobKind {
    /// Whether its jobs look for recorded files, and so come to a verdict.
    #[must_use]
    pub const fn has_verdict(self) -> bool {
        match self {
            Self::Hash => false,
            Self::Verify => true,
        }
    }
}

impl Job {
    /// Whether its results say how the files of its tree should be. The newest such job is meant by "the last job".
    ///
    /// It has read the whole tree and found a file in it. If it compared files itself, its verdict is ok: what a failed
    /// comparison found is the damage, and the next one would call it matched. One that [looked at some
    /// files](Job::has_includes) is meant only if there is no other.
    #[must_use]
    pub fn is_baseline(&self) -> bool {
        let is_trusted = |summary: Summary| match self.kind {
            JobKind::Hash => true,
            JobKind::Verify => summary.verdict == Some(JobVerdict::Ok),
        };
        let has_files = self.summary.is_some_and(|summary| is_trusted(summary) && summary.files > 0);
        self.state == JobState::Completed && self.has_read_its_tree() && has_files
    }

    /// Whether its walk reached its end, and it has the digests of all files that were found, not only of those in a
    /// manifest.
    #[must_use]
    pub fn has_read_its_tree(&self) -> bool {
        let finds_all = match self.kind {
            JobKind::Hash => true,
            JobKind::Verify => self.spec.mode != Some(VerifyMode::Check),
        };
        finds_all && self.summary.is_some_and(|summary| summary.complete)
    }

    /// Whether it looked only at files that match a glob, so that its results say nothing of the others.
    #[must_use]
    pub fn has_includes(&self) -> bool {
        !self.spec.include.is_empty()
    }

    /// The verdict of this job with this summary; `None` for kinds without one, and if it is not known.
    pub(crate) fn verdict(&self, summary: &Summary) -> Option<JobVerdict> {
        let counts = match summary.verdicts {
            _ if !self.kind.has_verdict() => return None,
            Some(counts) => counts,
            None if summary.files == 0 => AuditCounts::default(),
            None => return None,
        };
        let with = |lines_not_read| Inspection { counts, complete: summary.complete, lines_not_read }.verdict();
        match &self.lines_not_read {
            None => Some(with(0)),
            // How many of them were of the signature was not kept.
            Some(UnreadLines { signed: true, signature_lines: None, count, .. }) => {
                Some(with(0)).filter(|verdict| *verdict == with(*count))
            }
            Some(lines) => Some(with(lines.may_be_entries())),
        }
    }
}

/// How many jobs ended with which verdict, by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobVerdictCounts {
    counts: BTreeMap<(JobKind, JobVerdict), u64>,
}

impl JobVerdictCounts {
    /// Counts one more job. One without a verdict is not counted.
    pub(crate) fn count(&mut self, kind: JobKind, verdict: Option<JobVerdict>) {
        if let Some(verdict) = verdict {
            *self.counts.entry((kind, verdict)).or_default() += 1;
        }
    }

    /// The count of each kind that has verdicts, and each verdict.
    pub fn all(&self) -> impl Iterator<Item = (JobKind, JobVerdict, u64)> {
        let kinds = JobKind::ALL.into_iter().filter(|kind| kind.has_verdict());
        let pairs = kinds.flat_map(|kind| JobVerdict::ALL.map(|verdict| (kind, verdict)));
        pairs.map(|pair| (pair.0, pair.1, self.counts.get(&pair).copied().unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::JobSpec;

    fn job(kind: JobKind, lines_not_read: Option<UnreadLines>) -> Job {
        let spec: JobSpec = serde_json::from_str(r#"{"root": "here"}"#).unwrap();
        Job { lines_not_read, ..Job::queued(JobSpec { kind, ..spec }, None) }
    }

    fn completed(counts: Option<AuditCounts>) -> Summary {
        Summary { files: 2, complete: true, verdicts: counts, ..Summary::default() }
    }

    const MATCHED: AuditCounts =
        AuditCounts { matched: 2, modified: 0, moved: 0, missing: 0, new: 0, unreadable: 0, suspected_rot: 0 };

    #[test]
    fn the_counts_that_were_kept_tell_the_verdict() {
        let verify = job(JobKind::Verify, None);
        assert_eq!(verify.verdict(&completed(Some(MATCHED))), Some(JobVerdict::Ok));
        let modified = AuditCounts { modified: 1, ..MATCHED };
        assert_eq!(verify.verdict(&completed(Some(modified))), Some(JobVerdict::Failed));
        let broken_off = Summary { complete: false, ..completed(Some(MATCHED)) };
        assert_eq!(verify.verdict(&broken_off), Some(JobVerdict::Incomplete));
        assert_eq!(verify.verdict(&Summary::default()), Some(JobVerdict::Incomplete), "it looked at nothing");
        assert_eq!(job(JobKind::Hash, None).verdict(&completed(None)), None);
    }

    #[test]
    fn what_was_not_kept_is_not_guessed() {
        let broken_off = Summary { complete: false, ..completed(None) };
        assert_eq!(job(JobKind::Verify, None).verdict(&broken_off), None, "it may have found something");
        let lines = UnreadLines { count: 9, signed: true, ..UnreadLines::default() };
        let verify = job(JobKind::Verify, Some(lines));
        assert_eq!(verify.verdict(&completed(Some(MATCHED))), None, "all nine may be the signature");
        let missing = AuditCounts { missing: 1, ..MATCHED };
        assert_eq!(verify.verdict(&completed(Some(missing))), Some(JobVerdict::Failed));
    }

    #[test]
    fn a_line_that_was_not_read_leaves_a_job_incomplete_and_a_signature_does_not() {
        let lines = |count, signature| {
            let signature_lines = (signature > 0).then_some(signature);
            Some(UnreadLines { count, signed: signature > 0, signature_lines, ..UnreadLines::default() })
        };
        for (unread, expected) in [
            (lines(1, 0), JobVerdict::Incomplete),
            (lines(9, 9), JobVerdict::Ok),
            (lines(9, 8), JobVerdict::Incomplete),
        ] {
            assert_eq!(job(JobKind::Verify, unread).verdict(&completed(Some(MATCHED))), Some(expected));
        }
    }

    #[test]
    fn jobs_are_counted_by_kind_and_verdict() {
        let mut counts = JobVerdictCounts::default();
        counts.count(JobKind::Hash, None);
        counts.count(JobKind::Verify, Some(JobVerdict::Failed));
        counts.count(JobKind::Verify, Some(JobVerdict::Failed));
        let verify = JobKind::Verify;
        assert_eq!(
            counts.all().collect::<Vec<_>>(),
            [(verify, JobVerdict::Ok, 0), (verify, JobVerdict::Failed, 2), (verify, JobVerdict::Incomplete, 0)]
        );
    }
}
