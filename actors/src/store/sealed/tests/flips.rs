//! Flipped bytes in the file: what is read is as it was, or damage; never another value, and never absence.

use std::path::Path;

use rusqlite::Connection;

use super::super::*;
use super::{Filled, filled, is_damage};
use crate::job::JobQuery;
use crate::store::open::{Access, connect, prepare};
use crate::store::state_dir::StateDir;
use crate::store::testing::{Bench, connect_to_damage, page_over_page};
use crate::store::{idempotency, job_row, jobs, recovery};
use hivesum_test_support::LONGEST_WAIT;

/// Copies of the database, each with one place where `from` stood overwritten by `to`.
fn flipped(from: &[u8], to: &[u8], directory: &Path) -> Vec<(tempfile::TempDir, StateDir)> {
    let bytes = std::fs::read(directory.join("hivesum.db")).unwrap();
    let places = (0..bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from));
    let copy = |at: usize| {
        let mut damaged = bytes.clone();
        damaged[at..at + to.len()].copy_from_slice(to);
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("hivesum.db"), damaged).unwrap();
        std::fs::copy(directory.join("hivesum.journal"), dir.path().join("hivesum.journal")).unwrap();
        let state_dir = StateDir::open(dir.path()).unwrap();
        // A start asks the journal first whether commits are missing.
        std::fs::copy(directory.join("hivesum.journal"), state_dir.journal()).unwrap();
        (dir, state_dir)
    };
    places.map(copy).collect()
}

/// Asserts that `read` answers as before or finds damage wherever one of these texts is flipped, and that a start of
/// the service then refuses it, too. Returns in how many places damage was found: others are pages' free space.
fn damaged_places<T: std::fmt::Debug>(
    filled: &Filled,
    [from, to]: [&[u8]; 2],
    read: impl Fn(&mut Connection) -> Result<T, DbError>,
) -> usize {
    filled.bench.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let mut whole = connect_to_damage(filled.bench.dir.path());
    let right = format!("{:?}", read(&mut whole).unwrap());
    let mut places = 0;
    for (_dir, state_dir) in &flipped(from, to, filled.bench.dir.path()) {
        let mut connection = connect(state_dir, Access::ReadOnly).unwrap();
        match read(&mut connection) {
            Ok(answer) => assert_eq!(format!("{answer:?}"), right),
            damage => {
                assert!(is_damage(damage), "{}", String::from_utf8_lossy(from));
                let started = prepare(state_dir, &state_dir.lock_within(LONGEST_WAIT).unwrap());
                assert!(matches!(started, Err(crate::error::StoreError::Corrupt)));
                places += 1;
            }
        }
    }
    places
}

#[test]
fn a_flipped_member_of_a_request_is_damage_and_never_another_algorithm() {
    let filled = filled();
    let places = damaged_places(&filled, [b"algorithms", b"algorithks"], |connection| {
        jobs::list(connection, &JobQuery { limit: 10, ..JobQuery::default() })
    });
    assert!(places >= 3, "each job has a request");
}

#[test]
fn a_flipped_end_of_a_token_is_damage_and_no_longer_life() {
    let filled = filled();
    let found = |connection: &mut Connection| {
        let hash = <sha2::Sha256 as sha2::Digest>::digest(filled.secret.as_bytes());
        let found =
            TOKENS.find(connection, "WHERE secret_sha256 = ?", [&hash[..]], |row| Ok(row.get::<_, String>(5)?))?;
        TOKENS.verify(connection).map(|()| found)
    };
    let places = damaged_places(&filled, [b"2126-12-01T", b"2926-12-01T"], found);
    assert_eq!(places, 2);
}

#[test]
fn a_flipped_figure_of_a_summary_is_damage() {
    let filled = filled();
    let places = damaged_places(&filled, [br#"{"files":0"#, br#"{"files":8"#], |connection| {
        jobs::list(connection, &JobQuery { limit: 10, ..JobQuery::default() })
    });
    assert_eq!(places, 1);
}

#[test]
fn a_key_that_an_index_or_a_table_has_lost_is_damage_and_never_absence() {
    let filled = filled();
    let hash = <sha2::Sha256 as sha2::Digest>::digest(filled.secret.as_bytes());
    let mut other = hash;
    other[9] ^= 0x10;
    let places = damaged_places(&filled, [&hash, &other], |connection| {
        let found =
            TOKENS.find(connection, "WHERE secret_sha256 = ?", [&hash[..]], |row| Ok(row.get::<_, String>(0)?))?;
        // SQLite takes an indexed column from the index: the row in the table is not read for it.
        TOKENS.verify(connection).map(|()| found)
    });
    assert_eq!(places, 2, "in the table and in its index");
    let id = filled.running.to_string();
    let other = format!("{}~", &id[..35]);
    let places = damaged_places(&filled, [id.as_bytes(), other.as_bytes()], |connection| {
        job_row::get(connection, filled.running)?;
        jobs::manifest(connection, filled.running)?;
        recovery::deaths(connection, filled.running)?;
        idempotency::look_up(connection, Some("them"), &filled.request)?;
        JOBS.verify(connection)
    });
    assert!(places >= 5, "{places}");
}

#[test]
fn a_row_of_a_page_that_lies_in_anothers_place_is_damage_and_never_another_row() {
    let mut bench = Bench::new();
    let ids: Vec<_> = (0..150).map(|_| bench.job_with_rows(&["a"])).collect();
    bench.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let file = bench.dir.path().join("hivesum.db");
    let (intact, dir) = (std::fs::read(&file).unwrap(), bench.dir);
    drop(bench.connection);

    let mut led_astray = 0;
    for (damaged, damage) in page_over_page(&intact) {
        std::fs::write(&file, damaged).unwrap();
        let view = connect_to_damage(dir.path());
        let Ok(mut jobs) = JOBS.lookup(&view, "WHERE id = ?") else { continue };
        for id in ids.iter().map(ToString::to_string) {
            match jobs.find([&id], |row| Ok(row.get::<_, String>(0)?)) {
                Ok(found) => assert!(found.is_none_or(|found| found == id), "{damage}"),
                Err(DbError::Inconsistent("a key that leads to another row")) => led_astray += 1,
                Err(_) => {}
            }
        }
    }
    assert!(led_astray > 0, "no such page leads astray any more");
}
