//! What a run is asked for, as plain values: the directory, what is to be different from the runs before, and limits.
//!
//! Decides nothing but the arithmetic of limits. Times are told by a clock that the caller gives.

use std::num::{NonZeroU8, NonZeroU64};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hivesum_core::digest::Algorithms;
use hivesum_core::file::DEFAULT_READ_TIMEOUT;
use hivesum_core::fixity::{CollectionKind, DueBy, FileState, RunKind};
use hivesum_core::result::FileIdentity;
use jiff::{SignedDuration, Timestamp};

use crate::store::collections::StoredCollection;

/// What a run does.
#[derive(Debug, Clone)]
pub struct ScrubRequest {
    /// What it reads.
    pub kind_of_run: RunKind,
    /// The id of the collection, if it has to be this one: a run of one that was forgotten makes no other.
    pub collection: Option<String>,
    /// The most bytes that it reads per second.
    pub max_bytes_per_second: Option<NonZeroU64>,
    /// The directory. It is opened by this path, and kept by its path without links.
    pub directory: PathBuf,
    /// The digests to compute. `None`: as before, or the default. Others than before are refused.
    pub algorithms: Option<Algorithms>,
    /// What changes are expected from now on. `None`: as before, or fixed.
    pub kind: Option<CollectionKind>,
    /// Only files that match one of these globs, relative to the directory. Without any glob here and in `exclude`: as
    /// before. Others than before are refused.
    pub include: Vec<String>,
    /// Files and directories to leave out.
    pub exclude: Vec<String>,
    /// The sinks that are told of alerts from now on, by their names. `None`: as before, or none.
    pub notify: Option<Vec<String>>,
    /// Whether another directory or disk in the place of the one before is taken for it.
    pub rebind: bool,
    /// What the files of a new collection should be, each path once, instead of what they are when they are read first.
    pub baseline: Option<Arc<[FileState]>>,
    /// How much is read.
    pub limits: Limits,
    /// Files that do not belong to the directory, beside those of the store.
    pub leave_out: Vec<FileIdentity>,
    /// How long the walk waits for a directory that does not answer.
    pub read_timeout: Duration,
}

impl ScrubRequest {
    /// A run over all files of this directory, as the runs before it.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            kind_of_run: RunKind::default(),
            collection: None,
            max_bytes_per_second: None,
            directory: directory.into(),
            algorithms: None,
            kind: None,
            include: Vec::new(),
            exclude: Vec::new(),
            notify: None,
            rebind: false,
            baseline: None,
            limits: Limits::default(),
            leave_out: Vec::new(),
            read_timeout: DEFAULT_READ_TIMEOUT,
        }
    }

    pub(super) fn due_by(&self, collection: &StoredCollection, now: Timestamp) -> DueBy {
        match self.kind_of_run {
            RunKind::Survey => DueBy::Nothing,
            RunKind::Scrub => self.limits.due_by(collection, now),
        }
    }
}

/// How much a run may read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// Within what time each file is read again; everything in each run without it.
    pub aim: Option<SignedDuration>,
    /// So many bytes of those that were verified longest ago, as a schedule has planned within the aim.
    pub share: Option<u64>,
    /// At most so many bytes.
    pub bytes: Option<u64>,
    /// When no further chunk is begun.
    pub until: Option<Deadline>,
    /// At most this share of all bytes.
    pub percent: Option<NonZeroU8>,
}

/// When a run begins nothing further, and the clock that tells.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    at: Instant,
    clock: fn() -> Instant,
}

impl Deadline {
    /// So long after now. A time that no clock reaches is no limit.
    #[must_use]
    pub fn after(time: SignedDuration, clock: fn() -> Instant) -> Option<Self> {
        clock().checked_add(time.unsigned_abs()).map(|at| Self { at, clock })
    }

    pub(super) fn has_come(&self) -> bool {
        (self.clock)() >= self.at
    }
}

impl Limits {
    /// The most bytes of a run, if the files have so many in all.
    pub(super) fn bytes_of(&self, total: u64) -> Option<u64> {
        let share = self.percent.map(|percent| {
            let share = (u128::from(total) * u128::from(percent.get())).div_ceil(100);
            u64::try_from(share).unwrap_or(u64::MAX)
        });
        self.bytes.into_iter().chain(share).min()
    }

    fn due_by(&self, collection: &StoredCollection, now: Timestamp) -> DueBy {
        if let (Some(aim), Some(bytes)) = (self.aim, self.share) {
            return DueBy::Share { bytes, aim };
        }
        let began = collection.pass_began.unwrap_or(now);
        match self.aim {
            // What is read already of a baseline is not due again.
            Some(aim) if collection.passes > 0 => {
                let since_last_run = collection.last_run.map(|last| now.duration_since(last));
                DueBy::Aim { aim, since_last_run }
            }
            Some(_) | None => DueBy::Pass { began },
        }
    }
}
