//! What is said of scrubs on the control socket: the order for one, and how it stands.
//!
//! Names are bytes, so paths are Base64 of them. A report has what the service knows alone: files and events are read from
//! the store by whoever asks. Its notices come in pages, so that an answer keeps its bound.

use std::num::{NonZeroU8, NonZeroU32};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hivesum_actors::scrub::{Notice, ReadTally};
use hivesum_core::digest::Algorithms;
use hivesum_core::fixity::{CollectionKind, PassKind};
use hivesum_core::result::{ErrorCode, FileIdentity, Progress};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::job_messages::DirectoryPlace;

/// A scrub of a directory. What is `None` or empty is as in the runs before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScrubOrder {
    /// A UUID that the sender has made up. A second order with it is the same run.
    pub key: Uuid,
    /// The directory.
    pub directory: DirectoryPlace,
    /// The digests to compute.
    pub algorithms: Option<Algorithms>,
    /// What changes are expected.
    pub kind: Option<CollectionKind>,
    /// Only files that match one of these globs.
    pub include: Vec<String>,
    /// Files and directories to leave out.
    pub exclude: Vec<String>,
    /// The names of the sinks that are told of alerts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<Vec<String>>,
    /// Whether another directory in the place of the one before is taken for it.
    pub rebind: bool,
    /// Within how many seconds each file is read again.
    pub aim_seconds: Option<u64>,
    /// At most so many bytes are read.
    pub max_bytes: Option<u64>,
    /// So many seconds after its beginning no further files are begun.
    pub max_time_seconds: Option<u64>,
    /// At most this share of all bytes is read.
    pub percent: Option<NonZeroU8>,
    /// Files that do not belong to the directory: the output of the sender.
    pub leave_out: Vec<SentIdentity>,
    /// How long the walk waits for a directory that does not answer.
    pub read_timeout_seconds: NonZeroU32,
}

/// A file, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentIdentity {
    /// `st_dev`.
    pub device: u64,
    /// `st_ino`.
    pub inode: u64,
}

impl From<FileIdentity> for SentIdentity {
    fn from(FileIdentity { device, inode }: FileIdentity) -> Self {
        Self { device, inode }
    }
}

impl From<SentIdentity> for FileIdentity {
    fn from(SentIdentity { device, inode }: SentIdentity) -> Self {
        Self { device, inode }
    }
}

/// How a scrub stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScrubReport {
    /// How far it has come.
    pub phase: Phase,
    /// What was read so far.
    pub progress: Progress,
    /// Notices after those that were asked for, in their order.
    pub notices: Vec<SentNotice>,
    /// Whether there are more of them after the last one.
    pub more: bool,
    /// How many notices are not kept.
    pub unkept_notices: u64,
}

/// How far a scrub has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It waits until another one ends.
    Waiting,
    /// It walks or reads.
    Running,
    /// It has ended.
    Ended(SentEnd),
    /// It has ended before its end.
    Failed {
        /// What kind of failure it is.
        code: FailureCode,
        /// The reason in words, to follow the name of the directory.
        detail: String,
    },
}

/// How a scrub ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentEnd {
    /// The id of the collection.
    pub collection: String,
    /// Whether files were taken as they are.
    pub is_baseline: bool,
    /// How many files there were before.
    pub files_before: u64,
    /// Whether files are left for the next run.
    pub is_limited: bool,
    /// The number of the last event before the run.
    pub last_event_before: u64,
    /// Files that were read.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many of them came from their devices.
    pub from_device: u64,
    /// How many may have come from memory.
    pub from_cache: u64,
    /// How many came from an unknown place, with the `st_dev` of their file systems.
    pub unknown: Vec<(u64, u64)>,
}

impl SentEnd {
    /// What was read.
    #[must_use]
    pub fn read(&self) -> ReadTally {
        let Self { files, bytes, from_device, from_cache, .. } = *self;
        ReadTally { files, bytes, from_device, from_cache, unknown: self.unknown.iter().copied().collect() }
    }

    /// What the run did.
    #[must_use]
    pub const fn pass(&self) -> PassKind {
        if self.is_baseline { PassKind::Baseline } else { PassKind::Comparison }
    }
}

/// What kind of failure ended a scrub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCode {
    /// Something else has to be asked for.
    Usage,
    /// Another scrub of the directory is running.
    CollectionBusy,
    /// It was stopped by somebody, or with the service.
    Cancelled,
    /// The disk did not keep what was written.
    SyncFailed,
    /// The store failed in another way.
    StoreFailed,
    /// Anything else.
    Failed,
}

/// What is not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SentNotice {
    /// It cannot be looked at.
    Unreachable {
        /// Its path.
        path_b64: String,
    },
    /// A disk was mounted beneath it, and is not there any more.
    Unmounted {
        /// Its path.
        path_b64: String,
    },
    /// Known files that could not be reached because of either.
    KnownUnreachable {
        /// How many.
        files: u64,
    },
    /// It was not compared.
    NotCompared {
        /// Its path.
        path_b64: String,
        /// The reason.
        code: ErrorCode,
        /// The `errno` of the system call that failed, or 0.
        errno: i32,
    },
    /// Somebody has accepted it meanwhile.
    ChangedMeanwhile {
        /// Its path.
        path_b64: String,
    },
}

impl From<&Notice> for SentNotice {
    fn from(notice: &Notice) -> Self {
        let encoded = |path: &[u8]| STANDARD.encode(path);
        match notice {
            Notice::Unreachable { path } => Self::Unreachable { path_b64: encoded(path) },
            Notice::Unmounted { path } => Self::Unmounted { path_b64: encoded(path) },
            Notice::KnownUnreachable { files } => Self::KnownUnreachable { files: *files },
            Notice::NotCompared { path, code, errno } => {
                Self::NotCompared { path_b64: encoded(path), code: *code, errno: *errno }
            }
            Notice::ChangedMeanwhile { path } => Self::ChangedMeanwhile { path_b64: encoded(path) },
        }
    }
}

impl TryFrom<SentNotice> for Notice {
    type Error = base64::DecodeError;

    fn try_from(sent: SentNotice) -> Result<Self, base64::DecodeError> {
        Ok(match sent {
            SentNotice::Unreachable { path_b64 } => Self::Unreachable { path: STANDARD.decode(path_b64)? },
            SentNotice::Unmounted { path_b64 } => Self::Unmounted { path: STANDARD.decode(path_b64)? },
            SentNotice::KnownUnreachable { files } => Self::KnownUnreachable { files },
            SentNotice::NotCompared { path_b64, code, errno } => {
                Self::NotCompared { path: STANDARD.decode(path_b64)?, code, errno }
            }
            SentNotice::ChangedMeanwhile { path_b64 } => Self::ChangedMeanwhile { path: STANDARD.decode(path_b64)? },
        })
    }
}
