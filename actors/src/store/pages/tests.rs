//! Pages and streams against plain filters; damage is never a result.

use super::super::testing::{Bench, connect_to_damage, hashed};
use super::*;
use hivesum_core::result::{ErrorCode, RowRef, Rows, SkipReason, Status};

/// In walk order.
const TREE: [&str; 9] = ["a/x", "a/y/1", "a/z", "a b/1", "a.c", "ab", "ab.d/e", "abc/d", "b"];

fn all() -> ResultQuery {
    ResultQuery { limit: MAX_PAGE, ..ResultQuery::default() }
}

fn paths(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| std::str::from_utf8(&item.path).unwrap()).collect()
}

/// Inserts a job whose rows are by turns hashed, an error and skipped.
fn mixed(bench: &mut Bench, rounds: usize) -> JobId {
    let job = bench.insert_job();
    let mut rows = Rows::new(job.spec.algorithms);
    for round in 0..rounds {
        let (ok, no, skip) = (format!("{round:05}a"), format!("{round:05}b"), format!("{round:05}c"));
        rows.push(hashed("d", &ok));
        let status = Status::Error { code: ErrorCode::Permission, errno: 13 };
        rows.push(RowRef { status, digests: &[], ..hashed("d", &no) });
        rows.push(RowRef { status: Status::Skipped(SkipReason::Symlink), digests: &[], ..hashed("d", &skip) });
    }
    bench.add_rows(&job, rows);
    job.id
}

#[test]
fn a_page_is_a_range_of_positions_in_walk_order() {
    let mut bench = Bench::new();
    let id = bench.job_with_rows(&TREE);
    let page = page(&mut bench.connection, id, &ResultQuery { position: 2, limit: 3, ..all() }).unwrap().unwrap();
    assert_eq!(paths(&page.items), &TREE[2..5]);
    assert_eq!((page.total, page.position), (9, 2));
}

#[test]
fn a_row_is_read_back_byte_for_byte() {
    let mut bench = Bench::new();
    let id = mixed(&mut bench, 1);
    let page = page(&mut bench.connection, id, &all()).unwrap().unwrap();
    let row = hashed("d", "00000a");
    assert_eq!((page.items[0].meta, page.items[0].status), (row.meta, row.status));
    assert_eq!((&page.items[0].digests[..], &page.items[0].path[..]), (row.digests, &b"d/00000a"[..]));
    assert_eq!(page.items[1].status, Status::Error { code: ErrorCode::Permission, errno: 13 });
    assert_eq!(page.items[2].status, Status::Skipped(SkipReason::Symlink));
}

#[test]
fn every_prefix_gives_what_a_plain_filter_gives() {
    let mut bench = Bench::new();
    let id = bench.job_with_rows(&TREE);
    for prefix in ["", "a", "a/", "a/y", "a/y/", "a ", "ab", "ab.", "abc", "b", "c", "a/y/1x"] {
        let wanted: Vec<_> = TREE.into_iter().filter(|path| path.starts_with(prefix)).collect();
        let query = ResultQuery { path_prefix: Some(prefix.into()), ..all() };
        let page = page(&mut bench.connection, id, &query).unwrap().unwrap();
        assert_eq!(paths(&page.items), wanted, "{prefix:?}");
        assert_eq!(page.total, wanted.len() as u64);
    }
}

#[test]
fn status_search_and_prefix_narrow_each_other() {
    let mut bench = Bench::new();
    let id = mixed(&mut bench, 10);
    let errors = ResultQuery { status: Some(StatusFilter::Error), position: 8, limit: 5, ..all() };
    let found = page(&mut bench.connection, id, &errors).unwrap().unwrap();
    assert_eq!((paths(&found.items), found.total), (vec!["d/00008b", "d/00009b"], 10));
    let skipped = ResultQuery { status: Some(StatusFilter::Skipped), path_prefix: Some("d/00003".into()), ..all() };
    let found = page(&mut bench.connection, id, &skipped).unwrap().unwrap();
    assert_eq!((paths(&found.items), found.total), (vec!["d/00003c"], 1));
    let searched = ResultQuery { q: Some("7a".into()), status: Some(StatusFilter::Hashed), ..all() };
    let found = page(&mut bench.connection, id, &searched).unwrap().unwrap();
    assert_eq!((paths(&found.items), found.total), (vec!["d/00007a"], 1));
    let searched = ResultQuery { q: Some("a".into()), position: 4, limit: 2, ..all() };
    let found = page(&mut bench.connection, id, &searched).unwrap().unwrap();
    assert_eq!((paths(&found.items), found.total), (vec!["d/00004a", "d/00005a"], 10));
}

#[test]
fn a_stream_yields_every_row_once_whatever_the_filter() {
    let mut bench = Bench::new();
    let id = mixed(&mut bench, 5);
    let stored = job_row::get(&bench.connection, id).unwrap().unwrap();
    let error = Some(StatusFilter::Error);
    for (query, expected) in [
        (all(), 15),
        (ResultQuery { status: error, ..all() }, 5),
        (ResultQuery { q: Some("b".into()), ..all() }, 5),
        (ResultQuery { path_prefix: Some("d/00001".into()), ..all() }, 3),
    ] {
        let query = ResultQuery { limit: 2, ..query };
        let (mut after, mut seen) = (None, 0);
        loop {
            let rows = rows_after(&bench.connection, &stored, &query, after).unwrap();
            seen += rows.items.len();
            after = rows.last_row;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, expected, "{query:?}");
    }
}

#[test]
fn a_page_is_never_longer_than_its_bound_and_past_the_end_it_is_empty() {
    let mut bench = Bench::new();
    let id = mixed(&mut bench, 400);
    let stored = job_row::get(&bench.connection, id).unwrap().unwrap();
    let endless = ResultQuery { limit: usize::MAX, ..all() };
    assert_eq!(page(&mut bench.connection, id, &endless).unwrap().unwrap().items.len(), MAX_PAGE);
    assert_eq!(rows_after(&bench.connection, &stored, &endless, None).unwrap().items.len(), MAX_PAGE);
    for status in [None, Some(StatusFilter::Error)] {
        let past = ResultQuery { position: u64::MAX, status, ..all() };
        assert_eq!(page(&mut bench.connection, id, &past).unwrap().unwrap().items, []);
    }
    assert_eq!(rows_after(&bench.connection, &stored, &all(), Some(u64::MAX)).unwrap().items, []);
}

#[test]
fn errors_are_read_from_a_row_on_with_their_event_ids() {
    let mut bench = Bench::new();
    let id = mixed(&mut bench, 4);
    let since = errors_since(&mut bench.connection, id, 5, 2).unwrap();
    assert_eq!(since.items.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [8, 11]);
    assert_eq!(since.rows, 12);
}

#[test]
fn values_that_were_never_written_are_damage() {
    for damage in ["status = 9", "stability = 7", "digests = x'00'", "directory = 99", "code = 'x', status = 1"] {
        let mut bench = Bench::new();
        let id = bench.job_with_rows(&["a"]);
        bench.connection.execute(&format!("UPDATE results SET {damage}"), []).unwrap();
        assert!(page(&mut bench.connection, id, &all()).is_err(), "{damage}");
    }
}

/// Every way to read the rows of a job with these: pages of all kinds, and the stream of all.
fn every_answer(bench: &mut Bench, id: JobId) -> Vec<Result<Vec<Item>, DbError>> {
    let q = |q: &str| ResultQuery { q: Some(q.into()), ..all() };
    let status = |status| ResultQuery { status: Some(status), ..all() };
    let prefix = |prefix: &str| ResultQuery { path_prefix: Some(prefix.into()), ..all() };
    let queries = [
        all(),
        ResultQuery { position: 40, limit: 30, ..all() },
        q("b"),
        prefix("d/0000"),
        prefix("d/0003"),
        status(StatusFilter::Hashed),
        status(StatusFilter::Error),
        status(StatusFilter::Skipped),
        ResultQuery { position: 20, limit: 10, ..status(StatusFilter::Error) },
        ResultQuery { status: Some(StatusFilter::Error), ..prefix("d/0002") },
    ];
    let items = |page: Option<ResultPage>| page.map_or(Vec::new(), |page| page.items);
    let mut answers: Vec<_> = queries.iter().map(|query| page(&mut bench.connection, id, query).map(items)).collect();
    let mut streamed = Vec::new();
    let stored = job_row::get(&bench.connection, id);
    answers.push(stored.and_then(|stored| {
        let stored = stored.ok_or(DbError::Inconsistent("no job"))?;
        crate::store::exports::each_piece(&bench.connection, &stored, &all(), &mut |items| {
            streamed.extend(items);
            Ok::<_, DbError>(true)
        })
        .map(|_| streamed)
    }));
    answers
}

/// Runs this damage, and asserts that every answer is the right one or an error, and that some are errors.
fn is_noticed(what: &str, damage: &str) {
    let mut bench = Bench::new();
    let id = mixed(&mut bench, 40);
    let right: Vec<_> = every_answer(&mut bench, id).into_iter().map(Result::unwrap).collect();
    connect_to_damage(bench.dir.path()).execute_batch(damage).unwrap();
    let answers = every_answer(&mut bench, id);
    assert!(answers.iter().any(Result::is_err), "{what}: nothing was noticed");
    for (number, (answer, right)) in answers.into_iter().zip(right).enumerate() {
        if let Ok(answer) = answer {
            assert_eq!(answer, right, "{what}: answer {number}");
        }
    }
}

#[test]
fn rows_that_are_lost_repeated_swapped_or_changed_are_noticed_by_whoever_reads_them() {
    let damages = [
        ("a row lost", "DELETE FROM results WHERE position = 50"),
        ("the first row lost", "DELETE FROM results WHERE position = 0"),
        ("the last row lost", "DELETE FROM results WHERE position = 119"),
        ("an error lost", "DELETE FROM results WHERE position = 61"),
        ("rows lost from the middle on", "DELETE FROM results WHERE position >= 60"),
        (
            "two rows swapped",
            "UPDATE results SET position = -1 WHERE position = 3; UPDATE results SET position = 3 WHERE position = 6;
             UPDATE results SET position = 6 WHERE position = -1",
        ),
        (
            "a row repeated",
            "UPDATE results SET (directory, name, size, digests, status, code, seal) =
               (SELECT directory, name, size, digests, status, code, seal FROM results WHERE position = 9)
             WHERE position = 12",
        ),
        ("a status changed", "UPDATE results SET status = 1, code = 'permission' WHERE position = 51"),
        ("an error that became a digest", "UPDATE results SET status = 0 WHERE position = 61"),
        ("a name changed", "UPDATE results SET name = x'7a7a' WHERE position = 66"),
        ("a directory changed", "UPDATE directories SET path = x'65'"),
        ("a row of another run", "UPDATE results SET run = run + 1 WHERE position = 99"),
    ];
    for (what, damage) in damages {
        is_noticed(what, damage);
    }
}
