//! The steps from schema 10, which has no collections, to 11, from 11, which has no outbox, to 12, from 12, which keeps
//! no pieces of files, to 13, from 13, which keeps no runs of collections, to 14, and from 14, which has no paths in its
//! sort indexes, to 15.

use std::path::Path;

use super::*;
use crate::store::testing::Bench;

/// Seals the tables that an older schema has.
pub(super) fn seal_present(change: &rusqlite::Transaction<'_>) {
    let is_there = |table: &&SealedTable| change.prepare(&table.select("LIMIT 0")).is_ok();
    for table in SEALED.iter().filter(is_there) {
        let (name, columns) = (table.name, table.columns.join(", "));
        change.execute(&format!("UPDATE {name} SET seal = seal_of('{name}', {columns})"), []).unwrap();
        let sums = format!("SELECT count(*), coalesce(sum(seal), 0) FROM {name}");
        let (rows, sum): (i64, i64) = change.query_row(&sums, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let insert = "REPLACE INTO ledger VALUES (?1, ?2, ?3, seal_of('ledger', ?1, ?2, ?3))";
        change.execute(insert, (name, rows, sum)).unwrap();
    }
}

/// A database of schema 10 with a job.
fn of_schema_10(dir: &Path) -> StateDir {
    of_schema(dir, 10, "")
}

/// A database of this schema with a job, and what `more` says.
fn of_schema(dir: &Path, version: usize, more: &str) -> StateDir {
    let state_dir = StateDir::open(dir).unwrap();
    let mut connection = Connection::open(state_dir.database()).unwrap();
    sealed::add_functions(&connection).unwrap();
    MIGRATIONS[..version].iter().for_each(|step| connection.execute_batch(step).unwrap());
    connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    let job = r#"INSERT INTO runs (run) VALUES (1);
        INSERT INTO jobs (id, kind, spec, state, created_at, run, ended)
          VALUES ('0191b0a8-0000-7000-8000-000000000000', 'hash', '{"root":"here","algorithms":["blake3"]}',
                  'completed', '2026-01-01T00:00:00Z', 1, 1);
        UPDATE endings SET last = 1;"#;
    connection.execute_batch(job).unwrap();
    connection.execute_batch(more).unwrap();
    let change = connection.transaction().unwrap();
    seal_present(&change);
    let mark = commit_number::start(&change).unwrap();
    change.pragma_update(None, "user_version", version as i64).unwrap();
    change.commit().unwrap();
    journal::replace(&state_dir, &mark).unwrap();
    state_dir
}

fn start(state_dir: &StateDir) -> Result<(), StoreError> {
    prepare(state_dir, &state_dir.lock().unwrap())
}

/// Starts on a database of this schema: it is migrated, with right seals, and copied first.
fn migrated(state_dir: &StateDir, version: i64) -> Connection {
    start(state_dir).unwrap();
    let connection = connect(state_dir, Access::Write).unwrap();
    for table in SEALED {
        table.verify(&connection).unwrap();
    }
    let copy = Connection::open(state_dir.beside_database(&format!(".v{version}"))).unwrap();
    assert_eq!(copy.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).unwrap(), version);
    connection
}

#[test]
fn schema_10_is_copied_first_and_gets_the_tables_of_collections_and_keeps_its_jobs() {
    let dir = tempfile::tempdir().unwrap();
    let state_dir = of_schema_10(dir.path());
    let connection = migrated(&state_dir, 10);
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM jobs"), 1);
    assert_eq!(count("SELECT count(*) FROM collection_files"), 0);
    assert_eq!(count("PRAGMA user_version"), MIGRATIONS.len() as i64);
}

#[test]
fn schema_11_is_copied_first_and_gets_an_outbox_and_keeps_its_collections() {
    let dir = tempfile::tempdir().unwrap();
    let collection = r#"INSERT INTO collections (number, id, directory, settings, created_at, passes, is_deleted)
        VALUES (1, 'one', x'2f61', '{"algorithms":["blake3"],"kind":"fixed"}', '2026-01-01T00:00:00Z', 0, 0)"#;
    let state_dir = of_schema(dir.path(), 11, collection);
    let connection = migrated(&state_dir, 11);
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((count("SELECT count(*) FROM collections"), count("SELECT count(*) FROM outbox")), (1, 0));
}

#[test]
fn schema_12_is_copied_first_and_keeps_its_files_without_pieces() {
    let dir = tempfile::tempdir().unwrap();
    let collection = r#"INSERT INTO collections (number, id, directory, settings, created_at, passes, is_deleted)
        VALUES (1, 'one', x'2f61', '{"algorithms":["blake3"],"kind":"fixed"}', '2026-01-01T00:00:00Z', 1, 0);
        INSERT INTO collection_files (collection, path, condition, size, mtime_ns, ctime_ns, inode, stability, digests,
             first_seen, since) VALUES (1, x'61', 1, 5000000, 1, 2, 3, 0, zeroblob(32), 0, 0)"#;
    let state_dir = of_schema(dir.path(), 12, collection);
    let connection = migrated(&state_dir, 12);
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let counts = ["collection_files", "collection_pieces"].map(|table| count(&format!("SELECT count(*) FROM {table}")));
    assert_eq!(counts, [1, 0]);
}

#[test]
fn schema_13_is_copied_first_and_keeps_its_collections_and_pieces_without_runs() {
    let dir = tempfile::tempdir().unwrap();
    let collection = r#"INSERT INTO collections (number, id, directory, settings, created_at, passes, is_deleted)
        VALUES (1, 'one', x'2f61', '{"algorithms":["blake3"],"kind":"fixed"}', '2026-01-01T00:00:00Z', 1, 0);
        INSERT INTO collection_pieces (collection, path, size, pieces) VALUES (1, x'61', 5000000, zeroblob(160))"#;
    let state_dir = of_schema(dir.path(), 13, collection);
    let connection = migrated(&state_dir, 13);
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let counts = ["collections", "collection_pieces", "collection_runs"];
    assert_eq!(counts.map(|table| count(&format!("SELECT count(*) FROM {table}"))), [1, 1, 0]);
}

#[test]
fn schema_14_is_copied_first_and_its_jobs_are_indexed_anew() {
    let dir = tempfile::tempdir().unwrap();
    let state_dir = of_schema(dir.path(), 14, "UPDATE jobs SET indexed = 1");
    let connection = migrated(&state_dir, 14);
    let indexed: i64 = connection.query_row("SELECT indexed FROM jobs", [], |row| row.get(0)).unwrap();
    assert_eq!(indexed, 0);
}

#[test]
fn schema_10_with_damage_is_not_migrated() {
    let dir = tempfile::tempdir().unwrap();
    let state_dir = of_schema_10(dir.path());
    let foreign = Connection::open(state_dir.database()).unwrap();
    foreign.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM jobs").unwrap();
    drop(foreign);
    assert!(matches!(start(&state_dir), Err(StoreError::Corrupt)));
}

#[test]
fn a_new_database_and_a_migrated_one_have_the_same_schema() {
    let schema = |connection: &Connection| -> Vec<(String, Option<String>)> {
        let mut all = connection.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name").unwrap();
        all.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    let dir = tempfile::tempdir().unwrap();
    let state_dir = of_schema_10(dir.path());
    start(&state_dir).unwrap();
    let migrated = connect(&state_dir, Access::Write).unwrap();
    assert_eq!(schema(&migrated), schema(&Bench::new().connection));
}
