//! Results on their way into the store: positions, directories and counts of one run, in groups to commit.
//!
//! Rows come in walk order, so a directory is left for good once the walk is past it: the directories on
//! the way down to the present one are all that must be remembered to name each only once.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::job::JobId;
use hivesum_core::compare::Move;
use hivesum_core::result::{Checkpoint, Item, Origin, RowRef, Rows, Status, fixity_of};

/// Counts of a job's committed results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) rows: u64,
    pub(crate) files_done: u64,
    pub(crate) files_failed: u64,
    pub(crate) files_skipped: u64,
    pub(crate) bytes_done: u64,
}

impl Tally {
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

/// An error with its id in the event stream: the count of rows up to and with it.
pub(crate) type NumberedItem = (u64, Item);

/// Rows that are committed together.
#[derive(Debug)]
pub(crate) struct CommitGroup {
    pub(super) job: JobId,
    pub(super) run: i64,
    pub(super) batches: Vec<NumberedRows>,
    pub(super) new_directories: Vec<(i64, Arc<[u8]>)>,
    /// Large files that are done: what was kept of them on the way is of no use any more.
    pub(super) done_large: Vec<Vec<u8>>,
    pub(super) checkpoints: Vec<Checkpoint>,
    /// Rows that the run had before this process came to it.
    pub(super) rows_before: u64,
    /// The counts once this group is committed.
    pub(crate) tally: Tally,
    /// Time at work once this group is committed.
    pub(crate) elapsed: Duration,
    /// Errors among the rows, to be announced after the commit.
    pub(crate) errors: Vec<NumberedItem>,
    /// New files that turned out as moved ones.
    pub(crate) moves: Vec<Move>,
}

#[derive(Debug)]
pub(super) struct NumberedRows {
    pub(super) rows: Rows,
    pub(super) first_position: u64,
    /// The id of each of the batch's directories.
    pub(super) directories: Vec<i64>,
}

/// What a run holds when work on it begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RunState {
    pub(crate) run: i64,
    pub(crate) tally: Tally,
    pub(crate) directories: i64,
    pub(crate) elapsed: Duration,
}

/// Gathers the rows of one run into groups. Where the run has rows already, the pass meets the same entries
/// again, one by one: rows that still hold are only counted, others are replaced in their places.
#[derive(Debug)]
pub(crate) struct Batcher {
    job: JobId,
    run_state: RunState,
    way_down: Vec<(i64, Arc<[u8]>)>,
    next_directory: i64,
    /// Counts of the rows met, those that were there before among them.
    met: Tally,
    waiting: usize,
    /// Large files of which something was kept on the way.
    half_done: HashSet<Vec<u8>>,
    group: CommitGroup,
}

impl Batcher {
    pub(crate) fn new(job: JobId, run_state: RunState) -> Self {
        let group = CommitGroup::new(job, &run_state);
        let (way_down, half_done) = (Vec::new(), HashSet::new());
        Self { job, run_state, way_down, next_directory: 0, met: Tally::default(), waiting: 0, half_done, group }
    }

    /// Rows that wait for a commit.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether there is anything to commit.
    pub(crate) fn has_something(&self) -> bool {
        self.waiting > 0 || !self.group.checkpoints.is_empty()
    }

    /// Takes states of large files.
    pub(crate) fn keep(&mut self, checkpoints: Vec<Checkpoint>) {
        self.half_done.extend(checkpoints.iter().map(|checkpoint| checkpoint.path.clone()));
        self.group.checkpoints.extend(checkpoints);
    }

    /// Takes rows, which follow those taken before.
    pub(crate) fn add(&mut self, rows: Rows) {
        let directories = rows.directories.iter().map(|path| self.directory_id(path)).collect();
        let first_position = self.met.rows;
        let mut to_write = 0;
        for (place, row) in rows.iter().enumerate() {
            let is_kept = row.origin == Origin::Kept && self.met.rows < self.run_state.tally.rows;
            self.met.count(&row);
            if is_kept {
                continue;
            }
            to_write += 1;
            if let Status::Error { .. } = row.status {
                let fixity = fixity_of(rows.judged.get(place));
                self.group.errors.push((self.met.rows, Item { fixity, ..item_of(&row, &rows) }));
            }
            if !self.half_done.is_empty() {
                self.settle_large(&row);
            }
        }
        if to_write > 0 {
            self.waiting += to_write;
            self.group.batches.push(NumberedRows { rows, first_position, directories });
        }
    }

    fn settle_large(&mut self, row: &RowRef<'_>) {
        let mut path = Vec::new();
        row.path_into(&mut path);
        self.group.done_large.extend(self.half_done.take(&path));
    }

    fn directory_id(&mut self, path: &Arc<[u8]>) -> i64 {
        while self.way_down.last().is_some_and(|(_, above)| !is_within(path, above)) {
            self.way_down.pop();
        }
        if let Some((id, last)) = self.way_down.last()
            && last == path
        {
            return *id;
        }
        let id = self.next_directory;
        self.next_directory += 1;
        self.way_down.push((id, path.clone()));
        // The same entries in the same order: those that the store has were numbered the same.
        if id >= self.run_state.directories {
            self.group.new_directories.push((id, path.clone()));
        }
        id
    }

    /// What is counted as committed with the rows taken so far. Until the rows that were there before are met
    /// again, that is what it was.
    fn tally(&self) -> Tally {
        if self.met.rows < self.run_state.tally.rows { self.run_state.tally } else { self.met }
    }

    /// Hands the waiting rows over to be committed; `elapsed` is the time at work since this process began.
    pub(crate) fn take_group(&mut self, elapsed: Duration) -> CommitGroup {
        self.waiting = 0;
        let mut group = std::mem::replace(&mut self.group, CommitGroup::new(self.job, &self.run_state));
        group.tally = self.tally();
        group.elapsed = self.run_state.elapsed + elapsed;
        group
    }
}

/// Whether `path` is `above` or below it.
fn is_within(path: &[u8], above: &[u8]) -> bool {
    above.is_empty() || path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

fn item_of(row: &RowRef<'_>, rows: &Rows) -> Item {
    let mut path = Vec::new();
    row.path_into(&mut path);
    let (meta, status, digests) = (row.meta, row.status, row.digests.to_vec());
    let (algorithms, reused) = (*rows.algorithms(), row.origin == Origin::Reused);
    Item { path, meta, status, digests, algorithms, reused, fixity: None }
}

impl CommitGroup {
    fn new(job: JobId, run_state: &RunState) -> Self {
        Self {
            job,
            run: run_state.run,
            batches: Vec::new(),
            new_directories: Vec::new(),
            done_large: Vec::new(),
            checkpoints: Vec::new(),
            rows_before: run_state.tally.rows,
            tally: run_state.tally,
            elapsed: run_state.elapsed,
            errors: Vec::new(),
            moves: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
