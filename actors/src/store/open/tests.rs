//! Databases that are new, old, damaged, foreign or incomplete.

use super::*;
use hivesum_test_support::LONGEST_WAIT;

fn prepared(dir: &Path) -> StateDir {
    let state_dir = StateDir::open(dir).unwrap();
    prepare(&state_dir, &state_dir.lock_within(LONGEST_WAIT).unwrap()).unwrap();
    state_dir
}

fn prepare_again(state_dir: &StateDir) -> Result<(), StoreError> {
    prepare(state_dir, &state_dir.lock_within(LONGEST_WAIT).unwrap())
}

#[test]
fn a_new_database_has_our_application_id_and_is_durable() {
    let dir = tempfile::tempdir().unwrap();
    let state_dir = prepared(dir.path());
    let connection = connect(&state_dir, Access::Write).unwrap();
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(pragma("application_id"), APPLICATION_ID);
    assert_eq!(pragma("user_version"), MIGRATIONS.len() as i64);
    assert_eq!(pragma("synchronous"), 2);
    assert_eq!(pragma("foreign_keys"), 1);
    prepare_again(&state_dir).unwrap();
}

#[test]
fn a_reader_cannot_write() {
    let dir = tempfile::tempdir().unwrap();
    let connection = connect(&prepared(dir.path()), Access::ReadOnly).unwrap();
    assert!(connection.execute("INSERT INTO runs DEFAULT VALUES", []).is_err());
}

#[test]
fn damaged_foreign_and_empty_files_are_refused_and_left_as_they_are() {
    let other = {
        let file = tempfile::NamedTempFile::new().unwrap();
        Connection::open(file.path()).unwrap().execute_batch("CREATE TABLE jobs (id)").unwrap();
        fs::read(file.path()).unwrap()
    };
    for content in [&b""[..], b"SQLite format 3\0 and then nothing", &[7; 9000], &other] {
        let dir = tempfile::tempdir().unwrap();
        let state_dir = StateDir::open(dir.path()).unwrap();
        fs::write(state_dir.database(), content).unwrap();
        assert!(matches!(prepare_again(&state_dir), Err(StoreError::Corrupt)), "{} bytes", content.len());
        assert_eq!(fs::read(state_dir.database()).unwrap(), content);
    }
}

#[test]
fn a_cut_database_and_a_damaged_page_are_refused() {
    for damage in [|bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2), |bytes: &mut Vec<u8>| bytes[8192] ^= 0x55] {
        let dir = tempfile::tempdir().unwrap();
        let state_dir = prepared(dir.path());
        let mut bytes = fs::read(state_dir.database()).unwrap();
        damage(&mut bytes);
        fs::write(state_dir.database(), &bytes).unwrap();
        assert!(matches!(prepare_again(&state_dir), Err(StoreError::Corrupt)));
        assert_eq!(fs::read(state_dir.database()).unwrap(), bytes);
    }
}

#[test]
fn a_schema_without_one_of_its_tables_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let state_dir = prepared(dir.path());
    connect(&state_dir, Access::Write).unwrap().execute_batch("DROP TABLE tokens").unwrap();
    assert!(matches!(prepare_again(&state_dir), Err(StoreError::Corrupt)));
}

/// A database as the first release created it, with a job and a row.
fn of_the_first_schema(dir: &Path) -> StateDir {
    let state_dir = StateDir::open(dir).unwrap();
    let connection = Connection::open(state_dir.database()).unwrap();
    connection.execute_batch(MIGRATIONS[0]).unwrap();
    connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    let rows = r#"INSERT INTO runs (run) VALUES (1);
        INSERT INTO jobs (id, kind, spec, state, created_at, run, row_count, files_done, bytes_done)
          VALUES ('0191b0a8-0000-7000-8000-000000000000', 'hash', '{"root":"here","algorithms":["blake3"]}',
                  'completed', '2026-01-01T00:00:00Z', 1, 1, 1, 7);
        INSERT INTO directories VALUES (1, 0, x'64');
        INSERT INTO results VALUES (1, 0, 0, x'66', 7, 1, 2, 3, 4, 0, NULL, NULL, 0, zeroblob(32));"#;
    connection.execute_batch(rows).unwrap();
    state_dir
}

#[test]
fn an_older_database_is_copied_first_and_then_migrated_with_all_its_rows() {
    let dir = tempfile::tempdir().unwrap();
    let state_dir = of_the_first_schema(dir.path());
    // A start that was killed while it copied leaves this behind.
    fs::write(state_dir.beside_database(".v1.new"), "half a copy").unwrap();
    prepare_again(&state_dir).unwrap();
    let mut connection = connect(&state_dir, Access::Write).unwrap();
    let id = "0191b0a8-0000-7000-8000-000000000000".parse().unwrap();
    let query = crate::job::ResultQuery { limit: 10, ..Default::default() };
    let page = crate::store::pages::page(&mut connection, id, &query).unwrap().unwrap();
    assert_eq!((page.total, &page.items[0].path[..]), (1, &b"d/f"[..]));
    let ended: i64 = connection.query_row("SELECT ended FROM jobs", [], |row| row.get(0)).unwrap();
    assert_eq!(ended, 1, "it is indexed and retired like every other job");
    let copy = Connection::open(state_dir.beside_database(".v1")).unwrap();
    let rows: i64 = copy.query_row("SELECT count(*) FROM results", [], |row| row.get(0)).unwrap();
    let version: i64 = copy.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!((rows, version), (1, 1));
    assert!(!state_dir.beside_database(".v1.new").exists());
}

/// A database of schema 8, with a job and a row whose modification time was out of range.
fn of_schema_8(dir: &Path) -> StateDir {
    let state_dir = of_the_first_schema(dir);
    let mut connection = Connection::open(state_dir.database()).unwrap();
    sealed::add_functions(&connection).unwrap();
    connection.execute("UPDATE results SET mtime_ns = 9223372036854775807", []).unwrap();
    MIGRATIONS[1..8].iter().for_each(|step| connection.execute_batch(step).unwrap());
    let change = connection.transaction().unwrap();
    super::schema_10::seal_present(&change);
    let mark = commit_number::start(&change).unwrap();
    change.pragma_update(None, "user_version", 8).unwrap();
    change.commit().unwrap();
    journal::replace(&state_dir, &mark).unwrap();
    state_dir
}

#[test]
fn rows_of_schema_8_keep_their_seals_and_a_time_that_they_did_not_hold_is_not_known() {
    let dir = tempfile::tempdir().unwrap();
    let state_dir = of_schema_8(dir.path());
    prepare_again(&state_dir).unwrap();
    let mut connection = connect(&state_dir, Access::Write).unwrap();
    let id = "0191b0a8-0000-7000-8000-000000000000".parse().unwrap();
    let query = crate::job::ResultQuery { limit: 10, ..Default::default() };
    let page = crate::store::pages::page(&mut connection, id, &query).unwrap().unwrap();
    assert_eq!((page.items[0].meta.modified_at(), page.items[0].meta.ctime_ns), (None, 2));
}

#[test]
fn a_migration_does_not_seal_what_is_damaged() {
    for damage in ["UPDATE jobs SET files_done = 2", "DELETE FROM runs", "UPDATE state SET id = 'another'"] {
        let dir = tempfile::tempdir().unwrap();
        let state_dir = of_schema_8(dir.path());
        let foreign = Connection::open(state_dir.database()).unwrap();
        foreign.execute_batch(&format!("PRAGMA foreign_keys = OFF; {damage}")).unwrap();
        drop(foreign);
        assert!(matches!(prepare_again(&state_dir), Err(StoreError::Corrupt)), "{damage}");
    }
}

#[test]
fn migrated_jobs_are_numbered_in_the_order_in_which_they_ended_and_manifests_get_checksums() {
    let dir = tempfile::tempdir().unwrap();
    let state_dir = of_the_first_schema(dir.path());
    let connection = Connection::open(state_dir.database()).unwrap();
    crate::store::sealed::add_functions(&connection).unwrap();
    connection.execute_batch(MIGRATIONS[1]).unwrap();
    connection.pragma_update(None, "user_version", 2).unwrap();
    let job = |number: u32, state: &str, finished: &str, ended: &str| {
        let row = format!(
            r#"INSERT INTO runs (run) VALUES ({number});
               INSERT INTO jobs (id, kind, spec, state, created_at, finished_at, run, ended)
                 VALUES ('0191b0a8-0000-7000-8000-{number:012}', 'verify', '{{"root":"here","kind":"verify"}}', '{state}',
                         '2026-01-01T00:00:00Z', {finished}, {number}, {ended});"#
        );
        connection.execute_batch(&row).unwrap();
    };
    job(2, "failed", "'2026-01-03T00:00:00Z'", "1");
    job(3, "queued", "NULL", "NULL");
    job(4, "cancelled", "'2026-01-02T00:00:00Z'", "2");
    let body = "INSERT INTO manifests VALUES ('0191b0a8-0000-7000-8000-000000000003', CAST('352441c2  a' AS BLOB))";
    connection.execute(body, []).unwrap();
    drop(connection);
    prepare_again(&state_dir).unwrap();
    let connection = connect(&state_dir, Access::Write).unwrap();
    let mut statement = connection.prepare("SELECT run, ended FROM jobs ORDER BY run").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let counted: Vec<(i64, Option<i64>)> = rows.map(Result::unwrap).collect();
    assert_eq!(counted, [(1, Some(1)), (2, Some(2)), (3, None), (4, Some(3))]);
    let last: i64 = connection.query_row("SELECT last FROM endings", [], |row| row.get(0)).unwrap();
    assert_eq!(last, 3);
    let id = "0191b0a8-0000-7000-8000-000000000003".parse().unwrap();
    assert_eq!(crate::store::jobs::manifest(&connection, id).unwrap().unwrap(), b"352441c2  a");
    let damage = "UPDATE manifests SET body = CAST('352441c3  a' AS BLOB)";
    crate::store::testing::connect_to_damage(dir.path()).execute(damage, []).unwrap();
    assert!(matches!(crate::store::jobs::manifest(&connection, id), Err(DbError::Inconsistent(_))));
}

#[test]
fn a_newer_schema_is_refused_with_both_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let state_dir = prepared(dir.path());
    connect(&state_dir, Access::Write).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let newest = MIGRATIONS.len() as i64;
    assert!(matches!(prepare_again(&state_dir), Err(StoreError::Newer { found: 99, known }) if known == newest));
}

#[test]
fn a_database_removed_from_beside_its_log_is_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let state_dir = StateDir::open(dir.path()).unwrap();
    fs::write(state_dir.beside_database("-wal"), "frames").unwrap();
    assert!(matches!(prepare_again(&state_dir), Err(StoreError::Corrupt)));
    assert!(!state_dir.database().exists());
}

#[test]
fn a_start_killed_while_it_created_the_database_is_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let state_dir = StateDir::open(dir.path()).unwrap();
    fs::write(state_dir.beside_database(".new"), "half a data").unwrap();
    fs::write(state_dir.beside_database(".new-journal"), "and its journal").unwrap();
    prepare_again(&state_dir).unwrap();
}

/// Files by name, but the index of the log, which SQLite makes anew.
fn contents(dir: &Path) -> std::collections::BTreeMap<std::ffi::OsString, Vec<u8>> {
    let files = fs::read_dir(dir).unwrap().map(Result::unwrap).filter(|entry| entry.file_name() != "hivesum.db-shm");
    files.map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap())).collect()
}

/// The state of a server that was killed after it had committed 12 jobs: all but the schema is in the log.
fn killed() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut database = Database::open(prepared(dir.path())).unwrap();
    for _ in 0..12 {
        let insert = |connection: &mut Connection| {
            crate::store::jobs::insert(connection, &crate::store::testing::job(), None, None)
        };
        database.run(insert).unwrap();
    }
    let copy = tempfile::tempdir().unwrap();
    for (name, bytes) in contents(dir.path()) {
        fs::write(copy.path().join(name), bytes).unwrap();
    }
    copy
}

#[test]
fn a_store_without_some_of_its_commits_is_refused_and_left_as_it_is() {
    type Damage = fn(&StateDir);
    fn flip(state_dir: &StateDir, at: fn(usize) -> usize) {
        let path = state_dir.beside_database("-wal");
        let mut bytes = fs::read(&path).unwrap();
        let at = at(bytes.len());
        bytes[at] ^= 4;
        fs::write(&path, bytes).unwrap();
    }
    let damages: [(&str, Damage); 5] = [
        ("no log", |state_dir| fs::remove_file(state_dir.beside_database("-wal")).unwrap()),
        ("an empty log", |state_dir| fs::write(state_dir.beside_database("-wal"), "").unwrap()),
        ("a cut log", |state_dir| {
            let log = fs::OpenOptions::new().write(true).open(state_dir.beside_database("-wal")).unwrap();
            log.set_len(log.metadata().unwrap().len() - 1).unwrap();
        }),
        ("no journal", |state_dir| fs::remove_file(state_dir.journal()).unwrap()),
        ("no database", |state_dir| {
            fs::remove_file(state_dir.beside_database("-wal")).unwrap();
            fs::remove_file(state_dir.database()).unwrap();
        }),
    ];
    let refuse = |what: &str, damage: &dyn Fn(&StateDir)| {
        let dir = killed();
        let state_dir = StateDir::open(dir.path()).unwrap();
        damage(&state_dir);
        drop(state_dir.lock_within(LONGEST_WAIT).unwrap());
        let before = contents(dir.path());
        for _ in 0..2 {
            let refused = prepare_again(&state_dir).unwrap_err();
            assert!(matches!(refused, StoreError::Incomplete(_)), "{what}: {refused:?}");
        }
        if state_dir.database().exists() {
            assert!(matches!(Database::open(state_dir.clone()), Err(StoreError::Incomplete(_))), "{what}");
        }
        assert!(contents(dir.path()) == before, "{what}: a file was changed");
    };
    for (what, damage) in damages {
        refuse(what, &damage);
    }
    // The header's magic, its salt, the first frame, one in the middle, and the last page.
    for at in [|_| 0, |_| 17, |_| 32 + 24 + 7, |bytes| bytes / 2, |bytes| bytes - 1] as [fn(usize) -> usize; 5] {
        refuse(&format!("a flip at {}", at(100_000)), &|state_dir| flip(state_dir, at));
    }
    let dir = killed();
    prepare_again(&StateDir::open(dir.path()).unwrap()).unwrap();
}

#[test]
fn a_store_with_half_a_journal_starts_and_repairs_it() {
    let dir = killed();
    let state_dir = StateDir::open(dir.path()).unwrap();
    let mut bytes = fs::read(state_dir.journal()).unwrap();
    let newest = journal::read(&state_dir).unwrap().unwrap().newest.unwrap();
    let at = bytes.windows(32).position(|window| window == newest.chain).unwrap();
    bytes[at] ^= 1;
    fs::write(state_dir.journal(), bytes).unwrap();
    prepare_again(&state_dir).unwrap();
    let state = journal::read(&state_dir).unwrap().unwrap();
    assert_eq!((state.newest, state.is_damaged), (Some(newest), false));
}
