//! The tables of the roots: the directory that each name stands for, and the directory that each unfinished job has begun
//! on. Decides how they are kept; `roots` says what is remembered and when.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use rusqlite::{Connection, Transaction, params};

use super::change::Change;
use super::error::DbError;
use super::sealed::{JOB_ROOTS, JOBS, ROOTS};
use crate::job::JobId;
use hivesum_core::file::RootIdentity;

/// A root as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RememberedRoot {
    pub(crate) path: PathBuf,
    pub(crate) identity: RootIdentity,
    /// Whether it was accepted although it was empty.
    pub(crate) accepted_empty: bool,
}

/// What the store knows when a service starts with a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RootMemory {
    /// From before this start.
    pub(crate) remembered: Option<RememberedRoot>,
    /// Whether there are results of files in it.
    pub(crate) has_results: bool,
}

/// Remembers a root that is new, and returns what was known of it.
pub(crate) fn meet(connection: &mut Connection, name: &str, now: &RememberedRoot) -> Result<RootMemory, DbError> {
    let change = Change::begin(connection)?;
    let remembered = find(&change, name)?;
    // The path is that of the configuration, whatever directory is there.
    let kept = match &remembered {
        Some(before) => RememberedRoot { path: now.path.clone(), ..before.clone() },
        None => now.clone(),
    };
    if remembered.as_ref() != Some(&kept) {
        write(&change, name, &kept)?;
    }
    let has_results = has_results(&change, name)?;
    change.commit()?;
    Ok(RootMemory { remembered, has_results })
}

/// What is known of a root, which is not remembered if it is new.
pub(crate) fn memory_of(connection: &Connection, name: &str) -> Result<RootMemory, DbError> {
    Ok(RootMemory { remembered: find(connection, name)?, has_results: has_results(connection, name)? })
}

fn has_results(connection: &Connection, name: &str) -> Result<bool, DbError> {
    let with_results = "WHERE row_count > 0 AND json_extract(spec, '$.root') = ?";
    Ok(JOBS.find(connection, with_results, [name], |_| Ok(()))?.is_some())
}

/// A root as it is remembered.
pub(crate) fn find(connection: &Connection, name: &str) -> Result<Option<RememberedRoot>, DbError> {
    ROOTS.find(connection, "WHERE name = ?", [name], |row| {
        let path: Vec<u8> = row.get(1)?;
        Ok(RememberedRoot {
            path: PathBuf::from(OsStr::from_bytes(&path)),
            identity: identity([row.get(2)?, row.get(3)?, row.get(4)?]),
            accepted_empty: row.get(5)?,
        })
    })
}

/// The names of all roots that are remembered, sorted.
pub(crate) fn names(connection: &Connection) -> Result<Vec<String>, DbError> {
    let mut names = Vec::new();
    ROOTS.verify(connection)?;
    ROOTS.each(connection, "ORDER BY name", [], |row| {
        names.push(row.get(0)?);
        Ok(())
    })?;
    Ok(names)
}

/// Remembers a directory under this name, whatever was remembered before.
pub(crate) fn write(change: &Transaction<'_>, name: &str, root: &RememberedRoot) -> Result<(), DbError> {
    let path = root.path.as_os_str().as_bytes();
    let [device, inode, filesystem] = numbers(root.identity);
    let accepted_empty = i64::from(root.accepted_empty);
    change
        .prepare_cached(
            "INSERT INTO roots (name, path, device, inode, filesystem, accepted_empty) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET path = excluded.path, device = excluded.device, inode = excluded.inode,
               filesystem = excluded.filesystem, accepted_empty = excluded.accepted_empty",
        )?
        .execute(params![name, path, device, inode, filesystem, accepted_empty])?;
    Ok(())
}

/// The directory that an unfinished job has begun on.
pub(crate) fn of_job(connection: &Connection, id: JobId) -> Result<Option<RootIdentity>, DbError> {
    JOB_ROOTS.find(connection, "WHERE job = ?", [id.to_string()], |row| {
        Ok(identity([row.get(1)?, row.get(2)?, row.get(3)?]))
    })
}

/// Records the directory that a job begins on, unless it has begun before.
pub(crate) fn note_of_job(change: &Transaction<'_>, id: JobId, root: RootIdentity) -> Result<(), DbError> {
    let [device, inode, filesystem] = numbers(root);
    change
        .prepare_cached(
            "INSERT INTO job_roots (job, device, inode, filesystem) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )?
        .execute(params![id.to_string(), device, inode, filesystem])?;
    Ok(())
}

/// Forgets the directory that a job has begun on.
pub(crate) fn forget_of_job(change: &Transaction<'_>, id: &str) -> Result<(), DbError> {
    change.prepare_cached("DELETE FROM job_roots WHERE job = ?")?.execute([id])?;
    Ok(())
}

/// SQLite's integers are signed; the bits are the same.
fn numbers(identity: RootIdentity) -> [i64; 3] {
    [identity.device, identity.inode, identity.filesystem_id].map(|number| number as i64)
}

fn identity(numbers: [i64; 3]) -> RootIdentity {
    let [device, inode, filesystem_id] = numbers.map(|number| number as u64);
    RootIdentity { device, inode, filesystem_id }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::Bench;

    fn root(inode: u64) -> RememberedRoot {
        let identity = RootIdentity { device: u64::MAX, inode, filesystem_id: 7 };
        RememberedRoot { path: PathBuf::from("/srv/a"), identity, accepted_empty: false }
    }

    #[test]
    fn the_first_directory_is_remembered_and_another_one_only_when_it_is_accepted() {
        let mut bench = Bench::new();
        let met = meet(&mut bench.connection, "here", &root(1)).unwrap();
        assert_eq!(met, RootMemory { remembered: None, has_results: false });
        bench.job_with_rows(&["a"]);
        let moved = RememberedRoot { path: PathBuf::from("/srv/b"), ..root(2) };
        for _ in 0..2 {
            let met = meet(&mut bench.connection, "here", &moved).unwrap();
            assert_eq!((met.remembered.unwrap().identity, met.has_results), (root(1).identity, true));
        }
        assert_eq!(find(&bench.connection, "here").unwrap().unwrap().path, moved.path);
        assert!(!meet(&mut bench.connection, "there", &root(3)).unwrap().has_results);
    }

    #[test]
    fn a_damaged_row_is_an_error() {
        let mut bench = Bench::new();
        meet(&mut bench.connection, "here", &root(1)).unwrap();
        let id = bench.insert_job().id;
        let change = Change::begin(&mut bench.connection).unwrap();
        note_of_job(&change, id, root(1).identity).unwrap();
        change.commit().unwrap();
        assert_eq!(of_job(&bench.connection, id).unwrap(), Some(root(1).identity));
        let flip = "PRAGMA recursive_triggers = OFF; DROP TRIGGER roots_updated; DROP TRIGGER job_roots_updated;
                    UPDATE roots SET inode = 2; UPDATE job_roots SET inode = 2";
        bench.connection.execute_batch(flip).unwrap();
        assert!(find(&bench.connection, "here").is_err() && of_job(&bench.connection, id).is_err());
    }
}
