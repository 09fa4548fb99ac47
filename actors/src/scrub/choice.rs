//! Which files a run reads, and in which order: those that are new or changed first, then those that were verified
//! longest ago. They come in chunks, each in the order of its directories, which are committed one by one.

use std::collections::HashSet;
use std::os::fd::OwnedFd;

use hivesum_core::fixity::{FileState, Surveyor, due, within};
use hivesum_core::result::NameList;
use hivesum_core::walk::{Filters, Inventory, Target, WalkSpec};
use jiff::Timestamp;

use super::error::ScrubError;
use super::request::ScrubRequest;
use crate::store::collections::{Collections, StoredCollection};

/// How many files one chunk has at most.
const CHUNK_FILES: usize = 2048;

/// How many bytes the files of one chunk have at most, unless it is a single one.
const CHUNK_BYTES: u64 = 512 << 20;

/// A chunk is read in so many seconds at the rate of the run, so that the run ends in time.
const CHUNK_SECONDS: u64 = 10;

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

impl Choice {
    /// Walks the directory, and chooses from what is found and what is known.
    pub(super) fn make(
        collections: &mut Collections,
        collection: &StoredCollection,
        dir: &OwnedFd,
        request: &ScrubRequest,
    ) -> Result<Self, ScrubError> {
        let dir = dir.try_clone().map_err(ScrubError::Open)?;
        let filters = Filters::new(&collection.settings.include, &collection.settings.exclude)?;
        let inventory = Inventory::of_walk(WalkSpec {
            leave_out: [&collections.own_files()?[..], &request.leave_out].concat(),
            timeout: request.read_timeout,
            filters,
            ..WalkSpec::new(vec![Target::Directory { dir, shown: Vec::new() }])
        });
        let limits = &request.limits;
        let mut surveyor = Surveyor::new(&inventory);
        collections.each_file(collection, |state| surveyor.known(state))?;
        let mut survey = surveyor.end();
        let now = Timestamp::now();
        let due_count = due(&mut survey.unchanged, request.due_by(collection, now), now);
        let due: Vec<usize> = survey.unchanged.iter().take(due_count).map(|age| age.index).collect();
        let size = |index: &usize| inventory.files.get(*index).map_or(0, |meta| meta.size);
        let limit = limits.bytes_of(inventory.files.iter().map(|meta| meta.size).sum());
        let taken = within(survey.to_read.iter().chain(&due).map(size), limit);
        let (changed, unread) = survey.to_read.split_at(taken.min(survey.to_read.len()));
        let of_rate = request.max_bytes_per_second.map(|rate| rate.get().saturating_mul(CHUNK_SECONDS));
        let chunk_bytes = of_rate.map_or(CHUNK_BYTES, |bytes| bytes.min(CHUNK_BYTES));
        let due_taken = &due[..taken.saturating_sub(survey.to_read.len()).min(due.len())];
        Ok(Self {
            changed: chunks(&inventory, changed, chunk_bytes),
            due: chunks(&inventory, due_taken, chunk_bytes),
            absent: survey.absent,
            unread_sizes: unread.iter().map(size).collect(),
            is_limited: taken < survey.to_read.len() + due.len(),
            unreachable: survey.unreachable,
            unreadable: inventory.unreadable,
        })
    }
}

/// Names in chunks, each of them in walk order.
fn chunks(inventory: &Inventory, indices: &[usize], chunk_bytes: u64) -> Vec<NameList> {
    let mut chunks: Vec<Vec<usize>> = Vec::new();
    let mut bytes = 0_u64;
    for &index in indices {
        let size = inventory.files.get(index).map_or(0, |meta| meta.size);
        bytes = bytes.saturating_add(size);
        match chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK_FILES && bytes <= chunk_bytes => chunk.push(index),
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
