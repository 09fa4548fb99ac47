//! Which files a run reads, and in which order: those that are new or changed first, then those that were verified
//! longest ago. They come in chunks, each in the order of its directories, which are committed one by one.

use std::collections::HashSet;
use std::num::NonZeroU8;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Instant;

use hivesum_actors::store::collections::{CollectionSettings, Collections, StoredCollection};
use hivesum_core::fixity::{DueBy, FileState, Surveyor, due, within};
use hivesum_core::result::NameList;
use hivesum_core::walk::{Filters, Inventory, Target, WalkSpec};
use jiff::{SignedDuration, Timestamp};

use crate::cli::engine::EngineArgs;
use crate::cli::error::UsageError;
use crate::cli::filter_args::FilterArgs;
use crate::cli::own_output::OwnOutputs;

/// How many files one chunk has at most.
const CHUNK_FILES: usize = 2048;

/// How many bytes the files of one chunk have at most, unless it is a single one.
const CHUNK_BYTES: u64 = 512 << 20;

/// How much a run may read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Within what time each file is read again; everything in each run without it.
    pub(super) aim: Option<SignedDuration>,
    /// At most so many bytes.
    pub(super) bytes: Option<u64>,
    /// When no further chunk is begun.
    pub(super) until: Option<Deadline>,
    /// At most this share of all bytes.
    pub(super) percent: Option<NonZeroU8>,
}

/// When a run begins nothing further, and the clock that tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    at: Instant,
    clock: fn() -> Instant,
}

impl Deadline {
    /// So long after now. A time that no clock reaches is no limit.
    pub(super) fn after(time: SignedDuration, clock: fn() -> Instant) -> Option<Self> {
        clock().checked_add(time.unsigned_abs()).map(|at| Self { at, clock })
    }

    pub(super) fn has_come(&self) -> bool {
        (self.clock)() >= self.at
    }
}

/// The files of a run.
#[derive(Debug)]
pub(super) struct Choice {
    /// Files that are new, changed, or could not be compared the last time.
    pub(super) changed: Vec<NameList>,
    /// Files that are due.
    pub(super) due: Vec<NameList>,
    /// Known files that are gone, or are somewhere else.
    pub(super) absent: Vec<FileState>,
    /// The sizes of new or changed files that are not read in this run. One of them may be an absent file.
    pub(super) unread_sizes: HashSet<u64>,
    /// Whether files are left for the next run.
    pub(super) is_limited: bool,
    /// Directories that could not be listed, and files of which nothing is known.
    pub(super) unreadable: NameList,
    /// How many known files lie there.
    pub(super) unreachable: u64,
}

impl Limits {
    /// The most bytes of a run, if the files have so many in all.
    fn bytes_of(&self, total: u64) -> Option<u64> {
        let share = self.percent.map(|percent| {
            let share = (u128::from(total) * u128::from(percent.get())).div_ceil(100);
            u64::try_from(share).unwrap_or(u64::MAX)
        });
        self.bytes.into_iter().chain(share).min()
    }

    fn due_by(&self, collection: &StoredCollection, now: Timestamp) -> DueBy {
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

impl Choice {
    /// Walks the directory, and chooses from what is found and what is known.
    pub(super) fn make(
        collections: &mut Collections,
        collection: &StoredCollection,
        dir: &OwnedFd,
        (limits, engine): (&Limits, EngineArgs),
    ) -> anyhow::Result<Self> {
        let outputs = OwnOutputs::of_streams();
        let target = Target::Directory { dir: dir.try_clone()?, shown: Vec::new() };
        let inventory = Inventory::of_walk(WalkSpec {
            leave_out: [&collections.own_files()?[..], outputs.identities()].concat(),
            timeout: engine.read_timeout(),
            filters: filters_of(&collection.settings, &collection.directory)?,
            ..WalkSpec::new(vec![target])
        });
        let mut surveyor = Surveyor::new(&inventory);
        collections.each_file(collection, |state| surveyor.known(state))?;
        let mut survey = surveyor.end();
        let now = Timestamp::now();
        let due_count = due(&mut survey.unchanged, limits.due_by(collection, now), now);
        let due: Vec<usize> = survey.unchanged.iter().take(due_count).map(|age| age.index).collect();
        let size = |index: &usize| inventory.files.get(*index).map_or(0, |meta| meta.size);
        let limit = limits.bytes_of(inventory.files.iter().map(|meta| meta.size).sum());
        let taken = within(survey.to_read.iter().chain(&due).map(size), limit);
        let (changed, unread) = survey.to_read.split_at(taken.min(survey.to_read.len()));
        let due_taken = &due[..taken.saturating_sub(survey.to_read.len()).min(due.len())];
        Ok(Self {
            changed: chunks(&inventory, changed),
            due: chunks(&inventory, due_taken),
            absent: survey.absent,
            unread_sizes: unread.iter().map(size).collect(),
            is_limited: taken < survey.to_read.len() + due.len(),
            unreachable: survey.unreachable,
            unreadable: inventory.unreadable,
        })
    }
}

/// Which files of a directory belong to a collection with these settings.
///
/// # Errors
/// The first glob that is not valid or can never match.
pub(super) fn filters_of(settings: &CollectionSettings, directory: &Path) -> Result<Filters, UsageError> {
    let CollectionSettings { include, exclude, .. } = settings.clone();
    FilterArgs { include, exclude }.filters_below("scrub", directory.as_os_str())
}

/// Names in chunks, each of them in walk order.
fn chunks(inventory: &Inventory, indices: &[usize]) -> Vec<NameList> {
    let mut chunks: Vec<Vec<usize>> = Vec::new();
    let mut bytes = 0_u64;
    for &index in indices {
        let size = inventory.files.get(index).map_or(0, |meta| meta.size);
        bytes = bytes.saturating_add(size);
        match chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK_FILES && bytes <= CHUNK_BYTES => chunk.push(index),
            Some(_) | None => {
                bytes = size;
                chunks.push(vec![index]);
            }
        }
    }
    let in_order = |mut chunk: Vec<usize>| {
        chunk.sort_unstable();
        chunk.into_iter().filter_map(|index| inventory.names.get(index)).collect()
    };
    chunks.into_iter().map(in_order).collect()
}
