//! How far a scan or job has come, and the summary it ends with.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::status::{FileMeta, Status};
use super::verdict::AuditCounts;
use crate::digest::Algorithm;

/// How far a scan or job has come. Counts cover committed (or delivered) results only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// All files of the tree; known once the walk has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files_total: Option<u64>,
    /// Files with a digest.
    pub files_done: u64,
    /// Files that gave an error.
    pub files_failed: u64,
    /// Entries passed over with a reason.
    pub files_skipped: u64,
    /// All bytes of the tree, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_total: Option<u64>,
    /// Bytes of the files with a digest.
    pub bytes_done: u64,
    /// Bytes digested in the last seconds, a second.
    pub bytes_per_second: u64,
    /// Seconds to go, where the total is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eta_seconds: Option<u64>,
    /// Of the bytes done, those of files that are not done yet.
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
    /// From the start of the work to its end.
    pub elapsed_ms: u64,
    /// Whether the walk reached its end.
    pub complete: bool,
    /// Of a verify job: how many files came to which verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdicts: Option<AuditCounts>,
    /// Of a verify job: the algorithm that digests without one turned out to be of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<Algorithm>,
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

/// How often the state of one digest is kept: what a restart loses of it at most.
pub const KEEP_EVERY: Duration = Duration::from_millis(250);

/// Checkpoints that wait for the store; one that finds no room is left out.
pub const CHECKPOINTS_AHEAD: usize = 64;

/// The state of one digest after the first bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// As results show it.
    pub path: Vec<u8>,
    /// Whose state it is.
    pub algorithm: Algorithm,
    /// The file that it was made of.
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
