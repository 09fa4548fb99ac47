//! The errors of this crate, one variant for each different reaction of the caller.
//!
//! An error of one file is an item of the result ([`ErrorCode`](hivesum_core::result::ErrorCode)) and never ends a
//! scan. The error types below end one call. None of them knows an HTTP status; their texts contain no absolute path
//! and no system message, so that any client may see them. The cause goes to the log.

use hivesum_core::digest::Algorithm;
use hivesum_core::file::PathInvalid;
use hivesum_core::manifest::{LinesError, ManifestError};
use hivesum_core::walk::GlobInvalid;

/// Why the engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An algorithm computed a wrong digest for a published test vector.
    #[error("self-test failed: {0} gives a wrong digest on this machine")]
    SelfTest(Algorithm),
    /// The job store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system refused something the engine needs.
    #[error("{what}: {source}")]
    System {
        /// What failed.
        what: &'static str,
        /// The operating system's error.
        source: std::io::Error,
    },
}

/// Why new work is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A bounded queue is full; try again later.
    #[error("the queue is full")]
    QueueFull,
    /// The engine is shutting down.
    #[error("the service is shutting down")]
    Draining,
    /// An algorithm computes a wrong digest for a published test vector.
    #[error("self-test failed: {0} gives a wrong digest on this machine")]
    SelfTest(Algorithm),
}

/// Why an upload has no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// It was refused, at the beginning or later.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A hasher panicked, died or got stuck on it.
    #[error("the hasher failed on this upload")]
    HasherFailed,
}

/// Why a job is refused.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The service has no roots at all.
    #[error("the service was started without directories: only uploads can be hashed")]
    NoRoots,
    /// No root has this name, or nothing is at the path beneath it.
    #[error("{0}")]
    NotFound(&'static str),
    /// Several roots of the fleet are called so.
    #[error("several roots have this name: say which one, as {}", .0.join(" or "))]
    RootAmbiguous(Vec<String>),
    /// Nodes of a fleet cannot do this.
    #[error("{0}")]
    NotOnNodes(&'static str),
    /// The path is not valid.
    #[error(transparent)]
    Path(#[from] PathInvalid),
    /// A glob does not parse.
    #[error(transparent)]
    Glob(#[from] GlobInvalid),
    /// The root's file system does not answer.
    #[error("the root does not answer")]
    RootUnavailable,
    /// The root's path names another directory than the one that was opened, and nobody has accepted it.
    #[error("another directory is in the place of the root since the service opened it")]
    RootChanged,
    /// The job to build on has not ended.
    #[error("the job to build on is not finished")]
    EarlierNotFinished,
    /// The job to build on has no digests of a requested algorithm.
    #[error("the job to build on has no {0} digests")]
    EarlierLacks(Algorithm),
    /// The job to build on has another root or path.
    #[error("the job to build on has another root or path")]
    EarlierHasAnotherTree,
    /// The idempotency key was used for a different request.
    #[error("this Idempotency-Key was used for a different request")]
    KeyConflict,
    /// The queue is full, or the service is shutting down.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// As many jobs of this owner are waiting as one owner may have.
    #[error("{quota} jobs of this client are waiting, as many as one client may have")]
    QuotaReached {
        /// How many jobs one owner may have waiting.
        quota: usize,
    },
    /// The manifest to verify against is not valid.
    #[error(transparent)]
    Manifest(#[from] ManifestRefused),
    /// A bug in hivesum: the manifest was not read to its end.
    #[error("the manifest could not be read")]
    Broken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a manifest is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestRefused {
    /// It is not valid.
    #[error("{why}")]
    Invalid {
        /// The line, from 1, if it is known.
        line: Option<u64>,
        /// What is wrong, as a sentence.
        why: String,
    },
    /// It is longer than a bound on requests.
    #[error("the manifest is longer than {limit} lines or bytes")]
    TooLarge {
        /// The bound.
        limit: u64,
        /// The first line beyond it, if it is known.
        line: Option<u64>,
    },
}

impl From<ManifestError> for ManifestRefused {
    fn from(error: ManifestError) -> Self {
        let line = error.line();
        match error {
            ManifestError::Lines(LinesError::TooManyLines(limit)) => Self::TooLarge { limit, line },
            ManifestError::Lines(LinesError::TooManyBytes(limit)) => Self::TooLarge { limit, line: None },
            error => Self::Invalid { line, why: error.to_string() },
        }
    }
}

/// Why the job store gives no result.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the lock of this state directory: a server, or a command that changes it.
    #[error("the state directory is in use by another hivesum process")]
    Locked,
    /// The database is damaged, or belongs to another program.
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
    /// The database was written by an older hivesum, and cannot be migrated where it is.
    #[error(
        "the job store was written by an older hivesum (schema {found}, this one reads {known}), and the state directory \
         cannot be written: the first command that may write there brings it up to date"
    )]
    Older {
        /// Its schema number.
        found: i64,
        /// The only schema number this build reads without writing.
        known: i64,
    },
    /// The state directory, or a file in it, may not be written: by its permissions or by a read-only mount.
    #[error("the state directory cannot be written")]
    ReadOnly,
    /// It lacks commits that it had acknowledged, or may lack some. Nothing has been changed.
    #[error(
        "the job store is not complete: {0}. Nothing was changed. Restore a backup with hivesum state restore, or go on \
         with what is left by hivesum state recover"
    )]
    Incomplete(Incomplete),
    /// Something else is in the place of one of its files: a directory, a FIFO, a device.
    #[error("{name} in the state directory is not a regular file")]
    NotAFile {
        /// The name of the file.
        name: &'static str,
    },
    /// There is no space left to write.
    #[error("the job store has no room left")]
    Full,
    /// The disk did not confirm a write, so it may be lost. Nothing more is written.
    #[error("the disk failed to keep what was written to the job store")]
    SyncFailed,
    /// Others use it, for longer than a request waits; try again later.
    #[error("the job store is busy: try again later")]
    Busy,
    /// Others have been writing to it for as long as a start waits for them.
    #[error("another process has been writing to the state directory for {seconds} s: end it, or start again later")]
    HeldUp {
        /// How long the start has waited.
        seconds: u64,
    },
    /// The store has been closed.
    #[error("the job store is closed")]
    Closed,
    /// Any other error; the cause is for the log only.
    #[error("the job store failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// How a job store is known not to be complete: by its journal, `hivesum.journal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Incomplete {
    /// The journal names later commits than the database has.
    #[error(
        "its last {missing} commits are missing, because its write-ahead log or its database was damaged, removed or replaced"
    )]
    Behind {
        /// How many.
        missing: u64,
    },
    /// The latest commit is another one than the journal names.
    #[error("its latest commit is not the one that its journal names, because a file of it was replaced")]
    Diverged,
    /// There is no journal beside the database.
    #[error("its journal, hivesum.journal, is missing, so whether its last commits are missing is not known")]
    JournalMissing,
    /// Nothing in the journal can be read.
    #[error("its journal, hivesum.journal, is damaged, so whether its last commits are missing is not known")]
    JournalDamaged,
    /// The journal is that of another store.
    #[error("its journal, hivesum.journal, belongs to another job store")]
    JournalOfAnother,
    /// There is a journal without a database.
    #[error("its database, hivesum.db, was removed, and its journal, hivesum.journal, was not")]
    NoDatabase,
}

/// Why two jobs cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The two jobs have no digest algorithm in common.
    #[error("the two jobs have no algorithm in common")]
    NothingInCommon,
    /// There are more differences than may be held in memory.
    #[error("more than 1,000,000 files differ")]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StoreError {
    /// The same error for another caller; the cause stays with this one.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Locked => Self::Locked,
            Self::Corrupt => Self::Corrupt,
            Self::Newer { found, known } => Self::Newer { found: *found, known: *known },
            Self::Older { found, known } => Self::Older { found: *found, known: *known },
            Self::ReadOnly => Self::ReadOnly,
            Self::Incomplete(incomplete) => Self::Incomplete(*incomplete),
            Self::NotAFile { name } => Self::NotAFile { name },
            Self::Full => Self::Full,
            Self::SyncFailed => Self::SyncFailed,
            Self::Busy => Self::Busy,
            Self::HeldUp { seconds } => Self::HeldUp { seconds: *seconds },
            Self::Closed => Self::Closed,
            Self::Failed(_) => Self::Failed("reported before".into()),
        }
    }
}
