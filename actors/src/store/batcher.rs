//! Gathers the results of one run into groups to commit: assigns positions and directory ids, and counts.
//!
//! Rows come in walk order, so once the walk has left a directory it does not come back. To give each
//! directory one id it is enough to remember the current directory and those above it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::job::JobId;
use hivesum_core::compare::Traced;
use hivesum_core::result::{Checkpoint, Item, Origin, RowRef, Rows, Status};

/// Counts of a job's committed results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RowCounts {
    pub(crate) rows: u64,
    pub(crate) files_done: u64,
    pub(crate) files_failed: u64,
    pub(crate) files_skipped: u64,
    pub(crate) bytes_done: u64,
}

impl RowCounts {
    fn count(&mut self, row: &RowRef<'_>) {
        self.rows += 1;
        match row.status {
            Status::Hashed(_) => {
                self.files_done += 1;
                self.bytes_done += row.meta.size;
            }
            Status::Error { .. } => self.files_failed += 1,
            Status::Skipped(_) => self.files_skipped += 1,
        }
    }
}

/// An error and its id in the event stream: the number of rows up to and including it.
pub(crate) type NumberedItem = (u64, Item);

/// Rows, checkpoints and counts that are committed in one transaction.
#[derive(Debug)]
pub(crate) struct CommitGroup {
    pub(super) job: JobId,
    pub(super) run: i64,
    pub(super) batches: Vec<NumberedRows>,
    pub(super) new_directories: Vec<(i64, Arc<[u8]>)>,
    /// Large files that are finished: their checkpoints are no longer needed.
    pub(super) finished_large: Vec<Vec<u8>>,
    pub(super) checkpoints: Vec<Checkpoint>,
    /// Rows that the run already had when this process began to work on it.
    pub(super) rows_before: u64,
    /// The counts once this group is committed.
    pub(crate) counts: RowCounts,
    /// Working time of the job once this group is committed.
    pub(crate) elapsed: Duration,
    /// Errors among the rows, for the event stream after the commit.
    pub(crate) errors: Vec<NumberedItem>,
    /// Files whose content was recorded under another path, which is known at the end.
    pub(crate) traced: Vec<Traced>,
}

/// Rows with their positions in the run.
#[derive(Debug)]
pub(super) struct NumberedRows {
    pub(super) rows: Rows,
    pub(super) first_position: u64,
    /// The id of each directory in `rows`, by its index there.
    pub(super) directories: Vec<i64>,
}

/// What a run already holds when work on it begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RunState {
    pub(crate) run: i64,
    pub(crate) counts: RowCounts,
    pub(crate) directories: i64,
    pub(crate) elapsed: Duration,
}

/// Gathers the rows of one run into groups.
///
/// If the run already has rows, the resumed scan visits the same entries in the same order: rows that are
/// still valid are only counted, the others replace the stored ones at their positions.
#[derive(Debug)]
pub(crate) struct Batcher {
    job: JobId,
    run_state: RunState,
    /// The current directory and those above it, with their ids.
    ancestors: Vec<(i64, Arc<[u8]>)>,
    next_directory: i64,
    /// Counts of all rows visited, including those that were stored before.
    visited: RowCounts,
    /// Rows of the current group.
    waiting: usize,
    /// Large files that have a checkpoint.
    checkpointed: HashSet<Vec<u8>>,
    group: CommitGroup,
}

impl Batcher {
    pub(crate) fn new(job: JobId, run_state: RunState) -> Self {
        let group = CommitGroup::new(job, &run_state);
        Self {
            job,
            run_state,
            ancestors: Vec::new(),
            next_directory: 0,
            visited: RowCounts::default(),
            waiting: 0,
            checkpointed: HashSet::new(),
            group,
        }
    }

    /// Rows that wait for a commit.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether there is anything to commit.
    pub(crate) fn has_work(&self) -> bool {
        self.waiting > 0 || !self.group.checkpoints.is_empty()
    }

    /// Adds checkpoints of large files to the group.
    pub(crate) fn add_checkpoints(&mut self, checkpoints: Vec<Checkpoint>) {
        self.checkpointed.extend(checkpoints.iter().map(|checkpoint| checkpoint.path.clone()));
        self.group.checkpoints.extend(checkpoints);
    }

    /// Adds rows, which follow those added before.
    pub(crate) fn add(&mut self, rows: Rows) {
        let directories = rows.directories.iter().map(|path| self.directory_id(path)).collect();
        let first_position = self.visited.rows;
        let mut to_write = 0;
        for (index, row) in rows.iter().enumerate() {
            let is_kept = row.origin == Origin::Kept && self.visited.rows < self.run_state.counts.rows;
            self.visited.count(&row);
            if is_kept {
                continue;
            }
            to_write += 1;
            if let (Status::Error { .. }, Some(item)) = (row.status, rows.item(index)) {
                self.group.errors.push((self.visited.rows, item));
            }
            if !self.checkpointed.is_empty() {
                self.finish_large(&row);
            }
        }
        if to_write > 0 {
            self.waiting += to_write;
            self.group.batches.push(NumberedRows { rows, first_position, directories });
        }
    }

    fn finish_large(&mut self, row: &RowRef<'_>) {
        let mut path = Vec::new();
        row.path_into(&mut path);
        self.group.finished_large.extend(self.checkpointed.take(&path));
    }

    fn directory_id(&mut self, path: &Arc<[u8]>) -> i64 {
        while self.ancestors.last().is_some_and(|(_, above)| !is_within(path, above)) {
            self.ancestors.pop();
        }
        if let Some((id, last)) = self.ancestors.last()
            && last == path
        {
            return *id;
        }
        let id = self.next_directory;
        self.next_directory += 1;
        self.ancestors.push((id, path.clone()));
        // The scan visits the same entries in the same order, so the stored directories have the same ids.
        if id >= self.run_state.directories {
            self.group.new_directories.push((id, path.clone()));
        }
        id
    }

    /// The counts to commit with the rows added so far. Until the resumed scan has visited every row that was
    /// stored before, they stay what they were.
    fn counts(&self) -> RowCounts {
        if self.visited.rows < self.run_state.counts.rows { self.run_state.counts } else { self.visited }
    }

    /// Takes the waiting rows, to be committed. `elapsed` is the working time since this process began the job.
    pub(crate) fn take_group(&mut self, elapsed: Duration) -> CommitGroup {
        self.waiting = 0;
        let mut group = std::mem::replace(&mut self.group, CommitGroup::new(self.job, &self.run_state));
        group.counts = self.counts();
        group.elapsed = self.run_state.elapsed + elapsed;
        group
    }
}

/// Whether `path` is `above` or below it.
fn is_within(path: &[u8], above: &[u8]) -> bool {
    above.is_empty() || path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

impl CommitGroup {
    fn new(job: JobId, run_state: &RunState) -> Self {
        Self {
            job,
            run: run_state.run,
            batches: Vec::new(),
            new_directories: Vec::new(),
            finished_large: Vec::new(),
            checkpoints: Vec::new(),
            rows_before: run_state.counts.rows,
            counts: run_state.counts,
            elapsed: run_state.elapsed,
            errors: Vec::new(),
            traced: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
