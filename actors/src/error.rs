//! What can go wrong, one variant per different reaction of the caller.
//!
//! Item codes ([`ErrorCode`], [`SkipReason`]) belong to one file of a scan and never end it. The
//! error types below end one call. None of them knows an HTTP status; their texts carry no absolute
//! path and no system message, so that they may be shown to any client. The cause goes to the log.

use hivesum_core::digest::Algorithm;
use hivesum_core::file::PathInvalid;
use hivesum_core::walk::GlobInvalid;

/// Why the engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An algorithm gave a wrong digest for a published vector.
    #[error("self-test failed: {0} gives a wrong digest on this machine")]
    SelfTest(Algorithm),
    /// The job store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system refused something the engine needs.
    #[error("{what}: {source}")]
    System {
        /// What was asked of it.
        what: &'static str,
        /// What it answered.
        source: std::io::Error,
    },
}

/// Why new work is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A bounded queue is full; try again later.
    #[error("the queue is full")]
    QueueFull,
    /// The engine is shutting down.
    #[error("the service is shutting down")]
    Draining,
}

/// Why an upload has no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// It was not taken, or not taken further.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A hasher panicked, died or got stuck on it.
    #[error("the hasher failed on this upload")]
    HasherFailed,
}

/// Why a job is not taken.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The service has no roots at all.
    #[error("the service was started without directories: only uploads can be hashed")]
    NoRoots,
    /// No root has this name, or nothing is at the path beneath it.
    #[error("{0}")]
    NotFound(&'static str),
    /// The path cannot be one.
    #[error(transparent)]
    Path(#[from] PathInvalid),
    /// A glob does not parse.
    #[error(transparent)]
    Glob(#[from] GlobInvalid),
    /// The root's file system does not answer.
    #[error("the root does not answer")]
    RootUnavailable,
    /// The job to build on has not ended.
    #[error("the job to build on is not finished")]
    EarlierNotFinished,
    /// The job to build on has no digests of an algorithm that is wanted.
    #[error("the job to build on has no {0} digests")]
    EarlierLacks(Algorithm),
    /// The job to build on is of another tree.
    #[error("the job to build on is of another root or path")]
    EarlierIsOfAnotherTree,
    /// The idempotency key came with another request before.
    #[error("this Idempotency-Key came with another request before")]
    KeyConflict,
    /// Queue full or draining.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// As many jobs of this owner wait already as one's may.
    #[error("as many of these jobs wait as one client's may, {quota}")]
    ShareTaken {
        /// How many that are.
        quota: usize,
    },
    /// The manifest to verify against is none.
    #[error(transparent)]
    Manifest(#[from] ManifestRefused),
    /// A defect of hivesum: the manifest was not read to its end.
    #[error("the manifest could not be read")]
    Broken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a manifest that was sent is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestRefused {
    /// It is not one.
    #[error("{why}")]
    Invalid {
        /// The line, from 1, where one can be told.
        line: Option<u64>,
        /// What is wrong, in words.
        why: String,
    },
    /// It is longer than a bound on requests.
    #[error("the manifest is longer than {limit} lines or bytes")]
    TooLarge {
        /// The bound.
        limit: u64,
        /// The first line beyond it, where one can be told.
        line: Option<u64>,
    },
}

/// What the job store can answer instead of a result.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process serves this state directory.
    #[error("the state directory is in use by another hivesum server")]
    Locked,
    /// The database is damaged, or is not one of ours.
    #[error("the job store is damaged")]
    Corrupt,
    /// The database was written by a newer hivesum.
    #[error("the job store was written by a newer hivesum (schema {found}, this one knows {known})")]
    Newer {
        /// Its schema number.
        found: i64,
        /// The newest schema number this build reads.
        known: i64,
    },
    /// No room is left to write.
    #[error("the job store has no room left")]
    Full,
    /// What was written may be lost: the disk did not take it. Nothing is written any more.
    #[error("the disk failed to keep what was written to the job store")]
    SyncFailed,
    /// The store is gone or drained.
    #[error("the job store is closed")]
    Closed,
    /// Any other failure; the cause is for the log only.
    #[error("the job store failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why two jobs are not compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// No digest of the one is of an algorithm that the other has.
    #[error("the two jobs have no algorithm in common")]
    NothingInCommon,
    /// More differs than is held in memory.
    #[error("more than 1,000,000 files differ")]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StoreError {
    /// The same error for somebody else; the cause stays with this one.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Locked => Self::Locked,
            Self::Corrupt => Self::Corrupt,
            Self::Newer { found, known } => Self::Newer { found: *found, known: *known },
            Self::Full => Self::Full,
            Self::SyncFailed => Self::SyncFailed,
            Self::Closed => Self::Closed,
            Self::Failed(_) => Self::Failed("told before".into()),
        }
    }
}
