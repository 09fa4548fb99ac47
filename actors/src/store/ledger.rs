//! Results on their way into the store: positions, directories and counts of one run, in groups to commit.
//!
//! Rows come in walk order, so a directory is left for good once the walk is past it: the directories on
//! the way down to the present one are all that must be remembered to name each only once.

use std::sync::Arc;

use rusqlite::{Connection, Statement, params};

use super::failure::Fault;
use super::jobs::{Ending, end_within, must_exist};
use crate::job::item::Item;
use crate::job::rows::{RowRef, Rows, Stability, Status};
use crate::job::spec::JobId;

/// Values of the column `status`.
pub(crate) const HASHED: i64 = 0;
pub(crate) const ERROR: i64 = 1;
pub(crate) const SKIPPED: i64 = 2;

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
pub(crate) struct Group {
    job: JobId,
    run: i64,
    first_position: u64,
    batches: Vec<Batch>,
    new_directories: Vec<(i64, Arc<[u8]>)>,
    /// The counts once this group is committed.
    pub(crate) tally: Tally,
    /// Errors among the rows, to be announced after the commit.
    pub(crate) errors: Vec<NumberedItem>,
}

#[derive(Debug)]
struct Batch {
    rows: Rows,
    /// The id of each of the batch's directories.
    directories: Vec<i64>,
}

/// Gathers the rows of one run into groups.
#[derive(Debug)]
pub(crate) struct Ledger {
    job: JobId,
    run: i64,
    way_down: Vec<(i64, Arc<[u8]>)>,
    next_directory: i64,
    group: Group,
}

impl Ledger {
    pub(crate) fn new(job: JobId, run: i64) -> Self {
        let group = Group::new(job, run, Tally::default());
        Self { job, run, way_down: Vec::new(), next_directory: 0, group }
    }

    /// Rows that wait for a commit.
    pub(crate) fn waiting(&self) -> usize {
        (self.group.tally.rows - self.group.first_position) as usize
    }

    /// Takes rows, which follow those taken before.
    pub(crate) fn add(&mut self, rows: Rows) {
        let directories = rows.directories.iter().map(|path| self.directory_id(path)).collect();
        for row in rows.iter() {
            self.group.tally.count(&row);
            if let Status::Error { .. } = row.status {
                self.group.errors.push((self.group.tally.rows, item_of(&row, &rows)));
            }
        }
        self.group.batches.push(Batch { rows, directories });
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
        self.group.new_directories.push((id, path.clone()));
        id
    }

    /// Hands the waiting rows over to be committed.
    pub(crate) fn take_group(&mut self) -> Group {
        let next = Group::new(self.job, self.run, self.group.tally);
        std::mem::replace(&mut self.group, next)
    }
}

/// Whether `path` is `above` or below it.
fn is_within(path: &[u8], above: &[u8]) -> bool {
    above.is_empty() || path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

fn item_of(row: &RowRef<'_>, rows: &Rows) -> Item {
    let mut path = Vec::new();
    row.path_into(&mut path);
    Item { path, meta: row.meta, status: row.status, digests: row.digests.to_vec(), algorithms: *rows.algorithms() }
}

impl Group {
    fn new(job: JobId, run: i64, tally: Tally) -> Self {
        let (batches, new_directories, errors) = (Vec::new(), Vec::new(), Vec::new());
        Self { job, run, first_position: tally.rows, batches, new_directories, tally, errors }
    }
}

/// Commits a group, and with it the job's counts and, after the last one, its end.
pub(crate) fn commit(connection: &mut Connection, group: &Group, ending: Option<&Ending>) -> Result<(), Fault> {
    let change = connection.transaction()?;
    {
        let mut insert = change.prepare_cached("INSERT INTO directories (run, id, path) VALUES (?, ?, ?)")?;
        for (id, path) in &group.new_directories {
            insert.execute(params![group.run, id, &**path])?;
        }
        let mut insert = change.prepare_cached(
            "INSERT INTO results (run, position, directory, name, size, mtime_ns, ctime_ns, inode, device, status,
                                  code, errno, stability, digests)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?;
        let mut position = group.first_position as i64;
        for Batch { rows, directories } in &group.batches {
            for (row, place) in rows.iter().zip(&rows.rows) {
                insert_row(&mut insert, group.run, position, directories[place.directory as usize], &row)?;
                position += 1;
            }
        }
    }
    let tally = group.tally;
    let changed = change
        .prepare_cached(
            "UPDATE jobs SET row_count = ?3, files_done = ?4, files_failed = ?5, files_skipped = ?6, bytes_done = ?7
             WHERE id = ?1 AND run = ?2",
        )?
        .execute(params![
            group.job.to_string(),
            group.run,
            tally.rows as i64,
            tally.files_done as i64,
            tally.files_failed as i64,
            tally.files_skipped as i64,
            tally.bytes_done as i64
        ])?;
    must_exist(changed)?;
    if let Some(ending) = ending {
        end_within(&change, group.job, ending)?;
    }
    change.commit()?;
    Ok(())
}

fn insert_row(
    insert: &mut Statement<'_>,
    run: i64,
    position: i64,
    directory: i64,
    row: &RowRef<'_>,
) -> Result<(), Fault> {
    let (status, code, errno, stability) = match row.status {
        Status::Hashed(Stability::Stable) => (HASHED, None, None, Some(0)),
        Status::Hashed(Stability::Unverified) => (HASHED, None, None, Some(1)),
        Status::Error { code, errno } => (ERROR, Some(code.name()), (errno != 0).then_some(errno), None),
        Status::Skipped(reason) => (SKIPPED, Some(reason.name()), None, None),
    };
    let digests = (status == HASHED).then_some(row.digests);
    let meta = row.meta;
    let [size, inode, device] = [meta.size, meta.inode, meta.device].map(|unsigned| unsigned as i64);
    insert.execute(params![
        run,
        position,
        directory,
        row.name,
        size,
        meta.mtime_ns,
        meta.ctime_ns,
        inode,
        device,
        status,
        code,
        errno,
        stability,
        digests
    ])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{Bench, hashed};

    fn directories_of(bench: &Bench) -> Vec<(i64, String)> {
        let mut statement =
            bench.connection.prepare("SELECT id, CAST(path AS TEXT) FROM directories ORDER BY id").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[test]
    fn each_directory_is_named_once_however_often_the_walk_comes_back_to_it() {
        let mut bench = Bench::new();
        let job = bench.take_job();
        let mut ledger = Ledger::new(job.id, bench.run_of(job.id));
        for paths in [&["", "a", "a/b"][..], &["a/b", "a", "a/bc", "a"], &["ab", ""]] {
            let mut rows = Rows::new(job.spec.algorithms);
            for path in paths {
                rows.push(hashed(path, "f"));
            }
            ledger.add(rows);
            let group = ledger.take_group();
            commit(&mut bench.connection, &group, None).unwrap();
        }
        let named = directories_of(&bench).into_iter().map(|(_, path)| path).collect::<Vec<_>>();
        assert_eq!(named, ["", "a", "a/b", "a/bc", "ab"]);
    }

    #[test]
    fn counts_and_positions_go_on_from_group_to_group() {
        let mut bench = Bench::new();
        let job = bench.take_job();
        let mut ledger = Ledger::new(job.id, bench.run_of(job.id));
        for _ in 0..2 {
            let mut rows = Rows::new(job.spec.algorithms);
            rows.push(hashed("d", "ok"));
            rows.push(RowRef {
                status: Status::Error { code: crate::error::ErrorCode::Permission, errno: 13 },
                digests: &[],
                ..hashed("d", "no")
            });
            ledger.add(rows);
            assert_eq!(ledger.waiting(), 2);
            let group = ledger.take_group();
            assert_eq!(ledger.waiting(), 0);
            commit(&mut bench.connection, &group, None).unwrap();
        }
        let stored = crate::store::jobs::get(&bench.connection, job.id).unwrap().unwrap();
        assert_eq!(stored.rows, 4);
        assert_eq!((stored.job.progress.files_done, stored.job.progress.files_failed), (2, 2));
        assert_eq!(stored.job.progress.bytes_done, 2 * hashed("d", "ok").meta.size);
    }

    #[test]
    fn errors_are_numbered_by_the_rows_up_to_them() {
        let job = crate::store::testing::job();
        let mut ledger = Ledger::new(job.id, 1);
        let mut rows = Rows::new(job.spec.algorithms);
        rows.push(hashed("", "a"));
        rows.push(RowRef {
            status: Status::Error { code: crate::error::ErrorCode::NotFound, errno: 2 },
            digests: &[],
            ..hashed("x", "b")
        });
        ledger.add(rows);
        let errors = ledger.take_group().errors;
        assert_eq!(errors.iter().map(|(id, item)| (*id, &item.path[..])).collect::<Vec<_>>(), [(2, &b"x/b"[..])]);
    }

    #[test]
    fn a_group_of_a_run_that_was_given_up_is_not_committed() {
        let mut bench = Bench::new();
        let job = bench.take_job();
        let mut ledger = Ledger::new(job.id, bench.run_of(job.id));
        crate::store::jobs::start_over_unfinished(&mut bench.connection).unwrap();
        let mut rows = Rows::new(job.spec.algorithms);
        rows.push(hashed("", "late"));
        ledger.add(rows);
        assert!(commit(&mut bench.connection, &ledger.take_group(), None).is_err());
        let rows: i64 = bench.connection.query_row("SELECT count(*) FROM results", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 0);
    }

    #[test]
    fn the_view_for_people_shows_whole_paths_and_words() {
        let mut bench = Bench::new();
        bench.job_with_rows(&["a/b/file", "top"]);
        let sql =
            "SELECT path || ' ' || status || ' ' || stability || ' ' || modified_at || ' ' || algorithms FROM files";
        let mut statement = bench.connection.prepare(sql).unwrap();
        let shown: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let rest = r#"hashed stable 2023-11-14 22:13:20 ["blake3"]"#;
        assert_eq!(shown, [format!("a/b/file {rest}"), format!("top {rest}")]);
    }
}
