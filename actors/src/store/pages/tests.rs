//! Pages and streams against plain filters; damage is never a result.

use super::super::testing::{Bench, hashed};
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
            let rows = rows_after(&mut bench.connection, id, &query, after).unwrap();
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
    let endless = ResultQuery { limit: usize::MAX, ..all() };
    assert_eq!(page(&mut bench.connection, id, &endless).unwrap().unwrap().items.len(), MAX_PAGE);
    assert_eq!(rows_after(&mut bench.connection, id, &endless, None).unwrap().items.len(), MAX_PAGE);
    for status in [None, Some(StatusFilter::Error)] {
        let past = ResultQuery { position: u64::MAX, status, ..all() };
        assert_eq!(page(&mut bench.connection, id, &past).unwrap().unwrap().items, []);
    }
    assert_eq!(rows_after(&mut bench.connection, id, &all(), Some(u64::MAX)).unwrap().items, []);
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
