//! Which files a run reads, and in which order: those that are new or changed first, then those that were verified
//! longest ago. They come in chunks, each in the order of its directories, which are committed one by one.
//!
//! The tree is walked on a thread of its own while the table of files is read, and both are merged as they come.

use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::sync::mpsc::sync_channel;

use hivesum_core::file::Root;
use hivesum_core::fixity::{FileState, MAX_MOUNTS, Mount, Survey, Surveyor, ToRead, due, within};
use hivesum_core::result::NameList;
use hivesum_core::walk::{Filters, Inventory, ReceiverGone, Target, WalkSpec};
use jiff::Timestamp;

use super::error::ScrubError;
use super::mounts;
use super::request::ScrubRequest;
use crate::error::StoreError;
use crate::store::collections::{Collections, StoredCollection};

/// How many parts of a walk wait at most until they are merged. A part has some hundred entries.
const PARTS_WAITING: usize = 64;

/// How many files one chunk has at most.
const CHUNK_FILES: usize = 2048;

/// How many bytes the files of one chunk have at most, unless it is a single one.
const CHUNK_BYTES: u64 = 512 << 20;

/// A chunk is read in so many seconds at the rate of the run, so that the run ends in time.
const CHUNK_SECONDS: u64 = 10;

/// Files that are read together, in walk order.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) names: NameList,
    /// Of how many of them something was known when they were chosen.
    pub(super) known: usize,
}

/// The files of a run.
#[derive(Debug)]
pub(super) struct Choice {
    /// Files that are new, changed, or could not be compared the last time.
    pub(super) changed: Vec<Chunk>,
    /// Files that are due.
    pub(super) due: Vec<Chunk>,
    /// Known files that are gone, or are somewhere else.
    pub(super) absent: Vec<FileState>,
    /// The sizes of new or changed files that are not read in this run. One of them may be an absent file.
    pub(super) unread_sizes: HashSet<u64>,
    /// Whether files are left for the next run.
    pub(super) is_limited: bool,
    /// Directories that could not be listed, and files of which nothing is known.
    pub(super) unreadable: NameList,
    /// Directories on which a disk was mounted that is gone, with files that are known.
    pub(super) unmounted: Vec<Vec<u8>>,
    /// The disks that are remembered from now on.
    pub(super) mounts: Vec<Mount>,
    /// How many known files lie in either.
    pub(super) unreachable: u64,
    /// How many files were known.
    pub(super) known: u64,
}

impl Choice {
    /// Walks the directory, and chooses from what is found and what is known.
    pub(super) fn make(
        collections: &mut Collections,
        collection: &StoredCollection,
        (root, dir): (&Root, &OwnedFd),
        request: &ScrubRequest,
    ) -> Result<Self, ScrubError> {
        let dir = dir.try_clone().map_err(ScrubError::Open)?;
        let gone_before = mounts::gone(root, &collection.mounts, request.read_timeout);
        let filters = Filters::new(&collection.settings.include, &collection.settings.exclude)?;
        let mut survey = survey(
            collections,
            collection,
            WalkSpec {
                leave_out: [&collections.own_files()?[..], &request.leave_out].concat(),
                timeout: request.read_timeout,
                filters,
                ..WalkSpec::new(vec![Target::Directory { dir, shown: Vec::new() }])
            },
        )?;
        let (mounts, unmounted) = mounts_after(&mut survey, (root, gone_before), collection, request);
        let limits = &request.limits;
        let now = Timestamp::now();
        let due_count = due(&mut survey.unchanged, request.due_by(collection, now), now);
        let due = survey.unchanged.iter().take(due_count).map(|age| ToRead { index: age.index, is_known: true });
        let (found, to_read, due) = (&survey.found, &survey.to_read, due.collect::<Vec<_>>());
        let size = |file: &ToRead| size_of(found, file);
        let limit = limits.bytes_of(found.files.iter().map(|meta| meta.size).sum());
        let taken = within(to_read.iter().chain(&due).map(size), limit);
        let (changed, unread) = to_read.split_at(taken.min(to_read.len()));
        let of_rate = request.max_bytes_per_second.map(|rate| rate.get().saturating_mul(CHUNK_SECONDS));
        let chunk_bytes = of_rate.map_or(CHUNK_BYTES, |bytes| bytes.min(CHUNK_BYTES));
        let due_taken = &due[..taken.saturating_sub(to_read.len()).min(due.len())];
        Ok(Self {
            changed: chunks(found, changed, chunk_bytes),
            due: chunks(found, due_taken, chunk_bytes),
            absent: survey.absent,
            unread_sizes: unread.iter().map(size).collect(),
            is_limited: taken < to_read.len() + due.len(),
            unmounted,
            mounts,
            unreachable: survey.unreachable,
            known: survey.known,
            unreadable: survey.found.unreadable,
        })
    }
}

/// Leaves out what lies on disks that were gone before the walk or are after it, unless somebody has said that this is right.
/// Returns the disks that are remembered, and the directories that were left out and have known files.
fn mounts_after(
    survey: &mut Survey,
    (root, gone_before): (&Root, Vec<Vec<u8>>),
    collection: &StoredCollection,
    request: &ScrubRequest,
) -> (Vec<Mount>, Vec<Vec<u8>>) {
    let recorded = &collection.mounts;
    let mut present = mounts::present(root, survey, request.read_timeout);
    if request.rebind {
        return (present, Vec::new());
    }
    let mut gone = mounts::gone(root, recorded, request.read_timeout);
    gone.extend(gone_before.into_iter().filter(|path| !gone.contains(path)).collect::<Vec<_>>());
    let unmounted = if gone.is_empty() { Vec::new() } else { survey.leave_out(&gone) };
    // Another one in the place of one that is gone is not taken for it, and one that has no files is forgotten with them.
    let mut known: Vec<_> =
        recorded.iter().filter(|one| !gone.contains(&one.path) || unmounted.contains(&one.path)).collect();
    present.retain(|one| !recorded.iter().any(|known| known.path == one.path));
    known.truncate(MAX_MOUNTS);
    present.truncate(MAX_MOUNTS - known.len());
    (known.into_iter().cloned().chain(present).collect(), unmounted)
}

/// Walks, and merges what is found with what is known. Once it has ended, what is not known is not in the table.
fn survey(collections: &mut Collections, collection: &StoredCollection, walk: WalkSpec) -> Result<Survey, ScrubError> {
    std::thread::scope(|scope| {
        let (found, parts) = sync_channel(PARTS_WAITING);
        let of_thread = move || Inventory::walk_in_parts(walk, |part| found.send(part).map_err(|_| ReceiverGone));
        let walking = std::thread::Builder::new().spawn_scoped(scope, of_thread);
        let walking = walking.map_err(|error| StoreError::Failed(Box::new(error)))?;
        let mut surveyor = Surveyor::new(|| parts.recv().ok());
        collections.each_verified(collection, |state| surveyor.known(state))?;
        let survey = surveyor.end();
        // A walk that has panicked has not found everything.
        walking.join().ok().and_then(Result::ok).ok_or(ScrubError::Aborted)?;
        Ok(survey)
    })
}

fn size_of(inventory: &Inventory, file: &ToRead) -> u64 {
    inventory.files.get(file.index).map_or(0, |meta| meta.size)
}

/// Files in chunks, each of them in walk order.
fn chunks(inventory: &Inventory, files: &[ToRead], chunk_bytes: u64) -> Vec<Chunk> {
    let mut chunks: Vec<Vec<ToRead>> = Vec::new();
    let mut bytes = 0_u64;
    for &file in files {
        let size = size_of(inventory, &file);
        bytes = bytes.saturating_add(size);
        match chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK_FILES && bytes <= chunk_bytes => chunk.push(file),
            Some(_) | None => {
                bytes = size;
                chunks.push(vec![file]);
            }
        }
    }
    let in_order = |mut chunk: Vec<ToRead>| {
        chunk.sort_unstable_by_key(|file| file.index);
        let known = chunk.iter().filter(|file| file.is_known).count();
        Chunk { names: chunk.iter().filter_map(|file| inventory.names.get(file.index)).collect(), known }
    };
    chunks.into_iter().map(in_order).collect()
}
