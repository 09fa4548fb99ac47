//! The progress of a scan or job, and its final summary.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::job_verdict::JobVerdict;
use super::status::{FileMeta, Status};
use super::verdict::{AuditCounts, is_zero};
use crate::digest::Algorithm;

/// The progress of a scan or job. Only committed (or delivered) results are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// All files to hash; known once the walk has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files_total: Option<u64>,
    /// Files with a digest.
    pub files_done: u64,
    /// Files with an error.
    pub files_failed: u64,
    /// Skipped entries.
    pub files_skipped: u64,
    /// All bytes to hash, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_total: Option<u64>,
    /// Bytes of the files with a digest.
    pub bytes_done: u64,
    /// Bytes digested per second, over the last seconds.
    pub bytes_per_second: u64,
    /// Estimated seconds to the end, if the total is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eta_seconds: Option<u64>,
    /// Those of the bytes done that belong to unfinished files.
    #[serde(skip)]
    pub bytes_under_way: u64,
}

/// The last line of a stream of results, and a finished job's `summary`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// All results.
    pub files: u64,
    /// Results with a digest.
    pub hashed: u64,
    /// Results that are errors.
    pub errors: u64,
    /// Results that are skips.
    pub skipped: u64,
    /// Bytes of the files with a digest.
    pub bytes: u64,
    /// Milliseconds from the start of the work to its end.
    pub elapsed_ms: u64,
    /// Whether the walk reached its end.
    pub complete: bool,
    /// Of a verify job: what it found, in one word. `None` if that is not known: of a job that broke off under a release
    /// which did not count what it had found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<JobVerdict>,
    /// Of a verify job: how many files have which verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdicts: Option<AuditCounts>,
    /// Of a verify job: the algorithm of the manifest's untagged digests, as it was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<Algorithm>,
    /// Of a verify job: new and changed files with a recorded content of which it is not known whether they are moved files
    /// or copies, because there are too many. As JSON left out if there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub untraced: u64,
    /// Of a job: what is odd about its root, which may explain missing files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_warning: Option<RootWarning>,
}

/// What is odd about the directory of a root, beside what the service remembers of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RootWarning {
    /// It is another directory.
    RootChanged,
    /// It is empty, and there are results of files in it.
    RootEmpty,
}

impl RootWarning {
    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl Summary {
    /// Counts one result of a file of this many bytes.
    pub const fn count(&mut self, status: Status, bytes: u64) {
        self.files += 1;
        match status {
            Status::Hashed(_) => {
                self.hashed += 1;
                self.bytes += bytes;
            }
            Status::Error { .. } => self.errors += 1,
            Status::Skipped(_) => self.skipped += 1,
        }
    }
}

/// How often the state of one digest is saved. A restart loses at most this much of its work.
pub const CHECKPOINT_INTERVAL: Duration = Duration::from_millis(250);

/// How many checkpoints may wait for the store; one more is dropped.
pub const MAX_WAITING_CHECKPOINTS: usize = 64;

/// The state of one digest after the first bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The path, as results show it.
    pub path: Vec<u8>,
    /// The algorithm of the state.
    pub algorithm: Algorithm,
    /// The file that it was made from.
    pub meta: FileMeta,
    /// Bytes digested so far.
    pub bytes: u64,
    /// The serialised state.
    pub state: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::{ErrorCode, SkipReason, Stability};

    #[test]
    fn only_bytes_with_a_digest_count() {
        let mut summary = Summary::default();
        let statuses = [
            Status::Hashed(Stability::Stable),
            Status::Hashed(Stability::Unverified),
            Status::error(ErrorCode::Permission),
            Status::Skipped(SkipReason::Symlink),
        ];
        statuses.into_iter().for_each(|status| summary.count(status, 10));
        assert_eq!(summary, Summary { files: 4, hashed: 2, errors: 1, skipped: 1, bytes: 20, ..Summary::default() });
    }
}
