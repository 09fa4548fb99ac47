//! Groups: each directory is stored once, positions and counts continue, errors have their event ids.

use super::super::commit::commit;
use super::super::testing::{Bench, hashed};
use crate::store::batcher::*;

fn directories_of(bench: &Bench) -> Vec<(i64, String)> {
    let mut statement = bench.connection.prepare("SELECT id, CAST(path AS TEXT) FROM directories ORDER BY id").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn each_directory_is_stored_once_however_often_the_walk_returns_to_it() {
    let mut bench = Bench::new();
    let job = bench.insert_job();
    let mut batcher = Batcher::new(job.id, bench.run_state_of(job.id));
    for paths in [&["", "a", "a/b"][..], &["a/b", "a", "a/bc", "a"], &["ab", ""]] {
        let mut rows = Rows::new(job.spec.algorithms);
        for path in paths {
            rows.push(hashed(path, "f"));
        }
        batcher.add(rows);
        let group = batcher.take_group(Duration::ZERO);
        commit(&mut bench.connection, &group, None).unwrap();
    }
    let stored = directories_of(&bench).into_iter().map(|(_, path)| path).collect::<Vec<_>>();
    assert_eq!(stored, ["", "a", "a/b", "a/bc", "ab"]);
}

#[test]
fn counts_and_positions_continue_from_group_to_group() {
    let mut bench = Bench::new();
    let job = bench.insert_job();
    let mut batcher = Batcher::new(job.id, bench.run_state_of(job.id));
    for _ in 0..2 {
        let mut rows = Rows::new(job.spec.algorithms);
        rows.push(hashed("d", "ok"));
        rows.push(RowRef {
            status: Status::Error { code: hivesum_core::result::ErrorCode::Permission, errno: 13 },
            digests: &[],
            ..hashed("d", "no")
        });
        batcher.add(rows);
        assert_eq!(batcher.waiting(), 2);
        let group = batcher.take_group(Duration::ZERO);
        assert_eq!(batcher.waiting(), 0);
        commit(&mut bench.connection, &group, None).unwrap();
    }
    let stored = crate::store::job_row::get(&bench.connection, job.id).unwrap().unwrap();
    assert_eq!(stored.rows, 4);
    assert_eq!((stored.job.progress.files_done, stored.job.progress.files_failed), (2, 2));
    assert_eq!(stored.job.progress.bytes_done, 2 * hashed("d", "ok").meta.size);
}

#[test]
fn the_id_of_an_error_is_the_number_of_rows_up_to_it() {
    let job = crate::store::testing::job();
    let mut batcher = Batcher::new(job.id, RunState::default());
    let mut rows = Rows::new(job.spec.algorithms);
    rows.push(hashed("", "a"));
    rows.push(RowRef {
        status: Status::Error { code: hivesum_core::result::ErrorCode::NotFound, errno: 2 },
        digests: &[],
        ..hashed("x", "b")
    });
    batcher.add(rows);
    let errors = batcher.take_group(Duration::ZERO).errors;
    assert_eq!(errors.iter().map(|(id, item)| (*id, &item.path[..])).collect::<Vec<_>>(), [(2, &b"x/b"[..])]);
}

#[test]
fn a_group_of_an_abandoned_run_is_not_committed() {
    let mut bench = Bench::new();
    let job = bench.insert_job();
    let mut batcher = Batcher::new(job.id, bench.run_state_of(job.id));
    crate::store::recovery::start_over(&mut bench.connection, job.id).unwrap();
    let mut rows = Rows::new(job.spec.algorithms);
    rows.push(hashed("", "late"));
    batcher.add(rows);
    assert!(commit(&mut bench.connection, &batcher.take_group(Duration::ZERO), None).is_err());
    let rows: i64 = bench.connection.query_row("SELECT count(*) FROM results", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 0);
}

#[test]
fn the_view_for_people_shows_whole_paths_and_words() {
    let mut bench = Bench::new();
    bench.job_with_rows(&["a/b/file", "top"]);
    let sql = "SELECT path || ' ' || status || ' ' || stability || ' ' || modified_at || ' ' || algorithms FROM files";
    let mut statement = bench.connection.prepare(sql).unwrap();
    let shown: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let rest = r#"hashed stable 2023-11-14 22:13:20 ["blake3"]"#;
    assert_eq!(shown, [format!("a/b/file {rest}"), format!("top {rest}")]);
}
