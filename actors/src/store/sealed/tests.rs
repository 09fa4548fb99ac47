//! Damage of every kind, in every column of every sealed table, and what a change does to seals and ledger.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::Connection;

use super::*;
use crate::job::{Job, JobId, JobKind, JobQuery, JobState};
use crate::store::idempotency::{self, IdempotencyKey};
use crate::store::open::{Access, connect};
use crate::store::root_rows::{self, RememberedRoot};
use crate::store::state_dir::StateDir;
use crate::store::testing::{Bench, connect_to_damage, job};
use crate::store::tokens::{NewToken, Tokens};
use crate::store::{checkpoints, job_row, jobs, recovery, sweep};
use hivesum_core::digest::Algorithm;
use hivesum_core::file::RootIdentity;
use hivesum_core::result::{Checkpoint, FileMeta};
use hivesum_core::sys::slots::Note;
use hivesum_test_support::LONGEST_WAIT;

/// A database with at least two rows in each sealed table, one in that of the last ended job.
struct Filled {
    bench: Bench,
    running: JobId,
    request: IdempotencyKey,
    secret: String,
}

fn filled() -> Filled {
    let mut bench = Bench::new();
    let mut request = IdempotencyKey { key: "k".to_owned(), fingerprint: [1; 32] };
    let mut running = job().id;
    for index in 0..2 {
        request.key = format!("key {index}");
        let mut one = Job { kind: JobKind::Verify, owner: Some("them".to_owned()), ..job() };
        one.spec.kind = JobKind::Verify;
        jobs::insert(&mut bench.connection, &one, Some(b"manifest"), Some(&request)).unwrap();
        running = one.id;
        let note = Note { job_tag: running.into_bytes(), path: b"deadly".to_vec(), offset: 7 };
        recovery::unfinished(&mut bench.connection, &[note]).unwrap();
        let root = RootIdentity { device: 1, inode: index, filesystem_id: 2 };
        let known = RememberedRoot { path: "/srv".into(), identity: root, accepted_empty: false };
        root_rows::meet(&mut bench.connection, &request.key, &known).unwrap();
        let begun = recovery::begin(&mut bench.connection, running, Timestamp::now(), Some(root)).unwrap();
        let run = begun.run_state.run;
        let meta = FileMeta { size: 9, mtime_ns: 1, ctime_ns: 2, inode: 3, device: 0 };
        let (path, state) = (b"large".to_vec(), vec![5; 40]);
        let checkpoint = Checkpoint { path, algorithm: Algorithm::Blake3, meta, bytes: 8, state };
        let change = bench.connection.transaction().unwrap();
        checkpoints::keep(&change, run, &[checkpoint]).unwrap();
        change.commit().unwrap();
    }
    let ended = bench.job_with_rows(&["a/x", "b/y", "c"]);
    bench.end(ended, JobState::Completed);
    let mut tokens = Tokens::open(bench.dir.path()).unwrap();
    let end = "2126-12-01T00:00:00Z".parse().unwrap();
    let sessions = "INSERT INTO sessions (id, secret_sha256, token, created_at, ends_at) VALUES
        ('1', x'01', NULL, '2026-11-01T00:00:00Z', '2026-11-02T00:00:00Z'),
        ('2', x'02', NULL, '2026-11-01T00:00:00Z', '2026-11-02T00:00:00Z')";
    bench.connection.execute_batch(sessions).unwrap();
    let collections = "INSERT INTO collections VALUES
        (1, 'one', x'2f61', '{}', '2026-11-01T00:00:00Z', 1, 2, 3, 1, 5, 6, 0, 0),
        (2, 'two', x'2f62', '{}', '2026-11-01T00:00:00Z', 1, 2, 3, 1, 5, 6, 0, 0);
        INSERT INTO collection_files VALUES (1, x'61', 1, 2, 3, 4, x'05', 6, 0, x'07', 'found', 8, 9, 10, 0),
        (2, x'62', 1, 2, 3, 4, x'05', 6, 0, x'07', 'found', 8, 9, 10, 0);
        INSERT INTO collection_events VALUES (1, 1, 5, x'61', 1, '{}', 'job', 0), (2, 1, 5, x'62', 1, '{}', 'job', 0);
        INSERT INTO collection_pieces VALUES (1, x'61', 5, x'06', 0), (2, x'62', 5, x'06', 0);
        INSERT INTO collection_runs VALUES (1, '1', 1, '{}', 0), (2, '2', 0, '{}', 0);
        INSERT INTO outbox VALUES ('mail', 1, 0, 'a', 1, 2, 3, 4, 5, 6, 7, 8, 0), ('mail', 2, 0, 'b', 1, 2, 3, 4, 5, 6, 7, 8, 0);
        INSERT INTO deliveries VALUES ('mail', 1, 2, 3, 4, 'error', 0), ('mail', 2, 2, 3, 4, 'error', 0);";
    bench.connection.execute_batch(collections).unwrap();
    let token = || NewToken { name: "name".to_owned(), scopes: "read".parse().unwrap(), expires_at: Some(end) };
    let secret = [tokens.create(token()), tokens.create(token())].map(|made| made.unwrap().secret)[0].clone();
    Filled { bench, running, request, secret }
}

impl Filled {
    /// Reads from this table as the service does.
    fn read(&self, connection: &Connection, table: &str) -> Result<(), DbError> {
        let query = JobQuery { owner: Some("them".to_owned()), limit: 10, ..JobQuery::default() };
        match table {
            "jobs" => {
                jobs::list(connection, &query)?;
                job_row::get(connection, self.running).map(drop)
            }
            "requests" => idempotency::look_up(connection, Some("them"), &self.request).map(drop),
            "checkpoints" => checkpoints::of_run(connection, 2).map(drop),
            "endings" => only_number(connection, &ENDINGS).map(drop),
            "manifests" => jobs::manifest(connection, self.running).map(drop),
            "roots" => root_rows::find(connection, &self.request.key).map(drop),
            "job_roots" => root_rows::of_job(connection, self.running).map(drop),
            "attempts" => recovery::deaths(connection, self.running).map(drop),
            _ => SEALED.iter().find(|sealed| sealed.name == table).unwrap().verify(connection),
        }
    }
}

fn is_damage<T>(read: Result<T, DbError>) -> bool {
    match read {
        Err(DbError::Inconsistent(_)) => true,
        Err(DbError::Sql(error)) => error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseCorrupt),
        Ok(_) | Err(DbError::Store(_)) => false,
    }
}

/// Another value of a column of this type.
fn changed(column: &str, kind: &str) -> String {
    match kind {
        "INTEGER" => format!("coalesce({column}, 0) + 1000"),
        "TEXT" => format!("coalesce({column}, '') || 'x'"),
        _ => format!("CAST(coalesce({column}, '') || 'x' AS BLOB)"),
    }
}

fn columns_of(connection: &Connection, table: &str) -> Vec<(String, String)> {
    let mut statement = connection.prepare("SELECT name, type FROM pragma_table_info(?)").unwrap();
    let columns = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    columns.map(Result::unwrap).collect()
}

mod flips;

#[test]
fn every_column_of_every_sealed_table_is_sealed_and_a_changed_value_is_damage() {
    let filled = filled();
    let damage = connect_to_damage(filled.bench.dir.path());
    for table in SEALED {
        let columns = columns_of(&damage, table.name);
        let names: Vec<&str> = columns.iter().map(|(name, _)| &**name).filter(|name| *name != "seal").collect();
        assert_eq!(names, table.columns, "{}", table.name);
        filled.read(&damage, table.name).unwrap();
        for (column, kind) in &columns {
            damage.execute_batch("BEGIN").unwrap();
            // Every row, or the first where the values have to differ.
            let sql = format!("UPDATE OR IGNORE {} SET {column} = {}", table.name, changed(column, kind));
            let changes = damage.execute(&sql, []).unwrap();
            assert!(changes > 0, "{sql}");
            assert!(is_damage(filled.read(&damage, table.name)), "{sql}");
            damage.execute_batch("ROLLBACK").unwrap();
        }
        filled.read(&damage, table.name).unwrap();
    }
}

#[test]
fn a_lost_row_and_a_row_too_many_are_damage_in_every_sealed_table() {
    let filled = filled();
    let damage = connect_to_damage(filled.bench.dir.path());
    for table in SEALED {
        let (name, columns) = (table.name, table.columns.join(", "));
        let (first, kind) = columns_of(&damage, name).swap_remove(0);
        let values = columns.replacen(&first, &changed(&first, &kind), 1);
        for sql in [
            format!("DELETE FROM {name} WHERE {first} = (SELECT max({first}) FROM {name})"),
            format!("DELETE FROM {name}"),
            format!(
                "REPLACE INTO {name} ({columns}, seal) SELECT {values}, seal_of('{name}', {values}) FROM {name} LIMIT 1"
            ),
        ] {
            damage.execute_batch("BEGIN").unwrap();
            assert!(damage.execute(&sql, []).unwrap() > 0, "{sql}");
            assert!(is_damage(table.verify(&damage)), "{sql}");
            damage.execute_batch("ROLLBACK").unwrap();
        }
        table.verify(&damage).unwrap();
    }
}

#[test]
fn a_ledger_that_says_something_else_or_nothing_is_damage() {
    let filled = filled();
    let damage = connect_to_damage(filled.bench.dir.path());
    for sql in [
        "UPDATE ledger SET rows = rows + 1",
        "UPDATE ledger SET sum = sum + 1",
        "UPDATE ledger SET seal = seal + 1",
        "DELETE FROM ledger",
    ] {
        damage.execute_batch("BEGIN").unwrap();
        damage.execute(sql, []).unwrap();
        for table in SEALED {
            assert!(is_damage(table.verify(&damage)), "{sql} {}", table.name);
        }
        damage.execute_batch("ROLLBACK").unwrap();
    }
}

#[test]
fn changes_of_many_rows_and_cascades_keep_seals_and_ledger() {
    let Filled { mut bench, running, .. } = filled();
    bench.connection.execute("UPDATE jobs SET elapsed_ms = elapsed_ms + 5", []).unwrap();
    bench.connection.execute("UPDATE checkpoints SET run = run + 1000", []).unwrap();
    bench
        .connection
        .execute("REPLACE INTO attempts (job, path, bytes, deaths) SELECT job, path, bytes, 9 FROM attempts", [])
        .unwrap();
    check_all(&bench.connection).unwrap();
    bench.end(running, JobState::Failed);
    assert!(jobs::delete(&mut bench.connection, running).unwrap());
    let report = check_all(&bench.connection).unwrap();
    let counts =
        ["jobs", "requests", "manifests", "attempts", "results", "directories"].map(|table| report.rows[table]);
    assert_eq!(counts, [2, 1, 1, 1, 3, 3]);
    while sweep::sweep(&mut bench.connection, 100).unwrap() {}
    assert_eq!(check_all(&bench.connection).unwrap().rows["runs"], 2);
}

#[test]
fn a_damaged_row_is_neither_changed_nor_deleted() {
    for damage in ["UPDATE jobs SET row_count = 77", "UPDATE ledger SET rows = 77", "DELETE FROM ledger"] {
        let mut filled = filled();
        connect_to_damage(filled.bench.dir.path()).execute(damage, []).unwrap();
        let connection = &mut filled.bench.connection;
        for sql in ["UPDATE jobs SET row_count = 1", "UPDATE jobs SET indexed = 1", "DELETE FROM jobs"] {
            let answer = connection.execute(sql, []).map_err(DbError::from);
            let shown = format!("{answer:?}");
            assert!(is_damage(answer), "{damage}: {sql}: {shown}");
        }
    }
}

#[test]
fn damage_that_came_after_a_look_is_found_at_the_next() {
    let filled = filled();
    let reader = connect(&StateDir::open(filled.bench.dir.path()).unwrap(), Access::ReadOnly).unwrap();
    for _ in 0..2 {
        assert!(job_row::get(&reader, job().id).unwrap().is_none());
    }
    connect_to_damage(filled.bench.dir.path())
        .execute("UPDATE jobs SET files_done = 77 WHERE ended IS NULL", [])
        .unwrap();
    assert!(is_damage(job_row::get(&reader, job().id)));
}

#[test]
fn results_that_are_lost_moved_or_of_another_run_are_damage() {
    for sql in [
        "DELETE FROM results WHERE position = 1",
        "DELETE FROM results WHERE position = 2",
        "UPDATE results SET position = 7 WHERE position = 1",
        "UPDATE results SET run = 1",
        "DELETE FROM directories WHERE id = 1",
        "UPDATE directories SET run = 1",
        "UPDATE directories SET id = 9 WHERE id = 2",
    ] {
        let filled = filled();
        check_all(&filled.bench.connection).unwrap();
        connect_to_damage(filled.bench.dir.path()).execute(sql, []).unwrap();
        assert!(is_damage(check_all(&filled.bench.connection)), "{sql}");
    }
}

#[test]
fn a_database_of_the_first_release_is_sealed_whole_by_its_migration() {
    let dir = tempfile::tempdir().unwrap();
    let first = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/api/schema-1.db");
    std::fs::copy(first, dir.path().join("hivesum.db")).unwrap();
    let token = "INSERT INTO tokens VALUES ('0191b0a8-0000-7000-8000-000000000009', 'n', zeroblob(32), 'read',
        '2026-01-01T00:00:00Z', NULL)";
    connect_to_damage(dir.path()).execute(token, []).unwrap();
    let state_dir = StateDir::open(dir.path()).unwrap();
    crate::store::open::prepare(&state_dir, &state_dir.lock_within(LONGEST_WAIT).unwrap()).unwrap();
    let connection = connect(&state_dir, Access::ReadOnly).unwrap();
    let report = check_all(&connection).unwrap();
    for table in ["jobs", "runs", "results", "directories", "tokens", "endings"] {
        assert!(report.rows[table] > 0, "{table}: {report:?}");
    }
    let page = jobs::list(&connection, &JobQuery { limit: 100, ..JobQuery::default() }).unwrap();
    assert_eq!(page.items.len() as u64, report.rows["jobs"]);
}
